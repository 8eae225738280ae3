"""``extend_occurrences``: keep stored occurrences and daily counts ahead of the clock. For cron, every few minutes."""

from __future__ import annotations

import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db.models import Q
from django.utils import timezone

from apps.compliance import engine
from apps.compliance.management.organizations import chosen
from apps.compliance.models import Requirement
from apps.compliance.trends import rollup
from apps.tenants.models import Organization
from apps.tenants.scope import system


class Command(BaseCommand):
    """One scope and one short transaction per batch of requirements; an organization that fails stops no other.

    Pages never depend on this having run: it only spares their readers the work. Safe to repeat, and to run twice at
    once: each batch is claimed by its rows' locks.
    """

    help = "Extend stored occurrences up to now, and count days again that changed. Exits with 1 when any failed."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name one organization, or only say what would be done."""
        parser.add_argument("--organization", metavar="SLUG", help="this organization only")
        parser.add_argument("--dry-run", action="store_true", help="only say how many requirements are behind")

    def handle(self, *args: Any, **options: Any) -> None:
        """Extend organization by organization and print one summary line."""
        began = time.monotonic()
        extended = failed = 0
        organizations = chosen(options["organization"])
        for organization in organizations:
            try:
                extended += self._count(organization) if options["dry_run"] else self._extend(organization)
            except Exception as error:  # noqa: BLE001 - the others must still be served
                failed += 1
                self.stderr.write(f"{organization.slug}: {type(error).__name__}: {error}")
        words = "requirements would be extended" if options["dry_run"] else "requirements extended"
        self.stdout.write(
            f"extend_occurrences: {len(organizations)} organizations, {extended} {words}, {failed} failed, "
            f"{time.monotonic() - began:.1f} s."
        )
        if failed:
            sys.exit(1)

    def _count(self, organization: Organization) -> int:
        with system(organization, reason="extend_occurrences"):
            return int(Requirement.objects.filter(Q(archived_at=None), extend_at__lte=timezone.now()).count())

    def _extend(self, organization: Organization) -> int:
        now, total = timezone.now(), 0
        while True:
            # Each batch commits by itself: memory stays flat, and no reader waits for all of it.
            with system(organization, reason="extend_occurrences"):
                done = engine.extend_stale(now, limit=engine.BATCH)
            total += done
            if done < engine.BATCH:
                break
        with system(organization, reason="extend_occurrences"):
            rollup.refresh(now)
        return total
