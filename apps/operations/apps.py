"""The operations room."""

from django.apps import AppConfig


class OperationsConfig(AppConfig):
    """See docs/architecture.md for what this room holds."""

    name = "apps.operations"
    label = "operations"
