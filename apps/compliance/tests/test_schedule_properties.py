"""What must hold of tiles for every schedule, zone and set of facts."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.compliance.schedule import Fact, Mode, Occurrence, Schedule, extend, tiles
from apps.compliance.status import status

from .test_schedule_builders import FIXED, SCHEDULES, ZONES, facts, instants, live, utc, worlds

UNTIL = utc("2024-05-25")


def check_tiling(found: list[Occurrence], starts_at: datetime, until: datetime) -> None:
    assert found[0].opens_at == starts_at
    for one, following in pairwise(found):
        assert one.closes_at == following.opens_at
    for one in found:
        assert one.closes_at is None or one.opens_at < one.closes_at
        if one.due_at is not None:
            assert one.warn_at is not None
            assert one.overdue_at is not None
            assert one.warn_at <= one.due_at <= one.overdue_at
            assert one.opens_at <= one.warn_at or one.due_at < one.opens_at
        else:
            assert one.overdue_at is None
    assert all(one.opens_at <= until for one in found[:-1])
    assert found[-1].closes_at is None or found[-1].opens_at > until


@FIXED
@given(worlds(), facts(), st.lists(instants, min_size=3, max_size=3))
def test_tiles_have_no_gap_and_no_overlap_and_one_is_live(
    world: dict[str, Any], known: list[Fact], moments: list[datetime]
):
    found = tiles(facts=known, until=UNTIL, **world)
    check_tiling(found, world["starts_at"], UNTIL)
    for at in moments:
        if world["starts_at"] <= at <= UNTIL:
            assert status(live(found, at), at).colour in {"green", "amber", "red"}


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("data", SCHEDULES, ids=lambda data: f"{data['mode']}-{data.get('rrule', '')}")
def test_every_schedule_tiles_a_year_in_every_zone(data: dict[str, Any], zone: Any):
    starts_at, until = utc("2024-02-01T11:15"), utc("2025-02-01")
    found = tiles([(starts_at, Schedule.from_dict(data))], [], starts_at=starts_at, zone=zone, until=until)
    check_tiling(found, starts_at, until)


@FIXED
@given(worlds(), facts())
def test_tiles_of_a_calendar_do_not_depend_on_facts(world: dict[str, Any], known: list[Fact]):
    world["schedules"] = [(at, s) for at, s in world["schedules"] if s.mode is Mode.FIXED_CALENDAR]
    if not world["schedules"]:
        return

    def shape(given_facts: list[Fact]) -> list[Any]:
        return [
            (o.opens_at, o.warn_at, o.due_at, o.overdue_at, o.closes_at)
            for o in tiles(facts=given_facts, until=UNTIL, **world)
        ]

    assert shape(known) == shape([])


@FIXED
@given(worlds(), facts(), st.randoms(use_true_random=False))
def test_the_order_in_which_facts_arrive_does_not_matter(world: dict[str, Any], known: list[Fact], dice: random.Random):
    shuffled = dice.sample(known, len(known))
    assert tiles(facts=known, until=UNTIL, **world) == tiles(facts=shuffled, until=UNTIL, **world)


@FIXED
@given(worlds(), facts(), instants)
def test_what_is_recorded_later_does_not_change_what_was_known(
    world: dict[str, Any], known: list[Fact], then: datetime
):
    recorded_by_then = [f for f in known if f.recorded_at <= then]
    unvoided = [
        Fact(f.id, f.performed_at, f.recorded_at, f.result, f.kind, f.next_due_on)
        if f.voided_at is None or f.voided_at > then
        else f
        for f in recorded_by_then
    ]
    assert tiles(facts=known, until=UNTIL, known_at=then, **world) == tiles(facts=unvoided, until=UNTIL, **world)


@FIXED
@given(worlds(), facts(), instants)
def test_what_happens_later_does_not_change_the_colour_before(world: dict[str, Any], known: list[Fact], then: datetime):
    if then < world["starts_at"]:
        return
    before = [f for f in known if f.performed_at <= then and f.voided_at is None]
    after = [f for f in known if f.performed_at > then and f.voided_at is None and f.result == "satisfactory"]
    with_hindsight = live(tiles(facts=before + after, until=then, **world), then)
    as_it_was = live(tiles(facts=before, until=then, **world), then)
    assert status(with_hindsight, then).colour == status(as_it_was, then).colour


@FIXED
@given(worlds(), facts(), instants)
def test_extending_equals_replaying(world: dict[str, Any], known: list[Fact], then: datetime):
    whole = tiles(facts=known, until=UNTIL, **world)
    index = max((n for n, o in enumerate(whole) if o.opens_at <= then), default=0)
    assert extend(last=whole[index], facts=known, until=UNTIL, **world) == whole[index:]


@FIXED
@given(worlds(), facts())
def test_reading_once_after_an_outage_equals_reading_every_day(world: dict[str, Any], known: list[Fact]):
    stored = tiles(facts=[], until=world["starts_at"], **world)
    at = world["starts_at"]
    while at < UNTIL:
        at += timedelta(days=11)
        # What happened by then is known then: the daily reader sees facts arrive, the late reader all at once.
        happened = [f for f in known if f.performed_at <= at]
        if any(f.performed_at < o.opens_at for o in stored[-1:] for f in happened):
            stored = tiles(facts=happened, until=at, **world)
        else:
            current = max(n for n, o in enumerate(stored) if o.opens_at <= at)
            stored[current:] = extend(last=stored[current], facts=happened, until=at, **world)
    assert stored == tiles(facts=[f for f in known if f.performed_at <= at], until=at, **world)


@FIXED
@given(worlds(), facts(), instants)
def test_a_change_of_schedule_leaves_earlier_tiles_alone(world: dict[str, Any], known: list[Fact], change: datetime):
    first = world["schedules"][:1]
    if change <= world["starts_at"]:
        return
    replacement = Schedule.from_dict({"mode": "event", "within": "P1D"})
    before = tiles(facts=known, until=UNTIL, **{**world, "schedules": first})
    after = tiles(facts=known, until=UNTIL, **{**world, "schedules": [*first, (change, replacement)]})
    closed = [o for o in before if o.closes_at is not None and o.closes_at <= change]
    assert after[: len(closed)] == closed


def test_extending_a_calendar_after_years_costs_its_new_tiles_only():
    starts_at = utc("1990-01-01")
    daily = [(starts_at, Schedule.from_dict(SCHEDULES[0]))]
    (last, _) = tiles(daily, [], starts_at=starts_at, zone=ZONES[0], until=starts_at)
    looked: list[object] = []

    def closed(day: object) -> bool:
        looked.append(day)
        return False

    skipping = [(starts_at, Schedule.from_dict({**SCHEDULES[0], "on_closed": "skip"}))]
    recent = Occurrence(opens_at=utc("2024-06-01T23:00"), due_at=utc("2024-06-02T23:00"))
    found = extend(skipping, recent, [], starts_at=starts_at, zone=ZONES[0], until=utc("2024-06-09"), closed=closed)
    assert last.opens_at == starts_at
    assert len(found) == 9
    assert len(looked) <= 12
