"""The compliance room."""

from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    """See docs/architecture.md for what this room holds."""

    name = "apps.compliance"
    label = "compliance"

    def ready(self) -> None:
        """Show requirements on the pages of places and machines."""
        from apps.compliance import panels
        from apps.compliance.closures import panels as closure_panels
        from apps.compliance.corrective import panels as corrective_panels
        from apps.compliance.events import panels as event_panels
        from apps.compliance.packs import panels as pack_panels

        panels.register()
        corrective_panels.register()
        closure_panels.register()
        event_panels.register()
        pack_panels.register()
