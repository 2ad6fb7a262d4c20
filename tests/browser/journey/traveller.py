"""Somebody on the way through the pages."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from browsing.hands import Hands, Mouse
from browsing.visitor import Visitor
from browsing.words import words

LONG_MS = 60_000
"""For what the application does in the background."""


class Album:
    """A folder of screenshots, numbered in their order."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.numbers = itertools.count(1)


class Traveller:
    """A visitor with hands, and an album for what there is to see."""

    def __init__(self, visitor: Visitor, *, hands: Callable[[Page], Hands] = Mouse, album: Album | None = None) -> None:
        self.visitor = visitor
        self.page: Page = visitor.page
        self.hands = hands(self.page)
        self.script = visitor.script
        self.album = album

    def words(self, area: str) -> dict[str, str]:
        """What the pages say."""
        return words("ko", area)

    def picture(self, name: str, page: Page | None = None) -> None:
        """Look around, and put what is to be seen into the album."""
        self.hands.look_around()
        if self.album:
            (page or self.page).evaluate("scrollTo(0, 0)")
            self.visitor.picture(f"{self.album.name}/{next(self.album.numbers):02}-{name}", page)

    def beside(self, visitor: Visitor) -> Traveller:
        """Another person, whose pictures go into the same album."""
        return Traveller(visitor, hands=type(self.hands), album=self.album)

    def link(self, name: str, *, within: Locator | None = None, exact: bool = True) -> Locator:
        """A link by its words."""
        return (within or self.page.locator("body")).get_by_role("link", name=name, exact=exact)

    def row(self, name: str) -> Locator:
        """The row of a table with this link."""
        return self.page.get_by_role("row").filter(has=self.page.get_by_role("link", name=name, exact=True))

    def button(self, name: str, *, within: Locator | None = None, exact: bool = True) -> Locator:
        """A button by its words."""
        return (within or self.page.locator("body")).get_by_role("button", name=name, exact=exact)

    def field(self, label: str, *, within: Locator | None = None) -> Locator:
        """A field by its label, which has a star where the field must be filled in."""
        return (within or self.page.locator("main")).get_by_label(re.compile(rf"^{re.escape(label)}( \*)?$"))

    def follow(self, name: str, **more: object) -> None:
        """Press a link; the first one, where a page that is empty yet offers the same once more."""
        self.hands.press(self.link(name, **more).first)

    def press(self, name: str, **more: object) -> None:
        """Press a button."""
        self.hands.press(self.button(name, **more))

    def write(self, label: str, text: str, **more: object) -> None:
        """Fill in a field."""
        self.hands.write(self.field(label, **more), text)

    def navigate(self, place: str) -> None:
        """Go somewhere by the navigation."""
        navigation = self.page.get_by_role("navigation", name=self.words("common")["navigation"])
        self.hands.press(navigation.get_by_role("link", name=self.words("common")[f"nav.{place}"], exact=True))
        expect(navigation.locator("[aria-current=page]")).to_have_text(self.words("common")[f"nav.{place}"])

    def says(self, text: str) -> None:
        """The page says so, on a line of its own or within one."""
        expect(self.page.get_by_text(text).first).to_be_visible()

    def until(self, locator: Locator) -> None:
        """Wait until something is there. With scripts it comes by itself, without by the link that asks again."""
        if self.script:
            expect(locator.first).to_be_visible(timeout=LONG_MS)
            return
        for _ in range(200):
            if locator.first.is_visible():
                return
            self.follow(self.words("common")["refresh"])
            self.page.wait_for_load_state()
        raise AssertionError(f"{locator} did not come")
