"""The benchmark of sending: a campaign from its request to the last answer, by contenders who take turns."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from dangol.console import note, refuse, say, step
from dangol.machine import find
from dangol.processes import pid_file
from dangol.services import DATABASE
from measure import Run, Tool, both, cpu_seconds, peak, ratio, total

STEPS = ("prepare", "deliver")
_OURS = "dangol"
_BREATH_SECONDS = 2.0  # the server writes back what the run before has left
_START_SECONDS = 20.0
_LATENCY_MS = 100
_WORKERS = 10
_KEY, _USER, _SENDER = "bench-key", "bench", "bench"


@dataclass(frozen=True)
class Contender:
    """Somebody who sends; `script` is a Node program, none is Dangol's functions."""

    title: str
    script: str | None = None


CONTENDERS = {_OURS: Contender("Dangol"), "node": Contender("Node, axios, mysql2", "sending.mjs")}


@dataclass(frozen=True)
class Sent:
    """One run: what it cost, and how many calls it took."""

    run: Run
    calls: int
    provider_cpu: float

    def over_ideal(self) -> float:
        """How many times as long the hand-over took as the calls alone, so many at once."""
        ideal = self.calls * _LATENCY_MS / 1000 / _WORKERS
        return self.run["deliver"].wall / ideal


class Bench:
    """The services are there; `tool` is the binary `bench-sending`, `simulator` that of the provider."""

    def __init__(
        self, tool: Path, simulator: Path, node: Path, directory: Path, environment: dict[str, str], port: int, rows: int
    ) -> None:
        variables = {**environment, "BENCH_ALIGO_KEY": _KEY, "BENCH_ALIGO_USER": _USER}
        self._tool = Tool(tool, pid_file(directory, DATABASE).pid(), variables)
        self._simulator, self._node, self._port, self._rows = simulator, node, port, rows
        self._url = f"http://127.0.0.1:{port}"
        self._schemas = 0

    def run(self, names: list[str], rounds: int) -> int:
        """Let the contenders take turns and show what came out."""
        settings = self._tool.ask("prepare-server")
        self._tool.calibrate()
        with step("Warming up"):
            note(_line(CONTENDERS[names[0]].title, self._measure(CONTENDERS[names[0]])))
        runs: dict[str, list[Sent]] = {name: [] for name in names}
        for number in range(1, rounds + 1):
            with step(f"Round {number}"):
                for name in names:
                    runs[name].append(self._measure(CONTENDERS[name]))
                    note(_line(CONTENDERS[name].title, runs[name][-1]))
        _show(runs, self._rows, settings)
        return 0

    def _measure(self, contender: Contender) -> Sent:
        self._schemas += 1
        schema = f"bench_{self._schemas}"
        made = self._tool.ask("create", schema, str(self._rows))
        whose = [schema, made["clinic"], made["campaign"]]
        with self._provider(made["template"]) as provider:
            time.sleep(_BREATH_SECONDS)
            run = {"prepare": self._tool.cost(self._command(contender, "prepare", whose), {})}
            calls = self._tool.ask("release", *whose)["bundles"]
            before = cpu_seconds(provider)
            run["deliver"] = self._tool.cost(self._command(contender, "deliver", whose), {})
            cpu = cpu_seconds(provider) - before
            checked = self._tool.ask("check", *whose, self._url, str(self._rows))
            accepted = checked["truth"]["acceptedMessages"]
            if accepted != self._rows:
                refuse(f"The provider has {accepted} messages instead of {self._rows}.")
        self._tool.ask("drop", schema)
        return Sent(run, calls, cpu)

    def _command(self, contender: Contender, name: str, whose: list[str]) -> list[str]:
        program = [str(self._tool.binary), name]
        if contender.script:
            program = [find("node") or "node", str(self._node / contender.script), name]
        return [*program, *whose] if name == "prepare" else [*program, *whose, self._url, str(_WORKERS)]

    @contextmanager
    def _provider(self, template: dict[str, Any]) -> Iterator[int]:
        """A simulator of its own for each run; its process."""
        command = [str(self._simulator), "--listen", f"127.0.0.1:{self._port}", "--api-key", _KEY, "--user-id", _USER]
        command += ["--sender-key", _SENDER, "--balance", "1000000000"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            self._wait()
            self._admin("POST", "/admin/templates", {"senderKey": _SENDER, **template})
            self._admin("PATCH", "/admin/settings", {"latencyMs": _LATENCY_MS})
            yield process.pid
        finally:
            process.terminate()
            process.wait()

    def _wait(self) -> None:
        until = time.monotonic() + _START_SECONDS
        while True:
            try:
                return self._admin("GET", "/admin/health", None)
            except OSError:
                if time.monotonic() > until:
                    refuse("The provider's simulator does not start.")
                time.sleep(0.05)

    def _admin(self, method: str, path: str, body: dict[str, Any] | None) -> None:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, {"content-type": "application/json"}, method=method)
        urllib.request.urlopen(request, timeout=10).close()


def _line(title: str, sent: Sent) -> str:
    walls = both(STEPS, lambda name: sent.run[name].wall, 2)
    cpu = both(STEPS, lambda name: sent.run[name].cpu, 2)
    return (
        f"{title:22} {walls} s wall, {cpu} s CPU, {peak(sent.run):.0f} MiB, {sent.calls} calls, "
        f"hand-over {sent.over_ideal():.2f} times the calls alone; the provider has everybody once"
    )


def _show(runs: dict[str, list[Sent]], rows: int, settings: dict[str, str]) -> None:
    say()
    say(f"{rows:,} recipients, {_WORKERS} calls at once of {_LATENCY_MS} ms, by medians; peak by maximum.")
    say(", ".join(f"{name} {value}" for name, value in settings.items()))
    say()
    say(
        "| contender | runs | wall, s | hand-over to the calls alone | client CPU, s | server CPU, s | simulator CPU, s "
        "| peak, MiB | statements per 1,000 recipients |"
    )
    say("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for name, measured in runs.items():
        say(_row(CONTENDERS[name].title, measured, rows))
    ours = [sent.run for sent in runs.get(_OURS, [])]
    for name, measured in runs.items():
        if ours and name != _OURS:
            theirs = [sent.run for sent in measured]
            wall, cpu = (ratio(theirs, ours, what) for what in ("wall", "cpu"))
            say(f"\n{CONTENDERS[name].title}: {wall} times the wall time and {cpu} times the client CPU of Dangol")


def _row(title: str, measured: list[Sent], rows: int) -> str:
    def of(what: str, digits: int) -> str:
        return both(STEPS, lambda name: median(getattr(sent.run[name], what) for sent in measured), digits)

    statements = both(
        STEPS, lambda name: median(sent.run[name].counters["Questions"] for sent in measured) * 1000 / rows, 2
    )
    ideal = median(sent.over_ideal() for sent in measured)
    cells = [
        title,
        str(len(measured)),
        of("wall", 2),
        f"{ideal:.2f}",
        f"{of('cpu', 2)} = {median(total(sent.run, 'cpu') for sent in measured):.2f}",
        of("server_cpu", 1),
        f"{median(sent.provider_cpu for sent in measured):.1f}",
        f"{max(peak(sent.run) for sent in measured):.0f}",
        statements,
    ]
    return f"| {' | '.join(cells)} |"
