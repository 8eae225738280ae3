"""Delete uploads that nobody imported within a day, and the row details of old imports."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from apps.operations.importing import storing
from apps.operations.importing.actions import KEEP_LINES, KEEP_UPLOADS, prune_import
from apps.operations.models import ImportRun, ImportState
from apps.tenants.scope import platform, system


class Command(BaseCommand):
    """For cron, hourly: one transaction for each import; exits with 1 when one of them failed."""

    help = "Discard uploads that were not imported within 24 hours, and drop the rows of imports older than 30 days."

    def handle(self, *args: Any, **options: Any) -> None:
        """Prune each import in its organization's scope, then files that no import knows."""
        now = timezone.now()
        with platform("prune imports"):
            open_states = [ImportState.UPLOADED, ImportState.PLANNED]
            runs = ImportRun.objects.order_by("id").values_list("organization_id", "pk")
            due = [
                *runs.filter(state__in=open_states, created_at__lt=now - KEEP_UPLOADS),
                *runs.exclude(state__in=open_states)
                .filter(created_at__lt=now - KEEP_LINES, lines__isnull=False)
                .distinct(),
            ]
        pruned = failed = 0
        for organization_id, pk in due:
            try:
                with system(organization_id, reason="prune_imports"):
                    pruned += prune_import(pk, now)
            except Exception as error:  # noqa: BLE001 (one import must not keep the others)
                failed += 1
                self.stderr.write(f"import {pk}: {error}")
        files = 0
        for stored in list(storing.old_uploads(KEEP_UPLOADS)):
            storing.forget(stored)
            files += 1
        self.stdout.write(f"prune_imports: {pruned} imports pruned, {files} stray files deleted, {failed} failed.")
        if failed:
            raise SystemExit(1)
