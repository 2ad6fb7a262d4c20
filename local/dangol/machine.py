"""What this machine must have: tools from the OS packages, and a private Python environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from .console import note, refuse, step
from .instance import ROOT, STATE

REQUIREMENTS = ROOT / "local" / "requirements.txt"
VENV = STATE / "venv"

# Any of the commands will do. These packages bring programs only, no system service: redis-tools holds the server
# too, under the name redis-check-rdb.
_TOOLS: dict[str, list[str]] = {
    "mariadb-server-core": ["mariadbd"],
    "redis-tools": ["redis-server", "redis-check-rdb"],
    "clang": ["clang"],
    "lld": ["ld.lld"],
    "gcc": ["cc"],
    "libc6-dev": ["/usr/include/stdio.h"],
}


def find(*commands: str) -> str | None:
    """The path of the first of the commands that there is; servers are often outside of a user's PATH."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", str(Path.home() / ".cargo" / "bin")])
    return next((found for command in commands if (found := shutil.which(command, path=path))), None)


def cargo() -> str:
    """The path of cargo."""
    return find("cargo") or refuse("Rust is missing. Install it from https://rustup.rs and try again.")


def ensure_tools() -> None:
    """Install the OS packages that are missing, or say how to."""
    cargo()
    packages = [package for package, ways in _TOOLS.items() if not any(_present(way) for way in ways)]
    if not _can_make_venv():
        packages.append("python3-venv")
    if packages:
        _install(packages)


def _present(way: str) -> bool:
    return Path(way).exists() if way.startswith("/usr/include") else find(way) is not None


def _can_make_venv() -> bool:
    try:
        import ensurepip  # Debian ships Python without it
    except ImportError:
        return (VENV / "bin" / "python").exists()
    return True


def _install(packages: list[str]) -> None:
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        refuse(f"OS packages are missing. Install them and try again:\n\n    sudo {' '.join(install)}")
    with step(f"Installing OS packages: {' '.join(packages)}"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "--quiet"], [*install, "--quiet"]):
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                refuse(f"`{' '.join(command)}` failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def ensure_venv() -> Path:
    """The interpreter of the private environment, made anew when the requirements changed."""
    python = VENV / "bin" / "python"
    installed = VENV / "installed-requirements.txt"
    wanted = REQUIREMENTS.read_text()
    if python.exists() and installed.exists() and installed.read_text() == wanted:
        return python
    with step("Installing the AWS emulator and the SAM CLI into .local/venv"):
        note("about a minute, once")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run([*pip, "--requirement", str(REQUIREMENTS)], check=False)
        if done.returncode != 0:
            refuse("pip could not install local/requirements.txt; its message is above.")
        installed.write_text(wanted)
    return python


def in_venv() -> bool:
    """Whether this very process runs in the private environment."""
    return Path(sys.prefix).resolve() == VENV.resolve()
