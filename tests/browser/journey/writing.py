"""A template: written, sent for review, approved."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import expect

from world.provider import Provider

from .traveller import Traveller


@dataclass(frozen=True)
class Message:
    """What a template says."""

    name: str = "예약 안내"
    content: str = "#{고객명}님,\n마지막으로 오신 날은 #{최근방문일}입니다.\n다음 예약을 확인해 주세요."
    button: str = "예약 보기"

    def to(self, name: str) -> str:
        """The beginning of it as somebody reads it."""
        return self.content.splitlines()[0].replace("#{고객명}", name)


def write(traveller: Traveller, message: Message) -> None:
    """In the editor, with the message in the shape that it will have beside it; then off for review."""
    words = traveller.words("templates")
    traveller.navigate("Templates")
    traveller.follow(words["new"])
    traveller.write(words["name"], message.name)
    traveller.write(words["content"], message.content)
    traveller.write(words["button_name"], message.button)
    preview = traveller.page.locator("#preview")
    if not traveller.script:
        traveller.press(words["renew_preview"])
    expect(preview).to_contain_text("다음 예약을 확인해 주세요.")
    expect(preview).to_contain_text(message.button)
    traveller.picture("write-a-template")
    traveller.press(words["save_and_submit"])
    traveller.says(words["saved_and_submitted"])
    expect(traveller.page.get_by_role("heading", level=1)).to_have_text(f"{message.name} {words['in_review']}")
    traveller.picture("template-in-review")


def have_it_approved(traveller: Traveller, provider: Provider, message: Message) -> None:
    """The reviewers are the simulator's; the clinic learns of it by the button for that."""
    words = traveller.words("templates")
    code = traveller.page.locator("dt", has_text=words["code"]).locator("xpath=following-sibling::dd[1]").inner_text()
    provider.review(code)
    traveller.navigate("Templates")
    row = traveller.row(message.name)
    expect(row).to_contain_text(words["in_review"])
    traveller.press(words["sync"])
    expect(row.locator(".badge")).to_have_text(words["sendable"])
    traveller.picture("template-approved")
