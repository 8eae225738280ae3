"""Pages of areas."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from apps.audit.history import history_of
from apps.facilities import actions
from apps.facilities.facts import area_facts
from apps.facilities.forms import AreaForm, ConfirmForm, ReasonForm
from apps.facilities.lists import AREAS
from apps.facilities.models import Area
from apps.facilities.queries import ancestors, area_tree, areas_below, get_area, get_facility, list_areas, live_areas
from apps.facilities.views import crumbs, facility_url, write
from apps.tenants.action_forms import attempt, posted
from apps.tenants.doors import requires
from apps.tenants.listing import build, csv_response
from apps.tenants.panels import effects_of
from apps.tenants.permissions import Permission, allowed


def area_url(area: Area) -> str:
    """Return the address of an area's page."""
    return f"/areas/{area.pk}/"


def area_crumbs(area: Area, *steps: tuple[Any, str]) -> list[dict[str, Any]]:
    """Return the way down to an area: facility, the areas around it, itself."""
    around = [(each.name, area_url(each)) for each in ancestors(area)]
    return crumbs((area.facility.name, facility_url(area.facility)), *around, *steps)


@requires(Permission.FACILITIES_VIEW)
@require_safe
def area_list(request: HttpRequest) -> HttpResponse:
    """List the areas of all facilities."""
    return render(request, "facilities/area_list.html", build(AREAS, request, Area.objects.all()).context())


@requires(Permission.EXPORT)
@require_safe
def area_export(request: HttpRequest) -> HttpResponseBase:
    """Download the areas that the list shows."""
    return csv_response(AREAS, request, Area.objects.all())


@requires(Permission.FACILITIES_VIEW)
@require_safe
def area_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an area, what is inside it, and what other rooms know of it."""
    area = get_area(pk)
    inside = list_areas(area.facility).filter(parent=area, archived_at=None)
    context = {
        "area": area,
        "facts": area_facts(area),
        "tree": area_tree(inside),
        "entries": history_of(area),
        "can_edit": allowed(Permission.FACILITIES_EDIT),
        "crumbs": area_crumbs(area, (area.name, "")),
    }
    return render(request, "facilities/area_detail.html", context)


@requires(Permission.FACILITIES_EDIT)
@write
def area_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Add an area to a facility; ``?inside=`` preselects the area around it."""
    facility = get_facility(pk)
    inside = request.GET.get("inside", "")
    areas = list(live_areas(facility))
    form = AreaForm(posted(request), areas=areas, initial={"parent": inside if inside.isdigit() else ""})
    if request.method == "POST":
        done, area = attempt(form, lambda: actions.create_area(facility, **form.cleaned_data))
        if done:
            messages.success(request, _("%s is added.") % area.name)
            return redirect(area_url(area))
    context = {
        "form": form,
        "facility": facility,
        "crumbs": crumbs((facility.name, facility_url(facility)), (_("Add area"), "")),
    }
    return render(request, "facilities/area_create.html", context)


@requires(Permission.FACILITIES_EDIT)
@write
def area_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change an area, or move it inside another one."""
    area = get_area(pk)
    own = {area.pk, *(each.pk for each in areas_below(area))}
    choices = [each for each in list_areas(area.facility) if each.archived_at is None or each.pk == area.parent_id]
    form = AreaForm(posted(request), instance=area, areas=choices, leave_out=own)
    if request.method == "POST":
        done, changed = attempt(form, lambda: actions.update_area(area, **form.cleaned_data))
        if done:
            messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
            return redirect(area_url(area))
    context = {"form": form, "area": area, "crumbs": area_crumbs(area, (area.name, area_url(area)), (_("Edit"), ""))}
    return render(request, "facilities/area_edit.html", context)


@requires(Permission.FACILITIES_EDIT)
@write
def area_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Archive an area, after naming what goes with it."""
    area = get_area(pk)
    if area.archived_at is not None:
        messages.info(request, _("%s is archived already.") % area.name)
        return redirect(area_url(area))
    form = ReasonForm(posted(request))
    if request.method == "POST":
        done, _result = attempt(form, lambda: actions.archive_area(area, reason=form.cleaned_data["reason"]))
        if done:
            messages.success(request, _("%s is archived.") % area.name)
            return redirect(facility_url(area.facility))
    below = sum(each.archived_at is None for each in areas_below(area))
    removes = [_("hide this area from lists and forms; its history stays")]
    if below:
        removes.append(ngettext("archive %s area inside it", "archive %s areas inside it", below) % below)
    context = {
        "form": form,
        "area": area,
        "title": _("Archive %s?") % area.name,
        "removes": [*removes, *effects_of("area", area)],
        "cancel_url": area_url(area),
        "crumbs": area_crumbs(area, (area.name, area_url(area)), (_("Archive"), "")),
    }
    return render(request, "facilities/area_archive.html", context)


@requires(Permission.FACILITIES_EDIT)
@write
def area_restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring an archived area back."""
    area = get_area(pk)
    if area.archived_at is None:
        return redirect(area_url(area))
    form = ConfirmForm(posted(request))
    if request.method == "POST":
        done, _result = attempt(form, lambda: actions.restore_area(area))
        if done:
            messages.success(request, _("%s is back in use.") % area.name)
            return redirect(area_url(area))
    context = {
        "form": form,
        "area": area,
        "title": _("Restore %s?") % area.name,
        "text": _("The areas that were archived together with it come back too."),
        "cancel_url": area_url(area),
        "crumbs": area_crumbs(area, (area.name, area_url(area)), (_("Restore"), "")),
    }
    return render(request, "facilities/area_restore.html", context)
