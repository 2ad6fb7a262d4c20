"""Forms that are filled in wrongly: what is wrong is said beside its field, and read out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from browsing import accessibility, layout
from browsing.pages import PLACES, Place, enter, filled
from browsing.visitor import PHONE, Visitor
from world.everything import Everything
from wrong_forms import WRONG, Wrong

Come = Callable[..., Visitor]

# What somebody could type, with the browser's own checks out of the way: those are not the same in every browser.
_TYPE = """([selector, typed]) => {
  const form = document.querySelector(selector);
  form.noValidate = true;
  for (const [name, text] of Object.entries(typed)) {
    const fields = [...form.elements].filter(field => field.name === name);
    if (!fields.length) throw new Error(`no field ${name}`);
    for (const field of fields) {
      if (field.type === 'checkbox') field.checked = text !== '';
      else if (field.type === 'radio') field.checked = field.value === text;
      else { field.removeAttribute('maxlength'); field.value = text; }
    }
  }
}"""
_PRESS = """([selector, button]) => {
  const form = document.querySelector(selector);
  const buttons = [...form.querySelectorAll(button || 'button[type=submit]:not(.visually-hidden)')];
  form.requestSubmit(buttons[0]);
}"""
# What the summary says, and what stands at the field that each of its lines leads to.
_SUMMARY = """() => {
  const summary = document.querySelector('.summary[role=alert]');
  if (!summary) return { faults: ['there is no summary'], at: [] };
  const faults = [];
  const at = [];
  if (document.activeElement !== summary) faults.push('the summary has not the focus');
  for (const link of summary.querySelectorAll('a[href^="#field-"]')) {
    const id = decodeURIComponent(link.hash.slice(1));
    const field = document.getElementById(id);
    at.push(id.slice('field-'.length));
    if (!field) { faults.push(`${id} is not there`); continue; }
    const said = (field.getAttribute('aria-describedby') || '').split(/\\s+/).map(id => document.getElementById(id));
    const beside = field.matches('.error') ? [field] : said.filter(text => text && text.matches('.error'));
    if (!beside.some(text => text.checkVisibility() && text.innerText.trim() === link.innerText.trim()))
      faults.push(`${id}: what is wrong is not said beside it`);
    if (field.matches('input, select, textarea') && field.getAttribute('aria-invalid') !== 'true')
      faults.push(`${id}: not marked as wrong`);
    if (!field.checkVisibility()) faults.push(`${id} cannot be seen`);
  }
  return { faults, at };
}"""
# The forms into which somebody types, or chooses from a list, and that none of these selectors means.
_OTHERS = """selectors => [...document.forms].filter(form =>
  form.method === 'post' && !selectors.some(selector => form.matches(selector)) &&
  [...form.elements].some(field => field.matches('select, textarea, input:not([type=hidden], [type=checkbox], [type=radio])'))
).map(form => `${form.id} ${form.getAttribute('action')}`)"""


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_is_wrong_is_said_beside_its_field(visit: Come, everything: Everything, wrong: Wrong) -> None:
    visitor = visit()
    page = visitor.page
    enter(visitor, everything, wrong.who)
    Place(wrong.path, wrong.who).open(visitor, everything)
    form = filled(wrong.form, everything)
    page.evaluate(_TYPE, [form, wrong.typed])
    with page.expect_navigation() as sent:
        page.evaluate(_PRESS, [form, wrong.button])
    answer = sent.value
    assert answer.status == 422, f"answered {answer.status} at {page.url}"
    summary = page.evaluate(_SUMMARY)
    assert summary == {"faults": [], "at": list(wrong.at)}
    assert accessibility.error_faults(page) == []
    visitor.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert layout.faults(page) == []
    assert accessibility.violations(page) == []


@pytest.mark.parametrize("script", [True, False], ids=["with-script", "without-script"])
def test_an_upload_without_a_file_says_so_beside_its_field(visit: Come, everything: Everything, script: bool) -> None:
    visitor = visit(script=script)
    page = visitor.page
    enter(visitor, everything, "owner")
    visitor.go("/imports")
    page.evaluate("document.querySelector('form.upload').noValidate = true")
    page.locator("form.upload button[type=submit]").click()
    expect(page.locator("#field-file-error")).to_be_visible()
    expect(page.locator("#field-file")).to_have_attribute("aria-invalid", "true")
    assert accessibility.error_faults(page) == []


def test_every_form_into_which_somebody_types_is_filled_in_wrongly(visit: Come, everything: Everything) -> None:
    selectors = ["form.upload", *dict.fromkeys(filled(one.form, everything) for one in WRONG)]
    missing: dict[str, list[str]] = {}
    for who in dict.fromkeys(place.who for place in PLACES):
        visitor = visit()
        enter(visitor, everything, who)
        for place in (place for place in PLACES if place.who == who and place.status == 200 and not place.press):
            visitor.go(place.address(everything))
            if others := visitor.page.evaluate(_OTHERS, selectors):
                missing[place.name] = others
    assert missing == {}
