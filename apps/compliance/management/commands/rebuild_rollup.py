"""``rebuild_rollup``: count every day of every facility again, from the occurrences."""

from __future__ import annotations

import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.compliance.management.organizations import chosen
from apps.compliance.trends import rollup
from apps.tenants.scope import system


class Command(BaseCommand):
    """The counts are derived, so this changes nothing that is right. For after a restore or when in doubt."""

    help = "Count the days of trends again from nothing. Exits with 1 when any organization failed."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name one organization."""
        parser.add_argument("--organization", metavar="SLUG", help="this organization only")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rebuild organization by organization and print one summary line."""
        began = time.monotonic()
        days = failed = 0
        organizations = chosen(options["organization"])
        for organization in organizations:
            try:
                with system(organization, reason="rebuild_rollup"):
                    days += rollup.rebuild()
            except Exception as error:  # noqa: BLE001 - the others must still be served
                failed += 1
                self.stderr.write(f"{organization.slug}: {type(error).__name__}: {error}")
        self.stdout.write(
            f"rebuild_rollup: {len(organizations)} organizations, {days} days counted, {failed} failed, "
            f"{time.monotonic() - began:.1f} s."
        )
        if failed:
            sys.exit(1)
