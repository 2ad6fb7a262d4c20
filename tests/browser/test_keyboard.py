"""The same way by nothing but a keyboard: the focus is always seen and never lost, windows close by Escape."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from browsing.hands import Keyboard
from browsing.visitor import PHONE, Visitor
from browsing.words import words
from journey.importing import List
from journey.main_job import walk
from journey.sending import Aim
from journey.traveller import Traveller
from world.addresses import Addresses
from world.clinics import Clinic, Clinics
from world.people import unlike

Come = Callable[..., Visitor]

PEOPLE = 7
"""In the file, besides one without a name and one without a phone."""


def few_people(folder: Path) -> List:
    """A file with some people in one group, of whom one does not use the messenger, and two rows with faults."""

    def phone(ending: int) -> str:
        number = unlike()
        return f"010-{3000 + number // 100 % 6000}-{number % 100:02}{ending}"

    rows = [f"손님{number},{phone(60 + number)},재방문,2026-10-0{number + 1}" for number in range(PEOPLE - 1)]
    rows += [
        f"손님{PEOPLE},{phone(91)},재방문,2026-10-09",
        f",{phone(80)},재방문,2026-10-10",
        "김번호,12,재방문,2026-10-11",
    ]
    file = folder / "손님.csv"
    file.write_text("\n".join(["고객명,휴대폰번호,그룹,최근방문일", *rows, ""]))
    return List(file, {"new": PEOPLE, "bad_phone": 1, "missing_name": 1}, left_out=(2, 3))


def test_the_main_job_needs_no_mouse(visit: Come, clinics: Clinics, addresses: Addresses, tmp_path: Path) -> None:
    hands: list[Keyboard] = []

    def keyboard(page: object) -> Keyboard:
        hands.append(Keyboard(page))
        return hands[-1]

    staff = Traveller(visit(), hands=keyboard)
    aim = Aim(customers=PEOPLE - 2, group="재방문", members=PEOPLE - 2, failing=1)
    walk(staff, visit, clinics, addresses, chosen=few_people(tmp_path), aim=aim)
    faults = [fault for one in hands for fault in one.focus.faults]
    assert not faults, "\n".join(faults)


def test_the_first_stop_of_every_page_is_a_way_past_the_navigation(
    visitor: Visitor, clinic: Clinic, clinics: Clinics
) -> None:
    visitor.take_over(clinics.accounts.tokens(clinic.owner))
    focus = Keyboard(visitor.page).focus
    for path in ("/", "/campaigns", "/customers", "/imports", "/settings", "/me"):
        visitor.go(path)
        focus.skip_navigation()
        visitor.page.keyboard.press("Tab")
        seen = focus.look("Tab")
        inside = visitor.page.evaluate("!!document.activeElement.closest('main')")
        assert inside, f"{path}: after the content comes {seen['where']}"
    assert focus.faults == []


def test_the_menu_of_a_phone_closes_by_escape_and_gives_the_focus_back(
    visit: Come, clinic: Clinic, clinics: Clinics
) -> None:
    visitor, common = visit(size=PHONE), words("ko", "common")
    visitor.take_over(clinics.accounts.tokens(clinic.owner))
    visitor.go("/campaigns")
    keyboard = Keyboard(visitor.page)
    opener, navigation = (
        visitor.page.locator("details.menu summary"),
        visitor.page.get_by_role("navigation", name=common["navigation"]),
    )
    expect(navigation).to_be_hidden()
    keyboard.press(opener)
    expect(navigation).to_be_visible()
    for _ in range(3):
        visitor.page.keyboard.press("Tab")
        keyboard.focus.look("Tab")
    assert navigation.evaluate("navigation => navigation.contains(document.activeElement)")
    visitor.page.keyboard.press("Escape")
    expect(navigation).to_be_hidden()
    assert opener.evaluate("opener => opener === document.activeElement")
    assert keyboard.focus.faults == []


def test_numbers_that_renew_themselves_leave_the_focus_where_it_is(
    visitor: Visitor, clinic: Clinic, clinics: Clinics
) -> None:
    visitor.take_over(clinics.accounts.tokens(clinic.owner))
    visitor.go("/")
    focus = Keyboard(visitor.page).focus
    customers = visitor.page.locator("#customers a")
    expect(customers).to_have_text("0")
    focus.bring(customers)
    clinic.customer("손님", "010-2000-0001")
    expect(customers).to_have_text("1", timeout=15_000)
    assert customers.evaluate("link => link === document.activeElement")


def test_a_campaign_that_goes_on_leaves_the_focus_where_it_is(
    visitor: Visitor, clinic: Clinic, clinics: Clinics
) -> None:
    template, group = clinic.template(), clinic.group("재방문", ["010-2000-0001", "010-2000-0002"])
    visitor.take_over(clinics.accounts.tokens(clinic.owner))
    visitor.go("/campaigns")
    campaign = clinic.send([group], template)
    visitor.go(f"/campaigns/{campaign['id']}")
    focus = Keyboard(visitor.page).focus
    delivered = visitor.page.locator("li a", has=visitor.page.locator("#count-delivered"))
    focus.bring(delivered)
    expect(visitor.page.locator("#count-delivered")).to_have_text("2", timeout=60_000)
    assert visitor.page.evaluate("document.activeElement !== document.body"), "the focus is lost"


def test_a_focus_that_is_unseen_covered_or_lost_is_noticed(visitor: Visitor) -> None:
    page = visitor.page
    page.set_content(
        "<style>:focus-visible { outline: 3px solid } #unseen { outline: none }"
        "#lid { position: fixed; inset: 50px 0 0 }</style>"
        "<p><button id=good>1</button><button id=unseen>2</button><button id=gone>3</button></p>"
        "<p style='margin-top: 80px'><button id=covered>4</button></p><div id=lid>5</div>"
    )
    page.locator("#gone").evaluate("button => button.addEventListener('click', () => button.remove())")
    focus = Keyboard(page).focus
    focus.bring(page.locator("#covered"))
    assert [fault.split(": ")[2] for fault in focus.faults] == [
        "its focus is not seen (after Tab)",
        "it is covered, or outside of the window (after Tab)",
    ]
    focus.faults.clear()
    focus.bring(page.locator("#gone"))
    focus.key("Enter")
    assert focus.faults[-1].endswith("Enter there leaves the focus nowhere")
