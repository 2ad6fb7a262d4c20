"""A clinic that has some of everything, in every state, so that no page of it is empty."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from . import lists
from .api import Api
from .clinics import CONTENT, Clinic, Clinics, open_link
from .crowd import Crowd
from .people import Accounts, Person, somebody
from .provider import REFUSED_ENDING, UNREACHABLE_ENDING

_FILE = """이름,휴대폰,그룹,메모,다음 예약
김하나,010-6100-0001,VIP,왼쪽 무릎,2026-12-01
박두리,010-6100-0002,VIP,,2026-12-02
박두리,010-6100-0002,VIP,두 번 있는 줄,
이세찬,전화 없음,재방문,,
,010-6100-0004,재방문,이름 없음,
최다섯,010-6100-0005,아주 긴 이름을 가진 그룹입니다 정말로,메모가 매우 길어서 표 안에서 줄을 바꾸어야 하는 손님,
"""


@dataclass(frozen=True)
class Everything:
    """What there is, by its ids: pages are reached by them."""

    clinic: Clinic
    accounts: Accounts
    staff: Person
    member: Person
    newcomer: Person
    colleague_id: str
    customer_id: str
    group_id: str
    suppression_id: str
    template_id: str
    draft_id: str
    refused_template_id: str
    campaign_id: str
    scheduled_id: str
    ready_id: str
    committed_id: str
    failed_id: str
    code: str
    staff_token: str
    member_id: str
    friend_id: str
    pending_id: str

    def of_crowd(self, crowd: Crowd) -> Everything:
        """The same with the large group, the large import and the large campaign of the crowd in the place of its own."""
        api = crowd.clinic.api
        large = max(api.list("/v1/groups"), key=lambda group: group["customers"])
        customer = api.get(f"/v1/customers?groupId={large['id']}&limit=1")["items"][0]
        return replace(
            self,
            customer_id=customer["id"],
            group_id=large["id"],
            campaign_id=crowd.campaign["id"],
            committed_id=crowd.imported["id"],
        )


def fill(clinics: Clinics, clinic: Clinic) -> Everything:
    """Give a clinic some of everything."""
    staff = clinics.colleague(clinic, "박직원")
    newcomer = somebody("한처음")
    clinics.accounts.sign_up(newcomer)
    return Everything(
        clinic=clinic,
        accounts=clinics.accounts,
        staff=staff,
        newcomer=newcomer,
        **_staff(clinics, clinic),
        **_imports(clinic.api),
        **_sent(clinic),
        **_members(clinics, clinic),
    )


def _soon(**later: float) -> str:
    return (datetime.now(UTC) + timedelta(**later)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _staff(clinics: Clinics, clinic: Clinic) -> dict[str, Any]:
    api = clinic.api
    gone = clinics.colleague(clinic, "정퇴사")
    everybody = {one["name"]: one["id"] for one in api.list("/v1/staff")}
    api.delete(f"/v1/staff/{everybody[gone.name]}")
    revoked = api.post("/v1/staff/invitations", {"name": "오취소", "role": "owner"})
    api.delete(f"/v1/staff/invitations/{revoked['id']}")
    invited = api.post("/v1/staff/invitations", {"name": "신입사원", "role": "staff"})
    return {"colleague_id": everybody["박직원"], "staff_token": invited["link"].rsplit("/", 1)[1]}


def _imports(api: Api) -> dict[str, Any]:
    undone = lists.commit(api, lists.upload(api, "되돌릴 명단.csv", lists.csv(3)))
    api.post(f"/v1/imports/{undone['id']}/undo", {})
    api.wait_for(f"/v1/imports/{undone['id']}", lambda now: now["state"] == "undone")
    committed = lists.commit(api, lists.upload(api, "지난달 명단.csv", _FILE.encode()))
    ready = lists.upload(
        api, "이번 달 명단.csv", _FILE.replace("왼쪽 무릎", "오른쪽 무릎").replace("김하나", "김한나").encode()
    )
    failed = lists.upload(api, "사진.xlsx", b"this is no spreadsheet")
    assert (ready["state"], failed["state"]) == ("ready", "failed")
    api.post("/v1/imports", {"fileName": "올리다 만 명단.xlsx"})
    return {"ready_id": ready["id"], "committed_id": committed["id"], "failed_id": failed["id"]}


def _sent(clinic: Clinic) -> dict[str, Any]:
    api = clinic.api
    phones = ["010-6200-0001", "010-6200-0002", f"010-6200-{REFUSED_ENDING}", "010-6200-0004"]
    phones.append(f"010-6200-{UNREACHABLE_ENDING}")
    group = clinic.group("진료 안내를 받는 분", phones)
    api.post("/v1/groups", {"name": "아무도 없는 그룹"})
    customers = list(api.list(f"/v1/customers?groupId={group['id']}"))
    suppressions = _suppressed(api, [phones[3], "010-6300-0001", "010-6300-0002"])
    templates = _templates(clinic)
    template = templates.pop("approved")
    finished = clinic.finished(clinic.send([group], template, name="3월 진료 안내"))
    delivered = next(message for message in clinic.messages(finished) if message["state"] == "delivered")
    open_link(delivered["link"])
    customer = next(one for one in customers if one["id"] == delivered["customerId"])
    api.patch(
        f"/v1/customers/{customer['id']}", {"attributes": {"메모": "첫째 줄\n둘째 줄"}, "advertisingConsent": True}
    )
    scheduled = clinic.send([group], template, name="다음 달 안내", scheduledAt=_soon(days=20))
    canceled = clinic.send([group], template, name="취소한 안내", scheduledAt=_soon(days=20))
    api.post(f"/v1/campaigns/{canceled['id']}/cancel")
    return {
        "customer_id": customer["id"],
        "group_id": group["id"],
        "template_id": template["id"],
        "campaign_id": finished["id"],
        "scheduled_id": scheduled["id"],
        **suppressions,
        **templates,
    }


def _suppressed(api: Api, phones: list[str]) -> dict[str, str]:
    api.post("/v1/suppressions", {"phones": phones, "note": "전화로 거절하심"})
    lines = {line["phone"]: line["id"] for line in api.list("/v1/suppressions")}
    api.post(f"/v1/suppressions/{lines[phones[-1]]}/lift", {"reason": "다시 받겠다고 하심"})
    return {"suppression_id": lines[phones[0]]}


def _templates(clinic: Clinic) -> dict[str, Any]:
    """Approved, being written, waiting for its review, refused by it."""
    api = clinic.api
    link = f"{clinic.links}/c/#{{link}}"
    button = {"name": "예약 보기", "linkType": "WL", "linkMo": link, "linkPc": link}

    def written(name: str) -> Any:
        return api.post("/v1/templates", {"name": name, "content": CONTENT, "buttons": [button]})

    draft, waiting, refused = written("쓰는 중인 글"), written("검수 중인 글"), written("반려된 글")
    for one in (waiting, refused):
        api.post(f"/v1/templates/{one['id']}/review")
    code = api.get(f"/v1/templates/{refused['id']}")["code"]
    clinic.provider.review(code, "REJ", "광고로 보이는 표현이 있습니다.")
    approved = clinic.template(content="#{고객명}님,\n#{다음 예약}에 예약하셨습니다.")
    api.put(f"/v1/templates/{approved['id']}/sources", {"sources": {"다음 예약": {"default": "예약하신 날"}}})
    return {"approved": approved, "draft_id": draft["id"], "refused_template_id": refused["id"]}


def _members(clinics: Clinics, clinic: Clinic) -> dict[str, Any]:
    """A member with a friend whose points are held, somebody who waits, and those who are no members any more."""
    api = clinic.api
    code = clinic.code("접수대")
    old = clinic.code("지난 행사")
    api.patch(f"/v1/referral-codes/{old}", {"disabled": True})
    api.post("/v1/referral-codes", {"label": "겨울 행사", "expiresAt": _soon(days=10)})
    member, of_member = clinics.member(code, "최단골")
    of_member.wait_for("/v1/me", lambda me: me["clinics"][0]["points"] > 0)
    own = of_member.get("/v1/me")["clinics"][0]["referralCode"]
    api.patch("/v1/clinic", {"holdsUnproven": True})
    for name in ("강친구", "남친구", "도친구"):
        clinics.member(own, name)
    held = _held(api, at_least=3)
    api.post(f"/v1/points/held/{held[0]['id']}/release", {})
    api.post(f"/v1/points/held/{held[1]['id']}/refuse", {"note": "같은 분입니다."})
    ids = {one["name"]: one["userId"] for one in api.list("/v1/members")}
    _, left = clinics.member(code, "마탈퇴")
    left.delete(f"/v1/memberships/{clinic.id}")
    api.post(f"/v1/members/{ids['남친구']}/end")
    _points(api, ids["최단골"])
    waiting = _asks(clinics, clinic, "서대기")
    declined = _asks(clinics, clinic, "유거절")
    api.post(f"/v1/members/{declined}/decline")
    return {
        "member": member,
        "member_id": ids["최단골"],
        "friend_id": ids["강친구"],
        "pending_id": waiting,
        "code": code,
    }


def _held(api: Api, *, at_least: int) -> list[Any]:
    api.wait_for("/v1/points/held?limit=50", lambda page: len(page["items"]) >= at_least)
    return list(api.list("/v1/points/held"))


def _asks(clinics: Clinics, clinic: Clinic, name: str) -> str:
    person = somebody(name)
    clinics.accounts.sign_up(person).post("/v1/memberships", {"clinicId": clinic.id})
    waiting = clinic.api.list("/v1/members?state=pending")
    return next(one["userId"] for one in waiting if one["name"] == name)


def _points(api: Api, user: str) -> None:
    api.post(
        f"/v1/members/{user}/points/adjust",
        {"amount": 500, "note": "설명이 긴 조정입니다. 지난번에 잘못 적은 것을 바로잡습니다."},
    )
    api.post(f"/v1/members/{user}/points/spend", {"amount": 300, "note": "물리치료"})
    api.post(f"/v1/members/{user}/points/spend", {"amount": 100, "note": "잘못 씀"})
    api.post(f"/v1/points/{_entry(api, user, '잘못 씀')}/reverse", {"note": "잘못 눌렀습니다."})


def _entry(api: Api, user: str, note: str) -> str:
    return next(line["id"] for line in api.list(f"/v1/points?userId={user}") if line["note"] == note)
