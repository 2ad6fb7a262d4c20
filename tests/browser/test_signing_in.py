"""Signing in, out, and what stands around every page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from browsing import accessibility, layout
from browsing.headers import faults
from browsing.visitor import DESK, PHONE, Visitor
from browsing.words import words
from world.addresses import Addresses
from world.clinics import Clinics
from world.http import send
from world.people import somebody

Come = Callable[..., Visitor]


@pytest.mark.parametrize("script", [True, False], ids=["with-script", "without-script"])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_somebody_signs_in_and_out(visit: Come, clinics: Clinics, language: str, script: bool) -> None:
    person = somebody()
    clinics.accounts.sign_up(person)
    visitor, account, common = (
        visit(language=language, script=script),
        words(language, "account"),
        words(language, "common"),
    )
    page = visitor.page
    email, password = page.get_by_label(common["email"]), page.get_by_label(account["password"])
    sign_in = page.get_by_role("button", name=account["sign_in"])
    visitor.go("/sign-in?next=/me")
    email.fill(person.email)
    password.fill("wrong-horse-1")
    sign_in.click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(email).to_have_value(person.email)
    expect(password).to_have_value("")
    password.fill(person.password)
    sign_in.click()
    page.wait_for_url("**/me")
    page.get_by_role("button", name=common["sign_out"]).click()
    page.wait_for_url("**/sign-in*")
    assert [cookie["name"] for cookie in visitor.context.cookies()] == ["__Host-dangol-csrf"]


def test_whoever_has_a_session_need_not_sign_in(visitor: Visitor, clinics: Clinics) -> None:
    person = somebody()
    clinics.accounts.sign_up(person)
    visitor.take_over(clinics.accounts.tokens(person))
    visitor.go("/sign-in?next=/me")
    assert visitor.page.url.endswith("/me")
    visitor.lose_session()
    visitor.go("/sign-in?next=/me")
    assert "/sign-in" in visitor.page.url


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_page_of_signing_in_is_in_order(visit: Come, language: str, scheme: str, size: tuple[int, int]) -> None:
    visitor = visit(language=language, scheme=scheme, size=size)
    visitor.go("/sign-in")
    visitor.picture(f"pages/sign-in-{visitor.name}")
    assert visitor.page.locator("html").get_attribute("lang") == language
    assert accessibility.violations(visitor.page) == []
    assert layout.faults(visitor.page) == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 303),
        ("GET", "/sign-in", 200),
        ("GET", "/nowhere", 404),
        ("GET", "/assets/nowhere.js", 404),
        ("HEAD", "/sign-in", 200),
        ("POST", "/sign-in", 403),
        ("DELETE", "/sign-in", 403),
        ("GET", "/x%00", 404),
        ("GET", "/i/unknown", 404),
    ],
)
def test_every_answer_has_the_security_headers(addresses: Addresses, method: str, path: str, status: int) -> None:
    answer = send(method, addresses.console + path)
    names = {name.lower(): value for name, value in answer.headers.items()}
    assert (answer.status, faults(answer.status, names, addresses.uploads)) == (status, [])
