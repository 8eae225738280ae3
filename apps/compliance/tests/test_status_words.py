"""What people read about a status, with dates where the site is."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from apps.compliance.schedule import Occurrence
from apps.compliance.status import PHRASES, status, words

from .test_schedule_builders import LONDON, NEW_YORK, local, utc
from .test_status import make_cases

TIMED = Occurrence(
    opens_at=local("2026-08-03T00:00"),
    warn_at=local("2026-08-05T00:00"),
    due_at=local("2026-08-10T18:00"),
    overdue_at=local("2026-08-11T00:00"),
    ever_completed=True,
)
DAY = replace(TIMED, due_at=local("2026-08-11"), overdue_at=local("2026-08-13"))
ASKED_FOR_NOTHING = Occurrence(opens_at=local("2026-08-03"), ever_completed=True)


def say(occurrence: Occurrence, at: str, zone: ZoneInfo = LONDON) -> str:
    moment = local(at)
    return words(status(occurrence, moment), occurrence, moment, zone)


@pytest.mark.parametrize(
    ("occurrence", "at", "expected"),
    [
        (DAY, "2026-08-04T23:00", "Due in 6 days, Mon 10 Aug"),
        (DAY, "2026-08-09T12:00", "Due tomorrow, Mon 10 Aug"),
        (DAY, "2026-08-10T12:00", "Due today"),
        (DAY, "2026-08-11T00:00", "Due now, since Mon 10 Aug"),
        (DAY, "2026-08-13T00:01", "Overdue by 3 days, was due Mon 10 Aug"),
        (DAY, "2027-08-13T00:01", "Overdue by 368 days, was due Mon 10 Aug 2026"),
        (TIMED, "2026-08-05T12:00", "Due in 5 days, Mon 10 Aug 18:00"),
        (TIMED, "2026-08-10T12:00", "Due today by 18:00"),
        (TIMED, "2026-08-10T18:30", "Due now, since Mon 10 Aug 18:00"),
        (TIMED, "2026-08-11T00:30", "Overdue by 6 hours, was due Mon 10 Aug 18:00"),
        (
            replace(TIMED, overdue_at=TIMED.due_at),
            "2026-08-10T18:40",
            "Overdue by 40 minutes, was due Mon 10 Aug 18:00",
        ),
        (replace(DAY, overdue_at=DAY.due_at), "2026-08-11T00:10", "Overdue by 1 day, was due Mon 10 Aug"),
        (replace(DAY, ever_completed=False), "2026-08-14T12:00", "Never done, was due Mon 10 Aug"),
        (replace(DAY, ever_completed=False, missed_before=1), "2026-08-04T12:00", "Never done, missed once"),
        (replace(DAY, missed_before=3), "2026-08-06T12:00", "Missed 3 times"),
        (
            replace(DAY, missed_before=3, last_completed_at=local("2026-08-01T10:00")),
            "2026-08-06T12:00",
            "Missed 3 times, not done since Sat 1 Aug",
        ),
        (
            replace(DAY, completed_at=local("2026-08-06T10:00")),
            "2026-08-06T12:05",
            "Done 2 hours ago, Thu 6 Aug 10:00",
        ),
        (replace(DAY, completed_at=local("2026-08-06T10:00")), "2026-08-06T10:00", "Done just now"),
        (replace(DAY, completed_at=local("2026-08-05T23:00")), "2026-08-06T00:30", "Done 1 hour ago, Wed 5 Aug 23:00"),
        (replace(DAY, completed_at=local("2026-08-04T23:00")), "2026-08-06T23:30", "Done 2 days ago, Tue 4 Aug 23:00"),
        (replace(DAY, completed_at=local("2026-08-06"), waived=True), "2026-08-07T12:00", "Waived on Thu 6 Aug 00:00"),
        (
            replace(DAY, failed_at=local("2025-12-31T09:30")),
            "2026-08-07T12:00",
            "Unsatisfactory since Wed 31 Dec 2025 09:30",
        ),
        (ASKED_FOR_NOTHING, "2026-08-07T12:00", "Nothing due"),
        (replace(ASKED_FOR_NOTHING, warn_at=local("2026-08-03")), "2026-08-07T12:00", "Needed before the next use"),
        (replace(ASKED_FOR_NOTHING, waived=True, completed_at=local("2026-08-03")), "2026-08-07T12:00", "Suspended"),
    ],
)
def test_words(occurrence: Occurrence, at: str, expected: str):
    assert say(occurrence, at) == expected


def test_days_are_those_of_the_zone():
    assert say(DAY, "2026-08-10T23:59") == "Due today"
    assert say(DAY, "2026-08-10T23:59", NEW_YORK) == "Due today by 19:00"


def test_words_for_every_case_and_no_phrase_unused():
    said = {words(status(o, at), o, at, LONDON) for o, at in make_cases(3_000)}
    assert all(text and "{" not in text for text in said)
    for template in PHRASES.values():
        assert all(name is None or name.isidentifier() for _, name, _, _ in string.Formatter().parse(template))


def test_an_hour_that_happens_twice_is_counted_by_the_clock():
    twice = replace(DAY, completed_at=utc("2026-10-25T00:30"), due_at=None, warn_at=None, overdue_at=None)
    at = twice.completed_at + timedelta(hours=1) if twice.completed_at else utc("2026-10-25")
    assert words(status(twice, at), twice, at, LONDON) == "Done 1 hour ago, Sun 25 Oct 01:30"
