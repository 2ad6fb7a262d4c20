"""The benchmark of imports: contenders take turns, each step a process of its own on a database of its own."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from dangol.console import note, refuse, say, step
from dangol.machine import find
from dangol.processes import pid_file
from dangol.services import DATABASE

STEPS = ("stage", "commit")
_OURS = "dangol"
_BREATH_SECONDS = 2.0  # the server writes back what the run before has left


@dataclass(frozen=True)
class Contender:
    """Somebody who imports; `script` is a Node program, none is Dangol's functions."""

    title: str
    script: str | None = None
    variables: dict[str, str] = field(default_factory=dict)
    slow: bool = False


CONTENDERS = {
    _OURS: Contender("Dangol"),
    "node": Contender("Node, mysql2", "multi-row.mjs"),
    "node-without-undo": Contender("Node, mysql2, no undo", "multi-row.mjs", {"BENCH_WITHOUT_UNDO": "1"}),
    "typeorm": Contender("Node, TypeORM", "typeorm.mjs", slow=True),
}


@dataclass(frozen=True)
class Cost:
    """What a step took."""

    wall: float
    cpu: float
    server_cpu: float
    peak_kib: int
    counters: dict[str, int]


Run = dict[str, Cost]
"""The cost of each step."""


class Bench:
    """The services are there; `tool` is the binary `bench-import`."""

    def __init__(self, tool: Path, node: Path, directory: Path, environment: dict[str, str], rows: int) -> None:
        self._tool, self._node, self._rows = tool, node, rows
        self._server = pid_file(directory, DATABASE).pid()
        self._environment = environment
        self._workbook = directory / "list.xlsx"
        self._schemas = 0
        self._counting: dict[str, int] = {}

    def run(self, names: list[str], rounds: int, slow_rounds: int) -> int:
        """Let the contenders take turns and show what came out."""
        with step(f"Writing a workbook of {self._rows:,} rows"):
            self._ask("workbook", str(self._workbook), str(self._rows))
            note(f"{self._workbook.stat().st_size / 1e6:.1f} MB")
        settings = self._ask("prepare")
        before, after = self._ask("counters"), self._ask("counters")
        self._counting = {name: after[name] - before[name] for name in before}
        with step("Warming up"):
            note(_line(CONTENDERS[names[0]].title, self._measure(CONTENDERS[names[0]])))
        runs: dict[str, list[Run]] = {name: [] for name in names}
        for number in range(1, max(rounds, slow_rounds) + 1):
            turns = [name for name in names if number <= (slow_rounds if CONTENDERS[name].slow else rounds)]
            with step(f"Round {number}"):
                for name in turns:
                    runs[name].append(self._measure(CONTENDERS[name]))
                    note(_line(CONTENDERS[name].title, runs[name][-1]))
        _show(runs, self._rows, settings)
        return 0

    def _measure(self, contender: Contender) -> Run:
        self._schemas += 1
        schema = f"bench_{self._schemas}"
        made = self._ask("create", schema)
        whose = [schema, made["clinic"], made["import"]]
        time.sleep(_BREATH_SECONDS)
        run = {}
        for name in STEPS:
            run[name] = self._cost(self._command(contender, name, whose), contender.variables)
            if name == "stage":
                self._ask("approve", *whose)
        self._ask("check", schema, made["clinic"], str(self._rows))  # refuses when a single byte differs
        self._ask("drop", schema)
        return run

    def _command(self, contender: Contender, name: str, whose: list[str]) -> list[str]:
        if contender.script:
            return [find("node") or "node", str(self._node / contender.script), name, *whose, str(self._workbook)]
        if name == "stage":
            return [str(self._tool), "parse", *whose, str(self._workbook), str(self._rows)]
        return [str(self._tool), "commit", *whose]

    def _cost(self, command: list[str], variables: dict[str, str]) -> Cost:
        before, server = self._ask("counters"), _cpu_seconds(self._server)
        begun = time.perf_counter()
        process = subprocess.Popen(command, env={**self._environment, **variables}, stdout=subprocess.PIPE)
        assert process.stdout
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            refuse(f"`{' '.join(command)}` failed; its message is above.")
        server = _cpu_seconds(self._server) - server
        after = self._ask("counters")
        counters = {name: after[name] - before[name] - self._counting[name] for name in after}
        return Cost(wall, usage.ru_utime + usage.ru_stime, server, json.loads(output)["peakKib"], counters)

    def _ask(self, *arguments: str) -> Any:
        """Let the tool do something; its answer, if it has one."""
        command = [str(self._tool), *arguments]
        done = subprocess.run(command, env=self._environment, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            refuse(f"`bench-import {' '.join(arguments)}` failed; its message is above.")
        return json.loads(done.stdout) if done.stdout else None


def _cpu_seconds(pid: int | None) -> float:
    """What a process that runs has used so far, to a hundredth of a second."""
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def _total(run: Run, what: str) -> float:
    return sum(getattr(cost, what) for cost in run.values())


def _peak(run: Run) -> float:
    return max(cost.peak_kib for cost in run.values()) / 1024


def _line(title: str, run: Run) -> str:
    walls = _both(lambda name: run[name].wall, 2)
    return f"{title:22} {walls} s wall, {_total(run, 'cpu'):.2f} s CPU, {_peak(run):.0f} MiB, every byte is right"


def _show(runs: dict[str, list[Run]], rows: int, settings: dict[str, str]) -> None:
    say()
    say(f"{rows:,} rows x 4, from file to staged rows to customers in groups, by medians; peak by maximum.")
    say(", ".join(f"{name} {value}" for name, value in settings.items()))
    say()
    say("| contender | runs | wall, s | stage + commit | client CPU, s | server CPU, s | peak, MiB | statements per 1,000 rows | commits |")
    say("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for name, measured in runs.items():
        if measured:
            say(_row(CONTENDERS[name].title, measured, rows))
    if not runs.get(_OURS):
        return
    say()
    for name, measured in runs.items():
        if measured and name != _OURS:
            wall, cpu = (_ratio(measured, runs[_OURS], what) for what in ("wall", "cpu"))
            say(f"{CONTENDERS[name].title}: {wall} times the wall time and {cpu} times the client CPU of Dangol")


def _row(title: str, measured: list[Run], rows: int) -> str:
    walls = _both(lambda name: median(run[name].wall for run in measured), 2)
    statements = _both(lambda name: median(run[name].counters["Questions"] for run in measured) * 1000 / rows, 2)
    commits = _both(lambda name: median(run[name].counters["Com_commit"] for run in measured), 0)
    wall = median(_total(run, "wall") for run in measured)
    cpu = median(_total(run, "cpu") for run in measured)
    server = _both(lambda name: median(run[name].server_cpu for run in measured), 1)
    peak = max(_peak(run) for run in measured)
    return f"| {title} | {len(measured)} | {wall:.2f} | {walls} | {cpu:.2f} | {server} | {peak:.0f} | {statements} | {commits} |"


def _both(of: Callable[[str], float], digits: int) -> str:
    return " + ".join(f"{of(name):.{digits}f}" for name in STEPS)


def _ratio(theirs: list[Run], ours: list[Run], what: str) -> str:
    """Of the medians, and the least and the greatest of neighbours in time."""
    middle = median(_total(run, what) for run in theirs) / median(_total(run, what) for run in ours)
    neighbours = [_total(them, what) / _total(us, what) for them, us in zip(theirs, ours, strict=False)]
    return f"{middle:.1f} ({min(neighbours):.1f} to {max(neighbours):.1f})"
