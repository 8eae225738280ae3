"""The due days and instants of rules: when they fall due, when each opens."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from .clock import END_OF_DAY, ahead_of, later, local_day, wall
from .durations import ZERO
from .errors import ScheduleError
from .model import Closed, Schedule
from .rrules import Rule, days, parse_rule

_CLOSED_SEARCH_DAYS = 60
_CLOSED_IN_A_ROW = 36525


@dataclass(frozen=True, slots=True)
class Due:
    """One due day of a calendar (the day the rule and the closing days lead to) and its instant in UTC."""

    day: date
    at: datetime


@dataclass(frozen=True, slots=True)
class Calendar:
    """A schedule's rules anchored to a day in a zone."""

    schedule: Schedule
    anchor: date
    zone: ZoneInfo
    closed: Closed | None = None

    def dues(self, not_before: datetime) -> Iterator[Due]:
        """Everything due at `not_before` or later, in order, no two at one instant. Endless.

        Raises ScheduleError when the rules never fall due.
        """
        # A closing day may push a due day forward into the stretch that is asked for.
        margin = _CLOSED_SEARCH_DAYS + 1 if self.schedule.on_closed == "after" else 1
        start = local_day(not_before, self.zone) - timedelta(days=margin)
        end_of_day = END_OF_DAY if self.schedule.due_time is None else self.schedule.due_time
        rules = [parse_rule(text) for text in self.schedule.rrule]
        streams = [self._due_times(rule, start, rule.minutes or (end_of_day,)) for rule in rules]
        last = not_before - timedelta(microseconds=1)
        for day, minutes in heapq.merge(*streams):
            at = wall(day, minutes, self.zone)
            if at > last:
                last = at
                yield Due(day, at)

    def opening(self, due: Due) -> datetime | None:
        """When an occurrence would open if none came before it; None when it opens as soon as the one before is past
        (several times a day)."""
        window = self.schedule.early_window
        if window is None:
            if self._intraday:
                return None
            window = (self.schedule.lead or ZERO).whole_days()
        opening = ahead_of(due.at, due.day, window, self.zone)
        # Due at the very start of its day: without this there would be no time to do it in.
        return opening if opening < due.at else wall(due.day - timedelta(days=1), 0, self.zone)

    def overdue(self, due: Due, following: Due) -> datetime:
        """When it turns red: after the grace, which may take at most half of the time until the next one is due."""
        return min(later(due.at, self.schedule.grace, self.zone), due.at + (following.at - due.at) / 2)

    def first_opening(self, due: Due) -> datetime:
        """When `due` would have opened had the rules been in force for ever: evidence from then on counts for it."""
        natural = self.opening(due)
        since = natural or wall(due.day - timedelta(days=1), 0, self.zone)
        before = None
        for earlier in takewhile(lambda some: some.at < due.at, self.dues(since)):
            before = earlier
        if before is None:
            return since
        return max(since, self.overdue(before, due))

    @property
    def _intraday(self) -> bool:
        times = [parse_rule(text).minutes for text in self.schedule.rrule]
        return len({minute for some in times for minute in some}) > 1

    def _due_times(self, rule: Rule, start: date, times: tuple[int, ...]) -> Iterator[tuple[date, int]]:
        last: date | None = None
        dropped = 0
        for day in days(rule, self.anchor, max(start, self.anchor)):  # pragma: no branch - endless
            moved = self._moved(day)
            if moved is None:
                dropped += 1
                if dropped > _CLOSED_IN_A_ROW:
                    raise ScheduleError("on_closed", "Every day this rule names is a closing day.")
            elif last is None or moved > last:
                last, dropped = moved, 0
                yield from ((moved, minutes) for minutes in times)

    def _moved(self, day: date) -> date | None:
        how = self.schedule.on_closed
        if self.closed is None or how == "keep" or not self.closed(day):
            return day
        if how == "skip":
            return None
        step = timedelta(days=-1 if how == "before" else 1)
        for n in range(1, _CLOSED_SEARCH_DAYS + 1):
            if not self.closed(day + n * step):
                return day + n * step
        # Closed for months is a suspension, not a holiday; a due day that stays is seen, one that vanishes is not.
        return day
