"""The same way with scripts switched off, for staff and patients."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from browsing.visitor import Visitor
from journey.importing import List
from journey.main_job import walk
from journey.sending import Aim
from journey.traveller import Album, Traveller
from world import lists
from world.addresses import Addresses
from world.clinics import Clinics


def test_the_main_job_needs_no_script(visit: Callable[..., Visitor], clinics: Clinics, addresses: Addresses) -> None:
    come = partial(visit, script=False)
    staff = Traveller(come(), album=Album("without-script"))
    chosen = List(lists.REFERENCE, lists.REFERENCE_COUNTS, left_out=(4, 5))
    # Row 5 is one of 563 people in the group. The phones of 14 others end as those do that get nothing.
    aim = Aim(customers=2_861, group="스케일링", members=562, failing=14)
    walk(staff, come, clinics, addresses, chosen=chosen, aim=aim)
