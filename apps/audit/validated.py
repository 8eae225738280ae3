"""Create and update with validation: what most actions are made of."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from apps.audit import actions as audit

M = TypeVar("M", bound=models.Model)


def create_valid(obj: M, action: str, *, reason: str = "") -> M:
    """Validate, insert and record ``obj``.

    Raises ValidationError, also when somebody else took a unique value meanwhile.
    """
    obj.full_clean()
    try:
        with transaction.atomic():
            audit.create(obj, action, reason=reason)
    except IntegrityError as error:
        raise _taken(obj, error) from error
    return obj


def update_valid(obj: M, values: Mapping[str, Any], action: str, *, reason: str = "") -> bool:
    """Validate ``obj`` with the new values, save what differs and record it. Returns whether anything changed.

    On ValidationError ``obj`` is as it was.
    """
    trial = copy.copy(obj)
    # A copied instance shares the cache of related objects with the original.
    trial._state = copy.copy(obj._state)
    trial._state.fields_cache = dict(obj._state.fields_cache)
    for name, value in values.items():
        setattr(trial, name, value)
    trial.full_clean()
    try:
        with transaction.atomic():
            return audit.update(obj, {name: getattr(trial, name) for name in values}, action, reason=reason)
    except IntegrityError as error:
        raise _taken(trial, error) from error


def _taken(obj: models.Model, error: IntegrityError) -> ValidationError:
    """Say which value is taken; the database's word stands where validation finds nothing."""
    try:
        obj.validate_constraints()
    except ValidationError as found:
        return found
    return ValidationError(
        _("Somebody else changed this at the same moment. Check it and save again."), code="conflict"
    )
