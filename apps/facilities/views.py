"""Pages of facilities."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from apps.audit.history import history_of
from apps.facilities import actions
from apps.facilities.facts import contact_facts, facility_facts, place_facts
from apps.facilities.forms import ConfirmForm, FacilityForm, PinForm, ReasonForm
from apps.facilities.lists import FACILITIES
from apps.facilities.models import Facility
from apps.facilities.queries import area_tree, get_facility, list_areas, list_facilities
from apps.tenants.action_forms import attempt, posted
from apps.tenants.doors import requires
from apps.tenants.listing import build, csv_response
from apps.tenants.panels import effects_of
from apps.tenants.permissions import Permission, allowed, demand_all_facilities
from apps.tenants.scope import require

TREE_LIMIT = 300
write = require_http_methods(["GET", "HEAD", "POST"])


def crumbs(*steps: tuple[Any, str]) -> list[dict[str, Any]]:
    """Return the way down to a page, the list of facilities first."""
    first = {"label": _("Facilities"), "url": "/facilities/"}
    return [first, *({"label": label, "url": url} for label, url in steps)]


def facility_url(facility: Facility) -> str:
    """Return the address of a facility's page."""
    return f"/facilities/{facility.pk}/"


@requires(Permission.FACILITIES_VIEW)
@require_safe
def facility_list(request: HttpRequest) -> HttpResponse:
    """List the facilities."""
    context = build(FACILITIES, request, list_facilities()).context()
    context["can_create"] = allowed(Permission.FACILITIES_EDIT) and require().all_facilities
    context["can_import"] = allowed(Permission.IMPORT)
    return render(request, "facilities/facility_list.html", context)


@requires(Permission.EXPORT)
@require_safe
def facility_export(request: HttpRequest) -> HttpResponseBase:
    """Download the facilities that the list shows."""
    return csv_response(FACILITIES, request, list_facilities())


@requires(Permission.FACILITIES_VIEW)
@require_safe
def facility_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a facility: facts, areas, and what other rooms know of it."""
    facility = get_facility(pk)
    tree = area_tree(list_areas(facility).filter(archived_at=None))
    context = {
        "facility": facility,
        "place_facts": place_facts(facility),
        "contact_facts": contact_facts(facility),
        "facts": facility_facts(facility),
        "tree": tree[:TREE_LIMIT],
        "area_count": len(tree),
        "has_more_areas": len(tree) > TREE_LIMIT,
        "entries": history_of(facility),
        "can_edit": allowed(Permission.FACILITIES_EDIT),
        "crumbs": crumbs((facility.name, "")),
    }
    return render(request, "facilities/facility_detail.html", context)


@requires(Permission.FACILITIES_EDIT)
@write
def facility_create(request: HttpRequest) -> HttpResponse:
    """Add a facility."""
    demand_all_facilities()
    form = FacilityForm(posted(request))
    if request.method == "POST":
        done, facility = attempt(form, lambda: actions.create_facility(**form.cleaned_data))
        if done:
            messages.success(request, _("%s is added. Add its areas next.") % facility)
            return redirect(facility_url(facility))
    context = {"form": form, "crumbs": crumbs((_("Add facility"), ""))}
    return render(request, "facilities/facility_create.html", context)


@requires(Permission.FACILITIES_EDIT)
@write
def facility_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a facility."""
    facility = get_facility(pk)
    form = FacilityForm(posted(request), instance=facility)
    if request.method == "POST":
        done, changed = attempt(form, lambda: actions.update_facility(facility, **form.cleaned_data))
        if done:
            messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
            return redirect(facility_url(facility))
    context = {
        "form": form,
        "facility": facility,
        "crumbs": crumbs((facility.name, facility_url(facility)), (_("Edit"), "")),
    }
    return render(request, "facilities/facility_edit.html", context)


@requires(Permission.FACILITIES_EDIT)
@write
def facility_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Archive a facility, after naming what goes with it."""
    facility = get_facility(pk)
    if facility.archived_at is not None:
        messages.info(request, _("%s is archived already.") % facility)
        return redirect(facility_url(facility))
    form = ReasonForm(posted(request))
    if request.method == "POST":
        done, _result = attempt(form, lambda: actions.archive_facility(facility, reason=form.cleaned_data["reason"]))
        if done:
            messages.success(request, _("%s is archived.") % facility)
            return redirect(facility_url(facility))
    areas = list_areas(facility).filter(archived_at=None).count()
    removes = [_("hide this facility from lists and forms; its history stays")]
    if areas:
        removes.append(ngettext("archive %s area", "archive %s areas", areas) % areas)
    context = {
        "form": form,
        "facility": facility,
        "title": _("Archive %s?") % facility,
        "removes": [*removes, *effects_of("facility", facility)],
        "cancel_url": facility_url(facility),
        "crumbs": crumbs((facility.name, facility_url(facility)), (_("Archive"), "")),
    }
    return render(request, "facilities/facility_archive.html", context)


@requires(Permission.FACILITIES_EDIT)
@write
def facility_restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring an archived facility back."""
    facility = get_facility(pk)
    if facility.archived_at is None:
        return redirect(facility_url(facility))
    form = ConfirmForm(posted(request))
    if request.method == "POST":
        done, _result = attempt(form, lambda: actions.restore_facility(facility))
        if done:
            messages.success(request, _("%s is back in use.") % facility)
            return redirect(facility_url(facility))
    context = {
        "form": form,
        "facility": facility,
        "title": _("Restore %s?") % facility,
        "text": _("Everything that was archived together with it comes back too."),
        "cancel_url": facility_url(facility),
        "crumbs": crumbs((facility.name, facility_url(facility)), (_("Restore"), "")),
    }
    return render(request, "facilities/facility_restore.html", context)


@requires(Permission.FACILITIES_EDIT)
@write
def facility_pin(request: HttpRequest, pk: int) -> HttpResponse:
    """Set the facility's PIN for logging from a label."""
    facility = get_facility(pk)
    form = PinForm(posted(request))
    if request.method == "POST":
        done, _result = attempt(form, lambda: actions.set_pin(facility, form.cleaned_data["pin"]))
        if done:
            messages.success(request, _("The PIN is set. Nobody can look it up: tell it to the people who need it."))
            return redirect(facility_url(facility))
    context = {
        "form": form,
        "facility": facility,
        "crumbs": crumbs((facility.name, facility_url(facility)), (_("PIN"), "")),
    }
    return render(request, "facilities/facility_pin.html", context)


@requires(Permission.FACILITIES_EDIT)
@write
def facility_pin_clear(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the facility's PIN away."""
    facility = get_facility(pk)
    if not facility.pin_hash:
        return redirect(facility_url(facility))
    form = ConfirmForm(posted(request))
    if request.method == "POST":
        actions.clear_pin(facility)
        messages.success(request, _("The PIN is cleared."))
        return redirect(facility_url(facility))
    context = {
        "form": form,
        "facility": facility,
        "title": _("Clear the PIN of %s?") % facility,
        "removes": [_("stop everybody who logs here with the PIN, until a new one is set")],
        "cancel_url": facility_url(facility),
        "crumbs": crumbs((facility.name, facility_url(facility)), (_("Clear the PIN"), "")),
    }
    return render(request, "facilities/facility_pin_clear.html", context)
