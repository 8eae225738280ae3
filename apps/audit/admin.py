"""The audit trail in the admin: read-only. Platform events are for platform staff alone."""

from typing import Any

from django.http import HttpRequest

from apps.audit.admin_base import TenantAdmin
from apps.audit.models import AuditEvent, PlatformEvent
from apps.tenants.admin_sites import register
from apps.tenants.permissions import Permission

FIELDS = (
    "at",
    "actor",
    "role",
    "action",
    "object_type",
    "object_id",
    "object_name",
    "changes",
    "reason",
    "ip",
    "request_id",
)


@register(AuditEvent)
class AuditEventAdmin(TenantAdmin):
    """The organization's trail: never added to, edited or deleted by hand."""

    view_permission = Permission.AUDIT_VIEW
    may_add = False
    fields = FIELDS
    list_display = ("at", "actor", "role", "action", "object_type", "object_name")
    list_filter = ("role", "at")
    search_fields = ("actor", "action", "object_name", "request_id")
    ordering = ("-id",)


@register(PlatformEvent, tenant=False)
class PlatformEventAdmin(TenantAdmin):
    """What platform staff and commands over all organizations did."""

    may_add = False
    fields = FIELDS
    list_display = ("at", "actor", "action", "object_name", "reason")
    list_filter = ("at",)
    search_fields = ("actor", "action", "object_name", "reason")
    ordering = ("-id",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show it in the platform scope only."""
        scope = getattr(request, "scope", None)
        return scope is not None and scope.kind == "platform"
