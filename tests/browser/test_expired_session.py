"""A session that ends in the middle of a form: signing in again brings it back, filled, and pressing once more does it, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from browsing.pages import settle
from browsing.visitor import Visitor
from browsing.words import words
from world import lists
from world.clinics import DESTINATION, Clinic, Clinics
from world.people import unlike

Come = Callable[..., Visitor]
There = dict[str, Any]

_FILE = "이름,휴대폰,그룹\n김하나,010-6100-0001,VIP\n이세찬,전화 없음,재방문\n"


@dataclass(frozen=True)
class Case:
    """A form, what is typed into it, and how one sees that it was done."""

    name: str
    path: str
    typed: dict[str, str]
    """Fields by their selectors."""

    press: tuple[str, ...]
    """The buttons, one after the other."""

    count: Callable[[Any], int]
    """How often it was done: asked of the API, as the owner."""

    ticked: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        return self.name


def _those(path: str, wanted: Callable[[Any, str], bool]) -> Callable[[There], int]:
    return lambda there: sum(wanted(one, there["n"]) for one in there["api"].list(path.format_map(there)))


def _is(path: str, wanted: Callable[[Any, str], bool]) -> Callable[[There], int]:
    return lambda there: int(wanted(there["api"].get(path.format_map(there)), there["n"]))


_LATER = (datetime.now() + timedelta(days=9)).strftime("%Y-%m-%dT10:30")
_CASES = (
    Case(
        "a-new-customer",
        "/customers/new",
        {
            "#field-name": "김끊김{n}",
            "#field-phone": "010-6400-{n}",
            "[id='field-new-column.0']": "취미",
            "[id='field-new-value.0']": "걷기",
        },
        ("[value=save]:not(.visually-hidden)",),
        _those("/v1/customers?q=010-6400-{n}", lambda one, n: one["attributes"] == {"취미": "걷기"}),
        ticked=("[name=group][value='{group_id}']", "#field-consent"),
    ),
    Case(
        "a-changed-customer",
        "/customers/{customer_id}",
        {"#field-name": "박바뀜{n}"},
        ("[value=save]:not(.visually-hidden)",),
        _is("/v1/customers/{customer_id}", lambda one, n: one["name"] == f"박바뀜{n}"),
        ticked=("[name=group][value='{group_id}']",),
    ),
    Case(
        "chosen-customers",
        "/customers",
        {"[name=new-group]": "새로 묶은 분들 {n}"},
        (".selection [popovertarget=to-group]", "[value=add]"),
        _those("/v1/groups", lambda group, n: group["name"] == f"새로 묶은 분들 {n}" and group["customers"] == 1),
        ticked=("[name=customer][value='{customer_id}']", "[name=to][value=new]"),
    ),
    Case(
        "a-template",
        "/templates/new",
        {
            "#field-name": "끊긴 글 {n}",
            "#field-content": "#{고객명}님,\n  두 칸 들어간 줄",
            "#field-button-0-name": "보기",
        },
        ("[value=save]:not(.visually-hidden)",),
        _those("/v1/templates", lambda one, n: one["name"] == f"끊긴 글 {n}" and "\n  두 칸" in one["content"]),
    ),
    Case(
        "the-last-step-of-sending",
        "/send?group={group_id}&template={template_id}&destination=" + quote(DESTINATION, safe="") + "&step=check",
        {"#field-name": "끊긴 발송 {n}", "#field-at": _LATER},
        ("[popovertarget=sure]", "#sure [type=submit]"),
        _those("/v1/campaigns", lambda one, n: one["name"] == f"끊긴 발송 {n}" and one["state"] == "scheduled"),
        ticked=("#send [name=when][value=later]",),
    ),
    Case(
        "settings",
        "/settings",
        {"#field-pointsNotice": "첫째 줄\n둘째 줄 {n}", "#field-joinPoints": "1,234"},
        ("#points button[type=submit]",),
        _is("/v1/clinic", lambda clinic, n: clinic["joinPoints"] == 1234 and clinic["pointsNotice"].endswith(n)),
    ),
    Case(
        "an-invitation",
        "/staff/invitations/new",
        {"#field-name": "신입사원{n}", "#field-role": "owner"},
        ("main form .primary",),
        _those("/v1/staff/invitations", lambda one, n: one["name"] == f"신입사원{n}" and one["role"] == "owner"),
    ),
    Case(
        "a-row-of-an-import",
        "/imports/{import_id}/rows/3",
        {"#field-phone": "010-6401-{n}", "#field-group": "단골"},
        ("main form .primary",),
        _those(
            "/v1/imports/{import_id}/rows", lambda row, n: row["phone"] == f"010-6401-{n}" and row["group"] == "단골"
        ),
    ),
    Case(
        "points-that-are-used",
        "/members/{member_id}",
        {"#field-spend-amount": "300", "#field-spend-note": "물리치료 {n}"},
        ("#spend .primary",),
        _those(
            "/v1/points?userId={member_id}",
            lambda line, n: line.get("note") == f"물리치료 {n}" and line["amount"] == -300,
        ),
    ),
)


@pytest.fixture(scope="module")
def clinic_with_forms(clinics: Clinics) -> tuple[Clinic, There]:
    """A clinic with what the forms need."""
    clinic = clinics.make()
    group = clinic.group("재방문", ["010-6400-0100"])
    customer = next(clinic.api.list("/v1/customers"))
    read = lists.upload(clinic.api, "명단.csv", _FILE.encode())
    _, member = clinics.member(clinic.code())
    member.wait_for("/v1/me", lambda me: me["clinics"][0]["points"] >= 1000)
    return clinic, {
        "api": clinic.api,
        "customer_id": customer["id"],
        "group_id": group["id"],
        "template_id": clinic.template()["id"],
        "import_id": read["id"],
        "member_id": next(clinic.api.list("/v1/members"))["userId"],
    }


@pytest.mark.parametrize("case", _CASES, ids=str)
@pytest.mark.parametrize("script", [True, False], ids=["with-script", "without-script"])
def test_a_form_comes_back_filled_and_is_done_once(
    visit: Come, clinics: Clinics, clinic_with_forms: tuple[Clinic, There], case: Case, script: bool
) -> None:
    clinic, found = clinic_with_forms
    there = {**found, "n": f"{unlike() % 10_000:04}"}
    assert case.count(there) == 0
    visitor = visit(script=script)
    page = visitor.page
    visitor.take_over(clinics.accounts.tokens(clinic.owner))
    visitor.go(case.path.format_map(there))
    _look_now(page, script)
    _fill(page, case, there)
    visitor.lose_session()
    _press(page, case.press)
    _sign_in_again(page, clinic)
    assert case.count(there) == 0, "it was done although nobody looked at it again"
    expect(page.locator("main .notice.warning").first).to_contain_text(words("ko", "common")["form_restored"])
    _expect_filled(page, case, there)
    _press(page, case.press)
    expect(page.locator("main .notice.bad")).to_have_count(0)
    assert case.count(there) == 1


def _look_now(page: Page, script: bool) -> None:
    """What a script fetches by itself is asked for by a button without one."""
    if script:
        settle(page)
    elif (button := page.locator("[name=checked]")).count():
        button.click()


def _fill(page: Page, case: Case, there: There) -> None:
    page.evaluate("document.querySelectorAll('details:not(.menu)').forEach(part => { part.open = true; })")
    for selector in case.ticked:
        _open_window(page, case, selector)
        page.locator(selector.format_map(there)).check()
    for selector, text in case.typed.items():
        entry = page.locator(selector)
        if entry.evaluate("field => field.localName") == "select":
            entry.select_option(text)
        else:
            entry.fill(text.replace("{n}", there["n"]))


def _open_window(page: Page, case: Case, selector: str) -> None:
    """Some fields are in the window that a button opens."""
    if selector.startswith("[name=to]"):
        page.locator(case.press[0]).first.click()


def _press(page: Page, buttons: tuple[str, ...]) -> None:
    for selector in buttons[:-1]:
        if not page.locator(buttons[-1]).first.is_visible():
            page.locator(selector).first.click()
    with page.expect_navigation():
        page.locator(buttons[-1]).first.click()


def _sign_in_again(page: Page, clinic: Clinic) -> None:
    account = words("ko", "account")
    expect(page.get_by_role("heading", name=account["sign_in_again"])).to_be_visible()
    email, password = page.locator("[type=email]"), page.locator("[type=password]")
    for attempt in ("wrong-horse-1", clinic.owner.password):
        email.fill(clinic.owner.email)
        password.fill(attempt)
        with page.expect_navigation():
            page.get_by_role("button", name=account["sign_in"]).click()
        if attempt != clinic.owner.password:
            expect(page.get_by_role("alert")).to_be_visible()
            expect(email).to_have_value(clinic.owner.email)
            expect(password).to_have_value("")


def _expect_filled(page: Page, case: Case, there: There) -> None:
    for selector in case.ticked:
        found = page.locator(selector.format_map(there))
        if found.get_attribute("type") != "hidden":
            expect(found).to_be_checked()
    for selector, text in case.typed.items():
        expect(page.locator(selector)).to_have_value(text.replace("{n}", there["n"]))


def test_a_mere_button_leads_back_to_its_page(visitor: Visitor, clinics: Clinics, clinic_with_forms: Any) -> None:
    clinic, there = clinic_with_forms
    page = visitor.page
    visitor.take_over(clinics.accounts.tokens(clinic.owner))
    visitor.go(f"/customers/{there['customer_id']}")
    visitor.lose_session()
    page.locator("[popovertarget=delete-customer]").first.click()
    page.locator("#delete-customer [type=submit]").click()
    page.wait_for_url("**/sign-in?next=*")
    page.locator("#field-email").fill(clinic.owner.email)
    page.locator("#field-password").fill(clinic.owner.password)
    page.locator("main form .primary").click()
    page.wait_for_url(f"**/customers/{there['customer_id']}")
    assert clinic.api.get(f"/v1/customers/{there['customer_id']}")["id"] == there["customer_id"]


def test_a_step_of_sending_is_gone_on_with(visitor: Visitor, clinics: Clinics, clinic_with_forms: Any) -> None:
    clinic, there = clinic_with_forms
    page = visitor.page
    visitor.take_over(clinics.accounts.tokens(clinic.owner))
    visitor.go(f"/send?group={there['group_id']}&template={there['template_id']}&step=link")
    page.locator("#field-destination").fill(DESTINATION)
    visitor.lose_session()
    page.locator("#wizard .primary").click()
    page.wait_for_url("**/sign-in?next=*")
    page.locator("#field-email").fill(clinic.owner.email)
    page.locator("#field-password").fill(clinic.owner.password)
    page.locator("main form .primary").click()
    page.wait_for_url("**/send?*")
    assert urlsplit(page.url).query.count(quote(DESTINATION, safe="")) == 1
    expect(page.locator(".wizard-summary")).to_contain_text(DESTINATION)


def test_a_password_is_never_carried_along(visitor: Visitor, clinics: Clinics) -> None:
    person = clinics.make(f"의원 {unlike()}").owner
    visitor.go("/sign-up/confirm")
    page = visitor.page
    page.locator("#field-email").fill(person.email)
    page.locator("#field-code").fill("123456")
    page.locator("#field-password").fill("a-secret-horse-1")
    visitor.context.clear_cookies()
    page.locator("main form .primary").click()
    page.wait_for_load_state()
    expect(page.locator("#field-code")).to_have_value("123456")
    assert "a-secret-horse-1" not in page.content()
