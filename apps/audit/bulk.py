"""Many rows at once, each with its own audit event: what imports and cascades are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from django.db import models, transaction

from apps.audit.actions import SECRET_FIELDS, event, plain
from apps.audit.models import AuditEvent

M = TypeVar("M", bound=models.Model)
BATCH = 1_000


def record_many(action: str, changed: Iterable[tuple[models.Model, Mapping[str, Any]]], *, reason: str = "") -> None:
    """Append one event for each (object, changes), as ``record`` does for one. Tenant models only."""
    AuditEvent.objects.bulk_create(
        [_tenant_event(action, obj, changes, reason) for obj, changes in changed],
        batch_size=BATCH,
    )


def _tenant_event(action: str, obj: models.Model, changes: Mapping[str, Any], reason: str) -> AuditEvent:
    found = event(action, obj, changes, reason=reason)
    if not isinstance(found, AuditEvent):
        raise TypeError(f"{obj._meta.label} belongs to no organization: its events are not recorded in bulk.")
    return found


def create_many(objects: Sequence[M], action: str, *, reason: str = "") -> None:
    """Insert rows of one model and record each with all its values."""
    if not objects:
        return
    fields = [
        field
        for field in objects[0]._meta.concrete_fields
        if field.attname not in ("id", "organization_id")
        and field.name not in SECRET_FIELDS
        and not isinstance(field, models.GeneratedField)
    ]
    with transaction.atomic():
        type(objects[0])._default_manager.bulk_create(objects, batch_size=BATCH)
        record_many(
            action,
            (
                (
                    obj,
                    {
                        field.name: [None, value]
                        for field in fields
                        if (value := getattr(obj, field.attname)) not in (None, "")
                    },
                )
                for obj in objects
            ),
            reason=reason,
        )


def update_many(changed: Sequence[tuple[M, Mapping[str, Any]]], action: str, *, reason: str = "") -> list[M]:
    """Set the fields that differ on rows of one model and record each. Returns the objects that changed.

    The rows should be locked: all fields named anywhere in ``changed`` are written on each row that changed.
    """
    events: list[tuple[models.Model, Mapping[str, Any]]] = []
    names: set[str] = set()
    dirty: list[M] = []
    for obj, values in changed:
        changes: dict[str, list[Any]] = {}
        for name, value in values.items():
            attname = obj._meta.get_field(name).attname  # type: ignore[union-attr]
            before, after = getattr(obj, attname), value.pk if isinstance(value, models.Model) else value
            if before == after:
                continue
            changes[name] = ["•", "•"] if name in SECRET_FIELDS else [plain(before), plain(after)]
            if isinstance(value, models.Model):
                setattr(obj, name, value)
            else:
                setattr(obj, attname, value)
        if changes:
            names |= changes.keys()
            dirty.append(obj)
            events.append((obj, changes))
    if dirty:
        with transaction.atomic():
            # One INSERT … ON CONFLICT DO UPDATE a batch: several times faster than the CASE list of bulk_update.
            type(dirty[0])._default_manager.bulk_create(
                dirty, batch_size=BATCH, update_conflicts=True, unique_fields=["id"], update_fields=sorted(names)
            )
            record_many(action, events, reason=reason)
    return dirty
