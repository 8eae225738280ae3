"""Every write of closures. Each takes effect from now on: what is past keeps the dates it had."""

from __future__ import annotations

import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit import actions as audit
from apps.audit.validated import create_valid
from apps.compliance import engine
from apps.compliance.closures.loading import Closures, heeding
from apps.compliance.closures.models import ClosedDay, Suspension
from apps.compliance.models import Requirement
from apps.facilities.models import Facility
from apps.tenants.permissions import Permission, demand, demand_all_facilities
from apps.tenants.queries import get_organization, get_own_membership
from apps.tenants.scope import require

# Between opening the page and sending it, "now" passes.
LATE = datetime.timedelta(minutes=5)
BATCH = 200


def _who() -> dict[str, Any]:
    return {"by": get_own_membership(), "by_name": require().actor[:200]}


def suspend(
    *,
    facility: Facility,
    requirement: Requirement | None = None,
    starts_at: datetime.datetime | None = None,
    ends_at: datetime.datetime | None = None,
    reason: str,
) -> Suspension:
    """Ask for nothing of a facility, or of one requirement, from a moment (default: now) on; no end: further notice.

    Raises ValidationError for a start in the past, an end not after it, or no reason.
    """
    demand(Permission.COMPLIANCE_EDIT)
    now = timezone.now()
    starts_at = starts_at or now
    problems: dict[str, list[str]] = {}
    if not reason.strip():
        problems["reason"] = [_("Say why nothing is asked for.")]
    if starts_at < now - LATE:
        problems["starts_on"] = [_("The past cannot be suspended. Choose today or a later day.")]
    if ends_at is not None and ends_at <= max(starts_at, now):
        problems["ends_on"] = [_("The end must be after the start, and not in the past.")]
    if requirement is not None and requirement.facility_id != facility.pk:
        problems["requirement"] = [_("This requirement is of another facility.")]
    if problems:
        raise ValidationError(problems)
    suspension = Suspension(
        facility=facility,
        requirement=requirement,
        starts_at=max(starts_at, now),
        ends_at=ends_at,
        reason=reason.strip(),
        recorded_at=now,
        **_who(),
    )
    with transaction.atomic():
        create_valid(suspension, "suspension.create", reason=reason.strip())
        reproject(_suspended(suspension))
    return suspension


def end_suspension(
    suspension: Suspension, *, at: datetime.datetime | None = None, reason: str = ""
) -> Suspension | None:
    """End a suspension at a moment (default: now); one that has not started is taken back, and None returned.

    What was known before stays: the row is voided and one with the new end replaces it. Raises ValidationError.
    """
    demand(Permission.COMPLIANCE_EDIT)
    now = timezone.now()
    at = max(at or now, now)
    with transaction.atomic():
        stored = Suspension.objects.select_for_update().get(pk=suspension.pk)
        if stored.voided_at is not None or (stored.ends_at is not None and stored.ends_at <= now):
            raise ValidationError(_("This suspension has ended already."))
        values = {"voided_at": now, "voided_reason": reason.strip()[:500]}
        audit.update(stored, values, "suspension.end", reason=reason.strip())
        replacement = None
        if stored.starts_at < at:
            replacement = Suspension(
                facility_id=stored.facility_id,
                requirement_id=stored.requirement_id,
                starts_at=stored.starts_at,
                ends_at=at,
                reason=stored.reason,
                recorded_at=now,
                replaces=stored,
                **_who(),
            )
            create_valid(replacement, "suspension.replace", reason=reason.strip())
        reproject(_suspended(stored))
    return replacement


def _suspended(suspension: Suspension) -> QuerySet[Requirement]:
    found: QuerySet[Requirement] = Requirement.objects.filter(facility_id=suspension.facility_id)
    return found.filter(pk=suspension.requirement_id) if suspension.requirement_id else found


def add_closed_day(
    *, site: Facility | None = None, first_on: datetime.date, last_on: datetime.date | None = None, name: str
) -> ClosedDay:
    """Close a facility, or (None) the whole organization, from one day to another, for schedules that heed it.

    Only days after today: what was due by now keeps its dates. Raises ValidationError.
    """
    _demand_for(site)
    last_on = last_on or first_on
    zone = ZoneInfo(site.time_zone if site is not None else get_organization().time_zone)
    if first_on <= timezone.now().astimezone(zone).date():
        raise ValidationError({"first_on": [_("Choose a day after today: what is due by now keeps its date.")]})
    if (last_on - first_on).days > 60:
        raise ValidationError({"last_on": [_("At most 60 days in a row. For longer, suspend the facility.")]})
    closed = ClosedDay(
        site=site, first_on=first_on, last_on=last_on, name=name.strip(), recorded_at=timezone.now(), **_who()
    )
    with transaction.atomic():
        create_valid(closed, "closed_day.create")
        reproject(heeding({closed.site_id}))
    return closed


def remove_closed_day(closed: ClosedDay, reason: str = "") -> None:
    """Take closed days back, from now on. Raises ValidationError when they have begun."""
    _demand_for(closed.site)
    zone = ZoneInfo(closed.site.time_zone if closed.site is not None else get_organization().time_zone)
    if closed.first_on <= timezone.now().astimezone(zone).date():
        raise ValidationError(_("These days have begun: what was due on them keeps its dates."))
    with transaction.atomic():
        stored = ClosedDay.objects.select_for_update().get(pk=closed.pk)
        if stored.voided_at is not None:
            return
        values = {"voided_at": timezone.now(), "voided_reason": reason.strip()[:500]}
        audit.update(stored, values, "closed_day.remove", reason=reason.strip())
        reproject(heeding({stored.site_id}))


def _demand_for(site: Facility | None) -> None:
    demand(Permission.COMPLIANCE_EDIT)
    if site is None:
        demand_all_facilities()
    elif not require().covers_facility(site.pk):
        raise PermissionDenied("This facility is out of scope.")


def reproject(requirements: QuerySet[Requirement]) -> int:
    """Bring the occurrences from now on in line with changed closures. Returns how many requirements that was.

    Rows are locked in one order, batch by batch, like the extension of stale ones.
    """
    now, last, done = timezone.now(), 0, 0
    while True:
        ids = list(
            requirements.filter(pk__gt=last, archived_at=None).order_by("pk").values_list("pk", flat=True)[:BATCH]
        )
        if not ids:
            return done
        locked = Requirement.objects.filter(pk__in=ids).select_related("facility").order_by("pk")
        batch = list(locked.select_for_update(of=("self",)).prefetch_related("schedules"))
        closures = Closures(batch)
        for requirement in batch:
            engine.project(requirement, since=now, now=now, closures=closures)
        last, done = ids[-1], done + len(ids)
