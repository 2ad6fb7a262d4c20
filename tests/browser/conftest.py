"""What tests are given: people with browsers, clinics, and the parts of the application behind the pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from browsing.visitor import Visitor, launch
from world.addresses import Addresses
from world.clinics import Clinic, Clinics
from world.everything import Everything, fill
from world.people import Accounts
from world.provider import Provider

_VISITORS = pytest.StashKey[list[Visitor]]()


@pytest.fixture(scope="session")
def addresses() -> Addresses:
    """Where everything is."""
    return Addresses.of_environment()


@pytest.fixture(scope="session")
def accounts(addresses: Addresses) -> Accounts:
    """People who sign up and in."""
    return Accounts(addresses)


@pytest.fixture(scope="session")
def provider(addresses: Addresses) -> Provider:
    """Who delivers messages."""
    return Provider(addresses.aligo)


@pytest.fixture(scope="session")
def clinics(accounts: Accounts, provider: Provider, addresses: Addresses) -> Clinics:
    """Clinics and members."""
    return Clinics(accounts, provider, addresses.api)


@pytest.fixture
def clinic(clinics: Clinics) -> Clinic:
    """A clinic of the test's own."""
    return clinics.make()


@pytest.fixture(scope="session")
def everything(clinics: Clinics) -> Everything:
    """A clinic with some of everything, to look at: nothing of it is changed."""
    return fill(clinics, clinics.make())


@pytest.fixture(scope="session")
def chromium(addresses: Addresses) -> Iterator[Browser]:
    """The browser, which all visitors share as people share a machine."""
    with sync_playwright() as playwright:
        browser = launch(playwright, addresses.chromium)
        yield browser
        browser.close()


@pytest.fixture
def visit(request: pytest.FixtureRequest, chromium: Browser, addresses: Addresses) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors; see `Visitor` for their traits. What any of them met must be in order, or the test fails."""
    visitors = request.node.stash.setdefault(_VISITORS, [])

    def come(**traits: object) -> Visitor:
        visitor = Visitor(chromium, addresses, **traits)
        visitors.append(visitor)
        return visitor

    yield come
    for visitor in visitors:
        visitor.close()


@pytest.fixture
def visitor(visit: Callable[..., Visitor]) -> Visitor:
    """Somebody at a desk, in Korean, with scripts."""
    return visit()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """Let a test pass only when its visitors met nothing that must not be."""
    result = yield
    faults = [fault for visitor in pyfuncitem.stash.get(_VISITORS, []) for fault in visitor.watch.faults()]
    if faults:
        pytest.fail("on the way:\n  " + "\n  ".join(faults), pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Keep what the visitors of a failed test saw."""
    report = yield
    if call.when == "call" and report.failed:
        for visitor in item.stash.get(_VISITORS, []):
            name = re.sub(r"[^\w-]+", "-", f"{item.name}-{visitor.name}")
            try:
                visitor.keep(name)
            except Exception as error:  # the report of the test matters more than its pictures
                report.sections.append(("pictures", f"none of {name}: {error}"))
    return report
