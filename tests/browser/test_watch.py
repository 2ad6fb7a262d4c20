"""The watch and the other checks find what they are there for, and nothing where nothing is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from browsing import accessibility, hostile, layout, printed
from browsing.imitation import Imitation, imitation, page
from browsing.visitor import PHONE, Visitor
from browsing.watch import RAN
from browsing.weight import weigh
from world.addresses import Addresses
from world.clinics import Clinic

Come = Callable[..., Visitor]

LOCKED = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


@pytest.fixture
def console() -> Iterator[Imitation]:
    with imitation() as served:
        yield served


@pytest.fixture
def come(console: Imitation, chromium: Browser, addresses: Addresses) -> Iterator[Come]:
    """Makes visitors of the imitation, whose faults are the test's business."""
    visitors = []

    def make(**traits: object) -> Visitor:
        visitors.append(Visitor(chromium, dataclasses.replace(addresses, console=console.url), **traits))
        return visitors[-1]

    yield make
    for visitor in visitors:
        visitor.close()


def _faults(visitor: Visitor, path: str) -> str:
    visitor.go(path)
    visitor.page.wait_for_timeout(300)
    return "\n".join(visitor.watch.faults())


def test_a_good_page_has_no_fault(console: Imitation, come: Come) -> None:
    console.add("/", page("<p>안녕하세요</p>"))
    console.add("/wrong", page("<p>틀렸습니다</p>"), status=422)
    for script in (True, False):
        visitor = come(script=script)
        assert _faults(visitor, "/") == ""
        assert _faults(visitor, "/wrong") == ""
        assert visitor.watch.visited() == [f"{console.url}/"]
        assert accessibility.violations(visitor.page) == [] if script else True
        assert layout.faults(visitor.page) == []


@pytest.mark.parametrize(
    ("header", "value", "said"),
    [
        ("content_security_policy", None, "no Content-Security-Policy"),
        ("content_security_policy", "default-src 'self'", "frame-ancestors"),
        (
            "content_security_policy",
            f"script-src 'self' 'unsafe-inline'; {LOCKED}",
            "script-src allows 'unsafe-inline'",
        ),
        (
            "content_security_policy",
            f"img-src https:; {LOCKED}",
            "img-src allows https:",
        ),
        ("x_content_type_options", None, "nosniff"),
        ("referrer_policy", "unsafe-url", "Referrer-Policy: unsafe-url"),
        ("strict_transport_security", "max-age=60", "Strict-Transport-Security"),
        ("cache_control", "private", "Cache-Control of a page: private"),
    ],
)
def test_a_missing_or_weak_header_is_noticed(
    console: Imitation, come: Come, header: str, value: str | None, said: str
) -> None:
    console.add("/", page(""), **{header: value})
    assert said in _faults(come(), "/")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<script>1</script>", "ContentSecurityPolicyIssue"),
        ("<p style='color:red'>a</p>", "ContentSecurityPolicyIssue"),
        ("<img alt='' src=x onerror='1'>", "ContentSecurityPolicyIssue"),
        ("<img alt='' src='/nowhere.png'>", "answered 404: GET"),
        ("<img alt='' src='https://tracker.example/a.png'>", "a request to somebody else"),
        ("<script src='/throws.js'></script>", "script: "),
        ("<script src='/runs.js'></script>", "a hostile text ran: yes"),
        ("<script src='/asks.js'></script>", "alert: 1"),
    ],
)
def test_what_a_page_must_not_do_is_noticed(console: Imitation, come: Come, body: str, said: str) -> None:
    for name, text in {"throws": "missing()", "runs": f"window.{RAN} = 'yes'", "asks": "alert(1)"}.items():
        console.add(f"/{name}.js", text, content_type="text/javascript")
    console.add("/", page(body))
    assert said in _faults(come(), "/")


def test_a_hostile_text_that_runs_is_noticed(console: Imitation, come: Come) -> None:
    loose = "default-src 'self' 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    text = next(text for text in hostile.TEXTS if text.startswith("<img src=x onerror="))
    console.add("/", page(text), content_security_policy=loose)
    assert "a hostile text ran: 1" in _faults(come(), "/")


def test_what_a_policy_blocked_is_noticed_without_scripts_too(console: Imitation, come: Come) -> None:
    console.add("/", page("<p style='color:red'>a</p>"))
    assert "ContentSecurityPolicyIssue" in _faults(come(script=False), "/")


@pytest.mark.xfail(strict=True, raises=pytest.fail.Exception, reason="whoever meets a fault fails the test")
def test_a_test_fails_by_what_its_visitors_met(visitor: Visitor) -> None:
    visitor.page.set_content("<img alt='' src='https://tracker.example/a.png'>")


def test_a_failing_page_and_a_careless_cookie_are_noticed(console: Imitation, come: Come) -> None:
    console.add("/", page(""), status=500, set_cookie="session=1; Path=/")
    found = _faults(come(), "/")
    assert "answered 500" in found
    assert "cookie: " in found


def test_barriers_are_noticed(console: Imitation, come: Come) -> None:
    console.add("/", page("<input name='q'><p><a href='/'></a></p>"))
    visitor = come()
    visitor.go("/")
    found = "\n".join(accessibility.violations(visitor.page))
    assert "label: " in found
    assert "link-name: " in found


def test_an_error_must_be_near_its_field_and_be_read_out(console: Imitation, come: Come) -> None:
    visitor = come()
    field = "<p><label for='a'>이름</label> <input id='a' aria-invalid='true' aria-describedby='e'></p>"
    error = "<p id='e'>이름을 적어 주세요.</p>"
    for body, said in {
        f"<div role='alert'>확인해 주세요.</div>{field}{error}": [],
        f"{field}{error}": ["nothing is read out"],
        f"<div role='alert'>확인해 주세요.</div>{field}": ["a: no visible text says what is wrong"],
        f"<div role='alert'>확인해 주세요.</div>{field}{'<br>' * 20}{error}": ["a: its error is elsewhere on the page"],
    }.items():
        console.add("/", page(body))
        visitor.go("/")
        assert accessibility.error_faults(visitor.page) == said
        assert accessibility.fields_in_error(visitor.page) == ["a"]


def test_a_page_that_scrolls_sideways_is_noticed_but_not_a_table_that_does(console: Imitation, come: Come) -> None:
    console.add("/style.css", ".scrolls { overflow-x: auto }", content_type="text/css")
    console.add("/wide", page(f"<p>{'가나다' * 5}{'a' * 200}</p>"))
    row = f"<table><tr><td>{'a' * 200}</td></tr></table>"
    console.add(
        "/table",
        page(f"<div class='scrolls'>{row}</div>").replace("<meta", "<link rel=stylesheet href=/style.css><meta", 1),
    )
    visitor = come(size=PHONE)
    visitor.go("/wide")
    assert "pixels wide in a window of" in layout.faults(visitor.page)[0]
    visitor.go("/table")
    assert layout.faults(visitor.page) == []


def test_a_page_is_weighed_with_its_assets(console: Imitation, come: Come) -> None:
    console.add("/big.css", "/*" + "a" * 50_000 + "*/", content_type="text/css", cache_control="max-age=3600")
    console.add("/", page("").replace("<meta", "<link rel=stylesheet href=/big.css><meta", 1))
    visitor = come()
    for _ in range(2):
        weight = weigh(visitor, "/")
        assert 50_000 < weight.bytes < 52_000, weight
        assert 0 < weight.first_byte_ms < 1000, weight


def test_a_printed_code_is_read(
    come: Come, console: Imitation, addresses: Addresses, tmp_path: Path, clinic_code: str
) -> None:
    answer = come().context.request.get(f"{addresses.api}/v1/invitations/{clinic_code}/qr")
    console.add("/qr.svg", answer.text(), content_type="image/svg+xml")
    console.add("/", page("<img alt='QR' width='200' src='/qr.svg'>"))
    visitor = come()
    visitor.go("/")
    sheets = printed.to_paper(visitor.page, tmp_path / "a.pdf")
    assert [printed.codes(sheet) for sheet in sheets] == [[f"{addresses.api}/i/{clinic_code}"]]


@pytest.fixture
def clinic_code(clinic: Clinic) -> str:
    return clinic.code()


def test_there_are_two_hundred_hostile_texts() -> None:
    assert len(hostile.TEXTS) == len(set(hostile.TEXTS)) == 200
