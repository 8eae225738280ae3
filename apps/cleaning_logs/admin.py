"""Cleaning logs and their photos in the admin: read-only, as they are everywhere."""

from django.contrib import admin

from apps.audit.admin_base import OwnRowsFilter, TenantAdmin
from apps.cleaning_logs.models import CleaningLog, LogPhoto
from apps.tenants.admin_sites import register
from apps.tenants.permissions import Permission


@register(CleaningLog)
class CleaningLogAdmin(TenantAdmin):
    """What was done. A mistake is superseded by a new log, never edited."""

    view_permission = Permission.LOGS_VIEW
    may_add = False
    detail_url = "cleaning_logs:log_detail"
    fields = (
        "uuid",
        "task",
        "subject_name",
        "facility",
        "area",
        "equipment",
        "requirement",
        "protocol_version",
        "label",
        "performed_at",
        "recorded_at",
        "performer_name",
        "performed_by",
        "via",
        "answers",
        "result",
        "notes",
        "supersedes",
        "supersede_reason",
    )
    list_display = ("performed_at", "task", "subject_name", "facility", "performer_name", "result", "recorded_at")
    list_filter = (("facility", OwnRowsFilter), "result", "via", "performed_at")
    list_select_related = ("facility",)
    search_fields = ("task", "subject_name", "performer_name")
    ordering = ("-performed_at", "-id")


@register(LogPhoto)
class LogPhotoAdmin(TenantAdmin):
    """Photos of logs, by name and checksum; they are shown on the log's own page."""

    view_permission = Permission.LOGS_VIEW
    may_add = False
    fields = ("log", "facility", "step", "file_name", "sha256", "created_at")
    readonly_fields = ("file_name",)
    list_display = ("created_at", "log", "facility", "step", "sha256")
    list_filter = (("facility", OwnRowsFilter),)
    list_select_related = ("log", "facility")
    search_fields = ("log__task", "log__subject_name", "sha256")

    @admin.display(description="file")
    def file_name(self, obj: LogPhoto) -> str:
        """Return the stored name; files are served to their organization by the application alone."""
        return obj.image.name or ""
