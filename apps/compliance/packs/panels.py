"""What the rule packs show on facilities’ pages and the dashboard: what is not covered, which reviews are due."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.compliance.packs import queries
from apps.compliance.packs.loader import all_packs
from apps.compliance.packs.models import AppliedPack
from apps.compliance.packs.plan import Decision
from apps.tenants import panels
from apps.tenants.permissions import Permission, allowed


def facility_packs(request: HttpRequest, facility: Any) -> tuple[str, dict[str, Any]] | None:
    """Show, for each pack applied here, what is not covered (red), due for review (red) and not applicable."""
    if not allowed(Permission.COMPLIANCE_VIEW) or facility.archived_at is not None:
        return None
    now = timezone.now()
    packs = all_packs()
    shown = []
    for applied in AppliedPack.objects.filter(facility=facility).select_related("facility"):
        pack = packs.get(applied.pack)
        if pack is None:
            continue
        rows = queries.coverage(pack, [applied], now)[facility.pk]
        gaps = [row for row in rows if row.is_gap]
        shown.append(
            {
                "pack": pack,
                "url": reverse("compliance:pack_facility", args=[pack.id, facility.pk]),
                "gaps": gaps[:10],
                "more": max(0, len(gaps) - 10),
                "standing": sum(row.decision is Decision.EXISTS for row in rows),
                "exempt": [row for row in rows if row.decision is Decision.EXEMPT],
            }
        )
    if not shown:
        return None
    return "compliance/_facility_packs.html", {"facility_packs": shown}


def reviews(request: HttpRequest, _nothing: Any) -> tuple[str, dict[str, Any]] | None:
    """Show, on the dashboard, each “not applicable” whose review date has passed: red until somebody says more."""
    if not allowed(Permission.COMPLIANCE_VIEW):
        return None
    due = queries.reviews_due()
    if not due:
        return None
    return "compliance/_reviews_due.html", {
        "reviews": due[:25],
        "reviews_more": max(0, len(due) - 25),
        "review_columns": [
            {"label": _("Duty")},
            {"label": _("Status")},
            {"label": _("Facility")},
            {"label": _("Why it was left out")},
            {"label": _("Next step"), "hidden": True},
        ],
        "can_edit": allowed(Permission.COMPLIANCE_EDIT),
    }


def register() -> None:
    """Register with the places."""
    panels.register("facility", "main", facility_packs, order=20)
    panels.register("dashboard", "main", reviews, order=20)
