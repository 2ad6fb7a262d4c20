"""The headers that every answer of the console has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

_OTHERS = re.compile(r"^/(v1|docs|c)(/|$)")
_REFERRERS = {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}
_YEAR_SECONDS = 31_536_000
_LOCKED = {"frame-ancestors": "'none'", "base-uri": "'none'"}


def is_of_console(url: str) -> bool:
    """Whether the console answers there; the API, its description and the links share its origin."""
    return not _OTHERS.match(urlsplit(url).path)


def faults(status: int, headers: Mapping[str, str], uploads: str) -> list[str]:
    """What is wrong with the headers of an answer; their names are in small letters."""
    found = [*_policy_faults(headers.get("content-security-policy", ""), uploads)]
    if headers.get("x-content-type-options") != "nosniff":
        found.append("no X-Content-Type-Options: nosniff")
    if headers.get("referrer-policy") not in _REFERRERS:
        found.append(f"Referrer-Policy: {headers.get('referrer-policy')}")
    age = re.search(r"max-age=(\d+)", headers.get("strict-transport-security", ""))
    if not age or int(age[1]) < _YEAR_SECONDS:
        found.append(f"Strict-Transport-Security: {headers.get('strict-transport-security')}")
    kind = headers.get("content-type", "")
    if status == 200 and not kind:
        found.append("no Content-Type")
    is_page = kind.startswith("text/html") or bool(headers.get("location"))
    if is_page and "no-store" not in headers.get("cache-control", ""):
        found.append(f"Cache-Control of a page: {headers.get('cache-control')}")
    return found


def _policy_faults(policy: str, uploads: str) -> list[str]:
    if not policy:
        return ["no Content-Security-Policy"]
    lines = [line.split() for line in policy.split(";") if line.strip()]
    directives = {line[0].lower(): line[1:] for line in lines}
    found = []
    if directives.get("default-src") not in (["'none'"], ["'self'"]):
        found.append(f"default-src is {directives.get('default-src')}")
    found += [f"{name} is {directives.get(name)}" for name, only in _LOCKED.items() if directives.get(name) != [only]]
    if "form-action" not in directives:
        found.append("no form-action, which default-src does not stand for")
    for name, sources in directives.items():
        allowed = {"'self'", "'none'"}
        allowed |= {"data:", "blob:"} if name == "img-src" else set()
        bucket = uploads + "/" if name in ("connect-src", "form-action") else ""
        found += [
            f"{name} allows {source}"
            for source in sources
            if name.endswith(("-src", "-action"))
            and source not in allowed
            # One bucket, and not all that the store keeps for anybody.
            and not (bucket and source.startswith(bucket) and source.endswith("/") and source != bucket)
        ]
    return found
