"""A console of a few lines, to see that the watch barks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GOOD_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "Cache-Control": "no-store",
}


def page(body: str) -> str:
    """A page that nothing can be held against, with this in its middle."""
    return (
        '<!doctype html><html lang="ko"><head><meta charset="utf-8"><title>단골</title><link rel="icon" href="data:,">'
        '<meta name="viewport" content="width=device-width"></head>'
        f"<body><main><h1>단골</h1>{body}</main></body></html>"
    )


@dataclass
class Imitation:
    """Pages by path, each with a status and headers."""

    url: str = ""
    pages: dict[str, tuple[int, str, dict[str, str]]] = field(default_factory=dict)

    def add(self, path: str, text: str, *, status: int = 200, **headers: str | None) -> None:
        """Answer so at a path; a header that is `None` is left out, underscores stand for hyphens."""
        changed = {name.replace("_", "-").title(): value for name, value in headers.items()}
        merged = {name.title(): value for name, value in GOOD_HEADERS.items()} | changed
        self.pages[path] = (status, text, {name: value for name, value in merged.items() if value is not None})


@contextmanager
def imitation() -> Iterator[Imitation]:
    """Serve it as long as the block lasts."""
    console = Imitation()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, text, headers = console.pages.get(self.path, (404, "", {}))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        console.url = f"http://localhost:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield console
        server.shutdown()
        thread.join()
