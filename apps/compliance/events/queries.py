"""Reads about events and prerequisites."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.compliance.events.models import Prerequisite
from apps.compliance.models import Completion, FactKind, Requirement
from apps.compliance.models import Schedule as PlannedSchedule
from apps.compliance.queries import StatusRow, row_of, schedule_in_force
from apps.compliance.schedule import Mode, Schedule


def triggers_of(schedule: Schedule) -> list[str]:
    """Return the names of the events that make a duty due; none for a mode that waits for no event."""
    if schedule.mode is Mode.PER_USE:
        return [_("used")]
    if schedule.mode is Mode.EVENT:
        return list(schedule.triggers) or [_("it happened")]
    if schedule.mode is Mode.REVIEW_TRIGGERED:
        return list(schedule.triggers) or [_("significant change")]
    return []


def triggers(requirement: Requirement) -> list[str]:
    """Return the names of the events that can be recorded on a requirement now."""
    return [] if requirement.archived_at else triggers_of(schedule_in_force(requirement))


def triggers_by_requirement(requirements: Iterable[Requirement]) -> dict[int, list[str]]:
    """Return the events that can be recorded, by requirement. One query for any number of them."""
    ids = [requirement.pk for requirement in requirements if not requirement.archived_at]
    in_force: dict[int, dict[str, object]] = {}
    now = timezone.now()
    for row in PlannedSchedule.objects.filter(requirement_id__in=ids).order_by("effective_at", "id"):
        if row.effective_at <= now or row.requirement_id not in in_force:
            in_force[row.requirement_id] = row.spec
    found = {pk: triggers_of(Schedule.from_dict(spec)) for pk, spec in in_force.items()}
    return {pk: names for pk, names in found.items() if names}


def recent_events(requirement: Requirement, limit: int = 10) -> list[Completion]:
    """Return the latest events of a requirement, those taken back too."""
    found = requirement.completions.filter(kind=FactKind.EVENT).order_by("-performed_at", "-id")
    return list(found[:limit])


def get_event(pk: int) -> Completion:
    """Return an event that counts; raise Http404."""
    found = Completion.objects.filter(pk=pk, kind=FactKind.EVENT, voided_at=None)
    event: Completion | None = found.select_related("requirement__facility").first()
    if event is None:
        raise Http404
    return event


@dataclass(frozen=True)
class Unmet:
    """A duty that another one needs, and that is red."""

    requirement: Requirement
    row: StatusRow

    @property
    def words(self) -> str:
        """Why it stands in the way."""
        return f"{self.requirement.name}: {self.row.words}"


def prerequisites_of(requirement: Requirement) -> list[Requirement]:
    """Return what a requirement needs first."""
    found = Prerequisite.objects.filter(requirement=requirement, removed_at=None, needs__archived_at=None)
    return [
        link.needs for link in found.select_related("needs__owner", "needs__facility").order_by("needs__name", "id")
    ]


def unmet(requirement: Requirement, at: datetime.datetime | None = None) -> list[Unmet]:
    """Return what a requirement needs and was red at a moment (default: now)."""
    moment = at or timezone.now()
    rows = [(needed, row_of(needed, moment)) for needed in prerequisites_of(requirement)]
    return [Unmet(needed, row) for needed, row in rows if row is not None and row.colour == "red"]


def on_same_subject(requirement: Requirement) -> QuerySet[Requirement]:
    """Return the other duties on the same subject."""
    subject = {name: getattr(requirement, name) for name in ("facility_id", "area_id", "equipment_id")}
    found = Requirement.objects.filter(**subject, archived_at=None)
    return found.exclude(pk=requirement.pk).order_by("name", "id")
