"""Reads of corrective actions and acknowledgements, and the doors through which they enter views."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Case, CharField, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.http import Http404

from apps.compliance.corrective import state as pure
from apps.compliance.corrective.models import (
    Acknowledgement,
    AcknowledgementKind,
    CorrectiveAction,
    CorrectiveEvent,
    CorrectivePhoto,
    EventKind,
    State,
)
from apps.compliance.models import Completion, FactKind, Requirement, Result
from apps.compliance.moment import Moment
from apps.compliance.moment import now as present
from apps.equipment.models import Equipment
from apps.facilities.models import Area, Facility, FacilityAccess
from apps.tenants.models import Membership
from apps.tenants.permissions import Permission, allowed
from apps.tenants.scope import require

PANEL_ROWS = 20
Rows = TypeVar("Rows", bound=Iterable[Any])


def actions_at(moment: Moment | None = None) -> QuerySet[Any]:
    """Return the actions opened by a moment, as they were, and were known, then.

    Annotated: ``then_state``, ``then_deadline``, ``then_severity``, ``then_owner_id``, ``colour`` and ``urgency``,
    which is 0 for red, 1 for amber, 2 for green.
    """
    moment = moment or present()
    found: QuerySet[Any] = CorrectiveAction.objects.all()
    if moment.is_now:
        found = found.annotate(
            then_state=F("state"), then_deadline=F("deadline"), then_severity=F("severity"), then_owner_id=F("owner_id")
        )
    else:
        found = _as_then(found, moment)
    found = found.annotate(
        colour=Case(
            When(then_state=State.CLOSED, then=Value("green")),
            When(then_deadline__lt=moment.at, then=Value("red")),
            default=Value("amber"),
            output_field=CharField(),
        )
    )
    ranked: QuerySet[Any] = found.annotate(
        urgency=Case(
            When(colour="red", then=Value(0)),
            When(colour="amber", then=Value(1)),
            default=Value(2),
            output_field=IntegerField(),
        )
    )
    return ranked


def _as_then(found: QuerySet[Any], moment: Moment) -> QuerySet[Any]:
    known = Q(at__lte=moment.at)
    if moment.known_at is not None:
        known &= Q(recorded_at__lte=moment.known_at)
    events = CorrectiveEvent.objects.filter(known, action=OuterRef("pk")).order_by("-at", "-id")

    def latest(field: str, **condition: Any) -> Subquery:
        return Subquery(events.filter(**condition).values(field)[:1])

    then: QuerySet[Any] = found.filter(Exists(events.filter(kind=EventKind.OPENED))).annotate(
        then_state=latest("state", state__gt=""),
        then_deadline=latest("deadline", deadline__isnull=False),
        then_severity=latest("severity", severity__gt=""),
        then_owner_id=latest("owner_id", kind__in=(EventKind.OPENED, EventKind.ASSIGNED)),
    )
    return then


def with_places(found: QuerySet[Any]) -> QuerySet[Any]:
    """Join what a row on screen shows."""
    return found.select_related("facility", "area", "equipment__area", "requirement", "owner__user")


@dataclass(frozen=True)
class Row:
    """An action on a list: its status, its owner at the moment, and the next step of the person asking."""

    action: CorrectiveAction
    status: pure.Status
    severity: str
    owner: str
    deadline: datetime.datetime
    next_step: str

    @property
    def colour(self) -> str:
        """The colour's name, for the edge of the row."""
        return self.status.colour


def to_rows(found: Iterable[Any], moment: Moment | None = None) -> list[Row]:
    """Return the rows of actions that come from ``actions_at`` with their places joined. One query for past owners."""
    moment = moment or present()
    actions = list(found)
    names = _names({a.then_owner_id for a in actions if a.then_owner_id != a.owner_id and a.then_owner_id})
    rows = []
    for action in actions:
        zone = ZoneInfo(action.facility.time_zone)
        status = pure.status(action.then_state, action.then_deadline, moment.at, zone)
        owner = names.get(action.then_owner_id, "")
        if action.then_owner_id == action.owner_id and action.owner is not None:
            owner = str(action.owner.user)
        severity = dict(CorrectiveAction._meta.get_field("severity").flatchoices)[action.then_severity]
        deadline = action.then_deadline.astimezone(zone)
        step = next_step(action) if moment.is_now else ""
        rows.append(Row(action, status, str(severity), owner, deadline, step))
    return rows


def _names(ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    return {m.pk: str(m.user) for m in Membership.objects.filter(pk__in=ids).select_related("user")}


def next_step(action: CorrectiveAction) -> str:
    """Return what the person asking can do next: "assign", "fix", "close" or ""."""
    if may_close(action):
        return "close"
    if action.state == State.OPEN and action.owner_id is None and allowed(Permission.COMPLIANCE_EDIT):
        return "assign"
    return "fix" if may_fix(action) else ""


def may_fix(action: CorrectiveAction) -> bool:
    """Tell whether the person asking may mark it as fixed: its owner, or who manages requirements."""
    scope = require()
    if action.state != State.OPEN or scope.membership_id is None or not allowed(Permission.LOGS_CREATE, scope):
        return False
    return allowed(Permission.COMPLIANCE_EDIT, scope) or action.owner_id == scope.membership_id


def may_close(action: CorrectiveAction) -> bool:
    """Tell whether the person asking may close it: who manages requirements, and did not fix it."""
    scope = require()
    if action.state != State.FIXED or scope.membership_id is None or not allowed(Permission.COMPLIANCE_EDIT, scope):
        return False
    return action.fixed_by_id != scope.membership_id


def red_first(found: QuerySet[Any]) -> QuerySet[Any]:
    """Order by urgency, then by deadline, then by id."""
    return found.order_by("urgency", "then_deadline", "id")


def rows_of(limit: int = PANEL_ROWS, **condition: Any) -> list[Row]:
    """Return what is not closed of a place or a requirement, red first."""
    found = actions_at().filter(**condition).exclude(state=State.CLOSED)
    return to_rows(red_first(with_places(found))[:limit])


def get_action(pk: int) -> CorrectiveAction:
    """Return a corrective action of the scope; raise Http404."""
    found = CorrectiveAction.objects.filter(pk=pk).select_related(
        "facility", "area", "equipment__area", "requirement", "owner__user", "completion"
    )
    action: CorrectiveAction | None = found.first()
    if action is None:
        raise Http404
    return action


def get_photo(pk: int) -> CorrectivePhoto:
    """Return a photo of an action of the scope; raise Http404."""
    photo: CorrectivePhoto | None = CorrectivePhoto.objects.filter(pk=pk).first()
    if photo is None:
        raise Http404
    return photo


def action_by_uuid(uuid: UUID) -> CorrectiveAction | None:
    """Return the action that an id stands for, or None."""
    found: CorrectiveAction | None = CorrectiveAction.objects.filter(uuid=uuid).select_related("facility").first()
    return found


def actions_of(completion_id: int | None) -> list[CorrectiveAction]:
    """Return the actions that a completion opened."""
    if completion_id is None:
        return []
    return list(CorrectiveAction.objects.filter(completion_id=completion_id).select_related("facility", "owner__user"))


def events_of(action: CorrectiveAction, moment: Moment | None = None) -> list[CorrectiveEvent]:
    """Return the events known at a moment, in the order they happened, with their photos."""
    found = action.events.select_related("by__user", "owner__user").prefetch_related("photos")
    if moment is not None and not moment.is_now:
        found = found.filter(at__lte=moment.at)
    if moment is not None and moment.known_at is not None:
        found = found.filter(recorded_at__lte=moment.known_at)
    return list(found)


def possible_owners(facility: Facility | None = None) -> QuerySet[Membership]:
    """Return who may own an action: active members, no auditors, and for a facility those who see it."""
    found = Membership.objects.filter(is_active=True).exclude(role="auditor")
    if facility is not None:
        named = FacilityAccess.objects.filter(facility=facility).values("membership_id")
        found = found.filter(Q(all_facilities=True) | Q(pk__in=named))
    owners: QuerySet[Membership] = found.select_related("user").order_by("user__name", "id")
    return owners


def subject_filter(subject: Facility | Area | Equipment) -> dict[str, Any]:
    """Return the condition for what concerns a place: of a facility, everything in it."""
    return {{Facility: "facility", Area: "area", Equipment: "equipment"}[type(subject)]: subject}


# --- Acknowledgements ---


def _standing(at: datetime.datetime) -> QuerySet[Acknowledgement]:
    """Return what was said by a moment of requirements that were not done since."""
    done = Completion.objects.filter(
        requirement=OuterRef("requirement"),
        kind__in=(FactKind.COMPLETION, FactKind.WAIVER),
        result=Result.SATISFACTORY,
        voided_at=None,
        recorded_at__gt=OuterRef("recorded_at"),
        recorded_at__lte=at,
    )
    found: QuerySet[Acknowledgement] = Acknowledgement.objects.filter(~Exists(done), recorded_at__lte=at)
    return found


def acknowledgements(ids: Iterable[int], at: datetime.datetime | None = None) -> dict[int, Acknowledgement]:
    """Return, by requirement, the last acknowledgement that stands. One query."""
    at = at or present().at
    found = _standing(at).filter(requirement_id__in=list(ids)).exclude(kind=AcknowledgementKind.RESUMED)
    latest = found.order_by("requirement_id", "-recorded_at", "-id").distinct("requirement_id")
    return {row.requirement_id: row for row in latest}


def with_acknowledgements(rows: Rows, at: datetime.datetime | None = None) -> Rows:
    """Return the rows with ``acknowledged`` set on the requirement of each that is not green. One query at most."""
    waiting = [row for row in rows if row.colour != "green"]
    known = acknowledgements([row.requirement.pk for row in waiting], at) if waiting else {}
    for row in waiting:
        row.requirement.acknowledged = known.get(row.requirement.pk)
    return rows


def snooze_of(requirement: Requirement, at: datetime.datetime | None = None) -> Acknowledgement | None:
    """Return what pauses the reminders of a requirement at a moment (default: now), or None."""
    at = at or present().at
    pauses = (AcknowledgementKind.SNOOZED, AcknowledgementKind.RESUMED)
    latest = _standing(at).filter(requirement=requirement, kind__in=pauses).order_by("-recorded_at", "-id").first()
    if latest is None or latest.snooze_until is None or latest.snooze_until <= at:
        return None
    return latest


def snoozed(requirement: Requirement, at: datetime.datetime | None = None) -> bool:
    """Tell whether the reminders of a requirement are paused at a moment (default: now)."""
    return snooze_of(requirement, at) is not None
