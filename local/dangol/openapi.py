"""The committed documentation of the API, which the code of the functions tells."""

from __future__ import annotations

import subprocess

from .build import cargo_environment
from .console import note, refuse, step
from .instance import ROOT
from .machine import cargo

DOCUMENT = ROOT / "functions" / "api-docs" / "openapi.json"

_TEST = "renew_the_committed_document"


def renew() -> None:
    """Write what the code says; `tests/openapi.rs` compares."""
    before = DOCUMENT.read_text() if DOCUMENT.exists() else ""
    with step("Asking the code about its API"):
        command = [cargo(), "test", "--locked", "--package", "tests", "--test", "openapi"]
        command += ["--", "--ignored", "--exact", _TEST]
        done = subprocess.run(command, cwd=ROOT, env=cargo_environment(), stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            print(done.stdout, end="")
            refuse("The document was not written; see the messages above.")
        note("unchanged" if DOCUMENT.read_text() == before else f"{DOCUMENT.relative_to(ROOT)} is new")
