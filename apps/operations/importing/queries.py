"""Reads of imports; the doors through which they enter views."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from apps.operations.models import ImportLine, ImportRun, ImportState, Outcome
from apps.tenants.permissions import demand_all_facilities

BIGGEST = 2**63 - 1
PAGE_SIZE = 50


def list_imports() -> QuerySet[ImportRun]:
    """Return the organization's imports, the newest first. Needs a member with all facilities."""
    demand_all_facilities()
    runs: QuerySet[ImportRun] = ImportRun.objects.order_by("-id")
    return runs


def get_import(pk: int) -> ImportRun:
    """Return one import, or raise Http404 when the scope does not see it. Needs a member with all facilities."""
    if pk > BIGGEST:
        raise Http404
    run: ImportRun = get_object_or_404(ImportRun.objects.all(), pk=pk)
    demand_all_facilities()
    return run


def last_applied() -> ImportRun | None:
    """Return the import that stands last: the one that may be undone."""
    last: ImportRun | None = ImportRun.objects.filter(state=ImportState.APPLIED).order_by("-applied_at", "-id").first()
    return last


def undo_obstacle(run: ImportRun) -> str:
    """Return why an import cannot be undone, "" if it can."""
    if run.state == ImportState.UNDONE:
        return _("This import is undone already.")
    if run.state != ImportState.APPLIED:
        return _("This import was not carried out, so there is nothing to undo.")
    last = last_applied()
    if last is not None and last.pk != run.pk:
        return _("Only the last import can be undone. Undo “%s” first.") % last
    if not run.created and not run.updated:
        return _("This import changed nothing, so there is nothing to undo.")
    if not run.lines.filter(outcome__in=[Outcome.CREATE, Outcome.UPDATE]).exists():
        return _("This import is too old to be undone.")
    return ""


def lines_of(run: ImportRun, outcome: str = "") -> QuerySet[ImportLine]:
    """Return the rows of an import in the order of the file, all or those of one outcome."""
    lines: QuerySet[ImportLine] = ImportLine.objects.filter(run=run).order_by("line", "id")
    return lines.filter(outcome=outcome) if outcome in Outcome.values else lines


def page_of(lines: QuerySet[ImportLine], after: int | None, before: int | None) -> tuple[list[Any], bool, bool]:
    """Return one page of rows behind or before a line, and whether there are rows before and after it."""
    if before is not None:
        rows = list(lines.filter(line__lt=before).order_by("-line", "-id")[: PAGE_SIZE + 1])
        return rows[:PAGE_SIZE][::-1], len(rows) > PAGE_SIZE, True
    rows = list(lines.filter(line__gt=after or 0)[: PAGE_SIZE + 1])
    return rows[:PAGE_SIZE], bool(after), len(rows) > PAGE_SIZE
