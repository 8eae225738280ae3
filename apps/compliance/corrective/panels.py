"""What corrective actions show on the pages of places, requirements and the dashboard."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.compliance import moment as moments
from apps.compliance import schedule as pure
from apps.compliance.corrective import queries
from apps.compliance.corrective.models import CorrectiveAction, State
from apps.compliance.models import Requirement
from apps.compliance.queries import row_of
from apps.tenants import panels
from apps.tenants.permissions import Permission, allowed

Panel = tuple[str, dict[str, Any]] | None
DASHBOARD_ROWS = 10


def columns() -> list[dict[str, Any]]:
    """Return the columns of a table of actions."""
    labels = (_("What is wrong"), _("Status"), _("Severity"), _("Place"), _("Owner"))
    return [*({"label": label} for label in labels), {"label": _("Next step"), "hidden": True}]


def of_place(request: HttpRequest, subject: Any) -> Panel:
    """Show what is to be put right at a place, red first, and where to report more."""
    if not allowed(Permission.COMPLIANCE_VIEW):
        return None
    condition = queries.subject_filter(subject)
    name = next(iter(condition))
    return _panel(queries.rows_of(**condition), name, subject.pk, subject.archived_at is None)


def of_requirement(request: HttpRequest, requirement: Requirement) -> Panel:
    """Show what a requirement's failures left to be put right."""
    if not allowed(Permission.COMPLIANCE_VIEW):
        return None
    return _panel(queries.rows_of(requirement=requirement), "requirement", requirement.pk, not requirement.archived_at)


def _panel(rows: list[queries.Row], name: str, pk: int, is_live: bool) -> Panel:
    query = urlencode({name: pk})
    return "compliance/corrective_panel.html", {
        "corrective_rows": rows,
        "corrective_columns": columns(),
        "create_url": f"{reverse('compliance:corrective_create')}?{query}"
        if is_live and allowed(Permission.LOGS_CREATE)
        else "",
        "all_url": f"{reverse('compliance:corrective_list')}?{query}&state=all" if name != "requirement" else "",
    }


def on_dashboard(request: HttpRequest, nothing: Any) -> Panel:
    """Show the corrective actions that are past their deadline, whose they are, and the next step."""
    if not allowed(Permission.COMPLIANCE_VIEW):
        return None
    moment = moments.read(request.GET, ZoneInfo(request.organization.time_zone))  # type: ignore[attr-defined]
    found = queries.red_first(queries.with_places(queries.actions_at(moment).filter(urgency__lt=2)))
    rows = queries.to_rows(found[: DASHBOARD_ROWS + 1], moment)
    if not rows:
        return None
    kept = {key: value for key in ("at", "known_at") if (value := request.GET.get(key))}
    url = reverse("compliance:corrective_list")
    return "compliance/corrective_dashboard.html", {
        "corrective_rows": rows[:DASHBOARD_ROWS],
        "corrective_columns": columns(),
        "any_red": rows[0].colour == "red",
        "all_url": f"{url}?{urlencode(kept)}" if kept else url,
    }


def acknowledged(request: HttpRequest, requirement: Requirement) -> Panel:
    """Show who knows of a requirement that is not in order, and until when its reminders are paused."""
    found = queries.acknowledgements([requirement.pk]).get(requirement.pk)
    pause = queries.snooze_of(requirement)
    zone = ZoneInfo(requirement.facility.time_zone)
    if found is not None:
        found.recorded_local = found.recorded_at.astimezone(zone)  # type: ignore[attr-defined]
    row = row_of(requirement)
    in_order = row is None or row.colour == "green"
    return "compliance/corrective_acknowledged.html", {
        "requirement": requirement,
        "acknowledged": found,
        "pause": pause,
        "pause_until": pure.due_day(pause.snooze_until, zone) if pause and pause.snooze_until else None,
        "can_acknowledge": not in_order and allowed(Permission.LOGS_CREATE),
        "can_resume": pause is not None and allowed(Permission.COMPLIANCE_EDIT),
    }


def affected(subject: Any) -> list[str]:
    """Say how many corrective actions stay open when the subject is archived."""
    found = CorrectiveAction.objects.filter(**queries.subject_filter(subject)).exclude(state=State.CLOSED).count()
    if not found:
        return []
    return [
        ngettext("%(n)s corrective action stays open.", "%(n)s corrective actions stay open.", found) % {"n": found}
    ]


def register() -> None:
    """Register with the places, the requirement's page and the dashboard."""
    for place in ("facility", "area", "equipment"):
        panels.register(place, "main", of_place, order=20)
        panels.register_effect(place, affected)
    panels.register("requirement", "main", acknowledged, order=5)
    panels.register("requirement", "main", of_requirement, order=20)
    panels.register("dashboard", "main", on_dashboard, order=20)
