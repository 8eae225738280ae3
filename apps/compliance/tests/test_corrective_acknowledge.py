"""Acknowledging a requirement that is not in order, and pausing its reminders."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client

from apps.audit.models import AuditEvent
from apps.compliance import actions as compliance
from apps.compliance import queries as compliance_queries
from apps.compliance.corrective import actions, queries
from apps.compliance.corrective.models import Acknowledgement
from apps.tenants.scope import member, system
from tests.cast import NOW, House

pytestmark = pytest.mark.usefixtures("frozen")
DAY = datetime.timedelta(days=1)


def test_a_note_stands_until_it_is_done_and_changes_no_status(
    frozen: time_machine.Traveller, tess: Client, marek: Client, northgate: House
) -> None:
    page = f"/requirements/{northgate.requirement.pk}/"
    html = tess.get(f"{page}acknowledge/").content.decode()
    assert "Pause reminders" not in html
    assert tess.post(f"{page}acknowledge/", {"note": "Spare part ordered"})["Location"] == page
    for url in (page, "/", "/requirements/"):
        html = marek.get(url).content.decode()
        assert "Spare part ordered" in html, url
        assert "Overdue by 2 days" in html, url
    with system(northgate.organization):
        assert compliance_queries.row_of(northgate.requirement).colour == "red"  # type: ignore[union-attr]
        stored = Acknowledgement.objects.get()
        assert (stored.by_id, stored.by_name, stored.recorded_at) == (northgate.technician.pk, "Tess", NOW)
        assert AuditEvent.objects.filter(action="requirement.seen").exists()
        frozen.move_to(NOW + datetime.timedelta(hours=1))
        compliance.record_fact(northgate.requirement, performed_at=NOW, by_name="Tess")
    assert "Spare part ordered" not in marek.get(page).content.decode()
    frozen.move_to(NOW + 2 * DAY)
    with system(northgate.organization):
        assert queries.acknowledgements([northgate.requirement.pk]) == {}
        assert queries.acknowledgements([northgate.requirement.pk], NOW) != {}


def test_reminders_are_paused_until_an_end_and_resumed(
    frozen: time_machine.Traveller, marek: Client, tess: Client, northgate: House
) -> None:
    page = f"/requirements/{northgate.requirement.pk}/"
    sent = {"note": "Engineer on Friday", "snooze_until": "2026-06-12"}
    assert marek.post(f"{page}acknowledge/", sent).status_code == 302
    assert "paused until the end of Fri 12 Jun 2026" in tess.get(page).content.decode()
    with system(northgate.organization):
        asked = [NOW - DAY, NOW, NOW + 2 * DAY, NOW + 3 * DAY]
        assert [queries.snoozed(northgate.requirement, at) for at in asked] == [False, True, True, False]
        assert compliance_queries.row_of(northgate.requirement).colour == "red"  # type: ignore[union-attr]
    assert tess.post(f"{page}resume/").status_code == 403
    frozen.shift(60)
    with member(northgate.technician):
        actions.acknowledge(northgate.requirement, note="I will look")
    with system(northgate.organization):
        assert queries.snoozed(northgate.requirement), "another note does not resume"
    frozen.shift(60)
    assert marek.post(f"{page}resume/").status_code == 302
    assert marek.post(f"{page}resume/").status_code == 302
    with system(northgate.organization):
        assert not queries.snoozed(northgate.requirement)
        assert queries.acknowledgements([northgate.requirement.pk])[northgate.requirement.pk].note == "I will look"


def test_doing_it_ends_the_pause(frozen: time_machine.Traveller, northgate: House) -> None:
    with member(northgate.manager):
        actions.acknowledge(northgate.requirement, note="x", snooze_until=NOW + 20 * DAY)
        frozen.move_to(NOW + DAY)
        assert queries.snoozed(northgate.requirement)
        compliance.record_fact(northgate.requirement, performed_at=NOW + DAY, by_name="Tess")
        frozen.move_to(NOW + 2 * DAY)
        assert not queries.snoozed(northgate.requirement)


def test_refusals(
    marek: Client, tess: Client, audrey: Client, rosa: Client, oscar: Client, northgate: House, southbank: House
) -> None:
    url = f"/requirements/{northgate.requirement.pk}/acknowledge/"
    assert audrey.post(url, {"note": "x"}).status_code == 403
    assert rosa.post(url, {"note": "x"}).status_code == 404
    assert oscar.post(url, {"note": "x"}).status_code in (403, 404)
    assert marek.post(f"/requirements/{southbank.requirement.pk}/acknowledge/", {"note": "x"}).status_code == 404
    assert marek.post(url, {"note": " "}).status_code == 400
    for day in ("2026-06-01", "2027-06-01"):
        assert marek.post(url, {"note": "x", "snooze_until": day}).status_code == 400
    tess.post(url, {"note": "x", "snooze_until": "2026-06-12"})
    with system(northgate.organization):
        assert Acknowledgement.objects.get().snooze_until is None, "a technician pauses nothing"
    with member(northgate.manager):
        compliance.record_fact(northgate.requirement, performed_at=NOW, by_name="Tess")
        with pytest.raises(ValidationError):
            actions.acknowledge(northgate.requirement, note="x")


def test_rows_get_theirs_in_one_query(in_northgate: House, django_assert_num_queries: Any) -> None:
    rows = [compliance_queries.row_of(in_northgate.requirement)]
    with django_assert_num_queries(1):
        queries.with_acknowledgements(rows)
    with django_assert_num_queries(0):
        queries.with_acknowledgements([])
