"""Every write to equipment and its types. Labels have label_actions.py."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit import actions as audit
from apps.audit.bulk import create_many, update_many
from apps.audit.validated import create_valid, update_valid
from apps.equipment.models import Equipment, EquipmentType
from apps.facilities.actions import demand_place, only
from apps.facilities.models import Area, Facility
from apps.tenants.permissions import Permission, demand, demand_all_facilities

EQUIPMENT_FIELDS = frozenset(
    {
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
    }
)
TYPE_FIELDS = frozenset({"name", "description"})


# --- Equipment ---


def create_equipment(**fields: Any) -> Equipment:
    """Add a machine. Raises ValidationError with field names."""
    values = only(fields, EQUIPMENT_FIELDS)
    _demand_facility(values.get("facility"))
    equipment = Equipment(**values)
    _check_place(equipment.facility, equipment.area)
    _check_type(equipment.type)
    return create_valid(equipment, "equipment.create")


def update_equipment(equipment: Equipment, **fields: Any) -> bool:
    """Change a machine; returns whether anything changed. Another facility clears an area of the old one."""
    demand_place(Permission.EQUIPMENT_EDIT, equipment.facility_id)
    values = only(fields, EQUIPMENT_FIELDS)
    facility = values.get("facility", equipment.facility)
    _demand_facility(facility)
    if facility.pk != equipment.facility_id:
        area = values.get("area")
        if "area" not in values or (area is not None and area.pk == equipment.area_id):
            values["area"] = None
        if facility.archived_at is not None:
            raise ValidationError({"facility": _("This facility is archived. Choose another one.")})
    area = values.get("area", equipment.area)
    if area is not None:
        _check_place(facility, area, known=equipment.area_id)
    kind = values.get("type")
    if kind is not None and kind.pk != equipment.type_id:
        _check_type(kind)
    _note_status(equipment, values)
    return update_valid(equipment, values, "equipment.update")


def archive_equipment(equipment: Equipment, *, reason: str = "") -> None:
    """Take a machine out of lists and duties; its history and labels stay."""
    demand_place(Permission.EQUIPMENT_EDIT, equipment.facility_id)
    if equipment.archived_at is None:
        audit.update(equipment, {"archived_at": timezone.now()}, "equipment.archive", reason=reason)


def restore_equipment(equipment: Equipment) -> None:
    """Bring an archived machine back. Its facility must be in use."""
    demand_place(Permission.EQUIPMENT_EDIT, equipment.facility_id)
    if equipment.facility.archived_at is not None:
        raise ValidationError(_("Its facility is archived. Restore the facility first."))
    if equipment.archived_at is not None:
        audit.update(equipment, {"archived_at": None}, "equipment.restore")


def set_photo(equipment: Equipment, photo: File[bytes] | None) -> None:
    """Give a machine a photo made by ``apps.tenants.images.clean_image``, or none. The old file goes on commit."""
    demand_place(Permission.EQUIPMENT_EDIT, equipment.facility_id)
    field = Equipment._meta.get_field("photo")
    old, storage = equipment.photo.name or "", equipment.photo.storage
    name = ""
    if photo is not None:
        name = storage.save(field.generate_filename(equipment, photo.name or "photo.jpg"), photo)
    audit.update(equipment, {"photo": name}, "equipment.photo")
    if old and old != name:
        transaction.on_commit(lambda: storage.delete(old), robust=True)


def _note_status(equipment: Equipment, values: dict[str, Any]) -> None:
    """A changed status says since when it holds."""
    if values.get("status", equipment.status) != equipment.status:
        values["status_since"] = timezone.now()


def _demand_facility(facility: Facility | None) -> None:
    if facility is None:
        demand(Permission.EQUIPMENT_EDIT)
        raise ValidationError({"facility": _("Choose a facility.")})
    demand_place(Permission.EQUIPMENT_EDIT, facility.pk)


def _check_place(facility: Facility, area: Area | None, *, known: int | None = None) -> None:
    """Raise unless facility and area are in use and belong together; ``known`` is the area it is in already."""
    if known is None and facility.archived_at is not None:
        raise ValidationError({"facility": _("This facility is archived. Choose another one.")})
    if area is None:
        return
    if area.facility_id != facility.pk:
        raise ValidationError({"area": _("This area is not in the chosen facility.")})
    if area.archived_at is not None and area.pk != known:
        raise ValidationError({"area": _("This area is archived. Choose another one.")})


def _check_type(kind: EquipmentType) -> None:
    if kind.archived_at is not None:
        raise ValidationError({"type": _("This type is archived. Choose another one.")})


# --- With a facility into the archive and back ---


def archive_with_facility(facility: Facility, at: datetime.datetime) -> None:
    """Archive the machines of a facility together with it."""
    live = list(Equipment.objects.filter(facility=facility, archived_at=None).select_for_update(no_key=True))
    update_many([(each, {"archived_at": at}) for each in live], "equipment.archive")


def restore_with_facility(facility: Facility, at: datetime.datetime) -> None:
    """Bring back the machines that were archived together with their facility."""
    gone = list(Equipment.objects.filter(facility=facility, archived_at=at).select_for_update(no_key=True))
    update_many([(each, {"archived_at": None}) for each in gone], "equipment.restore")


# --- Types ---


def create_type(**fields: Any) -> EquipmentType:
    """Add an equipment type."""
    demand(Permission.EQUIPMENT_EDIT)
    return create_valid(EquipmentType(**only(fields, TYPE_FIELDS)), "equipment_type.create")


def update_type(kind: EquipmentType, **fields: Any) -> bool:
    """Change an equipment type, for all facilities."""
    demand(Permission.EQUIPMENT_EDIT)
    demand_all_facilities()
    return update_valid(kind, only(fields, TYPE_FIELDS), "equipment_type.update")


def archive_type(kind: EquipmentType) -> None:
    """Offer a type no longer; machines that have it keep it."""
    demand(Permission.EQUIPMENT_EDIT)
    demand_all_facilities()
    if kind.archived_at is None:
        audit.update(kind, {"archived_at": timezone.now()}, "equipment_type.archive")


def restore_type(kind: EquipmentType) -> None:
    """Offer a type again."""
    demand(Permission.EQUIPMENT_EDIT)
    demand_all_facilities()
    if kind.archived_at is not None:
        audit.update(kind, {"archived_at": None}, "equipment_type.restore")


# --- Many at once ---


@transaction.atomic
def bulk_save_equipment(
    create: Sequence[Equipment], update: Sequence[tuple[Equipment, Mapping[str, Any]]] = ()
) -> tuple[int, int]:
    """Write many machines, one audit event each; returns how many were added and changed.

    The caller has validated each row (``full_clean``) and changed nothing on the objects to update; the database still
    refuses a serial number or code taken twice, and an area of another facility.
    """
    demand(Permission.EQUIPMENT_EDIT)
    fresh = (
        Equipment.objects.select_for_update(no_key=True).in_bulk([obj.pk for obj, _values in update]) if update else {}
    )
    if len(fresh) != len({obj.pk for obj, _values in update}):
        raise PermissionDenied("Some of these are not yours.")
    changed = [(fresh[obj.pk], only(values, EQUIPMENT_FIELDS)) for obj, values in update]
    places = {obj.facility_id for obj in create} | {
        values["facility"].pk for _obj, values in changed if "facility" in values
    }
    for facility_id in places:
        demand_place(Permission.EQUIPMENT_EDIT, facility_id)
    for obj, values in changed:
        # An area belongs to one facility: the old one does not move along.
        if "facility" in values and values["facility"].pk != obj.facility_id:
            values.setdefault("area", None)
        _note_status(obj, values)
    create_many(create, "equipment.create")
    return len(create), len(update_many(changed, "equipment.update"))
