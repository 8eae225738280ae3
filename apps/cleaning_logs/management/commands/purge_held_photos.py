"""Delete photos that were held for a form that nobody sent again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from apps.cleaning_logs.held import purge


class Command(BaseCommand):
    """Reads no tenant data: only the folder of held photos. Safe to repeat."""

    help = "Delete photos held for unfinished forms for more than two days."

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete and say how many."""
        self.stdout.write(f"Deleted {purge()} held photos.")
