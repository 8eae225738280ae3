"""Facilities and areas in the admin; the facilities that a membership names, on the membership's page."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from apps.accounts.admin import MembershipAdmin
from apps.audit.admin_base import OwnRowsFilter, TenantAdmin, TenantInline
from apps.facilities import actions
from apps.facilities.models import Area, Facility, FacilityAccess
from apps.tenants.admin_sites import register
from apps.tenants.permissions import Permission


@register(Facility)
class FacilityAdmin(TenantAdmin):
    """Sites, buildings and properties."""

    view_permission = Permission.FACILITIES_VIEW
    edit_permission = Permission.FACILITIES_EDIT
    detail_url = "facilities:facility_detail"
    fieldsets = (
        (None, {"fields": ("name", "kind", "external_code", "time_zone", "notes")}),
        ("Address", {"fields": ("address", "city", "county", "postcode", "country", "latitude", "longitude")}),
        ("Contact", {"fields": ("phone", "email", "website")}),
        (
            "Facts that decide which duties apply",
            {
                "fields": ("has_gas", "storeys", "is_hmo", "has_sleeping_risk", "functional_risk"),
            },
        ),
        ("Dates", {"fields": ("archived_at", "created_at")}),
    )
    readonly_fields = ("archived_at", "created_at")
    list_display = ("name", "external_code", "kind", "city", "archived_at")
    list_filter = ("functional_risk", ("archived_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "external_code", "city", "postcode")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let members with all facilities add one: the others would not see it."""
        return super().has_add_permission(request) and request.scope.all_facilities  # type: ignore[attr-defined]

    def perform_create(self, obj: models.Model, values: dict[str, Any]) -> models.Model:
        """Add it by the room's action."""
        return actions.create_facility(**values)

    def perform_update(self, obj: Any, values: dict[str, Any]) -> None:
        """Change it by the room's action."""
        actions.update_facility(obj, **values)


@register(Area)
class AreaAdmin(TenantAdmin):
    """Places in facilities. The path follows from the names."""

    view_permission = Permission.FACILITIES_VIEW
    edit_permission = Permission.FACILITIES_EDIT
    detail_url = "facilities:area_detail"
    fields = (
        "facility",
        "parent",
        "name",
        "path",
        "kind",
        "external_code",
        "functional_risk",
        "notes",
        "archived_at",
        "created_at",
    )
    readonly_fields = ("path", "archived_at", "created_at")
    autocomplete_fields = ("facility", "parent")
    list_display = ("path", "facility", "kind", "external_code", "archived_at")
    list_filter = (("facility", OwnRowsFilter), "functional_risk", ("archived_at", admin.EmptyFieldListFilter))
    list_select_related = ("facility", "parent")
    search_fields = ("path", "external_code", "facility__name")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep an area in its facility."""
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if obj is None else (*fields, "facility")

    def perform_create(self, obj: models.Model, values: dict[str, Any]) -> models.Model:
        """Add it by the room's action, which works out the path."""
        return actions.create_area(values.pop("facility"), **values)

    def perform_update(self, obj: Any, values: dict[str, Any]) -> None:
        """Change it by the room's action, which carries the paths of what is inside along."""
        actions.update_area(obj, **values)


class FacilityAccessInline(TenantInline):
    """The facilities of a membership that does not cover all of them."""

    model = FacilityAccess
    view_permission = Permission.MEMBERS_VIEW
    edit_permission = Permission.MEMBERS_EDIT
    needs_all_facilities = True
    may_delete = True
    autocomplete_fields = ("facility",)
    verbose_name_plural = "Facilities of this member (when not all)"


MembershipAdmin.inlines = (FacilityAccessInline,)
