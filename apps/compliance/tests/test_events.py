"""Events that make a duty due, uses, prerequisites, and creating all seven schedule modes on the page."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

from apps.audit.models import AuditEvent
from apps.compliance import actions as compliance
from apps.compliance import queries
from apps.compliance.events import actions
from apps.compliance.events.models import Prerequisite
from apps.compliance.events.queries import triggers, triggers_by_requirement, unmet
from apps.compliance.models import Completion, Requirement
from apps.tenants.scope import member, system
from tests.cast import NOW, House, new_uuid

pytestmark = pytest.mark.usefixtures("frozen")
DAY = datetime.timedelta(days=1)
HOUR = datetime.timedelta(hours=1)
TERMINAL = {"mode": "event", "triggers": ["discharge"], "within": "PT4H", "warn": ["PT4H"]}


def make(house: House, spec: dict[str, Any], name: str = "Terminal clean") -> Requirement:
    with member(house.admin):
        return compliance.create_requirement(spec=spec, equipment=house.washer, name=name, starts_at=NOW - 2 * DAY)


def words(requirement: Requirement) -> tuple[str, str]:
    row = queries.row_of(requirement)
    assert row is not None
    return row.colour, row.words


def test_an_event_makes_it_due_and_doing_it_settles_it(tess: Client, northgate: House) -> None:
    made = make(northgate, TERMINAL)
    page = tess.get(f"/requirements/{made.pk}/").content.decode()
    assert "Nothing due" in page
    assert "Record: discharge" in page
    url = f"/requirements/{made.pk}/event/"
    assert "checked" in tess.get(f"{url}?trigger=discharge").content.decode()
    sent = {"trigger": "discharge", "uuid": new_uuid(), "happened_at": "2026-06-10T09:30", "note": "Bed 4"}
    assert tess.post(url, sent)["Location"] == f"/requirements/{made.pk}/"
    tess.post(url, sent)
    with system(northgate.organization):
        fact = Completion.objects.get(requirement=made)
        assert (fact.kind, fact.reason, fact.by_id) == ("event", "discharge: Bed 4", northgate.technician.pk)
        assert fact.performed_at == NOW - HOUR / 2
        assert words(made) == ("amber", "Due today by 13:30")
        assert AuditEvent.objects.filter(action="requirement.event", object_id=made.pk, actor="Tess").count() == 1
        compliance.record_fact(made, performed_at=NOW, by_name="Tess")
        assert words(made)[0] == "green"


def test_a_use_asks_for_the_clean_after_it(frozen: time_machine.Traveller, northgate: House) -> None:
    made = make(northgate, {"mode": "per_use", "after": True, "within": "PT1H"})
    with member(northgate.technician):
        actions.record_event(made, trigger="used")
        assert words(made)[0] in ("amber", "green")
        frozen.move_to(NOW + 2 * HOUR)
        assert words(made)[0] == "red"


def test_a_review_comes_sooner_when_something_changes(northgate: House) -> None:
    made = make(northgate, {"mode": "review_triggered", "interval": "P1Y", "within": "P7D"})
    with member(northgate.manager):
        compliance.record_fact(made, performed_at=NOW - DAY, by_name="Marek")
        assert words(made)[0] == "green"
        actions.record_event(made, trigger="significant change")
        row = queries.row_of(made)
        assert row is not None
        assert row.tile.due_at == datetime.datetime(2026, 6, 17, 23, 0, tzinfo=datetime.UTC)


def test_refusals(
    audrey: Client, oscar: Client, rosa: Client, marek: Client, northgate: House, southbank: House
) -> None:
    made = make(northgate, TERMINAL)
    url, sent = f"/requirements/{made.pk}/event/", {"trigger": "discharge", "uuid": new_uuid()}
    assert audrey.post(url, sent).status_code == 403
    assert oscar.post(url, sent).status_code in (403, 404)
    assert rosa.post(url, sent).status_code == 404
    assert marek.get(f"/requirements/{northgate.requirement.pk}/event/").status_code == 404
    assert marek.get(f"/requirements/{southbank.requirement.pk}/event/").status_code == 404
    for bad in ({"trigger": "fire"}, {"trigger": "discharge", "happened_at": "2027-01-01T00:00"}, {"trigger": ""}):
        assert marek.post(url, bad).status_code == 400
    assert marek.post(url, {"trigger": "discharge", "happened_at": "yesterday"}).status_code == 400
    with member(northgate.manager):
        for more in ({"happened_at": NOW - 9999 * DAY}, {"note": "x" * 301}):
            with pytest.raises(ValidationError):
                actions.record_event(made, trigger="discharge", **more)
        assert not Completion.objects.filter(kind="event").exists()


def test_an_event_that_did_not_happen_is_taken_back(
    marek: Client, tess: Client, rosa: Client, northgate: House
) -> None:
    made = make(northgate, TERMINAL)
    with member(northgate.technician):
        event, _new = actions.record_event(made, trigger="discharge")
    url = f"/events/{event.pk}/take-back/"
    assert tess.post(url, {"reason": "x"}).status_code == 403
    assert rosa.get(url).status_code in (403, 404)
    assert marek.post(url, {"reason": ""}).status_code == 400
    assert marek.post(url, {"reason": "Wrong bed"}).status_code == 302
    html = marek.get(f"/requirements/{made.pk}/").content.decode()
    assert "taken back: Wrong bed" in html
    assert "Nothing due" in html
    assert marek.get(url).status_code == 404


def test_triggers_of_many_in_one_query(in_northgate: House, django_assert_num_queries: Any) -> None:
    found = [make_here(in_northgate, TERMINAL), in_northgate.requirement]
    found.append(make_here(in_northgate, {"mode": "per_use", "before": True}))
    with django_assert_num_queries(1):
        known = triggers_by_requirement(found)
    assert known == {found[0].pk: ["discharge"], found[2].pk: ["used"]}
    assert [triggers(requirement) for requirement in found] == [["discharge"], [], ["used"]]


def make_here(house: House, spec: dict[str, Any]) -> Requirement:
    return compliance.create_requirement(spec=spec, equipment=house.washer, name="More", starts_at=NOW)


# --- Prerequisites ---


def test_what_it_needs_first_is_chosen_on_its_page(
    marek: Client, tess: Client, northgate: House, southbank: House
) -> None:
    made = make(northgate, TERMINAL, "First case")
    url = f"/requirements/{made.pk}/needs/"
    assert tess.get(url).status_code == 403
    assert marek.get(f"/requirements/{southbank.requirement.pk}/needs/").status_code == 404
    assert "Deep clean" in marek.get(url).content.decode()
    assert marek.post(url, {"needs": [southbank.requirement.pk]}).status_code == 400
    assert marek.post(url, {"needs": [made.pk]}).status_code == 400
    assert marek.post(url, {"needs": [northgate.requirement.pk]}).status_code == 302
    html = marek.get(f"/requirements/{made.pk}/").content.decode()
    assert "Not in order yet, and needed first" in html
    assert "Deep clean: Overdue by 2 days" in html
    with system(northgate.organization):
        assert [breach.requirement.pk for breach in unmet(made)] == [northgate.requirement.pk]
        assert unmet(made, NOW - 5 * DAY) == []
    assert marek.post(url, {"needs": []}).status_code == 302
    with system(northgate.organization):
        assert Prerequisite.objects.get().removed_at is not None
        actions_done = set(
            AuditEvent.objects.filter(object_type="compliance.prerequisite").values_list("action", flat=True)
        )
        assert actions_done == {"prerequisite.create", "prerequisite.remove"}
    assert marek.post(url, {"needs": [northgate.requirement.pk]}).status_code == 302


def test_technicians_do_not_set_prerequisites(northgate: House) -> None:
    made = make(northgate, TERMINAL)
    with member(northgate.technician), pytest.raises(PermissionDenied):
        actions.set_prerequisites(made, [])


# --- The form of schedules ---

COMMON = {"name": "New duty", "category": "cleaning", "evidence": "log", "every": "1", "every_unit": "WEEKLY"}
ALL_MODES = [
    ({"mode": "fixed_calendar", "on_closed": "after"}, {"rrule": ["FREQ=WEEKLY"], "on_closed": "after"}),
    ({"mode": "fixed_calendar", "on_closed": "keep"}, {"rrule": ["FREQ=WEEKLY"]}),
    ({"mode": "interval_after_completion", "interval": "7", "interval_unit": "D"}, {"interval": "P7D"}),
    (
        {
            "mode": "keep_anniversary",
            "interval": "1",
            "interval_unit": "Y",
            "early_window": "2",
            "early_window_unit": "M",
        },
        {"interval": "P12M", "early_window": "P2M"},
    ),
    (
        {
            "mode": "review_triggered",
            "interval": "1",
            "interval_unit": "Y",
            "triggers": "fire, new  use",
            "within": "7",
        },
        {"interval": "P12M", "triggers": ["fire", "new use"], "within": "P7D"},
    ),
    ({"mode": "validity_after_completion", "interval": "5", "interval_unit": "Y"}, {"interval": "P5Y"}),
    (
        {"mode": "event", "triggers": "discharge, transfer", "within": "4", "within_unit": "H"},
        {"triggers": ["discharge", "transfer"], "within": "PT4H"},
    ),
    ({"mode": "event"}, {}),
    (
        {"mode": "per_use", "before": "on", "after": "on", "within": "0"},
        {"before": True, "after": True, "within": "P0D"},
    ),
]


@pytest.mark.parametrize(("sent", "spec"), ALL_MODES)
def test_every_mode_is_created_and_edited_on_the_page(
    sent: dict[str, str], spec: dict[str, Any], marek: Client, northgate: House
) -> None:
    from apps.compliance.schedule_form import ScheduleForm

    response = marek.post(f"/requirements/new/?equipment={northgate.washer.pk}", {**COMMON, **sent})
    assert response.status_code == 302
    with system(northgate.organization):
        made = Requirement.objects.latest("id")
        stored = made.schedules.get().spec
        assert {k: v for k, v in stored.items() if k != "warn"} == {"mode": sent["mode"], **spec}
        base = queries.schedule_in_force(made)
    form = ScheduleForm(base=base)
    data = {name: form[name].value() for name in form.fields}
    again = ScheduleForm({k: v for k, v in data.items() if v is not None and v is not False}, base=base)
    assert again.is_valid(), again.errors
    assert again.schedule == base
    html = marek.get(f"/requirements/{made.pk}/schedule/").content.decode()
    assert "When it falls on a closed day" in html


def test_per_use_needs_before_or_after(marek: Client, northgate: House) -> None:
    url = f"/requirements/new/?equipment={northgate.washer.pk}"
    response = marek.post(url, {**COMMON, "mode": "per_use"})
    assert response.status_code == 400
    assert "before use, after use, or both" in response.content.decode()
    assert marek.post(url, {**COMMON, "mode": "event", "triggers": "x" * 61}).status_code == 400
