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


def ensure_account(cloud: Cloud, outputs: dict[str, str], person: Person) -> None:
    """Sign a person up; the confirmation code of the mail is skipped by an administrator's call."""
    cognito = cloud.client("cognito-idp")
    attributes = {"email": person.email, "name": person.name, "phone_number": person.phone}
    try:
        cognito.sign_up(
            ClientId=outputs["UserPoolClientId"],
            Username=person.email,
            Password=person.password,
            UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
        )
        cognito.admin_confirm_sign_up(UserPoolId=outputs["UserPoolId"], Username=person.email)
    except cognito.exceptions.UsernameExistsException:
        pass


def sign_in(cloud: Cloud, outputs: dict[str, str], email: str, password: str) -> str:
    """The ID token of a person."""
    cognito = cloud.client("cognito-idp")
    try:
        answer = cognito.initiate_auth(
            ClientId=outputs["UserPoolClientId"],
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": password},
        )
    except (cognito.exceptions.NotAuthorizedException, cognito.exceptions.UserNotFoundException):
        refuse(f"Nobody signs in as {email} with that password.")
    return answer["AuthenticationResult"]["IdToken"]


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
        headers = {**headers, "Authorization": f"Bearer {self._token}"}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self._url + path, method=method, headers=headers, data=data)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
