"""As large as clinics get: 100,000 customers in 1,000 groups, a campaign of 50,000. Every page comes at once, and is light."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from browsing.pages import PLACES, enter, filled, settle
from browsing.visitor import Visitor
from browsing.weight import Weight, weigh
from world.addresses import Addresses
from world.clinics import Clinics
from world.crowd import CUSTOMERS, GROUPS, RECIPIENTS, Crowd, crowd
from world.everything import Everything, fill

pytestmark = pytest.mark.slow

_MOST_MS = 1000
_MOST_BYTES = 200_000
_TRIES = 3
"""The best of three counts: this machine does other things meanwhile, a slow page is slow each time."""

_MORE = (
    "/customers?sort=name",
    "/customers?sort=oldest",
    "/customers?q=고객9999",
    "/customers?q=7777",
    "/customers?group={group_id}&q=고객1",
    "/groups?q=그룹 09",
    "/groups/choose?as=many&name=group",
    "/campaigns/{campaign_id}?state=failed",
    "/campaigns/{campaign_id}?q=고객77",
    "/campaigns/{campaign_id}?clicked=false",
    "/imports/{committed_id}?outcome=added",
    "/?by=hour",
    "/?by=week",
)
"""Searches, orders and filters, which are what becomes slow first."""


@pytest.fixture(scope="module")
def many(clinics: Clinics) -> Crowd:
    """The large clinic."""
    return crowd(clinics)


@pytest.fixture(scope="module")
def everything(clinics: Clinics, many: Crowd) -> Everything:
    """The large clinic, with some of everything else as well."""
    return fill(clinics, many.clinic).of_crowd(many)


def test_the_clinic_is_large(many: Crowd) -> None:
    groups = list(many.clinic.api.list("/v1/groups"))
    assert len(groups) >= GROUPS
    assert sum(group["customers"] for group in groups) >= CUSTOMERS
    assert many.campaign["messages"]["requested"] == RECIPIENTS


def test_every_page_comes_within_a_second_and_is_light(
    visit: Callable[..., Visitor], everything: Everything, addresses: Addresses
) -> None:
    weights: list[Weight] = []
    for who in dict.fromkeys(place.who for place in PLACES):
        visitor = visit()
        enter(visitor, everything, who)
        more = _MORE if who == "owner" else ()
        plain = [place.path for place in PLACES if place.who == who and not place.press]
        weights += [_best(visitor, everything, path) for path in (*plain, *more)]
    table = addresses.pictures / "weights.md"
    table.parent.mkdir(parents=True, exist_ok=True)
    table.write_text(_table(weights))
    slow = [f"{one.path}: {one.first_byte_ms:.0f} ms" for one in weights if one.first_byte_ms >= _MOST_MS]
    heavy = [f"{one.path}: {one.bytes} bytes" for one in weights if one.bytes >= _MOST_BYTES]
    wrong = [f"{one.path}: {one.status}" for one in weights if one.status >= 500]
    assert (slow, heavy, wrong) == ([], [], [])


def _best(visitor: Visitor, there: Everything, path: str) -> Weight:
    """The quickest of some visits; each with its assets, nothing of them kept."""
    visits = []
    for _ in range(_TRIES):
        visits.append(weigh(visitor, filled(path, there)))
        settle(visitor.page)
    quickest = min(visits, key=lambda one: one.first_byte_ms)
    return Weight(path, quickest.status, quickest.first_byte_ms, max(one.bytes for one in visits), quickest.parts)


def _table(weights: list[Weight]) -> str:
    lines = [f"| `{one.path}` | {one.first_byte_ms:.0f} | {one.bytes:,} |" for one in weights]
    head = f"With {CUSTOMERS:,} customers, {GROUPS:,} groups and a campaign of {RECIPIENTS:,}; best of {_TRIES} visits.\n\n"
    return head + "\n".join(["| page | first byte (ms) | bytes with assets |", "|---|---:|---:|", *lines, ""])
