"""Equipment, its types and the labels in the admin."""

from typing import Any

from django.contrib import admin
from django.db import models

from apps.audit.admin_base import OwnRowsFilter, TenantAdmin
from apps.equipment import actions
from apps.equipment.models import Equipment, EquipmentType, Label
from apps.tenants.admin_sites import register
from apps.tenants.permissions import Permission


@register(EquipmentType)
class EquipmentTypeAdmin(TenantAdmin):
    """Kinds of equipment. One that no machine has may be deleted."""

    view_permission = Permission.EQUIPMENT_VIEW
    edit_permission = Permission.EQUIPMENT_EDIT
    may_delete = True
    fields = ("name", "description", "archived_at")
    readonly_fields = ("archived_at",)
    list_display = ("name", "description", "archived_at")
    search_fields = ("name",)
    # A type is shared by all facilities.
    needs_all_facilities = True

    def perform_create(self, obj: models.Model, values: dict[str, Any]) -> models.Model:
        """Add it by the room's action."""
        return actions.create_type(**values)

    def perform_update(self, obj: Any, values: dict[str, Any]) -> None:
        """Change it by the room's action."""
        actions.update_type(obj, **values)


@register(Equipment)
class EquipmentAdmin(TenantAdmin):
    """Machines. Photos are added on the machine's own page, where they are re-encoded."""

    view_permission = Permission.EQUIPMENT_VIEW
    edit_permission = Permission.EQUIPMENT_EDIT
    detail_url = "equipment:equipment_detail"
    fields = (
        "facility",
        "area",
        "type",
        "name",
        "category",
        "serial_number",
        "external_code",
        "maker",
        "model",
        "status",
        "notes",
        "archived_at",
        "created_at",
    )
    readonly_fields = ("archived_at", "created_at")
    autocomplete_fields = ("facility", "area", "type")
    list_display = ("name", "type", "facility", "area", "serial_number", "status", "archived_at")
    list_filter = (
        ("facility", OwnRowsFilter),
        ("type", OwnRowsFilter),
        "category",
        "status",
        ("archived_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("type", "facility", "area")
    search_fields = ("name", "serial_number", "external_code", "facility__name")

    def perform_create(self, obj: models.Model, values: dict[str, Any]) -> models.Model:
        """Add it by the room's action."""
        return actions.create_equipment(**values)

    def perform_update(self, obj: Any, values: dict[str, Any]) -> None:
        """Change it by the room's action."""
        actions.update_equipment(obj, **values)


@register(Label)
class LabelAdmin(TenantAdmin):
    """Printed codes: read-only. They are made, claimed, replaced and revoked on the label pages, which keep history."""

    view_permission = Permission.EQUIPMENT_VIEW
    may_add = False
    detail_url = "equipment:label_detail"
    fields = (
        "code",
        "facility",
        "area",
        "equipment",
        "claimed_at",
        "revoked_at",
        "revoked_reason",
        "replaced_by",
        "created_by",
        "created_at",
    )
    list_display = ("code", "facility", "area", "equipment", "claimed_at", "revoked_at")
    list_filter = (
        ("facility", OwnRowsFilter),
        ("claimed_at", admin.EmptyFieldListFilter),
        ("revoked_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("facility", "area", "equipment")
    search_fields = ("code", "facility__name", "equipment__name", "area__path")
