"""Charts as plain numbers for SVG templates: where each bar and cell stands, and what it says. No colour alone."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.compliance.trends.queries import FacilityDays, Tally, Week

# Units of the drawing.
BAR, GAP, HEIGHT, LEFT, TOP, BOTTOM = 18, 6, 140, 40, 22, 26
CELL, NAME = 18, 170


@dataclass(frozen=True)
class Part:
    """One rectangle of a bar."""

    colour: str
    y: float
    height: float


@dataclass(frozen=True)
class Bar:
    """One week: its rectangles from the bottom up, what it says, and the label under it where there is room."""

    x: int
    parts: list[Part]
    words: str
    label: str = ""
    percent: str = ""

    @property
    def middle(self) -> float:
        """The x of its middle."""
        return self.x + BAR / 2


@dataclass(frozen=True)
class Line:
    """A line of the scale with its word."""

    y: float
    label: str


@dataclass(frozen=True)
class WeekChart:
    """On time by week, as a stacked bar of the whole for each week."""

    bars: list[Bar]
    lines: list[Line]
    width: int
    height: int
    summary: str
    bar: int = BAR
    left: int = LEFT

    @property
    def base(self) -> int:
        """The y of the foot of the bars."""
        return TOP + HEIGHT

    @property
    def foot(self) -> int:
        """The y of the labels."""
        return TOP + HEIGHT + 18


def words_of(tally: Tally) -> str:
    """Say a tally in words."""
    if not tally.settled:
        return _("nothing due")
    return _("%(percent)s%% on time (%(on_time)s on time, %(late)s late, %(missed)s missed)") % {
        "percent": tally.percent,
        "on_time": tally.on_time,
        "late": tally.late,
        "missed": tally.missed,
    }


def week_chart(weeks: list[Week]) -> WeekChart:
    """Lay out the weeks, oldest first."""
    bars = []
    for number, week in enumerate(weeks):
        when = date_format(week.first, "j M")
        said = _("Week of %(when)s: %(words)s") % {"when": when, "words": words_of(week.tally)}
        bars.append(
            Bar(
                LEFT + GAP + number * (BAR + GAP),
                _stack(week.tally),
                said,
                when if (len(weeks) - 1 - number) % 5 == 0 else "",
                str(week.tally.percent) if week.tally.percent is not None else "",
            )
        )
    lines = [Line(TOP + HEIGHT * (1 - share), f"{share:.0%}") for share in (0, 0.5, 1)]
    width = LEFT + GAP + len(weeks) * (BAR + GAP) + 14
    return WeekChart(bars, lines, width, TOP + HEIGHT + BOTTOM, _weeks_in_words(weeks))


def _stack(tally: Tally) -> list[Part]:
    parts, foot = [], float(TOP + HEIGHT)
    for colour, number in (("green", tally.on_time), ("amber", tally.late), ("red", tally.missed)):
        if number:
            height = HEIGHT * number / tally.settled
            foot -= height
            parts.append(Part(colour, round(foot, 2), round(height, 2)))
    return parts


def _weeks_in_words(weeks: list[Week]) -> str:
    rated = [week for week in weeks if week.tally.rate is not None]
    if not rated:
        return _("Nothing has fallen due in these weeks.")
    total = Tally(*(sum(getattr(week.tally, name) for week in weeks) for name in ("on_time", "late", "missed")))
    worst = min(rated, key=lambda week: (week.tally.rate, -week.tally.settled))
    return _("%(total)s over %(weeks)s weeks. Lowest: %(worst)s%% in the week of %(when)s.") % {
        "total": words_of(total),
        "weeks": len(weeks),
        "worst": worst.tally.percent,
        "when": date_format(worst.first, "j F Y"),
    }


@dataclass(frozen=True)
class Cell:
    """One day of one facility: its place, its shape (by colour) and what it says."""

    x: int
    y: int
    colour: str
    words: str
    number: str = ""

    @property
    def middle(self) -> tuple[float, float]:
        """The point that a number is centred on."""
        return self.x + CELL / 2, self.y + CELL / 2


@dataclass(frozen=True)
class HeatRow:
    """One facility: its name, cut to fit, and its cells."""

    name: str
    y: float
    cells: list[Cell]


@dataclass(frozen=True)
class HeatMap:
    """Facility by day."""

    rows: list[HeatRow]
    days: list[dict[str, Any]]
    width: int
    height: int
    cell: int = CELL
    name_x: int = NAME - 8
    inner: int = field(default=CELL - 2)


def heat_map(rows: list[FacilityDays], last: datetime.date) -> HeatMap:
    """Lay out the facilities, worst first, against the days up to ``last``."""
    count = len(rows[0].days) if rows else 0
    dates = [last - datetime.timedelta(days=count - 1 - number) for number in range(count)]
    drawn = []
    for line, row in enumerate(rows):
        y = TOP + line * CELL
        cells = [
            Cell(
                NAME + number * CELL + 1,
                y + 1,
                tally.colour or "none",
                f"{row.name}, {date_format(dates[number], 'j M')}: {words_of(tally)}",
                str(tally.missed + tally.late) if tally.missed + tally.late else "",
            )
            for number, tally in enumerate(row.days)
        ]
        drawn.append(HeatRow(row.name if len(row.name) <= 26 else f"{row.name[:25]}…", y + CELL / 2, cells))
    days = [
        {"x": NAME + number * CELL + CELL / 2, "label": date_format(day, "j M")}
        for number, day in enumerate(dates)
        if (count - 1 - number) % 7 == 0
    ]
    return HeatMap(drawn, days, NAME + count * CELL + 20, TOP + len(rows) * CELL + 4)
