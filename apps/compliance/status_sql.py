"""The database twin of status.py: the same table as Django expressions."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, assert_never

from django.db.models import Case, CharField, Q, Value, When
from django.db.models.expressions import Combinable

from .status import RULES, Ahead, Both, Condition, Either, Empty, Is, Passed, Positive, Reached

Moment = datetime | Combinable


def case_expression(at: Moment, value: Literal["reason", "colour"] = "reason", *, prefix: str = "") -> Case:
    """The reason or colour of occurrences at a moment (a datetime or an expression), for `annotate`.

    `prefix` is the path from the queryset's model to the occurrence, such as "occurrences__". Holds for the rows that
    are live at `at`, like `status`.
    """
    whens = [
        When(to_q(rule.condition, at, prefix=prefix), then=Value(str(getattr(rule, value)))) for rule in RULES[:-1]
    ]
    return Case(*whens, default=Value(str(getattr(RULES[-1], value))), output_field=CharField())


def to_q(condition: Condition, at: Moment, *, prefix: str = "") -> Q:
    """One condition of the table as a Q, without negations, so that NULL means the same as None does in Python."""
    match condition:
        case Both(parts):
            return Q(*(to_q(part, at, prefix=prefix) for part in parts))
        case Either(parts):
            return Q(*(to_q(part, at, prefix=prefix) for part in parts), _connector=Q.OR)
        case Reached(field):
            return Q(**{f"{prefix}{field}__lte": at})
        case Ahead(field):
            return Q(**{f"{prefix}{field}__isnull": True}) | Q(**{f"{prefix}{field}__gt": at})
        case Passed(field):
            return Q(**{f"{prefix}{field}__lt": at})
        case Empty(field):
            return Q(**{f"{prefix}{field}__isnull": True})
        case Is(field, wanted):
            return Q(**{f"{prefix}{field}": wanted})
        case Positive(field):
            return Q(**{f"{prefix}{field}__gt": 0})
    assert_never(condition)
