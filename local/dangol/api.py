"""A small client of the public API, and signing in."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from .cloud import Cloud
from .console import refuse


@dataclass(frozen=True)
class Person:
    """Somebody with an account."""

    email: str
    password: str
    name: str
    phone: str


def ensure_account(url: str, cloud: Cloud, outputs: dict[str, str], person: Person) -> None:
    """Sign a person up unless they can sign in; an administrator's call stands for the code of the mail."""
    if _tokens(url, person.email, person.password) is not None:
        return
    wish = {"email": person.email, "password": person.password, "name": person.name, "phone": person.phone}
    status, answer = _send(url, "POST", "/v1/accounts", wish)
    if status != 202:
        refuse(f"POST /v1/accounts answered {status}: {answer}")
    cloud.client("cognito-idp").admin_confirm_sign_up(UserPoolId=outputs["UserPoolId"], Username=person.email)


def sign_in(url: str, email: str, password: str) -> str:
    """The ID token of a person."""
    tokens = _tokens(url, email, password)
    return tokens["idToken"] if tokens else refuse(f"Nobody signs in as {email} with that password.")


def _tokens(url: str, email: str, password: str) -> dict[str, Any] | None:
    status, answer = _send(url, "POST", "/v1/sessions", {"email": email, "password": password})
    if status == 401:
        return None
    if status != 200:
        refuse(f"POST /v1/sessions answered {status}: {answer}")
    tokens: dict[str, Any] = json.loads(answer)
    return tokens


def _send(
    url: str, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, str]:
    headers = dict(headers or {})
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(url + path, method=method, headers=headers, data=data)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Api:
    """The public API as one person uses it."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token

    def get(self, path: str) -> Any:
        """Read something."""
        return self._request("GET", path, None, {})

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """Start something; with the same `key` it starts once."""
        return self._request("POST", path, body, {"Idempotency-Key": key} if key else {})

    def offer(self, path: str, body: Any) -> None:
        """Make something unless the rules forbid it by now."""
        status, answer = self._send("POST", path, body, {})
        if status not in (409, 422):
            self._checked("POST", path, status, answer)

    def find(self, path: str) -> Any | None:
        """Read something that this person may not have yet."""
        status, answer = self._send("GET", path, None, {})
        if status in (403, 404):
            return None
        return self._checked("GET", path, status, answer)

    def _request(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        return self._checked(method, path, *self._send(method, path, body, headers))

    def _checked(self, method: str, path: str, status: int, answer: str) -> Any:
        if status >= 300:
            refuse(f"{method} {path} answered {status}: {answer}")
        return json.loads(answer) if answer else None

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, str]:
        return _send(self._url, method, path, body, {**headers, "Authorization": f"Bearer {self._token}"})
