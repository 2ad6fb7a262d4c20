"""Where the focus is, whether it is seen, and how it gets elsewhere by keys."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import ElementHandle, Error, Locator, Page

_MOST_KEYS = 400
"""Whoever has not arrived by then walks in a circle."""

# Where the focus is and what is wrong with it. It is seen when the focused element (or the card around it) has an
# outline, and some of it lies in the window with nothing above it. What is no control (the content of the page, a
# summary of errors) takes the focus to be read out, and needs none.
_LOOK = """(target) => {
  const element = document.activeElement;
  const age = performance.timeOrigin;
  if (!element || element === document.body || element === document.documentElement) {
    return { age, nowhere: true, faults: [], where: 'body', path: location.pathname };
  }
  const of = attribute => element.getAttribute(attribute) || '';
  const text = (of('aria-label') || element.textContent || '').trim().replace(/\\s+/g, ' ').slice(0, 40);
  const where = `${element.tagName.toLowerCase()} ${element.id || of('name') || of('href')} "${text}"`;
  const outlined = one => {
    const style = getComputedStyle(one);
    const isThere = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    return isThere && !/^rgba.*, 0\\)$/.test(style.outlineColor);
  };
  const box = element.getBoundingClientRect();
  const at = [.5, .05, .95];
  const points = at.flatMap(x => at.map(y => [box.left + box.width * x, box.top + box.height * y]));
  const shown = points.some(([x, y]) => {
    const top = document.elementFromPoint(x, y);
    return top && (element.contains(top) || element.labels && [...element.labels].some(label => label.contains(top)));
  });
  const faults = [];
  if (!element.matches('main, [data-focus], [tabindex="-1"]')) {
    // The button of a calendar lies within its field: the browser draws the focus there itself.
    const isCalendar = element.matches('input[type^="date"]:not(:focus)');
    if (!isCalendar && ![element, element.parentElement].some(outlined)) faults.push('its focus is not seen');
    if (!shown) faults.push('it is covered, or outside of the window');
  }
  const is = target === element;
  const window_ = target && target.closest('[popover], dialog');
  const entering = !!window_ && !window_.contains(element);
  const forward = !target || entering || !!(element.compareDocumentPosition(target) & Node.DOCUMENT_POSITION_FOLLOWING);
  const radio = element.type === 'radio' && target && target.type === 'radio'
    && target.name === element.name && target.form === element.form;
  return { age, nowhere: false, faults, where, is, forward, radio, path: location.pathname };
}"""


class Focus:
    """The focus of a page. `faults` keeps what was wrong with it on the way."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []

    def look(self, after: str, target: ElementHandle | None = None) -> Any:
        """Note what is wrong with it now, and tell where it is."""
        seen = self.page.evaluate(_LOOK, target)
        for fault in seen["faults"]:
            line = f"{seen['path']}: {seen['where']}: {fault} (after {after})"
            if line not in self.faults:
                self.faults.append(line)
        return seen

    def key(self, key: str) -> None:
        """Press a key that does something. Unless another page comes of it, the focus is somewhere afterwards."""
        before = self.look("a look")
        self.page.keyboard.press(key)
        try:
            after = self.page.evaluate(_LOOK)
        except Error:
            return  # another page is on its way
        if after["nowhere"] and after["age"] == before["age"]:
            self.faults.append(f"{before['path']}: {before['where']}: {key} there leaves the focus nowhere")

    def bring(self, target: Locator) -> None:
        """Bring it to an element: from the beginning of a page past the navigation by the link that is there for it,
        then by Tab, or by Shift and Tab to what comes before. Among radio buttons of one group it goes by arrows.
        """
        target.wait_for()
        element = target.element_handle()
        seen = self.look("arriving", element)
        for _ in range(_MOST_KEYS):
            if seen.get("is"):
                return
            key = self._towards(seen, target)
            self.page.keyboard.press(key)
            seen = self.look(key, element)
        raise AssertionError(f"no way by keys to {target}; the focus is on {seen['where']}")

    def _towards(self, seen: Any, target: Locator) -> str:
        if seen["nowhere"]:
            # An address with a place in the page lets Tab begin at that place.
            if target.evaluate(
                "element => element.closest('main') && document.querySelector('a.skip') && !location.hash"
            ):
                self.skip_navigation()
            return "Tab"
        if seen["radio"]:
            return "ArrowDown" if seen["forward"] else "ArrowUp"
        return "Tab" if seen["forward"] else "Shift+Tab"

    def skip_navigation(self) -> None:
        """From the beginning of a page to its content."""
        self.page.keyboard.press("Tab")
        link = self.page.locator("a.skip")
        assert link.evaluate("element => element === document.activeElement"), (
            "the first stop is not the link to the content"
        )
        self.look("Tab")
        self.page.keyboard.press("Enter")
        assert self.page.evaluate("document.activeElement.matches('main')"), (
            "the link to the content does not lead there"
        )
