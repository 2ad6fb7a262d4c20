"""What no page may ever do, noted while a test looks at other things."""

from __future__ import annotations

from typing import ClassVar

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page, Request, Response, WebError

from world.addresses import Addresses, origin

from . import headers

RAN = "dangolRan"
"""A hostile text that runs sets this property of the window."""

_ALARM = (
    f"""Object.defineProperty(window, {RAN!r}, {{ set(what) {{ console.error('a hostile text ran: ' + what) }} }})"""
)
_STATUS_MESSAGE = "Failed to load resource: the server responded with a status of"
_LOCAL = {"data:", "blob:", "about:"}
COOKIE_PREFIX = "__Host-"
"""Names of cookies that no other host and no path can set begin so."""


class Watch:
    """Notes the faults of all pages of one context."""

    _seen: ClassVar[set[str]] = set()
    """What has been answered in any context: the browser keeps icons for all of them."""

    def __init__(self, context: BrowserContext, addresses: Addresses) -> None:
        self._context = context
        self._uploads = addresses.uploads
        self._console = origin(addresses.console)
        self._ours = {self._console, addresses.uploads, *_LOCAL}
        self._allowed = set(self._ours)
        self._faults: list[str] = []
        self._pages: list[str] = []
        context.add_init_script(_ALARM)
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        context.on("dialog", self._on_dialog)
        context.on("request", self._on_request)
        context.on("requestfailed", self._on_failure)
        context.on("response", self._on_response)
        context.on("page", self._on_page)

    def allow(self, url: str) -> None:
        """Let pages of this context ask this origin too: a patient goes where a link leads."""
        self._allowed.add(origin(url))

    def faults(self) -> list[str]:
        """Everything so far that must not be, each once."""
        return list(dict.fromkeys([*self._faults, *self._cookie_faults()]))

    def visited(self) -> list[str]:
        """The addresses of the pages that the console answered with, in their order."""
        return list(self._pages)

    def _on_page(self, page: Page) -> None:
        # The browser's own list of issues also holds what a policy blocked, with scripts off as well.
        session = self._context.new_cdp_session(page)
        session.on("Audits.issueAdded", self._on_issue)
        session.send("Audits.enable")

    def _on_issue(self, event: dict[str, dict[str, object]]) -> None:
        issue = event["issue"]
        if issue["code"] in (
            "ContentSecurityPolicyIssue",
            "MixedContentIssue",
            "BlockedByResponseIssue",
            "CookieIssue",
        ):
            self._note(f"{issue['code']}: {issue['details']}")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        if message.text.startswith(_STATUS_MESSAGE):
            return  # what is to be said about answers is said where they arrive
        self._note(f"console: {message.text} ({message.location.get('url', '')})")

    def _on_error(self, error: WebError) -> None:
        self._note(f"script: {error.error}")

    def _on_dialog(self, dialog: Dialog) -> None:
        if dialog.type != "beforeunload":
            self._note(f"{dialog.type}: {dialog.message}")
        dialog.accept() if dialog.type == "beforeunload" else dialog.dismiss()

    def _on_request(self, request: Request) -> None:
        if origin(request.url) not in self._allowed:
            self._note(f"a request to somebody else: {request.method} {request.url}")

    def _on_failure(self, request: Request) -> None:
        # A download, and whatever is left behind with its page, is aborted by the browser itself; a stranger is noted
        # when it is asked, and one that is allowed does not exist on this machine.
        if request.failure != "net::ERR_ABORTED" and origin(request.url) in self._ours:
            self._note(f"failed: {request.method} {request.url}: {request.failure}")

    def _on_response(self, response: Response) -> None:
        if origin(response.url) != self._console:
            return
        is_document = response.request.resource_type == "document"
        if response.status >= (500 if is_document else 400):
            self._note(f"answered {response.status}: {response.request.method} {response.url}")
        # What the browser kept comes without some of the headers it came with; only what is no page is kept.
        is_kept = not is_document and response.url in self._seen
        self._seen.add(response.url)
        if headers.is_of_console(response.url) and not is_kept:
            for fault in headers.faults(response.status, response.headers, self._uploads):
                self._note(f"header: {fault} ({response.request.method} {response.url}, {response.status})")
            if is_document and response.status < 300:
                self._pages.append(response.url)

    def _cookie_faults(self) -> list[str]:
        return [
            f"cookie: {cookie}"
            for cookie in self._context.cookies(self._console)
            if not cookie["name"].startswith(COOKIE_PREFIX)
            or not (cookie["httpOnly"] and cookie["secure"] and cookie["sameSite"] in ("Lax", "Strict"))
            or cookie["path"] != "/"
        ]

    def _note(self, fault: str) -> None:
        self._faults.append(fault)
