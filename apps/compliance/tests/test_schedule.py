"""The Schedule itself: reading, writing, refusing, describing."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest

from apps.compliance.schedule import Duration, Fact, Mode, Schedule, ScheduleError, preview, tiles

from .test_schedule_builders import LONDON, SCHEDULES, local, plan, utc


@pytest.mark.parametrize("data", SCHEDULES, ids=str)
def test_reads_back_what_it_writes(data: dict[str, Any]):
    schedule = Schedule.from_dict(data)
    assert Schedule.from_dict(json.loads(json.dumps(schedule.to_dict()))) == schedule


def test_writes_every_parameter():
    data = {
        "mode": "fixed_calendar",
        "rrule": ["FREQ=MONTHLY;BYMONTHDAY=7", "FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=30"],
        "due_time": "09:05",
        "early_window": "P14D",
        "grace": "PT2H",
        "warn": ["P7D", "P1D"],
        "count": 2,
        "on_closed": "before",
        "anchor": "2026-01-31",
    }
    assert Schedule.from_dict(data).to_dict() == data
    per_use = {"mode": "per_use", "before": True, "after": True, "within": "PT1H", "warn": []}
    assert Schedule.from_dict(per_use).to_dict() == per_use
    review = {"mode": "review_triggered", "interval": "P2Y", "triggers": ["fire"], "warn": ["P30D"]}
    assert Schedule.from_dict(review).to_dict() == review


def test_defaults_and_forms_of_input():
    schedule = Schedule.from_dict({"mode": "fixed_calendar", "rrule": " freq=daily ", "count": None})
    assert schedule.rrule == ("FREQ=DAILY",)
    assert schedule.warn == (Duration(),)
    assert schedule.lead == Duration()
    united = Schedule.from_dict({"mode": "fixed_calendar", "rrule": "FREQ=DAILY", "extra_rrule": ["FREQ=WEEKLY"]})
    assert united.rrule == ("FREQ=DAILY", "FREQ=WEEKLY")
    alone = Schedule.from_dict({"mode": "fixed_calendar", "extra_rrule": "RRULE:FREQ=DAILY"})
    assert alone.rrule == ("FREQ=DAILY",)
    assert plan("event", warn=["P1D", "P1M", "PT36H", "P1D"]).warn == (
        Duration(months=1),
        Duration(seconds=129600),
        Duration(days=1),
    )
    assert plan("event").lead is None


@pytest.mark.parametrize(
    ("data", "field", "part"),
    [
        ({}, "mode", "must be one of fixed_calendar,"),
        ({"mode": "sometimes"}, "mode", "must be one of"),
        ({"mode": "event", "colour": "red"}, "colour", "no such parameter"),
        ({"mode": "event", "interval": "P1M"}, "interval", "does not apply to the mode event"),
        ({"mode": "interval_after_completion", "interval": "P1M", "count": 2}, "count", "does not apply"),
        ({"mode": "fixed_calendar"}, "rrule", "needs this"),
        ({"mode": "fixed_calendar", "rrule": []}, "rrule", "needs this"),
        ({"mode": "keep_anniversary", "interval": "P12M"}, "early_window", "needs this"),
        ({"mode": "validity_after_completion"}, "interval", "needs this"),
        ({"mode": "interval_after_completion", "interval": "P0D"}, "interval", "longer than nothing"),
        ({"mode": "interval_after_completion", "interval": "yearly"}, "interval", "not an ISO 8601 duration"),
        ({"mode": "interval_after_completion", "interval": 12}, "interval", "ISO 8601 duration"),
        ({"mode": "per_use"}, "after", "before use, after use, or both"),
        ({"mode": "per_use", "after": "yes"}, "after", "true or false"),
        ({"mode": "fixed_calendar", "rrule": "FREQ=DAILY", "count": 0}, "count", "At least one"),
        ({"mode": "fixed_calendar", "rrule": "FREQ=DAILY", "count": "2"}, "count", "whole number"),
        ({"mode": "fixed_calendar", "rrule": "FREQ=DAILY", "count": True}, "count", "whole number"),
        ({"mode": "fixed_calendar", "rrule": 7}, "rrule", "list of texts"),
        ({"mode": "fixed_calendar", "rrule": [" "]}, "rrule", "list of texts"),
        ({"mode": "fixed_calendar", "rrule": "FREQ=DAILY;COUNT=2"}, "rrule", "COUNT"),
        ({"mode": "fixed_calendar", "rrule": "FREQ=DAILY", "due_time": "24:00"}, "due_time", "time of day"),
        ({"mode": "fixed_calendar", "rrule": "FREQ=DAILY", "due_time": 9}, "due_time", "time of day"),
        ({"mode": "fixed_calendar", "rrule": "FREQ=DAILY;BYHOUR=9", "due_time": "18:00"}, "due_time", "not both"),
        ({"mode": "fixed_calendar", "rrule": "FREQ=DAILY", "on_closed": "maybe"}, "on_closed", "keep, before"),
        ({"mode": "fixed_calendar", "rrule": "FREQ=DAILY", "anchor": "31/01/2026"}, "anchor", "must be a date"),
        ({"mode": "fixed_calendar", "rrule": "FREQ=DAILY", "anchor": 3}, "anchor", "must be a date"),
        ({"mode": "event", "warn": "P1D"}, "warn", "list of ISO 8601"),
        ({"mode": "event", "warn": ["-P1D"]}, "warn", "not an ISO 8601 duration"),
    ],
)
def test_refused(data: dict[str, Any], field: str, part: str):
    with pytest.raises(ScheduleError) as raised:
        Schedule.from_dict(data)
    assert raised.value.field == field
    assert part in raised.value.message
    assert str(raised.value) == f"{field}: {raised.value.message}"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"rrule": "FREQ=WEEKLY;BYDAY=MO", "due_time": "18:00"}, "Every Monday, due by 18:00"),
        ({"rrule": "FREQ=DAILY"}, "Every day"),
        ({"rrule": "FREQ=DAILY;BYHOUR=12,18"}, "Every day, due by 12:00 and 18:00"),
        ({"rrule": "FREQ=DAILY", "count": 2}, "Every day, 2 times each"),
        ({"rrule": "FREQ=WEEKLY;INTERVAL=4;BYDAY=MO,TH"}, "Every 4 weeks on Monday and Thursday"),
        ({"rrule": "FREQ=MONTHLY;INTERVAL=3"}, "Every 3 months"),
        ({"rrule": "FREQ=MONTHLY;BYMONTHDAY=1,2,3,11,22"}, "Every month on the 1st, 2nd, 3rd, 11th and 22nd"),
        ({"rrule": "FREQ=MONTHLY;BYMONTHDAY=-1"}, "Every month on the last day"),
        ({"rrule": "FREQ=MONTHLY;BYMONTHDAY=-3"}, "Every month on the 3rd day from the end"),
        ({"rrule": "FREQ=MONTHLY;BYDAY=2TU,-1FR"}, "Every month on the last Friday and the second Tuesday"),
        (
            {"rrule": "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1"},
            "Every month on the last Monday or Tuesday",
        ),
        ({"rrule": "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13"}, "Every month on Friday that is on the 13th"),
        ({"rrule": "FREQ=YEARLY;BYDAY=20MO"}, "Every year on the number 20 Monday"),
        (
            {"rrule": ["FREQ=MONTHLY;BYMONTHDAY=7", "FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=30"]},
            "Every month on the 7th; and every year on the 30th in April",
        ),
        (
            {"rrule": "FREQ=DAILY", "on_closed": "after", "grace": "PT2H"},
            "Every day; on closing days on the next open day, with 2 hours of grace",
        ),
        ({"mode": "interval_after_completion", "interval": "P12M"}, "12 months after it was last done"),
        (
            {"mode": "interval_after_completion", "interval": "P1M", "due_time": "09:00"},
            "1 month after it was last done, due by 09:00",
        ),
        (
            {"mode": "keep_anniversary", "interval": "P12M", "early_window": "P2M"},
            "12 months after it was last done; done up to 2 months early it keeps its date",
        ),
        (
            {"mode": "review_triggered", "interval": "P2Y", "triggers": ["new boiler", "fire"]},
            "Reviewed 2 years after the last review, sooner after new boiler or fire",
        ),
        ({"mode": "event", "within": "P7D", "triggers": ["tenancy_start"]}, "Within 7 days of tenancy start"),
        ({"mode": "event", "within": "P0D"}, "On the day of an event"),
        ({"mode": "event"}, "At once on an event"),
        ({"mode": "per_use", "before": True, "after": True}, "Before and after each use"),
        ({"mode": "per_use", "after": True, "within": "PT2H"}, "After each use, within 2 hours of use"),
        ({"mode": "per_use", "after": True, "rrule": "FREQ=DAILY"}, "After each use; and every day"),
        (
            {"mode": "validity_after_completion", "interval": "PT3H"},
            "Good for 3 hours after it was done, then to be redone before use",
        ),
    ],
)
def test_describes_itself(data: dict[str, Any], words: str):
    assert Schedule.from_dict({"mode": "fixed_calendar", **data}).describe() == words


def test_preview():
    starts_at = local("2026-11-20T09:00")
    weekly = plan("fixed_calendar", rrule="FREQ=WEEKLY;BYDAY=MO", due_time="18:00")
    assert preview(weekly, starts_at=starts_at, zone=LONDON, count=2) == [
        utc("2026-11-23T18:00"),
        utc("2026-11-30T18:00"),
    ]
    yearly = plan("interval_after_completion", interval="P12M", first_due_on="2027-06-30")
    assert preview(yearly, starts_at=starts_at, zone=LONDON) == [utc("2027-06-30T23:00")]
    assert preview(plan("event"), starts_at=starts_at, zone=LONDON) == []


def test_moments_must_say_their_zone():
    with pytest.raises(ValueError, match="time zone"):
        Fact(UUID(int=1), datetime(2026, 1, 1), utc("2026-01-01"))  # noqa: DTZ001 - the point of the test


def test_a_requirement_needs_a_schedule_and_a_zone():
    day = utc("2026-01-01")
    with pytest.raises(ValueError, match="At least one schedule"):
        tiles([], [], starts_at=day, zone=LONDON, until=day)
    with pytest.raises(ValueError, match="At least one schedule"):
        tiles([(day, plan("event"))], [], starts_at=day, zone=[], until=day)


def test_can_be_used_without_django():
    code = "import sys, apps.compliance.schedule, apps.compliance.status; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_modes_are_all_seven():
    assert {data["mode"] for data in SCHEDULES} == set(Mode)
    assert plan("event", within="P1D") == Schedule(mode=Mode.EVENT, within=Duration(days=1), warn=())
    assert plan("interval_after_completion", interval="P1M", first_due_on="2026-01-01").first_due_on == date(2026, 1, 1)
