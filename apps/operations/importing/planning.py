"""What an import does with each row: read, compared with what is there, decided; a thousand rows at a time."""

from __future__ import annotations

import datetime
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, ClassVar

from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from apps.audit.actions import plain
from apps.audit.bulk import update_many
from apps.operations.importing.keys import KeyRows
from apps.operations.importing.targets import ImportField, Kind
from apps.operations.models import ImportRun, ImportState, Outcome
from apps.operations.tabular import Row, Table

CHUNK = 1_000
LONGEST_VALUE = 60
LONGEST_MESSAGE = 1_000


@dataclass(slots=True)
class Parsed:
    """One row as values, with what is wrong with its cells."""

    row: Row
    values: dict[str, Any] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @property
    def line(self) -> int:
        """Return its line in the file."""
        return self.row.line

    def text(self, name: str) -> str:
        """Return a text value, "" where the cell is empty or has no column."""
        return self.values.get(name) or ""


@dataclass(slots=True)
class Planned:
    """What happens to one row. ``obj`` is the row in the database, or the new one; ``values`` what it is to become."""

    parsed: Parsed
    outcome: str
    name: str = ""
    message: str = ""
    obj: Any = None
    values: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, list[Any]] = field(default_factory=dict)
    revived: bool = False


class RowError(Exception):
    """This row cannot be imported; the message says why and what to do."""


def in_chunks(rows: Iterable[Row], size: int = CHUNK) -> Iterator[list[Row]]:
    """Cut a stream of rows into lists."""
    iterator = iter(rows)
    while chunk := list(islice(iterator, size)):
        yield chunk


class Planner(ABC):
    """Decides about the rows of one file, in order, chunk by chunk; one subclass for each kind.

    ``live`` says that each chunk is written before the next is planned, and locks the rows that it compares.
    """

    kind: ClassVar[Kind]
    # Names of the audit actions and of the fields that say what a row is called.
    noun: ClassVar[str]

    def __init__(self, table: Table, mapping: Mapping[str, str], *, live: bool) -> None:
        self.live = live
        positions = {column: index for index, column in enumerate(table.columns)}
        self.cells: list[tuple[ImportField, int]] = [
            (each, positions[mapping[each.name]]) for each in self.kind.fields if mapping.get(each.name) in positions
        ]
        self.mapped = {each.name for each, _position in self.cells}
        # Things that an undo archived come back when they are imported again; what a person archived does not.
        self.undone: set[datetime.datetime | None] = set(
            ImportRun.objects.filter(kind=self.kind.key, state=ImportState.UNDONE).values_list("undone_at", flat=True)
        )
        self.claimed: dict[int, int] = {}
        self.new_types: dict[str, None] = {}
        self.new_type_ids: list[int] = []
        self.clashes = self._find_clashes(table)

    # --- What a kind says ---

    @abstractmethod
    def keys(self, parsed: Parsed) -> Iterator[tuple[tuple[str, ...], bool]]:
        """Yield what stands for the row within the file, and whether it must be there only once."""

    @abstractmethod
    def load(self, rows: Sequence[Parsed]) -> None:
        """Look up everything that these rows may refer to, in few queries."""

    @abstractmethod
    def decide(self, parsed: Parsed) -> Planned:
        """Decide about one row; raise RowError."""

    @abstractmethod
    def bulk_save(self, create: list[Any], update: list[tuple[Any, dict[str, Any]]]) -> None:
        """Write rows through the room's action."""

    # --- What all kinds share ---

    def plan(self, rows: Sequence[Row]) -> list[Planned]:
        """Decide about the next chunk of rows."""
        parsed = [self._parse(row) for row in rows]
        self.load([each for each in parsed if not each.errors])
        return [self._decide(each) for each in parsed]

    def _find_clashes(self, table: Table) -> dict[int, int]:
        found = KeyRows()
        for row in table.rows():
            if row.error:
                continue
            parsed = self._parse(row, only_keys=True)
            for key, once in self.keys(parsed):
                found.add(key, row.line, weak=once)
        return found.clashes()

    key_fields: ClassVar[frozenset[str]] = frozenset()

    def _parse(self, row: Row, *, only_keys: bool = False) -> Parsed:
        parsed = Parsed(row)
        if row.error:
            parsed.errors.append(row.error)
            return parsed
        for each, position in self.cells:
            if only_keys and each.name not in self.key_fields:
                continue
            cell = row.cells[position]
            if not cell or cell.isspace():
                continue
            try:
                value = each.parse(cell)
            except ValueError as error:
                parsed.errors.append(f"{each.label}: {error}")
            else:
                if value != "":
                    parsed.values[each.name] = value
        if not only_keys and (other := self.clashes.get(row.line)) is not None:
            parsed.errors.append(self.clash_words() % {"line": other})
        return parsed

    def clash_words(self) -> str:
        """Return what is wrong with a row that stands in the file twice, with %(line)s for the other line."""
        return _("Line %(line)s is about the same thing. Keep one of the two, or give them different external codes.")

    def _decide(self, parsed: Parsed) -> Planned:
        if not parsed.errors:
            try:
                return self.decide(parsed)
            except RowError as error:
                parsed.errors.append(str(error))
        return Planned(parsed, Outcome.ERROR, self.row_name(parsed), " ".join(parsed.errors)[:LONGEST_MESSAGE])

    def row_name(self, parsed: Parsed) -> str:
        """Return what to call a row that may have no name."""
        return parsed.text("name") or parsed.text("external_code")

    def need(self, parsed: Parsed, *names: str) -> None:
        """Raise RowError for a new row without these."""
        for name in names:
            if name not in parsed.values:
                label = self.kind.field(name).label
                raise RowError(
                    _("%(field)s is empty; a new row needs it.") % {"field": label}
                    if name in self.mapped
                    else _("This row is new, and no column is chosen for “%(field)s”.") % {"field": label}
                )

    def claim(self, obj: Any, parsed: Parsed) -> None:
        """Note that this row is about ``obj``; raise RowError when an earlier one was."""
        other = self.claimed.setdefault(obj.pk, parsed.line)
        if other != parsed.line:
            raise RowError(self.clash_words() % {"line": other})

    def usable(self, obj: Any) -> bool:
        """Tell whether a row may be matched without a code: in use, or archived by an undo only."""
        return obj.archived_at is None or obj.archived_at in self.undone

    def locked(self, queryset: Any) -> Any:
        """Lock what is compared when it is about to be written."""
        return queryset.select_for_update(no_key=True, of=("self",)) if self.live else queryset

    def compared(self, parsed: Parsed, obj: Any, values: dict[str, Any], *, name: str = "", note: str = "") -> Planned:
        """Return update or unchanged for a row that is there already."""
        revived = obj.archived_at is not None
        if revived and obj.archived_at not in self.undone:
            raise RowError(
                _("“%(name)s” is archived. Restore it first, or leave this row out.")
                % {"name": str(obj)[:LONGEST_VALUE]}
            )
        self.claim(obj, parsed)
        fields = type(obj)._meta
        changed = {}
        words = []
        for key, value in values.items():
            model_field = fields.get_field(key)
            before = getattr(obj, model_field.attname)
            if before != (value.pk if isinstance(value, models.Model) else value):
                changed[key] = value
                words.append(_change_words(obj, model_field, value))
        if revived:
            words.insert(0, _("Brought back: it was archived by the undo of an import."))
        if note:
            words.append(note)
        if not changed and not revived:
            return Planned(parsed, Outcome.UNCHANGED, name or str(obj), obj=obj)
        message = " ".join(words)[:LONGEST_MESSAGE]
        return Planned(parsed, Outcome.UPDATE, name or str(obj), message, obj, changed, revived=revived)

    def save(self, planned: Sequence[Planned]) -> None:
        """Write a chunk, and note on each row what changed and the key of what was made."""
        create = [each for each in planned if each.outcome == Outcome.CREATE]
        update = [each for each in planned if each.outcome == Outcome.UPDATE]
        revived = [each for each in update if each.revived]
        for each in update:
            each.changes = {
                name: [plain(getattr(each.obj, each.obj._meta.get_field(name).attname)), None] for name in each.values
            }
            if each.revived:
                each.changes["archived_at"] = [plain(each.obj.archived_at), None]
        update_many([(each.obj, {"archived_at": None}) for each in revived], f"{self.noun}.restore")
        self.bulk_save([each.obj for each in create], [(each.obj, each.values) for each in update if each.values])
        for each in update:
            for name, value in each.values.items():
                each.changes[name][1] = plain(value)
        if self.claims_new:
            for each in create:
                self.claimed[each.obj.pk] = each.parsed.line

    # Whether a later row could match a row made by an earlier one.
    claims_new: ClassVar[bool] = False


def _change_words(obj: Any, model_field: Any, value: Any) -> str:
    """Return "City: “Leeds” → “York”." with names for objects."""
    label = capfirst(str(model_field.verbose_name))
    is_relation = model_field.is_relation
    before = getattr(obj, model_field.name) if is_relation else getattr(obj, model_field.attname)
    old, new = _words(model_field, before), _words(model_field, value)
    if not old:
        return f"{label}: {new}."
    return f"{label}: {old} → {new}."


def _words(model_field: Any, value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if getattr(model_field, "choices", None):
        value = dict(model_field.flatchoices).get(value, value)
    text = str(value).replace("\n", " ")
    return f"“{text[:LONGEST_VALUE]}…”" if len(text) > LONGEST_VALUE else f"“{text}”"
