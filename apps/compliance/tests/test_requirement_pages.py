"""Requirement pages: list, detail, add, edit, schedule, waive, archive."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.compliance.models import Requirement
from apps.tenants.scope import system
from tests.cast import Cast, House

pytestmark = pytest.mark.usefixtures("frozen")

SCHEDULE = {
    "mode": "fixed_calendar",
    "every": "1",
    "every_unit": "WEEKLY",
    "weekdays": ["MO", "TH"],
    "due_time": "17:30",
    "warn": "4",
    "warn_unit": "H",
}


def answers(**more: Any) -> dict[str, Any]:
    return {"name": "Flush taps", "category": "cleaning", "evidence": "log", **SCHEDULE, **more}


def latest(house: House) -> Requirement:
    with system(house.organization):
        return Requirement.objects.latest("id")


def test_list_shows_red_first_with_words(marek: Client) -> None:
    html = marek.get("/requirements/").content.decode()
    assert "Deep clean" in html
    assert "Overdue by 2 days" in html


def test_list_filters_by_status_facility_and_search(marek: Client, northgate: House) -> None:
    assert "Deep clean" in marek.get("/requirements/?status=red").content.decode()
    assert "Deep clean" not in marek.get("/requirements/?status=green").content.decode()
    assert "Deep clean" in marek.get(f"/requirements/?facility={northgate.hospital.pk}&q=wash").content.decode()
    assert "Deep clean" not in marek.get(f"/requirements/?facility={northgate.annex.pk}").content.decode()


def test_list_refuses_another_organizations_facility(marek: Client, southbank: House) -> None:
    assert marek.get(f"/requirements/?facility={southbank.hospital.pk}").status_code == 404


def test_csv_is_what_is_shown(marek: Client, tess: Client) -> None:
    body = marek.get("/requirements/csv/?status=red").getvalue().decode("utf-8-sig")
    assert "Deep clean" in body
    assert "Overdue by 2 days" in body
    assert len(body.strip().splitlines()) == 2
    assert tess.get("/requirements/csv/").status_code == 403


def test_detail_shows_status_schedule_and_history(audrey: Client, northgate: House) -> None:
    html = audrey.get(f"/requirements/{northgate.requirement.pk}/").content.decode()
    for words in ("Overdue by 2 days", "7 days after it was last done", "Washer deep clean", "Done", "Tess"):
        assert words in html
    assert "Archive" not in html


def test_detail_of_another_organization_is_not_found(marek: Client, oscar: Client, cast: Cast) -> None:
    assert marek.get(f"/requirements/{cast.southbank.requirement.pk}/").status_code == 404
    assert oscar.get(f"/requirements/{cast.northgate.requirement.pk}/").status_code == 404


def test_a_restricted_member_does_not_find_it(rosa: Client, northgate: House) -> None:
    assert rosa.get(f"/requirements/{northgate.requirement.pk}/").status_code == 404


def test_add_on_a_machine(marek: Client, northgate: House) -> None:
    response = marek.post(f"/requirements/new/?equipment={northgate.washer.pk}", answers())
    made = latest(northgate)
    assert response["Location"] == f"/requirements/{made.pk}/"
    with system(northgate.organization):
        assert made.equipment_id == northgate.washer.pk
        assert made.schedules.get().spec["rrule"] == ["FREQ=WEEKLY;BYDAY=MO,TH"]
        assert made.occurrences.count() == 2
    assert "Mondays and Thursdays" in marek.get(response["Location"]).content.decode() or "Monday and Thursday" in (
        marek.get(response["Location"]).content.decode()
    )


def test_add_shows_the_dates_before_saving(marek: Client, northgate: House) -> None:
    before = latest(northgate).pk
    html = marek.post(f"/requirements/new/?area={northgate.ward.pk}", answers(preview="1")).content.decode()
    assert "It would be due on" in html
    assert "11 Jun" in html
    assert "Nothing is saved yet" in html
    assert 'value="Flush taps"' in html
    assert latest(northgate).pk == before


def test_add_keeps_what_was_typed_and_names_each_fault(marek: Client, northgate: House) -> None:
    response = marek.post(
        "/requirements/new/", answers(name="", mode="interval_after_completion", reference="HTM 04-01")
    )
    html = response.content.decode()
    assert response.status_code == 400
    assert "There is a problem" in html
    assert "Say after how long it is due again" in html
    assert 'value="HTM 04-01"' in html


def test_add_refuses_a_subject_of_another_organization(marek: Client, southbank: House) -> None:
    assert marek.post(f"/requirements/new/?equipment={southbank.washer.pk}", answers()).status_code == 404
    response = marek.post("/requirements/new/", answers(facility=str(southbank.hospital.pk)))
    assert response.status_code == 404
    response = marek.post(
        f"/requirements/new/?equipment={southbank.washer.pk + 10**9}", answers(owner=str(southbank.technician.pk))
    )
    assert response.status_code == 404


def test_owner_and_protocol_of_another_organization_are_no_choices(
    marek: Client, northgate: House, southbank: House
) -> None:
    response = marek.post(
        f"/requirements/new/?equipment={northgate.washer.pk}",
        answers(owner=str(southbank.technician.pk), protocol=str(southbank.protocol.pk)),
    )
    assert response.status_code == 400
    assert latest(northgate).pk == northgate.requirement.pk


@pytest.mark.parametrize("path", ["new/", "{}/edit/", "{}/schedule/", "{}/archive/", "{}/waive/"])
def test_technicians_and_auditors_change_nothing(tess: Client, audrey: Client, northgate: House, path: str) -> None:
    address = "/requirements/" + path.format(northgate.requirement.pk)
    for client in (tess, audrey):
        assert client.get(address).status_code == 403
        assert client.post(address, answers()).status_code == 403


def test_edit(marek: Client, northgate: House) -> None:
    address = f"/requirements/{northgate.requirement.pk}/edit/"
    assert 'value="Deep clean"' in marek.get(address).content.decode()
    data = {"name": "Deeper clean", "category": "cleaning", "evidence": "log", "owner": northgate.manager.pk}
    assert marek.post(address, data).status_code == 302
    with system(northgate.organization):
        northgate.requirement.refresh_from_db()
    assert northgate.requirement.name == "Deeper clean"
    assert northgate.requirement.owner_id == northgate.manager.pk


def test_a_new_schedule_from_a_day_on(marek: Client, northgate: House) -> None:
    address = f"/requirements/{northgate.requirement.pk}/schedule/"
    page = marek.get(address).content.decode()
    assert 'value="7"' in page
    assert marek.post(address, {**SCHEDULE, "effective_on": "2026-06-09"}).status_code == 400
    assert marek.post(address, {**SCHEDULE, "effective_on": "2026-06-15"}).status_code == 302
    with system(northgate.organization):
        assert northgate.requirement.schedules.count() == 2
        newest = northgate.requirement.schedules.latest("effective_at")
    assert newest.effective_at.isoformat() == "2026-06-14T23:00:00+00:00"


def test_waive_needs_a_reason(marek: Client, northgate: House) -> None:
    address = f"/requirements/{northgate.requirement.pk}/waive/"
    assert marek.post(address, {"reason": " "}).status_code == 400
    assert marek.post(address, {"reason": "Ward closed"}).status_code == 302
    assert "Waived" in marek.get(f"/requirements/{northgate.requirement.pk}/").content.decode()


def test_archive_and_restore(marek: Client, northgate: House) -> None:
    pk = northgate.requirement.pk
    assert "Archive “Deep clean”?" in marek.get(f"/requirements/{pk}/archive/").content.decode()
    assert marek.post(f"/requirements/{pk}/archive/").status_code == 302
    assert "Deep clean" not in marek.get("/requirements/").content.decode()
    assert "Archived" in marek.get("/requirements/idle/").content.decode()
    assert marek.post(f"/requirements/{pk}/restore/").status_code == 302
    assert "Deep clean" in marek.get("/requirements/").content.decode()


def test_queries_of_the_list_and_the_detail(
    marek: Client, northgate: House, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(20):
        marek.get("/requirements/")
    with django_assert_max_num_queries(28):
        marek.get(f"/requirements/{northgate.requirement.pk}/")


def test_what_is_due_by_the_end_of_a_day_says_the_day(marek: Client) -> None:
    """The list and the words agree: due on Monday is not midnight on Tuesday."""
    html = marek.get("/requirements/").content.decode()
    assert "was due Mon 8 Jun" in html
    assert "Mon 8 Jun 2026" in html
    assert "Tue 9 Jun 2026" not in html


def test_twice_a_day_is_kept_through_a_change(marek: Client, northgate: House) -> None:
    data = answers(every_unit="DAILY", weekdays=[], due_time="", count="2")
    made = marek.post(f"/requirements/new/?equipment={northgate.washer.pk}", data)
    requirement = latest(northgate)
    with system(northgate.organization):
        assert requirement.schedules.get().spec["count"] == 2
    page = marek.get(f"/requirements/{requirement.pk}/schedule/").content.decode()
    assert 'name="count" value="2"' in page
    assert made.status_code == 302


def test_a_duty_without_dates_says_so(marek: Client, northgate: House) -> None:
    data = {"name": "Terminal clean", "category": "cleaning", "evidence": "log", "mode": "event", "preview": "1"}
    response = marek.post(f"/requirements/new/?area={northgate.ward.pk}", {**data, "triggers": "discharge"})
    assert response.status_code == 200
    assert "It has no dates of its own" in response.content.decode()
