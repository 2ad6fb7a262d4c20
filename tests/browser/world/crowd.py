"""A clinic as large as clinics get, made the way a clinic gets there: by an import and a send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import lists
from .clinics import Clinic, Clinics

CUSTOMERS = 100_000
GROUPS = 1_000
RECIPIENTS = 50_000

_SECONDS = 600.0
_LARGE = "모두에게"


@dataclass(frozen=True)
class Crowd:
    """The clinic, its import and its campaign."""

    clinic: Clinic
    imported: Any
    campaign: Any


def crowd(clinics: Clinics) -> Crowd:
    """Import the customers, half of them in one group and the rest in all the others, and send to the large one."""
    clinic = clinics.make("큰 의원")
    read = lists.upload(clinic.api, "모든 고객.csv", _file(), seconds=_SECONDS)
    imported = lists.commit(clinic.api, read, seconds=_SECONDS)
    large = next(group for group in clinic.api.list("/v1/groups") if group["name"] == _LARGE)
    campaign = clinic.send([large], clinic.template(), name="모두에게")
    return Crowd(clinic, imported, clinic.finished(campaign, seconds=_SECONDS))


def _file() -> bytes:
    def group(number: int) -> str:
        return _LARGE if number < RECIPIENTS else f"그룹 {number % (GROUPS - 1):04}"

    lines = [f"고객{number},{lists.phone_of(number)},{group(number)},메모 {number}" for number in range(CUSTOMERS)]
    return "\n".join(["이름,휴대폰,그룹,메모", *lines, ""]).encode()
