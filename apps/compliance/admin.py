"""Protocols, requirements and their facts in the admin. Facts and projections are read-only."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.audit.admin_base import OwnRowsFilter, TenantAdmin, TenantInline
from apps.compliance import actions
from apps.compliance.models import Completion, Occurrence, Protocol, ProtocolVersion, Requirement, Schedule
from apps.tenants.admin_sites import register
from apps.tenants.permissions import Permission


class VersionInline(TenantInline):
    """The versions of a protocol's steps: read-only."""

    model = ProtocolVersion
    view_permission = Permission.COMPLIANCE_VIEW
    may_add = False
    fields = ("number", "steps", "created_at")
    readonly_fields = ("created_at",)


class ScheduleInline(TenantInline):
    """The schedules of a requirement: read-only."""

    model = Schedule
    view_permission = Permission.COMPLIANCE_VIEW
    may_add = False
    fields = ("effective_at", "spec", "recorded_at")
    readonly_fields = ("recorded_at",)


@register(Protocol)
class ProtocolAdmin(TenantAdmin):
    """Name and description of protocols. Steps are edited on the protocol's own page, which makes versions."""

    view_permission = Permission.COMPLIANCE_VIEW
    edit_permission = Permission.COMPLIANCE_EDIT
    may_add = False
    detail_url = "compliance:protocol_detail"
    fields = ("name", "description", "archived_at", "created_at")
    readonly_fields = ("archived_at", "created_at")
    list_display = ("name", "archived_at", "created_at")
    list_filter = (("archived_at", admin.EmptyFieldListFilter),)
    search_fields = ("name",)
    inlines = (VersionInline,)

    def perform_update(self, obj: Any, values: dict[str, Any]) -> None:
        """Change it by the room's action; the steps stay."""
        version = obj.versions.first()
        words = {name: values.get(name, getattr(obj, name)) for name in ("name", "description")}
        actions.update_protocol(obj, **words, steps=version.steps if version else ())


@register(ProtocolVersion)
class ProtocolVersionAdmin(TenantAdmin):
    """Versions of protocols: never edited."""

    view_permission = Permission.COMPLIANCE_VIEW
    may_add = False
    fields = ("protocol", "number", "steps", "created_by", "created_at")
    list_display = ("protocol", "number", "created_at")
    list_display_links = ("protocol", "number")
    list_select_related = ("protocol", "created_by__user")
    search_fields = ("protocol__name",)


@register(Requirement)
class RequirementAdmin(TenantAdmin):
    """Duties: what they say of themselves. Subject and schedule are set on the requirement's own pages."""

    view_permission = Permission.COMPLIANCE_VIEW
    edit_permission = Permission.COMPLIANCE_EDIT
    may_add = False
    detail_url = "compliance:requirement_detail"
    fields = (
        "name",
        "facility",
        "area",
        "equipment",
        "category",
        "evidence",
        "protocol",
        "owner",
        "reference",
        "notes",
        "starts_at",
        "extend_at",
        "archived_at",
        "created_at",
    )
    readonly_fields = ("facility", "area", "equipment", "starts_at", "extend_at", "archived_at", "created_at")
    autocomplete_fields = ("protocol", "owner")
    list_display = ("name", "facility", "area", "equipment", "category", "evidence", "archived_at")
    list_filter = (("facility", OwnRowsFilter), "category", "evidence", ("archived_at", admin.EmptyFieldListFilter))
    list_select_related = ("facility", "area", "equipment", "owner__user", "protocol")
    search_fields = ("name", "reference", "facility__name", "equipment__name", "area__path")
    inlines = (ScheduleInline,)

    def perform_update(self, obj: Any, values: dict[str, Any]) -> None:
        """Change it by the room's action."""
        actions.update_requirement(obj, **values)


class _FactAdmin(TenantAdmin):
    """Facts and projections: read-only."""

    view_permission = Permission.COMPLIANCE_VIEW
    may_add = False


@register(Schedule)
class ScheduleAdmin(_FactAdmin):
    """Schedules: a new one is put in force on the requirement's page."""

    fields = ("requirement", "effective_at", "spec", "created_by", "recorded_at")
    list_display = ("requirement", "effective_at", "recorded_at")
    list_select_related = ("requirement", "created_by__user")
    search_fields = ("requirement__name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Show restricted members the schedules of requirements they see: schedules name no facility themselves."""
        queryset: QuerySet[Any] = super().get_queryset(request)
        if request.scope.all_facilities:  # type: ignore[attr-defined]
            return queryset
        return queryset.filter(requirement__in=Requirement.objects.all())


@register(Completion)
class CompletionAdmin(_FactAdmin):
    """Facts that satisfy requirements."""

    fields = (
        "requirement",
        "facility",
        "kind",
        "result",
        "performed_at",
        "recorded_at",
        "next_due_on",
        "reason",
        "voided_at",
        "voided_reason",
        "by",
        "by_name",
    )
    list_display = ("requirement", "facility", "kind", "result", "performed_at", "by_name", "voided_at")
    list_filter = (("facility", OwnRowsFilter), "kind", "result", "performed_at")
    list_select_related = ("requirement", "facility", "by__user")
    search_fields = ("requirement__name", "by_name")


@register(Occurrence)
class OccurrenceAdmin(_FactAdmin):
    """Dated instances of requirements: derived, so nobody writes them."""

    fields = (
        "requirement",
        "facility",
        "opens_at",
        "warn_at",
        "due_at",
        "overdue_at",
        "closes_at",
        "completed_at",
        "completion",
        "waived",
        "failed_at",
        "restored_at",
        "missed_before",
    )
    list_display = ("requirement", "facility", "opens_at", "due_at", "closes_at", "completed_at", "waived")
    list_filter = (("facility", OwnRowsFilter), "waived")
    list_select_related = ("requirement", "facility", "completion__requirement")
    search_fields = ("requirement__name",)
