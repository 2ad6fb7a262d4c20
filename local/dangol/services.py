"""The five things that run: MariaDB, Redis, the AWS emulator with its gateway, the Aligo simulator."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import urllib.error
import urllib.request
from pathlib import Path

from . import database, ports, processes
from .console import note, refuse, step
from .instance import ACCOUNT, REGION, ROOT, Instance
from .machine import find
from .processes import Service, pid_file

ALIGO_API_KEY = "local-key"
ALIGO_USER_ID = "local"
ALIGO_SENDER_KEY = "local-sender-key"

DATABASE, REDIS, EMULATOR, ALIGO = "mariadb", "redis", "emulator", "aligo-simulator"
NAMES = [EMULATOR, ALIGO, REDIS, DATABASE]
"""In the order of stopping: nobody loses what it still needs."""

_START_SECONDS = 60
_STOP_SECONDS = 60


def _redis(instance: Instance) -> Service:
    directory = instance.directory / REDIS
    server = find("redis-server", "redis-check-rdb")
    if server is None:
        refuse("Redis is missing.")
    return Service(
        name="Redis",
        # One program under several names: it looks at the first argument to learn which one it is.
        executable=server,
        command=[
            "redis-server",
            "--bind", "127.0.0.1",
            "--port", str(instance.redis_port),
            "--dir", str(directory),
            "--save", "60 1",
        ],  # fmt: skip
        directory=directory,
        log=instance.logs / "redis.log",
        ready=lambda: _pongs(instance.redis_port),
    )


def _pongs(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as client:
            client.settimeout(1)
            client.sendall(b"PING\r\n")
            return client.recv(5) == b"+PONG"
    except OSError:
        return False


def _emulator(instance: Instance) -> Service:
    directory = instance.directory / EMULATOR
    # The functions inherit these variables. They are all that the functions may depend on: no proxy, no profile, no
    # credentials of the person at the keyboard.
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(directory),
        "LANG": "C.UTF-8",
        "TMPDIR": str(directory / "tmp"),
        "PYTHONPATH": str(ROOT / "local" / "gateway"),
        "GATEWAY_PORT": str(instance.emulator_port),
        "DANGOL_GATEWAY_PORT": str(instance.gateway_port),
        "DANGOL_API_FILE": str(instance.api_file),
        "AWS_ENDPOINT_URL": instance.emulator_url,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(directory / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(directory / "s3"),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }
    return Service(
        name="The AWS emulator",
        command=[
            sys.executable, "-m", "hypercorn", "gateway:app",
            "--bind", f"127.0.0.1:{instance.emulator_port}",
            "--bind", f"127.0.0.1:{instance.gateway_port}",
            "--keep-alive", "75",
            "--workers", "0",
        ],  # fmt: skip
        directory=directory,
        log=instance.logs / "emulator.log",
        ready=lambda: _is_healthy(instance.emulator_url + "/_ministack/health"),
        environment=environment,
    )


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False


def _aligo(instance: Instance, binary: Path) -> Service:
    directory = instance.directory / ALIGO
    return Service(
        name="The Aligo simulator",
        command=[
            str(binary),
            "--listen", f"127.0.0.1:{instance.aligo_port}",
            "--api-key", ALIGO_API_KEY,
            "--user-id", ALIGO_USER_ID,
            "--sender-key", ALIGO_SENDER_KEY,
            "--state", str(directory / "state.json"),
        ],  # fmt: skip
        directory=directory,
        log=instance.logs / "aligo-simulator.log",
        ready=lambda: ports.answers(instance.aligo_port),
    )


def start_stores(instance: Instance, *, dies_with_us: bool) -> None:
    """Start MariaDB and Redis, when they do not run."""
    directory = instance.directory / DATABASE
    database.ensure_data(directory)
    log = instance.logs / "mariadb.log"
    wanted = {
        DATABASE: database.service(directory, instance.database_port, log),
        REDIS: _redis(instance),
    }
    _start(instance, "Starting MariaDB and Redis", wanted, dies_with_us=dies_with_us)


def start_cloud(instance: Instance, aligo: Path, *, dies_with_us: bool) -> None:
    """Start the AWS emulator and the Aligo simulator (the binary `aligo`), when they do not run."""
    if pid_file(instance.directory, EMULATOR).pid() is None:
        # Unpacked functions of the last run; the emulator unpacks again what it needs.
        shutil.rmtree(instance.directory / EMULATOR / "tmp", ignore_errors=True)
        (instance.directory / EMULATOR / "tmp").mkdir(parents=True)
    wanted = {EMULATOR: _emulator(instance), ALIGO: _aligo(instance, aligo)}
    _start(instance, "Starting the AWS emulator and the Aligo simulator", wanted, dies_with_us=dies_with_us)


def _start(instance: Instance, title: str, wanted: dict[str, Service], *, dies_with_us: bool) -> None:
    instance.logs.mkdir(parents=True, exist_ok=True)
    pids = {name: pid_file(instance.directory, name) for name in wanted}
    missing = [name for name in wanted if pids[name].pid() is None]
    if not missing:
        return
    with step(title):
        for name in missing:
            processes.start(wanted[name], pids[name], dies_with_us=dies_with_us)
        for name in missing:
            processes.wait_until_ready(wanted[name], pids[name], _START_SECONDS)
            note(f"{wanted[name].name} is ready")


def running(instance: Instance) -> dict[str, int]:
    """The services that run, by pid."""
    pids = {name: pid_file(instance.directory, name).pid() for name in NAMES}
    return {name: pid for name, pid in pids.items() if pid is not None}


def stop_all(instance: Instance) -> None:
    """Stop whatever runs of the instance."""
    for name in NAMES:
        if processes.stop(pid_file(instance.directory, name), _STOP_SECONDS):
            note(f"{name} stopped")


def refuse_taken_ports(instance: Instance) -> None:
    """Refuse when somebody else listens where a service of ours should."""
    ours = running(instance)
    owner = {
        instance.gateway_port: EMULATOR,
        instance.emulator_port: EMULATOR,
        instance.database_port: DATABASE,
        instance.redis_port: REDIS,
        instance.aligo_port: ALIGO,
    }
    taken = [port for port, name in owner.items() if name not in ours and ports.is_taken(port)]
    if taken:
        words = instance.ports()
        lines = "\n".join(f"    {port} (wanted for {words[port]}) is held by {ports.holder(port)}" for port in taken)
        refuse(f"These ports are taken:\n{lines}\nStop that process, or choose other ports: make run BASE_PORT=5700")
