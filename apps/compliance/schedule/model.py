"""Schedules, facts and occurrences: the three nouns of time."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Literal, Self
from uuid import UUID

from .describe import describe
from .durations import ZERO, Duration
from .errors import ScheduleError
from .rrules import parse_rule

Closed = Callable[[date], bool]
"""Says whether a local day is a holiday or closing day."""

OnClosed = Literal["keep", "before", "after", "skip"]


class Mode(StrEnum):
    """How one occurrence follows another."""

    FIXED_CALENDAR = "fixed_calendar"
    INTERVAL_AFTER_COMPLETION = "interval_after_completion"
    KEEP_ANNIVERSARY = "keep_anniversary"
    REVIEW_TRIGGERED = "review_triggered"
    EVENT = "event"
    PER_USE = "per_use"
    VALIDITY_AFTER_COMPLETION = "validity_after_completion"


_EVERY_MODE = {"mode", "due_time", "grace", "warn"}
_ALLOWED: dict[Mode, set[str]] = {
    Mode.FIXED_CALENDAR: {"rrule", "early_window", "count", "on_closed", "anchor"},
    Mode.INTERVAL_AFTER_COMPLETION: {"interval", "first_due_on"},
    Mode.KEEP_ANNIVERSARY: {"interval", "early_window", "first_due_on"},
    Mode.REVIEW_TRIGGERED: {"interval", "within", "triggers", "first_due_on"},
    Mode.EVENT: {"within", "triggers"},
    Mode.PER_USE: {"before", "after", "within", "rrule", "anchor"},
    Mode.VALIDITY_AFTER_COMPLETION: {"interval", "first_due_on"},
}
_NEEDED: dict[Mode, tuple[str, ...]] = {
    Mode.FIXED_CALENDAR: ("rrule",),
    Mode.INTERVAL_AFTER_COMPLETION: ("interval",),
    Mode.KEEP_ANNIVERSARY: ("interval", "early_window"),
    Mode.REVIEW_TRIGGERED: ("interval",),
    Mode.EVENT: (),
    Mode.PER_USE: (),
    Mode.VALIDITY_AFTER_COMPLETION: ("interval",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a duty is due. Immutable; equal when it means the same; checked on construction.

    rrule         rules of the RFC 5545 subset, united (fixed_calendar; for per_use a backstop for days without use)
    due_time      local time of day as minutes after midnight; None is the end of the due day
    early_window  how long ahead of the due day evidence counts; None is the longest warning, in whole days
    grace         how long after due before it is red
    warn          stages ahead of due; the longest opens the amber window, P0D is the start of the due day itself
    interval      from one completion to the next due day
    within        from an event or use to due; days run to the end of the day (P0D: that day), hours from the instant;
                  None is at once, for a review by the end of that day
    triggers      names of the events, for people; whoever collects the facts decides which events are meant
    before/after  whether it is needed before a use, after a use, or both
    count         how many completions one occurrence needs
    on_closed     what happens to a due day that is a closing day
    first_due_on  due day of a rolling duty that has no evidence yet; None is the start day
    anchor        day that fixes what the rules leave open; None is the start day

    Raises ScheduleError naming the field.
    """

    mode: Mode
    rrule: tuple[str, ...] = ()
    due_time: int | None = None
    early_window: Duration | None = None
    grace: Duration = ZERO
    warn: tuple[Duration, ...] = (ZERO,)
    interval: Duration | None = None
    within: Duration | None = None
    triggers: tuple[str, ...] = ()
    before: bool = False
    after: bool = False
    count: int = 1
    on_closed: OnClosed = "keep"
    first_due_on: date | None = None
    anchor: date | None = None

    def __post_init__(self) -> None:
        allowed = _EVERY_MODE | _ALLOWED[self.mode]
        for field in fields(self):
            if field.name not in allowed and getattr(self, field.name) != field.default:
                raise ScheduleError(field.name, f"This does not apply to the mode {self.mode}.")
        for name in _NEEDED[self.mode]:
            if not getattr(self, name):
                raise ScheduleError(name, f"The mode {self.mode} needs this.")
        if self.interval == ZERO:
            raise ScheduleError("interval", "The interval must be longer than nothing.")
        if self.mode is Mode.PER_USE and not (self.before or self.after):
            raise ScheduleError("after", "Say whether it is needed before use, after use, or both.")
        if self.count < 1:
            raise ScheduleError("count", "At least one completion is needed.")
        if self.due_time is not None and any(parse_rule(rule).minutes for rule in self.rrule):
            raise ScheduleError("due_time", "Give a due time or BYHOUR in the rule, not both.")
        object.__setattr__(self, "warn", tuple(sorted(set(self.warn), key=lambda d: -d.rough_seconds)))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build a schedule from plain JSON values, as `to_dict` writes them; absent or None means the default.

        A single rule may be given as a string; `extra_rrule` is added to `rrule`. Raises ScheduleError.
        """
        try:
            mode = Mode(str(data.get("mode")))
        except ValueError:
            raise ScheduleError("mode", f"The mode must be one of {', '.join(Mode)}.") from None
        given = {name: value for name, value in data.items() if value is not None and name != "mode"}
        if "extra_rrule" in given:
            given["rrule"] = [*_strings("rrule", given.get("rrule", [])), *_strings("rrule", given.pop("extra_rrule"))]
        for name in given:
            if name not in _READERS:
                raise ScheduleError(name, "There is no such parameter.")
        return cls(mode=mode, **{name: _READERS[name](name, value) for name, value in given.items()})

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `from_dict` gives an equal schedule back. Defaults are left out, the warnings never."""
        plain: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default or field.name == "warn":
                plain[field.name] = _plain(field.name, value)
        return plain

    def describe(self) -> str:
        """The schedule in one plain English phrase, such as “Every Monday, due by 18:00”."""
        return describe(self)

    @property
    def lead(self) -> Duration | None:
        """The longest warning, where the amber window opens; None when there is no warning."""
        return self.warn[0] if self.warn else None


def _plain(name: str, value: Any) -> Any:
    if name == "due_time":
        return f"{value // 60:02}:{value % 60:02}"
    if isinstance(value, tuple):
        return [str(item) for item in value]
    if isinstance(value, bool | int):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)


def _strings(name: str, value: Any) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) and item.strip() for item in items):
        raise ScheduleError(name, "This must be a list of texts.")
    return tuple(item.strip() for item in items)


def _rules(name: str, value: Any) -> tuple[str, ...]:
    rules = tuple(rule.upper().removeprefix("RRULE:") for rule in _strings(name, value))
    for rule in rules:
        parse_rule(rule)
    return tuple(dict.fromkeys(rules))


def _duration(name: str, value: Any) -> Duration:
    if not isinstance(value, str):
        raise ScheduleError(name, "This must be an ISO 8601 duration such as P7D.")
    try:
        return Duration.parse(value)
    except ValueError as error:
        raise ScheduleError(name, str(error)) from None


def _durations(name: str, value: Any) -> tuple[Duration, ...]:
    if not isinstance(value, list | tuple):
        raise ScheduleError(name, "This must be a list of ISO 8601 durations.")
    return tuple(_duration(name, item) for item in value)


def _time_of_day(name: str, value: Any) -> int:
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", value) if isinstance(value, str) else None
    if match is None:
        raise ScheduleError(name, "This must be a time of day such as 18:00.")
    return int(match[1]) * 60 + int(match[2])


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ScheduleError(name, "This must be true or false.")
    return value


def _whole(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ScheduleError(name, "This must be a whole number.")
    return value


def _day(name: str, value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ScheduleError(name, "This must be a date such as 2026-08-10.") from None


def _on_closed(name: str, value: Any) -> str:
    if value not in {"keep", "before", "after", "skip"}:
        raise ScheduleError(name, "This must be keep, before, after or skip.")
    return str(value)


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "rrule": _rules,
    "due_time": _time_of_day,
    "early_window": _duration,
    "grace": _duration,
    "warn": _durations,
    "interval": _duration,
    "within": _duration,
    "triggers": _strings,
    "before": _flag,
    "after": _flag,
    "count": _whole,
    "on_closed": _on_closed,
    "first_due_on": _day,
    "anchor": _day,
}


def as_utc(instant: datetime) -> datetime:
    """The same instant in UTC. Raises ValueError for a datetime that does not say its zone."""
    if instant.tzinfo is None:
        raise ValueError("A moment must say its time zone.")
    return instant.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Fact:
    """What was done or happened, as somebody recorded it. Instants are aware and kept in UTC.

    `next_due_on` is a due day printed on the evidence; it wins when it is earlier than the schedule's own.
    From `voided_at` on (superseded, rejected) it is known that the fact never counted.
    """

    id: UUID
    performed_at: datetime
    recorded_at: datetime
    result: Literal["satisfactory", "unsatisfactory"] = "satisfactory"
    kind: Literal["completion", "waiver", "event"] = "completion"
    next_due_on: date | None = None
    voided_at: datetime | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "performed_at", as_utc(self.performed_at))
        object.__setattr__(self, "recorded_at", as_utc(self.recorded_at))
        if self.voided_at is not None:
            object.__setattr__(self, "voided_at", as_utc(self.voided_at))


@dataclass(frozen=True, slots=True)
class Suspension:
    """A stretch [starts_at, ends_at) in which nothing is asked for, such as a closed site; no end means until further
    notice."""

    starts_at: datetime
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One dated instance of a duty: the tile [opens_at, closes_at) of its time. Instants are in UTC.

    closes_at      None while nothing is known that ends it
    warn_at        amber from here; None when nothing is asked for
    due_at         None when it has no deadline: nothing is asked for, or (with warn_at) needed before the next use
    overdue_at     due_at plus grace: red after it
    completed_at   when it was settled: done, waived, or for a suspension (waived without a deadline) its start
    failed_at      the unsatisfactory result that counts against it, which may be older than the tile
    restored_at    the satisfactory result that ended that failure
    missed_before  how many directly preceding ones passed their deadline undone
    ever_completed whether anything satisfactory was on file before it opened; last_completed_at when the last was

    Promises: opens_at < closes_at; warn_at <= due_at <= overdue_at; opens_at <= warn_at, except that a duty which was
    past due already when its record began keeps its true dates.
    """

    opens_at: datetime
    warn_at: datetime | None = None
    due_at: datetime | None = None
    overdue_at: datetime | None = None
    closes_at: datetime | None = None
    completed_at: datetime | None = None
    completed_recorded_at: datetime | None = None
    completion_id: UUID | None = None
    waived: bool = False
    failed_at: datetime | None = None
    restored_at: datetime | None = None
    missed_before: int = 0
    ever_completed: bool = False
    last_completed_at: datetime | None = None

    @property
    def failed(self) -> bool:
        """Whether an unsatisfactory result stands against it."""
        return self.failed_at is not None and self.restored_at is None

    @property
    def suspended(self) -> bool:
        """Whether it only fills a suspension."""
        return self.waived and self.due_at is None
