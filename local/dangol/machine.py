"""What this machine must have: tools from the OS packages, and a private Python environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .console import note, refuse, step
from .instance import ROOT, STATE

REQUIREMENTS = ROOT / "local" / "requirements.txt"
VENV = STATE / "venv"
BROWSER_REQUIREMENTS = ROOT / "tests" / "browser" / "requirements.txt"
BROWSER_VENV = STATE / "browser-venv"

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

_BROWSERS = ["chromium", "google-chrome-stable", "google-chrome", "chromium-browser"]
_FONTS = Path("/usr/share/fonts")
_KOREAN_FONTS = ["Nanum*", "*CJK*", "*NotoSansKR*"]
_CHROME = "google-chrome-stable_current_amd64.deb"


@dataclass(frozen=True)
class Browser:
    """What tests of pages need."""

    program: Path
    """Chromium or Chrome."""

    python: Path
    """An interpreter with what drives it."""


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
    return _ensure_venv(VENV, REQUIREMENTS, "the AWS emulator and the SAM CLI")


def _ensure_venv(venv: Path, requirements: Path, purpose: str) -> Path:
    python = venv / "bin" / "python"
    installed = venv / "installed-requirements.txt"
    wanted = requirements.read_text()
    if python.exists() and installed.exists() and installed.read_text() == wanted:
        return python
    with step(f"Installing {purpose} into {venv.relative_to(ROOT)}"):
        note("about a minute, once")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(venv)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run([*pip, "--requirement", str(requirements)], check=False)
        if done.returncode != 0:
            refuse(f"pip could not install {requirements.relative_to(ROOT)}; its message is above.")
        installed.write_text(wanted)
    return python


def ensure_browser() -> Browser:
    """Chromium, a Korean font and what drives them; installed where missing, or said how to."""
    packages = [] if _browser() else ["chromium"]
    if packages and _is_ubuntu():  # which has Chromium as a snap only, and that sees no other folder than its own
        refuse(
            "Chrome is missing. Install it and try again:\n\n"
            f"    curl -fsSLO https://dl.google.com/linux/direct/{_CHROME} && sudo apt-get install --yes ./{_CHROME}"
        )
    if not any(next(_FONTS.rglob(name), None) for name in _KOREAN_FONTS):
        packages.append("fonts-nanum")
    if packages:
        _install(packages)
    program = _browser() or refuse("Chromium is missing.")
    python = _ensure_venv(BROWSER_VENV, BROWSER_REQUIREMENTS, "the driver of the browser")
    return Browser(program=program, python=python)


def _browser() -> Path | None:
    found = (Path(path) for name in _BROWSERS if (path := find(name)))
    return next((path for path in found if "snap" not in path.resolve().parts), None)


def _is_ubuntu() -> bool:
    release = Path("/etc/os-release")
    return release.exists() and "ID=ubuntu" in release.read_text().splitlines()


def in_venv() -> bool:
    """Whether this very process runs in the private environment."""
    return Path(sys.prefix).resolve() == VENV.resolve()
