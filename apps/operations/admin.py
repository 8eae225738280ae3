"""Imports in the admin: read-only. They are made and undone on the import pages."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from apps.audit.admin_base import TenantAdmin
from apps.operations.models import ImportLine, ImportRun
from apps.tenants.admin_sites import register
from apps.tenants.permissions import Permission


class _ImportAdmin(TenantAdmin):
    """A file may hold rows of any facility, so members restricted to some see none of it."""

    view_permission = Permission.IMPORT
    may_add = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Show imports to members with all facilities."""
        queryset: QuerySet[Any] = super().get_queryset(request)
        return queryset if request.scope.all_facilities else queryset.none()  # type: ignore[attr-defined]


@register(ImportRun)
class ImportRunAdmin(_ImportAdmin):
    """One file and what became of it."""

    fields = (
        "kind",
        "state",
        "mode",
        "file_name",
        "size",
        "sha256",
        "created",
        "updated",
        "unchanged",
        "refused",
        "left_alone",
        "by_name",
        "created_at",
        "applied_at",
        "undone_at",
    )
    list_display = ("file_name", "kind", "state", "created", "updated", "refused", "by_name", "created_at")
    list_filter = ("kind", "state")
    search_fields = ("file_name", "by_name")


@register(ImportLine)
class ImportLineAdmin(_ImportAdmin):
    """One row of a file."""

    fields = ("run", "line", "outcome", "name", "message")
    list_display = ("run", "line", "outcome", "name", "message")
    list_display_links = ("line",)
    list_filter = ("outcome",)
    list_select_related = ("run",)
    search_fields = ("name", "message", "run__file_name")
