"""An instance: a name, its ports and its directory. `make run` uses one, the tests another."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from .console import refuse

ROOT = Path(__file__).resolve().parents[2]
"""The repository."""

STATE = ROOT / ".local"
"""Everything the runner writes, apart from the build."""

DEFAULT_NAME = "main"
DEFAULT_BASE_PORT = 4700

ACCOUNT = "000000000000"
REGION = "ap-northeast-2"
STACK = "dangol-local"
DATABASE = "dangol"
DATABASE_USER = "dangol"
DATABASE_PASSWORD = "dangol"  # only this machine can reach the server


@dataclass(frozen=True)
class Instance:
    """Where one instance lives: `base_port` and the four after it, and a directory under `.local`."""

    name: str
    base_port: int

    @property
    def gateway_port(self) -> int:
        """Where the console, the API and the links answer."""
        return self.base_port

    @property
    def emulator_port(self) -> int:
        """Where the emulated AWS answers."""
        return self.base_port + 1

    @property
    def database_port(self) -> int:
        """Where MariaDB answers."""
        return self.base_port + 2

    @property
    def redis_port(self) -> int:
        """Where Redis answers."""
        return self.base_port + 3

    @property
    def aligo_port(self) -> int:
        """Where the Aligo simulator answers."""
        return self.base_port + 4

    @property
    def directory(self) -> Path:
        """Data, logs and pid files."""
        return STATE / self.name

    @property
    def logs(self) -> Path:
        """One log file per service."""
        return self.directory / "log"

    @property
    def env_file(self) -> Path:
        """Variables that the tests read."""
        return self.directory / "env"

    @property
    def api_file(self) -> Path:
        """The path under which the emulator serves the deployed API; the gateway reads it."""
        return self.directory / "api"

    @property
    def api_url(self) -> str:
        """What a client of the API begins its URLs with."""
        return f"http://localhost:{self.gateway_port}"

    @property
    def console_url(self) -> str:
        """What people open in a browser: the console and the API have one origin."""
        return self.api_url

    @property
    def emulator_url(self) -> str:
        """The AWS endpoint. An address, not a name: for those the SDKs use path-style bucket URLs."""
        return f"http://127.0.0.1:{self.emulator_port}"

    @property
    def aligo_url(self) -> str:
        """The provider's base URL."""
        return f"http://127.0.0.1:{self.aligo_port}"

    @property
    def redis_url(self) -> str:
        """The link and progress store."""
        return f"redis://127.0.0.1:{self.redis_port}"

    @property
    def database_url(self) -> str:
        """The application's schema, as the functions' user."""
        return f"mysql://{DATABASE_USER}:{DATABASE_PASSWORD}@127.0.0.1:{self.database_port}/{DATABASE}"

    @property
    def admin_database_url(self) -> str:
        """The server, as somebody who may create schemas: for tests."""
        return f"mysql://root@127.0.0.1:{self.database_port}/"

    def ports(self) -> dict[int, str]:
        """Every port with the words for it."""
        return {
            self.gateway_port: "the console and the API",
            self.emulator_port: "the AWS emulator",
            self.database_port: "MariaDB",
            self.redis_port: "Redis",
            self.aligo_port: "the Aligo simulator",
        }

    def remember(self) -> None:
        """Keep the ports, so that later commands need not be told."""
        self.logs.mkdir(parents=True, exist_ok=True)
        _settings(self.name).write_text(json.dumps({"basePort": self.base_port}) + "\n")


def _settings(name: str) -> Path:
    return STATE / name / "instance.json"


def open_instance(name: str, base_port: int | None) -> Instance:
    """The instance of that name: on the given ports, else those it last had, else the defaults."""
    if not name.replace("-", "").isalnum():
        refuse(f"An instance name has letters, digits and hyphens only, not {name!r}.")
    if base_port is None:
        try:
            base_port = int(json.loads(_settings(name).read_text())["basePort"])
        except FileNotFoundError:
            base_port = DEFAULT_BASE_PORT if name == DEFAULT_NAME else DEFAULT_BASE_PORT + 10
    return Instance(name, base_port)
