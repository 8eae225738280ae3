"""Equipment from a file: matched by external code, else by serial number; types are made when they are missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from apps.audit.bulk import create_many, update_many
from apps.equipment.actions import bulk_save_equipment
from apps.equipment.models import Equipment, EquipmentType
from apps.facilities.models import Area, Facility
from apps.operations.importing.places import Areas, Facilities
from apps.operations.importing.planning import Parsed, Planned, Planner, RowError
from apps.operations.importing.targets import KINDS
from apps.operations.models import Outcome


class EquipmentPlanner(Planner):
    """Plans equipment."""

    kind = KINDS["equipment"]
    noun = "equipment"
    key_fields: ClassVar[frozenset[str]] = frozenset({"external_code", "serial_number"})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.types = {kind.name.casefold(): kind for kind in EquipmentType.objects.order_by("-id")}
        # Types to be made, or brought back, before the rows that need them.
        self.waiting: dict[str, EquipmentType] = {}
        self.newest = Equipment.objects.order_by("-id").values_list("id", flat=True).first() or 0
        self.by_code: dict[str, Equipment] = {}
        self.by_serial: dict[str, Equipment] = {}
        self.facilities = Facilities(())
        self.areas = Areas(())

    def keys(self, parsed: Parsed) -> Iterator[tuple[tuple[str, ...], bool]]:
        """Codes and serial numbers stand once each."""
        for name in ("external_code", "serial_number"):
            if text := parsed.text(name):
                yield (name, text), True

    def clash_words(self) -> str:
        """Name what must differ."""
        return _("Line %(line)s has the same external code or serial number. Keep one of the two rows, or correct one.")

    def load(self, rows: Sequence[Parsed]) -> None:
        """Look up machines, facilities and areas."""
        codes = {code for row in rows if (code := row.text("external_code"))}
        # What this import has made itself cannot match again, and is not looked through.
        machines = Equipment.objects.filter(pk__lte=self.newest).defer("search_text").order_by("id")
        # Not joined: a thousand machines share few places and types, which are then loaded once.
        machines = machines.prefetch_related("area", "type", "facility")
        found = self.locked(machines.filter(external_code__in=codes).exclude(external_code="")) if codes else ()
        self.by_code = {machine.external_code: machine for machine in found}
        serials = {serial for row in rows if (serial := row.text("serial_number")) and not self._numbered(row, serial)}
        found = self.locked(machines.filter(serial_number__in=serials).exclude(serial_number="")) if serials else ()
        self.by_serial = {machine.serial_number: machine for machine in found}
        self.facilities = Facilities(row.text("facility") for row in rows)
        named = []
        for row in rows:
            if area := row.text("area"):
                try:
                    facility = self._facility(row, self._match_or_none(row))
                except RowError:
                    continue
                if facility is not None:
                    named.append((facility.pk, area))
        self.areas = Areas(named)

    def decide(self, parsed: Parsed) -> Planned:
        """Match, then compare or make anew."""
        if not parsed.text("external_code") and not parsed.text("serial_number"):
            raise RowError(
                _("There is neither an external code nor a serial number. Fill in one: the machine is known by it.")
            )
        machine = self._match(parsed)
        values = {name: value for name, value in parsed.values.items() if name not in ("facility", "area", "type")}
        facility = self._facility(parsed, machine)
        if machine is None:
            self.need(parsed, "name", "facility", "type")
        self._place(parsed, machine, facility, values)
        kind = self._type(parsed, machine)
        if kind is not None:
            values["type"] = kind
        note = _("New type “%s”.") % kind.name if kind is not None and kind._state.adding else ""
        if machine is not None:
            planned = self.compared(parsed, machine, values, note=note)
        else:
            planned = Planned(parsed, Outcome.CREATE, parsed.text("name"), note, Equipment(**values))
        # Only now is it sure that the row needs its type.
        if (
            kind is not None
            and kind.name not in self.new_types
            and (kind._state.adding or kind.archived_at in self.undone)
        ):
            self.waiting[kind.name] = kind
            self.new_types[kind.name] = None
        return planned

    def _numbered(self, row: Parsed, serial: str) -> bool:
        """Tell whether the machine that the code stands for has this serial number already."""
        coded = self.by_code.get(row.text("external_code"))
        return coded is not None and coded.serial_number == serial

    def _match_or_none(self, parsed: Parsed) -> Equipment | None:
        return self.by_code.get(parsed.text("external_code")) or self.by_serial.get(parsed.text("serial_number"))

    def _match(self, parsed: Parsed) -> Equipment | None:
        code, serial = parsed.text("external_code"), parsed.text("serial_number")
        coded, numbered = self.by_code.get(code), self.by_serial.get(serial)
        if coded is not None:
            if numbered is not None and numbered.pk != coded.pk:
                raise RowError(_("The serial number “%s” belongs to another machine.") % serial)
            return coded
        if numbered is not None and code and numbered.external_code:
            raise RowError(
                _("The serial number “%(serial)s” belongs to the machine with the external code “%(code)s”.")
                % {"serial": serial, "code": numbered.external_code}
            )
        return numbered

    def _facility(self, parsed: Parsed, machine: Equipment | None) -> Facility | None:
        reference = parsed.text("facility")
        if reference:
            return self.facilities.find(reference)
        return machine.facility if machine is not None else None

    def _place(
        self, parsed: Parsed, machine: Equipment | None, facility: Facility | None, values: dict[str, Any]
    ) -> None:
        """Put facility and area into the values; a machine that moves leaves its old area."""
        if facility is None:
            return
        moves = machine is None or machine.facility_id != facility.pk
        if facility.archived_at is not None and (machine is None or moves or machine.archived_at is not None):
            raise RowError(_("Facility: “%s” is archived. Restore it first.") % facility)
        if moves:
            values["facility"] = facility
        reference = parsed.text("area")
        area: Area | None = None
        if reference:
            area = self.areas.find(facility.pk, reference)
            if area is None:
                raise RowError(
                    _("Area: “%(area)s” is neither the code nor the path of an area of %(facility)s. Add it first.")
                    % {"area": reference[:60], "facility": facility}
                )
        if area is not None or (machine is not None and moves and machine.area_id is not None):
            values["area"] = area

    def _type(self, parsed: Parsed, machine: Equipment | None) -> EquipmentType | None:
        """Return the type of this name in any case of letters, a new one where there is none."""
        name = parsed.text("type")
        if not name:
            return None
        kind = self.types.get(name.casefold())
        if kind is None:
            kind = self.types[name.casefold()] = EquipmentType(name=name)
        elif not self.usable(kind) and (machine is None or machine.type_id != kind.pk):
            raise RowError(_("Type: “%s” is archived. Restore it, or write another type.") % kind.name)
        return kind

    def save(self, planned: Sequence[Planned]) -> None:
        """Write the new types first."""
        if self.waiting:
            create_many([kind for kind in self.waiting.values() if kind._state.adding], "equipment_type.create")
            back = [kind for kind in self.waiting.values() if kind.archived_at is not None]
            update_many([(kind, {"archived_at": None}) for kind in back], "equipment_type.restore")
            self.new_type_ids += [kind.pk for kind in self.waiting.values()]
            self.waiting = {}
        super().save(planned)

    def bulk_save(self, create: list[Any], update: list[tuple[Any, dict[str, Any]]]) -> None:
        """Write machines."""
        for machine in create:
            machine.type = machine.type  # takes the key that a new type got meanwhile
        bulk_save_equipment(create, update)
