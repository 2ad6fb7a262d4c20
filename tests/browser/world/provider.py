"""The provider's simulator: what it approves, what becomes of messages, when it fails."""

from __future__ import annotations

from typing import Any

from .http import send_json

REFUSED_ENDING = "9907"
"""Phones that end so have no KakaoTalk."""
UNREACHABLE_ENDING = "9905"
"""Phones that end so cannot be reached at present: they may be sent to again."""


class Provider:
    """The simulator's admin API. It is shared by all tests of a run: narrow everything to a clinic or a template."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the simulator, which must do it."""
        answer = send_json(method, self._url + path, body)
        assert answer.status < 300, f"{method} {path} answered {answer.status}: {answer.text}"
        return answer.json

    def know(self, sender_key: str, name: str) -> None:
        """Have it know a sender profile."""
        self.ask("POST", "/admin/profiles", {"senderKey": sender_key, "uuid": f"@{sender_key}", "name": name})

    def approve(self, sender_key: str, code: str, *, name: str, content: str, link: str) -> None:
        """Have it know an approved template with one button."""
        button = {"ordering": 1, "name": "예약 보기", "linkType": "WL", "linkMo": link, "linkPc": link}
        template = {
            "senderKey": sender_key,
            "templtCode": code,
            "templtName": name,
            "templtContent": content,
            "inspStatus": "APR",
            "status": "A",
            "buttons": [button],
        }
        self.ask("POST", "/admin/templates", template)

    def review(self, code: str, verdict: str = "APR", comment: str = "") -> None:
        """Decide about a template that waits for its review: `APR` or `REJ`."""
        self.ask("POST", f"/admin/templates/{code}/review", {"inspStatus": verdict, "comment": comment})

    def truth(self, code: str) -> Any:
        """What it really accepted of a template."""
        return self.ask("GET", f"/admin/truth?tplCode={code}")
