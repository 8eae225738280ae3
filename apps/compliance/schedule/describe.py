"""Schedules in plain English, built from small phrases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .durations import ZERO, Duration
from .rrules import Rule, parse_rule

if TYPE_CHECKING:
    from .model import Schedule

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_UNITS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last", -2: "second to last"}
_CLOSED = {"before": "on the open day before", "after": "on the next open day", "skip": "not at all"}


def describe(schedule: Schedule) -> str:
    """One phrase that says when the duty is due, and its grace where it has any."""
    interval = (schedule.interval or ZERO).describe()
    match schedule.mode.value:
        case "fixed_calendar":
            said = _calendar(schedule)
        case "interval_after_completion":
            said = f"{interval} after it was last done"
        case "keep_anniversary":
            window = (schedule.early_window or ZERO).describe()
            said = f"{interval} after it was last done; done up to {window} early it keeps its date"
        case "review_triggered":
            said = f"Reviewed {interval} after the last review, sooner after {_events(schedule)}"
        case "event":
            said = f"{_within(schedule.within)} {_events(schedule)}"
        case "per_use":
            said = _per_use(schedule)
        case _:
            said = f"Good for {interval} after it was done, then to be redone before use"
    if schedule.mode.value not in {"fixed_calendar", "per_use"} and schedule.due_time is not None:
        said += f", due by {_clock(schedule.due_time)}"
    if schedule.grace != ZERO:
        said += f", with {schedule.grace.describe()} of grace"
    return said


def _calendar(schedule: Schedule) -> str:
    said = _rules(schedule)
    if schedule.count > 1:
        said += f", {schedule.count} times each"
    if schedule.on_closed != "keep":
        said += f"; on closing days {_CLOSED[schedule.on_closed]}"
    return said


def _rules(schedule: Schedule) -> str:
    phrases = []
    for text in schedule.rrule:
        rule = parse_rule(text)
        times = rule.minutes or (() if schedule.due_time is None else (schedule.due_time,))
        phrases.append(_rule(rule) + (f", due by {_list(map(_clock, times))}" if times else ""))
    return "; and ".join([phrases[0], *(phrase[0].lower() + phrase[1:] for phrase in phrases[1:])])


def _per_use(schedule: Schedule) -> str:
    when = " and ".join(name for name, wanted in (("before", schedule.before), ("after", schedule.after)) if wanted)
    said = f"{when} each use".capitalize()
    if schedule.within is not None:
        said += f", {_within(schedule.within).lower()} use"
    if schedule.rrule:
        rules = _rules(schedule)
        said += f"; and {rules[0].lower()}{rules[1:]}"
    return said


def _within(within: Duration | None) -> str:
    if within is None:
        return "At once on"
    if within == ZERO:
        return "On the day of"
    return f"Within {within.describe()} of"


def _events(schedule: Schedule) -> str:
    return _list((trigger.replace("_", " ") for trigger in schedule.triggers), "or") or "an event"


def _rule(rule: Rule) -> str:
    unit = _UNITS[rule.frequency]
    every = f"Every {unit}" if rule.interval == 1 else f"Every {rule.interval} {unit}s"
    plain_days = _list(_WEEKDAYS[day] for ordinal, day in rule.week_days if not ordinal)
    if rule.frequency in {"DAILY", "WEEKLY"} and rule.interval == 1 and plain_days and not rule.positions:
        every = f"Every {plain_days}"
    elif rule.week_days:
        named = (f"{_ordinal(ordinal)}{_WEEKDAYS[day]}" for ordinal, day in rule.week_days)
        every += f" on {_positions(rule)}{_list(named, 'or' if rule.positions else 'and')}"
    months = _list(_MONTHS[month - 1] for month in rule.months)
    if rule.month_days:
        every += f"{' that is' if rule.week_days else ''} on the {_list(map(_month_day, rule.month_days))}"
    return f"{every} in {months}" if months else every


def _positions(rule: Rule) -> str:
    return f"the {_list(_ORDINALS.get(p, f'number {p}') for p in rule.positions)} " if rule.positions else ""


def _ordinal(ordinal: int) -> str:
    return f"the {_ORDINALS.get(ordinal, f'number {ordinal}')} " if ordinal else ""


def _month_day(day: int) -> str:
    if day < 0:
        return "last day" if day == -1 else f"{_nth(-day)} day from the end"
    return _nth(day)


def _nth(number: int) -> str:
    suffix = "th" if 10 < number < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _list(items: Iterable[str], joint: str = "and") -> str:
    *most, last = list(items) or [""]
    return f"{', '.join(most)} {joint} {last}" if most else last
