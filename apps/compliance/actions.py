"""Every write of the compliance room: protocols, requirements, schedules, and the facts that satisfy them."""

from __future__ import annotations

import datetime
import uuid as uuids
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit import actions as audit
from apps.audit.validated import create_valid, update_valid
from apps.compliance import engine
from apps.compliance import schedule as pure
from apps.compliance.models import (
    FAR_FUTURE,
    Completion,
    FactKind,
    Occurrence,
    Protocol,
    ProtocolVersion,
    Requirement,
    Result,
    Schedule,
)
from apps.compliance.steps import validate_steps
from apps.tenants.models import Membership
from apps.tenants.permissions import Permission, demand
from apps.tenants.queries import get_own_membership
from apps.tenants.scope import require


def create_protocol(*, name: str, description: str = "", steps: Sequence[Mapping[str, Any]] = ()) -> Protocol:
    """Create a protocol with version 1 of its steps. Raises ValidationError for bad steps or a name in use."""
    demand(Permission.COMPLIANCE_EDIT)
    checked = validate_steps(list(steps))
    protocol = Protocol(name=name.strip(), description=description)
    with transaction.atomic():
        create_valid(protocol, "protocol.create")
        _add_version(protocol, 1, checked)
    return protocol


def update_protocol(
    protocol: Protocol, *, name: str, description: str = "", steps: Sequence[Mapping[str, Any]]
) -> ProtocolVersion:
    """Change name and description in place; changed steps become the next version. Returns the version in force."""
    demand(Permission.COMPLIANCE_EDIT)
    checked = validate_steps(list(steps))
    with transaction.atomic():
        locked = Protocol.objects.select_for_update().get(pk=protocol.pk)
        update_valid(locked, {"name": name.strip(), "description": description}, "protocol.update")
        current = locked.versions.first()
        if current is not None and current.steps == checked:
            return current
        return _add_version(locked, current.number + 1 if current else 1, checked)


def _add_version(protocol: Protocol, number: int, steps: list[dict[str, Any]]) -> ProtocolVersion:
    return audit.create(
        ProtocolVersion(protocol=protocol, number=number, steps=steps, created_by=get_own_membership()),
        "protocol.version",
    )


def archive_protocol(protocol: Protocol) -> None:
    """Take a protocol out of use. Requirements that follow it keep it, and say so."""
    demand(Permission.COMPLIANCE_EDIT)
    audit.update(protocol, {"archived_at": timezone.now()}, "protocol.archive")


def restore_protocol(protocol: Protocol) -> None:
    """Bring an archived protocol back."""
    demand(Permission.COMPLIANCE_EDIT)
    audit.update(protocol, {"archived_at": None}, "protocol.restore")


def check_schedule(spec: Mapping[str, Any]) -> pure.Schedule:
    """Return the schedule that ``spec`` describes; raise ValidationError naming the field that is wrong."""
    try:
        return pure.Schedule.from_dict(spec)
    except pure.ScheduleError as error:
        raise ValidationError({"schedule": [str(error)]}) from error


def create_requirement(*, spec: Mapping[str, Any], **fields: Any) -> Requirement:
    """Create a requirement with its first schedule, and its current and next occurrence.

    ``fields`` are those of the model; ``facility`` may be left out when area or equipment is given. ``starts_at``
    defaults to now. Raises ValidationError.
    """
    demand(Permission.COMPLIANCE_EDIT)
    schedule = check_schedule(spec)
    subject = fields.get("equipment") or fields.get("area")
    if subject is not None:
        fields["facility"] = subject.facility
    fields.setdefault("starts_at", timezone.now())
    requirement = Requirement(**fields)
    with transaction.atomic():
        create_valid(requirement, "requirement.create")
        _add_schedule(requirement, schedule, requirement.starts_at)
        engine.project(requirement)
    return requirement


def update_requirement(requirement: Requirement, **fields: Any) -> bool:
    """Change what a requirement says of itself; its subject and schedule have actions of their own."""
    demand(Permission.COMPLIANCE_EDIT)
    return update_valid(requirement, fields, "requirement.update")


def change_schedule(
    requirement: Requirement, spec: Mapping[str, Any], *, effective_at: datetime.datetime | None = None
) -> bool:
    """Put a new schedule in force from a moment (default: now). The past keeps the schedule it had.

    Raises ValidationError for a moment in the past. Returns whether anything changed.
    """
    demand(Permission.COMPLIANCE_EDIT)
    schedule = check_schedule(spec)
    now = timezone.now()
    effective_at = effective_at or now
    if effective_at < now - datetime.timedelta(minutes=5):
        raise ValidationError({"effective_at": [_("A schedule cannot change the past. Choose a moment from now on.")]})
    with transaction.atomic():
        locked = _lock(requirement)
        latest = locked.schedules.last()
        if latest is not None and pure.Schedule.from_dict(latest.spec) == schedule:
            return False
        _add_schedule(locked, schedule, effective_at)
        engine.project(locked)
    return True


def _add_schedule(requirement: Requirement, schedule: pure.Schedule, effective_at: datetime.datetime) -> Schedule:
    return audit.create(
        Schedule(
            requirement=requirement,
            effective_at=effective_at,
            spec=schedule.to_dict(),
            created_by=get_own_membership(),
        ),
        "requirement.schedule",
    )


def archive_requirement(requirement: Requirement) -> None:
    """End a duty: it counts no more, its history stays."""
    demand(Permission.COMPLIANCE_EDIT)
    audit.update(requirement, {"archived_at": timezone.now(), "extend_at": FAR_FUTURE}, "requirement.archive")


def restore_requirement(requirement: Requirement) -> None:
    """Bring an archived duty back, with what was missed meanwhile."""
    demand(Permission.COMPLIANCE_EDIT)
    with transaction.atomic():
        locked = _lock(requirement)
        audit.update(locked, {"archived_at": None}, "requirement.restore")
        engine.project(locked)


def _lock(requirement: Requirement) -> Requirement:
    return Requirement.objects.select_related("facility").select_for_update(of=("self",)).get(pk=requirement.pk)


def record_fact(
    requirement: Requirement,
    *,
    performed_at: datetime.datetime,
    by_name: str,
    by: Membership | None = None,
    uuid: uuids.UUID | None = None,
    kind: str = FactKind.COMPLETION,
    result: str = Result.SATISFACTORY,
    recorded_at: datetime.datetime | None = None,
    next_due_on: datetime.date | None = None,
    reason: str = "",
) -> tuple[Completion, bool]:
    """Append a fact and bring the occurrences in line. Idempotent by ``uuid``: (the stored fact, whether it is new).

    Serialised per requirement by its row lock. The caller has checked who may say this and that ``performed_at`` is
    not in the future.
    """
    uuid = uuid or uuids.uuid4()
    with transaction.atomic():
        locked = _lock(requirement)
        known = Completion.objects.filter(uuid=uuid).first()
        if known is not None:
            return known, False
        completion = Completion(
            uuid=uuid,
            requirement=locked,
            facility_id=locked.facility_id,
            kind=kind,
            result=result,
            performed_at=performed_at,
            recorded_at=recorded_at or timezone.now(),
            next_due_on=next_due_on,
            reason=reason,
            by=by,
            by_name=by_name,
        )
        try:
            with transaction.atomic():
                completion.save(force_insert=True)
        except IntegrityError:
            return Completion.objects.get(uuid=uuid), False
        changes = {"result": [None, result], "performed_at": [None, performed_at], "by": [None, by_name]}
        audit.record(f"requirement.{kind}", locked, changes, reason=reason)
        engine.project(locked, since=performed_at)
    return completion, True


def void_fact(completion: Completion, reason: str) -> None:
    """Take a fact back: from now on it is known that it never counted. What it had satisfied opens again."""
    if not reason.strip():
        raise ValidationError({"reason": [_("Say why it is taken back.")]})
    with transaction.atomic():
        locked = _lock(completion.requirement)
        stored = Completion.objects.select_for_update().get(pk=completion.pk)
        if stored.voided_at is not None:
            return
        audit.update(
            stored,
            {"voided_at": timezone.now(), "voided_reason": reason.strip()[:500]},
            "completion.void",
            reason=reason,
        )
        engine.project(locked, since=stored.performed_at)


def waive_occurrence(occurrence: Occurrence, reason: str) -> Completion:
    """Waive one occurrence, with a reason: it counts as settled, and says so. Raises ValidationError."""
    demand(Permission.COMPLIANCE_EDIT)
    if not reason.strip():
        raise ValidationError({"reason": [_("Say why it is waived.")]})
    now = timezone.now()
    if occurrence.completed_at is not None:
        raise ValidationError(_("This is settled already."))
    if not occurrence.opens_at <= now < occurrence.closes_at:
        raise ValidationError(_("Only what is open now can be waived."))
    completion, _new = record_fact(
        occurrence.requirement,
        kind=FactKind.WAIVER,
        performed_at=now,
        by=get_own_membership(),
        by_name=require().actor,
        reason=reason.strip()[:500],
    )
    return completion
