"""From the ticks on the list, through a page that says what will change, to the change."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from apps.compliance.bulk import actions
from apps.compliance.forms import ReasonForm
from apps.compliance.listing import place_of
from apps.compliance.models import Requirement
from apps.compliance.schedule_form import ScheduleForm
from apps.tenants.doors import requires
from apps.tenants.models import Membership
from apps.tenants.permissions import Permission

TITLES = {
    "assign": gettext_lazy("Change the owner"),
    "reschedule": gettext_lazy("Change the schedule"),
    "waive": gettext_lazy("Waive this time"),
    "archive": gettext_lazy("Archive"),
}


class OwnerForm(forms.Form):
    """Who owns them from now on."""

    owner = forms.ModelChoiceField(
        label=gettext_lazy("Owner"),
        queryset=Membership.objects.none(),
        required=False,
        empty_label=gettext_lazy("Nobody"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = Membership.objects.filter(is_active=True).exclude(role="auditor").select_related("user")
        self.fields["owner"].queryset = members.order_by("user__name", "id")  # type: ignore[attr-defined]


class NoForm(forms.Form):
    """Archiving asks for nothing but the confirmation."""


FORMS: dict[str, type[forms.Form]] = {
    "assign": OwnerForm,
    "reschedule": ScheduleForm,
    "waive": ReasonForm,
    "archive": NoForm,
}


def _chosen(request: HttpRequest) -> list[Requirement]:
    """Return the requirements that were ticked; raise Http404 when one is not the reader's to see."""
    raw = request.POST.getlist("pk")
    if any(not value.isascii() or not value.isdigit() or len(value) > 18 for value in raw):
        raise Http404
    wanted = {int(value) for value in raw}
    if len(wanted) > actions.MOST:
        return []
    found = list(
        Requirement.objects.filter(pk__in=wanted)
        .select_related("facility", "area", "equipment__area")
        .order_by("name", "id")
    )
    if len(found) != len(wanted):
        raise Http404
    return found


def _apply(action: str, chosen: list[Requirement], form: forms.Form) -> int:
    if action == "assign":
        return actions.assign(chosen, form.cleaned_data["owner"])
    if action == "reschedule" and isinstance(form, ScheduleForm):
        return actions.reschedule(chosen, form.spec())
    if action == "waive":
        return actions.waive(chosen, form.cleaned_data["reason"])
    return actions.archive(chosen)


@require_POST
@requires(Permission.COMPLIANCE_EDIT)
def requirement_bulk(request: HttpRequest) -> HttpResponse:
    """Say what will change on the ticked requirements and ask for the rest; then change them all, or none."""
    action = request.POST.get("action", "")
    chosen = _chosen(request)
    if action not in FORMS or not chosen:
        text = _("Tick up to %(most)s requirements and choose what to do with them.") % {"most": actions.MOST}
        messages.warning(request, text)
        return redirect("compliance:requirement_list")
    confirmed = "confirmed" in request.POST
    form = FORMS[action](request.POST if confirmed else None)
    problems: list[str] = []
    if confirmed and form.is_valid():
        try:
            changed = _apply(action, chosen, form)
        except ValidationError as error:
            problems = error.messages
        else:
            text = ngettext("%(n)s requirement changed.", "%(n)s requirements changed.", changed)
            messages.success(request, text % {"n": changed})
            return redirect("compliance:requirement_list")
    context = {
        "action": action,
        "title": TITLES[action],
        "chosen": [{"requirement": each, "place": place_of(each)} for each in chosen],
        "form": form,
        "schedule_form": form if action == "reschedule" else None,
        "extra_errors": [{"url": "", "message": problem} for problem in problems],
        "crumbs": [
            {"label": _("Requirements"), "url": reverse("compliance:requirement_list")},
            {"label": TITLES[action]},
        ],
    }
    return render(request, "compliance/requirement_bulk.html", context, status=400 if form.errors or problems else 200)
