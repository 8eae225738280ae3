"""What this room shows on the detail pages of facilities, areas and machines: their latest logs."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from apps.cleaning_logs.log_list import local
from apps.cleaning_logs.models import CleaningLog
from apps.cleaning_logs.queries import Subject, recent_logs
from apps.compliance.models import Result
from apps.equipment.models import Equipment
from apps.facilities.models import Area, Facility
from apps.tenants import panels
from apps.tenants.permissions import Permission, allowed

Panel = tuple[str, dict[str, Any]] | None


def _panel(subject: Subject, query: dict[str, Any]) -> Panel:
    if not allowed(Permission.LOGS_VIEW):
        return None
    entries = [_entry(log, subject) for log in recent_logs(subject)]
    url = f"{reverse('cleaning_logs:log_list')}?{urlencode(query)}"
    return "cleaning_logs/recent_logs.html", {"recent_logs": entries, "logs_url": url}


def _entry(log: CleaningLog, subject: Subject) -> dict[str, Any]:
    what = log.task if log.subject_name == subject.name else f"{log.task}, {log.subject_name}"
    return {
        "who": log.performer_name,
        "what": what,
        "when": local(log, "performed_at"),
        "url": reverse("cleaning_logs:log_detail", args=[log.pk]),
        "colour": "red" if log.result == Result.UNSATISFACTORY else "",
    }


def facility_logs(request: HttpRequest, facility: Facility) -> Panel:
    """Show the latest logs of everything in a facility."""
    return _panel(Subject(facility), {"facility": facility.pk})


def area_logs(request: HttpRequest, area: Area) -> Panel:
    """Show the latest logs of an area and the machines in it."""
    return _panel(Subject(area.facility, area), {"area": area.pk})


def equipment_logs(request: HttpRequest, equipment: Equipment) -> Panel:
    """Show the latest logs of a machine."""
    return _panel(Subject(equipment.facility, equipment.area, equipment), {"equipment": equipment.pk})


def register_all() -> None:
    """Put the panels on the detail pages."""
    panels.register("facility", "main", facility_logs, order=60)
    panels.register("area", "main", area_logs, order=60)
    panels.register("equipment", "main", equipment_logs, order=60)
