"""Background processes that are found again by pid file, and never mistaken for a stranger's."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from .console import refuse

_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Service:
    """A process to keep running. `ready` says whether it answers."""

    name: str
    command: list[str]
    directory: Path
    log: Path
    ready: Callable[[], bool]
    environment: dict[str, str] | None = None
    executable: str | None = None
    files: dict[str, str] = field(default_factory=dict)
    """Written into `directory` before the start."""


def start_time(pid: int) -> str | None:
    """When the process began, in a form that no other process shares; None when it is gone or a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()  # the name before it may hold spaces
    state, ticks = fields[0], fields[19]
    return None if state in "ZX" else f"{boot}/{ticks}"


class PidFile:
    """The file that remembers a process across runs of this program."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, pid: int) -> None:
        """Remember a process."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps({"pid": pid, "started": start_time(pid)}) + "\n")

    def pid(self) -> int | None:
        """The process, if it is still the one that was remembered."""
        try:
            remembered = json.loads(self.path.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        pid = int(remembered["pid"])
        started = start_time(pid)
        return pid if started is not None and started == remembered["started"] else None

    def remove(self) -> None:
        """Forget the process."""
        self.path.unlink(missing_ok=True)


def pid_file(directory: Path, name: str) -> PidFile:
    """The pid file of a service of the instance in `directory`."""
    return PidFile(directory / "run" / f"{name}.json")


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def start(service: Service, pids: PidFile, *, dies_with_us: bool) -> None:
    """Start a service in a session of its own, its output in its log, and remember it."""
    service.directory.mkdir(parents=True, exist_ok=True)
    for name, text in service.files.items():
        (service.directory / name).write_text(text)
    with service.log.open("ab") as log:
        process = subprocess.Popen(
            service.command,
            executable=service.executable,
            cwd=service.directory,
            env=service.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent if dies_with_us else None,
        )
    pids.write(process.pid)


def wait_until_ready(service: Service, pids: PidFile, seconds: float) -> None:
    """Wait for a started service to answer; refuse with the end of its log when it died or stays silent."""
    deadline = time.monotonic() + seconds
    while not service.ready():
        if pids.pid() is None:
            refuse(f"{service.name} stopped right after its start. Its log ends with:\n{tail(service.log)}")
        if time.monotonic() > deadline:
            refuse(f"{service.name} did not answer within {seconds:.0f} s. Its log ends with:\n{tail(service.log)}")
        time.sleep(_POLL_SECONDS)


def stop(pids: PidFile, seconds: float) -> bool:
    """Ask a process to end, make it end when it does not, and take with it what it started."""
    pid = pids.pid()
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + seconds
        while pids.pid() is not None and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        # A service leads a session of its own, so its group holds its children and nobody else.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
    pids.remove()
    return pid is not None


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log."""
    try:
        text = log.read_text(errors="replace")
    except FileNotFoundError:
        return "    (empty)"
    return "\n".join("    " + line for line in text.splitlines()[-lines:]) or "    (empty)"
