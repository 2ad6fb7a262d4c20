"""The benchmark of redirects: the real function beside Node, all of them warm, taking turns; and a million guesses."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from dangol.console import note, refuse, say, step
from dangol.machine import find


@dataclass(frozen=True)
class Contender:
    """Somebody who answers visits, and who is compared with it."""

    title: str
    beside: str | None = None
    node: bool = False


CONTENDERS = {
    "dangol": Contender("Dangol, the function"),
    "node": Contender("Node, a function", beside="dangol", node=True),
    "node-memory": Contender("Node, a function with a memory", beside="dangol", node=True),
    "dangol-lookup": Contender("Dangol, the function without a queue"),
    "node-lookup": Contender("Node, a function without a queue", beside="dangol-lookup", node=True),
    "dangol-server": Contender("Dangol, its routes as a server"),
    "node-server": Contender("Node, a server", beside="dangol-server", node=True),
    "node-server-memory": Contender("Node, a server with a memory", beside="dangol-server", node=True),
    "dangol-server-busy": Contender("Dangol, its routes as a busy server"),
    "node-server-busy": Contender("Node, a busy server", beside="dangol-server-busy", node=True),
    "node-server-busy-memory": Contender("Node, a busy server with a memory", beside="dangol-server-busy", node=True),
    "empty": Contender("Rust, a function that does nothing"),
    "node-empty": Contender("Node, a function that does nothing", beside="empty", node=True),
}
"""As `bench-redirect` calls them."""

Turn = dict[str, Any]


def stay_on_one_core() -> None:
    """Everything from here on runs on one core, as a function of 512 MB does, which has a third of one in Lambda. Otherwise waking
    the other core up is most of what a small answer costs, and that depends on what else keeps it awake."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


class Bench:
    """The store is there; `tool` is the binary `bench-redirect`, `track_click` that of the function."""

    def __init__(self, tool: Path, track_click: Path, node: Path, environment: dict[str, str]) -> None:
        self._tool, self._track_click, self._node, self._environment = tool, track_click, node, environment

    def run(self, names: list[str], visits: int, rounds: int, guesses: int) -> int:
        """Let the contenders take turns, then let somebody guess, and show what came out."""
        turns: dict[str, list[Turn]] = {name: [] for name in names}
        idle: dict[str, Turn] = {}
        scripts = [str(self._track_click), find("node") or "node", str(self._node)]
        with step(f"{visits:,} visits a turn, four times as many for servers; {rounds} rounds after one for warming up"):
            for turn in self._ask("compare", *scripts, str(visits), str(rounds), *names):
                if "idleCpuMs" in turn:
                    idle[turn["contender"]] = turn
                    continue
                note(_line(turn))
                if turn["round"] > 0:
                    turns[turn["contender"]].append(turn)
        guessed: Turn | None = None
        if guesses:
            with step(f"{guesses:,} guesses"):
                (guessed,) = self._ask("guess", str(self._track_click), str(guesses))
        _show(turns, idle, guessed)
        return 0

    def _ask(self, *arguments: str) -> Iterator[Turn]:
        """What the tool says, as it says it."""
        command = [str(self._tool), *arguments]
        with subprocess.Popen(command, env=self._environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            for line in process.stdout:
                yield json.loads(line)
        if process.returncode != 0:
            refuse(f"`{self._tool.name} {arguments[0]}` failed; its message is above.")


def _line(turn: Turn) -> str:
    title = CONTENDERS[turn["contender"]].title
    return (
        f"round {turn['round']}: {title:38} {turn['cpuMicros']:6.1f} µs CPU a visit, {turn['peakKib'] / 1024:5.1f} MiB, "
        f"{turn['medianMicros']} µs there and back (p99 {turn['p99Micros']})"
    )


def _show(turns: dict[str, list[Turn]], idle: dict[str, Turn], guessed: Turn | None) -> None:
    say()
    say("By medians of the rounds; peak by maximum. Every visit was answered right, counted, and queued once where there is a queue.")
    say()
    say(
        "| contender | runs | CPU a visit, µs | peak, MiB | there and back, µs | p99, µs | lines logged a visit "
        "| harness CPU a visit, µs | CPU while waiting, ms a second |"
    )
    say("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for name, measured in turns.items():
        say(_row(CONTENDERS[name].title, measured, idle[name]))
    say()
    for name, contender in CONTENDERS.items():
        if contender.beside and turns.get(name) and turns.get(contender.beside):
            say(_beside(turns, contender.beside, name))
    if guessed:
        statuses = ", ".join(f"{count:,} times {status}" for status, count in guessed["statuses"].items())
        say(
            f"\n{guessed['guesses']:,} guesses: {guessed['redirects']} redirects ({statuses}); between them {guessed['visitsSentOn']:,} "
            f"visitors from the guesser's address were all sent on; {guessed['cpuMicros']:.1f} µs CPU a guess, peak "
            f"{guessed['peakKib'] / 1024:.1f} MiB, {guessed['wallSeconds']:.0f} s"
        )


def _row(title: str, measured: list[Turn], idle: Turn) -> str:
    def middle(what: str) -> float:
        return median(turn[what] for turn in measured)

    cells = [
        title,
        str(len(measured)),
        f"{middle('cpuMicros'):.1f}",
        f"{_peak(measured):.1f}",
        f"{middle('medianMicros'):.0f}",
        f"{middle('p99Micros'):.0f}",
        f"{median(turn['lines'] / turn['visits'] for turn in measured):.1f}",
        f"{middle('harnessCpuMicros'):.1f}",
        f"{idle['idleCpuMs'] / idle['idleSeconds']:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def _beside(turns: dict[str, list[Turn]], ours: str, theirs: str) -> str:
    """Our part of what they take, and the least and the greatest of neighbours in time."""
    pairs = [us["cpuMicros"] / them["cpuMicros"] for us, them in zip(turns[ours], turns[theirs], strict=True)]
    cpu = median(turn["cpuMicros"] for turn in turns[ours]) / median(turn["cpuMicros"] for turn in turns[theirs])
    memory = _peak(turns[ours]) / _peak(turns[theirs])
    return (
        f"{CONTENDERS[ours].title}: {cpu:.2f} times the CPU ({min(pairs):.2f} to {max(pairs):.2f}) and {memory:.2f} times the memory "
        f"of {CONTENDERS[theirs].title}"
    )


def _peak(measured: list[Turn]) -> float:
    return max(turn["peakKib"] for turn in measured) / 1024
