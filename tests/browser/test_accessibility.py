"""Every page for everybody: without a violation of WCAG 2.2 AA in both colour schemes, at a desk and on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import pytest

from browsing import accessibility, layout
from browsing.pages import NO_PAGES, PLACES, Place, enter, of_route, routes, speak
from browsing.visitor import DESK, PHONE, Visitor
from browsing.words import words
from world.everything import Everything

Come = Callable[..., Visitor]


def test_every_page_is_in_the_list() -> None:
    missing = [route for route in routes() if route not in NO_PAGES and not of_route(route)]
    assert missing == []
    assert [route for route in NO_PAGES if route not in routes()] == []


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_page_is_in_order_at_a_desk(visit: Come, everything: Everything, place: Place) -> None:
    _look(visit(language="ko", size=DESK), everything, place, picture="light")


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_page_is_in_order_on_a_phone(visit: Come, everything: Everything, place: Place) -> None:
    _look(visit(language="en", size=PHONE), everything, place, picture="dark")


def _look(visitor: Visitor, there: Everything, place: Place, *, picture: str) -> None:
    """In one language with all eyes, in the other one at what differs."""
    enter(visitor, there, place.who)
    place.open(visitor, there)
    language = visitor.name.partition("-")[0]
    faults = _read(visitor, language)
    for scheme in ("light", "dark"):
        visitor.page.emulate_media(color_scheme=scheme)
        faults += [f"{scheme}: {fault}" for fault in accessibility.violations(visitor.page)]
        if scheme == picture:
            visitor.picture(f"pages/{place.name}-{language}-{scheme}-{visitor.page.viewport_size['width']}")
    other = {"ko": "en", "en": "ko"}[language]
    before = visitor.page.url
    speak(visitor.page)
    if place.press:
        place.open(visitor, there)
    assert _parts(visitor.page.url) == _parts(before), "the other language is elsewhere"
    faults += _read(visitor, other)
    assert not faults, "\n".join(faults)


def _parts(address: str) -> tuple[str, list[tuple[str, str]]]:
    """Path and query; the gateway keeps no order of the parameters."""
    parts = urlsplit(address)
    return parts.path, sorted(parse_qsl(parts.query))


def _read(visitor: Visitor, language: str) -> list[str]:
    """What is wrong with the frame of a page, and with its width."""
    page, common = visitor.page, words(language, "common")
    faults = [f"{language}: {fault}" for fault in layout.faults(page)]
    if page.locator("html").get_attribute("lang") != language:
        faults.append(f"{language}: lang is {page.locator('html').get_attribute('lang')}")
    title, product = page.title(), common["product"]
    if not re.fullmatch(rf"\S.* · {re.escape(product)}", title):
        faults.append(f"{language}: the title is {title!r}")
    if page.locator("h1").count() != 1 or not page.locator("h1").inner_text().strip():
        faults.append(f"{language}: there are {page.locator('h1').count()} headings of the first rank")
    return faults
