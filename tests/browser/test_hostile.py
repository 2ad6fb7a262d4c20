"""Two hundred hostile texts in every field: none runs, none breaks a page.

All of them are sent by the forms that keep what people call things (names, templates, groups, files, labels, notes), and looked
for by every search. Of the fields that keep no text (phones, amounts, codes) each gets a part of them, another one each time.
The answers are read by the browser's own parser; what was kept is looked at in the browser.
"""

from __future__ import annotations

import csv
import io
import itertools
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Browser

from browsing import layout, parsed
from browsing.hostile import TEXTS
from browsing.many import Asker, each
from browsing.pages import PLACES, Who, enter, filled, routes, settle
from browsing.visitor import DESK, PHONE, Visitor
from world import lists
from world.addresses import Addresses
from world.clinics import DESTINATION, Clinics
from world.everything import Everything, fill

Come = Callable[..., Visitor]

_PART = 25
"""How many of the texts a field gets that keeps none."""
_GOOD = {200, 303, 307, 400, 404, 409, 413, 415, 422}
"""Shown, done, refused; 415 is a file's name with control characters, which no form that is in order has."""
_NO_LIST = "\x00\x07\x1b\x7f\x85"
"""With one of these a file is none with customers."""
_DOTS = (".", "..", "..%2f..%2f", "a/b")
"""Parts of a path that mean another path where somebody resolves them."""
_TEXT = "text"
"""Stands for the hostile text in a form."""

_SEND = {"group": "{group_id}", "template": "{template_id}", "destination": DESTINATION, "when": "later"}
_KEEPING: tuple[tuple[str, dict[str, str], float], ...] = (
    # A form, its fields, and how often in a second the API lets it be sent.
    ("/customers/new", {"name": _TEXT, "phone": "010-65{n}", "new-column.0": "메모", "new-value.0": _TEXT}, 8),
    ("/customers/new", {"name": "손님", "phone": "010-66{n}", "new-column.0": _TEXT, "new-value.0": _TEXT}, 8),
    ("/groups", {"name": _TEXT}, 8),
    ("/codes", {"key": "{key}", "label": _TEXT}, 8),
    ("/suppressions", {"phones": "010-67{n}", "note": _TEXT}, 4),
    ("/staff/invitations/new", {"name": _TEXT, "role": "staff"}, 4),
    (
        "/send/ask",
        {**_SEND, "key": "{key}", "confirmed": "{sendable}", "at": "2027-12-01T10:00", "name": _TEXT},
        2,
    ),
    ("/templates/new", {"key": "{key}", "do": "save", "name": _TEXT, "content": _TEXT, "kind": "BA"}, 2),
)
_PATHS_OF_FORMS = {path for path, *_ in _KEEPING} | {"/imports", "/language", "/sign-out"}

_SEARCHES = ("/customers?q", "/groups?q", "/members?q", "/suppressions?q", "/campaigns/{campaign_id}?q")
_QUERIES = {
    "/": "from to by",
    "/audit": "staff subject action from to cursor",
    "/campaigns": "state kind cursor",
    "/campaigns/{campaign_id}": "state reason group clicked cursor",
    "/campaigns/{campaign_id}/clicks": "class messageNumber cursor",
    "/codes": "owner cursor",
    "/codes/{code}/print": "format",
    "/customers": "find-group group sort cursor total",
    "/customers/new": "group",
    "/customers/{customer_id}": "cursor",
    "/groups": "cursor",
    "/groups/choose": "q name as without unassigned",
    "/imports": "cursor",
    "/imports/{ready_id}": "verdict outcome deleted cursor",
    "/imports/{ready_id}/rows/2": "verdict outcome deleted cursor",
    "/me/friends": "clinic cursor",
    "/me/points": "clinic cursor",
    "/members": "state code cursor",
    "/points": "userId reason cursor",
    "/points/held": "state cursor",
    "/send": "q group template destination ends column.x default.x name at who tested key step here cursor show of",
    "/staff": "removed cursor",
    "/suppressions": "reason cursor",
    "/suppressions/lifted": "cursor",
    "/templates": "cursor",
    "/templates/new": "from",
    "/password/reset": "next",
    "/sign-in": "next",
    "/sign-up": "next",
}

_FORMS = """() => [...document.forms].filter(form => form.method === 'post').map(form => ({
  action: form.getAttribute('action') ?? location.pathname,
  fields: [...form.elements].filter(field => field.name && field.name !== 'csrf' && field.type !== 'submit' &&
    (!['checkbox', 'radio'].includes(field.type) || field.checked)).map(field => [field.name, field.value ?? '', field.type]),
}))"""
_TYPED = {"text", "search", "tel", "email", "url", "textarea", "password", "number", "date", "time", "datetime-local"}


@dataclass(frozen=True)
class Sent:
    """A request with a hostile text, and how to make it."""

    what: str
    ask: Callable[[], Any]
    typed: dict[str, str]


@dataclass(frozen=True)
class World:
    """A clinic whose texts are hostile, the people who ask, and what was wrong with the answers."""

    there: Everything
    askers: dict[Who, Asker]
    origins: list[str]
    kept: list[Future[list[tuple[Sent, Any]]]]
    """What the forms answered that keep texts. Some may be sent twice in a second only, so they begin first."""


@pytest.fixture(scope="module")
def world(clinics: Clinics, addresses: Addresses) -> Iterator[World]:
    """A clinic with some of everything, whose names are hostile where a file brings them."""
    there = fill(clinics, clinics.make())
    people = {"owner": there.clinic.owner, "member": there.member, "newcomer": there.newcomer}
    askers = {who: Asker(addresses.console, clinics.accounts.tokens(person)) for who, person in people.items()}
    lists.commit(there.clinic.api, lists.upload(there.clinic.api, "명단.csv", _file("010-61")))
    lists.upload(there.clinic.api, "<img src=x>.csv", _file("010-62"))
    origins = [addresses.console, addresses.api, addresses.uploads, "https://www.example.com/"]
    world = World(there, {**askers, "nobody": Asker(addresses.console)}, origins, [])
    with ThreadPoolExecutor(len(_KEEPING) + 1) as hands:
        world.kept.extend(hands.submit(_sent, [*_kept(world, *form)], form[2]) for form in _KEEPING)
        world.kept.append(hands.submit(_sent, _files(world), 4))
        yield world


def test_searches_and_addresses_take_hostile_texts_as_text(chromium: Browser, world: World) -> None:
    asked = [_get(world, path, name, text) for path, name in (one.split("?") for one in _SEARCHES) for text in TEXTS]
    turn = itertools.cycle(TEXTS)
    for path, names in _QUERIES.items():
        asked += [_get(world, path, name, next(turn)) for name in names.split() for _ in range(_PART // 3)]
    for route in (route for route in routes() if "{" in route):
        texts = [*_DOTS, *(next(turn) for _ in range(_PART // 2))]
        asked += [_of_path(world, route, text) for text in texts]
    faults = _faults(chromium, world, _sent(asked, 30))
    assert not faults, "\n".join(faults)


def test_forms_take_hostile_texts_as_text(chromium: Browser, visit: Come, world: World) -> None:
    answers = _sent(list(_other_forms(visit, world)), 20)
    answers += [answer for form in world.kept for answer in form.result()]
    assert len(answers) > len(TEXTS) * len(_KEEPING)
    faults = _faults(chromium, world, answers)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_pages_with_hostile_texts_keep_their_shape(visit: Come, world: World, size: tuple[int, int]) -> None:
    visitor = visit(size=size)
    enter(visitor, world.there, "owner")
    faults = []
    for path in _shown(world):
        while path:
            visitor.go(path)
            settle(visitor.page)
            faults += [f"{path}: {fault}" for fault in layout.faults(visitor.page)]
            if visitor.page.locator("h1").count() != 1:
                faults.append(f"{path}: not one heading of the first rank")
            rest = visitor.page.locator("a[rel=next]")
            path = rest.first.get_attribute("href") if size == DESK and rest.count() else None
    assert not faults, "\n".join(faults[:20])


def _file(phones: str) -> bytes:
    file = io.StringIO()
    lines = csv.writer(file)
    lines.writerow(["이름", "휴대폰", "그룹", "메모", "<img src=x onerror=window.dangolRan=1>", '"><b>열'])
    for number, text in enumerate(TEXTS):
        cell = text.strip(_NO_LIST)[:300]
        lines.writerow([cell[:50], f"{phones}00-{number:04}", cell[:50], cell, cell, cell])
    return file.getvalue().encode()


def _kept(world: World, path: str, fields: dict[str, str], _: float) -> Any:
    sendable = _sendable(world.there) if "{sendable}" in fields.values() else ""
    for number, text in enumerate(TEXTS):
        known = {"{n}": f"00-{number:04}", "{key}": uuid.uuid4().hex, "{sendable}": sendable}
        values = [
            (name, text if value == _TEXT else _with(value, known, world.there)) for name, value in fields.items()
        ]
        typed = {name: text for name, value in fields.items() if value == _TEXT}
        yield _post(world, "owner", path, values, typed)


def _sendable(there: Everything) -> str:
    """How many people the page with the button would say."""
    wish = {"groupIds": [there.group_id], "templateId": there.template_id, "destination": DESTINATION}
    return str(there.clinic.api.post("/v1/campaigns/preflight", wish)["sendable"])


def _with(value: str, known: dict[str, str], there: Everything) -> str:
    for name, text in known.items():
        value = value.replace(name, text)
    return filled(value, there)


def _post(world: World, who: Who, path: str, values: list[tuple[str, str]], typed: dict[str, str]) -> Sent:
    return Sent(f"POST {path} {typed!r:.80}", lambda: world.askers[who].post(path, values), typed)


def _files(world: World) -> list[Sent]:
    """Names of files, through the form of those without scripts."""

    def upload(text: str) -> Sent:
        return Sent(f"a file {text!r:.60}", lambda: world.askers["owner"].upload("/imports", f"{text}.csv", b"x"), {})

    return [upload(text) for text in TEXTS]


def _other_forms(visit: Come, world: World) -> Any:
    """All other forms of all pages, with a part of the texts in whatever somebody types into."""
    turn, seen = itertools.cycle(TEXTS), set()
    for who in world.askers:
        visitor = visit(script=False)
        enter(visitor, world.there, who)
        for place in (place for place in PLACES if place.who == who and place.status == 200 and not place.press):
            visitor.go(place.address(world.there))
            for form in visitor.page.evaluate(_FORMS):
                typed = [name for name, _, kind in form["fields"] if kind in _TYPED]
                action = form["action"].partition("#")[0]
                shape = (action, *typed)
                if typed and shape not in seen and action not in _PATHS_OF_FORMS:
                    seen.add(shape)
                    yield from (_filled_form(world, who, form, typed, next(turn)) for _ in range(_PART))


def _filled_form(world: World, who: Who, form: Any, typed: list[str], text: str) -> Sent:
    values = [(name, text if name in typed else value) for name, value, _ in form["fields"]]
    return _post(world, who, form["action"], values, dict.fromkeys(typed, text))


def _get(world: World, path: str, name: str, text: str) -> Sent:
    who: Who = "member" if path.startswith("/me") else "nobody" if name == "next" else "owner"
    address = f"{filled(path, world.there)}?{urlencode({name: text}, errors='surrogatepass')}"
    return Sent(f"GET {path}?{name}={text!r:.60}", lambda: world.askers[who].get(address), {})


def _of_path(world: World, route: str, text: str) -> Sent:
    # A browser itself resolves what is nothing but dots, and sends no empty part.
    segment = quote(text, safe="", errors="surrogatepass").replace(".", "%2E")
    parts = [segment if part.startswith("{") else part for part in route.split("/")]
    return Sent(f"GET {route} {text!r:.60}", lambda: world.askers["owner"].get("/".join(parts)), {})


def _sent(requests: list[Sent], a_second: float) -> list[tuple[Sent, Any]]:
    return list(zip(requests, each(lambda one: one.ask(), requests, a_second=a_second), strict=True))


def _faults(chromium: Browser, world: World, answers: list[tuple[Sent, Any]]) -> list[str]:
    """What is wrong with answers: their status, where they lead, what stands in them."""
    found = [f"{sent.what}: answered {answer.status}" for sent, answer in answers if answer.status not in _GOOD]
    for sent, answer in answers:
        leads = answer.headers.get("location", "/")
        if not leads.startswith(("/", *world.origins)) or leads.startswith("//"):
            found.append(f"{sent.what}: leads to {leads}")
    pages = [
        parsed.Page(sent.what, answer.text, sent.typed if answer.status == 422 else {})
        for sent, answer in answers
        if answer.headers.get("content-type", "").startswith("text/html") and answer.text.startswith("<!DOCTYPE")
    ]
    return (found + parsed.faults(chromium, pages, world.origins))[:40]


def _shown(world: World) -> list[str]:
    """Every page that shows what was kept: all lists, and some of what they lead to."""
    api = world.there.clinic.api
    lists_of = {place.address(world.there) for place in PLACES if place.who == "owner" and not place.press}
    ids = {kind: list(api.list(f"/v1/{kind}")) for kind in ("customers", "groups", "templates", "campaigns", "imports")}
    some = [f"/{kind}/{one['id']}" for kind, found in ids.items() for one in found[:: max(1, len(found) // 6)]]
    codes = [f"/codes/{one['code']}/print" for one in list(api.list("/v1/referral-codes"))[:60:12]]
    return sorted(lists_of) + some + codes
