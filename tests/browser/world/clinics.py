"""Clinics, and what they have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .api import Api
from .http import Answer, send
from .people import Accounts, Person, somebody, unlike
from .provider import Provider

DESTINATION = "https://www.example.com/booking?from=alimtalk"
CONTENT = "#{고객명}님,\n예약을 확인해 주세요."
IN_APP = (
    "Mozilla/5.0 (Linux; Android 14; SM-S918N Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
    "Chrome/120.0.6099.230 Mobile Safari/537.36;KAKAOTALK 2410210"
)
"""How KakaoTalk's own browser calls itself."""


@dataclass(frozen=True)
class Clinic:
    """A clinic, its owner, and the API as the owner uses it."""

    id: str
    name: str
    sender_key: str
    owner: Person
    api: Api
    provider: Provider
    links: str
    """What links of messages begin with."""

    def customer(self, name: str, phone: str, **more: Any) -> Any:
        """A customer."""
        return self.api.post("/v1/customers", {"name": name, "phone": phone, **more})

    def group(self, name: str, phones: list[str]) -> Any:
        """A group of new customers; the last digits of a phone decide what becomes of their messages."""
        customers = [self.customer(f"손님{number}", phone)["id"] for number, phone in enumerate(phones)]
        return self.api.post("/v1/groups", {"name": name, "customerIds": customers})

    def template(self, *, name: str = "예약 안내", content: str = CONTENT) -> Any:
        """A template that the provider has approved and the clinic may send."""
        code = f"TP_{unlike()}"
        self.provider.approve(self.sender_key, code, name=name, content=content, link=f"{self.links}/c/#{{link}}")
        self.api.post("/v1/templates/sync")
        return next(template for template in self.api.list("/v1/templates") if template["code"] == code)

    def send(self, groups: list[Any], template: Any, **more: Any) -> Any:
        """A campaign on its way."""
        ids = [group["id"] for group in groups]
        return self.api.post(
            "/v1/campaigns", {"groupIds": ids, "templateId": template["id"], "destination": DESTINATION, **more}
        )

    def finished(self, campaign: Any, *, seconds: float = 120.0) -> Any:
        """Wait until the results of all its messages are there."""

        def done(now: Any) -> bool:
            messages = now["messages"]
            assert now["state"] not in ("failed", "canceled"), now
            return now["state"] == "finished" and not messages["queued"] and not messages["sent"]

        return self.api.wait_for(f"/v1/campaigns/{campaign['id']}", done, seconds=seconds)

    def messages(self, campaign: Any) -> list[Any]:
        """The messages of a campaign, with the link of each."""
        return list(self.api.list(f"/v1/campaigns/{campaign['id']}/messages"))

    def code(self, label: str = "접수대") -> str:
        """A referral code of the clinic's own."""
        return self.api.post("/v1/referral-codes", {"label": label})["code"]


class Clinics:
    """Makes clinics and members."""

    def __init__(self, accounts: Accounts, provider: Provider, links: str) -> None:
        self.accounts = accounts
        self.provider = provider
        self._links = links

    def make(self, name: str | None = None, owner: Person | None = None) -> Clinic:
        """A clinic of its own, with a sender profile of its own."""
        number = unlike()
        name = name or f"단골의원 {number}"
        owner = owner or somebody("이원장")
        sender_key = f"sender-{number}"
        self.provider.know(sender_key, f"profile {number}")
        api = self.accounts.sign_up(owner)
        wish = {"name": name, "senderKey": sender_key, "senderPhone": "02-123-4567", "linkHosts": ["www.example.com"]}
        made = api.post("/v1/clinics", wish)
        return Clinic(made["id"], name, sender_key, owner, api, self.provider, self._links)

    def colleague(self, clinic: Clinic, name: str = "박직원", role: str = "staff") -> Person:
        """Another one of the clinic's staff."""
        person = somebody(name)
        invited = clinic.api.post("/v1/staff/invitations", {"name": name, "role": role})
        token = invited["link"].rsplit("/", 1)[1]
        self.accounts.sign_up(person).post("/v1/staff/invitations/accept", {"token": token})
        return person

    def member(self, code: str, name: str = "최단골") -> tuple[Person, Api]:
        """A patient who has joined by a code."""
        person = somebody(name)
        api = self.accounts.sign_up(person)
        api.post("/v1/signups", {"referralCode": code})
        return person, api


def open_link(link: str, agent: str = IN_APP) -> Answer:
    """Visit the link of a message as a phone does, without going where it leads."""
    return send("GET", link, headers={"User-Agent": agent})
