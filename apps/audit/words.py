"""Audit events in words: what was done, to what kind of object, which fields changed from what to what."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.audit.models import AuditEvent
from apps.tenants.models import Role

# The last part of an action. What is not here is shown as it is written.
VERBS: dict[str, str | Promise] = {
    "archive": gettext_lazy("archived"),
    "assigned": gettext_lazy("changed the owner"),
    "cancel": gettext_lazy("cancelled"),
    "claim": gettext_lazy("claimed"),
    "closed": gettext_lazy("checked and closed"),
    "complete": gettext_lazy("completed"),
    "create": gettext_lazy("created"),
    "deactivate": gettext_lazy("deactivated"),
    "deadline": gettext_lazy("changed the deadline"),
    "delete": gettext_lazy("deleted"),
    "edit": gettext_lazy("edited"),
    "edited": gettext_lazy("edited"),
    "end": gettext_lazy("ended"),
    "export": gettext_lazy("exported"),
    "facilities": gettext_lazy("changed the facilities"),
    "fixed": gettext_lazy("marked as fixed"),
    "import": gettext_lazy("imported"),
    "invite": gettext_lazy("invited"),
    "move": gettext_lazy("moved"),
    "noted": gettext_lazy("added a note"),
    "open": gettext_lazy("opened"),
    "print": gettext_lazy("printed"),
    "publish": gettext_lazy("published"),
    "reactivate": gettext_lazy("reactivated"),
    "relink": gettext_lazy("linked to the corrected log"),
    "remove": gettext_lazy("removed"),
    "reopened": gettext_lazy("reopened"),
    "replace": gettext_lazy("replaced"),
    "restore": gettext_lazy("restored"),
    "resumed": gettext_lazy("resumed the reminders"),
    "retire": gettext_lazy("retired"),
    "revoke": gettext_lazy("revoked"),
    "seen": gettext_lazy("acknowledged"),
    "snoozed": gettext_lazy("paused the reminders"),
    "supersede": gettext_lazy("superseded"),
    "undo": gettext_lazy("undid"),
    "update": gettext_lazy("edited"),
    "view": gettext_lazy("looked at"),
}
LONGEST = 300


@dataclass(frozen=True)
class Change:
    """One field before and after, in words ("" = empty)."""

    field: str
    old: str
    new: str


@dataclass(frozen=True)
class Entry:
    """One event as ``components/timeline.html`` reads it."""

    when: datetime.datetime
    who: str
    what: str
    note: str
    changes: list[Change]


def _model(object_type: str) -> type[models.Model] | None:
    try:
        return apps.get_model(object_type)
    except (LookupError, ValueError):
        return None


def object_type_words(object_type: str) -> str:
    """Return the kind of object in words: "equipment.equipment" is "Equipment"."""
    model = _model(object_type)
    return str(capfirst(str(model._meta.verbose_name))) if model else object_type


def action_words(action: str) -> str:
    """Return an action in words: "facility.archive" is "Facility: archived"."""
    noun, _dot, verb = action.rpartition(".")
    words = str(VERBS.get(verb, verb.replace("_", " ")))
    return f"{capfirst(noun.replace('_', ' ').replace('.', ' '))}: {words}" if noun else str(capfirst(words))


def role_words(role: str) -> str:
    """Return a role in words; the roles of jobs and labels too."""
    extra = {"system": _("CleanTrack"), "label": _("Label"), "platform": _("Platform staff")}
    return str(dict(Role.choices).get(role) or extra.get(role) or role)


def _value(field: models.Field | None, value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return _shorten(", ".join(_value(None, item) for item in value))
    if field is not None and field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, str) and isinstance(field, models.DateTimeField):
        moment = parse_datetime(value)
        if moment is not None and timezone.is_aware(moment):
            return f"{timezone.localtime(moment):%Y-%m-%d %H:%M %Z}"
    if isinstance(field, models.ForeignKey):
        return str(_("no. %s") % value)
    return _shorten(str(value))


def _shorten(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def changes_of(event: AuditEvent) -> list[Change]:
    """Return what an event changed, field by field, with the labels of the model as it is today."""
    model, found = _model(event.object_type), []
    for name, pair in event.changes.items():
        field: Any = None
        if model is not None:
            try:
                field = model._meta.get_field(name)
            except FieldDoesNotExist:
                field = None
        label = getattr(field, "verbose_name", None) or name.replace("_", " ")
        old, new = pair if isinstance(pair, list) and len(pair) == 2 else (None, pair)
        found.append(Change(str(capfirst(str(label))), _value(field, old), _value(field, new)))
    return found


def entry(event: AuditEvent, *, name_object: bool = False) -> Entry:
    """Return an event for a timeline. On an object's own page its name goes without saying."""
    verb = event.action.rpartition(".")[2]
    words = str(VERBS.get(verb, action_words(event.action)))
    what = f"{words}: {event.object_name}" if name_object else words
    return Entry(event.at, event.actor, what, event.reason, changes_of(event))
