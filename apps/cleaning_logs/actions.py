"""Every write of the cleaning_logs room: logging a cleaning, and replacing a log that was wrong."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import check_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit import actions as audit
from apps.cleaning_logs.held import Photos, Picture
from apps.cleaning_logs.models import CleaningLog, LogPhoto, Via
from apps.cleaning_logs.moments import check_performed
from apps.cleaning_logs.queries import Subject, is_loggable, log_by_uuid, may_supersede, similar_log
from apps.compliance.actions import record_fact, void_fact
from apps.compliance.corrective.actions import open_for_log
from apps.compliance.events.actions import noted, open_breaches, same_notes
from apps.compliance.events.queries import unmet
from apps.compliance.models import Completion, ProtocolVersion, Requirement, Result
from apps.compliance.steps import MAX_PHOTOS, parse_answers
from apps.equipment.models import Label
from apps.facilities.models import Facility
from apps.tenants.images import clean_image
from apps.tenants.models import LabelLogging, Membership, Organization
from apps.tenants.permissions import Permission, demand
from apps.tenants.scope import require_tenant

STEP = "step_"
GENERAL = "photos"
MAX_NOTES, MAX_NAME, MAX_TASK, MAX_REASON = 4000, 150, 200, 500
# More photos than this in one log are a mistake, and a way to fill a disk.
MAX_ALL_PHOTOS = 12


class AlreadyLogged(Exception):
    """The same task was logged on the same subject a moment ago: ask whether to log it again."""

    def __init__(self, log: CleaningLog) -> None:
        super().__init__(str(log))
        self.log = log


@dataclass(frozen=True)
class Entry:
    """What a person states about one cleaning.

    ``stated``: the person gave the time (else it is the moment of sending). ``answers`` holds raw texts and ``photos``
    clean pictures, by step key (photos of no step under ""). ``version``: the protocol version that was on the screen.
    """

    uuid: UUID
    performed_at: datetime.datetime
    stated: bool = False
    answers: Mapping[str, Any] = field(default_factory=dict)
    photos: Photos = field(default_factory=dict)
    notes: str = ""
    task: str = ""
    name: str = ""
    pin: str = ""
    version: ProtocolVersion | None = None


@dataclass(frozen=True)
class Logged:
    """A stored log, whether it is new, and for a repeated one whether it says the same."""

    log: CleaningLog
    created: bool
    same: bool = True


def clean_photos(
    uploaded: Mapping[str, Sequence[UploadedFile]],
) -> tuple[dict[str, list[Picture]], dict[str, list[str]]]:
    """Re-encode uploaded photos by step. Returns the good ones, and by step what is wrong with the others."""
    good: dict[str, list[Picture]] = {}
    problems: dict[str, list[str]] = {}
    if sum(len(files) for files in uploaded.values()) > MAX_ALL_PHOTOS:
        key = next(iter(uploaded))
        return {}, {key: [_("At most %(limit)s photos in one log.") % {"limit": MAX_ALL_PHOTOS}]}
    for key, files in uploaded.items():
        if len(files) > MAX_PHOTOS:
            problems[key] = [_("At most %(limit)s photos here.") % {"limit": MAX_PHOTOS}]
            continue
        for file in files:
            try:
                good.setdefault(key, []).append(clean_image(file))
            except ValidationError as error:
                problems.setdefault(key, []).extend(error.messages)
    return good, problems


def log_cleaning(
    subject: Subject,
    entry: Entry,
    *,
    organization: Organization,
    membership: Membership | None = None,
    requirement: Requirement | None = None,
    label: Label | None = None,
    confirmed: bool = False,
) -> Logged:
    """Store a cleaning and complete what it satisfies, once for each ``entry.uuid`` however often it is sent.

    Raises ValidationError by field ("step_temp", "performed_at", "name" …), and AlreadyLogged when the same task was
    logged within the organization's window, unless ``confirmed``. A failing step is no error: the result says so.
    """
    demand(Permission.LOGS_CREATE)
    _check_context(subject, organization, membership, requirement)
    if membership is None:
        _check_label_logging(organization, subject.facility, entry.pin)
    task = requirement.name if requirement else " ".join(entry.task.split())
    by_name = _performer(entry, membership)
    recorded_at = timezone.now()
    if requirement is None and (known := log_by_uuid(entry.uuid)) is not None:
        return _repeated(known, subject, entry, requirement)
    answers, result = _checked(subject, entry, requirement, membership, task)
    breaches = unmet(requirement, entry.performed_at) if requirement else []
    log = CleaningLog(
        **_place(subject),
        uuid=entry.uuid,
        requirement=requirement,
        label=label,
        protocol_version=entry.version,
        task=task,
        performed_at=entry.performed_at,
        recorded_at=recorded_at,
        performed_by=membership,
        performer_name=by_name,
        via=_via(organization, membership),
        answers=answers,
        result=result,
        notes=noted(entry.notes, breaches),
    )
    try:
        with transaction.atomic():
            if requirement is not None:
                # First of all, for it locks: of two people at once the second sees what the first has stored.
                log.completion = _record(requirement, log)
                if log.completion is None:
                    return _repeated(log_by_uuid(entry.uuid), subject, entry, requirement)
            if not confirmed:
                # The question takes back what was recorded above, with this block.
                _ask_if_similar(subject, organization, log)
            audit.create(log, "log.create")
            _store_photos(log, entry.photos)
            _put_right(log)
            if requirement is not None and log.completion is not None and breaches:
                open_breaches(
                    subject=subject.thing,
                    requirement=requirement,
                    completion=log.completion,
                    breaches=breaches,
                    by=membership,
                    by_name=by_name,
                )
    except IntegrityError:
        # The id is taken: the same form arrived twice at once, or it was used for something else.
        return _repeated(log_by_uuid(entry.uuid), subject, entry, requirement)
    return Logged(log, created=True)


def supersede_log(log: CleaningLog, entry: Entry, *, reason: str) -> Logged:
    """Replace a log by a corrected one that points to it. What the old one had completed is taken back.

    For its author and for managers. Who did it, of what, and the protocol's version stay; photos of steps that get no
    new one are carried over. Raises ValidationError, also when the log was replaced already.
    """
    demand(Permission.LOGS_CREATE)
    if not may_supersede(log):
        raise PermissionDenied("Only the author or a manager may replace a log.")
    known = log_by_uuid(entry.uuid)
    if known is not None:
        if known.supersedes_id != log.pk:
            raise _used()
        return Logged(known, created=False)
    reason = reason.strip()
    kept = _photos_kept(log, entry.photos)
    answers, result = _corrected(log, entry, reason, kept)
    copied = ("requirement", "facility", "area", "equipment", "label", "protocol_version", "performed_by")
    new = CleaningLog(
        **{name: getattr(log, name) for name in copied},
        uuid=entry.uuid,
        task=log.task,
        subject_name=log.subject_name,
        performed_at=entry.performed_at,
        recorded_at=timezone.now(),
        performer_name=log.performer_name,
        via=log.via,
        answers=answers,
        result=result,
        notes=entry.notes.strip(),
        supersedes=log,
        supersede_reason=reason,
    )
    try:
        with transaction.atomic():
            if log.requirement is not None:
                if log.completion is not None:
                    void_fact(log.completion, reason)
                new.completion = _record(log.requirement, new)
                if new.completion is None:
                    raise _used()
            audit.create(new, "log.supersede", reason=reason)
            _store_photos(new, entry.photos)
            for photo in kept:
                # The picture itself is never deleted, so two logs may share it.
                copy = LogPhoto(facility_id=new.facility_id, log=new, step=photo.step, sha256=photo.sha256)
                copy.image.name = photo.image.name
                copy.save(force_insert=True)
            _put_right(new, replaces=log.completion)
    except IntegrityError:
        raise ValidationError(_("This log was replaced already. Open the newer one.")) from None
    return Logged(new, created=True)


def check_pin(facility: Facility, pin: str) -> None:
    """Raise ValidationError at "pin" unless it is the facility's; its code is "wrong" for a guess."""
    if not facility.pin_hash:
        raise _pin_error(_("This site has no PIN yet. Sign in, or ask a manager to set one."), "unset")
    if not pin:
        raise _pin_error(_("Give the site’s PIN."), "required")
    if not check_password(pin, facility.pin_hash):
        raise _pin_error(_("This is not the site’s PIN."), "wrong")


def _pin_error(words: str, code: str) -> ValidationError:
    return ValidationError({"pin": ValidationError(words, code=code)})


def is_wrong_pin(error: ValidationError) -> bool:
    """Tell whether an action refused because of a wrong PIN: such guesses are counted."""
    return any(e.code == "wrong" for e in getattr(error, "error_dict", {}).get("pin", ()))


def record_dead_scan(label: Label) -> None:
    """Note in the audit trail that somebody used a revoked label."""
    audit.record("label.scan_revoked", label, reason=_("A revoked label was scanned."))


# --- Parts ---


def _check_context(
    subject: Subject, organization: Organization, membership: Membership | None, requirement: Requirement | None
) -> None:
    scope = require_tenant()
    if organization.pk != scope.organization_id or (membership.pk if membership else None) != scope.membership_id:
        raise PermissionDenied("The organization or the member is not the one asking.")
    if subject.closed:
        raise ValidationError(_("%(why)s Nothing can be logged here.") % {"why": subject.closed})
    if requirement is not None and not (subject.is_of(requirement) and is_loggable(requirement)):
        raise ValidationError(_("This task is not due here any more. Open the label again."))


def _check_label_logging(organization: Organization, facility: Facility, pin: str) -> None:
    if organization.label_logging == LabelLogging.OFF:
        raise PermissionDenied("Logging from a label needs an account here.")
    if organization.label_logging == LabelLogging.PIN:
        check_pin(facility, pin)


def _checked(
    subject: Subject,
    entry: Entry,
    requirement: Requirement | None,
    membership: Membership | None,
    task: str,
) -> tuple[list[dict[str, Any]], Result]:
    problems: dict[str, list[str]] = dict(_problems_of(entry))
    version = entry.version
    if version is not None and (requirement is None or version.protocol_id != requirement.protocol_id):
        raise ValidationError(_("The steps have changed. Open the label again."))
    if not task:
        problems["task"] = [_("Say what you did.")]
    elif len(task) > MAX_TASK or "\x00" in task:
        problems["task"] = [_("Use at most %(limit)s characters.") % {"limit": MAX_TASK}]
    if membership is None and not _plain_name(entry.name):
        problems["name"] = [_("Give your name.")]
    elif len(entry.name) > MAX_NAME:
        problems["name"] = [_("Use at most %(limit)s characters.") % {"limit": MAX_NAME}]
    return _answers(version, entry.answers, entry.photos, problems)


def _problems_of(entry: Entry) -> Iterator[tuple[str, list[str]]]:
    try:
        check_performed(entry.performed_at, timezone.now())
    except ValidationError as error:
        yield "performed_at", list(error.messages)
    if len(entry.notes) > MAX_NOTES:
        yield "notes", [_("Use at most %(limit)s characters.") % {"limit": MAX_NOTES}]
    if "\x00" in entry.notes:
        yield "notes", [_("This contains characters that cannot be stored.")]


def _answers(
    version: ProtocolVersion | None,
    raw: Mapping[str, Any],
    photos: Mapping[str, Sequence[Any]],
    problems: dict[str, list[str]],
) -> tuple[list[dict[str, Any]], Result]:
    """Read the answers; raise everything that is wrong at once."""
    answers: list[dict[str, Any]] = []
    failures: list[str] = []
    try:
        answers, failures = parse_answers(version.steps if version else [], raw, photos)
    except ValidationError as error:
        problems.update({f"{STEP}{key}": messages for key, messages in error.message_dict.items()})
    if problems:
        raise ValidationError({key: list(messages) for key, messages in problems.items()})
    return answers, Result.UNSATISFACTORY if failures else Result.SATISFACTORY


def _corrected(
    log: CleaningLog, entry: Entry, reason: str, kept: Sequence[LogPhoto]
) -> tuple[list[dict[str, Any]], Result]:
    problems: dict[str, list[str]] = dict(_problems_of(entry))
    if not reason:
        problems["reason"] = [_("Say what was wrong.")]
    elif len(reason) > MAX_REASON or "\x00" in reason:
        problems["reason"] = [_("Use at most %(limit)s characters.") % {"limit": MAX_REASON}]
    photos: dict[str, list[Any]] = {key: list(files) for key, files in entry.photos.items()}
    for photo in kept:
        photos.setdefault(photo.step, []).append(photo)
    return _answers(log.protocol_version, entry.answers, photos, problems)


def _photos_kept(log: CleaningLog, new: Photos) -> list[LogPhoto]:
    return [photo for photo in log.photos.all() if photo.step == "" or not new.get(photo.step)]


def _repeated(known: CleaningLog | None, subject: Subject, entry: Entry, requirement: Requirement | None) -> Logged:
    """Answer a form that was stored before with what was stored; another's id, in a form tampered with, is refused."""
    if known is None:
        raise _used()
    stored = (known.facility_id, known.equipment_id, known.requirement_id)
    sent = (
        subject.facility.pk,
        subject.equipment.pk if subject.equipment else None,
        requirement.pk if requirement else None,
    )
    if stored != sent:
        raise _used()
    task = requirement.name if requirement else " ".join(entry.task.split())
    same = (
        same_notes(known.notes, entry.notes)
        and known.task == task
        and _said(known.answers) == _said_again(entry)
        and (known.performed_by_id is not None or known.performer_name == _plain_name(entry.name))
        and (not entry.stated or known.performed_at == entry.performed_at)
    )
    return Logged(known, created=False, same=same)


def _said(answers: Sequence[Mapping[str, Any]]) -> list[tuple[Any, Any]]:
    return [(answer["key"], answer["answer"]) for answer in answers if answer["kind"] != "photo"]


def _said_again(entry: Entry) -> list[tuple[Any, Any]] | None:
    steps = [step for step in (entry.version.steps if entry.version else []) if step["kind"] != "photo"]
    try:
        return _said(parse_answers(steps, entry.answers, {}).answers)
    except ValidationError:
        return None


def _ask_if_similar(subject: Subject, organization: Organization, log: CleaningLog) -> None:
    window = datetime.timedelta(minutes=organization.duplicate_window_minutes)
    similar = similar_log(subject, log, window) if window else None
    if similar is not None:
        raise AlreadyLogged(similar)


def _record(requirement: Requirement, log: CleaningLog) -> Completion | None:
    """Record the fact that a log states; None when one of its id is stored already."""
    try:
        completion, created = record_fact(
            requirement,
            uuid=log.uuid,
            performed_at=log.performed_at,
            recorded_at=log.recorded_at,
            result=log.result,
            by=log.performed_by,
            by_name=log.performer_name,
        )
    except Completion.DoesNotExist:
        # The id is taken by a fact that this scope cannot see.
        raise _used() from None
    return completion if created else None


def _put_right(log: CleaningLog, replaces: Completion | None = None) -> None:
    """Open a corrective action for each step of the log that failed."""
    failed = log.result == Result.UNSATISFACTORY
    if log.requirement is not None and log.completion is not None and (failed or replaces):
        open_for_log(
            subject=log.requirement.subject,
            requirement=log.requirement,
            completion=log.completion,
            answers=log.answers,
            by=log.performed_by,
            by_name=log.performer_name,
            replaces=replaces,
        )


def _used() -> ValidationError:
    return ValidationError(_("This form was used already. Open the page again."))


def _plain_name(name: str) -> str:
    return " ".join(name.replace("\x00", "").split())


def _performer(entry: Entry, membership: Membership | None) -> str:
    return require_tenant().actor if membership is not None else _plain_name(entry.name)


def _via(organization: Organization, membership: Membership | None) -> Via:
    if membership is not None:
        return Via.SIGNED_IN
    return Via.PIN if organization.label_logging == LabelLogging.PIN else Via.NAME


def _place(subject: Subject) -> dict[str, Any]:
    equipment = subject.equipment
    return {
        "facility": subject.facility,
        "area": equipment.area if equipment else subject.area,
        "equipment": equipment,
        "subject_name": subject.name[:400],
    }


def _store_photos(log: CleaningLog, photos: Photos) -> None:
    for step, files in photos.items():
        for photo in files:
            photo.seek(0)
            data = photo.read()
            stored = LogPhoto(facility_id=log.facility_id, log=log, step=step, sha256=hashlib.sha256(data).hexdigest())
            stored.image.save(photo.name or "photo.jpg", ContentFile(data), save=False)
            stored.save(force_insert=True)
