"""The bridge: facts in, occurrences and status out, whatever the order and however late."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.audit.models import AuditEvent
from apps.compliance import actions, engine, queries
from apps.compliance import schedule as pure
from apps.compliance import status as pure_status
from apps.compliance.models import FAR_FUTURE, Completion, Occurrence, Requirement
from apps.tenants.scope import member, system
from tests.cast import NOW, Cast, House

DAY = datetime.timedelta(days=1)
DAILY = {"mode": "fixed_calendar", "rrule": ["FREQ=DAILY"], "due_time": "18:00", "warn": ["PT2H"]}
WEEKLY = {"mode": "interval_after_completion", "interval": "P7D", "warn": ["P1D"]}


def make(house: House, spec: Mapping[str, object], starts_at: datetime.datetime = NOW) -> Requirement:
    return actions.create_requirement(spec=spec, equipment=house.washer, name="Rinse", starts_at=starts_at)


def done(requirement: Requirement, at: datetime.datetime, **more: Any) -> Completion:
    return actions.record_fact(requirement, performed_at=at, by_name="Tess", **more)[0]


def status_now(requirement: Requirement) -> tuple[str, str]:
    row = queries.row_of(requirement)
    assert row is not None
    return row.colour, str(row.status.reason)


def assert_tiled(requirement: Requirement) -> list[Occurrence]:
    rows = list(Occurrence.objects.filter(requirement=requirement).order_by("opens_at"))
    assert rows[0].opens_at == requirement.starts_at
    for before, after in pairwise(rows):
        assert before.closes_at == after.opens_at
    return rows


def test_a_new_duty_has_its_current_and_next_occurrence(frozen: object, in_northgate: House) -> None:
    requirement = make(in_northgate, DAILY)
    rows = assert_tiled(requirement)
    assert len(rows) == 2
    assert rows[0].due_at == datetime.datetime(2026, 6, 10, 17, 0, tzinfo=datetime.UTC)  # 18:00 in London
    assert status_now(requirement) == ("green", "on_time")


def test_red_turns_green_when_it_is_done(frozen: time_machine.Traveller, in_northgate: House) -> None:
    requirement = make(in_northgate, DAILY)
    frozen.move_to(NOW + datetime.timedelta(hours=9))
    assert status_now(requirement) == ("red", "missing")
    done(requirement, NOW + datetime.timedelta(hours=9))
    assert status_now(requirement) == ("green", "done")


def test_a_dead_week_is_caught_up_by_the_first_read(frozen: time_machine.Traveller, in_northgate: House) -> None:
    """No job ran for nine days: the read extends, counts what was missed, and is red."""
    requirement = make(in_northgate, DAILY)
    done(requirement, NOW)
    frozen.move_to(NOW + 9 * DAY)
    row = queries.row_of(requirement)
    assert row is not None
    assert (row.colour, str(row.status.reason), row.occurrence.missed_before) == ("red", "missed", 8)
    assert len(assert_tiled(requirement)) == 11


def test_extending_twice_creates_nothing_twice(frozen: time_machine.Traveller, in_northgate: House) -> None:
    requirement = make(in_northgate, DAILY)
    frozen.move_to(NOW + 30 * DAY)
    assert engine.extend_stale() == 1
    before = list(Occurrence.objects.filter(requirement=requirement).values_list("opens_at", flat=True))
    assert engine.extend_stale() == 0
    assert list(Occurrence.objects.filter(requirement=requirement).values_list("opens_at", flat=True)) == before


def test_an_interval_runs_from_when_it_was_done(frozen: time_machine.Traveller, in_northgate: House) -> None:
    requirement = make(in_northgate, WEEKLY, NOW - 20 * DAY)
    assert status_now(requirement)[0] == "red"
    done(requirement, NOW)
    row = queries.row_of(requirement)
    assert row is not None
    assert row.occurrence.due_at == datetime.datetime(2026, 6, 17, 23, 0, tzinfo=datetime.UTC)  # end of 17 June, London
    assert row.occurrence.closes_at == FAR_FUTURE
    assert row.colour == "green"


def test_the_same_fact_twice_counts_once(frozen: object, in_northgate: House) -> None:
    requirement = make(in_northgate, WEEKLY)
    key = uuid.uuid4()
    first, new = actions.record_fact(requirement, performed_at=NOW, by_name="Tess", uuid=key)
    again, new_again = actions.record_fact(requirement, performed_at=NOW, by_name="Tess", uuid=key)
    assert (first.pk, new, new_again) == (again.pk, True, False)
    assert AuditEvent.objects.filter(action="requirement.completion", object_id=requirement.pk).count() == 1


def test_taking_a_fact_back_reopens_what_it_satisfied(frozen: time_machine.Traveller, in_northgate: House) -> None:
    requirement = make(in_northgate, DAILY)
    frozen.move_to(NOW + datetime.timedelta(hours=9))
    fact = done(requirement, NOW)
    assert status_now(requirement)[0] == "green"
    actions.void_fact(fact, "wrong machine")
    assert status_now(requirement) == ("red", "missing")
    assert_tiled(requirement)


def test_a_late_record_fills_the_day_it_was_done_on(frozen: time_machine.Traveller, in_northgate: House) -> None:
    """Done on Monday, told on Wednesday: Monday's occurrence is done, Tuesday's is missed."""
    requirement = make(in_northgate, DAILY)
    frozen.move_to(NOW + 2 * DAY)
    assert queries.row_of(requirement).occurrence.missed_before == 2  # type: ignore[union-attr]
    done(requirement, NOW + datetime.timedelta(hours=1))
    rows = assert_tiled(requirement)
    assert rows[0].completed_at == NOW + datetime.timedelta(hours=1)
    assert rows[0].completed_recorded_at == NOW + 2 * DAY
    assert [row.missed_before for row in rows[:3]] == [0, 0, 1]


def test_an_unsatisfactory_result_is_red_though_in_date(frozen: object, in_northgate: House) -> None:
    requirement = make(in_northgate, WEEKLY)
    done(requirement, NOW, result="unsatisfactory")
    assert status_now(requirement) == ("red", "failed")
    done(requirement, NOW + datetime.timedelta(seconds=1))


def test_a_waiver_settles_with_its_reason(frozen: time_machine.Traveller, in_northgate: House) -> None:
    requirement = make(in_northgate, DAILY)
    frozen.move_to(NOW + datetime.timedelta(hours=9))
    row = queries.row_of(requirement)
    assert row is not None
    with pytest.raises(ValidationError):
        actions.waive_occurrence(row.occurrence, "  ")
    actions.waive_occurrence(row.occurrence, "Ward closed for works")
    assert status_now(requirement) == ("green", "waived")


def test_a_new_schedule_leaves_the_past_alone(frozen: time_machine.Traveller, in_northgate: House) -> None:
    requirement = make(in_northgate, DAILY)
    frozen.move_to(NOW + 3 * DAY)
    engine.extend_stale()
    before = [row.pk for row in assert_tiled(requirement)[:3]]
    assert actions.change_schedule(requirement, WEEKLY)
    assert not actions.change_schedule(requirement, WEEKLY)
    rows = assert_tiled(requirement)
    assert [row.pk for row in rows[:3]] == before
    with pytest.raises(ValidationError, match="past"):
        actions.change_schedule(requirement, DAILY, effective_at=NOW)


def test_a_machine_out_of_service_is_not_counted(frozen: object, in_northgate: House) -> None:
    counts, _facilities = queries.count_by_facility()
    assert counts.red == 1
    in_northgate.washer.status = "out_of_service"
    in_northgate.washer.save(update_fields=["status"])
    counts, _facilities = queries.count_by_facility()
    assert counts.total == 0


def test_archiving_ends_a_duty_and_restoring_brings_back_what_was_missed(
    frozen: time_machine.Traveller, in_northgate: House
) -> None:
    requirement = make(in_northgate, DAILY)
    actions.archive_requirement(requirement)
    assert queries.row_of(requirement) is None
    frozen.move_to(NOW + 5 * DAY)
    engine.extend_stale()
    actions.restore_requirement(requirement)
    assert status_now(requirement)[0] == "red"
    assert len(assert_tiled(requirement)) == 7


def test_technicians_do_not_change_duties(cast: Cast) -> None:
    with member(cast.northgate.technician):
        for refused in (
            lambda: make(cast.northgate, DAILY),
            lambda: actions.archive_requirement(cast.northgate.requirement),
            lambda: actions.change_schedule(cast.northgate.requirement, DAILY),
            lambda: actions.create_protocol(name="x"),
            lambda: actions.waive_occurrence(cast.northgate.occurrence, "x"),
        ):
            with pytest.raises(PermissionDenied):
                refused()


def test_a_bad_schedule_names_its_fault(in_northgate: House) -> None:
    with pytest.raises(ValidationError) as refused:
        make(in_northgate, {"mode": "interval_after_completion"})
    assert "schedule" in refused.value.message_dict


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_stored_occurrences_equal_a_full_replay_in_any_arrival_order(cast: Cast, data: st.DataObject) -> None:
    """Whatever the order in which facts arrive and time passes, the rows are those of one replay of all facts."""
    spec = data.draw(st.sampled_from([DAILY, WEEKLY]))
    offsets = data.draw(st.lists(st.integers(0, 24 * 12), min_size=1, max_size=6, unique=True))
    with time_machine.travel(NOW, tick=False) as clock, system(cast.northgate.organization):
        requirement = make(cast.northgate, spec)
        clock.move_to(NOW + 13 * DAY)
        for number, hours in enumerate(offsets):
            if number % 2:
                engine.extend_stale()
            fact = done(requirement, NOW + datetime.timedelta(hours=hours))
            if data.draw(st.integers(0, 4)) == 0:
                actions.void_fact(fact, "mistake")
        engine.extend_stale()
        requirement.refresh_from_db()
        facts = [engine.to_fact(c) for c in requirement.completions.all()]
        wanted = pure.tiles(
            engine.to_versions(requirement.schedules.all()),
            facts,
            starts_at=requirement.starts_at,
            zone=ZoneInfo("Europe/London"),
            until=NOW + 13 * DAY,
        )
        uuids: dict[int | None, uuid.UUID] = dict(requirement.completions.values_list("pk", "uuid"))
        stored = [
            engine.to_tile(row, uuids.get(row.completion_id)) for row in requirement.occurrences.order_by("opens_at")
        ]
        assert stored == wanted
        at = NOW + 13 * DAY
        (live,) = queries.live(at).filter(requirement=requirement)
        assert live.colour == str(pure_status.status(engine.to_tile(live), at).colour)
        Requirement.objects.filter(pk=requirement.pk).update(archived_at=at)
