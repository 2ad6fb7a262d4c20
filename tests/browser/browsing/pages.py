"""All pages, and who looks at them: what holds for every page is tried on each of these."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from playwright.sync_api import Page as Window
from playwright.sync_api import expect

from world.clinics import DESTINATION
from world.everything import Everything

from .visitor import Visitor

Who = Literal["owner", "staff", "member", "newcomer", "nobody"]

_SOURCES = Path(__file__).resolve().parents[3] / "functions" / "console" / "src" / "pages"
_ROUTE = re.compile(r'\.route\(\s*"([^"]+)",\s*((?:(?!\.route\().)*)')

_SEND = "/send?group={group_id}&template={template_id}&destination=" + quote(DESTINATION, safe="")

# Reached by a button: the form is built on the page before it and sent as the button would send it.
_PRESS = """([action, fields]) => {
  const form = document.createElement('form');
  form.method = 'post'; form.action = action;
  const csrf = document.querySelector('input[name=csrf]').value;
  for (const [name, value] of [...fields, ['csrf', csrf]]) {
    const input = document.createElement('input');
    input.type = 'hidden'; input.name = name; input.value = value; form.append(input);
  }
  document.body.append(form);
  form.submit();
}"""


@dataclass(frozen=True)
class Place:
    """A page, as somebody sees it."""

    path: str
    """With the names of what there is in braces: `/customers/{customer_id}`."""

    who: Who = "owner"
    status: int = 200
    press: tuple[str, tuple[tuple[str, str], ...]] | None = field(default=None)
    """A button on the page that leads to another one: its address and what it sends."""

    @property
    def name(self) -> str:
        """For files and tests."""
        path = self.press[0] if self.press else self.path
        plain = re.sub(r"destination=[^&]*&?", "", path).replace("_id}", "").replace("{", "a-")
        slug = re.sub(r"[^a-zA-Z0-9]+", "-", plain).strip("-").lower() or "dashboard"
        return slug if self.who == "owner" else f"{slug}-{self.who}"

    def __str__(self) -> str:
        return self.name

    def address(self, there: Everything) -> str:
        """The path with ids."""
        return filled(self.path, there)

    def open(self, visitor: Visitor, there: Everything) -> None:
        """Go there, and wait until what comes later has come."""
        answer = visitor.go(self.address(there))
        if self.press:
            action, fields = self.press
            sent = [(name, filled(value, there)) for name, value in fields]
            with visitor.page.expect_navigation() as moved:
                visitor.page.evaluate(_PRESS, [filled(action, there), sent])
            answer = moved.value
        assert answer.status == self.status, f"{answer.url} answered {answer.status}"
        settle(visitor.page)


def settle(window: Window) -> None:
    """Wait until the parts are there that a page fetches at once."""
    expect(window.locator("[data-live][data-now]")).to_have_count(0)


def speak(window: Window) -> None:
    """Press the button of the other language, wherever the menu hides it; it leads back to the same page."""
    with window.expect_navigation():
        window.evaluate("document.querySelector('form[action=\"/language\"] button').click()")
    settle(window)


def enter(visitor: Visitor, there: Everything, who: Who) -> None:
    """Be one of the people of this clinic."""
    person = {
        "owner": there.clinic.owner,
        "staff": there.staff,
        "member": there.member,
        "newcomer": there.newcomer,
    }.get(who)
    if person:
        visitor.take_over(there.accounts.tokens(person))


def filled(text: str, there: Everything) -> str:
    """A text with the ids of what there is in the place of their names in braces."""
    ids = {name: value for name, value in vars(there).items() if isinstance(value, str)}
    return re.sub(r"\{(\w+)\}", lambda match: ids[match[1]], text)


PLACES: tuple[Place, ...] = (
    # Whoever is not signed in.
    Place("/sign-in", "nobody"),
    Place("/sign-up", "nobody"),
    Place("/sign-up/confirm", "nobody"),
    Place("/password/forgot", "nobody"),
    Place("/password/reset", "nobody"),
    Place("/i/{code}", "nobody"),
    Place("/i/AAAAAAAA", "nobody", status=404),
    Place("/staff-invitations/{staff_token}", "nobody"),
    Place("/nowhere", "nobody", status=404),
    # Patients.
    Place("/start", "newcomer"),
    Place("/start?as=clinic", "newcomer"),
    Place("/me", "newcomer"),
    Place("/i/{code}", "newcomer"),
    Place("/staff-invitations/{staff_token}", "newcomer"),
    Place("/me", "member"),
    Place("/me/friends", "member"),
    Place("/me/points", "member"),
    Place("/me/profile", "member"),
    Place("/me/phone", "member"),
    Place("/me/withdraw", "member"),
    Place("/i/{code}", "member"),
    # What staff see otherwise than owners.
    Place("/settings", "staff"),
    Place("/staff", "staff"),
    Place("/staff/invitations", "staff", status=403),
    Place("/audit", "staff", status=403),
    Place("/members/{member_id}", "staff"),
    Place("/points", "staff"),
    # A clinic's staff.
    Place("/"),
    Place("/campaigns"),
    Place("/campaigns/{campaign_id}"),
    Place("/campaigns/{scheduled_id}"),
    Place("/campaigns/{campaign_id}/messages/1"),
    Place("/campaigns/{campaign_id}/clicks"),
    Place("/campaigns/{campaign_id}/hours"),
    Place("/campaigns/{campaign_id}/whereabouts"),
    Place("/send"),
    Place("/send?group={group_id}"),
    Place(f"{_SEND}&step=link"),
    Place(f"{_SEND}&step=variables"),
    Place(f"{_SEND}&step=preview"),
    Place(f"{_SEND}&step=check"),
    Place(_SEND.replace("/send?", "/send/excluded?")),
    Place("/templates"),
    Place("/templates/new"),
    Place("/templates/{template_id}"),
    Place("/templates/{draft_id}"),
    Place("/templates/{refused_template_id}"),
    Place("/customers"),
    Place("/customers?group={group_id}"),
    Place("/customers?q=zzzz"),
    Place("/customers/new"),
    Place("/customers/{customer_id}"),
    Place(
        "/customers", press=("/customers/selection", (("do", "find"), ("customer", "{customer_id}"), ("total", "1")))
    ),
    Place("/groups"),
    Place("/groups/{group_id}"),
    Place("/imports"),
    Place("/imports/{ready_id}"),
    Place("/imports/{ready_id}?verdict=bad_phone"),
    Place("/imports/{ready_id}/rows/2"),
    Place("/imports/{ready_id}/mapping"),
    Place("/imports/{ready_id}/commit"),
    Place("/imports/{committed_id}"),
    Place("/imports/{failed_id}"),
    Place("/suppressions"),
    Place("/suppressions/lifted"),
    Place("/suppressions/{suppression_id}"),
    Place("/members"),
    Place("/members?state=ended"),
    Place("/members/{member_id}"),
    Place("/members/{friend_id}"),
    Place("/members/{pending_id}"),
    Place("/codes"),
    Place("/codes/{code}"),
    Place("/codes/{code}/print"),
    Place("/codes/{code}/print?format=card"),
    Place("/points"),
    Place("/points?userId={member_id}"),
    Place("/points/held"),
    Place("/points/held?state=released"),
    Place("/settings"),
    Place("/staff"),
    Place("/staff?removed=true"),
    Place("/staff/{colleague_id}"),
    Place("/staff/invitations"),
    Place("/staff/invitations/new"),
    Place(
        "/staff/invitations/new",
        press=("/staff/invitations/new", (("name", "링크를 받는 사람"), ("role", "staff"))),
    ),
    Place("/audit"),
)

NO_PAGES = {
    "/dashboard/now": "a piece of the dashboard",
    "/campaigns/{id}/progress": "a piece of a campaign's page",
    "/send/preflight": "a piece of the last step",
    "/send/excluded/list": "a piece of the page of those who get nothing",
    "/send/tests/{id}": "a piece of the last step",
    "/groups/choose": "a piece of the pages with a choice of groups",
    "/imports/{id}/progress": "a piece of an import's page",
    "/imports/{id}/bad-rows": "leads to a file",
    "/imports/template": "leads to a file",
    "/codes/{code}/{picture}": "a picture",
}
"""What answers `GET` and is no page of its own."""


def routes() -> list[str]:
    """The addresses that answer with something of their own, from where they stand; those of buttons lead back."""
    found = []
    for file in sorted(_SOURCES.rglob("*.rs")):
        routes = _ROUTE.findall(file.read_text())
        found += [path for path, handler in routes if re.search(r"\bget\((?!\||[\w:]*back(?:_\w+)?\))", handler)]
    return found


def of_route(route: str) -> list[Place]:
    """The places that a route answers."""

    def is_answered(place: Place) -> bool:
        theirs, ours = route.split("/"), place.path.partition("?")[0].split("/")
        same = [one == other or ("{" in one and _varies(other)) for one, other in zip(theirs, ours, strict=False)]
        return len(theirs) == len(ours) and all(same)

    return [place for place in PLACES if is_answered(place)]


def _varies(segment: str) -> bool:
    return "{" in segment or segment.isdigit()
