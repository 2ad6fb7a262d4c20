"""Where the deployed application is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_NEEDED = ["DANGOL_API_URL", "DANGOL_EMULATOR_URL", "DANGOL_ALIGO_URL", "DANGOL_BROWSER", "DANGOL_SCREENSHOTS"]


@dataclass(frozen=True)
class Addresses:
    """The parts that tests talk to; each address is without a trailing slash."""

    console: str
    """What a browser sees: the pages. `CONSOLE_URL` names another one than the deployed."""

    api: str
    """The public API, and the links of messages."""

    emulator: str
    """The emulated AWS: mails, and the files that browsers upload."""

    aligo: str
    """The provider's simulator."""

    chromium: Path
    """The browser."""

    pictures: Path
    """Where screenshots go, and traces of tests that failed."""

    @classmethod
    def of_environment(cls) -> Addresses:
        """As the local runner says; complains about every missing variable together."""
        if missing := [name for name in _NEEDED if not os.environ.get(name)]:
            raise SystemExit(f"{', '.join(missing)} are missing; `make browser` sets them")
        url = {name: os.environ[name].rstrip("/") for name in _NEEDED}
        return cls(
            console=os.environ.get("CONSOLE_URL", "").rstrip("/") or url["DANGOL_API_URL"],
            api=url["DANGOL_API_URL"],
            emulator=url["DANGOL_EMULATOR_URL"],
            aligo=url["DANGOL_ALIGO_URL"],
            chromium=Path(url["DANGOL_BROWSER"]),
            pictures=Path(url["DANGOL_SCREENSHOTS"]),
        )

    @property
    def uploads(self) -> str:
        """The origin that takes uploads and gives downloads."""
        return self.emulator


def origin(url: str) -> str:
    """Scheme, host and port of an address; the scheme alone where there is no host."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"
