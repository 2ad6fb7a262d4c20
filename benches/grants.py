"""The benchmark of grants: batches of ten from the queue become lines and balances, by contenders who take short turns."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from dangol.console import note, refuse, say, step
from dangol.machine import find
from dangol.processes import pid_file
from dangol.services import DATABASE
from measure import Tool, cpu_seconds

_OURS = "dangol"
_FLOOR = "commit-only"
_BATCH = 10
_SEED = 20260302
_HISTORY = 100_000
_BREATH_SECONDS = 2.0  # the server writes back what the set-up has left
_PART_OF_THE_ROUNDS = 10  # how many times a round is told how it goes


@dataclass(frozen=True)
class Contender:
    """Somebody who grants: a Node program with its arguments, or a command of `bench-grants`."""

    title: str
    script: tuple[str, ...] = ()
    command: str = "work"
    together: int = 1  # events of the stream that it gets as one


CONTENDERS = {
    _OURS: Contender("Dangol"),
    "dangol-hundreds": Contender("Dangol, events of a hundred, as its queue is set up", together=10),
    "node": Contender("Node, mysql2, the same statements", ("grants.mjs",)),
    "typeorm": Contender("Node, TypeORM, a transaction per message", ("grants-typeorm.mjs",)),
    "typeorm-upsert": Contender("the same, the balance by an upsert written by hand", ("grants-typeorm.mjs", "upsert")),
    "typeorm-at-once": Contender("that, ten at once on ten connections", ("grants-typeorm.mjs", "at-once")),
    _FLOOR: Contender("one row and its commit instead of a batch", command="commit-only"),
}


@dataclass
class Worker:
    """A process that stays from the first turn to the last, and what came of its turns."""

    contender: Contender
    schema: str
    process: subprocess.Popen[str]
    turns: list[list[float]] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    server_cpu: float = 0.0
    cpu: float = 0.0
    peak_kib: int = 0

    def ask(self, first: int, count: int) -> dict[str, Any]:
        """Let it work off so many events."""
        assert self.process.stdin and self.process.stdout
        print(first, count, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            refuse(f"{self.contender.title} failed; its message is above.")
        return json.loads(answer)

    def messages(self) -> int:
        """How many were worked off."""
        return sum(map(len, self.turns)) * _BATCH * self.contender.together

    def rates(self) -> list[float]:
        """Messages in a second, turn by turn."""
        return [len(times) * _BATCH * self.contender.together / sum(times) for times in self.turns]

    def part(self, share: float) -> float:
        """So many of all batches took no longer, in milliseconds."""
        times = sorted(taken for turn in self.turns for taken in turn)
        return times[min(len(times) - 1, int(len(times) * share))] * 1e3

    def of(self, rounds: list[int]) -> Worker:
        """The same with the turns of some rounds alone."""
        return replace(self, turns=[self.turns[number] for number in rounds])


class Bench:
    """The services are there; `tool` is the binary `bench-grants`."""

    def __init__(self, tool: Path, node: Path, directory: Path, environment: dict[str, str]) -> None:
        self._server = pid_file(directory, DATABASE).pid()
        self._tool = Tool(tool, self._server, environment)
        self._node, self._events = node, directory / "events.jsonl"

    def run(self, names: list[str], messages: int, rounds: int) -> int:
        """Let the contenders take turns, one more than is counted, and show what came out."""
        batches = max(1, messages // _BATCH // rounds)
        self._tool.ask("events", str(self._events), str(batches * (rounds + 1)), str(_SEED))
        settings = self._tool.ask("prepare-server")
        self._tool.calibrate()
        with ExitStack() as stack:
            with step(f"A ledger of {_HISTORY:,} lines for each"):
                workers = {name: stack.enter_context(self._worker(name)) for name in names}
                for worker in workers.values():
                    worker.ask(0, batches)
                time.sleep(_BREATH_SECONDS)
            with step(f"{rounds} rounds of {batches * _BATCH} messages"):
                for number in range(1, rounds + 1):
                    for worker in workers.values():
                        self._turn(worker, number * batches, batches)
                    if number % max(1, rounds // _PART_OF_THE_ROUNDS) == 0:
                        note("   ".join(f"{name} {worker.rates()[-1]:,.0f}/s" for name, worker in workers.items()))
        for name, worker in workers.items():
            if name != _FLOOR:
                self._tool.ask("check", worker.schema, str(self._events), str(_HISTORY))
        _show(workers, settings)
        return 0

    def _turn(self, worker: Worker, first: int, count: int) -> None:
        before, server = self._tool.ask("counters"), cpu_seconds(self._server)
        told = worker.ask(first, count)
        worker.server_cpu += cpu_seconds(self._server) - server
        after = self._tool.ask("counters")
        for name in after:
            worker.counters[name] = worker.counters.get(name, 0) + self._tool.since(before, after, name)
        worker.turns.append(told["times"])
        worker.cpu += told["cpuAfter"] - told["cpuBefore"]
        worker.peak_kib = told["peakKib"]

    @contextmanager
    def _worker(self, name: str) -> Iterator[Worker]:
        contender, schema = CONTENDERS[name], f"bench_{name.replace('-', '_')}"
        self._tool.ask("create", schema, str(_HISTORY))
        command = [str(self._tool.binary), contender.command]
        if contender.script:
            command = [find("node") or "node", str(self._node / contender.script[0])]
        command += [schema, str(self._events), *contender.script[1:]]
        if contender.together > 1:
            command.append(str(contender.together))
        process = subprocess.Popen(
            command, env=self._tool.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            yield Worker(contender, schema, process)
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait()


def _show(workers: dict[str, Worker], settings: dict[str, str]) -> None:
    first = next(iter(workers.values()))
    say()
    say(
        f"{first.messages():,} messages each, in {len(first.turns)} turns of {len(first.turns[0])} batches of {_BATCH}, 2 of each "
        f"delivered before; seed {_SEED}; {_HISTORY:,} lines in each ledger at the beginning. The ledgers are right."
    )
    say(", ".join(f"{name} {value}" for name, value in settings.items()))
    say()
    say(
        "| contender | messages/s | batch: p50, ms | p99, ms | p99.9, ms | statements a message | commits a message "
        "| client CPU a message, µs | server CPU a message, µs | peak, MiB |"
    )
    say("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    for worker in workers.values():
        say(_row(worker))
    _compare(workers)
    if _FLOOR in workers:
        # Told by what is none of the contenders, so that none of them chooses its own rounds.
        quiet = workers[_FLOOR].rates()
        calm = sorted(range(len(quiet)), key=lambda number: -quiet[number])[: max(1, len(quiet) // 2)]
        say(f"\nIn the {len(calm)} rounds in which one row and its commit took least, when the machine had least else to do:\n")
        say("| contender | messages/s | batch: p50, ms | p99, ms |")
        say("|---|--:|--:|--:|")
        calmly = {name: worker.of(calm) for name, worker in workers.items()}
        for worker in calmly.values():
            parts = f"{worker.part(0.5):.2f} | {worker.part(0.99):.2f}"
            say(f"| {worker.contender.title} | {median(worker.rates()):,.0f} | {parts} |")
        _compare(calmly)


def _compare(workers: dict[str, Worker]) -> None:
    ours = workers.get(_OURS)
    for name, worker in workers.items():
        if ours and name not in (_OURS, _FLOOR):
            near = sorted(us / them for us, them in zip(ours.rates(), worker.rates(), strict=True))
            quarter, all_but = near[len(near) // 4], near[len(near) * 3 // 4]
            say(
                f"\n{worker.contender.title}: Dangol does {median(ours.rates()) / median(worker.rates()):.2f} times the messages a "
                f"second (neighbours in time: median {median(near):.2f}, half of them {quarter:.2f} to {all_but:.2f}) and takes "
                f"1/{worker.cpu / ours.cpu:.1f} of the client CPU"
            )


def _row(worker: Worker) -> str:
    messages = worker.messages()
    cells = [
        worker.contender.title,
        f"{median(worker.rates()):,.0f}",
        f"{worker.part(0.5):.2f}",
        f"{worker.part(0.99):.2f}",
        f"{worker.part(0.999):.2f}",
        f"{worker.counters['Questions'] / messages:.3f}",
        f"{worker.counters['Com_commit'] / messages:.3f}",
        f"{worker.cpu / messages * 1e6:.0f}",
        f"{worker.server_cpu / messages * 1e6:.0f}",
        f"{worker.peak_kib / 1024:.0f}",
    ]
    return f"| {' | '.join(cells)} |"
