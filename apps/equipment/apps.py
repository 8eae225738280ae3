"""The equipment room."""

from django.apps import AppConfig


class EquipmentConfig(AppConfig):
    """See docs/architecture.md for what this room holds."""

    name = "apps.equipment"
    label = "equipment"

    def ready(self) -> None:
        """Show equipment and labels on the pages of the facilities room, and follow a facility into the archive."""
        from apps.equipment import actions
        from apps.equipment import panels as own
        from apps.facilities import cascade
        from apps.tenants import panels

        panels.register("facility", "main", own.equipment_panel, order=60)
        panels.register("area", "main", own.equipment_panel, order=60)
        panels.register("facility", "aside", own.labels_panel, order=20)
        panels.register("area", "aside", own.labels_panel, order=20)
        panels.register_rows("facility", "equipment_count", own.count_equipment)
        panels.register_effect("facility", own.facility_effects)
        panels.register_effect("area", own.area_effects)
        panels.register_effect("equipment", own.equipment_effects)
        cascade.follow(actions.archive_with_facility, actions.restore_with_facility)
