"""Pages of the audit trail: read only."""

from __future__ import annotations

import zoneinfo

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from apps.audit.listing import event_list_spec
from apps.audit.queries import get_event, list_events
from apps.audit.words import action_words, changes_of, object_type_words, role_words
from apps.tenants.doors import requires
from apps.tenants.listing import build, csv_response
from apps.tenants.permissions import Permission


def _zone(request: HttpRequest) -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(request.organization.time_zone)  # type: ignore[attr-defined]


@requires(Permission.AUDIT_VIEW)
@require_GET
def event_list(request: HttpRequest) -> HttpResponse:
    """Show what was done in the organization, newest first."""
    zone = _zone(request)
    listing = build(event_list_spec(request, zone), request, list_events())
    for event in listing.rows:
        event.local_at, event.action_words = event.at.astimezone(zone), action_words(event.action)
        event.object_type_words, event.role_words = object_type_words(event.object_type), role_words(event.role)
    return render(request, "audit/event_list.html", {**listing.context(), "zone": zone.key})


@requires(Permission.AUDIT_VIEW)
@require_GET
def event_export(request: HttpRequest) -> HttpResponseBase:
    """Stream the events that the list shows."""
    return csv_response(event_list_spec(request, _zone(request)), request, list_events())


@requires(Permission.AUDIT_VIEW)
@require_GET
def event_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one event: who, when, from where, and every field before and after."""
    event, zone = get_event(pk), _zone(request)
    history = f"{reverse('audit:event_list')}?type={event.object_type}&object={event.object_id}"
    facts = [
        {"label": _("When"), "when": event.at.astimezone(zone)},
        {"label": _("Time zone"), "value": zone.key},
        {"label": _("Who"), "value": event.actor},
        {"label": _("Role"), "value": role_words(event.role)},
        {"label": _("Action"), "value": action_words(event.action)},
        {"label": _("Object type"), "value": object_type_words(event.object_type)},
        {"label": _("Object"), "value": event.object_name, "url": history if event.object_id is not None else ""},
        {"label": _("Reason"), "value": event.reason},
        {"label": _("Address"), "value": event.ip},
        {"label": _("Request id"), "value": event.request_id},
    ]
    crumbs = [{"label": _("Audit trail"), "url": reverse("audit:event_list")}, {"label": _("Event %s") % event.pk}]
    columns = [{"label": _("Field")}, {"label": _("Before")}, {"label": _("After")}]
    context = {
        "event": event,
        "title": f"{action_words(event.action)}, {event.object_name}",
        "facts": facts,
        "rows": changes_of(event),
        "columns": columns,
        "crumbs": crumbs,
    }
    return render(request, "audit/event_detail.html", context)
