"""The history of one object, as people read it: words instead of field names, names instead of ids."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from apps.audit.models import AuditEvent
from apps.audit.queries import events_of
from apps.tenants.permissions import Permission, allowed


@dataclass
class Change:
    """One field before and after, in words."""

    field: str
    old: str
    new: str


@dataclass
class Entry:
    """One line of ``components/timeline.html``."""

    when: datetime.datetime
    who: str
    what: str
    note: str = ""
    url: str = ""
    changes: list[Change] = field(default_factory=list)


def action_words(action: str) -> str:
    """Return what an action did: "equipment.archive" is "archived"."""
    verbs = {
        "create": _("added this"),
        "update": _("changed this"),
        "archive": _("archived this"),
        "restore": _("restored this"),
        "claim": _("claimed this label"),
        "replace": _("replaced this label"),
        "revoke": _("revoked this label"),
        "photo": _("changed the photo"),
        "pin_set": _("set the PIN"),
        "pin_clear": _("cleared the PIN"),
    }
    verb = action.rpartition(".")[2]
    return verbs.get(verb, verb.replace("_", " "))


def history_of(obj: models.Model, limit: int = 20) -> list[Entry] | None:
    """Return the latest changes of ``obj``, newest first; None for readers who may not see the audit trail.

    Reads the events, and each kind of object they name, once.
    """
    if not allowed(Permission.AUDIT_VIEW):
        return None
    return entries(type(obj), list(events_of(obj, limit)))


def entries(model: type[models.Model], events: Sequence[AuditEvent]) -> list[Entry]:
    """Put events about objects of one model into words."""
    shown = [(event, _listed(event)) for event in events]
    names = _names(model, [changes for _event, changes in shown])
    return [
        Entry(
            when=timezone.localtime(event.at),
            who=event.actor,
            what=action_words(event.action),
            note=event.reason,
            changes=[_change(model, name, pair, names) for name, pair in changes.items()],
        )
        for event, changes in shown
    ]


def _listed(event: AuditEvent) -> dict[str, list[Any]]:
    """Return the changes worth a line: an addition lists nothing, the page itself shows those values."""
    if event.action.endswith(".create"):
        return {}
    hidden = {"archived_at", "pin_hash", "path", "status_since"}
    return {
        name: pair
        for name, pair in event.changes.items()
        if name not in hidden and isinstance(pair, list) and len(pair) == 2
    }


def _field(model: type[models.Model], name: str) -> Any:
    return next((f for f in model._meta.concrete_fields if f.name == name), None)


def _names(model: type[models.Model], changes: Iterable[dict[str, list[Any]]]) -> dict[tuple[str, int], str]:
    wanted: dict[str, set[int]] = {}
    for each in changes:
        for name, pair in each.items():
            if isinstance(_field(model, name), models.ForeignKey):
                wanted.setdefault(name, set()).update(pk for pk in pair if isinstance(pk, int))
    return {
        (name, pk): str(found)
        for name, pks in wanted.items()
        if pks
        for pk, found in _field(model, name).related_model._default_manager.in_bulk(pks).items()
    }


def _change(model: type[models.Model], name: str, pair: list[Any], names: dict[tuple[str, int], str]) -> Change:
    found = _field(model, name)
    label = capfirst(str(found.verbose_name)) if found is not None else name
    old, new = (_words(found, name, value, names) for value in pair)
    return Change(label, old, new)


def _words(found: Any, name: str, value: Any, names: dict[tuple[str, int], str]) -> str:
    if value is None or value == "":
        return _("not answered") if isinstance(found, models.BooleanField) else ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(found, models.ForeignKey):
        return str(names.get((name, value), _("number %s") % value))
    if isinstance(found, models.FileField):
        return _("a photo")
    if isinstance(found, models.DateTimeField) and isinstance(value, str) and (moment := parse_datetime(value)):
        return str(date_format(timezone.localtime(moment), "j M Y, H:i"))
    choices = dict(found.flatchoices) if found is not None else {}
    return str(choices.get(value, value))
