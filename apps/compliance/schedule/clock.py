"""Local wall time to instants and back. Every instant that leaves this module is in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from .durations import Duration

END_OF_DAY = 24 * 60
"""Minutes after midnight that mean the end of the day, which is the next local midnight."""


def resolve(naive: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a local wall time: the first of two when it happens twice, and when the clocks skip it, the
    first instant after the skip."""
    instant = naive.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == naive:
        return instant
    low = naive.replace(tzinfo=zone, fold=1).astimezone(UTC).replace(microsecond=0)
    high = instant.replace(microsecond=0) + timedelta(seconds=1)
    offset = low.astimezone(zone).utcoffset()
    # Zone data has no list of its changes to look in, but clocks change on whole seconds: halve down to that second.
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high


@lru_cache(maxsize=16384)
def wall(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """The instant that is `minutes` after midnight on the clock on the wall that local day (0 to END_OF_DAY)."""
    return resolve(datetime.combine(day, time()) + timedelta(minutes=minutes), zone)


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """The local calendar day an instant falls on."""
    return instant.astimezone(zone).date()


def due_day(due_at: datetime, zone: ZoneInfo) -> date:
    """The local day people call the due day: local midnight belongs to the day it ends."""
    return local_day(due_at - timedelta(microseconds=1), zone)


def later(instant: datetime, duration: Duration, zone: ZoneInfo) -> datetime:
    """The instant `duration` later: months and days on the local calendar, then hours on the clock."""
    if duration.months or duration.days:
        naive = instant.astimezone(zone).replace(tzinfo=None, fold=0)
        instant = resolve(datetime.combine(duration.after(naive.date()), naive.time()), zone)
    return instant + duration.clock


def ahead_of(due_at: datetime, day: date, duration: Duration, zone: ZoneInfo) -> datetime:
    """The instant `duration` ahead of something due at `due_at` on local day `day`.

    Hours count back from `due_at`. Days count back from the day: seven days ahead of the 10th is the start of the
    3rd, whatever the time of day it is due.
    """
    if duration.by_clock:
        return due_at - duration.clock
    return wall(duration.before(day), 0, zone) - duration.clock
