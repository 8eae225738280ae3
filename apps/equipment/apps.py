"""The equipment room."""

from django.apps import AppConfig


class EquipmentConfig(AppConfig):
    """See docs/architecture.md for what this room holds."""

    name = "apps.equipment"
    label = "equipment"
