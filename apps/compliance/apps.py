"""The compliance room."""

from django.apps import AppConfig


class ComplianceConfig(AppConfig):
    """See docs/architecture.md for what this room holds."""

    name = "apps.compliance"
    label = "compliance"
