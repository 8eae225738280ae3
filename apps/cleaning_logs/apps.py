"""The cleaning_logs room."""

from django.apps import AppConfig


class CleaningLogsConfig(AppConfig):
    """See docs/architecture.md for what this room holds."""

    name = "apps.cleaning_logs"
    label = "cleaning_logs"

    def ready(self) -> None:
        """Register this room's panels."""
        from apps.cleaning_logs import panels

        panels.register_all()
