"""A facility's and an area's facts, as ``components/facts.html`` reads them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.facilities.models import Area, Facility

Facts = list[dict[str, Any]]
YES_NO = {True: gettext_lazy("Yes"), False: gettext_lazy("No"), None: gettext_lazy("Not answered")}


def _fact(label: str, value: object, url: str = "") -> dict[str, Any]:
    return {"label": label, "value": value, "url": url}


def place_facts(facility: Facility) -> Facts:
    """Return where the facility is. Empty parts are left out of the address, not shown as gaps."""
    lines = [facility.address, facility.city, facility.county, facility.postcode, facility.country]
    facts = [
        _fact(_("Address"), ", ".join(line for line in lines if line)),
        _fact(_("Time zone"), facility.time_zone),
        _fact(_("Kind"), facility.kind),
        _fact(_("External code"), facility.external_code),
    ]
    if facility.latitude is not None and facility.longitude is not None:
        facts.append(_fact(_("Coordinates"), f"{facility.latitude:.6f}, {facility.longitude:.6f}"))
    return facts


def contact_facts(facility: Facility) -> Facts:
    """Return how to reach the facility, only what is known."""
    is_link = facility.website.lower().startswith(("http://", "https://"))
    facts = [
        _fact(_("Phone"), facility.phone, f"tel:{facility.phone}" if facility.phone else ""),
        _fact(_("Email"), facility.email, f"mailto:{facility.email}" if facility.email else ""),
        _fact(_("Website"), facility.website, facility.website if is_link else ""),
    ]
    return [fact for fact in facts if fact["value"]]


def facility_facts(facility: Facility) -> Facts:
    """Return the facts that decide which duties apply; "not answered" is not "no"."""
    return [
        _fact(_("Has gas"), YES_NO[facility.has_gas]),
        _fact(_("Storeys"), _("Not answered") if facility.storeys is None else str(facility.storeys)),
        _fact(_("House in multiple occupation"), YES_NO[facility.is_hmo]),
        _fact(_("People sleep there"), YES_NO[facility.has_sleeping_risk]),
        _fact(_("Functional risk category"), facility.get_functional_risk_display() or _("Not answered")),
    ]


def area_facts(area: Area) -> Facts:
    """Return what is known of an area."""
    return [
        _fact(_("Facility"), area.facility.name, f"/facilities/{area.facility_id}/"),
        _fact(
            _("Inside"), area.parent.path if area.parent else "", f"/areas/{area.parent_id}/" if area.parent_id else ""
        ),
        _fact(_("Kind"), area.kind),
        _fact(_("External code"), area.external_code),
        _fact(_("Functional risk category"), area.get_functional_risk_display()),
    ]
