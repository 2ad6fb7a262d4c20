"""A browser as one person has it: language, colours, size, with or without scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Response

from world.addresses import Addresses

from .watch import COOKIE_PREFIX, Watch

DESK = (1280, 800)
PHONE = (360, 740)

Scheme = Literal["light", "dark"]

_PATIENCE_MS = 15_000
_ARGUMENTS = [
    "--no-proxy-server",
    # No name but this machine's leads anywhere, so that nothing depends on the outside, and nothing gets out.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    "--disable-dev-shm-usage",
]


def launch(playwright: Playwright, chromium: Path) -> Browser:
    """Start the operating system's Chromium."""
    return playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)


class Visitor:
    """One person's browser: its own cookies, watched all the time."""

    def __init__(
        self,
        browser: Browser,
        addresses: Addresses,
        *,
        language: str = "ko",
        scheme: Scheme = "light",
        size: tuple[int, int] = DESK,
        script: bool = True,
        agent: str | None = None,
    ) -> None:
        width, height = size
        self.name = f"{language}-{scheme}-{width}{'' if script else '-without-script'}"
        self.script = script
        self._addresses = addresses
        self.context: BrowserContext = browser.new_context(
            base_url=addresses.console,
            locale={"ko": "ko-KR", "en": "en-US"}[language],
            timezone_id="Asia/Seoul",
            color_scheme=scheme,
            reduced_motion="reduce",
            viewport={"width": width, "height": height},
            has_touch=width < 600,
            is_mobile=width < 600,
            java_script_enabled=script,
            user_agent=agent,
            accept_downloads=True,
        )
        self.context.set_default_timeout(_PATIENCE_MS)
        self.context.tracing.start(screenshots=False, snapshots=True)
        self.watch = Watch(self.context, addresses)
        self.page: Page = self.context.new_page()

    def go(self, path: str) -> Response:
        """Open a page of the console."""
        answer = self.page.goto(path)
        assert answer, f"{path} was not asked for"
        return answer

    def take_over(self, tokens: Any) -> None:
        """Be signed in with what the API gave, without the page of signing in; for tests about other pages."""
        session = self.context.new_cdp_session(self.page)
        for name, value in {"id": tokens["idToken"], "refresh": tokens["refreshToken"]}.items():
            # Not through the driver: it takes cookies for this machine's plain HTTP to be insecure, unlike the browser.
            cookie = {"name": f"{COOKIE_PREFIX}dangol-{name}", "value": value, "sameSite": "Lax", "path": "/"}
            url = self._addresses.console.replace("http://", "https://")
            done = session.send("Network.setCookie", {**cookie, "url": url, "secure": True, "httpOnly": True})
            assert done["success"], name
        session.detach()

    def lose_session(self) -> None:
        """The tokens are gone, as after a long time; what forms need is still there."""
        for name in ("id", "refresh"):
            self.context.clear_cookies(name=f"{COOKIE_PREFIX}dangol-{name}")

    def picture(self, name: str, page: Page | None = None) -> Path:
        """Keep how a page looks, all of it, as an artefact; `name` may have folders."""
        file = self._addresses.pictures / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        (page or self.page).screenshot(path=file, full_page=True, animations="disabled")
        return file

    def keep(self, name: str) -> None:
        """Keep how all pages look and what led there, after a failure. `playwright show-trace` opens the archive."""
        folder = self._addresses.pictures / "failed"
        folder.mkdir(parents=True, exist_ok=True)
        for number, page in enumerate(self.context.pages):
            page.screenshot(path=folder / f"{name}-{number}.png", full_page=True)
        self.context.tracing.stop(path=folder / f"{name}.zip")

    def close(self) -> None:
        """Leave."""
        self.context.close()
