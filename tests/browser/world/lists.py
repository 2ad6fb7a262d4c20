"""Files with customers, and their way through an import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .api import Api
from .http import send

REFERENCE = Path(__file__).resolve().parents[2] / "fixtures" / "customers-3000.xlsx"
"""A real clinic's list with made-up people: 2,984 rows below a title, phones in every form, 121 rows with a fault."""

REFERENCE_COUNTS = {"new": 2863, "duplicate_in_file": 61, "bad_phone": 31, "missing_name": 29}


def phone_of(number: int) -> str:
    """One of nearly a million phones, none of which ends as those do that the provider's simulator has plans for."""
    assert number < 990_000
    return f"010-{3001 + number // 10_000:04}-{number % 10_000:04}"


def csv(people: int, *, groups: int = 7) -> bytes:
    """A list without faults."""
    lines = [f"고객{number},{phone_of(number)},그룹 {number % groups},메모 {number}" for number in range(people)]
    return "\n".join(["이름,휴대폰,그룹,메모", *lines, ""]).encode()


def upload(api: Api, name: str, file: bytes, *, seconds: float = 60.0) -> Any:
    """Upload a file and wait until it is read, or refused."""
    begun = api.post("/v1/imports", {"fileName": name})
    answer = send("PUT", begun["uploadUrl"], data=file, headers={"Content-Type": "application/octet-stream"})
    assert answer.status == 200, f"the upload answered {answer.status}: {answer.text}"
    settled = {"ready", "failed"}
    return api.wait_for(f"/v1/imports/{begun['id']}", lambda now: now["state"] in settled, seconds=seconds)


def commit(api: Api, read: Any, *, seconds: float = 60.0) -> Any:
    """Approve an import and wait until its customers are there."""
    path = f"/v1/imports/{read['id']}"
    api.post(f"{path}/commit", {})
    return api.wait_for(path, lambda now: now["state"] == "committed", seconds=seconds)
