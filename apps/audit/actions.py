"""The only way rows are written: each change saves what changed and appends its audit event, in one transaction."""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import models, transaction
from django.utils.functional import Promise

from apps.audit.models import AuditEvent, PlatformEvent
from apps.tenants.base import TenantModel
from apps.tenants.models import Organization
from apps.tenants.request_info import current_request
from apps.tenants.scope import NoScope, require

M = TypeVar("M", bound=models.Model)
# Never written to the trail, whatever the model.
SECRET_FIELDS = frozenset({"password", "pin_hash", "token_hash"})


def plain(value: Any) -> Any:
    """Return a JSON-safe form of a field value: instants in ISO 8601 UTC, models by primary key, the rest as text."""
    if value is None or type(value) in (str, int, float, bool):
        return value  # nearly every value of an import; the checks below cost much for a million of them
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal | uuid.UUID | Promise):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, str | int | float | bool | None):
        return value
    return str(value)


def _facility_of(obj: models.Model) -> int | None:
    path = getattr(type(obj), "facility_path", "")
    value = getattr(obj, path, None) if path and "__" not in path else None
    return value if isinstance(value, int) else None


def event(
    action: str, obj: models.Model, changes: Mapping[str, Any] | None = None, *, reason: str = ""
) -> AuditEvent | PlatformEvent:
    """Build (without saving) the audit event about ``obj``; see ``record``."""
    scope, request = require(), current_request()
    fields: dict[str, Any] = {
        "actor_id": scope.user_id,
        "actor": scope.actor[:200],
        "role": scope.role,
        "action": action,
        "object_type": obj._meta.label_lower,
        "object_id": obj.pk,
        "object_name": str(obj)[:300],
        "changes": plain(changes or {}),
        "reason": (reason or scope.reason)[:500],
        "ip": request.ip,
        "request_id": request.request_id,
    }
    if isinstance(obj, TenantModel):
        organization_id: int | None = obj.organization_id
    elif isinstance(obj, Organization):
        organization_id = obj.pk
    else:
        organization_id = scope.organization_id
    if organization_id is None:
        if scope.kind != "platform":
            raise NoScope("An event without an organization belongs to the platform scope.")
        return PlatformEvent(**fields)
    return AuditEvent(organization_id=organization_id, facility_ref=_facility_of(obj), **fields)


def record(action: str, obj: models.Model, changes: Mapping[str, Any] | None = None, *, reason: str = "") -> None:
    """Append an audit event about ``obj`` ("equipment.archive") to its organization's trail.

    Actor, role, address and request id come from the active scope and request. ``changes`` maps a field to
    ``[before, after]``. Raises NoScope outside a scope.
    """
    event(action, obj, changes, reason=reason).save(force_insert=True)


def record_platform(action: str, *, actor: str, actor_id: int | None = None, reason: str = "", about: str = "") -> None:
    """Append an event that concerns no organization: a sign-in, a staff action, a cross-tenant command."""
    request = current_request()
    PlatformEvent.objects.create(
        actor=actor[:200],
        actor_id=actor_id,
        role="platform",
        action=action,
        object_type="",
        object_name=about[:300],
        reason=reason[:500],
        ip=request.ip,
        request_id=request.request_id,
    )


def create(obj: M, action: str, *, reason: str = "") -> M:
    """Insert ``obj`` and record it with all its values. Returns the object."""
    with transaction.atomic(savepoint=False):
        obj.save(force_insert=True)
        values = {
            field.name: [None, plain(getattr(obj, field.attname))]
            for field in obj._meta.concrete_fields
            if field.attname not in ("id", "organization_id")
            and field.name not in SECRET_FIELDS
            and not isinstance(field, models.GeneratedField)
            and getattr(obj, field.attname) not in (None, "")
        }
        record(action, obj, values, reason=reason)
    return obj


def update(obj: M, values: Mapping[str, Any], action: str, *, reason: str = "") -> bool:
    """Set the fields that differ, save just those, and record before and after. Returns whether anything changed."""
    changes: dict[str, list[Any]] = {}
    names: list[str] = []
    for name, value in values.items():
        attname = obj._meta.get_field(name).attname  # type: ignore[union-attr]
        before = getattr(obj, attname)
        after = value.pk if isinstance(value, models.Model) else value
        if before == after:
            continue
        secret = name in SECRET_FIELDS
        changes[name] = ["•", "•"] if secret else [plain(before), plain(after)]
        if isinstance(value, models.Model):
            setattr(obj, name, value)
        else:
            setattr(obj, attname, value)
        names.append(name)
    if not names:
        return False
    with transaction.atomic(savepoint=False):
        obj.save(update_fields=names)
        record(action, obj, changes, reason=reason)
    return True
