"""Template tags of the audit room."""

from __future__ import annotations

from collections.abc import Iterable

from django import template

from apps.audit.models import AuditEvent
from apps.audit.words import Entry, entry

register = template.Library()


@register.filter
def timeline(events: Iterable[AuditEvent] | None) -> list[Entry]:
    """Turn events into what ``components/timeline.html`` reads."""
    return [entry(event) for event in events or ()]
