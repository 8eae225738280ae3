"""Closures as the schedule takes them: loaded in a fixed number of queries for any number of requirements."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from apps.compliance import schedule as pure
from apps.compliance.closures.models import ClosedDay, Suspension
from apps.compliance.models import Requirement

Versions = Sequence[tuple[datetime.datetime, pure.Schedule]]


@dataclass(frozen=True)
class ClosedDays:
    """Says whether a local day is a closed day. Equal when it closes the same ranges."""

    ranges: tuple[tuple[datetime.date, datetime.date], ...]

    def __call__(self, day: datetime.date) -> bool:
        """Tell whether the day is in one of the ranges."""
        return any(first <= day <= last for first, last in self.ranges)


def known(row: Suspension | ClosedDay, at: datetime.datetime | None) -> bool:
    """Tell whether a closure counts: as known at a moment, or (None) with all we know."""
    if at is None:
        return row.voided_at is None
    return row.recorded_at <= at and (row.voided_at is None or row.voided_at > at)


def closings(
    rows: Iterable[ClosedDay], known_at: datetime.datetime | None
) -> list[tuple[datetime.datetime, ClosedDays]]:
    """Return the closed days known from each moment on: each from when it was recorded until it was taken back."""
    rows = list(rows)
    edges = {row.recorded_at for row in rows} | {row.voided_at for row in rows if row.voided_at}
    return [
        (edge, ClosedDays(tuple(sorted((row.first_on, row.last_on) for row in rows if known(row, edge)))))
        for edge in sorted(edges)
        if known_at is None or edge <= known_at
    ]


def heeds_closed_days(versions: Versions) -> bool:
    """Tell whether closed days matter to any of these schedules."""
    return any(schedule.on_closed != "keep" for _at, schedule in versions)


class Closures:
    """The closures of some requirements: two queries at most, however many there are."""

    def __init__(self, requirements: Iterable[Requirement], *, closed_days: bool = True) -> None:
        requirements = list(requirements)
        facilities = {requirement.facility_id for requirement in requirements}
        self._whole: dict[int, list[Suspension]] = defaultdict(list)
        self._single: dict[int, list[Suspension]] = defaultdict(list)
        wanted = Q(requirement=None) | Q(requirement_id__in=[requirement.pk for requirement in requirements])
        for row in Suspension.objects.filter(wanted, facility_id__in=facilities):
            if row.requirement_id is None:
                self._whole[row.facility_id].append(row)
            else:
                self._single[row.requirement_id].append(row)
        self._closed = list(ClosedDay.objects.filter(Q(site=None) | Q(site_id__in=facilities))) if closed_days else []

    def of(self, requirement: Requirement, *, known_at: datetime.datetime | None = None) -> dict[str, Any]:
        """Return ``suspensions=`` and ``closed=`` of one requirement for the schedule."""
        rows = [*self._whole[requirement.facility_id], *self._single[requirement.pk]]
        days = [row for row in self._closed if row.site_id in (None, requirement.facility_id)]
        return {
            "suspensions": [pure.Suspension(row.starts_at, row.ends_at) for row in rows if known(row, known_at)],
            "closed": closings(days, known_at),
        }


def changed_since(known_at: datetime.datetime, at: datetime.datetime) -> set[int]:
    """Return the requirements about whose closures less was known at ``known_at``, where that matters at ``at``."""
    later = Q(recorded_at__gt=known_at) | Q(voided_at__gt=known_at)
    suspended = Suspension.objects.filter(later, starts_at__lte=at)
    whole = {row.facility_id for row in suspended if row.requirement_id is None}
    ids = {row.requirement_id for row in suspended if row.requirement_id is not None}
    if whole:
        ids |= set(Requirement.objects.filter(facility_id__in=whole).values_list("pk", flat=True))
    days = list(ClosedDay.objects.filter(later, recorded_at__lte=at))
    if days:
        ids |= set(heeding({row.site_id for row in days}).values_list("pk", flat=True))
    return ids


def heeding(sites: set[int | None]) -> Any:
    """Return the requirements of these sites (None: all) whose schedules heed closed days."""
    found = Requirement.objects.filter(schedules__spec__on_closed__in=["before", "after", "skip"]).distinct()
    return found if None in sites else found.filter(facility_id__in=[pk for pk in sites if pk is not None])
