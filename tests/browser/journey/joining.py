"""The patients' side: a link is opened, a printed code is read, somebody joins; and what the staff sees of it."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import expect

from browsing import printed
from world.addresses import Addresses, origin
from world.clinics import DESTINATION, Clinics
from world.people import Person

from .beginning import sign_up
from .sending import Recipient
from .traveller import LONG_MS, Traveller
from .writing import Message

POINTS = 1_000
"""What a clinic grants for a first join, unless it says otherwise."""


def open_link(patient: Traveller, addresses: Addresses, clinic: str, message: Message, recipient: Recipient) -> None:
    """On the patient's phone, which the provider's simulator shows: the message, whose button leads somewhere."""
    for address in (addresses.aligo, addresses.api, DESTINATION):
        patient.visitor.watch.allow(address)
    assert patient.visitor.context.cookies() == []
    patient.page.goto(f"{addresses.aligo}/?phone={re.sub('[^0-9]', '', recipient.phone)}")
    received = patient.page.get_by_role("article").filter(has=patient.page.get_by_role("heading", name=clinic))
    expect(received.locator(".text")).to_contain_text(message.to(recipient.name))
    patient.picture("message-on-the-phone")
    leads = {"predicate": lambda request: request.url.startswith(DESTINATION)}
    with patient.visitor.context.expect_event("request", **leads) as request:
        patient.hands.press(received.get_by_role("link", name=message.button))
    asked = request.value.redirected_from
    assert asked and urlsplit(asked.url).path.startswith("/c/"), (
        "the button does not lead over the link that is counted"
    )
    assert patient.visitor.context.cookies() == [], "a link leaves cookies behind"


def make_code(staff: Traveller, label: str) -> str:
    """A code of the clinic's own for a place in the clinic."""
    words = staff.words("codes")
    staff.navigate("Codes")
    staff.write(words["label"], label)
    staff.press(words["make"])
    staff.says(words["made_said"])
    drawn(staff)
    staff.picture("code")
    return staff.page.locator("#invite-link").inner_text().rsplit("/", 1)[1]


def drawn(staff: Traveller) -> None:
    """The QR code is there, not only its frame."""
    for image in staff.page.locator("main img").all():
        expect(image).to_have_js_property("complete", True)
        assert image.evaluate("image => image.naturalWidth > 0"), image.get_attribute("src")


def print_poster(staff: Traveller, addresses: Addresses, clinic: str, code: str, folder: Path) -> str:
    """The poster on A4, as it comes out of the printer; gives the link that a camera reads on it."""
    words = staff.words("codes")
    staff.follow(words["poster"])
    expect(staff.page.locator(".poster")).to_contain_text(clinic)
    expect(staff.page.locator(".poster")).to_contain_text(f"{POINTS:,}포인트")
    drawn(staff)
    staff.picture("poster-on-the-screen")
    if staff.script:
        staff.press(staff.words("common")["print"])
    sheets = printed.to_paper(staff.page, folder / "poster.pdf")
    assert len(sheets) == 1, f"the poster has {len(sheets)} sheets"
    sheets[0].save(folder / "poster-on-paper.png")
    links = printed.codes(sheets[0])
    assert links == [f"{origin(addresses.api)}/i/{code}"]
    return links[0]


def join(patient: Traveller, clinics: Clinics, clinic: str, link: str, person: Person) -> None:
    """By the link on the paper: who invites, an account, and back to where it began."""
    words = patient.words("invite")
    patient.visitor.go(urlsplit(link).path)
    expect(patient.page.get_by_role("heading", name=clinic)).to_be_visible()
    patient.says(f"단골이 되면 {POINTS:,} 포인트")
    patient.picture("invited")
    patient.follow(words["sign_up_and_join"])
    sign_up(patient, clinics, person)
    assert urlsplit(patient.page.url).path == urlsplit(link).path, "signing up does not lead back to the invitation"
    patient.picture("signed-up-and-back")
    patient.press(words["join"])
    patient.page.wait_for_url("**/me")
    patient.says(f"{clinic}의 단골이 되었습니다. {POINTS:,} 포인트가 곧 적립됩니다.")
    has_points(patient, f"{POINTS:,} 포인트")
    patient.picture("joined")


def has_points(patient: Traveller, text: str) -> None:
    """The page of one's own says so, once it is asked again."""
    figure = patient.page.locator(".membership .figure")
    for _ in range(50):
        if figure.inner_text() == text:
            return
        patient.page.reload()
    expect(figure).to_have_text(text)


def see_the_member(staff: Traveller, person: Person, code: str) -> None:
    """The staff's dashboard counts the member; the list leads to who it is, by which code, and with which points."""
    words = staff.words("members")
    staff.navigate("Dashboard")
    expect(staff.page.locator("#members")).to_have_text("1", timeout=LONG_MS)
    staff.picture("member-on-the-dashboard")
    staff.hands.press(staff.page.locator("#members a"))
    row = staff.row(person.name)
    expect(row).to_contain_text(words["confirmed"])
    expect(row).to_contain_text(code)
    expect(row.locator("td.number")).to_have_text(f"{POINTS:,}")
    staff.picture("members")
    staff.follow(person.name)
    expect(staff.page.locator("#balance")).to_have_text(f"{POINTS:,}")
    expect(staff.page.locator("main")).to_contain_text(words["by_clinic"])
    staff.picture("member")
    staff.navigate("Points")
    points = staff.words("points")
    granted = staff.page.locator("#totals li").first
    expect(granted).to_have_text(f"{points['granted']} {POINTS:,}")
    expect(staff.page.locator("#totals li").last).to_contain_text(f"{points['outstanding']} {POINTS:,}")
    staff.picture("points")
