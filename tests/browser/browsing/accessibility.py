"""What axe-core and a reader of forms find on a page."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

_axe = Axe()

# Each field in error names, by aria-describedby, a visible text with the fault; that text is close to the field; and
# the fault is read out: in a live region, or because the focus is on the field or on a summary of faults.
_ERRORS = """() => {
  const faults = [];
  const shown = element => element && element.checkVisibility({ visibilityProperty: true }) && element.innerText.trim();
  const fields = [...document.querySelectorAll('[aria-invalid="true"]')];
  for (const field of fields) {
    const name = field.id || field.name || field.outerHTML.slice(0, 80);
    const of = attribute => field.getAttribute(attribute) || '';
    const ids = `${of('aria-describedby')} ${of('aria-errormessage')}`;
    const texts = ids.split(/\\s+/).filter(Boolean).map(id => document.getElementById(id));
    const visible = texts.filter(shown);
    if (!visible.length) { faults.push(`${name}: no visible text says what is wrong`); continue; }
    const box = field.getBoundingClientRect();
    const near = visible.some(text => {
      const other = text.getBoundingClientRect();
      const apart = [other.top - box.bottom, box.top - other.bottom, other.left - box.right, box.left - other.right];
      return Math.max(...apart) < 60;
    });
    if (!near) faults.push(`${name}: its error is elsewhere on the page`);
  }
  const live = [...document.querySelectorAll('[role="alert"], [aria-live="assertive"], [role="status"]')].some(shown);
  const active = document.activeElement;
  const focused = active && active !== document.body && (fields.includes(active) || !!active.closest('[data-errors]'));
  if (fields.length && !live && !focused) faults.push('nothing is read out');
  return { faults, fields: fields.map(field => field.name || field.id) };
}"""


def violations(page: Page) -> list[str]:
    """What axe-core holds against a page, one line for each place."""
    found = _axe.run(page, options={"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]})
    return [
        f"{violation['id']}: {violation['help']}: {node['target']}: {node['html'][:160]}"
        for violation in found.response["violations"]
        for node in violation["nodes"]
    ]


def error_faults(page: Page) -> list[str]:
    """What is wrong with how a page shows the errors of its form."""
    return page.evaluate(_ERRORS)["faults"]


def fields_in_error(page: Page) -> list[str]:
    """The names of the fields that a page shows as wrong."""
    return page.evaluate(_ERRORS)["fields"]
