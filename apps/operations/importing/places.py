"""Facilities and areas as rows of other kinds name them: by code, by name, by path."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from apps.facilities.actions import SEPARATOR
from apps.facilities.models import Area, Facility
from apps.operations.importing.planning import RowError


def tidy_path(text: str) -> str:
    """Return a path with its parts set apart as we write them: "A>B" is "A > B"."""
    return SEPARATOR.join(part for part in re.split(r"\s*>\s*", text.strip()) if part)


class Facilities:
    """The facilities that a chunk of rows names."""

    def __init__(self, references: Iterable[str]) -> None:
        wanted = {reference for reference in references if reference}
        self.by_code: dict[str, Facility] = {}
        self.by_name: dict[str, list[Facility]] = {}
        if not wanted:
            return
        coded = Facility.objects.filter(external_code__in=wanted).exclude(external_code="")
        self.by_code = {facility.external_code: facility for facility in coded.order_by("id")}
        rest = wanted - self.by_code.keys()
        if rest:
            for facility in Facility.objects.filter(name__in=rest, archived_at=None).order_by("id"):
                self.by_name.setdefault(facility.name, []).append(facility)

    def find(self, reference: str) -> Facility:
        """Return the facility of this code or exact name; raise RowError."""
        if reference in self.by_code:
            return self.by_code[reference]
        named = self.by_name.get(reference, [])
        if not named:
            raise RowError(
                _("Facility: “%(name)s” is neither the external code nor the exact name of a facility. Add it first.")
                % {"name": reference[:60]}
            )
        if len(named) > 1:
            raise RowError(
                _("Facility: %(count)s facilities are named “%(name)s”. Write the external code instead.")
                % {"count": len(named), "name": reference[:60]}
            )
        return named[0]


class Areas:
    """The areas that a chunk of rows names, by facility and code or path; paths in any case of letters."""

    def __init__(self, references: Iterable[tuple[int, str]], *, with_parents: bool = False) -> None:
        self.by_code: dict[tuple[int, str], Area] = {}
        self.by_path: dict[tuple[int, str], list[Area]] = {}
        self.with_parents = with_parents
        self.add(references)

    def add(self, references: Iterable[tuple[int, str]]) -> None:
        """Look up more."""
        wanted = {(facility_id, tidy_path(text)) for facility_id, text in references if text}
        if not wanted:
            return
        facility_ids = {facility_id for facility_id, _text in wanted}
        texts = {text for _id, text in wanted}
        areas = Area.objects.filter(facility__in=facility_ids).annotate(folded=Lower("path"))
        if self.with_parents:
            areas = areas.select_related("parent__parent__parent__parent__parent__parent__parent")
        # Lower() of the database and of Python differ for a few letters; both forms are asked for.
        folded = {text.lower() for text in texts}
        found = areas.filter(Q(external_code__in=texts) | Q(path__in=texts) | Q(folded__in=folded)).order_by("id")
        for area in found:
            self.note(area)

    def note(self, area: Area, path: str = "") -> None:
        """Know this area from now on, by its code and by its path."""
        if area.external_code:
            self.by_code[(area.facility_id, area.external_code)] = area
        same = self.by_path.setdefault((area.facility_id, (path or area.path).casefold()), [])
        if area not in same:
            same.append(area)

    def live_at(self, facility_id: int, path: str) -> Area | None:
        """Return the area in use at this path."""
        return next((a for a in self.all_at(facility_id, path) if a.archived_at is None), None)

    def all_at(self, facility_id: int, path: str) -> list[Area]:
        """Return every area at this path, archived ones too."""
        return self.by_path.get((facility_id, path.casefold()), [])

    def find(self, facility_id: int, text: str) -> Area | None:
        """Return the area in use of this code or path."""
        coded = self.by_code.get((facility_id, text))
        if coded is not None and coded.archived_at is None:
            return coded
        return self.live_at(facility_id, tidy_path(text))
