"""Pages of equipment types."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from apps.equipment import actions
from apps.equipment.forms import TypeForm
from apps.equipment.lists import TYPES
from apps.equipment.queries import get_type, list_equipment, list_types
from apps.equipment.views import crumbs, write
from apps.tenants.action_forms import attempt, posted
from apps.tenants.doors import requires
from apps.tenants.listing import build, csv_response
from apps.tenants.permissions import Permission, allowed, demand_all_facilities
from apps.tenants.scope import require


def _crumbs(*steps: tuple[Any, str]) -> list[dict[str, Any]]:
    return crumbs((_("Types"), reverse("equipment:type_list") if steps else ""), *steps)


@requires(Permission.EQUIPMENT_VIEW)
@require_safe
def type_list(request: HttpRequest) -> HttpResponse:
    """List the equipment types."""
    context = build(TYPES, request, list_types()).context()
    context["can_create"] = allowed(Permission.EQUIPMENT_EDIT)
    context["can_edit"] = allowed(Permission.EQUIPMENT_EDIT) and require().all_facilities
    context["crumbs"] = _crumbs()
    return render(request, "equipment/type_list.html", context)


@requires(Permission.EXPORT)
@require_safe
def type_export(request: HttpRequest) -> HttpResponseBase:
    """Download the types that the list shows."""
    return csv_response(TYPES, request, list_types())


@requires(Permission.EQUIPMENT_EDIT)
@write
def type_create(request: HttpRequest) -> HttpResponse:
    """Add an equipment type."""
    form = TypeForm(posted(request))
    if request.method == "POST":
        done, kind = attempt(form, lambda: actions.create_type(**form.cleaned_data))
        if done:
            messages.success(request, _("%s is added.") % kind)
            return redirect("equipment:type_list")
    return render(request, "equipment/type_create.html", {"form": form, "crumbs": _crumbs((_("Add type"), ""))})


@requires(Permission.EQUIPMENT_EDIT)
@write
def type_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change an equipment type."""
    kind = get_type(pk)
    demand_all_facilities()
    form = TypeForm(posted(request), instance=kind)
    if request.method == "POST":
        done, changed = attempt(form, lambda: actions.update_type(kind, **form.cleaned_data))
        if done:
            messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
            return redirect("equipment:type_list")
    return render(request, "equipment/type_edit.html", {"form": form, "kind": kind, "crumbs": _crumbs((kind.name, ""))})


@requires(Permission.EQUIPMENT_EDIT)
@write
def type_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Offer a type no longer."""
    kind = get_type(pk)
    demand_all_facilities()
    if request.method == "POST":
        actions.archive_type(kind)
        messages.success(request, _("%s is archived.") % kind)
        return redirect("equipment:type_list")
    machines = list_equipment().filter(type=kind, archived_at=None).count()
    removes = [_("offer this type no longer for new machines")]
    if machines:
        removes.append(
            ngettext("leave %s machine that has it as it is", "leave %s machines that have it as they are", machines)
            % machines
        )
    context = {
        "kind": kind,
        "title": _("Archive %s?") % kind,
        "removes": removes,
        "cancel_url": reverse("equipment:type_list"),
        "crumbs": _crumbs((kind.name, "")),
    }
    return render(request, "equipment/type_archive.html", context)


@requires(Permission.EQUIPMENT_EDIT)
@write
def type_restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Offer a type again."""
    kind = get_type(pk)
    demand_all_facilities()
    if request.method == "POST":
        actions.restore_type(kind)
        messages.success(request, _("%s is offered again.") % kind)
        return redirect("equipment:type_list")
    context = {
        "kind": kind,
        "title": _("Restore %s?") % kind,
        "text": _("It can be chosen for machines again."),
        "cancel_url": reverse("equipment:type_list"),
        "crumbs": _crumbs((kind.name, "")),
    }
    return render(request, "equipment/type_restore.html", context)
