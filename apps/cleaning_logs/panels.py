"""What this room shows on the pages of facilities, areas and machines (their latest logs), and on my work."""

from __future__ import annotations

import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from apps.cleaning_logs.log_list import local
from apps.cleaning_logs.models import CleaningLog
from apps.cleaning_logs.queries import Subject, latest_by, recent_logs
from apps.compliance.models import Result
from apps.equipment.models import Equipment
from apps.facilities.models import Area, Facility
from apps.tenants import panels
from apps.tenants.permissions import Permission, allowed
from apps.tenants.scope import require

Panel = tuple[str, dict[str, Any]] | None


def _panel(subject: Subject, query: dict[str, Any]) -> Panel:
    if not allowed(Permission.LOGS_VIEW):
        return None
    entries = [_entry(log, subject) for log in recent_logs(subject)]
    url = f"{reverse('cleaning_logs:log_list')}?{urlencode(query)}"
    return "cleaning_logs/recent_logs.html", {"recent_logs": entries, "logs_url": url}


def _entry(log: CleaningLog, subject: Subject | None) -> dict[str, Any]:
    what = log.task if subject is not None and log.subject_name == subject.name else f"{log.task}, {log.subject_name}"
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


def logged_today(request: HttpRequest, _nothing: Any) -> Panel:
    """Show what the reader did today, by the clock of each facility, on their page of work."""
    membership_id = require().membership_id
    if membership_id is None or not allowed(Permission.LOGS_VIEW):
        return None
    logs = [log for log in latest_by(membership_id) if local(log, "performed_at").date() == _today(log)]
    # The log names its own subject; what it is about, not who: that is the reader.
    entries = [{**_entry(log, None), "who": ""} for log in logs]
    return "cleaning_logs/logged_today.html", {"logged_today": entries}


def _today(log: CleaningLog) -> datetime.date:
    return timezone.now().astimezone(ZoneInfo(log.facility.time_zone)).date()


def register_all() -> None:
    """Put the panels on the detail pages."""
    panels.register("my_work", "main", logged_today)
    panels.register("facility", "main", facility_logs, order=60)
    panels.register("area", "main", area_logs, order=60)
    panels.register("equipment", "main", equipment_logs, order=60)
