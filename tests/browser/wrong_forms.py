"""How each form is filled in wrongly, and beside which fields that must be said."""

from __future__ import annotations

import re
from dataclasses import dataclass

from browsing.pages import Who

_SEND = "/send?group={group_id}&template={template_id}&destination=https%3A%2F%2Fwww.example.com%2F"


@dataclass(frozen=True)
class Wrong:
    """One form, filled in wrongly once."""

    path: str
    form: str
    """Its selector."""

    typed: dict[str, str]
    """What is typed where; the rest stays as it is."""

    at: tuple[str, ...]
    """The fields that are wrong; none when it is the whole that is."""

    who: Who = "owner"
    button: str = ""
    """The button's selector, where it is not the form's first visible one."""

    def __str__(self) -> str:
        what = "-".join(f"{name}-{'long' if len(text) > 30 else text or 'empty'}" for name, text in self.typed.items())
        return re.sub(r"[^\w가-힣-]+", "-", f"{self.path.partition('?')[0]}-{what}").strip("-")


def _form(action: str) -> str:
    return f'form[method=post][action$="{action}"]'


WRONG: tuple[Wrong, ...] = (
    # Accounts.
    Wrong("/sign-in", _form("/sign-in"), {"email": "", "password": ""}, ("email",), "nobody"),
    Wrong("/sign-in", _form("/sign-in"), {"email": "a@pages.example", "password": "wrong-horse-1"}, (), "nobody"),
    Wrong("/sign-up", _form("/sign-up"), {"email": "", "name": ""}, ("email",), "nobody"),
    Wrong("/sign-up", _form("/sign-up"), {"email": "a@pages.example", "name": " "}, ("name",), "nobody"),
    Wrong(
        "/sign-up",
        _form("/sign-up"),
        {"email": "a@pages.example", "name": "김단골", "phone": "12"},
        ("phone",),
        "nobody",
    ),
    Wrong(
        "/sign-up/confirm",
        _form("/sign-up/confirm"),
        {"email": "", "code": "123456", "password": "correct-horse-1"},
        ("email",),
        "nobody",
    ),
    Wrong(
        "/sign-up/confirm",
        _form("/sign-up/confirm"),
        {"email": "a@pages.example", "code": "", "password": "correct-horse-1"},
        ("code",),
        "nobody",
    ),
    Wrong(
        "/sign-up/confirm",
        _form("/sign-up/confirm"),
        {"email": "a@pages.example", "code": "123456", "password": "short"},
        ("password",),
        "nobody",
    ),
    Wrong("/password/forgot", _form("/password/forgot"), {"email": "no address"}, ("email",), "nobody"),
    Wrong(
        "/password/reset",
        _form("/password/reset"),
        {"email": "", "code": "654321", "password": "correct-horse-1"},
        ("email",),
        "nobody",
    ),
    Wrong(
        "/password/reset",
        _form("/password/reset"),
        {"email": "a@pages.example", "code": "654321", "password": "short"},
        ("password",),
        "nobody",
    ),
    Wrong("/start?as=clinic", "#register", {"name": ""}, ("name",), "newcomer"),
    Wrong("/start?as=clinic", "#register", {"name": "의원", "senderPhone": "12"}, ("senderPhone",), "newcomer"),
    Wrong(
        "/start?as=clinic",
        "#register",
        {"name": "의원", "linkHosts": "no host at all!"},
        ("linkHosts",),
        "newcomer",
    ),
    # Patients.
    Wrong("/me/profile", _form("/me/profile"), {"name": ""}, ("name",), "member"),
    Wrong("/me/profile", _form("/me/phone/code"), {"phone": "12"}, ("phone",), "member"),
    Wrong("/me/phone", _form("/me/phone"), {"code": ""}, ("code",), "member"),
    Wrong("/me/withdraw", _form("/me/withdraw"), {}, ("understood",), "member"),
    # Customers and groups.
    Wrong("/customers/new", "form.customer", {"name": "", "phone": ""}, ("name",), button="[value=save]"),
    Wrong("/customers/new", "form.customer", {"name": "김단골", "phone": "12"}, ("phone",), button="[value=save]"),
    Wrong(
        "/customers/new",
        "form.customer",
        {"name": "김단골", "phone": "010-6100-7777", "new-column.0": "가" * 101, "new-value.0": "x"},
        ("attributes",),
        button="[value=save]",
    ),
    Wrong("/customers/{customer_id}", "form.customer", {"name": ""}, ("name",), button="[value=save]"),
    Wrong("/customers/{customer_id}", "form.customer", {"phone": "010-6100-0001"}, ("phone",), button="[value=save]"),
    Wrong("/customers", "#chosen", {"customer": "on"}, ("to",), button="[name=do][value=add]"),
    Wrong(
        "/customers",
        "#chosen",
        {"customer": "on", "to": "new", "new-group": "가" * 51},
        ("new-group",),
        button="[name=do][value=add]",
    ),
    Wrong("/groups", _form("/groups"), {"name": ""}, ("name",)),
    Wrong("/groups/{group_id}", _form("{group_id}"), {"name": "가" * 51}, ("name",)),
    Wrong("/suppressions", _form("/suppressions"), {"phones": ""}, ("phones",)),
    Wrong("/suppressions", _form("/suppressions"), {"phones": "010-6100-0009\n12"}, ("phones",)),
    Wrong("/suppressions", _form("/suppressions"), {"phones": "010-6100-0009", "note": "가" * 201}, ("note",)),
    Wrong("/suppressions/{suppression_id}", _form("/lift"), {"reason": ""}, ("reason",)),
    # Imports.
    Wrong("/imports/{ready_id}/rows/2", _form("/rows/2"), {"name": "가" * 1001}, ("name",)),
    Wrong("/imports/{ready_id}/rows/2", _form("/rows/2"), {"group": "가" * 51}, ("group",)),
    Wrong("/imports/{ready_id}/mapping", _form("/mapping"), {"headerRow": "x"}, ("headerRow",)),
    Wrong("/imports/{ready_id}/mapping", _form("/mapping"), {"column-A": "phone"}, ()),
    Wrong("/imports/{ready_id}/commit", _form("/commit"), {"to": "one", "group": ""}, ("group",)),
    Wrong("/imports/{ready_id}/commit", _form("/commit"), {"to": "one", "group": "가" * 51}, ("group",)),
    # Templates.
    Wrong("/templates/new", "#template", {"name": "", "content": "안내"}, ("name",), button=".primary"),
    Wrong("/templates/new", "#template", {"name": "안내", "content": ""}, ("content",), button=".primary"),
    Wrong(
        "/templates/new",
        "#template",
        {"name": "안내", "content": "안내", "button-0-name": "가" * 40},
        ("button-0-name",),
        button=".primary",
    ),
    Wrong(
        "/templates/new",
        "#template",
        {"name": "안내", "content": "안내", "button-0-name": "보기", "button-0-kind": "WL", "button-0-mobile": "x"},
        ("button-0-mobile",),
        button=".primary",
    ),
    Wrong("/templates/{draft_id}", "#template", {"content": ""}, ("content",), button=".primary"),
    Wrong("/templates/{template_id}", "#sources", {"default-0": "가" * 301}, ("default-0",)),
    # Sending.
    Wrong("/send", "#wizard", {}, ("group",), button=".wizard-steps [value=template]"),
    Wrong("/send?group={group_id}&template={refused_template_id}", "#wizard", {}, ("template",), button=".primary"),
    Wrong(f"{_SEND}&step=link", "#wizard", {"destination": ""}, ("destination",), button=".primary"),
    Wrong(
        f"{_SEND}&step=link",
        "#wizard",
        {"destination": "https://evil.example/", "ends": "2020-01-01T09:00"},
        ("destination", "ends"),
        button=".primary",
    ),
    Wrong(f"{_SEND}&step=check", "#test", {"phones": ""}, ("phones",)),
    Wrong(f"{_SEND}&step=check", "#test", {"phones": "12"}, ("phones",)),
    Wrong(f"{_SEND}&step=check", "#send", {"name": "가" * 101}, ("name",), button="#sure .primary"),
    Wrong(f"{_SEND}&step=check", "#send", {"when": "later", "at": ""}, ("at",), button="#sure .primary"),
    Wrong(
        f"{_SEND}&step=check", "#send", {"when": "later", "at": "2020-01-01T09:00"}, ("at",), button="#sure .primary"
    ),
    Wrong("/campaigns/{campaign_id}", _form("/again"), {"at": "2020-01-01T09:00"}, ("at",)),
    # Members, codes, points.
    Wrong("/members/{member_id}", "#spend", {"spend-amount": ""}, ("spend-amount",)),
    Wrong("/members/{member_id}", "#spend", {"spend-amount": "999999"}, ("spend-amount",)),
    Wrong("/members/{member_id}", "#spend", {"spend-amount": "1", "spend-note": "가" * 201}, ("spend-note",)),
    Wrong("/members/{member_id}", "#adjust", {"adjust-amount": "x", "adjust-note": "x"}, ("adjust-amount",)),
    Wrong("/members/{member_id}", "#adjust", {"adjust-amount": "1", "adjust-note": ""}, ("adjust-note",)),
    Wrong("/members/{member_id}", _form("/points"), {"note": "가" * 201}, ("note",)),
    Wrong("/codes", "#new-code", {"label": ""}, ("label",)),
    Wrong("/codes", "#new-code", {"label": "새 코드", "last-day": "2020-01-01"}, ("last-day",)),
    Wrong("/codes/{code}", "#code-settings", {"label": "가" * 61}, ("label",)),
    Wrong("/codes/{code}", "#code-settings", {"last-day": "2020-01-01"}, ("last-day",)),
    Wrong("/points/held", f"{_form('/points/held')}:has([name=note])", {"note": ""}, ("note",)),
    # Settings and staff.
    Wrong("/settings", _form("/settings/clinic"), {"name": ""}, ("name",)),
    Wrong("/settings", _form("/settings/clinic"), {"senderKey": ""}, ("senderKey",)),
    Wrong("/settings", _form("/settings/clinic"), {"senderPhone": "12"}, ("senderPhone",)),
    Wrong("/settings", _form("/settings/clinic"), {"linkHosts": "no host!"}, ("linkHosts",)),
    Wrong("/settings", _form("/settings/quiet-hours"), {"quiet": "yes", "quietFrom": ""}, ("quietFrom", "quietTo")),
    Wrong(
        "/settings",
        _form("/settings/quiet-hours"),
        {"quiet": "yes", "quietFrom": "09:00", "quietTo": "09:00"},
        ("quietFrom",),
    ),
    Wrong(
        "/settings",
        _form("/settings/points"),
        {"joinPoints": "", "invitePoints": "x"},
        ("joinPoints", "invitePoints"),
    ),
    Wrong("/settings", _form("/settings/points"), {"pointsNotice": ""}, ("pointsNotice",)),
    Wrong("/settings", _form("/settings/members"), {"invitesPerDay": "x"}, ("invitesPerDay",)),
    Wrong("/staff/{colleague_id}", _form("{colleague_id}"), {"name": ""}, ("name",)),
    Wrong("/staff/invitations/new", _form("/staff/invitations/new"), {"name": ""}, ("name",)),
)
