"""Answers as the browser's own parser reads them: many at once, without opening each. Nothing in them runs or is fetched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser

_AT_ONCE = 100

# What typed text could have become: an element or an attribute that our pages never have, an address that leads elsewhere,
# a page that ends early or begins twice, a field that lost what was typed.
_JUDGE = """([pages, own]) => pages.map(({ html, typed }) => {
  const page = new DOMParser().parseFromString(html, 'text/html');
  const faults = [];
  const foreign = new Set(['iframe', 'object', 'embed', 'base', 'style', 'math', 'marquee', 'plaintext', 'audio', 'video', 'frame',
    'frameset', 'applet', 'noscript', 'template', 'foreignobject', 'animate', 'set', 'xmp', 'portal']);
  const inside = address => /^(\\/(?![\\/\\\\])|[#?]|data:image\\/|$)/.test(address) || own.some(one => address.startsWith(one));
  for (const element of page.querySelectorAll('*')) {
    const name = element.localName;
    if (foreign.has(name)) faults.push(`<${name}>`);
    if (name === 'script' && (!element.getAttribute('src')?.startsWith('/assets/') || element.textContent)) faults.push('<script>');
    if (name === 'link' && !element.getAttribute('href')?.startsWith('/assets/')) faults.push('<link>');
    if (name === 'meta' && element.httpEquiv) faults.push('<meta http-equiv>');
    for (const { name: attribute, value } of element.attributes) {
      if (/^on|^style$|^srcdoc$|^ping$/.test(attribute)) faults.push(`${name} ${attribute}`);
      const leads = ['href', 'src', 'action', 'formaction', 'xlink:href', 'data-live', 'data-preview', 'data-groups', 'poster'];
      if (leads.includes(attribute) && !inside(value)) faults.push(`${name} ${attribute}=${value.slice(0, 80)}`);
    }
  }
  const frame = [...page.body.children].map(element => element.localName).join(' ');
  if (frame !== 'a header main') faults.push(`the body holds ${frame}`);
  if (page.querySelectorAll('h1').length !== 1) faults.push(`${page.querySelectorAll('h1').length} h1`);
  if (page.head.querySelectorAll('title').length !== 1) faults.push('no title, or several');
  const plain = text => text.replace(/[\\s\\u0000-\\u001f\\u007f-\\u009f\\u180e\\u200b\\ufeff\\ufffd]/g, '');
  const changes = ['password', 'date', 'time', 'datetime-local', 'number', 'file', 'hidden', 'checkbox', 'radio', 'search'];
  for (const [name, text] of Object.entries(typed)) {
    const fields = [...page.querySelectorAll('main form[method=post] :is(input, textarea)')].filter(
      field => field.name === name && !changes.includes(field.type));
    if (fields.length && !fields.some(field => plain(field.value) === plain(text)))
      faults.push(`${name} holds ${JSON.stringify(fields[0].value.slice(0, 80))}`);
  }
  return [...new Set(faults)];
})"""


@dataclass(frozen=True)
class Page:
    """An answer, and what its form must still hold."""

    what: str
    html: str
    typed: dict[str, str]


def faults(browser: Browser, pages: list[Page], own: list[str]) -> list[str]:
    """What is wrong with pages; `own` are the beginnings of addresses that may stand in them besides paths."""
    context = browser.new_context()
    try:
        window = context.new_page()
        found: list[str] = []
        for begin in range(0, len(pages), _AT_ONCE):
            some = pages[begin : begin + _AT_ONCE]
            judged: Any = window.evaluate(_JUDGE, [[{"html": one.html, "typed": one.typed} for one in some], own])
            found += [f"{one.what}: {', '.join(wrong)}" for one, wrong in zip(some, judged, strict=True) if wrong]
        return found
    finally:
        context.close()
