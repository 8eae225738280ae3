"""The past, answered: as of any moment, and as known then."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.compliance import actions, engine, queries
from apps.compliance import schedule as pure
from apps.compliance import status as pure_status
from apps.compliance.models import Requirement
from apps.compliance.moment import Moment, parse_instant, read
from apps.tenants.scope import system
from tests.cast import NOW, Cast, House

DAY = datetime.timedelta(days=1)
DAILY = {"mode": "fixed_calendar", "rrule": ["FREQ=DAILY"], "due_time": "18:00", "warn": ["PT2H"]}
WEEKLY = {"mode": "interval_after_completion", "interval": "P7D", "warn": ["P1D"]}
LONDON = ZoneInfo("Europe/London")


def make(house: House, spec: Mapping[str, object]) -> Requirement:
    return actions.create_requirement(spec=spec, equipment=house.trolley, name="Rinse", starts_at=NOW)


def colour(requirement: Requirement, at: datetime.datetime, known_at: datetime.datetime | None = None) -> str:
    moment = Moment(at, known_at, is_now=False)
    row = queries.row_of(requirement, moment)
    return row.colour if row else "none"


def test_the_past_is_what_it_was(frozen: time_machine.Traveller, in_northgate: House) -> None:
    requirement = make(in_northgate, DAILY)
    frozen.move_to(NOW + 3 * DAY)
    actions.record_fact(requirement, performed_at=NOW + 3 * DAY, by_name="Tess")
    assert colour(requirement, NOW) == "green"
    assert colour(requirement, NOW + datetime.timedelta(hours=9)) == "red"
    assert colour(requirement, NOW + 2 * DAY) == "red"
    assert colour(requirement, NOW + 3 * DAY) == "green"
    assert colour(requirement, NOW - DAY) == "none"


def test_a_late_record_changes_the_past_but_not_what_was_known(
    frozen: time_machine.Traveller, in_northgate: House
) -> None:
    """Done on Wednesday, told on Friday: on Thursday it was green, and known as red."""
    requirement = make(in_northgate, DAILY)
    frozen.move_to(NOW + 2 * DAY)
    actions.record_fact(requirement, performed_at=NOW + datetime.timedelta(hours=1), by_name="Tess")
    evening = NOW + datetime.timedelta(hours=9)
    assert colour(requirement, evening) == "green"
    assert colour(requirement, evening, known_at=NOW + DAY) == "red"
    assert colour(requirement, evening, known_at=NOW + 2 * DAY) == "green"


def test_what_was_taken_back_later_counted_then(frozen: time_machine.Traveller, in_northgate: House) -> None:
    requirement = make(in_northgate, WEEKLY)
    fact, _new = actions.record_fact(requirement, performed_at=NOW, by_name="Tess")
    frozen.move_to(NOW + 2 * DAY)
    actions.void_fact(fact, "wrong machine")
    assert colour(requirement, NOW + DAY) == "red"
    assert colour(requirement, NOW + DAY, known_at=NOW + DAY) == "green"


def test_a_duty_nobody_had_entered_is_not_shown_as_known_then(
    frozen: time_machine.Traveller, in_northgate: House
) -> None:
    frozen.move_to(NOW + 5 * DAY)
    requirement = make(in_northgate, WEEKLY)
    assert colour(requirement, NOW + 2 * DAY) == "red"
    assert colour(requirement, NOW + 2 * DAY, known_at=NOW + 2 * DAY) == "none"


def test_archived_later_counted_then(frozen: time_machine.Traveller, in_northgate: House) -> None:
    requirement = make(in_northgate, WEEKLY)
    frozen.move_to(NOW + 5 * DAY)
    actions.archive_requirement(requirement)
    assert colour(requirement, NOW + 2 * DAY) == "red"
    assert colour(requirement, NOW + 5 * DAY) == "none"


def test_the_dashboard_and_the_list_of_a_past_day(
    frozen: time_machine.Traveller, marek: Client, northgate: House
) -> None:
    """On 5 June the machine was in order; it is red now."""
    page = marek.get("/?at=2026-06-05")
    assert page.context["counts"].green == 1
    assert "As of 5 June 2026, 23:59" in page.content.decode()
    assert "Deep clean" not in marek.get("/requirements/?at=2026-06-05&status=red").content.decode()
    listed = marek.get("/requirements/?at=2026-06-05T12:00&status=green").content.decode()
    assert "Deep clean" in listed
    assert "at=2026-06-05T12%3A00" in listed
    csv = marek.get("/requirements/csv/?at=2026-06-05").getvalue().decode()
    assert "green" in csv
    assert "Deep clean" in marek.get(f"/requirements/{northgate.requirement.pk}/?at=2026-06-05").content.decode()


@pytest.mark.parametrize(
    "text", ["", "x", "2026-13-45", "9999-99-99", "2999-01-01", "2026-06-05T99:99", "0001-01-01", "\x00"]
)
def test_a_moment_that_is_none_is_now(frozen: object, text: str) -> None:
    moment = read({"at": text, "known_at": text}, LONDON)
    assert (moment.at, moment.known_at, moment.is_now) == (NOW, None, True)


def test_a_date_is_its_end_on_the_organizations_clock() -> None:
    assert parse_instant("2026-06-05", LONDON) == datetime.datetime(2026, 6, 5, 22, 59, 59, tzinfo=datetime.UTC)
    assert parse_instant("2026-01-05T10:00", LONDON) == datetime.datetime(2026, 1, 5, 10, 0, tzinfo=datetime.UTC)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_stored_rows_and_a_replay_of_what_was_known_agree(cast: Cast, data: st.DataObject) -> None:
    """For any history, any moment and any knowledge, the page and the pure replay say the same colour."""
    spec = data.draw(st.sampled_from([DAILY, WEEKLY]))
    days = data.draw(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.booleans()), min_size=1, max_size=4))
    with time_machine.travel(NOW, tick=False) as clock, system(cast.northgate.organization):
        requirement = make(cast.northgate, spec)
        for done, told_later, taken_back in sorted(days, key=lambda d: d[0] + d[1]):
            clock.move_to(NOW + (done + told_later) * DAY + datetime.timedelta(hours=1))
            fact, _new = actions.record_fact(requirement, performed_at=NOW + done * DAY, by_name="Tess")
            if taken_back:
                actions.void_fact(fact, "mistake")
        clock.move_to(NOW + 14 * DAY)
        engine.extend_stale()
        at = NOW + datetime.timedelta(hours=data.draw(st.integers(1, 300)))
        known_at = NOW + datetime.timedelta(hours=data.draw(st.integers(1, 320)))
        tiles = pure.tiles(
            engine.to_versions(requirement.schedules.all()),
            [engine.to_fact(c) for c in requirement.completions.all()],
            starts_at=requirement.starts_at,
            zone=LONDON,
            until=NOW + 14 * DAY,
            known_at=known_at,
        )
        tile = engine.tile_at(tiles, at)
        assert tile is not None
        assert colour(requirement, at, known_at) == str(pure_status.status(tile, at).colour)
        (found,) = queries.live(Moment(at, known_at, is_now=False)).filter(requirement=requirement)
        assert found.colour == str(pure_status.status(tile, at).colour)
        Requirement.objects.filter(pk=requirement.pk).update(archived_at=NOW)
