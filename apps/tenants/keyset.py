"""Keyset pages: a place in a list is the sort value and id of a row, so rows that come or go move nothing."""

from __future__ import annotations

import base64
import binascii
import datetime
import json
from dataclasses import dataclass
from typing import Any, Literal

from django.db.models import BooleanField, DateTimeField, Expression, F, Func, Model, Q, QuerySet, TextField, Value
from django.utils import timezone
from django.utils.dateparse import parse_datetime

MAX_CURSOR = 2_000
BIGGEST = 2**63 - 1


@dataclass(frozen=True)
class Sort:
    """One order of the rows by a field path; the primary key always breaks ties, in the same direction.

    Empty values (``nullable``) come last whichever way the list is sorted.
    """

    key: str
    path: str
    kind: Literal["text", "integer", "instant"] = "text"
    nullable: bool = False
    descending_first: bool = False


class RowBeyond(Func):
    """``(a, b) > (c, d)``: the row comparison that PostgreSQL answers from an index, also under row security."""

    conditional = True
    output_field = BooleanField()

    def __init__(self, path: str, value: Expression, pk: int, operator: str) -> None:
        super().__init__(F(path), F("pk"), value, Value(pk))
        self.operator = operator

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> Any:
        """Compile the four parts."""
        parts, params = [], []
        for source in self.source_expressions:
            sql, values = compiler.compile(source)
            parts.append(sql)
            params += values
        return "({}, {}) {} ({}, {})".format(*parts[:2], self.operator, *parts[2:]), params

    def copy(self) -> RowBeyond:
        """Keep the operator in copies."""
        clone = super().copy()
        clone.operator = self.operator
        return clone


class _NoIndex(Func):
    """The same text, as an expression that no index has."""

    template = "(%(expressions)s || '')"
    output_field = TextField()


@dataclass(frozen=True)
class Cursor:
    """A place between rows: the sort value and id of the row beside it."""

    value: str | int | datetime.datetime | None
    pk: int


def value_at(obj: Any, path: str) -> Any:
    for part in path.split("__"):
        if obj is None:
            return None
        obj = getattr(obj, part)
    return obj


def encode_cursor(sort: Sort, row: Model) -> str:
    """Write the place of a row in a sort as a short opaque text."""
    value = value_at(row, sort.path)
    plain = value.isoformat() if isinstance(value, datetime.datetime) else value
    data = json.dumps([sort.key, plain, row.pk], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(data.encode("utf-8", errors="surrogatepass")).rstrip(b"=").decode()


def decode_cursor(sort: Sort, text: str) -> Cursor | None:
    """Read a cursor of this sort; None for anything else, whoever wrote it."""
    if not text or len(text) > MAX_CURSOR:
        return None
    try:
        data = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        key, value, pk = data
    except (ValueError, TypeError, binascii.Error, RecursionError):
        return None
    if key != sort.key or not _is_integer(pk):
        return None
    if value is None:
        return Cursor(None, pk) if sort.nullable else None
    if sort.kind == "integer":
        return Cursor(value, pk) if _is_integer(value) else None
    if not isinstance(value, str) or "\x00" in value:
        return None
    if sort.kind == "instant":
        return _instant(value, pk)
    return Cursor(value, pk) if _is_utf8(value) else None


def _instant(text: str, pk: int) -> Cursor | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return Cursor(moment, pk) if moment is not None and timezone.is_aware(moment) else None


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= BIGGEST


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def ordered(
    queryset: QuerySet[Any], sort: Sort, *, descending: bool, backwards: bool, by_index: bool = True
) -> QuerySet[Any]:
    """Order in reading order or against it. Without ``by_index`` PostgreSQL sorts what it found in one pass.

    Walking an index in the order of the list visits the table row by row, which for a search that finds little takes
    three times as long as reading the table once.
    """
    down = descending != backwards
    pk = F("pk").desc() if down else F("pk").asc()
    if sort.path in ("id", "pk"):
        return queryset.order_by(pk)
    # Spelled out only where there are empty values: the plain order is the one that indexes have.
    nulls: dict[str, Any] = {"nulls_first" if backwards else "nulls_last": True} if sort.nullable else {}
    column: Any = F(sort.path)
    if sort.kind == "text" and not by_index:
        column = _NoIndex(column)
    return queryset.order_by(column.desc(**nulls) if down else column.asc(**nulls), pk)


def beyond(sort: Sort, cursor: Cursor, *, descending: bool, backwards: bool = False) -> Expression | Q:
    """Return the condition of the rows after the cursor in reading order (before it, with ``backwards``)."""
    operator = "<" if descending != backwards else ">"
    lookup = "lt" if operator == "<" else "gt"
    if sort.path in ("id", "pk"):
        return Q(**{f"pk__{lookup}": cursor.pk})
    if cursor.value is None:
        inside = Q(**{f"{sort.path}__isnull": True, f"pk__{lookup}": cursor.pk})
        return Q(**{f"{sort.path}__isnull": False}) | inside if backwards else inside
    value = Value(cursor.value, output_field=DateTimeField() if sort.kind == "instant" else None)
    row = RowBeyond(sort.path, value, cursor.pk, operator)
    return Q(row) | Q(**{f"{sort.path}__isnull": True}) if sort.nullable and not backwards else Q(row)
