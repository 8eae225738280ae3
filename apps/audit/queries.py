"""Reads of the audit trail."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from apps.audit.models import AuditEvent

BIGGEST = 2**63 - 1
# The choices of the filters are what the latest events hold: distinct values of the whole trail would read all of it.
RECENT = 5_000


def events_of(obj: models.Model, limit: int = 20) -> QuerySet[AuditEvent]:
    """Return the latest events about one object, newest first. ``templates/audit/_events.html`` shows them."""
    events: QuerySet[AuditEvent] = AuditEvent.objects.filter(object_type=obj._meta.label_lower, object_id=obj.pk)
    return events.order_by("-id")[:limit]


def list_events() -> QuerySet[AuditEvent]:
    """Return the events that the active scope may see, newest first."""
    events: QuerySet[AuditEvent] = AuditEvent.objects.order_by("-id")
    return events


def get_event(pk: int) -> AuditEvent:
    """Return one event, or raise Http404 when the scope does not see it."""
    if pk > BIGGEST:
        raise Http404
    event: AuditEvent = get_object_or_404(AuditEvent.objects.all(), pk=pk)
    return event


@dataclass(frozen=True)
class Seen:
    """What the latest events hold: actions, kinds of objects, and people (id and name)."""

    actions: list[str]
    object_types: list[str]
    people: list[tuple[int, str]]


def seen() -> Seen:
    """Return the values to filter by, from the latest events that the scope may see. One query."""
    recent = AuditEvent.objects.order_by("-id").values("id")[:RECENT]
    events = AuditEvent.objects.filter(id__in=recent).order_by()
    rows = events.values_list("action", "object_type", "actor_id", "actor").distinct()
    actions: set[str] = set()
    types: set[str] = set()
    people: dict[int, str] = {}
    for action, object_type, actor_id, actor in rows:
        actions.add(action)
        types.add(object_type)
        if actor_id is not None:
            people[actor_id] = actor
    return Seen(sorted(actions), sorted(types), sorted(people.items(), key=lambda person: person[1].casefold()))


def latest_event_id() -> int | None:
    """Return the id of the newest event that the active scope may see: one look-up in an index."""
    newest: int | None = AuditEvent.objects.order_by("-id").values_list("pk", flat=True).first()
    return newest
