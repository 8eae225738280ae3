"""Pages of equipment."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.audit.history import history_of
from apps.equipment import actions
from apps.equipment.forms import EquipmentForm, PhotoForm
from apps.equipment.lists import EQUIPMENT
from apps.equipment.models import Equipment
from apps.equipment.panels import labels_context
from apps.equipment.queries import get_equipment, list_equipment
from apps.facilities.forms import ConfirmForm, ReasonForm
from apps.tenants.action_forms import attempt, posted
from apps.tenants.doors import requires
from apps.tenants.listing import build, csv_response
from apps.tenants.panels import effects_of
from apps.tenants.permissions import Permission, allowed

write = require_http_methods(["GET", "HEAD", "POST"])


def crumbs(*steps: tuple[Any, str]) -> list[dict[str, Any]]:
    """Return the way down to a page, the list of equipment first."""
    first = {"label": _("Equipment"), "url": reverse("equipment:equipment_list")}
    return [first, *({"label": label, "url": url} for label, url in steps)]


def equipment_url(equipment: Equipment) -> str:
    """Return the address of a machine's page."""
    return reverse("equipment:equipment_detail", args=[equipment.pk])


def photo_url(equipment: Equipment) -> str:
    """Return the address of a machine's photo, another one after each change, so that it may be cached."""
    if not equipment.photo:
        return ""
    version = (equipment.photo.name or "").rpartition("/")[2][:8]
    return f"{reverse('equipment:equipment_photo', args=[equipment.pk])}?v={version}"


def equipment_facts(equipment: Equipment) -> list[dict[str, Any]]:
    """Return what is known of a machine, as ``components/facts.html`` reads it."""
    area = equipment.area
    facility_url = reverse("facilities:facility_detail", args=[equipment.facility_id])
    facts: list[tuple[str, Any, str]] = [
        (_("Facility"), equipment.facility.name, facility_url),
        (_("Area"), area.path if area else "", reverse("facilities:area_detail", args=[area.pk]) if area else ""),
        (_("Type"), equipment.type.name, ""),
        (_("Category"), equipment.get_category_display(), ""),
        (_("In use"), equipment.get_status_display(), ""),
        (_("Serial number"), equipment.serial_number, ""),
        (_("External code"), equipment.external_code, ""),
        (_("Maker"), equipment.maker, ""),
        (_("Model"), equipment.model, ""),
    ]
    return [{"label": label, "value": value, "url": url} for label, value, url in facts]


@requires(Permission.EQUIPMENT_VIEW)
@require_safe
def equipment_list(request: HttpRequest) -> HttpResponse:
    """List the equipment."""
    context = build(EQUIPMENT, request, list_equipment()).context()
    context["can_edit"] = allowed(Permission.EQUIPMENT_EDIT)
    context["can_import"] = allowed(Permission.IMPORT)
    return render(request, "equipment/equipment_list.html", context)


@requires(Permission.EXPORT)
@require_safe
def equipment_export(request: HttpRequest) -> HttpResponseBase:
    """Download the machines that the list shows."""
    return csv_response(EQUIPMENT, request, list_equipment())


@requires(Permission.EQUIPMENT_VIEW)
@require_safe
def equipment_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a machine: facts, labels, photo, history, and what other rooms know of it."""
    equipment = get_equipment(pk)
    context = {
        "equipment": equipment,
        "facts": equipment_facts(equipment),
        "photo_url": photo_url(equipment),
        "entries": history_of(equipment),
        "can_edit": allowed(Permission.EQUIPMENT_EDIT),
        "crumbs": crumbs((equipment.name, "")),
        **labels_context(equipment),
    }
    return render(request, "equipment/equipment_detail.html", context)


def _refresh(request: HttpRequest, **kwargs: Any) -> EquipmentForm | None:
    """Return the form with what was typed and the areas of the facility now chosen, if just that was asked for."""
    if "show_areas" not in request.POST:
        return None
    typed = {key: request.POST[key] for key in request.POST if key not in ("csrfmiddlewaretoken", "show_areas", "area")}
    return EquipmentForm(initial={**typed, "area": ""}, **kwargs)


@requires(Permission.EQUIPMENT_EDIT)
@write
def equipment_create(request: HttpRequest) -> HttpResponse:
    """Add a machine; ``?facility=`` and ``?area=`` preselect its place."""
    initial = {key: request.GET[key] for key in ("facility", "area", "type") if request.GET.get(key, "").isdigit()}
    form = _refresh(request) or EquipmentForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_bound:
        done, equipment = attempt(form, lambda: actions.create_equipment(**form.cleaned_data))
        if done:
            messages.success(request, _("%s is added. Make its label next.") % equipment)
            return redirect(equipment_url(equipment))
    context = {"form": form, "crumbs": crumbs((_("Add equipment"), ""))}
    return render(request, "equipment/equipment_create.html", context)


@requires(Permission.EQUIPMENT_EDIT)
@write
def equipment_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a machine. Moving it to another facility takes it out of its area."""
    equipment = get_equipment(pk)
    had_area, old_facility = equipment.area, equipment.facility_id
    form = _refresh(request, instance=equipment) or EquipmentForm(posted(request), instance=equipment)
    if request.method == "POST" and form.is_bound:
        done, changed = attempt(form, lambda: actions.update_equipment(equipment, **form.cleaned_data))
        if done:
            messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
            if had_area is not None and equipment.facility_id != old_facility and equipment.area_id is None:
                words = _(
                    "It is no longer in %(area)s, which is in the other facility. Choose an area at its new place."
                )
                messages.warning(request, words % {"area": had_area})
            return redirect(equipment_url(equipment))
    context = {
        "form": form,
        "equipment": equipment,
        "crumbs": crumbs((equipment.name, equipment_url(equipment)), (_("Edit"), "")),
    }
    return render(request, "equipment/equipment_edit.html", context)


@requires(Permission.EQUIPMENT_EDIT)
@write
def equipment_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Archive a machine, after naming what that changes."""
    equipment = get_equipment(pk)
    if equipment.archived_at is not None:
        messages.info(request, _("%s is archived already.") % equipment)
        return redirect(equipment_url(equipment))
    form = ReasonForm(posted(request))
    if request.method == "POST":
        done, _result = attempt(form, lambda: actions.archive_equipment(equipment, reason=form.cleaned_data["reason"]))
        if done:
            messages.success(request, _("%s is archived.") % equipment)
            return redirect(equipment_url(equipment))
    context = {
        "form": form,
        "equipment": equipment,
        "title": _("Archive %s?") % equipment,
        "removes": effects_of("equipment", equipment),
        "cancel_url": equipment_url(equipment),
        "crumbs": crumbs((equipment.name, equipment_url(equipment)), (_("Archive"), "")),
    }
    return render(request, "equipment/equipment_archive.html", context)


@requires(Permission.EQUIPMENT_EDIT)
@write
def equipment_restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring an archived machine back."""
    equipment = get_equipment(pk)
    if equipment.archived_at is None:
        return redirect(equipment_url(equipment))
    form = ConfirmForm(posted(request))
    if request.method == "POST":
        done, _result = attempt(form, lambda: actions.restore_equipment(equipment))
        if done:
            messages.success(request, _("%s is back in use.") % equipment)
            return redirect(equipment_url(equipment))
    context = {
        "form": form,
        "equipment": equipment,
        "title": _("Restore %s?") % equipment,
        "text": _("It comes back into lists, and what is due for it counts again."),
        "cancel_url": equipment_url(equipment),
        "crumbs": crumbs((equipment.name, equipment_url(equipment)), (_("Restore"), "")),
    }
    return render(request, "equipment/equipment_restore.html", context)


@requires(Permission.EQUIPMENT_VIEW)
@require_safe
def equipment_photo(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Serve a machine's photo to those who may see the machine."""
    equipment = get_equipment(pk)
    if not equipment.photo:
        raise Http404
    try:
        handle = equipment.photo.open("rb")
    except OSError:
        raise Http404 from None
    response = FileResponse(handle, content_type="image/jpeg", filename=f"equipment-{equipment.pk}.jpg")
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, max-age=3600"
    return response


@requires(Permission.EQUIPMENT_EDIT)
@write
def equipment_photo_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Add or change a machine's photo."""
    equipment = get_equipment(pk)
    form = PhotoForm(posted(request), request.FILES or None)
    if request.method == "POST":
        done, _result = attempt(form, lambda: actions.set_photo(equipment, form.cleaned_data["photo"]))
        if done:
            messages.success(request, _("The photo is saved."))
            return redirect(equipment_url(equipment))
    context = {
        "form": form,
        "equipment": equipment,
        "photo_url": photo_url(equipment),
        "crumbs": crumbs((equipment.name, equipment_url(equipment)), (_("Photo"), "")),
    }
    return render(request, "equipment/equipment_photo_edit.html", context)


@requires(Permission.EQUIPMENT_EDIT)
@write
def equipment_photo_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a machine's photo."""
    equipment = get_equipment(pk)
    if not equipment.photo:
        return redirect(equipment_url(equipment))
    if request.method == "POST":
        actions.set_photo(equipment, None)
        messages.success(request, _("The photo is removed."))
        return redirect(equipment_url(equipment))
    context = {
        "equipment": equipment,
        "title": _("Remove the photo of %s?") % equipment,
        "removes": [_("delete the photo; it cannot be brought back")],
        "cancel_url": equipment_url(equipment),
        "crumbs": crumbs((equipment.name, equipment_url(equipment)), (_("Remove the photo"), "")),
    }
    return render(request, "equipment/equipment_photo_remove.html", context)
