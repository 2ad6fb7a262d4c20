"""The small windows that buttons open in a page (popovers), by keys."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from .focus import Focus

_MOST = 3
"""Of windows that are alike, as those of the rows of a table, so many are looked at."""


def close_by_keys(page: Page, focus: Focus) -> None:
    """Open each by Enter; Tab leads into it; Escape closes it, and the focus is back on the button that opened it."""
    page.wait_for_load_state()  # by then scripts have put buttons to sleep that need a choice first
    if page.locator("[popover]:popover-open").count():
        return
    openers = page.locator("main [popovertarget]:not([popovertargetaction=hide]):not(:disabled)").filter(visible=True)
    for number in range(min(openers.count(), _MOST)):
        opener = openers.nth(number)
        window = page.locator(f"[id='{opener.get_attribute('popovertarget')}']")
        focus.bring(opener)
        for key in ("Tab", None):
            focus.key("Enter")
            expect(window).to_be_visible()
            if key:
                page.keyboard.press(key)
                seen = focus.look(key)
                if not window.evaluate("window => window.contains(document.activeElement)"):
                    focus.faults.append(f"{seen['path']}: Tab does not lead into the window that {opener} opens")
            page.keyboard.press("Escape")
            expect(window).to_be_hidden()
            if not opener.evaluate("opener => opener === document.activeElement"):
                focus.faults.append(f"{page.url}: Escape does not give the focus back to {opener.inner_text()!r}")
                focus.bring(opener)
