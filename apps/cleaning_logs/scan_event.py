"""Recording an event from a label: a discharge, a use, whatever makes a duty due."""

from __future__ import annotations

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from apps.cleaning_logs import actions
from apps.cleaning_logs.scanning import count_wrong_pin, resolve_label
from apps.compliance.events.forms import EventForm
from apps.compliance.events.views import form_for, send
from apps.compliance.queries import get_requirement
from apps.tenants import limits
from apps.tenants.doors import resolved_by
from apps.tenants.limits import Limit
from apps.tenants.models import LabelLogging
from apps.tenants.permissions import Permission, allowed


def event_buttons(code: str, requirement_id: int, triggers: list[str]) -> list[dict[str, str]]:
    """Return a button for each event that can be recorded from a label; none where there is no label."""
    if not code:
        return []
    url = reverse("cleaning_logs:scan_event", args=[code, requirement_id])
    return [{"name": name, "url": f"{url}?{urlencode({'trigger': name})}"} for name in triggers]


@require_http_methods(["GET", "HEAD", "POST"])
@resolved_by(resolve_label)
def scan_event(request: HttpRequest, code: str, requirement_id: int) -> HttpResponse:
    """Record an event on a duty of what the label stands for."""
    from apps.cleaning_logs.scan_views import context_of, stand_at

    stand = stand_at(request, code)
    if isinstance(stand, HttpResponse):
        return stand
    requirement = get_requirement(requirement_id)
    if not stand.subject.is_of(requirement):
        raise Http404
    if stand.subject.closed:
        return redirect(stand.scan_url)
    if not allowed(Permission.LOGS_CREATE):
        raise PermissionDenied
    organization, by_label = request.organization, request.membership is None  # type: ignore[attr-defined]
    form = form_for(request, requirement, ask_name=by_label)
    ask_pin = by_label and organization.label_logging == LabelLogging.PIN
    if ask_pin:
        form.fields["pin"] = forms.CharField(label=_("The site’s PIN"), max_length=20, widget=forms.PasswordInput)
    context = {**context_of(request, stand), "requirement": requirement, "form": form}
    limit: Limit = getattr(request, "label_limit", Limit(True))
    if not limit.allowed:
        context["wait"] = limits.words(limit.retry_after)
        return render(request, "cleaning_logs/scan_event.html", context, status=429)
    if (not ask_pin or _pin_is_right(request, form, stand)) and send(request, requirement, form):
        return redirect(stand.scan_url)
    return render(request, "cleaning_logs/scan_event.html", context)


def _pin_is_right(request: HttpRequest, form: EventForm, stand: object) -> bool:
    """Check the PIN of a sent form; what is wrong with it stands at its field."""
    if request.method != "POST" or not form.is_valid():
        return False
    try:
        actions.check_pin(stand.subject.facility, form.cleaned_data["pin"])  # type: ignore[attr-defined]
    except ValidationError as error:
        form.add_error("pin", list(error.messages))
        if actions.is_wrong_pin(error):
            count_wrong_pin(request, stand.code)  # type: ignore[attr-defined]
        return False
    return True
