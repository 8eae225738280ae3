"""Facilities from a file: matched by external code, else by name and postcode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from apps.facilities.actions import bulk_save_facilities
from apps.facilities.models import Facility
from apps.operations.importing.planning import Parsed, Planned, Planner, RowError
from apps.operations.importing.targets import KINDS
from apps.operations.models import Outcome
from apps.tenants.queries import get_organization

LINES = ("address", "address_2", "address_3")


def postcode_key(postcode: str) -> str:
    """Return a postcode as it is compared: without spaces, in capitals."""
    return postcode.replace(" ", "").upper()


class FacilityPlanner(Planner):
    """Plans facilities. A facility that has no code yet takes the one in the file when name and postcode agree."""

    kind = KINDS["facilities"]
    noun = "facility"
    key_fields: ClassVar[frozenset[str]] = frozenset({"name", "external_code", "postcode"})
    claims_new = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.time_zone = get_organization().time_zone
        self.by_code: dict[str, Facility] = {}
        self.by_name: dict[tuple[str, str], list[Facility]] = {}

    def keys(self, parsed: Parsed) -> Iterator[tuple[tuple[str, ...], bool]]:
        """A code stands once; a name and postcode may stand more than once if every such row has a code."""
        code, name = parsed.text("external_code"), parsed.text("name")
        if code:
            yield ("code", code), True
        if name:
            yield ("name", name, postcode_key(parsed.text("postcode"))), not code

    def load(self, rows: Sequence[Parsed]) -> None:
        """Look up by code, then by name what no code was found for."""
        codes = {code for row in rows if (code := row.text("external_code"))}
        found = self.locked(Facility.objects.filter(external_code__in=codes).exclude(external_code="").order_by("id"))
        self.by_code = {facility.external_code: facility for facility in found} if codes else {}
        names = {row.text("name") for row in rows if row.text("external_code") not in self.by_code}
        self.by_name = {}
        if names:
            for facility in self.locked(Facility.objects.filter(name__in=names).order_by("id")):
                key = (facility.name, postcode_key(facility.postcode))
                self.by_name.setdefault(key, []).append(facility)

    def decide(self, parsed: Parsed) -> Planned:
        """Match, then compare or make anew."""
        values = self._values(parsed)
        facility = self._match(parsed)
        if facility is not None:
            return self.compared(parsed, facility, values)
        self.need(parsed, "name")
        return Planned(
            parsed, Outcome.CREATE, parsed.text("name"), obj=Facility(**{"time_zone": self.time_zone, **values})
        )

    def _values(self, parsed: Parsed) -> dict[str, Any]:
        values = {name: value for name, value in parsed.values.items() if name not in LINES}
        lines = [parsed.text(name) for name in LINES if parsed.text(name)]
        if lines:
            values["address"] = ", ".join(lines)
            longest = Facility._meta.get_field("address").max_length or 0
            if len(values["address"]) > longest:
                raise RowError(
                    _("Address: the lines together have %(length)s characters; at most %(longest)s are allowed.")
                    % {"length": len(values["address"]), "longest": longest}
                )
        return values

    def _match(self, parsed: Parsed) -> Facility | None:
        code = parsed.text("external_code")
        if code in self.by_code:
            return self.by_code[code]
        named = self.by_name.get((parsed.text("name"), postcode_key(parsed.text("postcode"))), [])
        found = [facility for facility in named if self.usable(facility) and not (code and facility.external_code)]
        live = [facility for facility in found if facility.archived_at is None] or found
        if len(live) > 1:
            raise RowError(
                _("There are %(count)s facilities of this name and postcode. Give this row the external code of one.")
                % {"count": len(live)}
            )
        return live[0] if live else None

    def bulk_save(self, create: list[Any], update: list[tuple[Any, dict[str, Any]]]) -> None:
        """Write facilities."""
        bulk_save_facilities(create, update)
