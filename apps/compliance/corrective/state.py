"""The state of a corrective action as a pure function of its events and the moment asked about."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from apps.compliance import schedule as pure
from apps.compliance import status as pure_status
from apps.compliance.corrective.models import DEADLINE_DAYS, EventKind, State


class Fact(Protocol):
    """What a stored event tells."""

    id: int
    kind: str
    at: datetime.datetime
    recorded_at: datetime.datetime
    state: str
    severity: str
    deadline: datetime.datetime | None
    owner_id: int | None
    by_id: int | None


@dataclass(frozen=True)
class Standing:
    """How an action stood at a moment."""

    state: str
    severity: str
    deadline: datetime.datetime
    owner_id: int | None
    since: datetime.datetime
    fixed_by_id: int | None = None
    closed_by_id: int | None = None


@dataclass(frozen=True)
class Status:
    """Colour and words, as the status component reads them."""

    colour: str
    words: str


def standing(
    events: Iterable[Fact], at: datetime.datetime | None = None, known_at: datetime.datetime | None = None
) -> Standing | None:
    """Return how an action stood at a moment, as known then; None before it was opened. The order does not matter."""
    counted = [
        event
        for event in events
        if (at is None or event.at <= at) and (known_at is None or event.recorded_at <= known_at)
    ]
    found: Standing | None = None
    for event in sorted(counted, key=lambda event: (event.at, event.id)):
        if event.kind == EventKind.OPENED and event.deadline is not None:
            found = Standing(event.state, event.severity, event.deadline, event.owner_id, event.at)
        elif found is not None:
            found = _after(found, event)
    return found


def _after(before: Standing, event: Fact) -> Standing:
    fixed_by, closed_by = before.fixed_by_id, before.closed_by_id
    if event.state == State.OPEN:
        fixed_by = closed_by = None
    elif event.state == State.FIXED:
        fixed_by = event.by_id
    elif event.state == State.CLOSED:
        closed_by = event.by_id
    return Standing(
        state=event.state or before.state,
        severity=event.severity or before.severity,
        deadline=event.deadline or before.deadline,
        owner_id=event.owner_id if event.kind == EventKind.ASSIGNED else before.owner_id,
        since=event.at if event.state else before.since,
        fixed_by_id=fixed_by,
        closed_by_id=closed_by,
    )


def colour_of(state: str, deadline: datetime.datetime, at: datetime.datetime) -> str:
    """Return green for closed, red past the deadline, amber otherwise: what is fixed but not checked is not closed."""
    if state == State.CLOSED:
        return "green"
    return "red" if at > deadline else "amber"


def status(state: str, deadline: datetime.datetime, at: datetime.datetime, zone: ZoneInfo) -> Status:
    """Return colour and words at a moment, with days on the calendar of ``zone``."""
    colour = colour_of(state, deadline, at)
    if state == State.CLOSED:
        return Status(colour, _("Closed"))
    tile = pure.Occurrence(
        opens_at=min(at, deadline), warn_at=min(at, deadline), due_at=deadline, overdue_at=deadline, ever_completed=True
    )
    words = pure_status.words(pure_status.status(tile, at), tile, at, zone)
    if state == State.FIXED:
        words = _("Fixed, not checked yet. %(due)s") % {"due": words}
    return Status(colour, words)


def deadline_for(severity: str, opened_at: datetime.datetime, zone: ZoneInfo) -> datetime.datetime:
    """Return the end of the local day by which something of this severity must be put right."""
    day = opened_at.astimezone(zone).date() + datetime.timedelta(days=DEADLINE_DAYS[severity])
    return end_of(day, zone)


def end_of(day: datetime.date, zone: ZoneInfo) -> datetime.datetime:
    """Return the end of a local day."""
    return pure.wall(day, 24 * 60, zone)
