"""The compliance room."""

from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    """See docs/architecture.md for what this room holds."""

    name = "apps.compliance"
    label = "compliance"

    def ready(self) -> None:
        """Show requirements on the pages of places and machines."""
        from apps.compliance import panels
        from apps.compliance.packs import panels as pack_panels

        panels.register()
        pack_panels.register()
