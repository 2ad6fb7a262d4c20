"""The committed `.sqlx`: what the compiler knows of each query when there is no database."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import database, ports, processes
from .build import cargo_environment
from .console import note, refuse, step
from .instance import DATABASE, ROOT, STATE
from .machine import cargo
from .processes import PidFile

COMMITTED = ROOT / ".sqlx"

_SCRATCH = STATE / "sqlx"
_START_SECONDS = 30
_STOP_SECONDS = 30


def regenerate() -> None:
    """Describe every query against the migrated schema, and replace `.sqlx`."""
    with step("Describing the queries against a fresh database"), _described() as described:
        shutil.rmtree(COMMITTED, ignore_errors=True)
        shutil.copytree(described, COMMITTED)
        note(f"{len(_contents(COMMITTED))} queries in .sqlx")


def check() -> None:
    """Refuse when `.sqlx` is not what `regenerate` would make."""
    with step("Comparing .sqlx with the queries"), _described() as described:
        committed, wanted = _contents(COMMITTED), _contents(described)
        if committed != wanted:
            differing = sum(committed.get(name) != wanted.get(name) for name in committed.keys() | wanted.keys())
            refuse(f"{differing} of the files in .sqlx are out of date. Bring them up to date: make sqlx")
        note(f"{len(wanted)} queries are up to date")


def _contents(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in directory.glob("query-*.json")}


@contextmanager
def _described() -> Iterator[Path]:
    """The directory into which the compiler wrote the description of each query."""
    shutil.rmtree(_SCRATCH, ignore_errors=True)
    described = _SCRATCH / "described"
    described.mkdir(parents=True)
    database.ensure_data(_SCRATCH)
    database.apply_migrations(_SCRATCH)
    port = ports.free_port()
    pids = PidFile(_SCRATCH / "mariadb.json")
    service = database.service(_SCRATCH, port, _SCRATCH / "mariadb.log")
    processes.start(service, pids, dies_with_us=True)
    try:
        processes.wait_until_ready(service, pids, _START_SECONDS)
        _compile(f"mysql://root@127.0.0.1:{port}/{DATABASE}", described)
        yield described
    finally:
        processes.stop(pids, _STOP_SECONDS)
        shutil.rmtree(_SCRATCH, ignore_errors=True)


def _compile(database_url: str, described: Path) -> None:
    environment = {
        **cargo_environment(),
        "SQLX_OFFLINE": "false",
        "SQLX_OFFLINE_DIR": str(described),
        "DATABASE_URL": database_url,
        "CARGO_INCREMENTAL": "0",
    }
    # The macros run only when the crate is compiled. A setting that no other build has makes cargo compile it here,
    # and leaves what the other builds made as it is.
    once = hashlib.sha256(str(time.time_ns()).encode()).hexdigest()[:8]
    command = [cargo(), "rustc", "--package", "shared", "--lib", "--all-features", "--profile", "check", "--quiet"]
    command += ["--", "--cfg", f'described="{once}"', "--cap-lints", "allow"]
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0:
        refuse("The queries do not compile against the migrated schema; the messages are above.")
