"""HTTP as a program speaks it: answers as they are, redirects not followed, no proxy of the person at the keyboard."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message
from typing import Any

_TIMEOUT_SECONDS = 60


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay)


@dataclass(frozen=True)
class Answer:
    """An answer, read to the end."""

    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")

    @property
    def json(self) -> Any:
        """The body as JSON, `None` where there is none."""
        return json.loads(self.body) if self.body else None


def send(method: str, url: str, *, headers: dict[str, str] | None = None, data: bytes | None = None) -> Answer:
    """Send a request and give whatever comes."""
    request = urllib.request.Request(url, method=method, headers=headers or {}, data=data)
    try:
        with _opener.open(request, timeout=_TIMEOUT_SECONDS) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


def send_json(method: str, url: str, body: Any = None, *, headers: dict[str, str] | None = None) -> Answer:
    """The same with a JSON body."""
    if body is None:
        return send(method, url, headers=headers)
    return send(
        method,
        url,
        headers={"Content-Type": "application/json", **(headers or {})},
        data=json.dumps(body).encode(),
    )
