"""What a label may stand for: finding it, naming it in a form, and what has no label yet."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.equipment.models import Equipment, Label
from apps.facilities.models import Area, Facility
from apps.tenants.listing import matching

FOUND = 20
Subject = Facility | Area | Equipment


def subject_url(subject: Subject) -> str:
    """Return the address of a subject's page."""
    if isinstance(subject, Equipment):
        return reverse("equipment:equipment_detail", args=[subject.pk])
    if isinstance(subject, Area):
        return reverse("facilities:area_detail", args=[subject.pk])
    return reverse("facilities:facility_detail", args=[subject.pk])


def find_subjects(text: str) -> list[tuple[str, str]]:
    """Return (value, words) of machines, areas and facilities in use that match; the first of each without a text."""
    machines = Equipment.objects.filter(archived_at=None).select_related("facility").order_by("name", "id")
    areas = Area.objects.filter(archived_at=None).select_related("facility").order_by("path", "id")
    facilities = Facility.objects.filter(archived_at=None).order_by("name", "id")
    if text:
        machines = machines.filter(matching(["search_text"], text))
        areas = areas.filter(matching(["path", "external_code"], text))
        facilities = facilities.filter(matching(["name", "external_code", "city", "postcode"], text))
    return [
        *(
            (f"equipment-{m.pk}", _("%(name)s, machine in %(place)s") % {"name": m.name, "place": m.facility.name})
            for m in machines[:FOUND]
        ),
        *(
            (f"area-{a.pk}", _("%(name)s, area of %(place)s") % {"name": a.path, "place": a.facility.name})
            for a in areas[:FOUND]
        ),
        *((f"facility-{f.pk}", _("%(name)s, the whole facility") % {"name": f.name}) for f in facilities[:FOUND]),
    ]


def parse_subject(value: str) -> Subject | None:
    """Return the object that a form's value names, None if the scope sees no such thing."""
    kind, _dash, number = value.partition("-")
    models: dict[str, Any] = {"equipment": Equipment, "area": Area, "facility": Facility}
    if kind not in models or not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    found: Subject | None = models[kind].objects.filter(pk=int(number)).first()
    return found


def _unlabelled(facility: Facility) -> tuple[QuerySet[Area], QuerySet[Equipment]]:
    live = Label.objects.filter(revoked_at=None)
    areas = Area.objects.filter(facility=facility, archived_at=None)
    machines = Equipment.objects.filter(facility=facility, archived_at=None)
    return (
        areas.filter(~Exists(live.filter(area=OuterRef("pk")))).order_by("path", "id"),
        machines.filter(~Exists(live.filter(equipment=OuterRef("pk")))).order_by("name", "id"),
    )


def unlabelled_count(facility: Facility) -> int:
    """Return how many areas and machines of a facility have no label in use."""
    areas, machines = _unlabelled(facility)
    return areas.count() + machines.count()


def missing_subjects(facility: Facility, limit: int) -> list[Subject]:
    """Return the areas and machines of a facility without a label in use, at most ``limit``."""
    areas, machines = _unlabelled(facility)
    found: list[Any] = [*areas[:limit], *machines[:limit]]
    return found[:limit]
