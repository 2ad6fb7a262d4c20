"""People with accounts, and the mails they get."""

from __future__ import annotations

import itertools
import re
import time
from dataclasses import dataclass
from typing import Any

from .addresses import Addresses
from .api import Api
from .http import send

PASSWORD = "correct-horse-1"

_MAIL_SECONDS = 20.0
_numbers = itertools.count(
    int(time.time() * 10) % 10_000_000
)  # an application that runs for weeks has met earlier ones


def unlike() -> int:
    """A number of seven digits that no other test of this run has, nor one of a run a little while ago."""
    return next(_numbers) % 10_000_000


@dataclass(frozen=True)
class Person:
    """Somebody, who may have an account."""

    email: str
    name: str
    phone: str
    password: str = PASSWORD


def somebody(name: str = "김단골") -> Person:
    """A person nobody has met yet."""
    number = unlike()
    phone = f"010-{2000 + number // 10_000:04}-{number % 10_000:04}"
    return Person(f"person-{number}@pages.example", name, phone)


class Accounts:
    """Signing up and in, through the API."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses
        self._anonymous = Api(addresses.api)

    def sign_up(self, person: Person) -> Api:
        """An account, proven with the code of the mail; the person is signed in."""
        wish = {"email": person.email, "password": person.password, "name": person.name, "phone": person.phone}
        self._anonymous.post("/v1/accounts", wish)
        proof = {"email": person.email, "password": person.password, "code": self.newest_code(person.email)}
        self._anonymous.post("/v1/accounts/confirm", proof)
        return self.sign_in(person)

    def sign_in(self, person: Person) -> Api:
        """The API as this person uses it."""
        return Api(self._addresses.api, self.tokens(person)["idToken"])

    def tokens(self, person: Person) -> Any:
        """What signing in gives: `idToken`, `refreshToken`, `expiresIn`."""
        return self._anonymous.post("/v1/sessions", {"email": person.email, "password": person.password})

    def newest_code(self, email: str) -> str:
        """The six digits of the newest mail to somebody; waits for the first one."""
        deadline = time.monotonic() + _MAIL_SECONDS
        while not (mails := self.mails_to(email)):
            assert time.monotonic() < deadline, f"no mail to {email}"
            time.sleep(0.1)
        found = re.search(r"(?<!\d)\d{6}(?!\d)", mails[-1])
        assert found, f"no code in {mails[-1]}"
        return found[0]

    def mails_to(self, email: str) -> list[str]:
        """The texts of all mails to an address, oldest first."""
        sent = send("GET", f"{self._addresses.emulator}/_ministack/ses/messages").json["messages"]
        mails = [mail for mails in sent.values() for mail in mails if email in mail["To"]]
        return [f"{mail['Subject']} {mail['BodyText']} {mail['BodyHtml']}" for mail in mails]
