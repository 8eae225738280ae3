"""The facilities room."""

from django.apps import AppConfig


class FacilitiesConfig(AppConfig):
    """See docs/architecture.md for what this room holds."""

    name = "apps.facilities"
    label = "facilities"
