"""The cleaning_logs room."""

from django.apps import AppConfig


class CleaningLogsConfig(AppConfig):
    """See docs/architecture.md for what this room holds."""

    name = "apps.cleaning_logs"
    label = "cleaning_logs"
