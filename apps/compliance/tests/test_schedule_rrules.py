"""Recurrence rules: against dateutil as the judge, and where we differ from the RFC on purpose."""

from __future__ import annotations

from datetime import date, datetime
from itertools import islice

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from apps.compliance.schedule import ScheduleError
from apps.compliance.schedule.rrules import days, parse_rule

from .test_schedule_builders import FIXED

WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


def some(values: st.SearchStrategy[int] | st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, min_size=1, max_size=3, unique=True).map(lambda items: ",".join(map(str, items)))


@st.composite
def rules(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 5))}"]
    by_date = frequency in {"MONTHLY", "YEARLY"}
    months = draw(st.booleans())
    if months:
        parts.append(f"BYMONTH={draw(some(st.integers(1, 12)))}")
    named = draw(st.sampled_from(["day", "numbered", "date", "both", "none"] if by_date else ["day", "none"]))
    if named in {"day", "both"}:
        parts.append(f"BYDAY={draw(some(st.sampled_from(WEEKDAYS)))}")
    if named == "numbered":
        number = st.sampled_from(["1", "2", "-1", "5", "+3"])
        parts.append(f"BYDAY={draw(some(st.builds(str.__add__, number, st.sampled_from(WEEKDAYS))))}")
    if named in {"date", "both"}:
        parts.append(f"BYMONTHDAY={draw(some(st.integers(1, 28) | st.integers(-28, -1)))}")
    if frequency != "DAILY" and named != "none" and draw(st.booleans()):
        parts.append(f"BYSETPOS={draw(some(st.sampled_from([1, 2, -1, -2])))}")
    if draw(st.booleans()):
        parts.append(f"WKST={draw(st.sampled_from(WEEKDAYS))}")
    return ";".join(parts)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - dateutil counts local days without a zone


@FIXED
@given(rules(), st.dates(date(2019, 1, 1), date(2025, 1, 1)), st.integers(0, 900))
def test_days_are_those_of_dateutil(text: str, anchor: date, later: int):
    anchor = anchor.replace(day=min(anchor.day, 28))
    start = date.fromordinal(anchor.toordinal() + later)
    end = date(start.year + 6, 1, 1)
    expected = [
        at.date() for at in rrulestr(text, dtstart=midnight(anchor)).between(midnight(start), midnight(end), inc=True)
    ]
    found = []
    try:
        for day in days(parse_rule(text), anchor, start):
            if day > end:
                break
            found.append(day)
    except ScheduleError:
        assert not expected
    assert found == expected


@pytest.mark.parametrize(
    ("rule", "anchor", "expected"),
    [
        ("FREQ=MONTHLY", "2024-01-31", ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]),
        ("FREQ=MONTHLY;BYMONTHDAY=30", "2025-01-01", ["2025-01-30", "2025-02-28", "2025-03-30", "2025-04-30"]),
        ("FREQ=MONTHLY;BYMONTHDAY=29,31", "2025-02-01", ["2025-02-28", "2025-03-29", "2025-03-31", "2025-04-29"]),
        ("FREQ=MONTHLY;INTERVAL=3", "2025-08-31", ["2025-08-31", "2025-11-30", "2026-02-28", "2026-05-31"]),
        ("FREQ=YEARLY", "2024-02-29", ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
        ("FREQ=YEARLY;BYMONTHDAY=31", "2025-01-01", ["2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2025-01-01", ["2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30"]),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=31", "2025-01-01", ["2025-01-31", "2025-10-31"]),
        ("FREQ=YEARLY;BYDAY=53MO", "2018-01-01", ["2018-12-31", "2024-12-30"]),
        ("FREQ=HOURLY;BYDAY=SA", "2025-01-01", ["2025-01-04", "2025-01-11"]),
        ("rrule:freq=weekly", "2025-01-01", ["2025-01-01", "2025-01-08"]),
    ],
)
def test_days_by_hand(rule: str, anchor: str, expected: list[str]):
    first = date.fromisoformat(anchor)
    found = islice(days(parse_rule(rule), first, first), len(expected))
    assert [day.isoformat() for day in found] == expected


@pytest.mark.parametrize(
    ("rule", "minutes"),
    [
        ("FREQ=DAILY", ()),
        ("FREQ=DAILY;BYHOUR=12,18;BYMINUTE=0;BYSECOND=0", (720, 1080)),
        ("FREQ=DAILY;BYHOUR=9;BYMINUTE=0,30", (540, 570)),
        ("FREQ=HOURLY;INTERVAL=8", (0, 480, 960)),
        ("FREQ=HOURLY;INTERVAL=6;BYHOUR=6,7,12;BYMINUTE=15", (375, 735)),
    ],
)
def test_times(rule: str, minutes: tuple[int, ...]):
    assert parse_rule(rule).minutes == minutes


@pytest.mark.parametrize(
    ("rule", "part"),
    [
        ("FREQ=SECONDLY", "SECONDLY is too frequent"),
        ("FREQ=MINUTELY;INTERVAL=30", "MINUTELY is too frequent"),
        ("FREQ=FORTNIGHTLY", "FREQ must be"),
        ("INTERVAL=2", "FREQ must be"),
        ("FREQ=DAILY;COUNT=3", "COUNT does not belong"),
        ("FREQ=DAILY;UNTIL=20250101", "UNTIL does not belong"),
        ("DTSTART=20250101;FREQ=DAILY", "DTSTART does not belong"),
        ("FREQ=YEARLY;BYWEEKNO=3", "“BYWEEKNO=3” is not a part"),
        ("FREQ=DAILY;", "“” is not a part"),
        ("FREQ=DAILY;INTERVAL=", "“INTERVAL=” is not a part"),
        ("FREQ=DAILY;FREQ=WEEKLY", "given twice"),
        ("FREQ=DAILY;INTERVAL=0", "from 1 to 1000."),
        ("FREQ=DAILY;INTERVAL=two", "from 1 to 1000."),
        ("FREQ=DAILY;INTERVAL=1,2", "one number"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "from -28 to 31, not 0"),
        ("FREQ=MONTHLY;BYMONTHDAY=-29", "from -28 to 31, not 0"),
        ("FREQ=DAILY;BYMONTHDAY=1", "BYMONTHDAY needs"),
        ("FREQ=WEEKLY;BYDAY=2MO", "numbered day"),
        ("FREQ=MONTHLY;BYDAY=6MO", "no sixth"),
        ("FREQ=YEARLY;BYMONTH=2;BYDAY=6MO", "no sixth"),
        ("FREQ=MONTHLY;BYDAY=XX", "not a day such as"),
        ("FREQ=YEARLY;BYDAY=54MO", "not a day such as"),
        ("FREQ=YEARLY;BYDAY=0MO", "not a day such as"),
        ("FREQ=DAILY;BYSETPOS=1", "BYSETPOS needs"),
        ("FREQ=DAILY;BYSECOND=30", "BYSECOND can only be 0"),
        ("FREQ=DAILY;BYMINUTE=30", "BYMINUTE needs BYHOUR"),
        ("FREQ=HOURLY;INTERVAL=5", "must divide a day"),
        ("FREQ=HOURLY;INTERVAL=12;BYHOUR=5", "no hour in common"),
        ("FREQ=DAILY;WKST=XX", "WKST must be"),
        ("FREQ=YEARLY;INTERVAL=200", "longer than a hundred years"),
    ],
)
def test_refused(rule: str, part: str):
    with pytest.raises(ScheduleError) as raised:
        parse_rule(rule)
    assert raised.value.field == "rrule"
    assert part in raised.value.message


@pytest.mark.parametrize(
    "rule",
    ["FREQ=MONTHLY;INTERVAL=12;BYMONTH=3", "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=9", "FREQ=WEEKLY;INTERVAL=1000;BYMONTH=3"],
)
@pytest.mark.parametrize("anchor", [date(2025, 1, 1), date(9950, 1, 6)])
def test_a_rule_that_never_falls_due_is_refused(rule: str, anchor: date):
    with pytest.raises(ScheduleError, match="never falls due"):
        list(islice(days(parse_rule(rule), anchor, anchor), 60))
