"""A new clinic: its owner signs up and registers it."""

from __future__ import annotations

from playwright.sync_api import expect

from world.clinics import DESTINATION, Clinics
from world.people import Person, unlike

from .traveller import Traveller

HOST = DESTINATION.split("/")[2]


def sign_up(traveller: Traveller, clinics: Clinics, person: Person) -> None:
    """From the page of signing up or in, over the code in the mail, to being signed in."""
    words, common = traveller.words("account"), traveller.words("common")
    traveller.write(common["email"], person.email)
    traveller.write(common["name"], person.name)
    traveller.write(words["phone_optional"], person.phone)
    traveller.picture("sign-up")
    traveller.press(words["send_code"])
    traveller.says(words["check_mail"])
    expect(traveller.field(common["email"])).to_have_value(person.email)
    traveller.write(words["code"], clinics.accounts.newest_code(person.email))
    traveller.write(words["choose_password"], person.password)
    traveller.picture("code-from-the-mail")
    traveller.press(words["confirm"])
    traveller.says(words["welcome"])


def register(traveller: Traveller, clinics: Clinics) -> str:
    """A clinic whose sender profile the provider knows, by the form that a new owner meets. Gives its name."""
    words, number = traveller.words("clinic"), unlike()
    name, sender_key = f"길잡이의원 {number}", f"sender-{number}"
    clinics.provider.know(sender_key, name)
    expect(traveller.page.get_by_role("heading", name=words["choices"])).to_be_visible()
    traveller.follow(words["to_form"])
    expect(traveller.page.get_by_role("heading", name=words["title"])).to_be_visible()
    traveller.write(words["name"], name)
    traveller.write(words["sender_key"], sender_key)
    traveller.write(words["sender_phone"], "02-123-4567")
    traveller.write(words["link_hosts"], HOST)
    traveller.picture("register-a-clinic")
    traveller.press(words["register"])
    traveller.says(words["registered"])
    expect(traveller.page.locator(".clinic")).to_have_text(name)
    traveller.picture("first-steps")
    return name
