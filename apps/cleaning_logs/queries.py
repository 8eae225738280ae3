"""Every read of the cleaning_logs room, and the doors through which its objects enter views."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.cleaning_logs.models import CleaningLog, LogPhoto
from apps.compliance.models import Evidence, Requirement
from apps.compliance.queries import StatusRow, rows_for
from apps.equipment.models import Equipment, Label, ServiceStatus
from apps.facilities.models import Area, Facility
from apps.tenants.models import Organization
from apps.tenants.permissions import Permission, allowed
from apps.tenants.queries import get_organization
from apps.tenants.scope import Scope, enter, require

# How many replacements of replacements are followed from an old label.
MOST_REPLACED = 10


def organization_behind(scope: Scope) -> Organization:
    """Return the organization of a label's scope, for deciding whether that scope may be given."""
    with enter(scope):
        return get_organization()


@dataclass(frozen=True)
class Subject:
    """What a log is about: a machine, an area, or a whole facility."""

    facility: Facility
    area: Area | None = None
    equipment: Equipment | None = None

    @property
    def thing(self) -> Facility | Area | Equipment:
        """The one object the log is about."""
        return self.equipment or self.area or self.facility

    @property
    def name(self) -> str:
        """What people call it."""
        return self.equipment.name if self.equipment else self.area.path if self.area else self.facility.name

    @property
    def place(self) -> str:
        """Where it is; "" for a facility, which is its own place."""
        if self.equipment is not None:
            inside = self.equipment.area.path if self.equipment.area else ""
            return ", ".join(part for part in (self.facility.name, inside) if part)
        return self.facility.name if self.area else ", ".join(p for p in (self.facility.city,) if p)

    @property
    def zone(self) -> ZoneInfo:
        """The zone whose clock hangs on the wall there."""
        return ZoneInfo(self.facility.time_zone)

    @property
    def closed(self) -> str:
        """Why nothing can be logged here any more, in words; "" while it can."""
        if self.equipment is not None and self.equipment.status == ServiceStatus.RETIRED:
            return _("This machine is retired.")
        if self.equipment is not None and self.equipment.archived_at:
            return _("This machine is archived.")
        if self.area is not None and self.area.archived_at:
            return _("This area is archived.")
        if self.facility.archived_at:
            return _("This facility is archived.")
        return ""

    @property
    def out_of_service(self) -> bool:
        """Whether the machine is out of service: it may still be cleaned."""
        return self.equipment is not None and self.equipment.status == ServiceStatus.OUT_OF_SERVICE

    def logs(self) -> QuerySet[CleaningLog]:
        """Return the logs about exactly this."""
        logs: QuerySet[CleaningLog] = CleaningLog.objects.all()
        if self.equipment is not None:
            return logs.filter(equipment=self.equipment)
        if self.area is not None:
            return logs.filter(area=self.area, equipment=None)
        return logs.filter(facility=self.facility, area=None, equipment=None)

    def is_of(self, requirement: Requirement) -> bool:
        """Tell whether a requirement is directly on this."""
        return (requirement.facility_id, requirement.area_id, requirement.equipment_id) == (
            self.facility.pk,
            self.area.pk if self.area and not self.equipment else None,
            self.equipment.pk if self.equipment else None,
        )


def subject_of(requirement: Requirement) -> Subject:
    """Return the subject of a requirement whose place is loaded."""
    return Subject(requirement.facility, requirement.area, requirement.equipment)


def get_label(code: str) -> Label:
    """Return the label of a canonical code in the active scope; raise Http404."""
    label: Label | None = Label.objects.filter(code=code).select_related("facility", "area", "equipment__area").first()
    if label is None:
        raise Http404
    return label


def successor_of(label: Label) -> Label:
    """Return the label that replaced this one, in the end; itself when none did, or none that can be seen."""
    current, seen = label, {label.pk}
    while current.replaced_by_id and current.replaced_by_id not in seen and len(seen) <= MOST_REPLACED:
        seen.add(current.replaced_by_id)
        following = (
            Label.objects.filter(pk=current.replaced_by_id)
            .select_related("facility", "area", "equipment__area")
            .first()
        )
        if following is None:
            break
        current = following
    return current


def subject_behind(label: Label) -> Subject | None:
    """Return what the label stands for; None while it is unclaimed."""
    if label.facility is None:
        return None
    return Subject(label.facility, label.area, label.equipment)


def due_first(subject: Subject, at: datetime.datetime | None = None) -> list[StatusRow]:
    """Return what is required of the subject, the most urgent first."""
    return rows_for(subject.thing, at)


def is_loggable(requirement: Requirement) -> bool:
    """Tell whether a log satisfies it: documents are uploaded, not logged."""
    return requirement.evidence != Evidence.DOCUMENT and requirement.archived_at is None


def last_log(subject: Subject) -> CleaningLog | None:
    """Return the newest log of the subject that was not replaced."""
    return subject.logs().filter(superseded_by=None).order_by("-performed_at", "-id").first()


def similar_log(subject: Subject, log: CleaningLog, window: datetime.timedelta) -> CleaningLog | None:
    """Return the newest log of the same task on the same subject done within ``window`` of an unsaved one, or None."""
    same = Q(requirement=log.requirement) if log.requirement else Q(requirement=None, task__iexact=log.task)
    near = Q(performed_at__gt=log.performed_at - window, performed_at__lt=log.performed_at + window)
    return subject.logs().filter(same, near, superseded_by=None).order_by("-performed_at", "-id").first()


def log_by_uuid(uuid: UUID) -> CleaningLog | None:
    """Return the log that a client's id stands for, or None."""
    found: CleaningLog | None = CleaningLog.objects.filter(uuid=uuid).select_related("label").first()
    return found


def get_log_at_label(uuid: UUID, label: Label) -> CleaningLog:
    """Return the log saved from this label; raise Http404. The id is unguessable: who has it has just saved it."""
    found = CleaningLog.objects.filter(uuid=uuid, label=label).select_related("facility", "requirement")
    log: CleaningLog | None = found.first()
    if log is None:
        raise Http404
    return log


def list_logs() -> QuerySet[CleaningLog]:
    """Return the logs that the active scope may see."""
    logs: QuerySet[CleaningLog] = CleaningLog.objects.all()
    return logs


def get_log(pk: int) -> CleaningLog:
    """Return a log with all its detail page shows; raise Http404."""
    log: CleaningLog | None = (
        CleaningLog.objects.filter(pk=pk)
        .select_related(
            "facility",
            "area",
            "equipment__area",
            "requirement",
            "label",
            "completion",
            "protocol_version",
            "supersedes",
        )
        .first()
    )
    if log is None:
        raise Http404
    return log


def get_photo(pk: int) -> LogPhoto:
    """Return a photo of a log; raise Http404."""
    photo: LogPhoto | None = LogPhoto.objects.filter(pk=pk).first()
    if photo is None:
        raise Http404
    return photo


def replacement_of(log: CleaningLog) -> CleaningLog | None:
    """Return the log that replaced this one, or None."""
    found: CleaningLog | None = CleaningLog.objects.filter(supersedes=log).first()
    return found


def chain_of(log: CleaningLog) -> Sequence[CleaningLog]:
    """Return every version of one log, the first made first, the one in force last."""
    chain = [log]
    while (earlier := chain[0].supersedes) is not None:
        chain.insert(0, earlier)
    while (later := replacement_of(chain[-1])) is not None:
        chain.append(later)
    return chain


def may_supersede(log: CleaningLog) -> bool:
    """Tell whether the person asking may replace this log: its author, or somebody who manages requirements."""
    scope = require()
    if not allowed(Permission.LOGS_CREATE, scope) or scope.membership_id is None:
        return False
    return allowed(Permission.COMPLIANCE_EDIT, scope) or log.performed_by_id == scope.membership_id


def latest_by(membership_id: int, limit: int = 20) -> Sequence[CleaningLog]:
    """Return what a member did in the last day and a half, newest first, without what was replaced."""
    since = timezone.now() - datetime.timedelta(hours=36)
    logs = CleaningLog.objects.filter(performed_by_id=membership_id, performed_at__gte=since, superseded_by=None)
    return list(logs.select_related("facility").order_by("-performed_at", "-id")[:limit])


def recent_logs(subject: Subject, limit: int = 5) -> Sequence[CleaningLog]:
    """Return the newest logs of a subject; of a facility, those of everything in it."""
    logs = CleaningLog.objects.filter(facility=subject.facility)
    if subject.equipment is not None:
        # A machine's logs stay with the facility where they were made.
        logs = CleaningLog.objects.filter(equipment=subject.equipment)
    elif subject.area is not None:
        logs = CleaningLog.objects.filter(area=subject.area)
    return list(logs.select_related("facility").order_by("-performed_at", "-id")[:limit])
