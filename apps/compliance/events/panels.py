"""What events and prerequisites show on the page of a requirement."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from apps.compliance.events import queries
from apps.compliance.models import Requirement
from apps.tenants import panels
from apps.tenants.permissions import Permission, allowed

Panel = tuple[str, dict[str, Any]] | None


def event_buttons(requirement: Requirement) -> list[dict[str, str]]:
    """Return a button for each event that can be recorded; none for who may not."""
    if not allowed(Permission.LOGS_CREATE):
        return []
    url = reverse("compliance:event_record", args=[requirement.pk])
    return [{"name": name, "url": f"{url}?{urlencode({'trigger': name})}"} for name in queries.triggers(requirement)]


def events(request: HttpRequest, requirement: Requirement) -> Panel:
    """Show the latest events, with a button for each that can be recorded."""
    buttons, found = event_buttons(requirement), queries.recent_events(requirement)
    if not buttons and not found:
        return None
    zone = ZoneInfo(requirement.facility.time_zone)
    can_edit = allowed(Permission.COMPLIANCE_EDIT)
    rows = [
        {
            "what": event.reason,
            "who": event.by_name,
            "when": event.performed_at.astimezone(zone),
            "voided": event.voided_reason if event.voided_at else "",
            "take_back_url": reverse("compliance:event_take_back", args=[event.pk])
            if can_edit and event.voided_at is None
            else "",
        }
        for event in found
    ]
    return "compliance/event_panel.html", {"event_rows": rows, "event_buttons": buttons}


def needs(request: HttpRequest, requirement: Requirement) -> Panel:
    """Show what must be in order first, and what is red of it."""
    needed = queries.prerequisites_of(requirement)
    can_edit = allowed(Permission.COMPLIANCE_EDIT) and requirement.archived_at is None
    if not needed and not can_edit:
        return None
    return "compliance/event_needs.html", {
        "needed": needed,
        "unmet": queries.unmet(requirement) if needed else [],
        "needs_url": reverse("compliance:prerequisite_edit", args=[requirement.pk]) if can_edit else "",
    }


def register() -> None:
    """Register with the requirement's page."""
    panels.register("requirement", "main", events, order=10)
    panels.register("requirement", "main", needs, order=30)
