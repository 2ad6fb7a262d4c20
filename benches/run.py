#!/usr/bin/env python3
"""`make bench`: what the functions cost, beside contenders. docs/benchmarks.md says what is measured and what came out."""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "local"))

import grants  # noqa: E402
import imports  # noqa: E402
import redirect  # noqa: E402
import sending  # noqa: E402
from dangol import machine, services  # noqa: E402
from dangol.build import cargo_environment  # noqa: E402
from dangol.console import Refusal, refuse, report_refusal, step  # noqa: E402
from dangol.instance import ROOT, Instance  # noqa: E402

_NODE = ROOT / "benches" / "node"
_BASE_PORT = 4730
_BINARIES = ROOT / "target" / "release"


def main(arguments: list[str]) -> int:
    """Run one benchmark; the exit code is 0 when nothing was corrupted."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    try:
        machine.ensure_tools()
        return options.command(options)
    except Refusal as refusal:
        report_refusal(refusal)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benches/run.py", description="Measure the functions beside contenders.")
    parser.add_argument("--base-port", type=int, default=_BASE_PORT, metavar="N", help=f"first of five ports ({_BASE_PORT})")
    commands = parser.add_subparsers(required=True, metavar="BENCHMARK")
    importing = commands.add_parser("import", help="a workbook becomes customers: Dangol, Node with mysql2, TypeORM")
    importing.set_defaults(command=_import)
    importing.add_argument("--rows", type=int, default=100_000, metavar="N")
    importing.add_argument("--rounds", type=int, default=5, metavar="N", help="how often each contender runs (5)")
    importing.add_argument("--slow-rounds", type=int, default=2, metavar="N", help="how often TypeORM runs (2)")
    importing.add_argument("--only", nargs="+", metavar="CONTENDER", choices=sorted(imports.CONTENDERS), help="not all of them")
    send = commands.add_parser("sending", help="a campaign is prepared and handed over: Dangol, Node with axios and mysql2")
    send.set_defaults(command=_sending)
    send.add_argument("--rows", type=int, default=100_000, metavar="N")
    send.add_argument("--rounds", type=int, default=5, metavar="N", help="how often each contender runs (5)")
    send.add_argument("--only", nargs="+", metavar="CONTENDER", choices=sorted(sending.CONTENDERS), help="not all of them")
    links = commands.add_parser("redirect", help="visits of links: Dangol's function, Node with ioredis and the SDK")
    links.set_defaults(command=_redirect)
    links.add_argument("--visits", type=int, default=10_000, metavar="N", help="in each turn of a function (10,000)")
    links.add_argument("--rounds", type=int, default=5, metavar="N", help="how often each contender has its turn (5)")
    links.add_argument("--guesses", type=int, default=1_000_000, metavar="N", help="tokens that are not ours (1,000,000)")
    links.add_argument("--only", nargs="+", metavar="CONTENDER", choices=sorted(redirect.CONTENDERS), help="not all of them")
    points = commands.add_parser("grants", help="points become lines of the ledger: Dangol, Node with mysql2, TypeORM")
    points.set_defaults(command=_grants)
    points.add_argument("--messages", type=int, default=20_000, metavar="N", help="deliveries, in batches of ten (20,000)")
    points.add_argument("--rounds", type=int, default=40, metavar="N", help="how many turns each contender has (40)")
    points.add_argument("--only", nargs="+", metavar="CONTENDER", choices=sorted(grants.CONTENDERS), help="not all of them")
    customers = commands.add_parser("customers", help="lists and searches of a clinic with a million customers")
    customers.set_defaults(command=_customers)
    customers.add_argument("--rows", type=int, default=1_000_000, metavar="N")
    statistics = commands.add_parser("statistics", help="numbers of a clinic that sent a million messages, beside joins over the rows")
    statistics.set_defaults(command=_statistics)
    statistics.add_argument("--rows", type=int, default=1_000_000, metavar="N")
    return parser


def _import(options: argparse.Namespace) -> int:
    names = options.only or list(imports.CONTENDERS)
    if any(imports.CONTENDERS[name].script for name in names):
        _install_node_packages()
    tool = _build("bench-import")
    with _stores(options.base_port) as (instance, environment):
        bench = imports.Bench(tool, _NODE, instance.directory, environment, options.rows)
        return bench.run(names, options.rounds, options.slow_rounds)


def _sending(options: argparse.Namespace) -> int:
    names = options.only or list(sending.CONTENDERS)
    if any(sending.CONTENDERS[name].script for name in names):
        _install_node_packages()
    tool = _build("bench-sending")
    simulator = _build("aligo-simulator", package="aligo-simulator")
    with _stores(options.base_port) as (instance, environment):
        port = options.base_port + 4
        bench = sending.Bench(tool, simulator, _NODE, instance.directory, environment, port, options.rows)
        return bench.run(names, options.rounds)


def _redirect(options: argparse.Namespace) -> int:
    names = options.only or list(redirect.CONTENDERS)
    if any(redirect.CONTENDERS[name].node for name in names):
        _install_node_packages()
    # Apart from each other: built together, the function would have what the benchmark wants of `shared`.
    track_click = _build("track-click", package="track-click")
    tool = _build("bench-redirect")
    redirect.stay_on_one_core()
    with _stores(options.base_port) as (_instance, environment):
        bench = redirect.Bench(tool, track_click, _NODE, environment)
        return bench.run(names, options.visits, options.rounds, options.guesses)


def _grants(options: argparse.Namespace) -> int:
    names = options.only or list(grants.CONTENDERS)
    if any(grants.CONTENDERS[name].script for name in names):
        _install_node_packages()
    tool = _build("bench-grants")
    with _stores(options.base_port) as (instance, environment):
        bench = grants.Bench(tool, _NODE, instance.directory, environment)
        return bench.run(names, options.messages, options.rounds)


def _customers(options: argparse.Namespace) -> int:
    tool = _build("bench-customers")
    with _stores(options.base_port) as (_instance, environment):
        return subprocess.run([str(tool), str(options.rows)], env=environment, check=False).returncode


def _statistics(options: argparse.Namespace) -> int:
    tool = _build("bench-statistics")
    with _stores(options.base_port) as (_instance, environment):
        return subprocess.run([str(tool), str(options.rows)], env=environment, check=False).returncode


def _build(binary: str, package: str = "benches") -> Path:
    with step("Building with the release profile"):
        command = [machine.cargo(), "build", "--release", "--locked", "--package", package, "--bin", binary]
        if subprocess.run(command, cwd=ROOT, env=cargo_environment(), check=False).returncode != 0:
            refuse("The build failed; the compiler's messages are above.")
    return _BINARIES / binary


def _install_node_packages() -> None:
    npm = machine.find("npm")
    if npm is None or machine.find("node") is None:
        refuse("The contenders need Node.js 20 or newer with npm. Without them: make bench BENCH='import --only dangol'")
    lock = hashlib.sha256((_NODE / "package-lock.json").read_bytes()).hexdigest()
    installed = _NODE / "node_modules" / ".dangol-lock"
    if installed.exists() and installed.read_text() == lock:
        return
    with step("Installing the packages of the Node contenders"):
        if subprocess.run([npm, "ci"], cwd=_NODE, check=False).returncode != 0:
            refuse("`npm ci` failed; its message is above.")
        installed.write_text(lock)


@contextmanager
def _stores(base_port: int) -> Iterator[tuple[Instance, dict[str, str]]]:
    """A MariaDB and a Redis of the benchmark's own, which are gone afterwards, and the variables that lead to them."""
    instance = Instance("bench", base_port)
    services.stop_all(instance)
    shutil.rmtree(instance.directory, ignore_errors=True)
    instance.remember()
    services.refuse_taken_ports(instance)
    try:
        services.start_stores(instance, dies_with_us=True)
        variables = {"BENCH_DATABASE_URL": instance.admin_database_url, "REDIS_URL": instance.redis_url}
        yield instance, {**os.environ, **variables}
    finally:
        services.stop_all(instance)
        shutil.rmtree(instance.directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
