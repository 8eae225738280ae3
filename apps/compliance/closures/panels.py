"""What closures show on the pages of facilities and requirements."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from apps.compliance import schedule as pure
from apps.compliance.closures import queries
from apps.compliance.closures.models import Suspension
from apps.compliance.models import Requirement
from apps.facilities.models import Facility
from apps.tenants import panels
from apps.tenants.permissions import Permission, allowed

Panel = tuple[str, dict[str, Any]] | None


def _rows(found: list[Suspension], zone: ZoneInfo) -> list[dict[str, Any]]:
    now, can_edit = timezone.now(), allowed(Permission.COMPLIANCE_EDIT)
    return [
        {
            "suspension": row,
            "is_now": row.starts_at <= now,
            "starts": row.starts_at.astimezone(zone),
            "ends_on": pure.due_day(row.ends_at, zone) if row.ends_at else None,
            "end_url": reverse("compliance:closure_end", args=[row.pk]) if can_edit else "",
        }
        for row in found
    ]


def of_requirement(request: HttpRequest, requirement: Requirement) -> Panel:
    """Show what suspends a requirement, and where to suspend it."""
    rows = _rows(queries.suspensions_of(requirement), ZoneInfo(requirement.facility.time_zone))
    return _panel(rows, f"requirement={requirement.pk}", "", requirement.archived_at is None)


def of_facility(request: HttpRequest, facility: Facility) -> Panel:
    """Show what suspends a facility or something in it."""
    if not allowed(Permission.COMPLIANCE_VIEW):
        return None
    found = [row for row in queries.list_suspensions(facility)[:20] if not queries.is_over(row, timezone.now())]
    url = f"{reverse('compliance:closure_list')}?facility={facility.pk}"
    return _panel(_rows(found, ZoneInfo(facility.time_zone)), f"facility={facility.pk}", url, not facility.archived_at)


def _panel(rows: list[dict[str, Any]], query: str, list_url: str, is_live: bool) -> Panel:
    can_edit = is_live and allowed(Permission.COMPLIANCE_EDIT)
    if not rows and not can_edit:
        return None
    return "compliance/closure_panel.html", {
        "closure_rows": rows,
        "closures_url": list_url,
        "suspend_url": f"{reverse('compliance:closure_create')}?{query}" if can_edit else "",
    }


def register() -> None:
    """Register with facilities and requirements."""
    panels.register("requirement", "main", of_requirement, order=40)
    panels.register("facility", "main", of_facility, order=40)
