"""Builders and generators for the schedule and status tests; holds no tests."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st

from apps.compliance.schedule import Fact, Occurrence, Schedule, Suspension, tiles

LONDON = ZoneInfo("Europe/London")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
KOLKATA = ZoneInfo("Asia/Kolkata")
ZONES = [LONDON, NEW_YORK, LORD_HOWE]

# The same examples in every run: a failure here is a failure everywhere.
FIXED = settings(max_examples=120, derandomize=True, deadline=None, database=None)


def utc(text: str) -> datetime:
    """An instant written in UTC, such as 2026-08-10 or 2026-08-10T12:00."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str, zone: ZoneInfo = LONDON) -> datetime:
    """The instant of an ordinary local time."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def plan(mode: str, **parameters: Any) -> Schedule:
    """A schedule from plain values, without warnings unless given."""
    return Schedule.from_dict({"mode": mode, "warn": [], **parameters})


def fact(number: int, performed_at: datetime, **more: Any) -> Fact:
    """A fact known at once, unless told otherwise."""
    return Fact(**{"id": UUID(int=number), "performed_at": performed_at, "recorded_at": performed_at, **more})


def event(number: int, performed_at: datetime) -> Fact:
    """Something that happened."""
    return fact(number, performed_at, kind="event")


def run(
    schedule: Schedule, *facts: Fact, start: str, until: str, zone: ZoneInfo = LONDON, **more: Any
) -> list[Occurrence]:
    """All tiles of one schedule, times given in the zone."""
    starts_at = local(start, zone)
    return tiles([(starts_at, schedule)], facts, starts_at=starts_at, zone=zone, until=local(until, zone), **more)


def live(occurrences: list[Occurrence], at: datetime) -> Occurrence:
    """The one occurrence that is live at a moment."""
    (found,) = [o for o in occurrences if o.opens_at <= at and (o.closes_at is None or at < o.closes_at)]
    return found


SCHEDULES: list[dict[str, Any]] = [
    {"mode": "fixed_calendar", "rrule": "FREQ=DAILY", "warn": ["PT2H"]},
    {"mode": "fixed_calendar", "rrule": "FREQ=DAILY", "due_time": "02:15", "grace": "PT4H", "count": 2},
    {"mode": "fixed_calendar", "rrule": "FREQ=HOURLY;INTERVAL=6;BYMINUTE=30", "warn": ["PT1H"], "grace": "PT5H"},
    {"mode": "fixed_calendar", "rrule": "FREQ=DAILY", "due_time": "00:00", "early_window": "P0D"},
    {"mode": "fixed_calendar", "rrule": "FREQ=DAILY", "warn": ["P7D"], "grace": "P3D"},
    {
        "mode": "fixed_calendar",
        "rrule": "FREQ=WEEKLY;BYDAY=MO,FR",
        "due_time": "18:00",
        "warn": ["P1D"],
        "on_closed": "after",
    },
    {"mode": "fixed_calendar", "rrule": "FREQ=WEEKLY;INTERVAL=4", "on_closed": "before", "grace": "P2D"},
    {"mode": "fixed_calendar", "rrule": "FREQ=MONTHLY;BYMONTHDAY=31", "warn": ["P30D", "P7D"], "on_closed": "skip"},
    {
        "mode": "fixed_calendar",
        "rrule": ["FREQ=MONTHLY;BYDAY=2TU", "FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=30"],
        "warn": ["P1M"],
    },
    {"mode": "interval_after_completion", "interval": "P1M", "warn": ["P7D"], "grace": "P1D"},
    {"mode": "interval_after_completion", "interval": "P10D", "due_time": "09:00", "first_due_on": "2024-03-20"},
    {"mode": "keep_anniversary", "interval": "P2M", "early_window": "P20D", "warn": ["P14D"]},
    {"mode": "keep_anniversary", "interval": "P1M", "early_window": "P7D", "first_due_on": "2024-02-29"},
    {"mode": "review_triggered", "interval": "P2M", "warn": ["P14D"], "within": "P3D", "triggers": ["fire"]},
    {"mode": "review_triggered", "interval": "P30D", "grace": "PT6H"},
    {"mode": "event", "within": "P7D", "warn": ["P2D"]},
    {"mode": "event", "grace": "PT1H"},
    {"mode": "per_use", "after": True, "within": "PT2H", "warn": ["PT1H"]},
    {"mode": "per_use", "before": True},
    {"mode": "per_use", "before": True, "after": True, "rrule": "FREQ=DAILY", "grace": "PT1H"},
    {"mode": "validity_after_completion", "interval": "PT72H", "warn": ["PT12H"]},
    {"mode": "validity_after_completion", "interval": "P30D"},
]

# Around both changes of the clocks in London and New York, a leap day and month ends, to the minute and on it.
_FIRST = datetime(2024, 1, 20, tzinfo=UTC)
instants = st.integers(0, 24 * 4 * 120).map(lambda quarter: _FIRST + timedelta(minutes=15 * quarter))
schedules = st.sampled_from(SCHEDULES).map(Schedule.from_dict)
zones = st.sampled_from(ZONES)


@st.composite
def facts(draw: st.DrawFn, largest: int = 12) -> list[Fact]:
    """Facts with unlike times of happening, recording and voiding; instants often coincide."""
    count = draw(st.integers(0, largest))
    some = draw(st.lists(instants, min_size=1, max_size=6))
    made = []
    for number in range(count):
        performed_at = draw(st.sampled_from(some) | instants)
        recorded_at = performed_at + timedelta(hours=draw(st.sampled_from([0, 0, 1, 30, 900])))
        voided = draw(st.sampled_from([None, None, None, 0, 100]))
        made.append(
            fact(
                number,
                performed_at,
                recorded_at=recorded_at,
                kind=draw(st.sampled_from(["completion", "completion", "completion", "event", "event", "waiver"])),
                result=draw(st.sampled_from(["satisfactory", "satisfactory", "unsatisfactory"])),
                next_due_on=draw(st.none() | st.dates(date(2024, 1, 1), date(2024, 8, 1))),
                voided_at=None if voided is None else recorded_at + timedelta(hours=voided),
            )
        )
    return made


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    """Arguments for `tiles`, with changes of schedule and zone, suspensions and closing days."""
    starts_at = draw(instants)
    later = st.lists(instants, max_size=2)
    versions = [(starts_at, draw(schedules)), *((at, draw(schedules)) for at in draw(later))]
    moves = [(starts_at, draw(zones)), *((at, draw(zones)) for at in draw(st.lists(instants, max_size=1)))]
    pauses = [
        Suspension(at, draw(st.sampled_from([None, at + timedelta(days=9), at + timedelta(hours=5)])))
        for at in draw(later)
    ]
    return {
        "schedules": versions,
        "starts_at": starts_at,
        "zone": moves if len(moves) > 1 else moves[0][1],
        "closed": draw(st.sampled_from([None, is_weekend])),
        "suspensions": pauses,
    }


def is_weekend(day: date) -> bool:
    """Saturdays and Sundays are closed."""
    return day.weekday() >= 5
