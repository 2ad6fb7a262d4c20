"""How a person works a page: with a mouse, or with nothing but a keyboard."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from playwright.sync_api import Locator, Page

from . import windows
from .focus import Focus


class Hands(Protocol):
    """What both can do. Each waits until what it works on is there."""

    page: Page

    def press(self, target: Locator) -> None:
        """A link or a button."""

    def write(self, target: Locator, text: str) -> None:
        """Into a field, in place of what stands there."""

    def tick(self, target: Locator) -> None:
        """A box."""

    def choose(self, target: Locator) -> None:
        """One of several radio buttons."""

    def give(self, target: Locator, file: Path) -> None:
        """A file to the field for one."""

    def look_around(self) -> None:
        """See what the page has, before going on."""


class Mouse:
    """A mouse, and a keyboard to write with."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, target: Locator) -> None:
        """Click it."""
        target.click()

    def write(self, target: Locator, text: str) -> None:
        """Click into the field and write."""
        target.fill(text)

    def tick(self, target: Locator) -> None:
        """Click the box."""
        target.check()

    def choose(self, target: Locator) -> None:
        """Click the radio button."""
        target.check()

    def give(self, target: Locator, file: Path) -> None:
        """Click, and choose the file in the window of the operating system."""
        with self.page.expect_file_chooser() as chooser:
            target.click()
        chooser.value.set_files(file)

    def look_around(self) -> None:
        """With the eyes."""


class Keyboard:
    """Tab, Shift and Tab, Enter, Space, arrows, and what is written. The focus is looked at after every key: it must be
    seen, and it must be somewhere.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.focus = Focus(page)

    def press(self, target: Locator) -> None:
        """Go there and press Enter."""
        self.focus.bring(target)
        self.focus.key("Enter")

    def write(self, target: Locator, text: str) -> None:
        """Go there, take out what stands there, and write."""
        self.focus.bring(target)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.press("Delete")
        self.page.keyboard.insert_text(text)

    def tick(self, target: Locator) -> None:
        """Go there and press Space, unless it is ticked."""
        self.focus.bring(target)
        if not target.is_checked():
            self.focus.key("Space")

    def choose(self, target: Locator) -> None:
        """Tab into the group of radio buttons, and on by arrows; Space where none was chosen before."""
        self.focus.bring(target)
        if not target.is_checked():
            self.focus.key("Space")

    def give(self, target: Locator, file: Path) -> None:
        """Go there and press Enter; the window that opens is the operating system's."""
        self.focus.bring(target)
        with self.page.expect_file_chooser() as chooser:
            self.page.keyboard.press("Enter")
        chooser.value.set_files(file)

    def look_around(self) -> None:
        """Open and close the windows of the page."""
        windows.close_by_keys(self.page, self.focus)
