"""Pages of events and prerequisites."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.compliance.corrective.views import add_errors
from apps.compliance.events import actions, queries
from apps.compliance.events.forms import EventForm, PrerequisiteForm, TakeBackForm
from apps.compliance.models import Requirement
from apps.compliance.queries import get_requirement, row_of
from apps.tenants.doors import requires
from apps.tenants.permissions import Permission


def _crumbs(requirement: Requirement, label: str) -> list[dict[str, str]]:
    return [
        {"label": _("Requirements"), "url": reverse("compliance:requirement_list")},
        {"label": requirement.name, "url": reverse("compliance:requirement_detail", args=[requirement.pk])},
        {"label": label},
    ]


def form_for(request: HttpRequest, requirement: Requirement, *, ask_name: bool = False) -> EventForm:
    """Return the form of an event on a requirement; raise Http404 when its schedule waits for none."""
    triggers = queries.triggers(requirement)
    if not triggers:
        raise Http404
    chosen = request.GET.get("trigger", "")
    initial = {"trigger": chosen} if chosen in triggers else None
    zone = ZoneInfo(requirement.facility.time_zone)
    return EventForm(request.POST or None, triggers=triggers, zone=zone, ask_name=ask_name, initial=initial)


def send(request: HttpRequest, requirement: Requirement, form: EventForm) -> bool:
    """Record what a sent form states and say so; errors stay in the form. Returns whether it was recorded."""
    if request.method != "POST" or not form.is_valid():
        return False
    data: dict[str, Any] = form.cleaned_data
    try:
        _fact, new = actions.record_event(
            requirement,
            trigger=data["trigger"],
            happened_at=data["happened_at"],
            note=data["note"],
            uuid=data["uuid"],
            by_name=data.get("name", ""),
        )
    except ValidationError as error:
        add_errors(form, error)
        return False
    row = row_of(requirement)
    words = row.words if row else ""
    messages.success(
        request,
        _("Recorded. %(status)s.") % {"status": words} if new else _("This was recorded already."),
    )
    return True


@requires(Permission.LOGS_CREATE)
@require_http_methods(["GET", "POST"])
def event_record(request: HttpRequest, pk: int) -> HttpResponse:
    """Record that something happened which makes a duty due."""
    requirement = get_requirement(pk)
    form = form_for(request, requirement)
    if send(request, requirement, form):
        return redirect("compliance:requirement_detail", pk)
    context = {
        "form": form,
        "requirement": requirement,
        "row": row_of(requirement),
        "crumbs": _crumbs(requirement, _("Record an event")),
    }
    return render(request, "compliance/event_record.html", context, status=400 if form.errors else 200)


@requires(Permission.COMPLIANCE_EDIT)
@require_http_methods(["GET", "POST"])
def event_take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back an event that did not happen."""
    event = queries.get_event(pk)
    form = TakeBackForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.take_back_event(event, form.cleaned_data["reason"])
        messages.success(request, _("Taken back. It stays in the history."))
        return redirect("compliance:requirement_detail", event.requirement_id)
    zone = ZoneInfo(event.requirement.facility.time_zone)
    context = {
        "form": form,
        "event": event,
        "requirement": event.requirement,
        "happened": event.performed_at.astimezone(zone),
        "crumbs": _crumbs(event.requirement, _("Take back")),
    }
    return render(request, "compliance/event_take_back.html", context, status=400 if form.errors else 200)


@requires(Permission.COMPLIANCE_EDIT)
@require_http_methods(["GET", "POST"])
def prerequisite_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what must be in order before this duty."""
    requirement = get_requirement(pk)
    possible = queries.on_same_subject(requirement)
    initial = {"needs": [needed.pk for needed in queries.prerequisites_of(requirement)]}
    form = PrerequisiteForm(request.POST if request.method == "POST" else None, possible=possible, initial=initial)
    if request.method == "POST" and form.is_valid():
        actions.set_prerequisites(requirement, form.cleaned_data["needs"])
        messages.success(request, _("Saved."))
        return redirect("compliance:requirement_detail", pk)
    context = {
        "form": form,
        "requirement": requirement,
        "none_possible": not possible,
        "crumbs": _crumbs(requirement, _("What it needs first")),
    }
    return render(request, "compliance/event_prerequisites.html", context, status=400 if form.errors else 200)
