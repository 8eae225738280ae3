"""Saved views: a list with its search, filters and sort, under a name of one's own."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.accounts.models import SavedView
from apps.audit import actions as audit
from apps.audit.validated import create_valid
from apps.tenants.doors import requires
from apps.tenants.permissions import Permission
from apps.tenants.scope import require_tenant

# The lists that can be saved. What a view shows is decided anew each time it is opened, by who opens it.
LISTS = (
    "compliance:requirement_list",
    "compliance:corrective_list",
    "equipment:equipment_list",
    "facilities:facility_list",
    "cleaning_logs:log_list",
)
MOST = 30
MAX_QUERY = 1000
# A place in a list is no part of a view of it.
NOT_KEPT = ("after", "before")


def clean_query(query: str) -> str:
    """Return the parameters that make a view, encoded anew."""
    pairs = parse_qsl(query[:MAX_QUERY], max_num_fields=40)
    return urlencode([(key, value) for key, value in pairs if key not in NOT_KEPT and value])


def _membership_id() -> int:
    membership_id = require_tenant().membership_id
    if membership_id is None:
        raise PermissionDenied("Only a member has views of their own.")
    return membership_id


def own_views(list_name: str) -> list[SavedView]:
    """Return the reader's saved views of a list, by name."""
    return list(SavedView.objects.filter(membership_id=_membership_id(), list_name=list_name)[:MOST])


class SaveForm(forms.Form):
    """What to save, from the list page."""

    list_name = forms.ChoiceField(choices=[(name, name) for name in LISTS])
    name = forms.CharField(label=_("Name of this view"), max_length=80)
    query = forms.CharField(max_length=MAX_QUERY, required=False)

    def view(self) -> SavedView:
        """Return the view, unsaved."""
        data: dict[str, Any] = self.cleaned_data
        return SavedView(
            membership_id=_membership_id(),
            list_name=data["list_name"],
            name=data["name"].strip(),
            query=clean_query(data["query"]),
        )


@require_POST
@requires(Permission.FACILITIES_VIEW)
def saved_view_create(request: HttpRequest) -> HttpResponse:
    """Save the list as it is shown, under a name; a name in use is given the new filters."""
    form = SaveForm(request.POST)
    list_name = request.POST.get("list_name", "")
    if list_name not in LISTS:
        raise Http404
    address = reverse(list_name)
    query = clean_query(request.POST.get("query", ""))
    back = f"{address}?{query}" if query else address
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect(back)
    view = form.view()
    known = SavedView.objects.filter(membership_id=view.membership_id, list_name=list_name, name=view.name).first()
    if known is not None:
        audit.update(known, {"query": view.query}, "saved_view.update")
    elif len(own_views(list_name)) >= MOST:
        messages.error(request, _("You have saved %(most)s views of this list. Remove one first.") % {"most": MOST})
        return redirect(back)
    else:
        try:
            create_valid(view, "saved_view.create")
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return redirect(back)
    messages.success(request, _("Saved as “%(name)s”.") % {"name": view.name})
    return redirect(back)


@require_POST
@requires(Permission.FACILITIES_VIEW)
def saved_view_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove one of one's own saved views."""
    view = SavedView.objects.filter(pk=pk, membership_id=_membership_id()).first()
    if view is None:
        raise Http404
    audit.record("saved_view.delete", view)
    list_name = view.list_name
    view.delete()
    messages.success(request, _("Removed."))
    return redirect(reverse(list_name))
