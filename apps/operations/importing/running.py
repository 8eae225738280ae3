"""One import over a table: plan every chunk, or plan and write it; lines and counts as they come."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import db
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.operations.importing.areas import AreaPlanner
from apps.operations.importing.equipment import EquipmentPlanner
from apps.operations.importing.facilities import FacilityPlanner
from apps.operations.importing.planning import Planned, Planner, in_chunks
from apps.operations.models import ImportLine, ImportMode, ImportRun, Outcome
from apps.operations.tabular import Table

PLANNERS: dict[str, type[Planner]] = {
    "facilities": FacilityPlanner,
    "areas": AreaPlanner,
    "equipment": EquipmentPlanner,
}
# Called with each chunk once it is decided, and written if the import is being applied.
Report = Callable[[Sequence[Planned]], None]


class ImportRefused(Exception):
    """All or nothing, and there is a row with an error."""


@dataclass
class Counts:
    """How many rows an import creates, updates, leaves and refuses, and the equipment types it makes on the way."""

    create: int = 0
    update: int = 0
    unchanged: int = 0
    error: int = 0
    new_types: list[str] = field(default_factory=list)
    new_type_ids: list[int] = field(default_factory=list)

    def add(self, planned: Sequence[Planned]) -> None:
        """Count a chunk."""
        for each in planned:
            setattr(self, each.outcome, getattr(self, each.outcome) + 1)

    def as_fields(self) -> dict[str, Any]:
        """Return the fields of an ImportRun."""
        return {
            "created": self.create,
            "updated": self.update,
            "unchanged": self.unchanged,
            "refused": self.error,
            "new_types": self.new_types,
            "new_type_ids": self.new_type_ids,
        }


def plan_table(kind: str, table: Table, mapping: Mapping[str, str], report: Report) -> Counts:
    """Decide about every row without writing anything to the rooms."""
    return _run(PLANNERS[kind](table, mapping, live=False), table, report, mode=ImportMode.VALID)


def apply_table(kind: str, table: Table, mapping: Mapping[str, str], mode: str, report: Report) -> Counts:
    """Decide about every row afresh and write it. Raises ImportRefused for the first error unless ``mode`` is VALID.

    Raises ValidationError when the rows cannot be written after all, because somebody changes the same things now.
    Needs a transaction around it, which the caller rolls back on either.
    """
    lock_imports()
    return _run(PLANNERS[kind](table, mapping, live=True), table, report, mode=mode)


def lock_imports() -> None:
    """Let one import of an organization write at a time, until the transaction ends."""
    with db.connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('import', current_setting('app.organization_id')::bigint))"
        )


def _run(planner: Planner, table: Table, report: Report, *, mode: str) -> Counts:
    counts = Counts()
    for rows in in_chunks(table.rows()):
        planned = planner.plan(rows)
        counts.add(planned)
        if planner.live:
            if counts.error and mode == ImportMode.ALL:
                raise ImportRefused
            _save(planner, planned)
        report(planned)
        if settings.DEBUG:
            db.reset_queries()
    counts.new_types, counts.new_type_ids = list(planner.new_types), planner.new_type_ids
    return counts


def _save(planner: Planner, planned: Sequence[Planned]) -> None:
    try:
        with transaction.atomic():
            planner.save(planned)
    except (IntegrityError, ValidationError) as error:
        words = "; ".join(error.messages) if isinstance(error, ValidationError) else ""
        first, last = planned[0].parsed.line, planned[-1].parsed.line
        text = _("Lines %(first)s to %(last)s could not be written, so nothing was imported. Try again. %(words)s")
        raise ValidationError(text % {"first": first, "last": last, "words": words}) from error


def line_writer(run: ImportRun, *, is_done: bool) -> Report:
    """Return a report that keeps the rows: all of a plan; of an import that is done, all but the unchanged."""

    def write(planned: Sequence[Planned]) -> None:
        ImportLine.objects.bulk_create(
            [
                ImportLine(
                    run=run,
                    line=each.parsed.line,
                    outcome=each.outcome,
                    name=each.name[:300],
                    message=each.message,
                    changes=each.changes,
                    cells=each.parsed.row.cells if each.outcome == Outcome.ERROR else None,
                    object_id=each.obj.pk if each.obj is not None else None,
                )
                for each in planned
                if not is_done or each.outcome != Outcome.UNCHANGED
            ],
            batch_size=1_000,
        )

    return write


def both(first: Report, second: Report) -> Report:
    """Return a report that gives each chunk to two others."""

    def give(planned: Sequence[Planned]) -> None:
        first(planned)
        second(planned)

    return give
