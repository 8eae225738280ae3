"""What the three import commands share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.operations.importing.actions import import_file
from apps.operations.importing.planning import Planned
from apps.operations.importing.running import Counts, ImportRefused
from apps.operations.models import ImportMode, Outcome
from apps.operations.tabular import ENCODINGS, TableError
from apps.tenants.models import Organization
from apps.tenants.scope import platform, system

SHOWN_ERRORS = 1_000


def mapping_pair(text: str) -> tuple[str, str]:
    """Read one ``target=column``."""
    name, equals, column = text.partition("=")
    if not equals or not name.strip():
        raise argparse.ArgumentTypeError(f"“{text}” is not TARGET=COLUMN, for example name=SiteName.")
    return name.strip(), column.strip()


class ImportCommand(BaseCommand):
    """Import one file into one organization. Run again with the same file, it changes nothing."""

    kind: ClassVar[str]

    def add_arguments(self, parser: CommandParser) -> None:
        """Say which file, for whom, and how to read it."""
        parser.add_argument("file", metavar="FILE", type=Path, help="CSV or XLSX")
        parser.add_argument("--organization", metavar="SLUG", required=True, help="short name of the organization")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen; write nothing")
        parser.add_argument("--valid-only", action="store_true", help="leave rows with errors out, import the others")
        parser.add_argument(
            "--map",
            metavar="TARGET=COLUMN",
            type=mapping_pair,
            action="append",
            nargs="+",
            default=[],
            help="fill a field from this column; an empty column leaves the field out",
        )
        parser.add_argument("--delimiter", metavar="X", help="one character; tab for a tabulator (default: guessed)")
        parser.add_argument("--encoding", choices=sorted(ENCODINGS), help="default: guessed")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, print the counts, and exit with 1 when a row was refused."""
        delimiter = {"tab": "\t", "\\t": "\t"}.get(options["delimiter"] or "", options["delimiter"] or "")
        if len(delimiter) > 1:
            raise CommandError("--delimiter takes one character, or the word tab.")
        with platform("find the organization to import into"):
            organization = Organization.objects.filter(slug=options["organization"]).first()
        if organization is None:
            raise CommandError(f"There is no organization with the short name “{options['organization']}”.")
        try:
            stream = options["file"].open("rb")
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}.") from error
        self.errors = 0
        with stream:
            counts = self._import(organization, stream, delimiter, options)
        if counts is None or counts.error:
            sys.exit(1)

    def _import(
        self, organization: Organization, stream: Any, delimiter: str, options: dict[str, Any]
    ) -> Counts | None:
        mode = ImportMode.VALID if options["valid_only"] else ImportMode.ALL
        arguments: dict[str, Any] = {
            "mapping": dict(pair for pairs in options["map"] for pair in pairs),
            "mode": mode,
            "encoding": options["encoding"] or "",
            "delimiter": delimiter,
        }
        dry_run = options["dry_run"]
        try:
            try:
                with system(organization, reason=f"import_{self.kind}"):
                    run, counts = import_file(
                        self.kind, stream, options["file"].name, dry_run=dry_run, report=self._report, **arguments
                    )
            except ImportRefused:
                # Nothing was written. Plan once more, to name every row with an error and not only the first.
                self.errors, dry_run = 0, True
                with system(organization, reason=f"import_{self.kind}"):
                    run, counts = import_file(
                        self.kind, stream, options["file"].name, dry_run=True, report=self._report, **arguments
                    )
                self._summary(
                    run,
                    counts,
                    "Nothing was imported, because of the rows with errors (--valid-only leaves them out). Otherwise:",
                )
                return counts
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except TableError as error:
            raise CommandError(str(error)) from error
        self._summary(run, counts, "Dry run, nothing was written:" if dry_run else "")
        return counts

    def _report(self, planned: Sequence[Planned]) -> None:
        for each in planned:
            if each.outcome == Outcome.ERROR:
                self.errors += 1
                if self.errors <= SHOWN_ERRORS:
                    name = f" ({each.name})" if each.name else ""
                    self.stderr.write(f"line {each.parsed.line}{name}: {each.message}")

    def _summary(self, run: Any, counts: Counts, heading: str) -> None:
        if self.errors > SHOWN_ERRORS:
            self.stderr.write(f"… and {self.errors - SHOWN_ERRORS:,} more lines with errors")
        self.stdout.write(f"{run.file_name}: {run.format}")
        for note in run.notes:
            self.stdout.write(f"  {note}")
        for name, column in run.mapping.items():
            self.stdout.write(f"  {name} <- {column}")
        unused = [column for column in run.columns if column not in run.mapping.values()]
        if unused:
            self.stdout.write(f"  not imported: {', '.join(unused)}")
        if counts.new_types:
            self.stdout.write(
                f"  new types: {', '.join(counts.new_types[:20])}" + (" …" if len(counts.new_types) > 20 else "")
            )
        if heading:
            self.stdout.write(heading)
        self.stdout.write(
            f"{counts.create:,} created, {counts.update:,} updated, {counts.unchanged:,} unchanged, "
            f"{counts.error:,} with errors"
        )
