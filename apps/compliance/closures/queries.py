"""Reads of closures, and the doors through which they enter views."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone

from apps.compliance.closures.models import ClosedDay, Suspension
from apps.compliance.models import Requirement
from apps.facilities.models import Facility
from apps.tenants.scope import require


def list_suspensions(facility: Facility | None = None) -> QuerySet[Suspension]:
    """Return the suspensions that stand, of one facility or of all, the latest start first."""
    found: QuerySet[Suspension] = Suspension.objects.filter(voided_at=None).select_related(
        "facility", "requirement__area", "requirement__equipment"
    )
    return found if facility is None else found.filter(facility=facility)


def suspensions_of(requirement: Requirement) -> list[Suspension]:
    """Return what suspends a requirement or its facility now or later, the latest start first; at most 10."""
    found = list_suspensions().filter(facility_id=requirement.facility_id)
    found = found.filter(Q(requirement=None) | Q(requirement=requirement))
    return list(found.filter(Q(ends_at=None) | Q(ends_at__gt=timezone.now()))[:10])


def get_suspension(pk: int) -> Suspension:
    """Return a suspension that stands; raise Http404."""
    suspension: Suspension | None = list_suspensions().filter(pk=pk).first()
    if suspension is None:
        raise Http404
    return suspension


def _covered() -> Q:
    scope = require()
    return Q() if scope.all_facilities else Q(site=None) | Q(site_id__in=scope.facility_ids)


def list_closed_days(facility: Facility | None = None) -> QuerySet[ClosedDay]:
    """Return the closed days that stand, of the organization and of the facilities in scope, the first first."""
    found: QuerySet[ClosedDay] = ClosedDay.objects.filter(_covered(), voided_at=None).select_related("site")
    return found if facility is None else found.filter(Q(site=None) | Q(site=facility))


def get_closed_day(pk: int) -> ClosedDay:
    """Return closed days that stand; raise Http404 for those of a facility out of scope."""
    closed: ClosedDay | None = list_closed_days().filter(pk=pk).first()
    if closed is None:
        raise Http404
    return closed


def is_over(row: Any, now: datetime.datetime) -> bool:
    """Tell whether a suspension has ended."""
    return row.ends_at is not None and row.ends_at <= now
