"""``audit_tenancy``: is every organization still alone? Looks at the live data and at what PostgreSQL enforces."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.tenants.catalog import check_catalog, count_keys, crossing_rows, secured_models
from apps.tenants.models import Organization
from apps.tenants.scope import platform


class Command(BaseCommand):
    """Print one line per finding and a summary; exit with 1 when anything but warnings was found. For nightly cron."""

    help = (
        "Find rows that point across organizations, and tables, policies, keys, indexes, grants and logins that are "
        "not as the models declare. Exits with 1 on findings."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Let the data part be limited to one organization; the catalogue part always covers everything."""
        parser.add_argument("--organization", metavar="SLUG", help="check the rows of this organization only")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check the catalogue as the login itself, then the data in platform scope."""
        findings = warnings = 0
        for finding in check_catalog():
            self.stdout.write(str(finding))
            warnings += finding.is_warning
            findings += not finding.is_warning
        with platform("audit_tenancy"):
            organization_id, whose = None, "all organizations"
            if slug := options["organization"]:
                organization = Organization.objects.filter(slug=slug).first()
                if organization is None:
                    raise CommandError(f"There is no organization with the short name “{slug}”.")
                organization_id, whose = organization.pk, slug
            for finding in crossing_rows(organization_id):
                self.stdout.write(str(finding))
                findings += 1
        self.stdout.write(
            f"audit_tenancy: {findings} findings, {warnings} warnings; "
            f"{len(secured_models())} tables, {count_keys()} foreign keys, {whose}."
        )
        if findings:
            sys.exit(1)
