"""The audit room."""

from typing import Any

from django.apps import AppConfig


def _note_platform_entry(*, scope: Any, **kwargs: Any) -> None:
    from apps.audit.actions import record_platform

    record_platform("platform.enter", actor=scope.actor, actor_id=scope.user_id, reason=scope.reason)


class AuditConfig(AppConfig):
    """See docs/architecture.md for what this room holds."""

    name = "apps.audit"
    label = "audit"

    def ready(self) -> None:
        """Record when platform staff enter the platform scope."""
        from apps.tenants.middleware import platform_entered

        platform_entered.connect(_note_platform_entry, dispatch_uid="audit.platform_entry")
