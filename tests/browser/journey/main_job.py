"""The whole way: from signing up to the patient who joins by the printed code, and the staff who see the points."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from browsing.visitor import PHONE, Visitor
from world.addresses import Addresses
from world.clinics import IN_APP, Clinics
from world.people import somebody

from . import beginning, importing, joining, sending, writing
from .importing import List
from .sending import Aim
from .traveller import Traveller


def walk(
    staff: Traveller, come: Callable[..., Visitor], clinics: Clinics, addresses: Addresses, *, chosen: List, aim: Aim
) -> None:
    """All steps, each with what must be seen after it. `come` makes the patients' visitors."""
    message = writing.Message()
    staff.visitor.go("/")
    staff.follow(staff.words("account")["sign_up"])
    beginning.sign_up(staff, clinics, somebody("이원장"))
    clinic = beginning.register(staff, clinics)

    importing.upload(staff, chosen)
    importing.review(staff, chosen)
    importing.commit(staff, chosen)

    writing.write(staff, message)
    writing.have_it_approved(staff, clinics.provider, message)
    sending.choose_group(staff, aim)
    recipient = sending.compose(staff, message)
    sending.pre_flight(staff, aim)
    sending.try_out(staff)
    campaign = sending.send(staff, aim, "11월 예약 안내")
    sending.watch_it_finish(staff, aim)

    joining.open_link(staff.beside(come(size=PHONE, agent=IN_APP)), addresses, clinic, message, recipient)
    sending.see_the_click(staff, aim, recipient, campaign)

    code = joining.make_code(staff, "접수대 QR")
    folder: Path = addresses.pictures / (staff.album.name if staff.album else "main-job")
    link = joining.print_poster(staff, addresses, clinic, code, folder)
    friend = somebody("최단골")
    joining.join(staff.beside(come(size=PHONE)), clinics, clinic, link, friend)
    joining.see_the_member(staff, friend, code)
