"""Trends: on time by week, facility by day, the worst duties, and the counts behind them."""

from __future__ import annotations

import datetime
from collections import Counter
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.compliance import actions, engine
from apps.compliance.agenda.calendar import Outcome, counted_until, outcome_of
from apps.compliance.models import Completion, Occurrence, Requirement
from apps.compliance.moment import Moment
from apps.compliance.schedule import due_day
from apps.compliance.trends import charts, queries, rollup
from apps.compliance.trends.models import DailyCount, DirtyDay
from apps.compliance.trends.queries import Tally
from apps.equipment.models import Equipment
from apps.facilities.models import Facility
from apps.tenants.scope import member, system
from tests.cast import NOW, Cast, House

pytestmark = pytest.mark.usefixtures("frozen")
DAY = datetime.timedelta(days=1)
D = datetime.date
DAILY = {"mode": "fixed_calendar", "rrule": ["FREQ=DAILY"], "due_time": "18:00", "warn": ["PT2H"], "grace": "PT1H"}
WEEKLY = {"mode": "interval_after_completion", "interval": "P7D", "warn": ["P1D"]}
USE = {"mode": "per_use", "after": True, "within": "PT2H"}
NAMES = ("due", "on_time", "late", "missed", "waived")


def make(house: House, spec: dict[str, Any] = DAILY, start: datetime.datetime = NOW, **fields: Any) -> Requirement:
    fields.setdefault("equipment", house.trolley)
    return actions.create_requirement(spec=spec, name=fields.pop("name", "Rinse"), starts_at=start, **fields)


def stored() -> dict[tuple[int, D], tuple[int, ...]]:
    return {
        (facility, day): tuple(counts)
        for facility, day, *counts in DailyCount.objects.values_list("facility_id", "day", *NAMES)
    }


def counted(now: datetime.datetime) -> dict[tuple[int, D], tuple[int, ...]]:
    """The same counts by hand: the calendar's own idea of what became of each occurrence."""
    found: dict[tuple[int, D], Counter[str]] = {}
    names = {
        Outcome.DONE: "on_time",
        Outcome.LATE: "late",
        Outcome.WAIVED: "waived",
        Outcome.MISSED: "missed",
        Outcome.OVERDUE: "missed",
    }
    rows = Occurrence.objects.exclude(due_at=None).select_related(
        "requirement__facility", "requirement__area", "requirement__equipment"
    )
    openings = {(row.requirement_id, row.opens_at): row.missed_before for row in Occurrence.objects.all()}
    for row in rows:
        ends_at = counted_until(row.requirement, now)
        assert row.overdue_at is not None
        assert row.due_at is not None
        if ends_at is not None and ends_at <= row.overdue_at:
            continue
        following = openings.get((row.requirement_id, row.closes_at))
        split = following is not None and following > row.missed_before
        outcome = outcome_of(engine.to_tile(row), now, is_split=split)
        if outcome is None:
            continue
        zone = ZoneInfo(row.requirement.facility.time_zone)
        counts = found.setdefault((row.facility_id, due_day(row.due_at, zone)), Counter())
        counts["due"] += 1
        counts[names.get(outcome, "open")] += 1
    return {key: tuple(counts[name] for name in NAMES) for key, counts in found.items()}


def test_it_works(marek: Client, northgate: House) -> None:
    with system(northgate.organization):
        made = make(northgate, start=NOW - 10 * DAY)
        for days in (10, 9, 8, 5):
            actions.record_fact(made, performed_at=NOW - days * DAY + datetime.timedelta(hours=1), by_name="Tess")
    response = marek.get("/trends/")
    assert response.status_code == 200
    html = response.content.decode()
    assert "<svg" in html
    assert 'style="' not in html
    assert "Week of 1 Jun: 43% on time (3 on time, 0 late, 4 missed)" in html
    assert "Northgate General Annex, 8 Jun: 0% on time (0 on time, 0 late, 1 missed)" in html
    assert "The numbers by week" in html
    worst = [
        (each.requirement.name, each.missed, each.late) for each in (row["duty"] for row in response.context["worst"])
    ]
    assert worst == [("Rinse", 6, 0), ("Deep clean", 1, 0)]


def test_a_restricted_member_sees_their_facility_only(rosa: Client, marek: Client, northgate: House) -> None:
    with system(northgate.organization):
        make(northgate, start=NOW - 10 * DAY)
    response = rosa.get("/trends/")
    html = response.content.decode()
    assert "Northgate General Annex" in html
    assert "Deep clean" not in html
    assert [row["name"] for row in response.context["facility_rows"]] == ["Northgate General Annex"]
    assert rosa.get(f"/trends/?facility={northgate.hospital.pk}").status_code == 404
    with system(northgate.organization):
        # What she may not see is not counted by her visit, and waits for somebody who may.
        assert set(DirtyDay.objects.values_list("facility_id", flat=True)) == {northgate.hospital.pk}
    assert len(marek.get("/trends/").context["facility_rows"]) == 2


def test_another_organizations_facility_is_not_found(marek: Client, southbank: House) -> None:
    assert marek.get(f"/trends/?facility={southbank.hospital.pk}").status_code == 404
    html = marek.get("/trends/").content.decode()
    assert "Riverside" not in html


def test_others_may_not(oscar: Client, anonymous: Client) -> None:
    assert oscar.get("/trends/").status_code == 404
    assert anonymous.get("/trends/")["Location"].startswith("/login/")


def test_one_facility(marek: Client, northgate: House) -> None:
    with system(northgate.organization):
        make(northgate, start=NOW - 10 * DAY)
    response = marek.get(f"/trends/?facility={northgate.annex.pk}")
    assert [row["name"] for row in response.context["facility_rows"]] == ["Northgate General Annex"]
    assert [each["duty"].requirement.name for each in response.context["worst"]] == ["Rinse"]
    assert response.context["chips"][0].value == "Northgate General Annex"


def test_nothing_yet_says_when_it_begins(marek: Client, northgate: House) -> None:
    html = marek.get(f"/trends/?facility={northgate.annex.pk}").content.decode()
    assert "Nothing has fallen due yet" in html


def test_the_past_ends_the_range_and_says_what_is_known(marek: Client, northgate: House) -> None:
    with system(northgate.organization):
        make(northgate, start=NOW - 10 * DAY)
    response = marek.get("/trends/?at=2026-06-04&known_at=2026-06-04")
    html = response.content.decode()
    assert "count everything that is known now" in html
    assert "Week of 1 Jun: 0% on time (0 on time, 0 late, 4 missed)" in html
    assert "8 Jun:" not in html


def test_a_late_fact_corrects_the_day_it_was_due(marek: Client, northgate: House) -> None:
    with system(northgate.organization):
        made = make(northgate, start=NOW - 10 * DAY)
    assert "Week of 1 Jun: 0% on time" in marek.get("/trends/").content.decode()
    with system(northgate.organization):
        fact, _new = actions.record_fact(made, performed_at=NOW - 5 * DAY, by_name="Tess")
        assert DirtyDay.objects.exists()
    assert "Week of 1 Jun: 14% on time (1 on time, 0 late, 6 missed)" in marek.get("/trends/").content.decode()
    with system(northgate.organization):
        assert not DirtyDay.objects.exists()
        actions.void_fact(fact, "It was another ward.")
    assert "Week of 1 Jun: 0% on time" in marek.get("/trends/").content.decode()


def test_a_deadline_that_passes_counts_without_any_fact(northgate: House) -> None:
    with system(northgate.organization):
        make(northgate)
        rollup.refresh(NOW)
        key = (northgate.annex.pk, NOW.date())
        assert stored()[key] == (1, 0, 0, 0, 0)
        assert rollup.refresh(NOW + datetime.timedelta(hours=8)) == 0
        after = NOW + datetime.timedelta(hours=9, seconds=1)
        assert rollup.refresh(after) >= 1
        assert stored()[key] == (1, 0, 0, 1, 0)
        assert rollup.refresh(after) == 0


def test_a_second_refresh_reads_two_tables_and_writes_nothing(
    in_northgate: House, django_assert_num_queries: Any
) -> None:
    make(in_northgate, start=NOW - 10 * DAY)
    rollup.refresh(NOW)
    with django_assert_num_queries(2):
        assert rollup.refresh(NOW) == 0


def test_the_page_costs_the_same_for_many(marek: Client, northgate: House, django_assert_max_num_queries: Any) -> None:
    with system(northgate.organization):
        for number in range(25):
            place = Facility.objects.create(name=f"Site {number}")
            make(northgate, start=NOW - 5 * DAY, equipment=None, facility=place, name=f"Mop {number}")
    marek.get("/trends/")
    with django_assert_max_num_queries(24):
        response = marek.get("/trends/")
    assert len(response.context["facility_rows"]) == 20
    assert len(response.context["worst"]) == 10


def test_moving_a_machine_takes_its_days_along(northgate: House) -> None:
    with system(northgate.organization):
        make(northgate, start=NOW - 3 * DAY)
        rollup.refresh(NOW)
        before = stored()
        assert (northgate.annex.pk, D(2026, 6, 8)) in before
        Equipment.objects.filter(pk=northgate.trolley.pk).update(facility=northgate.hospital)
        rollup.refresh(NOW)
        after = stored()
        assert not [key for key in after if key[0] == northgate.annex.pk]
        rollup.rebuild(NOW)
        assert stored() == after


def test_each_organization_counts_its_own(cast: Cast) -> None:
    for house in (cast.northgate, cast.southbank):
        with system(house.organization):
            make(house, start=NOW - 2 * DAY)
    with member(cast.northgate.restricted):
        rollup.rebuild(NOW)
    with system(cast.southbank.organization):
        assert not DailyCount.objects.exists()
        assert DirtyDay.objects.exists()
    with system(cast.northgate.organization):
        assert {facility for facility, _day in stored()} == {cast.northgate.annex.pk}


def test_merge_joins_what_overlaps_or_touches() -> None:
    days = [(1, D(2026, 1, 3), D(2026, 1, 4)), (1, D(2026, 1, 1), D(2026, 1, 2)), (2, D(2026, 1, 1), D(2026, 1, 1))]
    days += [(1, D(2026, 1, 9), D(2026, 1, 9)), (1, D(2026, 1, 2), D(2026, 1, 2)), (3, rollup.FIRST, rollup.LAST)]
    assert sorted(rollup.merge(days)) == [
        (1, D(2026, 1, 1), D(2026, 1, 4)),
        (1, D(2026, 1, 9), D(2026, 1, 9)),
        (2, D(2026, 1, 1), D(2026, 1, 1)),
        (3, rollup.FIRST, rollup.LAST),
    ]


@pytest.mark.parametrize(
    ("tally", "percent", "colour"),
    [
        (Tally(), None, None),
        (Tally(999, 1, 0), 99, "amber"),
        (Tally(1, 0, 999), 1, "red"),
        (Tally(3), 100, "green"),
        (Tally(0, 2), 0, "amber"),
    ],
)
def test_percent_never_hides_the_one_that_went_wrong(tally: Tally, percent: int | None, colour: str | None) -> None:
    assert (tally.percent, tally.colour) == (percent, colour)


def test_bars_stand_on_one_another() -> None:
    (bar,) = charts.week_chart([queries.Week(D(2026, 6, 8), Tally(5, 3, 2))]).bars
    assert [part.colour for part in bar.parts] == ["green", "amber", "red"]
    assert sum(part.height for part in bar.parts) == charts.HEIGHT
    assert bar.parts[-1].y == charts.TOP
    assert [round(a.y - b.y - b.height, 2) for a, b in zip(bar.parts, bar.parts[1:], strict=False)] == [0, 0]


STEPS = st.one_of(
    st.tuples(st.just("make"), st.sampled_from([DAILY, WEEKLY, USE]), st.integers(0, 20)),
    st.tuples(st.just("fact"), st.integers(0, 5), st.integers(0, 20 * 24)),
    st.tuples(st.just("fact"), st.integers(0, 5), st.integers(0, 20 * 24)),
    st.tuples(st.just("event"), st.integers(0, 5), st.integers(0, 20 * 24)),
    st.tuples(st.just("waive"), st.integers(0, 5), st.integers(0, 20 * 24)),
    st.tuples(st.just("void"), st.integers(0, 5), st.just(0)),
    st.tuples(st.just("archive"), st.integers(0, 5), st.just(0)),
    st.tuples(st.just("restore"), st.integers(0, 5), st.just(0)),
    st.tuples(st.just("schedule"), st.integers(0, 5), st.integers(0, 5)),
    st.tuples(st.just("service"), st.booleans(), st.just(0)),
    st.tuples(st.just("zone"), st.sampled_from(["Europe/London", "Pacific/Auckland", "America/New_York"]), st.just(0)),
    st.tuples(st.just("move"), st.booleans(), st.just(0)),
    st.tuples(st.just("wait"), st.integers(1, 100), st.just(0)),
    st.tuples(st.just("read"), st.just(0), st.just(0)),
)  # fmt: skip


def take(house: House, step: tuple[str, Any, Any], now: datetime.datetime) -> datetime.datetime:
    """Do one thing that can happen to an organization; return the time after it."""
    kind, first, second = step
    made = list(Requirement.objects.filter(name="Rinse").order_by("pk"))
    chosen = made[first % len(made)] if made and isinstance(first, int) else None
    if kind == "make":
        make(house, first, start=now - second * DAY)
    elif kind in ("fact", "event", "waive") and chosen:
        performed = max(chosen.starts_at, now - datetime.timedelta(hours=second))
        actions.record_fact(chosen, performed_at=min(performed, now), by_name="Tess",
                            kind={"fact": "completion", "event": "event", "waive": "waiver"}[kind])  # fmt: skip
    elif kind == "void":
        facts = list(Completion.objects.filter(requirement__name="Rinse").order_by("pk"))
        if facts:
            actions.void_fact(facts[first % len(facts)], "A mistake.")
    elif kind == "archive" and chosen:
        actions.archive_requirement(chosen)
    elif kind == "restore" and chosen:
        actions.restore_requirement(chosen)
    elif kind == "schedule" and chosen and chosen.archived_at is None:
        other = {**DAILY, "due_time": "09:00"} if second % 2 else WEEKLY
        actions.change_schedule(chosen, other, effective_at=now + second * DAY)
    elif kind == "service":
        status = "in_service" if first else "out_of_service"
        Equipment.objects.filter(pk=house.trolley.pk).update(status=status, status_since=now)
    elif kind == "zone":
        Facility.objects.filter(pk=house.annex.pk).update(time_zone=first)
    elif kind == "move":
        Equipment.objects.filter(pk=house.trolley.pk).update(
            facility=house.annex if first else house.hospital, area=None
        )
        house.trolley.refresh_from_db()
    elif kind == "wait":
        return now + datetime.timedelta(hours=first)
    elif kind == "read":
        queries.prepare(Moment(now))
    return now


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=st.lists(STEPS, min_size=1, max_size=14))
def test_counted_bit_by_bit_equals_counted_from_nothing(cast: Cast, steps: list[tuple[str, Any, Any]]) -> None:
    """Whatever happens in whatever order, read in between or not."""
    from django.db import transaction

    house, now = cast.northgate, NOW
    with system(house.organization), transaction.atomic():
        try:
            for step in [("make", DAILY, 5), *steps]:
                with time_machine.travel(now, tick=False):
                    now = take(house, step, now)
            with time_machine.travel(now, tick=False):
                queries.prepare(Moment(now))
                bit_by_bit = stored()
                assert bit_by_bit == counted(now)
                rollup.rebuild(now)
                assert stored() == bit_by_bit
        finally:
            transaction.set_rollback(True)
            house.trolley.facility = house.annex
