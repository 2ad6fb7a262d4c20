"""Whether a page keeps its shape."""

from __future__ import annotations

from playwright.sync_api import Page

# What is wider than the window, unless it lies in a part that scrolls by itself, as wide tables do.
_OVERFLOW = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  const scrolls = element => /auto|scroll|hidden|clip/.test(getComputedStyle(element).overflowX);
  const inside = element => {
    const parent = element.parentElement;
    return parent && parent !== document.body && (scrolls(parent) || inside(parent));
  };
  const wide = [...document.body.querySelectorAll('*')].filter(
    element => element.getBoundingClientRect().right > root.clientWidth + 1 && !inside(element));
  const name = element => `${element.tagName.toLowerCase()}.${element.className}: ${element.textContent.trim()}`;
  const names = wide.map(element => name(element).slice(0, 100));
  return [`the page is ${root.scrollWidth} pixels wide in a window of ${root.clientWidth}`, ...names.slice(-5)];
}"""


def faults(page: Page) -> list[str]:
    """What makes a page scroll sideways."""
    return page.evaluate(_OVERFLOW)
