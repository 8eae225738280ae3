"""Protocols, requirements and their facts in the admin. Facts and projections are read-only."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from apps.audit.admin_base import OwnRowsFilter, TenantAdmin, TenantInline
from apps.compliance import actions
from apps.compliance.closures.models import ClosedDay, Suspension
from apps.compliance.corrective.models import Acknowledgement, CorrectiveAction, CorrectiveEvent, CorrectivePhoto
from apps.compliance.events.models import Prerequisite
from apps.compliance.models import Completion, Occurrence, Protocol, ProtocolVersion, Requirement, Schedule
from apps.compliance.packs.models import AppliedDuty, AppliedPack, FacilityFacts, NotApplicable, PackProtocol
from apps.compliance.trends.models import DailyCount, DirtyDay
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


# --- Closures ---


@register(Suspension)
class SuspensionAdmin(_FactAdmin):
    """When nothing is asked for. Suspensions are made and ended on the closures pages, which keep what was known."""

    fields = (
        "facility",
        "requirement",
        "starts_at",
        "ends_at",
        "reason",
        "recorded_at",
        "by",
        "by_name",
        "replaces",
        "voided_at",
        "voided_reason",
    )
    list_display = ("starts_at", "facility", "requirement", "ends_at", "reason", "by_name", "voided_at")
    list_filter = (("facility", OwnRowsFilter), ("voided_at", admin.EmptyFieldListFilter))
    list_select_related = ("facility", "requirement", "by__user")
    search_fields = ("reason", "facility__name", "requirement__name", "by_name")


@register(ClosedDay)
class ClosedDayAdmin(_FactAdmin):
    """Holidays and closing days."""

    fields = ("name", "site", "first_on", "last_on", "recorded_at", "by", "by_name", "voided_at", "voided_reason")
    list_display = ("name", "site", "first_on", "last_on", "by_name", "voided_at")
    list_filter = (("site", OwnRowsFilter), ("voided_at", admin.EmptyFieldListFilter))
    list_select_related = ("site", "by__user")
    search_fields = ("name", "site__name")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave out the days of facilities out of scope; those of the whole organization concern everybody."""
        queryset: QuerySet[Any] = super().get_queryset(request)
        scope = request.scope  # type: ignore[attr-defined]
        if scope.all_facilities:
            return queryset
        return queryset.filter(Q(site=None) | Q(site_id__in=scope.facility_ids))


# --- Corrective actions ---


@register(CorrectiveAction)
class CorrectiveActionAdmin(_FactAdmin):
    """What must be put right. Owner, deadline and state follow from its events, which its own pages record."""

    detail_url = "compliance:corrective_detail"
    fields = (
        "uuid",
        "title",
        "description",
        "facility",
        "area",
        "equipment",
        "requirement",
        "completion",
        "step",
        "severity",
        "owner",
        "deadline",
        "state",
        "opened_at",
        "fixed_by",
        "closed_by",
    )
    list_display = ("title", "facility", "severity", "state", "owner", "deadline", "opened_at")
    list_filter = (("facility", OwnRowsFilter), "state", "severity")
    list_select_related = (
        "facility",
        "area",
        "equipment",
        "requirement",
        "completion__requirement",
        "owner__user",
        "fixed_by__user",
        "closed_by__user",
    )
    search_fields = ("title", "description", "facility__name", "equipment__name")


@register(CorrectiveEvent)
class CorrectiveEventAdmin(_FactAdmin):
    """What happened to a corrective action: appended, never edited."""

    fields = (
        "action",
        "kind",
        "at",
        "recorded_at",
        "by",
        "by_name",
        "note",
        "state",
        "severity",
        "deadline",
        "owner",
    )
    list_display = ("at", "action", "kind", "by_name", "state", "recorded_at")
    list_filter = ("kind", "at")
    list_select_related = ("action", "by__user", "owner__user")
    search_fields = ("action__title", "note", "by_name")


@register(CorrectivePhoto)
class CorrectivePhotoAdmin(_FactAdmin):
    """Photos that show it was put right, by name and checksum; they are shown on the action's own page."""

    fields = ("event", "file_name", "sha256", "created_at")
    readonly_fields = ("file_name",)
    list_display = ("created_at", "event", "sha256")
    list_select_related = ("event__action",)
    search_fields = ("event__action__title", "sha256")

    @admin.display(description="file")
    def file_name(self, obj: CorrectivePhoto) -> str:
        """Return the stored name; files are served to their organization by the application alone."""
        return obj.image.name or ""


@register(Acknowledgement)
class AcknowledgementAdmin(_FactAdmin):
    """What was said about requirements that are not in order."""

    fields = ("requirement", "facility", "kind", "note", "snooze_until", "recorded_at", "by", "by_name")
    list_display = ("recorded_at", "requirement", "facility", "kind", "snooze_until", "by_name")
    list_filter = (("facility", OwnRowsFilter), "kind")
    list_select_related = ("requirement", "facility", "by__user")
    search_fields = ("requirement__name", "note", "by_name")


@register(Prerequisite)
class PrerequisiteAdmin(_FactAdmin):
    """What a requirement needs first: set on the requirement's page."""

    fields = ("requirement", "needs", "facility", "created_at", "removed_at")
    list_display = ("requirement", "needs", "facility", "created_at", "removed_at")
    list_filter = (("facility", OwnRowsFilter), ("removed_at", admin.EmptyFieldListFilter))
    list_select_related = ("requirement", "needs", "facility")
    search_fields = ("requirement__name", "needs__name")


# --- Rule packs: applied, answered and upgraded on their own pages ---


@register(FacilityFacts)
class FacilityFactsAdmin(_FactAdmin):
    """What was answered about a facility, for rule packs."""

    fields = ("facility", "answers")
    list_display = ("facility", "answers")
    list_filter = (("facility", OwnRowsFilter),)
    list_select_related = ("facility",)
    search_fields = ("facility__name",)


@register(AppliedPack)
class AppliedPackAdmin(_FactAdmin):
    """Which rule packs count at which facility."""

    fields = ("pack", "facility", "version", "is_head_office", "applied_at")
    list_display = ("pack", "facility", "version", "is_head_office", "applied_at")
    list_filter = (("facility", OwnRowsFilter), "pack")
    list_select_related = ("facility",)
    search_fields = ("pack", "facility__name")


@register(PackProtocol)
class PackProtocolAdmin(_FactAdmin):
    """The protocols that rule packs brought."""

    fields = ("duty", "protocol", "given")
    list_display = ("duty", "protocol")
    list_select_related = ("protocol",)
    search_fields = ("duty", "protocol__name")


@register(AppliedDuty)
class AppliedDutyAdmin(_FactAdmin):
    """Which requirement came from which duty of a rule pack."""

    fields = ("requirement", "facility", "pack", "duty", "subject", "variant", "version", "given")
    list_display = ("requirement", "facility", "pack", "duty", "variant", "version")
    list_filter = (("facility", OwnRowsFilter), "pack")
    list_select_related = ("requirement", "facility")
    search_fields = ("requirement__name", "pack", "duty")


@register(NotApplicable)
class NotApplicableAdmin(_FactAdmin):
    """Duties that somebody said do not apply, until when, and why."""

    fields = (
        "facility",
        "pack",
        "duty",
        "duty_name",
        "subject",
        "subject_name",
        "reason",
        "by",
        "by_name",
        "review_on",
        "stated_at",
        "ended_at",
    )
    list_display = ("duty_name", "facility", "subject_name", "pack", "review_on", "by_name", "ended_at")
    list_filter = (("facility", OwnRowsFilter), "pack", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("facility", "by__user")
    search_fields = ("duty_name", "duty", "subject_name", "reason", "facility__name")


# --- Trends ---


@register(DailyCount)
class DailyCountAdmin(_FactAdmin):
    """Counts by facility and day: derived from occurrences."""

    fields = ("facility", "day", "due", "on_time", "late", "missed", "waived", "changes_at")
    list_display = ("day", "facility", "due", "on_time", "late", "missed", "waived")
    list_filter = (("facility", OwnRowsFilter), "day")
    list_select_related = ("facility",)
    search_fields = ("facility__name",)
    ordering = ("-day", "-id")


@register(DirtyDay)
class DirtyDayAdmin(_FactAdmin):
    """Days that are about to be counted again."""

    fields = ("facility", "first_day", "last_day")
    list_display = ("facility", "first_day", "last_day")
    list_filter = (("facility", OwnRowsFilter),)
    list_select_related = ("facility",)
    search_fields = ("facility__name",)
