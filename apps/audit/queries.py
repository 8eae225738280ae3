"""Reads of the audit trail."""

from __future__ import annotations

from django.db import models
from django.db.models import QuerySet

from apps.audit.models import AuditEvent


def events_of(obj: models.Model, limit: int = 20) -> QuerySet[AuditEvent]:
    """Return the latest events about one object, newest first."""
    return AuditEvent.objects.filter(object_type=obj._meta.label_lower, object_id=obj.pk).order_by("-id")[:limit]


def list_events() -> QuerySet[AuditEvent]:
    """Return the events that the active scope may see, newest first."""
    return AuditEvent.objects.order_by("-id")
