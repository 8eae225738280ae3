"""Every write to labels. A label is never deleted or re-pointed: it is claimed once, then replaced or revoked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit import actions as audit
from apps.audit.bulk import create_many
from apps.equipment.models import Equipment, Label
from apps.facilities.actions import demand_place
from apps.facilities.models import Area, Facility
from apps.tenants.permissions import Permission, demand, demand_all_facilities
from apps.tenants.scope import require

Subject = Facility | Area | Equipment
MAX_BATCH = 1_000


def place_of(subject: Subject) -> dict[str, Any]:
    """Return the label fields that stand for a subject. Raises ValidationError for an archived one."""
    if subject.archived_at is not None:
        raise ValidationError(_("“%s” is archived. Restore it first.") % subject)
    if isinstance(subject, Equipment):
        return {"facility_id": subject.facility_id, "area_id": None, "equipment_id": subject.pk}
    if isinstance(subject, Area):
        return {"facility_id": subject.facility_id, "area_id": subject.pk, "equipment_id": None}
    return {"facility_id": subject.pk, "area_id": None, "equipment_id": None}


def create_label(subject: Subject) -> Label:
    """Make a label for a facility, an area or a machine."""
    fields = place_of(subject)
    demand_place(Permission.LABELS_PRINT, fields["facility_id"])
    label = Label(**fields, claimed_at=timezone.now(), created_by_id=require().membership_id)
    return audit.create(label, "label.create")


def create_labels(subjects: Sequence[Subject]) -> list[Label]:
    """Make a label for each of many subjects at once."""
    now, by = timezone.now(), require().membership_id
    labels = [Label(**place_of(subject), claimed_at=now, created_by_id=by) for subject in subjects]
    for facility_id in {label.facility_id for label in labels}:
        demand_place(Permission.LABELS_PRINT, facility_id)
    create_many(labels, "label.create")
    return labels


def create_unclaimed(number: int) -> list[Label]:
    """Make labels to print in advance; whoever sticks one on claims it. Needs a member with all facilities."""
    demand(Permission.LABELS_PRINT)
    demand_all_facilities()
    if not 1 <= number <= MAX_BATCH:
        raise ValidationError({"number": _("Make 1 to %s labels at a time.") % f"{MAX_BATCH:,}"})
    labels = [Label(created_by_id=require().membership_id) for _n in range(number)]
    create_many(labels, "label.create")
    return labels


@transaction.atomic
def claim_label(label: Label, subject: Subject) -> None:
    """Let an unclaimed label stand for a subject, from now on and for good."""
    fields = place_of(subject)
    demand_place(Permission.LABELS_PRINT, fields["facility_id"])
    _lock(label)
    if label.revoked_at is not None:
        raise ValidationError(_("This label is revoked. Take another one."))
    if label.claimed_at is not None:
        raise ValidationError(_("This label is claimed already. Replace or revoke it instead."))
    audit.update(label, {**_by_name(fields), "claimed_at": timezone.now()}, "label.claim")


@transaction.atomic
def replace_label(label: Label, *, reason: str = "") -> Label:
    """Make a new label for the same subject; the old code leads there no more and points to the new one."""
    _demand(label)
    _lock(label)
    _refuse_ended(label)
    subject = label.subject
    if subject is None:
        raise ValidationError(_("This label is not claimed yet: revoke it and print another one."))
    new = create_label(subject)
    audit.update(
        label,
        {
            "replaced_by": new,
            "revoked_at": timezone.now(),
            "revoked_reason": (reason or _("Replaced by %s") % new.code)[:200],
        },
        "label.replace",
        reason=reason,
    )
    return new


@transaction.atomic
def revoke_label(label: Label, *, reason: str) -> None:
    """End a label: its code leads nowhere from now on. Needs a reason."""
    _demand(label)
    reason = reason.strip()
    if not reason:
        raise ValidationError({"reason": _("Say why, for whoever finds the label later.")})
    if len(reason) > 200:
        raise ValidationError({"reason": _("Use 200 characters at most.")})
    _lock(label)
    _refuse_ended(label)
    audit.update(label, {"revoked_at": timezone.now(), "revoked_reason": reason}, "label.revoke", reason=reason)


def _demand(label: Label) -> None:
    if label.facility_id is None:
        demand(Permission.LABELS_PRINT)
        demand_all_facilities()
    else:
        demand_place(Permission.LABELS_PRINT, label.facility_id)


def _lock(label: Label) -> None:
    """Read the label afresh and locked: two people may hold the same sheet."""
    fresh = Label.objects.select_for_update(no_key=True).get(pk=label.pk)
    for field in (
        "facility_id",
        "area_id",
        "equipment_id",
        "claimed_at",
        "revoked_at",
        "revoked_reason",
        "replaced_by_id",
    ):
        setattr(label, field, getattr(fresh, field))


def _refuse_ended(label: Label) -> None:
    if label.revoked_at is not None:
        raise ValidationError(_("This label is revoked already."))


def _by_name(fields: dict[str, Any]) -> dict[str, Any]:
    return {name.removesuffix("_id"): value for name, value in fields.items()}
