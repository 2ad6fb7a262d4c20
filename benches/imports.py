"""The benchmark of imports: contenders take turns, each step a process of its own on a database of its own."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from dangol.console import note, say, step
from dangol.machine import find
from dangol.processes import pid_file
from dangol.services import DATABASE
from measure import Run, Tool, both, peak, ratio, total

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


class Bench:
    """The services are there; `tool` is the binary `bench-import`."""

    def __init__(self, tool: Path, node: Path, directory: Path, environment: dict[str, str], rows: int) -> None:
        self._tool = Tool(tool, pid_file(directory, DATABASE).pid(), environment)
        self._node, self._rows = node, rows
        self._workbook = directory / "list.xlsx"
        self._schemas = 0

    def run(self, names: list[str], rounds: int, slow_rounds: int) -> int:
        """Let the contenders take turns and show what came out."""
        with step(f"Writing a workbook of {self._rows:,} rows"):
            self._tool.ask("workbook", str(self._workbook), str(self._rows))
            note(f"{self._workbook.stat().st_size / 1e6:.1f} MB")
        settings = self._tool.ask("prepare")
        self._tool.calibrate()
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
        made = self._tool.ask("create", schema)
        whose = [schema, made["clinic"], made["import"]]
        time.sleep(_BREATH_SECONDS)
        run = {}
        for name in STEPS:
            run[name] = self._tool.cost(self._command(contender, name, whose), contender.variables)
            if name == "stage":
                self._tool.ask("approve", *whose)
        self._tool.ask("check", schema, made["clinic"], str(self._rows))  # refuses when a single byte differs
        self._tool.ask("drop", schema)
        return run

    def _command(self, contender: Contender, name: str, whose: list[str]) -> list[str]:
        if contender.script:
            return [find("node") or "node", str(self._node / contender.script), name, *whose, str(self._workbook)]
        if name == "stage":
            return [str(self._tool.binary), "parse", *whose, str(self._workbook), str(self._rows)]
        return [str(self._tool.binary), "commit", *whose]


def _line(title: str, run: Run) -> str:
    walls = both(STEPS, lambda name: run[name].wall, 2)
    return f"{title:22} {walls} s wall, {total(run, 'cpu'):.2f} s CPU, {peak(run):.0f} MiB, every byte is right"


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
            wall, cpu = (ratio(measured, runs[_OURS], what) for what in ("wall", "cpu"))
            say(f"{CONTENDERS[name].title}: {wall} times the wall time and {cpu} times the client CPU of Dangol")


def _row(title: str, measured: list[Run], rows: int) -> str:
    walls = both(STEPS, lambda name: median(run[name].wall for run in measured), 2)
    statements = both(STEPS, lambda name: median(run[name].counters["Questions"] for run in measured) * 1000 / rows, 2)
    commits = both(STEPS, lambda name: median(run[name].counters["Com_commit"] for run in measured), 0)
    wall = median(total(run, "wall") for run in measured)
    cpu = median(total(run, "cpu") for run in measured)
    server = both(STEPS, lambda name: median(run[name].server_cpu for run in measured), 1)
    most = max(peak(run) for run in measured)
    return f"| {title} | {len(measured)} | {wall:.2f} | {walls} | {cpu:.2f} | {server} | {most:.0f} | {statements} | {commits} |"

