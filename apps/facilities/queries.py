"""Reads of facilities and areas; the doors through which they enter views."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from apps.facilities.models import Area, Facility

BIGGEST = 2**63 - 1


@dataclass
class AreaRow:
    """An area with its depth in the tree and how many areas are inside it."""

    area: Area
    depth: int
    inside: int = 0

    @property
    def indent(self) -> range:
        """Return something to loop over in a template, once for each level."""
        return range(self.depth)


def list_facilities() -> QuerySet[Facility]:
    """Return the facilities that the scope covers, archived ones too."""
    found: QuerySet[Facility] = Facility.objects.all()
    return found


def live_facilities() -> QuerySet[Facility]:
    """Return the facilities in use, by name."""
    found: QuerySet[Facility] = Facility.objects.filter(archived_at=None).order_by("name", "id")
    return found


def get_facility(pk: int) -> Facility:
    """Return one facility, or raise Http404 when the scope does not see it."""
    if pk > BIGGEST:
        raise Http404
    facility: Facility = get_object_or_404(Facility.objects.all(), pk=pk)
    return facility


def list_areas(facility: Facility) -> QuerySet[Area]:
    """Return the areas of a facility in the order of the tree, archived ones too."""
    found: QuerySet[Area] = Area.objects.filter(facility=facility).order_by("path", "id")
    return found


def live_areas(facility: Facility | None = None) -> QuerySet[Area]:
    """Return the areas in use, of one facility or of all, in the order of the tree."""
    areas = Area.objects.filter(archived_at=None).order_by("path", "id")
    return areas if facility is None else areas.filter(facility=facility)


def get_area(pk: int) -> Area:
    """Return one area with its facility and parent, or raise Http404 when the scope does not see it."""
    if pk > BIGGEST:
        raise Http404
    area: Area = get_object_or_404(Area.objects.select_related("facility", "parent"), pk=pk)
    return area


def area_tree(areas: Iterable[Area]) -> list[AreaRow]:
    """Return areas depth first, children under their parent by name; an area whose parent is left out stands on top."""
    known = list(areas)
    present = {area.pk for area in known}
    children: dict[int | None, list[Area]] = {}
    for area in sorted(known, key=lambda a: (a.name.casefold(), a.pk)):
        children.setdefault(area.parent_id if area.parent_id in present else None, []).append(area)
    rows: list[AreaRow] = []
    waiting = [(area, 0) for area in reversed(children.get(None, []))]
    while waiting:
        area, depth = waiting.pop()
        inside = children.get(area.pk, [])
        rows.append(AreaRow(area, depth, len(inside)))
        waiting += [(child, depth + 1) for child in reversed(inside)]
    return rows


def ancestors(area: Area) -> list[Area]:
    """Return the areas around an area, the outermost first. One query a level; areas are at most eight deep."""
    found: list[Area] = []
    parent = area.parent
    while parent is not None and len(found) < 10:
        found.insert(0, parent)
        parent = parent.parent
    return found


def areas_below(area: Area) -> list[Area]:
    """Return every area inside an area, archived ones too."""
    rows = area_tree(list_areas(area.facility))
    start = next(index for index, row in enumerate(rows) if row.area.pk == area.pk)
    below: list[Area] = []
    for row in rows[start + 1 :]:
        if row.depth <= rows[start].depth:
            break
        below.append(row.area)
    return below


def facility_kinds() -> list[str]:
    """Return the kinds that facilities have, the most frequent hundred, by name."""
    kinds = (
        Facility.objects.filter(archived_at=None)
        .exclude(kind="")
        .values_list("kind")
        .annotate(number=Count("pk"))
        .order_by("-number")[:100]
    )
    return sorted(kind for kind, _number in kinds)
