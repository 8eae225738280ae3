"""Status: a pure function of one occurrence and the moment asked about.

`RULES` is the only definition. Python evaluates it here; status_sql.py turns the same table into a database expression.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from .schedule import Occurrence, due_day


class Colour(StrEnum):
    """Green, amber or red."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class Reason(StrEnum):
    """Why an occurrence has its colour."""

    FAILED = "failed"
    SUSPENDED = "suspended"
    WAIVED = "waived"
    DONE = "done"
    MISSING = "missing"
    MISSED = "missed"
    OVERDUE = "overdue"
    DUE = "due"
    BEFORE_USE = "before_use"
    DUE_SOON = "due_soon"
    NOTHING_DUE = "nothing_due"
    ON_TIME = "on_time"


# Conditions. There is no negation on purpose: in SQL the negation of a comparison with NULL is not its opposite, so
# each condition says what it means for an empty field, and both evaluators can be read side by side.


@dataclass(frozen=True, slots=True)
class Reached:
    """The moment is at or after the field; false when the field is empty."""

    field: str


@dataclass(frozen=True, slots=True)
class Ahead:
    """The moment is before the field, or the field is empty."""

    field: str


@dataclass(frozen=True, slots=True)
class Passed:
    """The moment is after the field; false when the field is empty."""

    field: str


@dataclass(frozen=True, slots=True)
class Empty:
    """The field is empty."""

    field: str


@dataclass(frozen=True, slots=True)
class Is:
    """The yes-or-no field has this value."""

    field: str
    value: bool


@dataclass(frozen=True, slots=True)
class Positive:
    """The number is more than zero."""

    field: str


@dataclass(frozen=True, slots=True)
class Both:
    """All of these hold; with none, always true."""

    parts: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of these holds."""

    parts: tuple[Condition, ...]


Condition = Reached | Ahead | Passed | Empty | Is | Positive | Both | Either


@dataclass(frozen=True, slots=True)
class StatusRule:
    """One line of the table. `since` and `until` name the fields that begin and end it; the first that fits counts."""

    reason: Reason
    colour: Colour
    condition: Condition
    since: tuple[str, ...] = ()
    until: str = "closes_at"


RULES: tuple[StatusRule, ...] = (
    StatusRule(
        Reason.FAILED, Colour.RED, Both((Reached("failed_at"), Ahead("restored_at"))), ("failed_at",), "restored_at"
    ),
    StatusRule(Reason.SUSPENDED, Colour.GREEN, Both((Is("waived", True), Empty("due_at"), Reached("completed_at")))),
    StatusRule(Reason.WAIVED, Colour.GREEN, Both((Is("waived", True), Reached("completed_at"))), ("completed_at",)),
    StatusRule(Reason.DONE, Colour.GREEN, Reached("completed_at"), ("completed_at",)),
    StatusRule(
        Reason.MISSING,
        Colour.RED,
        Both((Is("ever_completed", False), Either((Passed("overdue_at"), Positive("missed_before"))))),
        ("overdue_at",),
    ),
    StatusRule(Reason.MISSED, Colour.RED, Positive("missed_before")),
    StatusRule(Reason.OVERDUE, Colour.RED, Passed("overdue_at"), ("overdue_at",)),
    StatusRule(Reason.DUE, Colour.AMBER, Reached("due_at"), ("due_at",), "overdue_at"),
    StatusRule(Reason.BEFORE_USE, Colour.AMBER, Both((Empty("due_at"), Reached("warn_at"))), ("warn_at",)),
    StatusRule(Reason.DUE_SOON, Colour.AMBER, Reached("warn_at"), ("warn_at",), "due_at"),
    StatusRule(Reason.NOTHING_DUE, Colour.GREEN, Empty("warn_at")),
    StatusRule(Reason.ON_TIME, Colour.GREEN, Both(), (), "warn_at"),
)
"""First match wins; the last always matches."""


@dataclass(frozen=True, slots=True)
class Status:
    """Colour and reason. `since` is when it began as far as the occurrence tells; `until` is when it will change if
    nothing is recorded meanwhile (None: not by itself). `due` still holds at its `until`, all others end there."""

    colour: Colour
    reason: Reason
    since: datetime
    until: datetime | None


def status(occurrence: Occurrence, at: datetime) -> Status:
    """The status of an occurrence at a moment inside it. Anything with the fields of `Occurrence` will do."""
    rule = next(rule for rule in RULES if holds(rule.condition, occurrence, at))
    begun = (getattr(occurrence, name) for name in rule.since)
    since = next((moment for moment in begun if moment is not None and moment <= at), occurrence.opens_at)
    until: datetime | None = getattr(occurrence, rule.until)
    return Status(rule.colour, rule.reason, since, until or occurrence.closes_at)


def holds(condition: Condition, occurrence: Occurrence, at: datetime) -> bool:
    """Whether a condition of the table holds for an occurrence at a moment."""
    match condition:
        case Both(parts):
            return all(holds(part, occurrence, at) for part in parts)
        case Either(parts):
            return any(holds(part, occurrence, at) for part in parts)
    value = getattr(occurrence, condition.field)
    match condition:
        case Reached():
            return value is not None and at >= value
        case Ahead():
            return value is None or at < value
        case Passed():
            return value is not None and at > value
        case Empty():
            return value is None
        case Is(_, wanted):
            return value is wanted
    return bool(value > 0)


PHRASES: dict[str, str] = {
    "failed": "Unsatisfactory since {when}",
    "suspended": "Suspended",
    "waived": "Waived on {when}",
    "done": "Done {length} ago, {when}",
    "done_now": "Done just now",
    "missing_due": "Never done, was due {when}",
    "missing_missed": "Never done, missed {times}",
    "missed": "Missed {times}",
    "missed_since": "Missed {times}, not done since {when}",
    "overdue": "Overdue by {length}, was due {when}",
    "due": "Due now, since {when}",
    "due_today": "Due today",
    "due_today_by": "Due today by {time}",
    "due_tomorrow": "Due tomorrow, {when}",
    "due_in": "Due in {length}, {when}",
    "before_use": "Needed before the next use",
    "nothing_due": "Nothing due",
    "minutes": "{n} minutes",
    "minute": "{n} minute",
    "hours": "{n} hours",
    "hour": "{n} hour",
    "days": "{n} days",
    "day": "{n} day",
    "times": "{n} times",
    "time": "once",
    "date": "{weekday} {day} {month}",
    "date_year": "{weekday} {day} {month} {year}",
    "date_time": "{date} {time}",
    "weekdays": "Mon Tue Wed Thu Fri Sat Sun",
    "months": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
}
"""Every word that `words` can say, for translation."""


def words(status: Status, occurrence: Occurrence, at: datetime, zone: ZoneInfo) -> str:
    """The status in words, with relative and absolute dates on the calendar of `zone`."""
    say = _Sayer(at, zone)
    due_at = occurrence.due_at or at  # the reasons that speak of it have it
    match status.reason:
        case Reason.FAILED | Reason.WAIVED:
            return say(status.reason, when=say.day_and_time(status.since))
        case Reason.SUSPENDED | Reason.NOTHING_DUE | Reason.BEFORE_USE:
            return say(status.reason)
        case Reason.DONE:
            return say.done(status.since)
        case Reason.MISSING if occurrence.missed_before:
            return say("missing_missed", times=say.count("time", occurrence.missed_before))
        case Reason.MISSING:
            return say("missing_due", when=say.due(due_at))
        case Reason.MISSED:
            return say.missed(occurrence.missed_before, occurrence.last_completed_at)
        case Reason.OVERDUE:
            return say("overdue", length=say.length_since(due_at), when=say.due(due_at))
        case Reason.DUE:
            return say("due", when=say.due(due_at))
        case _:
            return say.coming(due_at)


class _Sayer:
    """Fills in the phrases for one moment in one zone."""

    def __init__(self, at: datetime, zone: ZoneInfo) -> None:
        self.at = at
        self.zone = zone
        self.today = at.astimezone(zone).date()

    def __call__(self, key: str, **values: object) -> str:
        return PHRASES[key].format(**values)

    def count(self, unit: str, number: int) -> str:
        return self(unit if number == 1 else f"{unit}s", n=number)

    def day(self, day: date) -> str:
        return self(
            "date" if day.year == self.today.year else "date_year",
            weekday=PHRASES["weekdays"].split()[day.weekday()],
            day=day.day,
            month=PHRASES["months"].split()[day.month - 1],
            year=day.year,
        )

    def day_and_time(self, instant: datetime) -> str:
        local = instant.astimezone(self.zone)
        return self("date_time", date=self.day(local.date()), time=f"{local:%H:%M}")

    def ends_a_day(self, instant: datetime) -> bool:
        return due_day(instant, self.zone) != instant.astimezone(self.zone).date()

    def due(self, due_at: datetime) -> str:
        if self.ends_a_day(due_at):
            return self.day(due_day(due_at, self.zone))
        return self.day_and_time(due_at)

    def length_since(self, instant: datetime) -> str:
        days = (self.today - due_day(instant, self.zone)).days
        passed = self.at - instant
        if days and (passed >= timedelta(days=1) or self.ends_a_day(instant)):
            return self.count("day", days)
        if passed >= timedelta(hours=1):
            return self.count("hour", passed // timedelta(hours=1))
        return self.count("minute", max(1, passed // timedelta(minutes=1)))

    def done(self, instant: datetime) -> str:
        if self.at - instant < timedelta(minutes=1):
            return self("done_now")
        return self("done", length=self.length_since(instant), when=self.day_and_time(instant))

    def missed(self, times: int, last_done_at: datetime | None) -> str:
        said = self.count("time", times)
        if last_done_at is None:
            return self("missed", times=said)
        return self("missed_since", times=said, when=self.day(last_done_at.astimezone(self.zone).date()))

    def coming(self, due_at: datetime) -> str:
        days = (due_day(due_at, self.zone) - self.today).days
        if not days and self.ends_a_day(due_at):
            return self("due_today")
        if not days:
            return self("due_today_by", time=f"{due_at.astimezone(self.zone):%H:%M}")
        if days == 1:
            return self("due_tomorrow", when=self.due(due_at))
        return self("due_in", length=self.count("day", days), when=self.due(due_at))
