"""Counting again: brings the daily counts in line with the occurrences, for the days that changed or for all.

An occurrence counts on the facility's day on which it falls due, if its duty was still in force when it turned overdue
(not archived, its place neither, its machine in service). Done by then is on time, done after is late, not done is
missed; before then it is open. One that a change of schedule ended before its time never fell due.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from apps.compliance.trends.models import DailyCount, DirtyDay
from apps.compliance.trends.triggers import DUE_DAY
from apps.facilities.models import Facility
from apps.tenants.scope import Scope, require_tenant

FIRST, LAST = datetime.date(1, 1, 1), datetime.date(9999, 12, 31)
Days = tuple[int, datetime.date, datetime.date]
"""A facility and a stretch of its days, both ends included."""

# What counts. A tile that ended before its time counts when the next one says that it was missed (a second use without
# a clean in between), not when a change of schedule cut it.
_COUNTED = f"""
  SELECT o.facility_id, {DUE_DAY} AS day, o.waived, o.completed_at, o.overdue_at,
    o.closes_at < o.overdue_at AS is_cut,
    o.completed_at IS NULL AND o.closes_at < o.overdue_at AND o.closes_at <= %(now)s AND EXISTS (
      SELECT FROM compliance_occurrence n WHERE n.organization_id = o.organization_id
      AND n.requirement_id = o.requirement_id AND n.opens_at = o.closes_at AND n.missed_before > o.missed_before
    ) AS is_split
  FROM unnest(%(facilities)s::bigint[], %(firsts)s::date[], %(lasts)s::date[]) r (facility_id, first_day, last_day)
  JOIN facilities_facility f ON f.organization_id = %(organization)s AND f.id = r.facility_id
  JOIN compliance_occurrence o ON o.organization_id = f.organization_id AND o.facility_id = f.id
    AND o.due_at > (r.first_day - 2)::timestamp AT TIME ZONE 'UTC'
    AND o.due_at < (r.last_day + 3)::timestamp AT TIME ZONE 'UTC'
  JOIN compliance_requirement q ON q.organization_id = o.organization_id AND q.id = o.requirement_id
  LEFT JOIN facilities_area a ON a.organization_id = o.organization_id AND a.id = q.area_id
  LEFT JOIN equipment_equipment e ON e.organization_id = o.organization_id AND e.id = q.equipment_id
  WHERE {DUE_DAY} BETWEEN r.first_day AND r.last_day
    AND least(q.archived_at, f.archived_at, a.archived_at, e.archived_at,
      CASE WHEN e.status <> 'in_service' THEN e.status_since END, 'infinity') > o.overdue_at
"""  # noqa: S608 - made of constants
_INSERT = f"""
INSERT INTO compliance_dailycount
  (organization_id, facility_id, day, due, on_time, late, missed, waived, changes_at)
SELECT %(organization)s, facility_id, day, count(*),
  count(*) FILTER (WHERE NOT waived AND completed_at <= overdue_at),
  count(*) FILTER (WHERE NOT waived AND completed_at > overdue_at),
  count(*) FILTER (WHERE completed_at IS NULL AND (is_split OR (NOT is_cut AND overdue_at < %(now)s))),
  count(*) FILTER (WHERE waived AND completed_at IS NOT NULL),
  min(overdue_at) FILTER (WHERE completed_at IS NULL AND overdue_at >= %(now)s)
FROM ({_COUNTED}) o
WHERE completed_at IS NOT NULL OR NOT is_cut OR is_split
GROUP BY facility_id, day
"""  # noqa: S608 - made of constants
_DELETE = """
DELETE FROM compliance_dailycount d
USING unnest(%(facilities)s::bigint[], %(firsts)s::date[], %(lasts)s::date[]) r (facility_id, first_day, last_day)
WHERE d.organization_id = %(organization)s AND d.facility_id = r.facility_id
  AND d.day BETWEEN r.first_day AND r.last_day
"""
_TAKE = """
DELETE FROM compliance_dirtyday WHERE organization_id = %(organization)s
  AND (%(all)s OR facility_id = ANY(%(covered)s)) RETURNING facility_id, first_day, last_day
"""
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('compliance.rollup', %s))"


def refresh(now: datetime.datetime | None = None) -> int:
    """Count again the days of the scope's facilities that changed, or whose deadlines passed. Returns how many were.

    Costs what changed, not what there is. Readers call this first, so that trends never depend on a job having run.
    """
    now = now or timezone.now()
    stale = DailyCount.objects.filter(changes_at__lt=now)
    if not DirtyDay.objects.exists() and not stale.exists():
        return 0
    scope = require_tenant()
    with transaction.atomic(), connection.cursor() as cursor:
        # One at a time in an organization: of two that count the same day, the one that saw more must write last.
        cursor.execute(_LOCK, [scope.organization_id])
        cursor.execute(_TAKE, _who(scope))
        days: list[Days] = list(cursor.fetchall())
        days += [(facility, day, day) for facility, day in stale.values_list("facility_id", "day")]
        return _recount(days, now, scope)


def rebuild(now: datetime.datetime | None = None) -> int:
    """Count every day of the scope's facilities again, from nothing. Returns how many days have counts."""
    now = now or timezone.now()
    scope = require_tenant()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK, [scope.organization_id])
        cursor.execute(_TAKE, _who(scope))
        _recount([(pk, FIRST, LAST) for pk in Facility.objects.values_list("pk", flat=True)], now, scope)
    return int(DailyCount.objects.count())


def _who(scope: Scope) -> dict[str, Any]:
    return {
        "organization": scope.organization_id,
        "all": scope.all_facilities,
        "covered": sorted(scope.facility_ids),
    }


def _recount(days: Iterable[Days], now: datetime.datetime, scope: Scope) -> int:
    merged = merge(days)
    if not merged:
        return 0
    facilities, firsts, lasts = (list(column) for column in zip(*merged, strict=True))
    params = {
        "organization": scope.organization_id,
        "now": now,
        "facilities": facilities,
        "firsts": firsts,
        "lasts": lasts,
    }
    with connection.cursor() as cursor:
        cursor.execute(_DELETE, params)
        cursor.execute(_INSERT, params)
    return len(merged)


def merge(days: Iterable[Days]) -> list[Days]:
    """Join stretches of the same facility that overlap or touch, so that no day is counted twice."""
    by_facility: dict[int, list[tuple[datetime.date, datetime.date]]] = defaultdict(list)
    for facility, first, last in days:
        by_facility[facility].append((first, last))
    merged: list[Days] = []
    for facility, stretches in by_facility.items():
        open_first, open_last = None, None
        for first, last in sorted(stretches):
            if open_first is None or open_last is None:
                open_first, open_last = first, last
            elif first.toordinal() <= open_last.toordinal() + 1:
                open_last = max(open_last, last)
            else:
                merged.append((facility, open_first, open_last))
                open_first, open_last = first, last
        if open_first is not None and open_last is not None:
            merged.append((facility, open_first, open_last))
    return merged
