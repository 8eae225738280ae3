"""The moment a page is asked about: as of when, and as known when. Read from ``?at=`` and ``?known_at=``."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from apps.compliance.schedule import Occurrence


@dataclass
class Moment:
    """``at`` is the moment asked about; ``known_at`` limits the facts to those recorded by then (None: all we know).

    ``differing`` caches, for one page, the occurrences of the requirements about which less was known then.
    """

    at: datetime.datetime
    known_at: datetime.datetime | None = None
    is_now: bool = True
    differing: dict[int, Occurrence | None] | None = field(default=None, compare=False)


def now() -> Moment:
    """Return the present moment with everything known."""
    return Moment(timezone.now())


def parse_instant(text: str, zone: ZoneInfo, *, end_of_day: bool = True) -> datetime.datetime | None:
    """Return the instant that a date or a date and time mean on the clock of ``zone``; a bare date is its end.

    None for anything else.
    """
    text = text.strip()[:40].replace(" ", "T", 1)
    try:
        day = parse_date(text)
        moment = None if day else parse_datetime(text)
    except ValueError:
        return None
    if day is not None:
        clock = datetime.time(23, 59, 59) if end_of_day else datetime.time(0)
        moment = datetime.datetime.combine(day, clock)
    if moment is None or not 1970 <= moment.year <= 9990:
        return None
    return (moment if timezone.is_aware(moment) else moment.replace(tzinfo=zone)).astimezone(datetime.UTC)


def read(params: Mapping[str, str], zone: ZoneInfo) -> Moment:
    """Return the moment that the parameters ask for; nonsense and the future count as now."""
    present = timezone.now()
    at = parse_instant(params.get("at", ""), zone)
    known_at = parse_instant(params.get("known_at", ""), zone)
    at = at if at is not None and at < present else None
    known_at = known_at if known_at is not None and known_at < present else None
    return Moment(at or present, known_at, is_now=at is None and known_at is None)
