"""Every write of corrective actions: each appends an event and brings the row in line with its events."""

from __future__ import annotations

import datetime
import hashlib
import uuid as uuids
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit import actions as audit
from apps.audit.validated import create_valid
from apps.compliance.corrective import queries
from apps.compliance.corrective.models import (
    Acknowledgement,
    AcknowledgementKind,
    CorrectiveAction,
    CorrectiveEvent,
    CorrectivePhoto,
    EventKind,
    Severity,
    State,
)
from apps.compliance.corrective.state import deadline_for, standing
from apps.compliance.models import Completion, Requirement
from apps.compliance.queries import row_of
from apps.compliance.steps import answer_in_words, limits_in_words
from apps.equipment.models import Equipment
from apps.facilities.models import Area, Facility
from apps.tenants.images import clean_image
from apps.tenants.models import Membership
from apps.tenants.permissions import Permission, demand
from apps.tenants.queries import get_own_membership
from apps.tenants.scope import require

MAX_PHOTOS = 6
Subject = Facility | Area | Equipment


def step_uuid(completion: Completion, step: str) -> uuids.UUID:
    """Return the id of the action about one step of one completion: opening it twice gives one."""
    return uuids.uuid5(completion.uuid, step)


def open_action(
    *,
    subject: Subject,
    title: str,
    severity: str = Severity.MEDIUM,
    requirement: Requirement | None = None,
    completion: Completion | None = None,
    step: str = "",
    description: str = "",
    owner: Membership | None = None,
    deadline: datetime.datetime | None = None,
    by: Membership | None = None,
    by_name: str = "",
    uuid: uuids.UUID | None = None,
    happened_at: datetime.datetime | None = None,
) -> tuple[CorrectiveAction, bool]:
    """Open a corrective action, once for each completion and step (or ``uuid``): (the action, whether it is new).

    The owner defaults to the requirement's; naming another, or a deadline other than the severity's, needs
    COMPLIANCE_EDIT. Raises ValidationError.
    """
    demand(Permission.LOGS_CREATE)
    uuid = uuid or (step_uuid(completion, step) if completion else uuids.uuid4())
    known = queries.action_by_uuid(uuid)
    if known is not None:
        return known, False
    facility = subject if isinstance(subject, Facility) else subject.facility
    if severity not in Severity.values:
        raise ValidationError({"severity": [_("Choose how bad it is.")]})
    owner = _owner(facility, owner, requirement)
    now = timezone.now()
    if deadline is not None:
        demand(Permission.COMPLIANCE_EDIT)
    action = CorrectiveAction(
        uuid=uuid,
        facility=facility,
        area=subject if isinstance(subject, Area) else None,
        equipment=subject if isinstance(subject, Equipment) else None,
        requirement=requirement,
        completion=completion,
        step=step[:60],
        title=" ".join(title.split())[:200],
        description=description.strip(),
        severity=severity,
        owner=owner,
        deadline=deadline or deadline_for(severity, now, ZoneInfo(facility.time_zone)),
        opened_at=min(happened_at or now, now),
    )
    try:
        with transaction.atomic():
            create_valid(action, "corrective.open")
            CorrectiveEvent(
                action=action,
                kind=EventKind.OPENED,
                at=action.opened_at,
                recorded_at=now,
                by=by,
                by_name=(by_name or require().actor)[:200],
                note=action.description,
                state=State.OPEN,
                severity=severity,
                deadline=action.deadline,
                owner=owner,
            ).save(force_insert=True)
    except ValidationError:
        known = queries.action_by_uuid(uuid)
        if known is None:
            raise
        return known, False
    return action, True


def _owner(facility: Facility, owner: Membership | None, requirement: Requirement | None) -> Membership | None:
    default = requirement.owner_id if requirement is not None else None
    if owner is None:
        return queries.possible_owners(facility).filter(pk=default).first() if default else None
    if owner.pk != default:
        demand(Permission.COMPLIANCE_EDIT)
    if not queries.possible_owners(facility).filter(pk=owner.pk).exists():
        raise ValidationError({"owner": [_("This person cannot see the facility, or is not active.")]})
    return owner


def open_for_log(
    *,
    subject: Subject,
    requirement: Requirement,
    completion: Completion,
    answers: Sequence[Mapping[str, Any]],
    by: Membership | None,
    by_name: str,
    replaces: Completion | None = None,
) -> list[CorrectiveAction]:
    """Open one action for each failing step of a log, severity high, owned by the requirement's owner.

    A log that corrects another keeps the actions of the earlier one: a step that still fails opens none a second time,
    and one that no longer does is noted for whoever checks it.
    """
    failing = {str(answer["key"]): answer for answer in answers if answer.get("ok") is False}
    known = queries.actions_of(replaces.pk if replaces else None)
    earlier = {action.step: action for action in known if action.step and action.state != State.CLOSED}
    for key, action in earlier.items():
        words = _("still not right") if key in failing else _("right after all")
        note = _("The log it came from was corrected: this step is %(words)s.") % {"words": words}
        with transaction.atomic():
            # The next correction must find it too.
            audit.update(action, {"completion": completion}, "corrective.relink")
            _append(action, EventKind.NOTED, by=by, by_name=by_name, note=note)
    return [
        open_action(
            subject=subject,
            requirement=requirement,
            completion=completion,
            step=key,
            title=_failure(answer),
            description=_("Found while logging “%(task)s”.") % {"task": requirement.name},
            severity=Severity.HIGH,
            by=by,
            by_name=by_name,
            happened_at=completion.performed_at,
        )[0]
        for key, answer in failing.items()
        if key not in earlier
    ]


def _failure(answer: Mapping[str, Any]) -> str:
    words = f"{answer['text']}: {answer_in_words(answer)}"
    limits = limits_in_words(answer)
    return _("%(what)s (should be %(limits)s)") % {"what": words, "limits": limits} if limits else words


# --- Changes ---


def _lock(action: CorrectiveAction) -> CorrectiveAction:
    found = CorrectiveAction.objects.select_related("facility").select_for_update(of=("self",))
    locked: CorrectiveAction = found.get(pk=action.pk)
    return locked


def _append(
    action: CorrectiveAction,
    kind: str,
    *,
    by: Membership | None,
    by_name: str = "",
    at: datetime.datetime | None = None,
    **fields: Any,
) -> CorrectiveEvent:
    """Append an event, bring the row in line with all events, and record it. The caller holds the row's lock."""
    now = timezone.now()
    event = CorrectiveEvent(
        action=action,
        kind=kind,
        at=at or now,
        recorded_at=now,
        by=by,
        by_name=(by_name or require().actor)[:200],
        **fields,
    )
    event.save(force_insert=True)
    stands = standing(action.events.all())
    if stands is None:
        raise ValidationError(_("It was never opened."))
    values = {
        "state": stands.state,
        "severity": stands.severity,
        "deadline": stands.deadline,
        "owner_id": stands.owner_id,
        "fixed_by_id": stands.fixed_by_id,
        "closed_by_id": stands.closed_by_id,
    }
    names = [name for name, value in values.items() if getattr(action, name) != value]
    changes = {name: [audit.plain(getattr(action, name)), audit.plain(values[name])] for name in names}
    for name in names:
        setattr(action, name, values[name])
    if names:
        action.save(update_fields=[name.removesuffix("_id") for name in names])
    plain = {name.removesuffix("_id"): change for name, change in changes.items()}
    audit.record(f"corrective.{kind}", action, plain, reason=event.note[:500])
    return event


def edit_action(
    action: CorrectiveAction,
    *,
    title: str | None = None,
    description: str | None = None,
    severity: str | None = None,
    owner: Membership | None = None,
    deadline: datetime.datetime | None = None,
    keep_owner: bool = False,
) -> CorrectiveAction:
    """Change what it says, how bad it is, whose it is or by when. None keeps a value; for ``owner`` it means nobody.

    A changed severity without a deadline of its own moves the deadline to that of the severity. Raises ValidationError.
    """
    demand(Permission.COMPLIANCE_EDIT)
    me = get_own_membership()
    if severity is not None and severity not in Severity.values:
        raise ValidationError({"severity": [_("Choose how bad it is.")]})
    with transaction.atomic():
        action = _lock(action)
        if action.state == State.CLOSED:
            raise ValidationError(_("It is closed. Reopen it first."))
        if owner is not None and owner.pk != action.owner_id:
            _owner(action.facility, owner, None)
        text = {
            name: value.strip() for name, value in (("title", title), ("description", description)) if value is not None
        }
        if "title" in text and not text["title"]:
            raise ValidationError({"title": [_("Say what is wrong.")]})
        if audit.update(action, text, "corrective.update"):
            _append(action, EventKind.EDITED, by=me)
        if severity and severity != action.severity:
            if deadline is None or deadline == action.deadline:
                deadline = deadline_for(severity, action.opened_at, ZoneInfo(action.facility.time_zone))
            _append(action, EventKind.EDITED, by=me, severity=severity)
        if deadline is not None and deadline != action.deadline:
            _append(action, EventKind.DEADLINE, by=me, deadline=deadline)
        if not keep_owner and (owner.pk if owner else None) != action.owner_id:
            _append(action, EventKind.ASSIGNED, by=me, owner=owner)
    return action


def clean_photos(files: Sequence[UploadedFile]) -> list[ContentFile[bytes]]:
    """Re-encode photos; raise ValidationError in plain words."""
    if len(files) > MAX_PHOTOS:
        raise ValidationError({"photos": [_("At most %(limit)s photos.") % {"limit": MAX_PHOTOS}]})
    try:
        return [clean_image(file) for file in files]
    except ValidationError as error:
        raise ValidationError({"photos": list(error.messages)}) from None


def fix_action(
    action: CorrectiveAction,
    *,
    note: str,
    photos: Sequence[UploadedFile] = (),
    at: datetime.datetime | None = None,
) -> CorrectiveAction:
    """Mark it as fixed, with what was done and photos. By its owner, or who manages requirements."""
    demand(Permission.LOGS_CREATE)
    now = timezone.now()
    with transaction.atomic():
        action = _lock(action)
        if action.state != State.OPEN:
            raise ValidationError(_("It is marked as fixed already."))
        if not queries.may_fix(action):
            raise PermissionDenied("Only its owner or a manager may mark it as fixed.")
        if not note.strip():
            raise ValidationError({"note": [_("Say what was done.")]})
        stands = standing(action.events.all())
        if at is not None and (at > now or (stands is not None and at < stands.since)):
            raise ValidationError({"fixed_at": [_("Choose a time after it was opened, and not in the future.")]})
        pictures = clean_photos(photos)
        event = _append(
            action, EventKind.FIXED, by=get_own_membership(), at=at or now, note=note.strip(), state=State.FIXED
        )
        for picture in pictures:
            data = picture.read()
            photo = CorrectivePhoto(event=event, sha256=hashlib.sha256(data).hexdigest())
            photo.image.save(picture.name or "photo.jpg", ContentFile(data), save=False)
            photo.save(force_insert=True)
    return action


def close_action(action: CorrectiveAction, *, note: str = "") -> CorrectiveAction:
    """Close what somebody else has fixed, after checking it. Raises ValidationError."""
    demand(Permission.COMPLIANCE_EDIT)
    me = get_own_membership()
    with transaction.atomic():
        action = _lock(action)
        if action.state != State.FIXED:
            raise ValidationError(_("It is not marked as fixed."))
        if me is None or action.fixed_by_id == me.pk:
            raise ValidationError(_("Somebody else than who fixed it must check and close it."))
        _append(action, EventKind.CLOSED, by=me, note=note.strip(), state=State.CLOSED)
    return action


def reopen_action(
    action: CorrectiveAction, *, reason: str, deadline: datetime.datetime | None = None
) -> CorrectiveAction:
    """Open it again because it is not right, with a reason and perhaps a new deadline. Raises ValidationError."""
    demand(Permission.COMPLIANCE_EDIT)
    if not reason.strip():
        raise ValidationError({"reason": [_("Say why it is reopened.")]})
    with transaction.atomic():
        action = _lock(action)
        if action.state == State.OPEN:
            raise ValidationError(_("It is open already."))
        me = get_own_membership()
        _append(action, EventKind.REOPENED, by=me, note=reason.strip(), state=State.OPEN, deadline=deadline)
    return action


# --- Acknowledgements ---


def acknowledge(
    requirement: Requirement, *, note: str, snooze_until: datetime.datetime | None = None
) -> Acknowledgement:
    """Say that a requirement that is not in order is known of; with an end, also pause its reminders until then.

    The status stays as it is. Pausing needs COMPLIANCE_EDIT. Raises ValidationError.
    """
    demand(Permission.LOGS_CREATE)
    now = timezone.now()
    if snooze_until is not None:
        demand(Permission.COMPLIANCE_EDIT)
        if not now < snooze_until <= now + datetime.timedelta(days=93):
            raise ValidationError({"snooze_until": [_("Choose a day from today, at most three months ahead.")]})
    if not note.strip():
        raise ValidationError({"note": [_("Say what you know or do about it.")]})
    row = row_of(requirement)
    if row is None or row.colour == "green":
        raise ValidationError(_("It is in order: there is nothing to acknowledge."))
    kind = AcknowledgementKind.SNOOZED if snooze_until else AcknowledgementKind.SEEN
    return _say(requirement, kind, note, snooze_until, now)


def resume(requirement: Requirement) -> Acknowledgement | None:
    """End the pause of a requirement's reminders; None when there is none."""
    demand(Permission.COMPLIANCE_EDIT)
    if not queries.snoozed(requirement):
        return None
    return _say(requirement, AcknowledgementKind.RESUMED, "", None, timezone.now())


def _say(
    requirement: Requirement, kind: str, note: str, until: datetime.datetime | None, now: datetime.datetime
) -> Acknowledgement:
    row = Acknowledgement(
        requirement=requirement,
        facility_id=requirement.facility_id,
        kind=kind,
        note=note.strip()[:500],
        snooze_until=until,
        recorded_at=now,
        by=get_own_membership(),
        by_name=require().actor[:200],
    )
    return audit.create(row, f"requirement.{kind}", reason=note.strip())
