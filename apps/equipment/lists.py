"""What the list pages of this room show, find and sort by."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.equipment.codes import normalize_code, spell
from apps.equipment.models import Category, Equipment, ServiceStatus
from apps.equipment.queries import label_url, live_types, with_place, with_subject
from apps.facilities.models import Area
from apps.facilities.queries import live_facilities
from apps.tenants import panels
from apps.tenants.keyset import Sort
from apps.tenants.listing import ChoiceFilter, Column, ListSpec, ObjectFilter, archived_filter


def _words(row: Any) -> str:
    return str(row.status_now.words) if row.status_now else ""


def _areas_of_chosen(areas: QuerySet[Any], params: Mapping[str, str]) -> QuerySet[Any] | None:
    """Offer areas once a facility is chosen: all of them together would be a list of thousands of wards."""
    chosen = params.get("facility", "")
    return areas.filter(facility=int(chosen)) if chosen.isascii() and chosen.isdigit() and len(chosen) < 19 else None


EQUIPMENT = ListSpec(
    name="equipment",
    columns=[
        Column(_("Equipment"), lambda e: e.name, sort="name", key="name"),
        Column(_("Status"), _words, when=partial(panels.promises, "equipment", "status_now"), key="status"),
        Column(_("Type"), lambda e: e.type.name, key="type"),
        Column(_("Facility"), lambda e: e.facility.name, sort="facility", key="facility"),
        Column(_("Area"), lambda e: e.area.path if e.area else "", key="area"),
        Column(_("Serial number"), lambda e: e.serial_number, key="serial"),
        Column(_("In use"), lambda e: e.get_status_display(), key="service"),
        Column(_("External code"), lambda e: e.external_code, on_page=False),
        Column(_("Category"), lambda e: e.get_category_display(), on_page=False),
        Column(_("Maker"), lambda e: e.maker, on_page=False),
        Column(_("Model"), lambda e: e.model, on_page=False),
        Column(_("Facility code"), lambda e: e.facility.external_code, on_page=False),
        Column(_("Area code"), lambda e: e.area.external_code if e.area else "", on_page=False),
        Column(_("Notes"), lambda e: e.notes, on_page=False),
        Column(_("Archived at"), lambda e: e.archived_at, on_page=False),
    ],
    sorts=[
        Sort("name", "name"),
        Sort("facility", "facility__name"),
        Sort("added", "id", "integer", descending_first=True),
    ],
    filters=[
        ObjectFilter("facility", _("Facility"), "facility", live_facilities),
        ObjectFilter(
            "area", _("Area"), "area", lambda: Area.objects.order_by("path", "id"), "path", _areas_of_chosen,
            none_label=_("No area"),
        ),
        ObjectFilter("type", _("Type"), "type", live_types),
        ChoiceFilter("category", _("Category"), Category.choices, "category"),
        ChoiceFilter("service", _("In use"), ServiceStatus.choices, "status"),
        archived_filter(),
    ],
    search=["search_text"],
    search_label=_("Search name, serial number, code, maker, model"),
    decorate=with_place,
    finish=partial(panels.finish_rows, "equipment"),
    csv_url_name="equipment:equipment_export",
)  # fmt: skip

TYPES = ListSpec(
    name="equipment-types",
    columns=[
        Column(_("Type"), lambda t: t.name, sort="name", key="name"),
        Column(_("Description"), lambda t: t.description, key="description"),
        Column(_("Archived at"), lambda t: t.archived_at, on_page=False),
    ],
    sorts=[Sort("name", "name")],
    filters=[archived_filter()],
    search=["name", "description"],
    search_label=_("Search types"),
    csv_url_name="equipment:type_export",
)

_STATES = {
    "active": Q(revoked_at=None, claimed_at__isnull=False),
    "unclaimed": Q(revoked_at=None, claimed_at=None),
    "revoked": Q(revoked_at__isnull=False),
}


def label_state(label: Any) -> str:
    """Return "active", "unclaimed" or "revoked"."""
    if label.revoked_at is not None:
        return "revoked"
    return "unclaimed" if label.claimed_at is None else "active"


STATE_WORDS = {"active": _("In use"), "unclaimed": _("Not claimed yet"), "revoked": _("Revoked")}


def typed_code(text: str) -> str:
    """Return the stored form of a code somebody typed into the search box, or the text itself."""
    return normalize_code(text) or text


LABELS = ListSpec(
    name="labels",
    columns=[
        Column(_("Choose"), hidden=True, key="choose"),
        Column(_("Code"), lambda row: spell(row.code), key="code"),
        Column(_("Stands for"), lambda row: str(row.subject or ""), key="subject"),
        Column(_("Facility"), lambda row: row.facility.name if row.facility else "", key="facility"),
        Column(_("State"), lambda row: str(STATE_WORDS[label_state(row)]), key="state"),
        Column(_("Made"), lambda row: row.created_at, sort="made", key="made"),
        Column(_("Address"), label_url, on_page=False),
        Column(_("Why revoked"), lambda row: row.revoked_reason, on_page=False),
    ],
    sorts=[Sort("made", "id", "integer", descending_first=True)],
    filters=[
        ChoiceFilter("state", _("State"), list(STATE_WORDS.items()), _STATES.__getitem__),
        ObjectFilter("facility", _("Facility"), "facility", live_facilities),
    ],
    search=["code", "equipment__name", "area__path", "facility__name"],
    search_label=_("Search code, machine, area, facility"),
    clean_search=typed_code,
    decorate=with_subject,
    csv_url_name="equipment:label_export",
)


def equipment_in(place: Any) -> QuerySet[Equipment]:
    """Return the machines in use of a facility or directly in an area, by name."""
    field = "area" if isinstance(place, Area) else "facility"
    return with_place(Equipment.objects.filter(archived_at=None, **{field: place})).order_by("name", "id")
