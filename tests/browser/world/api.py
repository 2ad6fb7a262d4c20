"""The public API as one person uses it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from .http import Answer, send_json

_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.2


class Api:
    """A client with somebody's token, or without one."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url = url
        self._headers = {"Accept-Language": "ko", **({"Authorization": f"Bearer {token}"} if token else {})}

    def get(self, path: str) -> Any:
        """Read something."""
        return self._done("GET", path)

    def post(self, path: str, body: Any = None) -> Any:
        """Make or start something, once."""
        return self._done("POST", path, body, {"Idempotency-Key": str(uuid.uuid4())})

    def patch(self, path: str, body: Any) -> Any:
        """Change something."""
        return self._done("PATCH", path, body)

    def put(self, path: str, body: Any) -> Any:
        """Replace something."""
        return self._done("PUT", path, body)

    def delete(self, path: str) -> None:
        """Delete something."""
        self._done("DELETE", path)

    def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """Send any request and give whatever comes."""
        return send_json(method, self._url + path, body, headers={**self._headers, **(headers or {})})

    def list(self, path: str) -> Iterator[Any]:
        """All items of a list, page after page."""
        cursor = ""
        while True:
            page = self.get(f"{path}{'&' if '?' in path else '?'}limit=200{cursor}")
            yield from page["items"]
            if not page.get("nextCursor"):
                return
            cursor = f"&cursor={page['nextCursor']}"

    def wait_for(self, path: str, satisfied: Callable[[Any], bool], *, seconds: float = _PATIENCE_SECONDS) -> Any:
        """Ask again until the answer satisfies; fail with the last one when it never does."""
        deadline = time.monotonic() + seconds
        while not satisfied(answer := self.get(path)):
            assert time.monotonic() < deadline, f"{path} did not become as expected: {answer}"
            time.sleep(_PAUSE_SECONDS)
        return answer

    def _done(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        answer = self.send(method, path, body, headers)
        assert answer.status < 300, f"{method} {path} answered {answer.status}: {answer.text}"
        return answer.json
