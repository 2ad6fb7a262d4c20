"""A private MariaDB: its data directory, its users, its command line."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

from .console import refuse
from .instance import DATABASE, DATABASE_PASSWORD, DATABASE_USER, ROOT
from .machine import find
from .processes import Service

MIGRATIONS = ROOT / "shared" / "migrations"

_SHARE = [Path("/usr/share/mysql"), Path("/usr/share/mariadb")]
_SYSTEM_TABLES = [
    "mysql_system_tables.sql",
    "mysql_performance_tables.sql",
    "mysql_system_tables_data.sql",
    "maria_add_gis_sp_bootstrap.sql",
    "mysql_sys_schema.sql",
]

# Runs at every start, before the server takes connections. root without a password is for tests and curious people;
# the server listens on the loopback address only.
_USERS = f"""\
CREATE DATABASE IF NOT EXISTS {DATABASE};
CREATE USER IF NOT EXISTS '{DATABASE_USER}'@'127.0.0.1' IDENTIFIED BY '{DATABASE_PASSWORD}';
GRANT ALL PRIVILEGES ON {DATABASE}.* TO '{DATABASE_USER}'@'127.0.0.1';
CREATE USER IF NOT EXISTS 'root'@'127.0.0.1' IDENTIFIED BY '';
GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;
"""

# As RDS for MySQL 8 has it, where the two differ.
_LIKE_MYSQL = [
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_unicode_ci",
    "--default-time-zone=+00:00",
    "--sql-mode=ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION",
]


def service(directory: Path, port: int, log: Path) -> Service:
    """The server for the data in `directory`."""
    data = directory / "data"
    return Service(
        name="MariaDB",
        command=[
            *_server(data),
            "--bind-address=127.0.0.1",
            f"--port={port}",
            "--socket=mariadb.sock",  # relative to the data: a socket's path may have 107 bytes only
            f"--pid-file={data / 'mariadb.pid'}",
            f"--init-file={directory / 'users.sql'}",
            "--skip-name-resolve",
            "--max-connections=300",
            *_LIKE_MYSQL,
        ],
        directory=directory,
        log=log,
        ready=lambda: _greets(port),
        files={"users.sql": _USERS},
    )


def apply_migrations(directory: Path) -> None:
    """Bring the schema of a stopped server to the newest state, without any Rust."""
    migrations = [path.read_text() for path in sorted(MIGRATIONS.glob("*.sql"))]
    _bootstrap(directory / "data", "\n".join([f"CREATE DATABASE {DATABASE};", f"USE {DATABASE};", *migrations]))


def ensure_data(directory: Path) -> None:
    """Make the data directory when there is none."""
    data = directory / "data"
    if data.exists():
        return
    share = next((path for path in _SHARE if (path / _SYSTEM_TABLES[0]).exists()), None)
    if share is None:
        refuse("MariaDB's system tables are not where the package mariadb-server-core puts them (/usr/share/mysql).")
    unfinished = data.with_suffix(".unfinished")  # an interrupted attempt must not pass for a database
    shutil.rmtree(unfinished, ignore_errors=True)
    (unfinished / "mysql").mkdir(parents=True)
    tables = [(share / name).read_text() for name in _SYSTEM_TABLES if (share / name).exists()]
    _bootstrap(unfinished, "\n".join(["USE mysql;", "SET @auth_root_socket = NULL;", *tables]))
    unfinished.rename(data)


def _bootstrap(data: Path, sql: str) -> None:
    command = [*_server(data), "--bootstrap", *_LIKE_MYSQL]
    done = subprocess.run(command, input=sql, capture_output=True, text=True, check=False)
    errors = "\n".join(line for line in done.stderr.splitlines() if "ERROR" in line)
    if done.returncode != 0 or errors:
        refuse(f"MariaDB could not prepare {data}:\n{errors or done.stderr[-2000:]}")


def _server(data: Path) -> list[str]:
    server = find("mariadbd", "mysqld")
    if server is None:
        refuse("MariaDB is missing.")
    user = ["--user=root"] if os.geteuid() == 0 else []
    return [server, "--no-defaults", *user, f"--datadir={data}"]


def _greets(port: int) -> bool:
    """Whether the server sends its handshake (protocol version 10), hence takes connections."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as client:
            client.settimeout(1)
            return client.recv(5)[4:5] == b"\x0a"
    except OSError:
        return False
