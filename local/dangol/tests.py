"""`make test`: every test, the fast ones first, with an instance of its own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from . import application, browser, machine, queries, services
from .build import cargo_environment
from .console import Refusal, note, report_refusal, say, step
from .instance import ROOT, Instance, open_instance

_INSTANCE = "test"
_DATABASE_TARGETS = {"migrations", "flows", "faults"}
_TIMED_TARGETS = {"clicks"}  # measures how long visitors wait, so nothing else may run meanwhile
_STORM_TARGETS = {"grants"}  # keep every processor busy with processes that are killed
_STACK_TARGET = "stack"  # needs the whole application
_STACK_STORM_TARGET = "stack-grants"  # needs the whole application, and takes a queue of it for itself

_CARGO_RESULT = re.compile(r"^test result: \S+ (\d+) passed; (\d+) failed;")
_PYTEST_RESULT = re.compile(r"^=+ (.* in [\d.]+s.*) =+$")
_PYTEST_COUNT = re.compile(r"(\d+) (passed|xfailed|failed|errors?)\b")
_NEXTEST_RESULT = re.compile(r"^\s*Summary .*?: (?:(\d+) passed[^,]*)?(?:, )?(?:(\d+) failed)?")


@dataclass
class Tally:
    """How many tests passed and failed, and in which phases."""

    passed: int = 0
    failed: int = 0
    failed_phases: list[str] = field(default_factory=list)

    def add(self, phase: str, passed: int, failed: int) -> None:
        """Count a phase."""
        self.passed += passed
        self.failed += failed
        if failed:
            self.failed_phases.append(phase)


def run(*, fast: bool) -> int:
    """Run all phases, also after a failure, and stop the instance whatever happens."""
    begun = time.monotonic()
    instance = open_instance(_INSTANCE, None)
    tally = Tally()
    services.stop_all(instance)
    shutil.rmtree(instance.directory, ignore_errors=True)
    try:
        instance.remember()
        services.refuse_taken_ports(instance)
        chromium = None if fast else machine.ensure_browser()
        services.start_stores(instance, dies_with_us=True)
        _run_phases(instance, tally, chromium)
    finally:
        with step("Stopping the test instance"):
            services.stop_all(instance)
    if tally.failed_phases:
        say(f"\nFailed: {', '.join(tally.failed_phases)}. Logs of the services: {instance.logs}")
    say(f"\nTook {time.monotonic() - begun:.0f} s.")
    say(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed or not tally.passed else 0


def _run_phases(instance: Instance, tally: Tally, chromium: machine.Browser | None) -> None:
    stores = {"TEST_DATABASE_URL": instance.admin_database_url, "TEST_REDIS_URL": instance.redis_url}
    cargo = machine.cargo()
    _check(tally, "format", lambda: _succeed([cargo, "fmt", "--all", "--check"]))
    lints = ["--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]
    _check(tally, "lints", lambda: _succeed([cargo, "clippy", *lints]))
    whole, parts = _test_targets()
    apart = _DATABASE_TARGETS | _TIMED_TARGETS | _STORM_TARGETS | {_STACK_TARGET, _STACK_STORM_TARGET}
    _tests(tally, "template and messages", _named(whole - apart), stores)
    _tests(tally, "unit tests", ["--lib", "--bins", *_named(parts)], stores)
    _doc_tests(tally, stores)
    _check(tally, "queries", queries.check)
    _tests(tally, "database tests", _named(whole & _DATABASE_TARGETS), stores)
    _tests(tally, "outages of the redirect", _named(whole & _TIMED_TARGETS), stores)
    _tests(tally, "grants under fire", _named(whole & _STORM_TARGETS), stores)
    if chromium and _check(tally, "deployment", lambda: _deploy(instance)):
        _tests(tally, "tests of the deployed application", _named(whole & {_STACK_TARGET}), _env(instance))
        pages = browser.command(chromium, [str(browser.FOLDER)])
        _run(tally, "pages in a browser", pages, browser.variables(instance, chromium))
        _tests(tally, "grants of the deployed application", _named(whole & {_STACK_STORM_TARGET}), _env(instance))


def _test_targets() -> tuple[set[str], set[str]]:
    """The test targets of the package under `tests/`, and those of all the others."""
    command = [machine.cargo(), "metadata", "--format-version", "1", "--no-deps", "--locked"]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    manifest = str(ROOT / "tests" / "Cargo.toml")
    whole: set[str] = set()
    parts: set[str] = set()
    for package in metadata["packages"]:
        targets = {target["name"] for target in package["targets"] if "test" in target["kind"]}
        (whole if package["manifest_path"] == manifest else parts).update(targets)
    if twice := whole & parts:
        raise Refusal(f"Test targets need names of their own in the workspace: {', '.join(sorted(twice))}")
    return whole, parts


def _named(targets: set[str]) -> list[str]:
    return [argument for target in sorted(targets) for argument in ("--test", target)]


def _check(tally: Tally, phase: str, check: Callable[[], None]) -> bool:
    """Count something that passes or fails as a whole."""
    try:
        with step(f"Checking: {phase}"):
            check()
    except Refusal as refusal:
        report_refusal(refusal)
        tally.add(phase, 0, 1)
        return False
    tally.add(phase, 1, 0)
    return True


def _succeed(command: list[str]) -> None:
    if subprocess.run(command, cwd=ROOT, env=cargo_environment(), check=False).returncode != 0:
        raise Refusal("see the messages above")


def _deploy(instance: Instance) -> None:
    application.bring_up(instance, seeded=False, dies_with_us=True)


def _env(instance: Instance) -> dict[str, str]:
    return dict(line.split("=", 1) for line in instance.env_file.read_text().splitlines())


def _tests(tally: Tally, phase: str, targets: list[str], variables: dict[str, str]) -> None:
    """Run tests by nextest where it is installed, otherwise by cargo, and count them.

    Every phase chooses targets of the whole workspace: a package chosen alone would have other features, and its
    dependencies, the AWS SDKs among them, would be compiled once more.
    """
    if not targets:
        return  # without one cargo would run them all
    runner = ["nextest", "run"] if machine.find("cargo-nextest") else ["test"]
    _run(tally, phase, [machine.cargo(), *runner, "--workspace", "--locked", "--no-fail-fast", *targets], variables)


def _doc_tests(tally: Tally, variables: dict[str, str]) -> None:
    """Run the examples of the documentation, which nextest cannot."""
    command = [machine.cargo(), "test", "--doc", "--workspace", "--locked", "--no-fail-fast"]
    _run(tally, "examples of the documentation", command, variables)


def _run(tally: Tally, phase: str, command: list[str], variables: dict[str, str]) -> None:
    with step(f"Running: {phase}"):
        (passed, failed), status = _count(command, variables)
        failed = failed or (1 if status != 0 else 0)  # a build that fails has no tests to count
        note(f"{passed} passed, {failed} failed")
    tally.add(phase, passed, failed)


def _count(command: list[str], variables: dict[str, str]) -> tuple[tuple[int, int], int]:
    """Show the output of a test run while it goes on; give passed and failed, and the exit status."""
    environment = {**cargo_environment(), **variables, "CARGO_TERM_COLOR": "never"}
    passed = failed = 0
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, **pipe) as process:
        for line in process.stdout or []:
            print(line, end="", flush=True)
            more = _results(line)
            passed += more[0]
            failed += more[1]
    return (passed, failed), process.returncode


def _results(line: str) -> tuple[int, int]:
    """How many tests a line of a test run says have passed and failed."""
    if found := _CARGO_RESULT.match(line) or _NEXTEST_RESULT.match(line):
        return int(found[1] or 0), int(found[2] or 0)
    counts = {"passed": 0, "failed": 0}
    if found := _PYTEST_RESULT.match(line):
        for number, word in _PYTEST_COUNT.findall(found[1]):  # a control that must fail has passed when it did
            counts["passed" if word in ("passed", "xfailed") else "failed"] += int(number)
    return counts["passed"], counts["failed"]
