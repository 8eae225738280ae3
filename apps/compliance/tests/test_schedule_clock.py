"""Local time: days on which clocks change, month ends, leap days, durations."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.compliance.schedule import Duration, due_day, wall
from apps.compliance.schedule.clock import END_OF_DAY, ahead_of, later, resolve

from .test_schedule_builders import FIXED, KOLKATA, LONDON, LORD_HOWE, NEW_YORK, ZONES, plan, run, utc

APIA = ZoneInfo("Pacific/Apia")
BEIRUT = ZoneInfo("Asia/Beirut")


@pytest.mark.parametrize(
    ("zone", "naive", "expected"),
    [
        (LONDON, "2024-03-31T01:00", "2024-03-31T01:00"),  # the skipped hour, first and last minute
        (LONDON, "2024-03-31T01:59", "2024-03-31T01:00"),
        (LONDON, "2024-03-31T02:00", "2024-03-31T01:00"),
        (LONDON, "2024-03-31T00:59", "2024-03-31T00:59"),
        (LONDON, "2024-10-27T01:30", "2024-10-27T00:30"),  # happens twice: the first
        (LONDON, "2024-10-27T02:00", "2024-10-27T02:00"),
        (NEW_YORK, "2024-03-10T02:30", "2024-03-10T07:00"),
        (NEW_YORK, "2024-11-03T01:30", "2024-11-03T05:30"),
        (LORD_HOWE, "2024-10-06T02:15", "2024-10-05T15:30"),  # half an hour skipped
        (LORD_HOWE, "2024-04-07T01:45", "2024-04-06T14:45"),  # half an hour twice
        (BEIRUT, "2024-03-31T00:00", "2024-03-30T22:00"),  # no midnight that day
        (APIA, "2011-12-30T12:00", "2011-12-30T10:00"),  # no such day at all
        (KOLKATA, "2024-03-31T02:30", "2024-03-30T21:00"),
    ],
)
def test_wall_time(zone: ZoneInfo, naive: str, expected: str):
    assert resolve(datetime.fromisoformat(naive), zone) == utc(expected)


@FIXED
@given(st.sampled_from([*ZONES, BEIRUT]), st.datetimes(datetime(2024, 1, 1), datetime(2025, 1, 1)))  # noqa: DTZ001
def test_wall_time_is_never_before_what_it_says(zone: ZoneInfo, naive: datetime):
    instant = resolve(naive, zone)
    shown = instant.astimezone(zone).replace(tzinfo=None)
    assert shown >= naive
    if shown != naive:
        assert (instant - timedelta(microseconds=1)).astimezone(zone).replace(tzinfo=None) < naive


def test_a_day_ends_at_the_next_local_midnight():
    assert wall(date(2024, 3, 31), END_OF_DAY, LONDON) == utc("2024-03-31T23:00")
    assert due_day(utc("2024-03-31T23:00"), LONDON) == date(2024, 3, 31)
    assert due_day(utc("2024-03-31T23:01"), LONDON) == date(2024, 4, 1)


@pytest.mark.parametrize(
    ("start", "duration", "expected"),
    [
        ("2024-01-31", "P1M", "2024-02-29"),
        ("2025-01-31", "P1M", "2025-02-28"),
        ("2024-02-29", "P1Y", "2025-02-28"),
        ("2024-02-29", "P4Y", "2028-02-29"),
        ("2024-01-31", "P1M1D", "2024-03-01"),
        ("2025-12-15", "P14M", "2027-02-15"),
        ("2025-12-31", "P2W", "2026-01-14"),
    ],
)
def test_calendar_arithmetic(start: str, duration: str, expected: str):
    assert Duration.parse(duration).after(date.fromisoformat(start)) == date.fromisoformat(expected)


def test_counting_back_is_month_end_safe():
    assert Duration.parse("P1M").before(date(2024, 3, 31)) == date(2024, 2, 29)
    assert Duration.parse("P2M").before(date(2026, 8, 10)) == date(2026, 6, 10)


def test_days_follow_the_calendar_and_hours_follow_the_clock():
    noon = utc("2024-03-30T12:00")
    assert later(noon, Duration.parse("P1D"), LONDON) == utc("2024-03-31T11:00")
    assert later(noon, Duration.parse("PT24H"), LONDON) == utc("2024-03-31T12:00")
    assert later(noon, Duration.parse("P1DT2H"), LONDON) == utc("2024-03-31T13:00")


def test_days_ahead_count_from_the_start_of_the_day():
    due = utc("2024-04-02T17:00")
    day = date(2024, 4, 2)
    assert ahead_of(due, day, Duration.parse("P7D"), LONDON) == utc("2024-03-26T00:00")
    assert ahead_of(due, day, Duration.parse("P0D"), LONDON) == utc("2024-04-01T23:00")
    assert ahead_of(due, day, Duration.parse("P1DT2H"), LONDON) == utc("2024-03-31T21:00")
    assert ahead_of(due, day, Duration.parse("PT48H"), LONDON) == utc("2024-03-31T17:00")


@pytest.mark.parametrize(
    ("text", "canonical", "words"),
    [
        ("P0D", "P0D", "0 days"),
        ("PT0S", "P0D", "0 days"),
        ("P1D", "P1D", "1 day"),
        ("P2W", "P14D", "14 days"),
        ("P12M", "P12M", "12 months"),
        ("P1Y", "P12M", "12 months"),
        ("P5Y", "P5Y", "5 years"),
        ("P14M", "P14M", "14 months"),
        ("P26M", "P26M", "26 months"),
        ("PT3H", "PT3H", "3 hours"),
        ("PT90M", "PT1H30M", "1 hour and 30 minutes"),
        ("P1M2DT1H1M1S", "P1M2DT1H1M1S", "1 month and 2 days and 1 hour and 1 minute and 1 second"),
    ],
)
def test_durations(text: str, canonical: str, words: str):
    duration = Duration.parse(text)
    assert str(duration) == canonical
    assert Duration.parse(canonical) == duration
    assert duration.describe() == words


@pytest.mark.parametrize("text", ["", "P", "PT", "P1", "1D", "P1.5D", "-P1D", "P-1D", "P1DT", "PT1D", "P101Y", "p1d"])
def test_durations_refused(text: str):
    with pytest.raises(ValueError, match=r"is not an ISO|longer than a hundred"):
        Duration.parse(text)


def test_rounding_up_to_whole_days():
    assert Duration.parse("PT2H").whole_days() == Duration(days=1)
    assert Duration.parse("P1MT49H").whole_days() == Duration(months=1, days=3)
    assert Duration.parse("P2D").whole_days() == Duration(days=2)


@pytest.mark.parametrize(
    ("zone", "start", "hours"),
    [
        (LONDON, "2024-03-30", [24, 23, 24]),
        (LONDON, "2024-10-26", [24, 25, 24]),
        (NEW_YORK, "2024-03-09", [24, 23, 24]),
        (NEW_YORK, "2024-11-02", [24, 25, 24]),
        (LORD_HOWE, "2024-10-05", [24, 23.5, 24]),
        (LORD_HOWE, "2024-04-06", [24, 24.5, 24]),
    ],
)
def test_daily_tiles_are_as_long_as_the_day(zone: ZoneInfo, start: str, hours: list[float]):
    end = date.fromisoformat(start) + timedelta(days=2)
    found = run(plan("fixed_calendar", rrule="FREQ=DAILY"), start=start, until=end.isoformat(), zone=zone)
    assert [(o.closes_at - o.opens_at) / timedelta(hours=1) for o in found[:3] if o.closes_at] == hours


def test_a_due_time_in_the_skipped_hour_falls_due_when_the_clocks_have_changed():
    found = run(plan("fixed_calendar", rrule="FREQ=DAILY", due_time="01:30"), start="2024-03-30", until="2024-04-01")
    assert [o.due_at for o in found][:3] == [utc("2024-03-30T01:30"), utc("2024-03-31T01:00"), utc("2024-04-01T00:30")]


def test_two_times_that_fall_together_on_the_skipped_hour_are_one():
    rule = plan("fixed_calendar", rrule="FREQ=HOURLY")
    found = run(rule, start="2024-03-31T00:30", until="2024-03-31T03:30")
    assert [o.due_at for o in found][:3] == [utc(f"2024-03-31T0{hour}:00") for hour in (1, 2, 3)]


def test_a_day_that_a_zone_left_out_makes_no_tile():
    found = run(plan("fixed_calendar", rrule="FREQ=DAILY"), start="2011-12-28", until="2012-01-01", zone=APIA)
    assert [due_day(o.due_at, APIA).day for o in found if o.due_at] == [28, 29, 31, 1, 2]
    assert found[1].closes_at == datetime(2011, 12, 30, 10, tzinfo=UTC)
