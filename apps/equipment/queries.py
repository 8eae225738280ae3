"""Reads of equipment, its types and labels; the doors through which they enter views."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from apps.equipment.codes import normalize_code
from apps.equipment.models import Equipment, EquipmentType, Label
from apps.facilities.models import Area, Facility
from apps.facilities.queries import BIGGEST
from apps.tenants.scope import identity


class LabelPlace(NamedTuple):
    """Where a label leads, as far as it may be known before its organization's scope is open."""

    organization_id: int
    facility_id: int | None
    code: str
    is_claimed: bool
    is_revoked: bool
    replaced_by_id: int | None


# --- Equipment ---


def list_equipment() -> QuerySet[Equipment]:
    """Return the machines that the scope covers, archived ones too."""
    found: QuerySet[Equipment] = Equipment.objects.all()
    return found


def with_place(equipment: QuerySet[Equipment]) -> QuerySet[Equipment]:
    """Join what a list shows of each machine."""
    return equipment.select_related("facility", "area", "type")


def get_equipment(pk: int) -> Equipment:
    """Return one machine with its place and type, or raise Http404 when the scope does not see it."""
    if pk > BIGGEST:
        raise Http404
    equipment: Equipment = get_object_or_404(with_place(Equipment.objects.all()), pk=pk)
    return equipment


def count_by_facility(facilities: Iterable[Facility]) -> dict[int, int]:
    """Return how many machines in use each facility has, in one query."""
    counted = (
        Equipment.objects.filter(facility__in=[facility.pk for facility in facilities], archived_at=None)
        .order_by()
        .values_list("facility_id")
        .annotate(number=Count("pk"))
    )
    return dict(counted)


# --- Types ---


def list_types() -> QuerySet[EquipmentType]:
    """Return the equipment types, archived ones too."""
    found: QuerySet[EquipmentType] = EquipmentType.objects.all()
    return found


def live_types() -> QuerySet[EquipmentType]:
    """Return the types on offer, by name."""
    found: QuerySet[EquipmentType] = EquipmentType.objects.filter(archived_at=None).order_by("name", "id")
    return found


def get_type(pk: int) -> EquipmentType:
    """Return one equipment type, or raise Http404."""
    if pk > BIGGEST:
        raise Http404
    kind: EquipmentType = get_object_or_404(EquipmentType.objects.all(), pk=pk)
    return kind


# --- Labels ---


def list_labels() -> QuerySet[Label]:
    """Return the labels that the scope covers; those not claimed only for members with all facilities."""
    found: QuerySet[Label] = Label.objects.all()
    return found


def with_subject(labels: QuerySet[Label]) -> QuerySet[Label]:
    """Join what a label stands for."""
    return labels.select_related("facility", "area__facility", "equipment__facility", "equipment__area")


def get_label(pk: int) -> Label:
    """Return one label with what it stands for, or raise Http404 when the scope does not see it."""
    if pk > BIGGEST:
        raise Http404
    label: Label = get_object_or_404(with_subject(Label.objects.all()), pk=pk)
    return label


def labels_of(subject: Facility | Area | Equipment) -> QuerySet[Label]:
    """Return the labels of exactly this subject, the ones in use first, then the newest."""
    if isinstance(subject, Equipment):
        found = Label.objects.filter(equipment=subject)
    elif isinstance(subject, Area):
        found = Label.objects.filter(area=subject)
    else:
        found = Label.objects.filter(facility=subject, area=None, equipment=None)
    ordered: QuerySet[Label] = found.order_by("-revoked_at", "-id")
    return ordered


def find_label(code: str) -> Label | None:
    """Return the label of a code as printed or typed, with what it stands for; None if the scope knows none."""
    canonical = normalize_code(code)
    return None if canonical is None else with_subject(Label.objects.all()).filter(code=canonical).first()


def locate_label(code: str) -> LabelPlace | None:
    """Say which organization and facility a code belongs to, before any organization is known.

    Opens its own identity scope, in which PostgreSQL shows the one label of exactly this code.
    """
    canonical = normalize_code(code)
    if canonical is None:
        return None
    with identity(label_code=canonical):
        found = (
            Label.identity_objects.filter(code=canonical)
            .values_list("organization_id", "facility_id", "code", "claimed_at", "revoked_at", "replaced_by_id")
            .first()
        )
    if found is None:
        return None
    organization_id, facility_id, stored, claimed_at, revoked_at, replaced_by_id = found
    return LabelPlace(
        organization_id, facility_id, stored, claimed_at is not None, revoked_at is not None, replaced_by_id
    )


def labels_by_id(ids: Sequence[int]) -> list[Label]:
    """Return the labels of these ids in their order, as far as the scope sees them and they are not revoked."""
    found = with_subject(Label.objects.filter(revoked_at=None)).in_bulk(ids)
    return [found[pk] for pk in dict.fromkeys(ids) if pk in found]


def label_url(label: Label) -> str:
    """Return the address printed on a label. It names no organization, so it outlives new names and domains."""
    return f"{settings.PUBLIC_URL}/q/{label.code}"
