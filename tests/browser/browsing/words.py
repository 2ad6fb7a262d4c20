"""The texts of the pages, from the place where they stand: tests look for what people read, in either language."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).resolve().parents[3] / "functions" / "console" / "src" / "words"
_TEXT = re.compile(r'^\s+(\w+): ("(?:[^"\\]|\\.)*"),$', re.MULTILINE)
_NAV = re.compile(r'\(Nav::(\w+), ("(?:[^"\\]|\\.)*")\)')


@cache
def words(language: str, area: str) -> dict[str, str]:
    """The texts of an area by their names (`words("ko", "account")["sign_in"]`); of `common` also `nav.Dashboard`."""
    source = (_FOLDER / language / f"{area}.rs").read_text()
    source = re.sub(r"\\\n\s*", "", source)  # a text that goes on in the next line
    texts = {name: json.loads(text) for name, text in _TEXT.findall(source)}
    return texts | {f"nav.{name}": json.loads(text) for name, text in _NAV.findall(source)}
