"""Pages of closures: suspensions and closed days of the organization, a facility or a requirement."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from apps.compliance import schedule as pure
from apps.compliance.closures import actions, queries
from apps.compliance.closures.forms import ClosedDayForm, EndForm, RemoveForm, SuspensionForm
from apps.compliance.closures.models import Suspension
from apps.compliance.corrective.views import add_errors
from apps.compliance.models import Requirement
from apps.facilities.models import Facility
from apps.tenants.doors import requires
from apps.tenants.permissions import Permission, allowed
from apps.tenants.scope import require

MOST_ROWS = 200


def _crumbs(label: str = "") -> list[dict[str, str]]:
    first = {"label": _("Closures"), "url": reverse("compliance:closure_list")}
    return [first, {"label": label}] if label else [first]


def _object(request: HttpRequest, name: str, model: Any) -> Any:
    """Return what a parameter names, None without it; raise Http404 for nothing, and for nobody else's."""
    raw = request.GET.get(name, "")
    if not raw:
        return None
    if not (raw.isascii() and raw.isdigit() and len(raw) < 19):
        raise Http404
    found = model.objects.filter(pk=int(raw)).first()
    if found is None:
        raise Http404
    return found


@requires(Permission.COMPLIANCE_VIEW)
@require_GET
def closure_list(request: HttpRequest) -> HttpResponse:
    """List what is suspended and which days are closed, of one facility or of all."""
    facility = _object(request, "facility", Facility)
    now = timezone.now()
    suspensions = [_row(row, now) for row in queries.list_suspensions(facility)[:MOST_ROWS]]
    can_edit = allowed(Permission.COMPLIANCE_EDIT)
    days: list[Any] = list(queries.list_closed_days(facility).filter(last_on__gte=now.date())[:MOST_ROWS])
    for day in days:
        day.may_remove = (
            can_edit and day.first_on > now.date() and (day.site_id is not None or require().all_facilities)
        )
    context = {
        "facility": facility,
        "suspensions": suspensions,
        "closed_days": days,
        "can_edit": can_edit,
        "suspension_columns": [
            *({"label": label} for label in (_("What"), _("From"), _("To"), _("Reason"))),
            {"label": _("Next step"), "hidden": True},
        ],
        "day_columns": [
            *({"label": label} for label in (_("Name"), _("Days"), _("Facility"))),
            {"label": _("Next step"), "hidden": True},
        ],
        "facilities": Facility.objects.filter(archived_at=None).order_by("name", "id")[:MOST_ROWS],
        "crumbs": _crumbs(facility.name if facility else ""),
    }
    return render(request, "compliance/closure_list.html", context)


def _row(suspension: Suspension, now: Any) -> dict[str, Any]:
    zone = ZoneInfo(suspension.facility.time_zone)
    over = queries.is_over(suspension, now)
    state = _("Over") if over else _("Now") if suspension.starts_at <= now else _("Planned")
    return {
        "suspension": suspension,
        "starts": suspension.starts_at.astimezone(zone),
        "ends_on": pure.due_day(suspension.ends_at, zone) if suspension.ends_at else None,
        "state": state,
        "may_end": not over and allowed(Permission.COMPLIANCE_EDIT),
    }


@requires(Permission.COMPLIANCE_EDIT)
@require_http_methods(["GET", "POST"])
def closure_create(request: HttpRequest) -> HttpResponse:
    """Suspend a facility, or one requirement."""
    requirement = _object(request, "requirement", Requirement)
    facility = requirement.facility if requirement else _object(request, "facility", Facility)
    if facility is None:
        return redirect("compliance:closure_list")
    form = SuspensionForm(request.POST or None, zone=ZoneInfo(facility.time_zone))
    back = (
        reverse("compliance:requirement_detail", args=[requirement.pk])
        if requirement
        else f"{reverse('compliance:closure_list')}?facility={facility.pk}"
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.suspend(facility=facility, requirement=requirement, **form.fields_for())
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Suspended. What was due before keeps its dates."))
            return redirect(back)
    count = 1 if requirement else Requirement.objects.filter(facility=facility, archived_at=None).count()
    context = {
        "form": form,
        "facility": facility,
        "requirement": requirement,
        "count": count,
        "cancel_url": back,
        "crumbs": _crumbs(_("Suspend")),
    }
    return render(request, "compliance/closure_create.html", context, status=400 if form.errors else 200)


@requires(Permission.COMPLIANCE_EDIT)
@require_http_methods(["GET", "POST"])
def closure_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End a suspension now or on a day; take one back that has not begun."""
    suspension = queries.get_suspension(pk)
    form = EndForm(request.POST or None, zone=ZoneInfo(suspension.facility.time_zone))
    back = f"{reverse('compliance:closure_list')}?facility={suspension.facility_id}"
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            actions.end_suspension(suspension, at=data["ends_on"], reason=data["reason"])
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Saved. From then on it is asked for again."))
            return redirect(back)
    context = {"form": form, "suspension": suspension, "cancel_url": back, "crumbs": _crumbs(_("End"))}
    return render(request, "compliance/closure_end.html", context, status=400 if form.errors else 200)


@requires(Permission.COMPLIANCE_EDIT)
@require_http_methods(["GET", "POST"])
def closed_day_create(request: HttpRequest) -> HttpResponse:
    """Add a holiday or closing days."""
    facility = _object(request, "facility", Facility)
    form = ClosedDayForm(
        request.POST or None,
        everywhere=require().all_facilities,
        initial={"facility": facility.pk if facility else None},
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            closed = actions.add_closed_day(
                site=data["facility"], first_on=data["first_on"], last_on=data["last_on"], name=data["name"]
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Closed days saved. Schedules that heed them follow."))
            where = f"?facility={closed.site_id}" if closed.site_id else ""
            return redirect(reverse("compliance:closure_list") + where)
    context = {"form": form, "cancel_url": reverse("compliance:closure_list"), "crumbs": _crumbs(_("Add closed days"))}
    return render(request, "compliance/closed_day_create.html", context, status=400 if form.errors else 200)


@requires(Permission.COMPLIANCE_EDIT)
@require_http_methods(["GET", "POST"])
def closed_day_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then take closed days back."""
    closed = queries.get_closed_day(pk)
    form = RemoveForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.remove_closed_day(closed, form.cleaned_data["reason"])
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Taken back."))
            return redirect("compliance:closure_list")
    context = {
        "form": form,
        "closed": closed,
        "cancel_url": reverse("compliance:closure_list"),
        "crumbs": _crumbs(_("Take back")),
    }
    return render(request, "compliance/closed_day_remove.html", context, status=400 if form.errors else 200)
