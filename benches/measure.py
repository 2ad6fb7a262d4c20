"""What a step of a contender costs: time, the processor, memory, and what the database server has counted."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from dangol.console import refuse


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


class Tool:
    """The binary that prepares and checks, and that answers the server's counters when asked for `counters`."""

    def __init__(self, binary: Path, server: int | None, environment: dict[str, str]) -> None:
        self.binary, self.environment = binary, environment
        self._server = server
        self._counting: dict[str, int] = {}

    def calibrate(self) -> None:
        """Learn what asking for the counters adds to them."""
        before, after = self.ask("counters"), self.ask("counters")
        self._counting = {name: after[name] - before[name] for name in before}

    def ask(self, *arguments: str) -> Any:
        """Let the tool do something; its answer, if it has one."""
        command = [str(self.binary), *arguments]
        done = subprocess.run(command, env=self.environment, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            refuse(f"`{self.binary.name} {' '.join(arguments)}` failed; its message is above.")
        return json.loads(done.stdout) if done.stdout else None

    def since(self, before: dict[str, int], after: dict[str, int], name: str) -> int:
        """What the server counted between two questions, without the questions."""
        return after[name] - before[name] - self._counting[name]

    def cost(self, command: list[str], variables: dict[str, str]) -> Cost:
        """Run a step as a process of its own."""
        before, server = self.ask("counters"), cpu_seconds(self._server)
        begun = time.perf_counter()
        process = subprocess.Popen(command, env={**self.environment, **variables}, stdout=subprocess.PIPE)
        assert process.stdout
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            refuse(f"`{' '.join(command)}` failed; its message is above.")
        server = cpu_seconds(self._server) - server
        after = self.ask("counters")
        counters = {name: self.since(before, after, name) for name in after}
        return Cost(wall, usage.ru_utime + usage.ru_stime, server, json.loads(output)["peakKib"], counters)


def cpu_seconds(pid: int | None) -> float:
    """What a process that runs has used so far, to a hundredth of a second."""
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def total(run: Run, what: str) -> float:
    """All steps added up."""
    return sum(getattr(cost, what) for cost in run.values())


def peak(run: Run) -> float:
    """The most memory that a step took, in MiB."""
    return max(cost.peak_kib for cost in run.values()) / 1024


def both(steps: tuple[str, ...], of: Callable[[str], float], digits: int) -> str:
    """The steps one by one: `1.38 + 2.74`."""
    return " + ".join(f"{of(name):.{digits}f}" for name in steps)


def ratio(theirs: list[Run], ours: list[Run], what: str) -> str:
    """Of the medians, and the least and the greatest of neighbours in time."""
    middle = median(total(run, what) for run in theirs) / median(total(run, what) for run in ours)
    neighbours = [total(them, what) / total(us, what) for them, us in zip(theirs, ours, strict=False)]
    return f"{middle:.1f} ({min(neighbours):.1f} to {max(neighbours):.1f})"
