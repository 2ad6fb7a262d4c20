"""The commands."""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from . import machine, services
from .console import Refusal, refuse, report_refusal, say, step, warn
from .instance import STATE, Instance, open_instance
from .processes import pid_file

_RUNNER = "runner"
_RUNNER_STOP_SECONDS = 150
_WATCH_SECONDS = 1.0

_DESCRIPTION = "Run Dangol on one machine."


def main(arguments: list[str]) -> int:
    """Run one command; the exit code is 0 when it did what it should."""
    parser = _parser()
    options, options.rest = parser.parse_known_args(arguments)
    if options.rest and not options.takes_rest:
        parser.error(f"unrecognized arguments: {' '.join(options.rest)}")
    _leave_out_the_outside()
    instance = open_instance(options.instance, options.base_port)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        if options.needs_venv and not machine.in_venv():
            machine.ensure_tools()
            python = str(machine.ensure_venv())
            os.execv(python, [python, sys.argv[0], *arguments])
        return options.command(instance, options) or 0
    except Refusal as refusal:
        report_refusal(refusal)
        return 1
    except KeyboardInterrupt:
        return 130


def _leave_out_the_outside() -> None:
    """Keep proxies and AWS profiles of the person at the keyboard away from what runs on this machine only."""
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, [os.environ.get(name), "localhost,127.0.0.1"]))
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "DATABASE_URL"):
        os.environ.pop(name, None)


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="local/run.py", description=_DESCRIPTION)
    parser.add_argument("--instance", default="main", metavar="NAME", help="a second application beside the first")
    parser.add_argument("--base-port", type=int, metavar="N", help="first of five ports (4700)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, function: object, explanation: str, *, needs_venv: bool = True) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=explanation, description=explanation)
        added.set_defaults(command=function, needs_venv=needs_venv, takes_rest=False)
        return added

    run = command("run", _run, "start everything, stay in the foreground, stop on Ctrl-C")
    up = command("up", _up, "start everything in the background")
    for started in (run, up):
        started.add_argument("--no-seed", action="store_true", help="without the demo clinic")
    command("stop", _stop, "stop everything", needs_venv=False)
    command("clean", _clean, "stop everything and drop its data", needs_venv=False)
    command("status", _status, "say what runs", needs_venv=False)
    token = command("token", _token, "print an ID token for the API")
    token.add_argument("--email", help="who signs in (the demo clinic's owner)")
    token.add_argument("--password")
    invoke = command("invoke", _invoke, "run a function by `sam local invoke` on an event of events/; needs Docker")
    invoke.add_argument("function", help="a folder of events/")
    invoke.add_argument("event", help="a file there, without .json")
    invoke.add_argument("--skip-pull-image", action="store_true", help="use the image that this machine has")
    command("build", _build, "build the functions into target/lambda")
    sqlx = command("sqlx", _sqlx, "regenerate .sqlx from the queries and the migrations")
    sqlx.add_argument("--check", action="store_true", help="only say whether it is up to date")
    command("openapi", _openapi, "write what the code says about its API to functions/api-docs/openapi.json")
    pages = command("browser", _browser, "test the pages in a browser, with pytest's arguments, while `run` goes on")
    pages.set_defaults(takes_rest=True)
    test = command("test", _test, "run every test, with an instance of its own")
    test.add_argument("--fast", action="store_true", help="without the tests that need the deployed application")
    return parser


def _run(instance: Instance, options: argparse.Namespace) -> int:
    with _exclusively(instance):
        running = services.running(instance)
        if running:
            refuse(f"Already running: {', '.join(running)}. Stop it first: make stop")
        runner = pid_file(instance.directory, _RUNNER)
        runner.write(os.getpid())
        try:
            _bring_up(instance, options, dies_with_us=True)
            say("Ctrl-C stops everything. The data stay until `make clean`.")
            return _watch(instance)
        except KeyboardInterrupt:
            say()
            return 0
        finally:
            _stop_services(instance)
            runner.remove()


def _watch(instance: Instance) -> int:
    """Wait for as long as everything runs."""
    while True:
        time.sleep(_WATCH_SECONDS)
        gone = sorted(set(services.NAMES) - set(services.running(instance)))
        if gone:
            warn(f"{', '.join(gone)} stopped by itself; see {instance.logs}. Stopping the rest.")
            return 1


def _up(instance: Instance, options: argparse.Namespace) -> None:
    with _exclusively(instance):
        _bring_up(instance, options, dies_with_us=False)


def _bring_up(instance: Instance, options: argparse.Namespace, *, dies_with_us: bool) -> None:
    from . import application  # needs the private environment

    application.bring_up(instance, seeded=not options.no_seed, dies_with_us=dies_with_us)


def _stop(instance: Instance, _options: argparse.Namespace) -> None:
    runner = pid_file(instance.directory, _RUNNER)
    pid = runner.pid()
    if pid is not None:
        with step(f"Asking process {pid}, which runs it, to stop everything"):
            os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + _RUNNER_STOP_SECONDS
            while runner.pid() is not None and time.monotonic() < deadline:
                time.sleep(0.1)
    if services.running(instance):
        _stop_services(instance)
    elif pid is None:
        say("Nothing runs.")


def _stop_services(instance: Instance) -> None:
    for stopping in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stopping, signal.SIG_IGN)  # impatience must not leave anything behind
    with step("Stopping"):
        services.stop_all(instance)


def _clean(instance: Instance, options: argparse.Namespace) -> None:
    _stop(instance, options)
    shutil.rmtree(instance.directory, ignore_errors=True)
    say(f"The data of the instance {instance.name} are gone.")


def _status(instance: Instance, _options: argparse.Namespace) -> int:
    running = services.running(instance)
    for name in reversed(services.NAMES):
        say(f"{name:16} {'process ' + str(running[name]) if name in running else 'stopped'}")
    say(f"{'console, API':16} {instance.console_url}")
    return 0 if len(running) == len(services.NAMES) else 1


def _token(instance: Instance, options: argparse.Namespace) -> None:
    from . import application

    print(application.token(instance, options.email, options.password))


def _invoke(instance: Instance, options: argparse.Namespace) -> int:
    from . import invoke

    return invoke.invoke(instance, options.function, options.event, skip_pull_image=options.skip_pull_image)


def _build(_instance: Instance, _options: argparse.Namespace) -> None:
    from . import build

    build.build()


def _sqlx(_instance: Instance, options: argparse.Namespace) -> None:
    from . import queries

    (queries.check if options.check else queries.regenerate)()


def _openapi(_instance: Instance, _options: argparse.Namespace) -> None:
    from . import openapi

    openapi.renew()


def _browser(instance: Instance, options: argparse.Namespace) -> int:
    from . import browser

    return browser.run(instance, options.rest)


def _test(_instance: Instance, options: argparse.Namespace) -> int:
    from . import tests

    return tests.run(fast=options.fast)


@contextmanager
def _exclusively(instance: Instance) -> Iterator[None]:
    """Keep two commands from starting the same instance at once."""
    STATE.mkdir(exist_ok=True)
    instance.directory.mkdir(parents=True, exist_ok=True)
    with (instance.directory / "lock").open("w") as lock:
        _lock(instance, lock)
        yield


def _lock(instance: Instance, lock: IO[str]) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        refuse(f"Another command is at work on the instance {instance.name}. Stop it first: make stop")
