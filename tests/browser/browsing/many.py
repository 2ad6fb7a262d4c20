"""Very many requests to pages, as a browser's forms would send them, without a browser."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from world.http import Answer, send

_CSRF = uuid.uuid4().hex
_AT_ONCE = 8
_TOO_MANY = "요청이 너무 많습니다".encode()
_TRIES = 60


@dataclass(frozen=True)
class Asker:
    """Somebody who asks for pages, signed in with these tokens or not at all."""

    origin: str
    tokens: Any = None

    def get(self, path: str) -> Answer:
        """Ask for a page."""
        return _patiently(lambda: send("GET", self.origin + path, headers=self._headers()))

    def post(self, path: str, fields: list[tuple[str, str]]) -> Answer:
        """Send a form."""
        data = urlencode([*fields, ("csrf", _CSRF)], errors="surrogatepass").encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return _patiently(lambda: send("POST", self.origin + path, headers={**self._headers(), **kind}, data=data))

    def upload(self, path: str, name: str, file: bytes) -> Answer:
        """Send a form with a file."""
        edge = uuid.uuid4().hex
        # As browsers write names of files.
        plain = name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
        head = f'--{edge}\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{_CSRF}\r\n--{edge}\r\n'
        head += f'Content-Disposition: form-data; name="file"; filename="{plain}"\r\nContent-Type: text/csv\r\n\r\n'
        data = head.encode() + file + f"\r\n--{edge}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={edge}"}
        return _patiently(lambda: send("POST", self.origin + path, headers={**self._headers(), **kind}, data=data))

    def _headers(self) -> dict[str, str]:
        cookies = {"csrf": _CSRF, "language": "ko"}
        if self.tokens:
            cookies |= {"id": self.tokens["idToken"], "refresh": self.tokens["refreshToken"]}
        return {"Cookie": "; ".join(f"__Host-dangol-{name}={value}" for name, value in cookies.items())}


def each(work: Callable[[Any], Any], items: Iterable[Any], *, a_second: float) -> list[Any]:
    """The same with all of them: several at once, and no more in a second than this."""
    pace, last = threading.Lock(), [0.0]

    def paced(item: Any) -> Any:
        with pace:
            time.sleep(max(0.0, last[0] + 1 / a_second - time.monotonic()))
            last[0] = time.monotonic()
        return work(item)

    with ThreadPoolExecutor(_AT_ONCE) as hands:
        return list(hands.map(paced, items))


def _patiently(ask: Callable[[], Answer]) -> Answer:
    """Ask again as long as it is too much at once for the gateway, or for the API behind the page."""
    for _ in range(_TRIES):
        answer = ask()
        if answer.status != 429 and _TOO_MANY not in answer.body:
            break
        time.sleep(0.5)
    return answer
