"""Every write of an import: upload, columns, apply, undo, discard, prune."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from itertools import islice
from typing import Any, BinaryIO

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit import actions as audit
from apps.audit.models import AuditEvent
from apps.operations.importing import storing
from apps.operations.importing.queries import undo_obstacle
from apps.operations.importing.running import (
    Counts,
    ImportRefused,
    Report,
    apply_table,
    both,
    line_writer,
    lock_imports,
    plan_table,
)
from apps.operations.importing.targets import KINDS
from apps.operations.importing.undoing import Undo
from apps.operations.models import ImportLine, ImportRun, ImportState
from apps.operations.tabular import Table, TableError, match_columns, read_table
from apps.tenants.permissions import Permission, demand, demand_all_facilities
from apps.tenants.scope import require, require_tenant

SAMPLES = 3
# On a page somebody waits for it; the command takes more.
PAGE_ROWS = 50_000
COMMAND_ROWS = 1_000_000
KEEP_UPLOADS = datetime.timedelta(hours=24)
KEEP_LINES = datetime.timedelta(days=30)


def demand_import() -> None:
    """Raise PermissionDenied unless the scope may import, which concerns the whole organization."""
    demand(Permission.IMPORT)
    demand_all_facilities()


def too_large() -> str:
    """Return the words for a file beyond the limit."""
    return _(
        "The file is larger than %s MB. Split it, or delete the sheets, pictures and columns that are not needed."
    ) % (settings.MAX_IMPORT_BYTES // (1024 * 1024))


def table_of(stream: BinaryIO, run: ImportRun, *, max_rows: int = PAGE_ROWS) -> Table:
    """Read a run's file as it was chosen to be read."""
    return read_table(
        stream,
        filename=run.file_name,
        max_bytes=settings.MAX_IMPORT_BYTES,
        max_rows=max_rows,
        encoding=run.encoding or None,
        delimiter=run.delimiter or None,
    )


@transaction.atomic
def start_import(kind: str, upload: File[bytes]) -> ImportRun:
    """Check and keep an uploaded file, and guess its columns. Raises ValidationError for one that cannot be read."""
    demand_import()
    if (upload.size or 0) > settings.MAX_IMPORT_BYTES:
        raise ValidationError({"file": too_large()})
    scope = require_tenant()
    run = ImportRun(kind=kind, file_name=_file_name(upload.name), size=upload.size or 0, by_name=scope.actor[:200])
    run.by_id = scope.membership_id
    _describe(run, upload.file, "file")
    run.stored, run.sha256 = storing.keep(upload, scope.organization_id or 0)
    run.save()
    audit.record("import.upload", run, {"file_name": [None, run.file_name], "sha256": [None, run.sha256]})
    return run


def _file_name(name: str | None) -> str:
    text = (name or "").replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in text if c.isprintable())[:200] or _("file without a name")


def _describe(run: ImportRun, stream: Any, error_field: str) -> None:
    """Note what the file is, its columns with samples, and which column is probably meant by which field."""
    try:
        table = table_of(stream, run)
        rows = [row.cells for row in islice(table.rows(), SAMPLES)]
    except TableError as error:
        raise ValidationError({error_field: str(error)}) from error
    run.columns, run.format, run.notes = table.columns, table.format[:200], list(table.notes)
    run.samples = [[cells[index][:80] for cells in rows] for index in range(len(table.columns))]
    guess = match_columns(table.columns, KINDS[run.kind].targets())
    run.mapping = {name: column for name, column in guess.items() if column}


def _locked(run: ImportRun) -> ImportRun:
    """Return the run afresh, locked; raise ValidationError when it was applied or discarded meanwhile."""
    fresh: ImportRun = ImportRun.objects.select_for_update().get(pk=run.pk)
    if not fresh.is_open:
        raise ValidationError(_("This import was carried out or discarded meanwhile."), code="closed")
    return fresh


def _stored_table(run: ImportRun, stream: BinaryIO) -> Table:
    """Read the stored upload, which must be the very bytes that were uploaded."""
    if storing.digest_of(stream) != run.sha256:
        raise ValidationError(_("The stored file is not the one that was uploaded. Choose it again."), code="gone")
    try:
        return table_of(stream, run)
    except TableError as error:
        raise ValidationError(str(error)) from error


GONE = "gone"


def _gone() -> ValidationError:
    return ValidationError(_("The uploaded file is kept for a day only, and is gone. Choose it again."), code=GONE)


@transaction.atomic
def reread(run: ImportRun, *, encoding: str, delimiter: str) -> ImportRun:
    """Read the file with another encoding or delimiter ("" = guess) and guess its columns again."""
    demand_import()
    run = _locked(run)
    run.encoding, run.delimiter = encoding, delimiter
    try:
        with storing.opened(run.stored) as stream:
            _describe(run, stream, "encoding")
    except FileNotFoundError:
        raise _gone() from None
    run.state = ImportState.UPLOADED
    run.save()
    ImportLine.objects.filter(run=run).delete()
    return run


@transaction.atomic
def choose_columns(run: ImportRun, mapping: Mapping[str, str]) -> ImportRun:
    """Keep which column fills which field, and plan every row. Raises ValidationError; writes nothing else."""
    demand_import()
    run = _locked(run)
    kind = KINDS[run.kind]
    run.mapping = {name: column for name, column in mapping.items() if column}
    for group in kind.missing(list(run.mapping)):
        words = _(" or ").join(f"“{kind.field(name).label}”" for name in group)
        raise ValidationError({group[0]: _("Choose a column for %s.") % words})
    _plan(run)
    return run


def _plan(run: ImportRun) -> None:
    """Plan every row of the stored file and keep the plan for the preview."""
    ImportLine.objects.filter(run=run).delete()
    try:
        with storing.opened(run.stored) as stream:
            table = _stored_table(run, stream)
            counts = plan_table(run.kind, table, run.mapping, line_writer(run, is_done=False))
    except FileNotFoundError:
        raise _gone() from None
    except TableError as error:
        raise ValidationError(str(error)) from error
    _note(run, counts)
    run.new_type_ids = []
    run.state = ImportState.PLANNED
    run.save()


def _note(run: ImportRun, counts: Counts) -> None:
    for name, value in counts.as_fields().items():
        setattr(run, name, value)


@transaction.atomic
def apply_import(run: ImportRun, mode: str) -> ImportRun:
    """Read the file again, decide about every row afresh, and write all or nothing, or the valid rows only.

    With an error in any row, "all or nothing" writes nothing, keeps a new plan, and returns the run still PLANNED.
    """
    demand_import()
    run = _locked(run)
    if run.state != ImportState.PLANNED:
        raise ValidationError(_("Choose the columns first."), code="closed")
    run.mode = mode
    ImportLine.objects.filter(run=run).delete()
    try:
        with storing.opened(run.stored) as stream:
            table = _stored_table(run, stream)
            with transaction.atomic():
                counts = apply_table(run.kind, table, run.mapping, mode, line_writer(run, is_done=True))
    except FileNotFoundError:
        raise _gone() from None
    except TableError as error:
        raise ValidationError(str(error)) from error
    except ImportRefused:
        _plan(run)
        return run
    _finish(run, counts)
    stored, run.stored = run.stored, ""
    run.save()
    transaction.on_commit(lambda: storing.forget(stored), robust=True)
    return run


def _finish(run: ImportRun, counts: Counts) -> None:
    """Note that a run is applied, and the newest audit event: what follows it is somebody else's edit."""
    _note(run, counts)
    run.state, run.applied_at = ImportState.APPLIED, timezone.now()
    run.samples = []
    changes = {name: [None, getattr(run, name)] for name in ("created", "updated", "unchanged", "refused")}
    audit.record("import.apply", run, {**changes, "sha256": [None, run.sha256]})
    run.last_event = AuditEvent.objects.order_by("-id").values_list("id", flat=True).first()


@transaction.atomic
def import_file(
    kind: str,
    stream: BinaryIO,
    file_name: str,
    *,
    mapping: Mapping[str, str],
    mode: str,
    dry_run: bool = False,
    encoding: str = "",
    delimiter: str = "",
    report: Report,
) -> tuple[ImportRun, Counts]:
    """Import an open file in one go, as the commands do; returns the run and the counts.

    ``mapping`` stands before the guess. With ``dry_run``, or when mode ALL meets an error, nothing is written. Raises
    ValidationError and TableError.
    """
    demand_import()
    run = ImportRun(kind=kind, file_name=_file_name(file_name), mode=mode, encoding=encoding, delimiter=delimiter)
    run.by_name, run.by_id = require().actor[:200], require().membership_id
    run.sha256 = storing.digest_of(stream)
    run.size = stream.seek(0, 2)
    table = table_of(stream, run, max_rows=COMMAND_ROWS)
    run.columns, run.format, run.notes = table.columns, table.format[:200], list(table.notes)
    run.mapping = _merged(kind, table, mapping)
    if dry_run:
        return run, plan_table(kind, table, run.mapping, report)
    run.save()
    try:
        with transaction.atomic():
            counts = apply_table(kind, table, run.mapping, mode, both(line_writer(run, is_done=True), report))
    except ImportRefused:
        transaction.set_rollback(True)
        raise
    _finish(run, counts)
    run.save()
    return run, counts


def _merged(kind: str, table: Table, mapping: Mapping[str, str]) -> dict[str, str]:
    """Return the guess with what was chosen in its place; a chosen column fills one field only."""
    names = {field.name for field in KINDS[kind].fields}
    columns = {column.casefold(): column for column in table.columns}
    chosen = {}
    for name, column in mapping.items():
        if name not in names:
            raise ValidationError(
                _("“%(name)s” is not a field. Fields: %(names)s.") % {"name": name, "names": ", ".join(sorted(names))}
            )
        if column and column.casefold() not in columns:
            raise ValidationError(
                _("The file has no column “%(column)s”. Its columns: %(columns)s.")
                % {"column": column, "columns": ", ".join(table.columns)}
            )
        chosen[name] = columns[column.casefold()] if column else ""
    guess = match_columns(table.columns, KINDS[kind].targets())
    taken = set(chosen.values())
    merged = {name: column for name, column in guess.items() if column and name not in chosen and column not in taken}
    merged |= {name: column for name, column in chosen.items() if column}
    for group in KINDS[kind].missing(list(merged)):
        words = _(" or ").join(group)
        raise ValidationError(
            _("No column was recognized as %(field)s. Choose one: --map %(name)s=COLUMN. Columns: %(columns)s.")
            % {"field": words, "name": group[0], "columns": ", ".join(table.columns)}
        )
    return merged


@transaction.atomic
def undo_import(run: ImportRun) -> ImportRun:
    """Take the last import back. Rows that were edited since are named and left as they are."""
    demand_import()
    lock_imports()
    run = ImportRun.objects.select_for_update().get(pk=run.pk)
    if obstacle := undo_obstacle(run):
        raise ValidationError(obstacle)
    run.undone_at = timezone.now()
    undo = Undo(run, run.undone_at)
    undo.run_all()
    run.state, run.left_alone = ImportState.UNDONE, undo.left
    run.save()
    audit.record("import.undo", run, {"left_alone": [None, undo.left]})
    return run


@transaction.atomic
def discard_import(run: ImportRun, *, reason: str = "") -> ImportRun:
    """Give an import up: the upload and the plan go, nothing was imported."""
    demand_import()
    run = _locked(run)
    stored, run.stored = run.stored, ""
    run.state, run.samples = ImportState.DISCARDED, []
    run.save()
    ImportLine.objects.filter(run=run).delete()
    audit.record("import.discard", run, reason=reason)
    transaction.on_commit(lambda: storing.forget(stored), robust=True)
    return run


@transaction.atomic
def prune_import(pk: int, now: datetime.datetime) -> bool:
    """Discard an import left open for a day, or drop the rows of an old one; returns whether it did either."""
    demand_import()
    run = ImportRun.objects.select_for_update().filter(pk=pk).first()
    if run is None:
        return False
    if run.is_open and run.created_at < now - KEEP_UPLOADS:
        discard_import(run, reason=_("Not carried out within a day."))
        return True
    moment = run.applied_at or run.created_at
    if not run.is_open and moment < now - KEEP_LINES:
        deleted, _models = ImportLine.objects.filter(run=run).delete()
        return bool(deleted)
    return False
