"""Taking an import back: what it created is archived, what it changed gets its old values; later edits stay."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from apps.audit.bulk import update_many
from apps.audit.models import AuditEvent
from apps.cleaning_logs.models import CleaningLog
from apps.compliance.models import Requirement
from apps.equipment.actions import bulk_save_equipment
from apps.equipment.models import Equipment, EquipmentType, Label
from apps.facilities.actions import bulk_save_areas, bulk_save_facilities
from apps.facilities.models import Area
from apps.operations.importing.planning import CHUNK
from apps.operations.importing.targets import KINDS
from apps.operations.models import ImportLine, ImportRun, Outcome

NOUNS = {"facilities": "facility", "areas": "area", "equipment": "equipment"}
# What shows that something which an import created is in use: rows that point at it.
USERS: dict[str, tuple[tuple[type[models.Model], str], ...]] = {
    "facilities": (
        (Area, "facility"),
        (Equipment, "facility"),
        (Requirement, "facility"),
        (CleaningLog, "facility"),
        (Label, "facility"),
    ),
    "areas": ((Area, "parent"), (Equipment, "area"), (Requirement, "area"), (CleaningLog, "area"), (Label, "area")),
    "equipment": ((Requirement, "equipment"), (CleaningLog, "equipment"), (Label, "equipment")),
}


class Undo:
    """One undo in progress. ``at`` is the moment under which everything is archived."""

    def __init__(self, run: ImportRun, at: datetime.datetime) -> None:
        self.run, self.at = run, at
        self.kind, self.noun = KINDS[run.kind], NOUNS[run.kind]
        self.reason = _("Undo of the import of %s") % run.file_name
        self.left = 0
        self.edited: set[int | None] = set()

    def run_all(self) -> None:
        """Go backwards through the rows, so that what stands inside goes before what stands around it."""
        # Locked and looked at beforehand: the undo leaves events of its own.
        for lines in self._chunks():
            ids = [line.object_id for line in lines]
            locked = self.kind.model.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("id")
            list(locked.values_list("pk"))
            self.edited |= self._edited(self.kind.model, ids)
        for lines in self._chunks():
            self._undo(lines)
        self._archive_types()

    def _chunks(self) -> Iterator[list[ImportLine]]:
        below: int | None = None
        while True:
            lines = self.run.lines.filter(outcome__in=[Outcome.CREATE, Outcome.UPDATE]).order_by("-line", "-id")
            if below is not None:
                lines = lines.filter(line__lt=below)
            chunk = list(islice(lines[:CHUNK], CHUNK))
            if not chunk:
                return
            below = chunk[-1].line
            yield chunk

    def _undo(self, lines: Sequence[ImportLine]) -> None:
        ids = [line.object_id for line in lines]
        objects = self.kind.model.objects.in_bulk(ids)
        users = self._users([line.object_id for line in lines if _archives(line)])
        archive, restore, left = [], [], []
        gone: set[tuple[Any, int]] = set()
        for line in lines:
            obj = objects.get(line.object_id)
            if obj is None or obj.pk in self.edited:
                left.append(self._leave(line, _("Edited after the import.")))
            elif _archives(line) and users.get(obj.pk, set()) - gone:
                left.append(self._leave(line, _("In use since the import: something else refers to it.")))
            else:
                if _archives(line):
                    archive.append((obj, {"archived_at": self.at}))
                    gone.add((self.kind.model, obj.pk))
                if before := {name: old for name, (old, _new) in line.changes.items() if name != "archived_at"}:
                    restore.append((line, obj, before))
        left += self._restore(restore)
        update_many(archive, f"{self.noun}.archive", reason=self.reason)
        ImportLine.objects.bulk_update(left, ["left_alone"])

    def _leave(self, line: ImportLine, why: str) -> ImportLine:
        self.left += 1
        line.left_alone = why
        return line

    def _edited(self, model: Any, ids: Iterable[int | None]) -> set[int | None]:
        """Return those that the audit trail knows a later event of. Every write leaves one."""
        return set(
            AuditEvent.objects.filter(
                object_type=model._meta.label_lower, object_id__in=list(ids), id__gt=self.run.last_event or 0
            ).values_list("object_id", flat=True)
        )

    def _users(self, ids: Sequence[int | None]) -> dict[int, set[tuple[Any, int]]]:
        """Return for each object what points at it, as (model, key)."""
        found: dict[int, set[tuple[Any, int]]] = {}
        for model, column in USERS[self.run.kind]:
            rows = model._default_manager.filter(**{f"{column}__in": ids})
            if model in (Area, Equipment, Requirement):
                rows = rows.filter(archived_at=None)
            for used, user in rows.values_list(f"{column}_id", "pk"):
                found.setdefault(used, set()).add((model, user))
        return found

    def _restore(self, rows: list[tuple[ImportLine, Any, dict[str, Any]]]) -> list[ImportLine]:
        """Give rows their old values, all together, or one by one where some old value is taken by now."""
        if not rows:
            return []
        related = self._related([before for _line, _obj, before in rows])
        changes = [(line, obj, self._values(before, related)) for line, obj, before in rows]
        try:
            with transaction.atomic():
                self._save([(obj, values) for _line, obj, values in changes])
            return []
        except (IntegrityError, ValidationError):
            left = []
            for line, obj, values in changes:
                try:
                    with transaction.atomic():
                        self._save([(obj, values)])
                except (IntegrityError, ValidationError):
                    left.append(self._leave(line, _("Its old values are taken by something else now.")))
            return left

    def _related(self, values: Sequence[Mapping[str, Any]]) -> dict[str, dict[int, Any]]:
        wanted: dict[str, set[int]] = {}
        for each in values:
            for name, value in each.items():
                if value is not None and self.kind.model._meta.get_field(name).is_relation:
                    wanted.setdefault(name, set()).add(value)
        return {
            name: self.kind.model._meta.get_field(name).related_model.objects.in_bulk(ids)
            for name, ids in wanted.items()
        }

    def _values(self, before: Mapping[str, Any], related: Mapping[str, Mapping[int, Any]]) -> dict[str, Any]:
        return {
            name: related[name].get(value) if name in related and value is not None else value
            for name, value in before.items()
        }

    def _save(self, changes: list[tuple[Any, dict[str, Any]]]) -> None:
        if self.run.kind == "facilities":
            bulk_save_facilities([], changes)
        elif self.run.kind == "areas":
            bulk_save_areas([], changes)
        else:
            bulk_save_equipment([], changes)

    def _archive_types(self) -> None:
        """Archive the equipment types that the import made, unless somebody uses or edited them."""
        ids = list(self.run.new_type_ids)
        if not ids:
            return
        kept = self._edited(EquipmentType, ids)
        kept |= set(
            Equipment.objects.filter(type__in=ids, archived_at=None).values_list("type_id", flat=True).distinct()
        )
        types = EquipmentType.objects.select_for_update(no_key=True).filter(pk__in=set(ids) - kept, archived_at=None)
        update_many([(kind, {"archived_at": self.at}) for kind in types], "equipment_type.archive", reason=self.reason)


def _archives(line: ImportLine) -> bool:
    """Tell whether undoing this row puts its object into the archive: it was created, or brought back from there."""
    return line.outcome == Outcome.CREATE or "archived_at" in line.changes
