"""The main job by clicks and keys alone, with a list of a real clinic's size. Its pictures are numbered."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, expect

from browsing.visitor import Visitor
from journey import importing
from journey.main_job import walk
from journey.sending import Aim
from journey.traveller import Album, Traveller
from world import lists
from world.addresses import Addresses
from world.clinics import Clinic, Clinics

Come = Callable[..., Visitor]

REFERENCE = importing.List(lists.REFERENCE, lists.REFERENCE_COUNTS, left_out=(4, 5))


def test_from_signing_up_to_a_patient_who_joins_by_the_printed_code(
    visit: Come, clinics: Clinics, addresses: Addresses
) -> None:
    # Row 4 is one of 607 people in the group. The phones of 23 others end as those do that get nothing.
    aim = Aim(customers=2_861, group="VIP", members=606, failing=23)
    walk(Traveller(visit(), album=Album("main-job")), visit, clinics, addresses, chosen=REFERENCE, aim=aim)


def test_a_file_is_dropped_anywhere_on_the_page(visitor: Visitor, clinic: Clinic, clinics: Clinics) -> None:
    visitor.take_over(clinics.accounts.tokens(clinic.owner))
    staff = Traveller(visitor, album=Album("drop"))
    visitor.go("/imports")

    def drop(place: Locator) -> None:
        # As the operating system tells the browser of it: the page gets what a hand's drag gives.
        over = visitor.page.get_by_role("heading", level=1).bounding_box()
        assert over
        where = {"x": over["x"] + 5, "y": over["y"] + 5}
        data = {"items": [], "files": [str(lists.REFERENCE)], "dragOperationsMask": 1}
        session = visitor.context.new_cdp_session(visitor.page)
        for kind in ("dragEnter", "dragOver"):
            session.send("Input.dispatchDragEvent", {"type": kind, "data": data, **where})
        expect(place).to_have_attribute("data-over", "")
        staff.picture("file-above-the-page")
        session.send("Input.dispatchDragEvent", {"type": "drop", "data": data, **where})

    importing.upload(staff, REFERENCE, drop)
    importing.verdicts_are(staff, REFERENCE.counts, deleted=0)
    expect(visitor.page.get_by_role("heading", level=1)).to_contain_text(lists.REFERENCE.name)
