"""Acknowledging a requirement that is not in order, and pausing its reminders."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.compliance.corrective import actions
from apps.compliance.corrective.forms import AcknowledgeForm
from apps.compliance.corrective.views import add_errors
from apps.compliance.queries import get_requirement, row_of
from apps.tenants.doors import requires
from apps.tenants.permissions import Permission, allowed


@requires(Permission.LOGS_CREATE)
@require_http_methods(["GET", "POST"])
def requirement_acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what is known about a requirement that is not in order."""
    requirement = get_requirement(pk)
    form = AcknowledgeForm(
        request.POST or None,
        zone=ZoneInfo(requirement.facility.time_zone),
        pausing=allowed(Permission.COMPLIANCE_EDIT),
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.acknowledge(requirement, **form.cleaned_data)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Your note stands with it until it is done. Its status stays as it is."))
            return redirect("compliance:requirement_detail", pk)
    url = reverse("compliance:requirement_detail", args=[pk])
    context = {
        "form": form,
        "requirement": requirement,
        "row": row_of(requirement),
        "crumbs": [
            {"label": _("Requirements"), "url": reverse("compliance:requirement_list")},
            {"label": requirement.name, "url": url},
            {"label": _("Acknowledge")},
        ],
    }
    return render(request, "compliance/requirement_acknowledge.html", context, status=400 if form.errors else 200)


@requires(Permission.COMPLIANCE_EDIT)
@require_POST
def requirement_resume(request: HttpRequest, pk: int) -> HttpResponse:
    """End the pause of a requirement's reminders."""
    requirement = get_requirement(pk)
    if actions.resume(requirement) is not None:
        messages.success(request, _("Its reminders go on."))
    return redirect("compliance:requirement_detail", pk)
