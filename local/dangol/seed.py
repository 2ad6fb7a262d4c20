"""A demo clinic, made through the public API alone. Running it again changes nothing."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request

from .api import Api, Person, ensure_account, sign_in
from .cloud import Cloud
from .console import note, step
from .instance import Instance
from .services import ALIGO_SENDER_KEY

OWNER = Person("owner@dangol.example", "dangol-demo-1234", "이원장", "+821000000001")

_CLINIC = {
    "name": "단골의원",
    "senderKey": ALIGO_SENDER_KEY,
    "senderPhone": "02-123-4567",
    "linkHosts": ["www.example.com"],
}
_GROUPS = ["VIP", "재방문"]
_CUSTOMERS = {"홍길동": "010-0000-0100", "성춘향": "010-0000-0200", "임꺽정": "010-0000-0300"}
_TEMPLATE_CODE = "TD_0001"


def seed(instance: Instance, cloud: Cloud, outputs: dict[str, str]) -> None:
    """Make the demo clinic, or what is missing of it."""
    with step("Seeding the demo clinic through the API"):
        ensure_account(instance.api_url, cloud, outputs, OWNER)
        api = Api(instance.api_url, sign_in(instance.api_url, OWNER.email, OWNER.password))
        if api.find("/v1/clinic") is None:
            api.post("/v1/clinics", _CLINIC)
            note(f"{_CLINIC['name']} registered")
        _ensure_groups(api)
        _ensure_customers(api)
        _ensure_template(instance, api)


def _ensure_groups(api: Api) -> None:
    present = {group["name"] for group in api.get("/v1/groups?limit=200")["items"]}
    for name in _GROUPS:
        if name not in present:
            api.post("/v1/groups", {"name": name})


def _ensure_customers(api: Api) -> None:
    for name, phone in _CUSTOMERS.items():
        # Looked for by phone: the list may be long by now, and names may have been changed.
        if not api.get("/v1/customers?" + urllib.parse.urlencode({"q": phone}))["items"]:
            api.offer("/v1/customers", {"name": name, "phone": phone})


def _ensure_template(instance: Instance, api: Api) -> None:
    """Have the provider know an approved template, and the clinic too."""
    if any(template["code"] == _TEMPLATE_CODE for template in api.get("/v1/templates")["items"]):
        return
    link = f"{instance.api_url}/c/#{{link}}"
    approved = {
        "templtCode": _TEMPLATE_CODE,
        "templtName": "진료 안내",
        "templtContent": "#{고객명}님, 안녕하세요.\n단골의원에서 다음 진료를 안내드립니다.\n아래 버튼에서 확인해 주세요.",
        "inspStatus": "APR",
        "status": "A",
        "buttons": [{"ordering": 1, "name": "확인하기", "linkType": "WL", "linkMo": link, "linkPc": link}],
    }
    request = urllib.request.Request(
        f"{instance.aligo_url}/admin/templates",
        data=json.dumps(approved).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10):
        api.post("/v1/templates/sync")
    note("an approved template synchronised")
