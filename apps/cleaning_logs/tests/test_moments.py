"""Stated times: zones, the hour that comes twice, the one that never comes, delays in words."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from apps.cleaning_logs.moments import ago_in_words, delay_in_words, parse_moment, span_in_words

LONDON, DELHI = ZoneInfo("Europe/London"), ZoneInfo("Asia/Kolkata")


def at(text: str) -> datetime.datetime:
    """Return an instant in UTC."""
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


NOW = at("2026-06-10T09:00")


def test_empty_is_now() -> None:
    """The usual case."""
    assert parse_moment("  ", LONDON, NOW) == NOW


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-06-10T09:30", LONDON, "2026-06-10T08:30"),
        ("2026-01-10T09:30", LONDON, "2026-01-10T09:30"),
        ("2026-06-10T13:00", DELHI, "2026-06-10T07:30"),
        ("2026-06-10 09:30:15", LONDON, "2026-06-10T08:30:15"),
        ("2026-06-10T08:30Z", DELHI, "2026-06-10T08:30"),
        ("2026-06-10T10:30+02:00", DELHI, "2026-06-10T08:30"),
    ],
)
def test_a_time_is_the_clocks_of_the_site_unless_it_says_otherwise(text: str, zone: ZoneInfo, expected: str) -> None:
    """Local time by the facility's zone, an offset as it is."""
    assert parse_moment(text, zone, NOW) == at(expected)


def test_the_hour_that_comes_twice() -> None:
    """01:30 on the night the clocks go back: the later one once it has passed, else the earlier."""
    assert parse_moment("2026-10-25T01:30", LONDON, at("2026-10-25T00:45")) == at("2026-10-25T00:30")
    assert parse_moment("2026-10-25T01:30", LONDON, at("2026-10-25T01:45")) == at("2026-10-25T01:30")


def test_the_hour_that_never_came() -> None:
    """01:30 on the night the clocks go forward."""
    with pytest.raises(ValidationError, match="did not exist"):
        parse_moment("2026-03-29T01:30", LONDON, NOW)


def test_the_future_begins_after_two_minutes() -> None:
    """The skew is borne, and cut to now."""
    assert parse_moment("2026-06-10T09:02Z", LONDON, NOW) == NOW
    with pytest.raises(ValidationError, match="in the future"):
        parse_moment("2026-06-10T09:02:01Z", LONDON, NOW)


def test_words() -> None:
    """Whole units, rounded down; no delay worth a word under five minutes."""
    minute = datetime.timedelta(minutes=1)
    assert [span_in_words(n * minute) for n in (0, 1, 59, 60, 47 * 60, 48 * 60)] == [
        "0 minutes", "1 minute", "59 minutes", "1 hour", "47 hours", "2 days",
    ]  # fmt: skip
    assert delay_in_words(NOW, NOW + 4 * minute) == ""
    assert delay_in_words(NOW, NOW + 5 * minute) == "Recorded 5 minutes later"
    assert ago_in_words(NOW, NOW + minute / 2) == "just now"
    assert ago_in_words(NOW, NOW + 4 * minute) == "4 minutes ago"
