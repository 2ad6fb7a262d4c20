"""Sending: a group is chosen, then step by step to the button, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.sync_api import Locator, expect

from world.clinics import DESTINATION
from world.people import somebody

from .traveller import LONG_MS, Traveller
from .writing import Message


@dataclass(frozen=True)
class Aim:
    """To whom, and what must come of it."""

    customers: int
    group: str
    members: int
    failing: int

    @property
    def delivered(self) -> int:
        """Who gets it."""
        return self.members - self.failing


@dataclass(frozen=True)
class Recipient:
    """Somebody who gets it."""

    name: str
    phone: str


def choose_group(traveller: Traveller, aim: Aim) -> None:
    """The button that sends sleeps until a group is chosen."""
    words = traveller.words("customers")
    traveller.navigate("Customers")
    heading = traveller.page.get_by_role("heading", level=1)
    expect(heading).to_have_text(f"{words['title']} {aim.customers:,}{words['people']}")
    expect(traveller.page.locator("#send")).to_be_disabled()
    expect(traveller.page.get_by_text(words["send_hint"])).to_be_visible()
    traveller.picture("customers")
    groups = traveller.page.get_by_role("navigation", name=traveller.words("groups")["title"])
    traveller.hands.press(groups.get_by_role("link", name=f"{aim.group} {aim.members:,}", exact=True))
    expect(heading).to_have_text(f"{aim.group} {aim.members:,}{words['people']}")
    expect(traveller.page.locator("a#send")).to_be_enabled()
    traveller.picture("group-chosen")
    traveller.hands.press(traveller.page.locator("a#send"))
    at_step(traveller, "template")


def at_step(traveller: Traveller, step: str) -> None:
    """The wizard is there."""
    expect(traveller.page.locator("input[name=here]").first).to_have_value(step)


def on(traveller: Traveller, step: str, name: str = "") -> None:
    """Go on to the next step, which is this."""
    traveller.press(name or traveller.words("common")["next"])
    at_step(traveller, step)


def compose(traveller: Traveller, message: Message) -> Recipient:
    """Template, link, variables, and what somebody will read: that is the one who is given back."""
    words = traveller.words("send")
    traveller.hands.choose(traveller.page.get_by_role("radio", name=message.name))
    traveller.picture("template-chosen")
    on(traveller, "link")
    traveller.write(words["destination"], DESTINATION)
    traveller.picture("link")
    on(traveller, "variables")
    checked(traveller, traveller.page.get_by_text(words["nobody_lacks"]))
    traveller.picture("variables")
    on(traveller, "preview")
    bubble, shown = traveller.page.locator(".talk-text"), traveller.page.locator(".preview-of strong")
    first = shown.inner_text()
    expect(bubble).to_contain_text(message.to(first))
    traveller.press(words["next_one"])
    expect(shown).not_to_have_text(first)
    name, phone = shown.inner_text(), traveller.page.locator(".preview-of .muted").inner_text()
    expect(bubble).to_contain_text(message.to(name))
    expect(traveller.page.locator(".talk-button")).to_have_text(message.button)
    traveller.picture("message-of-a-recipient")
    on(traveller, "check", words["to_check"])
    return Recipient(name, phone)


def checked(traveller: Traveller, locator: Locator) -> None:
    """What is looked up when the page is there already: without scripts a button asks for it."""
    if not traveller.script:
        traveller.press(traveller.words("send")["look_now"])
    expect(locator).to_be_visible(timeout=LONG_MS)


def pre_flight(traveller: Traveller, aim: Aim) -> None:
    """Everything is in order, by numbers."""
    words = traveller.words("send")
    checked(traveller, traveller.page.locator("#sendable"))
    expect(traveller.page.locator("#sendable")).to_have_text(f"{aim.members:,}명")
    traveller.says(f"전체 {aim.members:,}명 중")
    traveller.says(words["as_approved"])
    traveller.picture("pre-flight")


def try_out(traveller: Traveller) -> None:
    """A test to one's own phone."""
    words, phone = traveller.words("send"), somebody().phone
    traveller.write(words["own_phones"], phone)
    traveller.press(words["test"])
    traveller.says(words["test_sent"])
    if traveller.script:
        result = traveller.page.locator("#test-result li")
        expect(result).to_have_text(f"{phone} 도착", timeout=LONG_MS)
        traveller.picture("test-sent")
    else:
        traveller.follow(words["test_page"])
        traveller.until(traveller.page.locator("#messages .badge", has_text="도착"))
        traveller.picture("test-sent")
        traveller.page.go_back()
    checked(traveller, traveller.page.locator("#sendable"))


def send(traveller: Traveller, aim: Aim, name: str) -> str:
    """The button, and the question that it asks. Gives the path of the campaign."""
    words = traveller.words("send")
    traveller.write(words["name"], name)
    traveller.press(words["send_now"].replace("{}", f"{aim.members:,}명"))
    question = traveller.page.get_by_role("dialog")
    expect(question).to_contain_text(f"{aim.members:,}명에게 보낼까요?")
    traveller.picture("really-send")
    traveller.press(words["yes_send"], within=question)
    traveller.page.wait_for_url("**/campaigns/cmp_*")
    traveller.says(words["sent"])
    expect(traveller.page.get_by_role("heading", level=1)).to_have_text(name)
    traveller.picture("sending")
    return traveller.page.evaluate("location.pathname")


def watch_it_finish(traveller: Traveller, aim: Aim) -> None:
    """The numbers of the page go up by themselves until all results are there, and they add up."""
    words = traveller.words("campaigns")
    states = {"delivered": aim.delivered, "failed": aim.failing, "queued": 0, "sent": 0, "unknown": 0, "excluded": 0}
    whole = traveller.page.get_by_text(f"{words['with_result']} {aim.members:,} / {aim.members:,}")
    traveller.until(whole)
    finished = traveller.page.locator(".campaign-state .badge").get_by_text("완료", exact=True)
    traveller.until(finished)
    expect(traveller.page.locator("#requested")).to_have_text(f"{aim.members:,}")
    for state, count in states.items():
        expect(traveller.page.locator(f"#count-{state}")).to_have_text(f"{count:,}")
    traveller.picture("finished")


def see_the_click(traveller: Traveller, aim: Aim, recipient: Recipient, path: str) -> None:
    """On the campaign's page, whose message it was; on the dashboard, of how many."""
    words = traveller.words("campaigns")
    assert urlsplit(traveller.page.url).path == path
    traveller.until(traveller.page.locator("#unique-clicks", has_text="1명"))
    traveller.says(f"도착한 {aim.delivered:,}명 가운데")
    traveller.picture("click-on-the-campaign")
    traveller.write(words["search_people"], recipient.phone)
    traveller.press(traveller.words("common")["search"], within=traveller.page.locator("#messages"))
    row = traveller.page.locator("#messages tbody tr")
    expect(row).to_have_count(1)
    expect(row.get_by_role("rowheader")).to_contain_text(recipient.name)
    expect(row.locator("td").last.locator("time")).to_be_visible()
    traveller.picture("who-clicked")
    traveller.navigate("Dashboard")
    figures = {"success-rate": (aim.delivered, aim.members), "click-rate": (1, aim.delivered)}
    for name, (numerator, denominator) in figures.items():
        card = traveller.page.locator("li.card", has=traveller.page.locator(f"#{name}"))
        share = f"{int(numerator * 1000 / denominator + 0.5) / 10}%"
        expect(card.locator(f"#{name}")).to_have_text(share)
        expect(card.locator(".fraction")).to_contain_text(f"{numerator:,} / {denominator:,}")
    expect(traveller.page.locator("#customers")).to_have_text(f"{aim.customers:,}")
    traveller.picture("click-on-the-dashboard")
