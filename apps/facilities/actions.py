"""Every write to facilities and areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit import actions as audit
from apps.audit.bulk import create_many, update_many
from apps.audit.validated import create_valid, update_valid
from apps.facilities import cascade
from apps.facilities.models import Area, Facility
from apps.tenants.permissions import Permission, demand, demand_all_facilities
from apps.tenants.scope import require

FACILITY_FIELDS = frozenset(
    {
        "name",
        "kind",
        "external_code",
        "address",
        "city",
        "county",
        "postcode",
        "country",
        "time_zone",
        "latitude",
        "longitude",
        "phone",
        "email",
        "website",
        "has_gas",
        "storeys",
        "is_hmo",
        "has_sleeping_risk",
        "functional_risk",
        "notes",
    }
)
AREA_FIELDS = frozenset({"parent", "name", "kind", "external_code", "functional_risk", "notes"})
MAX_DEPTH = 8
SEPARATOR = " > "


def demand_place(permission: Permission, facility_id: int | None) -> None:
    """Raise PermissionDenied unless the scope has the permission and covers the facility."""
    demand(permission)
    if not require().covers_facility(facility_id):
        raise PermissionDenied("This facility is not among yours.")


def only(fields: Mapping[str, Any], allowed: frozenset[str]) -> dict[str, Any]:
    """Return the fields; raise TypeError for one that this action does not write."""
    unknown = fields.keys() - allowed
    if unknown:
        raise TypeError(f"Not written by this action: {', '.join(sorted(unknown))}")
    return dict(fields)


# --- Facilities ---


def create_facility(**fields: Any) -> Facility:
    """Add a facility. Raises ValidationError with field names. Needs a member with all facilities."""
    demand(Permission.FACILITIES_EDIT)
    demand_all_facilities()
    return create_valid(Facility(**only(fields, FACILITY_FIELDS)), "facility.create")


def update_facility(facility: Facility, **fields: Any) -> bool:
    """Change a facility; returns whether anything changed."""
    demand_place(Permission.FACILITIES_EDIT, facility.pk)
    return update_valid(facility, only(fields, FACILITY_FIELDS), "facility.update")


@transaction.atomic
def archive_facility(facility: Facility, *, reason: str = "") -> None:
    """Archive a facility with its areas and all that follows it, under one moment, so that it comes back as one."""
    demand_place(Permission.FACILITIES_EDIT, facility.pk)
    _lock(facility.pk)
    facility.refresh_from_db()
    if facility.archived_at is not None:
        return
    now = timezone.now()
    audit.update(facility, {"archived_at": now}, "facility.archive", reason=reason)
    live = list(Area.objects.filter(facility=facility, archived_at=None).select_for_update(no_key=True))
    update_many([(area, {"archived_at": now}) for area in live], "area.archive", reason=reason)
    cascade.archived(facility, now)


@transaction.atomic
def restore_facility(facility: Facility) -> None:
    """Bring back a facility with what was archived together with it."""
    demand_place(Permission.FACILITIES_EDIT, facility.pk)
    _lock(facility.pk)
    facility.refresh_from_db()
    at = facility.archived_at
    if at is None:
        return
    audit.update(facility, {"archived_at": None}, "facility.restore")
    gone = list(Area.objects.filter(facility=facility, archived_at=at).select_for_update(no_key=True))
    update_many([(area, {"archived_at": None}) for area in gone], "area.restore")
    cascade.restored(facility, at)


def set_pin(facility: Facility, pin: str) -> None:
    """Set the PIN for logging from a label: 4 to 8 digits, kept as a hash only."""
    demand_place(Permission.FACILITIES_EDIT, facility.pk)
    if not (pin.isascii() and pin.isdigit() and 4 <= len(pin) <= 8):
        raise ValidationError({"pin": _("Use 4 to 8 digits.")})
    steps = {int(b) - int(a) for a, b in pairwise(pin)}
    if steps in ({0}, {1}, {-1}):
        raise ValidationError(
            {"pin": _("This PIN is too easy to guess. Do not use one digit only, or digits in a row.")}
        )
    audit.update(facility, {"pin_hash": make_password(pin)}, "facility.pin_set")


def clear_pin(facility: Facility) -> None:
    """Take the PIN away: then nobody can log with a PIN here."""
    demand_place(Permission.FACILITIES_EDIT, facility.pk)
    audit.update(facility, {"pin_hash": ""}, "facility.pin_clear")


# --- Areas ---


def _lock(facility_id: int) -> None:
    """Let one change of a facility's tree happen at a time: two moves at once could make a circle."""
    Facility.objects.select_for_update(no_key=True).filter(pk=facility_id).values_list("pk").first()


@transaction.atomic
def create_area(facility: Facility, **fields: Any) -> Area:
    """Add an area to a facility, at most MAX_DEPTH deep, its name once among its neighbours."""
    demand_place(Permission.FACILITIES_EDIT, facility.pk)
    _refuse_archived(facility)
    _lock(facility.pk)
    area = Area(facility=facility, **only(fields, AREA_FIELDS))
    area.name = _area_name(area.name)
    area.path = _path(area, _areas(facility.pk))
    _refuse_twin(area)
    return create_valid(area, "area.create")


@transaction.atomic
def update_area(area: Area, **fields: Any) -> bool:
    """Change an area; moving or renaming it carries the paths of everything inside along."""
    demand_place(Permission.FACILITIES_EDIT, area.facility_id)
    values = only(fields, AREA_FIELDS)
    _lock(area.facility_id)
    if "name" in values:
        values["name"] = _area_name(values["name"])
    parent = values.get("parent", area.parent)
    if parent is not None and parent.facility_id != area.facility_id:
        raise ValidationError({"parent": _("Choose an area of the same facility.")})
    areas = _areas(area.facility_id)
    trial = Area(pk=area.pk, facility_id=area.facility_id, name=values.get("name", area.name))
    trial.parent_id = parent.pk if parent else None
    trial.archived_at = area.archived_at
    areas[area.pk] = trial
    values["path"] = _path(trial, areas)
    _refuse_twin(trial)
    below = _below(area.pk, areas)
    moved = [(child, {"path": _path(child, areas)}) for child in below]
    if not update_valid(area, values, "area.update"):
        return False
    update_many(moved, "area.update")
    return True


@transaction.atomic
def archive_area(area: Area, *, reason: str = "") -> None:
    """Archive an area with the areas inside it, under one moment. Equipment stays where it is, in service."""
    demand_place(Permission.FACILITIES_EDIT, area.facility_id)
    _lock(area.facility_id)
    area.refresh_from_db()
    if area.archived_at is not None:
        return
    now = timezone.now()
    below = [child for child in _below(area.pk, _areas(area.facility_id)) if child.archived_at is None]
    update_many([(each, {"archived_at": now}) for each in (area, *below)], "area.archive", reason=reason)


@transaction.atomic
def restore_area(area: Area) -> None:
    """Bring back an area with the areas that were archived together with it."""
    demand_place(Permission.FACILITIES_EDIT, area.facility_id)
    _lock(area.facility_id)
    area.refresh_from_db()
    at = area.archived_at
    if at is None:
        return
    _refuse_archived(area.facility)
    areas = _areas(area.facility_id)
    if area.parent_id is not None and areas[area.parent_id].archived_at is not None:
        raise ValidationError(
            _("Restore “%(area)s” first: this area is inside it."), params={"area": areas[area.parent_id]}
        )
    below = [child for child in _below(area.pk, areas) if child.archived_at == at]
    update_many([(each, {"archived_at": None}) for each in (area, *below)], "area.restore")


def _areas(facility_id: int) -> dict[int, Area]:
    return {area.pk: area for area in Area.objects.filter(facility=facility_id)}


def _below(pk: int, areas: Mapping[int, Area]) -> list[Area]:
    """Return everything inside an area, parents before children."""
    children: dict[int | None, list[Area]] = {}
    for area in areas.values():
        children.setdefault(area.parent_id, []).append(area)
    found: list[Area] = []
    waiting = list(children.get(pk, []))
    while waiting and len(found) <= len(areas):
        area = waiting.pop(0)
        found.append(area)
        waiting += children.get(area.pk, [])
    return found


def _area_name(name: str) -> str:
    name = name.strip()
    if ">" in name:
        raise ValidationError({"name": _("Leave out “>”: it separates areas in a path.")})
    return name


def _path(area: Area, areas: Mapping[int, Area]) -> str:
    """Return the names from the outermost area down. Raises ValidationError for a circle, too deep or too long."""
    names, parent_id, seen = [area.name], area.parent_id, {area.pk}
    while parent_id is not None:
        if parent_id in seen:
            raise ValidationError({"parent": _("An area cannot be inside itself.")})
        seen.add(parent_id)
        parent = areas.get(parent_id)
        if parent is None:
            raise ValidationError({"parent": _("Choose an area of the same facility.")})
        if parent.archived_at is not None and area.archived_at is None:
            raise ValidationError({"parent": _("This area is archived. Choose another one.")})
        names.append(parent.name)
        parent_id = parent.parent_id
    if len(names) > MAX_DEPTH:
        raise ValidationError({"parent": _("Areas can be %s deep at most.") % MAX_DEPTH})
    path = SEPARATOR.join(reversed(names))
    if len(path) > 1000:
        raise ValidationError({"name": _("This name makes the whole path too long.")})
    return path


def _refuse_twin(area: Area) -> None:
    twins = Area.objects.filter(
        facility=area.facility_id, parent=area.parent_id, name__iexact=area.name, archived_at=None
    ).exclude(pk=area.pk)
    if twins.exists():
        raise ValidationError({"name": _("There is an area of this name in the same place already.")})


def _refuse_archived(facility: Facility) -> None:
    if facility.archived_at is not None:
        raise ValidationError(_("This facility is archived. Restore it first."))


# --- Many at once ---


@transaction.atomic
def bulk_save_facilities(
    create: Sequence[Facility], update: Sequence[tuple[Facility, Mapping[str, Any]]] = ()
) -> tuple[int, int]:
    """Write many facilities, one audit event each; returns how many were added and changed.

    The caller has validated each row (``full_clean``); the database still refuses a code taken twice.
    """
    demand(Permission.FACILITIES_EDIT)
    if create:
        demand_all_facilities()
    create_many(create, "facility.create")
    return len(create), len(update_many(_locked(Facility, update, FACILITY_FIELDS), "facility.update"))


@transaction.atomic
def bulk_save_areas(create: Sequence[Area], update: Sequence[tuple[Area, Mapping[str, Any]]] = ()) -> tuple[int, int]:
    """Write many areas, one audit event each; paths are worked out here, parents before their children.

    New areas may have new areas as ``parent``, which must stand before them in ``create``.
    """
    demand(Permission.FACILITIES_EDIT)
    touched = sorted({area.facility_id for area in create} | {area.facility_id for area, _values in update})
    for facility_id in touched:
        demand_place(Permission.FACILITIES_EDIT, facility_id)
        _lock(facility_id)
    levels: list[list[Area]] = []
    depth: dict[int, int] = {}
    for area in create:
        level = depth.get(id(area.parent), -1) + 1 if area.parent is not None else 0
        depth[id(area)] = level
        while len(levels) <= level:
            levels.append([])
        levels[level].append(area)
    for level_areas in levels:
        for area in level_areas:
            area.parent = area.parent  # takes the key that the parent got meanwhile
            area.name = _area_name(area.name)
            parents = _chain(area)
            area.path = _path(area, parents)
        create_many(level_areas, "area.create")
    changed = update_many(_locked(Area, update, AREA_FIELDS), "area.update")
    _repath({area.facility_id for area in changed})
    return len(create), len(changed)


def _chain(area: Area) -> dict[int, Area]:
    """Return the area's ancestors by key, as far as they are loaded, the rest from the database."""
    found: dict[int, Area] = {}
    parent = area.parent
    while parent is not None and parent.pk not in found:
        if parent.facility_id != area.facility_id:
            raise ValidationError({"parent": _("Choose an area of the same facility.")})
        found[parent.pk] = parent
        parent = parent.parent
    return found


def _repath(facility_ids: set[int]) -> None:
    """Correct every path of these facilities after names or parents changed."""
    for facility_id in facility_ids:
        areas = _areas(facility_id)
        paths = [(area, {"path": _path(area, areas)}) for area in areas.values()]
        update_many([(area, values) for area, values in paths if area.path != values["path"]], "area.update")


def _locked(
    model: type[Any], update: Sequence[tuple[Any, Mapping[str, Any]]], allowed: frozenset[str]
) -> list[tuple[Any, dict[str, Any]]]:
    """Return the rows afresh and locked, each with its new values; a row out of sight raises PermissionDenied."""
    fresh = model.objects.select_for_update(no_key=True).in_bulk([obj.pk for obj, _values in update]) if update else {}
    if len(fresh) != len({obj.pk for obj, _values in update}):
        raise PermissionDenied("Some of these are not yours.")
    return [(fresh[obj.pk], only(values, allowed)) for obj, values in update]
