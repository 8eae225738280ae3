"""What the list pages of this room show, find and sort by."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.facilities.models import FunctionalRisk
from apps.facilities.queries import facility_kinds, live_facilities
from apps.tenants import panels
from apps.tenants.keyset import Sort
from apps.tenants.listing import ChoiceFilter, Column, ListSpec, ObjectFilter, archived_filter


def _kinds() -> list[tuple[str, str | Promise]]:
    return [(kind, kind) for kind in facility_kinds()]


def _gas(value: str) -> Q:
    return Q(has_gas={"yes": True, "no": False, "unknown": None}[value])


def _words(row: Any) -> str:
    return str(row.status_now.words) if row.status_now else ""


FACILITIES = ListSpec(
    name="facilities",
    columns=[
        Column(_("Facility"), lambda f: f.name, sort="name", key="facility"),
        Column(_("Status"), _words, when=partial(panels.promises, "facility", "status_now"), key="status"),
        Column(_("Kind"), lambda f: f.kind, sort="kind", key="kind"),
        Column(_("Town or city"), lambda f: f.city, sort="city", key="city"),
        Column(_("External code"), lambda f: f.external_code, sort="code", key="code"),
        Column(
            _("Equipment"),
            lambda f: f.equipment_count,
            key="equipment",
            number=True,
            when=partial(panels.promises, "facility", "equipment_count"),
        ),
        Column(_("Address"), lambda f: f.address, on_page=False),
        Column(_("County or region"), lambda f: f.county, on_page=False),
        Column(_("Postcode"), lambda f: f.postcode, on_page=False),
        Column(_("Country"), lambda f: f.country, on_page=False),
        Column(_("Time zone"), lambda f: f.time_zone, on_page=False),
        Column(_("Latitude"), lambda f: f.latitude, on_page=False),
        Column(_("Longitude"), lambda f: f.longitude, on_page=False),
        Column(_("Phone"), lambda f: f.phone, on_page=False),
        Column(_("Email"), lambda f: f.email, on_page=False),
        Column(_("Website"), lambda f: f.website, on_page=False),
        Column(_("Has gas"), lambda f: f.has_gas, on_page=False),
        Column(_("Storeys"), lambda f: f.storeys, on_page=False),
        Column(_("House in multiple occupation"), lambda f: f.is_hmo, on_page=False),
        Column(_("People sleep there"), lambda f: f.has_sleeping_risk, on_page=False),
        Column(_("Functional risk category"), lambda f: f.functional_risk, on_page=False),
        Column(_("Archived at"), lambda f: f.archived_at, on_page=False),
    ],
    sorts=[
        Sort("name", "name"),
        Sort("kind", "kind"),
        Sort("city", "city"),
        Sort("code", "external_code"),
        Sort("added", "id", "integer"),
    ],
    filters=[
        ChoiceFilter("kind", _("Kind"), _kinds, "kind"),
        ChoiceFilter("risk", _("Functional risk category"), FunctionalRisk.choices, "functional_risk"),
        ChoiceFilter(
            "gas", _("Gas"), [("yes", _("Has gas")), ("no", _("No gas")), ("unknown", _("Not answered"))], _gas
        ),
        archived_filter(),
    ],
    search=["name", "external_code", "address", "city", "postcode"],
    search_label=_("Search name, code, address"),
    finish=partial(panels.finish_rows, "facility"),
    csv_url_name="facilities:facility_export",
)

AREAS = ListSpec(
    name="areas",
    columns=[
        Column(_("Area"), lambda a: a.path, sort="path", key="area"),
        Column(_("Status"), _words, when=partial(panels.promises, "area", "status_now"), key="status"),
        Column(_("Facility"), lambda a: a.facility.name, key="facility"),
        Column(_("Kind"), lambda a: a.kind, sort="kind", key="kind"),
        Column(_("Functional risk category"), lambda a: a.functional_risk, sort="risk", key="risk"),
        Column(_("External code"), lambda a: a.external_code, sort="code", key="code"),
        Column(_("Facility code"), lambda a: a.facility.external_code, on_page=False),
        Column(_("Archived at"), lambda a: a.archived_at, on_page=False),
    ],
    sorts=[Sort("path", "path"), Sort("kind", "kind"), Sort("risk", "functional_risk"), Sort("code", "external_code")],
    filters=[
        ObjectFilter("facility", _("Facility"), "facility", live_facilities),
        ChoiceFilter("risk", _("Functional risk category"), FunctionalRisk.choices, "functional_risk"),
        archived_filter(),
    ],
    search=["path", "external_code"],
    search_label=_("Search name, code"),
    decorate=lambda areas: areas.select_related("facility"),
    finish=partial(panels.finish_rows, "area"),
    csv_url_name="facilities:area_export",
)
