"""Builds the functions once, all together, and lays them out as `template.yaml` expects them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .console import note, refuse, step
from .instance import ROOT
from .machine import cargo, find

LAMBDA = ROOT / "target" / "lambda"
_STAMPS = ROOT / "target" / "lambda-sources"
_SIMULATOR = "aligo-simulator"


@dataclass(frozen=True)
class Build:
    """What a build made."""

    functions: dict[str, Path]
    """Each function's `bootstrap`, by the name of its folder."""

    aligo: Path
    """The provider's simulator."""


def cargo_environment() -> dict[str, str]:
    """Variables for cargo: queries are checked against the committed `.sqlx`, never against a database."""
    return {**os.environ, "SQLX_OFFLINE": "true"}


def build() -> Build:
    """Build every function and the simulator with the development profile, and lay them out."""
    target, functions = _workspace()
    with step(f"Building {len(functions)} functions and the Aligo simulator"):
        packages = [argument for name in [*functions, _SIMULATOR] for argument in ("--package", name)]
        command = [cargo(), "build", "--locked", "--bins", *packages]
        if subprocess.run(command, cwd=ROOT, env=cargo_environment(), check=False).returncode != 0:
            refuse("The build failed; the compiler's messages are above.")
        changed = [name for name in functions if _lay_out(name, target / "debug" / name)]
        note(f"{len(changed)} of {len(functions)} functions changed")
    bootstraps = {name: LAMBDA / name / "bootstrap" for name in functions}
    return Build(bootstraps, target / "debug" / _SIMULATOR)


def _workspace() -> tuple[Path, list[str]]:
    """The target directory, and the functions: packages under `functions/`."""
    command = [cargo(), "metadata", "--format-version", "1", "--no-deps", "--locked"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        refuse("`cargo metadata` failed; its message is above.")
    metadata = json.loads(done.stdout)
    folder = ROOT / "functions"
    names = [
        package["name"] for package in metadata["packages"] if Path(package["manifest_path"]).is_relative_to(folder)
    ]
    return Path(metadata["target_directory"]), sorted(names)


def _lay_out(name: str, binary: Path) -> bool:
    """Copy a new binary, without its symbols, to where the template looks. Tells whether it was new."""
    bootstrap = LAMBDA / name / "bootstrap"
    stamp = _STAMPS / name
    if stamp.exists() and stamp.read_text() == _identity(binary, bootstrap):
        return False
    bootstrap.parent.mkdir(parents=True, exist_ok=True)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    strip = find("strip", "llvm-strip")
    if strip:
        subprocess.run([strip, "-o", str(bootstrap), str(binary)], check=True)
    else:
        shutil.copy2(binary, bootstrap)
    stamp.write_text(_identity(binary, bootstrap))
    return True


def _identity(*files: Path) -> str:
    """What changes when one of the files does; another build may have put its own `bootstrap` in our place."""
    return " ".join(f"{file.stat().st_mtime_ns}/{file.stat().st_size}" if file.exists() else "-" for file in files)
