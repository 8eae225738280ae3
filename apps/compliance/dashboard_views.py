"""The dashboard and the wall board: red first, and alive while somebody looks."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from apps.audit.queries import latest_event_id
from apps.compliance import queries
from apps.compliance.as_of import as_of, list_url, moment_of, zone_of
from apps.compliance.corrective.queries import with_acknowledgements
from apps.compliance.moment import Moment
from apps.facilities.models import Facility
from apps.tenants.doors import requires
from apps.tenants.permissions import Permission, allowed

DASHBOARD_ROWS = 25
DASHBOARD_FACILITIES = 15
BOARD_ROWS = 12
GROUPS = {"facility": gettext_lazy("Facility"), "category": gettext_lazy("Category"), "owner": gettext_lazy("Owner")}


def version_of(moment: Moment) -> str:
    """What the reader's page depends on: the latest change they may see, and the minute, since time alone turns red."""
    return f"{latest_event_id() or 0}-{moment.at:%Y%m%d%H%M}"


def _group(request: HttpRequest) -> str:
    asked = request.GET.get("by", "facility")
    return asked if asked in GROUPS else "facility"


def _groups(request: HttpRequest, moment: Moment, facilities: list[queries.FacilityCounts]) -> list[dict[str, Any]]:
    """The rows of the table below: the worst facilities, categories or owners, with links into the list."""
    group = _group(request)
    if group == "facility":
        found = [(str(row.facility_id), row.name, row.counts) for row in facilities]
    else:
        found = [(row.key, row.name, row.counts) for row in queries.count_by(group, moment)]
    return [
        {
            "name": name,
            "counts": counts,
            "url": list_url(request, **{group: key}),
            "red_url": list_url(request, status="red", **{group: key}),
            "amber_url": list_url(request, status="amber", **{group: key}),
        }
        for key, name, counts in found
        if counts.red or counts.amber
    ][:DASHBOARD_FACILITIES]


def _status(request: HttpRequest, moment: Moment, limit: int) -> dict[str, Any]:
    counts, facilities = queries.count_by_facility(moment)
    rows = queries.most_urgent(moment, limit) if counts.red or counts.amber else []
    return {
        **as_of(request, moment),
        **{f"{colour}_url": list_url(request, status=colour) for colour in queries.COLOURS},
        "all_url": list_url(request),
        "counts": counts,
        "rows": with_acknowledgements(rows, moment.at),
        "more": counts.red + counts.amber - len(rows),
        "groups": _groups(request, moment, facilities),
        "group_tabs": [
            {"label": label, "url": f"?by={group}#by", "current": group == _group(request)}
            for group, label in GROUPS.items()
        ],
        "has_facilities": bool(facilities) or Facility.objects.filter(archived_at=None).exists(),
        "can_edit": allowed(Permission.COMPLIANCE_EDIT),
        "can_log": allowed(Permission.LOGS_CREATE),
        "columns": [
            *({"label": label} for label in (_("Requirement"), _("Status"), _("Place"), _("Owner"))),
            {"label": _("Next step"), "hidden": True},
        ],
        "group_columns": [
            {"label": GROUPS[_group(request)]},
            {"label": _("Red"), "number": True},
            {"label": _("Amber"), "number": True},
            {"label": _("Green"), "number": True},
        ],
    }


def _live(request: HttpRequest, name: str, limit: int) -> HttpResponse:
    """Answer the whole page, or to ``?live=<version>`` only what changed: 204 when nothing did, else the live part.

    A question costs the sign-in, the scope and one index look-up.
    """
    moment = moment_of(request)
    version = version_of(moment) if moment.is_now else ""
    asked = request.GET.get("live")
    if asked is not None and asked == version:
        return HttpResponse(status=204)
    context = {
        **_status(request, moment, limit),
        "board_time": f"{moment.at.astimezone(zone_of(request)):%H:%M}",
        "live_url": f"{reverse(f'compliance:{name}')}?live={version}&by={_group(request)}" if version else "",
    }
    return render(request, f"compliance/{'_' if asked is not None else ''}{name}.html", context)


@requires(Permission.COMPLIANCE_VIEW)
@require_GET
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show what is red, why, whose and the next step; then amber; counts by status and by facility."""
    return _live(request, "dashboard", DASHBOARD_ROWS)


@requires(Permission.COMPLIANCE_VIEW)
@require_GET
def board(request: HttpRequest) -> HttpResponse:
    """Show the same for a screen on a wall: large, without menus, following each new log."""
    return _live(request, "board", BOARD_ROWS)
