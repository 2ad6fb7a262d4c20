"""The tests of the pages in a browser, alone or as a phase of all tests."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from . import machine, services
from .console import refuse, say
from .instance import ROOT, STATE, Instance

FOLDER = ROOT / "tests" / "browser"


def run(instance: Instance, arguments: list[str]) -> int:
    """Run them against an application that runs already; `arguments` are pytest's."""
    if services.EMULATOR not in services.running(instance):
        refuse("The application does not run. Start it in another terminal: make run")
    browser = machine.ensure_browser()
    shutil.rmtree(pictures(instance) / "failed", ignore_errors=True)
    environment = {**os.environ, **variables(instance, browser)}
    say(f"Screenshots: {pictures(instance)}")
    return subprocess.run(command(browser, arguments), cwd=FOLDER, env=environment, check=False).returncode


def command(browser: machine.Browser, arguments: list[str]) -> list[str]:
    """What runs the tests."""
    settings = ["--rootdir", str(FOLDER), "-c", str(FOLDER / "pytest.ini"), "-o", f"cache_dir={STATE / 'pytest-cache'}"]
    return [str(browser.python), "-m", "pytest", *settings, *arguments]


def variables(instance: Instance, browser: machine.Browser) -> dict[str, str]:
    """What the tests must know of an instance and of this machine. CONSOLE_URL may name another console."""
    lines = instance.env_file.read_text().splitlines()
    return {
        **dict(line.split("=", 1) for line in lines),
        "DANGOL_BROWSER": str(browser.program),
        "DANGOL_SCREENSHOTS": str(pictures(instance)),
    }


def pictures(instance: Instance) -> Path:
    """Where screenshots go, and the traces of tests that failed."""
    return instance.directory / "screenshots"
