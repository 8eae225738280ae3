"""The subset of RFC 5545 recurrence rules that a duty may use, as local days and times.

Two deliberate differences from the RFC. A day of the month that a month does not have falls on that month's last day
instead of being left out: a duty that skips February is a gap nobody sees. And what the rule leaves open is taken
from the anchor day (the RFC's DTSTART), which is never itself an extra occurrence.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, cast

from .durations import add_months
from .errors import ScheduleError

Frequency = Literal["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BYDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_PARTS = {"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "BYHOUR", "BYMINUTE", "BYSECOND", "WKST"}
_PERIOD_DAYS = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 28, "YEARLY": 365}
_HORIZON_DAYS = 36525


@dataclass(frozen=True, slots=True)
class Rule:
    """One parsed rule. `minutes` are the due times after midnight on each day it names; empty when it names none."""

    frequency: Frequency
    interval: int = 1
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    week_days: tuple[tuple[int, int], ...] = ()
    positions: tuple[int, ...] = ()
    week_start: int = 0
    minutes: tuple[int, ...] = ()


@lru_cache(maxsize=1024)
def parse_rule(text: str) -> Rule:
    """Read a rule such as FREQ=WEEKLY;BYDAY=MO.

    Raises ScheduleError on field “rrule” for anything outside the subset: finer than hourly, DTSTART, UNTIL, COUNT
    (they belong to the requirement), BYYEARDAY, BYWEEKNO, and hours that do not divide a day.
    """
    parts = _split(text)
    frequency = parts.get("FREQ", "")
    if frequency in {"SECONDLY", "MINUTELY"}:
        raise ScheduleError("rrule", f"{frequency} is too frequent; use HOURLY or slower.")
    if frequency not in {"HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"}:
        raise ScheduleError("rrule", "FREQ must be one of HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY.")
    (interval,) = _numbers(parts, "INTERVAL", 1, 1000) or (1,)
    if parts.get("BYSECOND", "0") != "0":
        raise ScheduleError("rrule", "BYSECOND can only be 0.")
    hourly = frequency == "HOURLY"
    minutes = _minutes(parts, interval if hourly else None)
    if parts.get("WKST", "MO") not in WEEKDAYS:
        raise ScheduleError("rrule", "WKST must be a day such as MO.")
    rule = Rule(
        frequency=cast("Frequency", "DAILY" if hourly else frequency),
        interval=1 if hourly else interval,
        months=_numbers(parts, "BYMONTH", 1, 12),
        month_days=_numbers(parts, "BYMONTHDAY", -28, 31),
        week_days=_week_days(parts),
        positions=_numbers(parts, "BYSETPOS", -366, 366),
        week_start=WEEKDAYS.index(parts.get("WKST", "MO")),
        minutes=minutes,
    )
    _check_combination(rule)
    return rule


def days(rule: Rule, anchor: date, start: date) -> Iterator[date]:
    """The days the rule names, from `start` on and never before `anchor`, in order, each once.

    Endless. Costs nothing for the time between `anchor` and `start`. Raises ScheduleError when nothing comes for a
    hundred years.
    """
    start = max(start, anchor)
    index = max(0, _periods_between(rule, anchor, start) // rule.interval)
    last = start
    while True:
        try:
            named = _in_period(rule, anchor, index * rule.interval)
        except (OverflowError, ValueError):
            named, gone = (), True
        else:
            gone = (_period_start(rule, anchor, index * rule.interval) - last).days > _HORIZON_DAYS
        if gone:
            raise ScheduleError("rrule", "This rule never falls due.")
        for day in named:
            if day >= start:
                last = day
                yield day
        index += 1


def _split(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for piece in text.strip().upper().removeprefix("RRULE:").split(";"):
        name, equals, value = piece.partition("=")
        if name in {"DTSTART", "UNTIL", "COUNT"}:
            raise ScheduleError("rrule", f"{name} does not belong in the rule: the requirement says when it begins.")
        if name not in _PARTS or not equals or not value:
            raise ScheduleError("rrule", f"“{piece}” is not a part of a rule that can be used here.")
        if name in parts:
            raise ScheduleError("rrule", f"{name} is given twice.")
        parts[name] = value
    return parts


def _numbers(parts: dict[str, str], name: str, low: int, high: int) -> tuple[int, ...]:
    if name not in parts:
        return ()
    try:
        numbers = sorted({int(piece) for piece in parts[name].split(",")})
    except ValueError:
        numbers = []
    if not numbers or numbers[0] < low or numbers[-1] > high or (low < 0 and 0 in numbers):
        raise ScheduleError(
            "rrule", f"{name} must be whole numbers from {low} to {high}" + (", not 0." if low < 0 else ".")
        )
    if name == "INTERVAL" and len(numbers) > 1:
        raise ScheduleError("rrule", "INTERVAL must be one number.")
    return tuple(numbers)


def _minutes(parts: dict[str, str], every_hours: int | None) -> tuple[int, ...]:
    if every_hours is not None and 24 % every_hours:
        raise ScheduleError("rrule", "Every so many hours must divide a day: 1, 2, 3, 4, 6, 8, 12 or 24.")
    if "BYMINUTE" in parts and "BYHOUR" not in parts and every_hours is None:
        raise ScheduleError("rrule", "BYMINUTE needs BYHOUR.")
    hours = _numbers(parts, "BYHOUR", 0, 23)
    if every_hours is not None:
        hours = tuple(h for h in range(0, 24, every_hours) if not hours or h in hours)
        if not hours:
            raise ScheduleError("rrule", "This rule never falls due: BYHOUR and INTERVAL have no hour in common.")
    return tuple(hour * 60 + minute for hour in hours for minute in _numbers(parts, "BYMINUTE", 0, 59) or (0,))


def _week_days(parts: dict[str, str]) -> tuple[tuple[int, int], ...]:
    if "BYDAY" not in parts:
        return ()
    found = []
    for piece in parts["BYDAY"].split(","):
        match = _BYDAY.fullmatch(piece)
        if match is None or (match[1] and not 1 <= abs(int(match[1])) <= 53):
            raise ScheduleError("rrule", f"“{piece}” is not a day such as MO, 2TU or -1FR.")
        found.append((int(match[1] or 0), WEEKDAYS.index(match[2])))
    return tuple(sorted(set(found)))


def _check_combination(rule: Rule) -> None:
    by_date = rule.frequency in {"MONTHLY", "YEARLY"}
    if rule.month_days and not by_date:
        raise ScheduleError("rrule", "BYMONTHDAY needs FREQ=MONTHLY or YEARLY.")
    if any(ordinal for ordinal, _ in rule.week_days) and not by_date:
        raise ScheduleError("rrule", "A numbered day such as 2TU needs FREQ=MONTHLY or YEARLY.")
    if any(abs(ordinal) > 5 for ordinal, _ in rule.week_days) and (rule.frequency == "MONTHLY" or rule.months):
        raise ScheduleError("rrule", "A month has no sixth of any day of the week.")
    if rule.positions and rule.frequency == "DAILY":
        raise ScheduleError("rrule", "BYSETPOS needs FREQ=WEEKLY, MONTHLY or YEARLY.")
    if rule.interval * _PERIOD_DAYS[rule.frequency] > _HORIZON_DAYS:
        raise ScheduleError("rrule", "INTERVAL is longer than a hundred years.")


def _period_start(rule: Rule, anchor: date, periods: int) -> date:
    """First day of the period that lies `periods` after the anchor's own."""
    if rule.frequency == "DAILY":
        return anchor + timedelta(days=periods)
    if rule.frequency == "WEEKLY":
        return anchor - timedelta(days=(anchor.weekday() - rule.week_start) % 7) + timedelta(days=7 * periods)
    if rule.frequency == "MONTHLY":
        return add_months(anchor.replace(day=1), periods)
    return date(anchor.year + periods, 1, 1)


def _periods_between(rule: Rule, anchor: date, start: date) -> int:
    if rule.frequency == "DAILY":
        return (start - anchor).days
    if rule.frequency == "WEEKLY":
        return (start - _period_start(rule, anchor, 0)).days // 7
    if rule.frequency == "MONTHLY":
        return (start.year - anchor.year) * 12 + start.month - anchor.month
    return start.year - anchor.year


def _in_period(rule: Rule, anchor: date, periods: int) -> tuple[date, ...]:
    first = _period_start(rule, anchor, periods)
    if rule.frequency == "DAILY":
        named = {first} if _weekday_fits(rule, first) else set()
    elif rule.frequency == "WEEKLY":
        week = (first + timedelta(days=n) for n in range(7))
        named = {d for d in week if (_weekday_fits(rule, d) if rule.week_days else d.weekday() == anchor.weekday())}
    elif rule.frequency == "MONTHLY":
        named = _in_month(rule, anchor, first)
    elif rule.week_days and not rule.months and not rule.month_days:
        named = _numbered(rule, first, 366 if calendar.isleap(first.year) else 365)
    else:
        months = rule.months or (range(1, 13) if rule.month_days else (anchor.month,))
        named = set().union(*(_in_month(rule, anchor, first.replace(month=month)) for month in months))
    fitting = sorted(d for d in named if not rule.months or d.month in rule.months)
    if not rule.positions:
        return tuple(fitting)
    size = len(fitting)
    picked = {p - 1 if p > 0 else size + p for p in rule.positions}
    return tuple(fitting[p] for p in sorted(picked) if 0 <= p < size)


def _weekday_fits(rule: Rule, day: date) -> bool:
    return not rule.week_days or (0, day.weekday()) in rule.week_days


def _in_month(rule: Rule, anchor: date, first: date) -> set[date]:
    length = calendar.monthrange(first.year, first.month)[1]
    numbered = _numbered(rule, first, length)
    if rule.week_days and not rule.month_days:
        return numbered
    wanted = rule.month_days or (anchor.day,)
    if rule.week_days:
        return {day for day in numbered if day.day in wanted or day.day - length - 1 in wanted}
    return {first.replace(day=min(n, length) if n > 0 else length + 1 + n) for n in wanted}


def _numbered(rule: Rule, first: date, length: int) -> set[date]:
    """Days of the week in a stretch of days: all of them, or the second, or the last."""
    named: set[date] = set()
    for ordinal, weekday in rule.week_days:
        same = [first + timedelta(days=n) for n in range((weekday - first.weekday()) % 7, length, 7)]
        if not ordinal:
            named.update(same)
        elif abs(ordinal) <= len(same):
            named.add(same[ordinal - 1 if ordinal > 0 else ordinal])
    return named
