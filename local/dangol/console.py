"""What the person in front of the terminal sees."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

_BOLD, _GREEN, _RED, _DIM, _RESET = "\033[1m", "\033[32m", "\033[31m", "\033[2m", "\033[0m"


class Refusal(Exception):
    """Something the person must know or put right; shown without a traceback."""


def _paint(style: str, text: str) -> str:
    return f"{style}{text}{_RESET}" if sys.stdout.isatty() else text


def say(text: str = "") -> None:
    """Print a line at once, also into a pipe."""
    print(text, flush=True)


def note(text: str) -> None:
    """Print a line that belongs to the step under way."""
    say(_paint(_DIM, "    " + text))


def warn(text: str) -> None:
    """Print a line that should not be overlooked."""
    say(_paint(_RED, "!   " + text))


def refuse(text: str) -> NoReturn:
    """Give up with a message."""
    raise Refusal(text)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a step, and say how long it took."""
    say(_paint(_BOLD, f"==> {title}"))
    begun = time.monotonic()
    yield
    say(_paint(_GREEN, f"    done in {time.monotonic() - begun:.1f} s"))


def report_refusal(refusal: Refusal) -> None:
    """Show why nothing more was done."""
    print(_paint(_RED, f"\nStopped: {refusal}"), file=sys.stderr, flush=True)
