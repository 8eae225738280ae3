"""The audit room."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """See docs/architecture.md for what this room holds."""

    name = "apps.audit"
    label = "audit"
