"""What this room shows on the pages of facilities and areas."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.equipment.lists import equipment_in
from apps.equipment.models import Equipment, Label
from apps.equipment.queries import count_by_facility, label_url, labels_of
from apps.facilities.models import Area, Facility
from apps.tenants.permissions import Permission, allowed

SHOWN = 10
Panel = tuple[str, dict[str, Any]]


def labels_context(subject: Facility | Area | Equipment) -> dict[str, Any]:
    """Return the variables of ``equipment/_labels.html``: labels in use with their addresses, and the ended ones."""
    labels = list(labels_of(subject)[:20])
    name = type(subject)._meta.model_name
    return {
        "live_labels": [{"label": each, "url": label_url(each)} for each in labels if each.revoked_at is None],
        "ended_labels": [each for each in labels if each.revoked_at is not None],
        "subject_field": name,
        "subject": subject,
        "can_label": allowed(Permission.LABELS_PRINT) and subject.archived_at is None,
    }


def labels_panel(request: HttpRequest, subject: Facility | Area) -> Panel:
    """Show the labels of a facility or an area."""
    return "equipment/_labels.html", labels_context(subject)


def equipment_panel(request: HttpRequest, place: Facility | Area) -> Panel | None:
    """Show the first machines of a facility or area, and how many there are."""
    if not allowed(Permission.EQUIPMENT_VIEW):
        return None
    found = equipment_in(place)
    shown = list(found[: SHOWN + 1])
    is_area = isinstance(place, Area)
    facility_id = place.facility_id if isinstance(place, Area) else place.pk
    query = f"facility={facility_id}" + (f"&area={place.pk}" if is_area else "")
    return "equipment/_equipment_panel.html", {
        "machines": shown[:SHOWN],
        "machine_count": len(shown) if len(shown) <= SHOWN else found.count(),
        "machines_query": query,
        "machines_place": place,
        "is_area": is_area,
        "can_add_equipment": allowed(Permission.EQUIPMENT_EDIT) and place.archived_at is None,
    }


def count_equipment(facilities: list[Any]) -> None:
    """Set ``equipment_count`` on the facilities of a list."""
    counts = count_by_facility(facilities)
    for facility in facilities:
        facility.equipment_count = counts.get(facility.pk, 0)


def facility_effects(facility: Facility) -> list[str]:
    """Say what archiving a facility does to its machines and labels."""
    machines = Equipment.objects.filter(facility=facility, archived_at=None).count()
    labels = Label.objects.filter(facility=facility, revoked_at=None).count()
    said = []
    if machines:
        said.append(ngettext("archive %s machine", "archive %s machines", machines) % machines)
    if labels:
        said.append(
            ngettext(
                "make %s label say that its place is archived",
                "make %s labels say that their place is archived",
                labels,
            )
            % labels
        )
    return said


def area_effects(area: Area) -> list[str]:
    """Say that machines stay: they are carried elsewhere, not thrown away with the room."""
    machines = Equipment.objects.filter(area=area, archived_at=None).count()
    if not machines:
        return []
    return [
        ngettext(
            "leave %s machine in use that still names this area; move it to another one",
            "leave %s machines in use that still name this area; move them to another one",
            machines,
        )
        % machines
    ]


def equipment_effects(equipment: Equipment) -> list[str]:
    """Say what archiving a machine does."""
    labels = Label.objects.filter(equipment=equipment, revoked_at=None).count()
    said = [_("hide this machine from lists and forms; its history stays"), _("stop everything that is due for it")]
    if labels:
        said.append(
            ngettext("make its %s label say that it is archived", "make its %s labels say that it is archived", labels)
            % labels
        )
    return said
