"""The helpers themselves, on the application without its pages."""

from __future__ import annotations

from world import lists
from world.clinics import DESTINATION, Clinic, Clinics, open_link


def test_a_clinic_imports_a_list_as_the_file_says(clinic: Clinic) -> None:
    read = lists.upload(clinic.api, "고객명단.xlsx", lists.REFERENCE.read_bytes())
    assert {verdict: count for verdict, count in read["counts"].items() if count} == lists.REFERENCE_COUNTS
    assert lists.commit(clinic.api, read)["rowsAdded"] == lists.REFERENCE_COUNTS["new"]


def test_a_campaign_reaches_whoever_has_a_messenger_and_its_links_are_opened(clinic: Clinic) -> None:
    group = clinic.group("재방문", ["010-2000-0001", "010-2000-9907"])
    campaign = clinic.send([group], clinic.template())
    done = clinic.finished(campaign)
    assert (done["messages"]["delivered"], done["messages"]["failed"]) == (1, 1)
    answer = open_link(clinic.messages(campaign)[0]["link"])
    assert (answer.status, answer.headers["location"]) == (302, DESTINATION)
    clinic.api.wait_for(f"/v1/campaigns/{campaign['id']}", lambda now: now["clicks"]["human"] == 1)


def test_a_colleague_and_a_member_belong_to_the_clinic(clinics: Clinics, clinic: Clinic) -> None:
    colleague = clinics.colleague(clinic)
    assert clinics.accounts.sign_in(colleague).get("/v1/clinic")["id"] == clinic.id
    _, member = clinics.member(clinic.code())
    member.wait_for("/v1/me", lambda me: me["clinics"][0]["points"] == 1000)
    assert [one["name"] for one in clinic.api.list("/v1/members")] == ["최단골"]
