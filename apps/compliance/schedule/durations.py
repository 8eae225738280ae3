"""ISO 8601 durations with calendar arithmetic."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

_PATTERN = re.compile(
    r"P(?=\d|T\d)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?"
    r"(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?"
)
_LONGEST_DAYS = 36600
_MEAN_MONTH_DAYS = 30.436875


def add_months(day: date, months: int) -> date:
    """The same day `months` later (or earlier, when negative), or the last day of that month when it is shorter."""
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month0 + 1, min(day.day, calendar.monthrange(year, month0 + 1)[1]))


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time as people say it: months and days follow the calendar, seconds follow the clock.

    All three parts are whole and not negative.
    """

    months: int = 0
    days: int = 0
    seconds: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an ISO 8601 duration such as P12M, P2W or PT3H; whole numbers only.

        Raises ValueError for anything else, and for lengths over a hundred years.
        """
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise ValueError(f"“{text}” is not an ISO 8601 duration such as P7D, P12M or PT2H.")
        years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        duration = cls(years * 12 + months, weeks * 7 + days, hours * 3600 + minutes * 60 + seconds)
        if duration.rough_seconds > _LONGEST_DAYS * 86400:
            raise ValueError(f"“{text}” is longer than a hundred years.")
        return duration

    def __str__(self) -> str:
        """The canonical ISO form: years from two whole years on, days never as weeks; `parse` reads it back equal."""
        date_part = ""
        if self.months:
            whole_years = self.months >= 24 and self.months % 12 == 0
            date_part = f"{self.months // 12}Y" if whole_years else f"{self.months}M"
        if self.days:
            date_part += f"{self.days}D"
        hours, rest = divmod(self.seconds, 3600)
        minutes, seconds = divmod(rest, 60)
        time_part = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if n)
        if not date_part and not time_part:
            return "P0D"
        return f"P{date_part}{'T' if time_part else ''}{time_part}"

    @property
    def rough_seconds(self) -> float:
        """Length in seconds with months at their mean; only for comparing durations with each other."""
        return (self.months * _MEAN_MONTH_DAYS + self.days) * 86400 + self.seconds

    @property
    def by_clock(self) -> bool:
        """True when it has hours, minutes or seconds and nothing else: measured from an instant, not from a day."""
        return bool(self.seconds) and not self.months and not self.days

    @property
    def clock(self) -> timedelta:
        """The hours, minutes and seconds alone."""
        return timedelta(seconds=self.seconds)

    def whole_days(self) -> Duration:
        """The same, with any part of a day rounded up to a whole one."""
        return Duration(self.months, self.days + -(-self.seconds // 86400), 0)

    def after(self, day: date) -> date:
        """The day that lies this many months and then days later; month-end safe."""
        return add_months(day, self.months) + timedelta(days=self.days)

    def before(self, day: date) -> date:
        """The day that lies this many months and then days earlier; month-end safe."""
        return add_months(day, -self.months) - timedelta(days=self.days)

    def describe(self) -> str:
        """In plain English: “12 months”, “1 day and 2 hours”."""
        years = self.months // 12 if self.months >= 24 and self.months % 12 == 0 else 0
        hours, rest = divmod(self.seconds, 3600)
        minutes, seconds = divmod(rest, 60)
        parts = [
            (years, "year"),
            (0 if years else self.months, "month"),
            (self.days, "day"),
            (hours, "hour"),
            (minutes, "minute"),
            (seconds, "second"),
        ]
        said = [f"{n} {unit}" if n == 1 else f"{n} {unit}s" for n, unit in parts if n]
        return " and ".join(said) or "0 days"


ZERO = Duration()
