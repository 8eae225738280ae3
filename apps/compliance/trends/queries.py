"""The reads of trends: on time by week, facility by day, and the worst duties. They end at a moment."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, DateField, Exists, F, Min, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import TruncWeek

from apps.compliance import queries
from apps.compliance.models import Occurrence, Requirement
from apps.compliance.moment import Moment
from apps.compliance.trends import rollup
from apps.compliance.trends.models import DailyCount
from apps.equipment.models import ServiceStatus
from apps.facilities.models import Facility

WEEKS, DAYS, WORST_FACILITIES, WORST_DUTIES = 26, 28, 20, 10
COUNTED = ("on_time", "late", "missed")


@dataclass(frozen=True)
class Tally:
    """What became of what fell due. Waived ones count neither for nor against."""

    on_time: int = 0
    late: int = 0
    missed: int = 0

    @property
    def settled(self) -> int:
        """How many had an outcome."""
        return self.on_time + self.late + self.missed

    @property
    def rate(self) -> float | None:
        """The share done on time, 0 to 1; None where nothing had an outcome."""
        return self.on_time / self.settled if self.settled else None

    @property
    def percent(self) -> int | None:
        """The share in whole percent; 100 only when all were on time, 0 only when none was."""
        if self.rate is None:
            return None
        return min(99, max(1, round(self.rate * 100))) if 0 < self.rate < 1 else round(self.rate * 100)

    @property
    def colour(self) -> str | None:
        """Red when one was missed, amber when one was late, green when all were on time."""
        if not self.settled:
            return None
        return "red" if self.missed else "amber" if self.late else "green"


@dataclass(frozen=True)
class Week:
    """One week, from its Monday."""

    first: datetime.date
    tally: Tally


@dataclass(frozen=True)
class FacilityDays:
    """One facility's days, oldest first, and their sum."""

    facility_id: int
    name: str
    days: list[Tally]
    total: Tally


@dataclass(frozen=True)
class WorstDuty:
    """A duty that was missed or late, and how often."""

    requirement: Any
    missed: int
    late: int


def prepare(moment: Moment) -> None:
    """Bring what trends read up to date, whatever jobs have or have not run."""
    queries.ensure_extended(moment.at)
    rollup.refresh()


def by_week(last: datetime.date, facility: Facility | None = None, weeks: int = WEEKS) -> list[Week]:
    """Return the weeks up to the one of ``last``, oldest first; the last one is not over yet."""
    monday = last - datetime.timedelta(days=last.weekday())
    first = monday - datetime.timedelta(weeks=weeks - 1)
    rows: Any = (
        _counts(facility)
        .filter(day__gte=first, day__lte=last)
        .annotate(week=TruncWeek("day", output_field=DateField()))
        .order_by()
        .values("week")
        .annotate(**{f"sum_{name}": Sum(name) for name in COUNTED})
    )
    found = {row["week"]: Tally(*(row[f"sum_{name}"] for name in COUNTED)) for row in rows}
    mondays = [first + datetime.timedelta(weeks=number) for number in range(weeks)]
    return [Week(each, found.get(each, Tally())) for each in mondays]


def by_facility(last: datetime.date, facility: Facility | None = None, days: int = DAYS) -> list[FacilityDays]:
    """Return the days up to ``last`` of the worst facilities: most missed first, then most late."""
    first = last - datetime.timedelta(days=days - 1)
    inside: Any = _counts(facility).filter(day__gte=first, day__lte=last)
    worst = list(
        inside.order_by()
        .values("facility_id", "facility__name")
        .annotate(**{f"sum_{name}": Sum(name) for name in COUNTED})
        .order_by("-sum_missed", "-sum_late", "facility__name", "facility_id")[:WORST_FACILITIES]
    )
    cells: dict[tuple[int, datetime.date], Tally] = {
        (facility_id, day): Tally(*counts)
        for facility_id, day, *counts in inside.filter(
            facility_id__in=[row["facility_id"] for row in worst]
        ).values_list("facility_id", "day", *COUNTED)
    }
    dates = [first + datetime.timedelta(days=number) for number in range(days)]
    return [
        FacilityDays(
            row["facility_id"],
            row["facility__name"],
            [cells.get((row["facility_id"], each), Tally()) for each in dates],
            Tally(*(row[f"sum_{name}"] for name in COUNTED)),
        )
        for row in worst
    ]


def _counts(facility: Facility | None) -> QuerySet[DailyCount]:
    found: QuerySet[DailyCount] = DailyCount.objects.all()
    return found if facility is None else found.filter(facility=facility)


def worst_duties(moment: Moment, facility: Facility | None = None, days: int = DAYS) -> list[WorstDuty]:
    """Return the duties missed or late most often among what fell due in the days before a moment.

    Reads what went wrong in that time by an index of its own, so what went well costs nothing.
    """
    since = moment.at - datetime.timedelta(days=days)
    missed = Q(completed_at=None)
    late = Q(completed_at__gt=F("overdue_at"))
    found = Occurrence.objects.filter(missed | late, due_at__gt=since, overdue_at__lt=moment.at, waived=False)
    if facility is not None:
        found = found.filter(facility=facility)
    else:
        # Named, so that the index, which leads with the facility, is used.
        found = found.filter(facility_id__in=list(Facility.objects.order_by().values_list("pk", flat=True)))
    rows = list(
        found.filter(_counts_at_its_end())
        .order_by()
        .values("requirement_id")
        .annotate(missed=Count("pk", filter=missed), late=Count("pk", filter=late), first=Min("due_at"))
        .order_by("-missed", "-late", "first", "requirement_id")[:WORST_DUTIES]
    )
    wanted = [row["requirement_id"] for row in rows]
    named = Requirement.objects.filter(pk__in=wanted).select_related("facility", "area", "equipment__area")
    by_id = {requirement.pk: requirement for requirement in named} if wanted else {}
    return [WorstDuty(by_id[row["requirement_id"]], row["missed"], row["late"]) for row in rows]


def _counts_at_its_end() -> Q:
    """The same rule as in rollup.py: still in force when it turned overdue, and not cut short before."""
    found = Q()
    for path in ("requirement__", "requirement__facility__", "requirement__area__", "requirement__equipment__"):
        found &= Q(**{f"{path}archived_at": None}) | Q(**{f"{path}archived_at__gt": F("overdue_at")})
    found &= (
        Q(requirement__equipment=None)
        | Q(requirement__equipment__status=ServiceStatus.IN_SERVICE)
        | Q(requirement__equipment__status_since__gt=F("overdue_at"))
    )
    split = Occurrence.objects.filter(
        requirement_id=OuterRef("requirement_id"),
        opens_at=OuterRef("closes_at"),
        missed_before__gt=OuterRef("missed_before"),
    )
    return found & (Q(completed_at__isnull=False) | Q(closes_at__gte=F("overdue_at")) | Q(Exists(split)))
