"""How long a page lets one wait, and how heavy it is."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Request

from .visitor import Visitor


@dataclass(frozen=True)
class Weight:
    """One visit of a page with nothing in the browser's cache."""

    path: str
    status: int
    first_byte_ms: float
    """From the request to the first byte of the page."""

    bytes: int
    """Everything that came over the wire: page and assets, with headers."""

    parts: dict[str, int]
    """The same by address."""


def weigh(visitor: Visitor, path: str) -> Weight:
    """Open a page and everything that belongs to it."""
    asked: list[Request] = []

    def note(request: Request) -> None:
        asked.append(request)

    session = visitor.context.new_cdp_session(visitor.page)
    session.send("Network.clearBrowserCache")
    visitor.page.on("request", note)
    try:
        answer = visitor.page.goto(path, wait_until="load")
        assert answer
        parts: dict[str, int] = {}
        for request in asked:
            if not request.url.startswith(("data:", "blob:")) and request.response():
                sizes = request.sizes()
                size = sizes["responseBodySize"] + sizes["responseHeadersSize"]
                parts[request.url] = parts.get(request.url, 0) + size
        timing = answer.request.timing
        wait = timing["responseStart"] - timing["requestStart"]
        return Weight(path, answer.status, wait, sum(parts.values()), parts)
    finally:
        visitor.page.remove_listener("request", note)
        session.detach()
