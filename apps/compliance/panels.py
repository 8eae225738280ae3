"""What the compliance room shows on the pages of facilities, areas and machines."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.compliance import queries
from apps.compliance.models import Requirement
from apps.equipment.models import Equipment
from apps.facilities.models import Area, Facility
from apps.tenants import panels
from apps.tenants.permissions import Permission, allowed


def _name(subject: Facility | Area | Equipment) -> str:
    return {Facility: "facility", Area: "area", Equipment: "equipment"}[type(subject)]


def requirements(request: HttpRequest, subject: Any) -> tuple[str, dict[str, Any]] | None:
    """Show the requirements directly on the subject, red first, with the next step; for a facility also the counts."""
    if not allowed(Permission.COMPLIANCE_VIEW):
        return None
    rows = queries.rows_for(subject)
    return "compliance/_requirements.html", {
        "requirement_rows": rows,
        "subject_name": _name(subject),
        "subject": subject,
        "counts": queries.counts_of(subject) if isinstance(subject, Facility) else None,
        "can_edit": allowed(Permission.COMPLIANCE_EDIT) and subject.archived_at is None,
        "can_log": allowed(Permission.LOGS_CREATE),
        "requirement_columns": [
            {"label": _("Requirement")},
            {"label": _("Status")},
            {"label": _("Due")},
            {"label": _("Place")},
            {"label": _("Owner")},
            {"label": _("Next step"), "hidden": True},
        ],
    }


def affected(subject: Any) -> list[str]:
    """Say how many requirements stop counting when the subject is archived."""
    found = Requirement.objects.filter(**{_name(subject): subject}, archived_at=None).count()
    if not found:
        return []
    return [ngettext("%(n)s requirement stops counting.", "%(n)s requirements stop counting.", found) % {"n": found}]


def register() -> None:
    """Register with the places."""
    for place in ("facility", "area", "equipment"):
        panels.register(place, "main", requirements, order=10)
        panels.register_effect(place, affected)
