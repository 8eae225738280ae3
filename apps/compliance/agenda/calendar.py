"""The calendar's reads: what falls due on which day, what became of it, and what is still to come.

Stored occurrences reach to the next one of each requirement; those after it are expanded on the fly by the engine, from
the same facts, so that they are the ones that will be stored. Everything is bounded and says when it was cut.
"""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.db.models import BooleanField, Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.compliance import engine, queries
from apps.compliance import schedule as pure
from apps.compliance.closures.loading import Closures
from apps.compliance.models import Completion, Occurrence, Requirement, Schedule
from apps.compliance.moment import Moment
from apps.compliance.schedule import Mode, due_day
from apps.equipment.models import ServiceStatus

MOST_REQUIREMENTS = 2_000
MOST_ENTRIES = 100_000
# No zone is further from UTC, so every local day lies inside the UTC day widened by this.
FURTHEST_ZONE = datetime.timedelta(hours=15)
STORED = ("requirement_id", "opens_at", "warn_at", "due_at", "overdue_at", "closes_at", "completed_at", "waived")


class Outcome(Enum):
    """What became of something due: how it is called, and its colour. In the order of urgency."""

    MISSED = ("missed", _("Missed"), "red")
    OVERDUE = ("overdue", _("Overdue"), "red")
    DUE = ("due", _("Due"), "amber")
    LATE = ("late", _("Done late"), "amber")
    PLANNED = ("planned", _("Planned"), None)
    DONE = ("done", _("Done"), "green")
    WAIVED = ("waived", _("Waived"), "green")

    @property
    def words(self) -> str | Promise:
        """The name, for components."""
        return cast("str | Promise", self.value[1])

    @property
    def colour(self) -> str | None:
        """The colour's name, for components; None for what is still to come."""
        return cast("str | None", self.value[2])

    @property
    def urgency(self) -> int:
        """The place in the order of urgency."""
        return list(Outcome).index(self)


def outcome_of(tile: Any, at: datetime.datetime, *, is_split: bool = False) -> Outcome | None:
    """Return what became of a due occurrence by a moment; None when it never fell due.

    A change of schedule that ends an occurrence before its time takes the due date with it; a second use without a
    clean in between (``is_split``) is a missed one.
    """
    if tile.completed_at is not None and tile.completed_at <= at:
        if tile.waived:
            return Outcome.WAIVED
        return Outcome.LATE if tile.completed_at > tile.overdue_at else Outcome.DONE
    closed = tile.closes_at is not None and tile.closes_at <= at
    if tile.completed_at is None and tile.closes_at is not None and tile.closes_at < tile.overdue_at:
        return Outcome.MISSED if is_split and closed else None
    if at > tile.overdue_at:
        return Outcome.MISSED if closed else Outcome.OVERDUE
    return Outcome.DUE if tile.opens_at <= at and at >= (tile.warn_at or tile.due_at) else Outcome.PLANNED


@dataclass(frozen=True, slots=True)
class Entry:
    """One due date on the calendar: whose, on which of the facility's days, and what became of it."""

    requirement: Requirement
    day: datetime.date
    due_local: datetime.datetime
    outcome: Outcome

    @property
    def ends_the_day(self) -> bool:
        """Whether it is due by the end of the day rather than at a time."""
        return self.due_local.date() != self.day


@dataclass
class Plan:
    """Everything due in a stretch of days, and whether it had to be cut."""

    entries: dict[datetime.date, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    requirements_cut: bool = False
    entries_cut: bool = False
    total: int = 0

    def on(self, day: datetime.date) -> list[Entry]:
        """Return a day's entries: red first, then by time and name."""
        return sorted(
            self.entries.get(day, ()),
            key=lambda entry: (entry.outcome.urgency, entry.due_local, entry.requirement.name, entry.requirement.pk),
        )

    def counts(self, day: datetime.date) -> Counter[Outcome]:
        """Return how many of each outcome a day has."""
        return Counter(entry.outcome for entry in self.entries.get(day, ()))


def plan(requirements: QuerySet[Requirement], first: datetime.date, last: datetime.date, moment: Moment) -> Plan:
    """Return what ``requirements`` have due from ``first`` to ``last``, as of a moment. A fixed number of queries."""
    queries.ensure_extended(moment.at)
    low, high = _bounds(first, last)
    found = Plan()
    wanted = _candidates(requirements, low)
    found.requirements_cut = len(wanted) > MOST_REQUIREMENTS
    by_id = {requirement.pk: requirement for requirement in wanted[:MOST_REQUIREMENTS]}
    other = {pk: by_id[pk] for pk in queries.differing(moment) if pk in by_id}
    rest = {pk: requirement for pk, requirement in by_id.items() if pk not in other}
    for requirement, tile, is_split in _all_tiles(rest, other, low, high, moment):
        if tile.due_at is None or not low <= tile.due_at <= high:
            continue
        zone = ZoneInfo(requirement.facility.time_zone)
        day = due_day(tile.due_at, zone)
        ends_at = counted_until(requirement, moment.at)
        if not first <= day <= last or (ends_at is not None and ends_at <= tile.overdue_at):
            continue
        outcome = outcome_of(tile, moment.at, is_split=is_split)
        if outcome is None:
            continue
        if found.total == MOST_ENTRIES:
            found.entries_cut = True
            break
        found.total += 1
        found.entries[day].append(Entry(requirement, day, tile.due_at.astimezone(zone), outcome))
    return found


def counted_until(requirement: Requirement, at: datetime.datetime) -> datetime.datetime | None:
    """Return when a duty stopped counting, as far as was known at a moment: it or its place archived, its machine out
    of service. None while it counts."""
    machine = requirement.equipment
    ends = [requirement.archived_at, requirement.facility.archived_at]
    ends.append(requirement.area.archived_at if requirement.area else None)
    if machine is not None:
        ends.append(machine.archived_at)
        ends.append(None if machine.status == ServiceStatus.IN_SERVICE else machine.status_since)
    return min((end for end in ends if end is not None and end <= at), default=None)


def _bounds(first: datetime.date, last: datetime.date) -> tuple[datetime.datetime, datetime.datetime]:
    midnight = datetime.time(tzinfo=datetime.UTC)
    after = last + datetime.timedelta(days=1)
    return (
        datetime.datetime.combine(first, midnight) - FURTHEST_ZONE,
        datetime.datetime.combine(after, midnight) + FURTHEST_ZONE,
    )


def _candidates(requirements: QuerySet[Requirement], low: datetime.datetime) -> list[Requirement]:
    """The requirements that can have something due from ``low`` on: place by place, so that few facilities are read."""
    found = requirements.filter(Q(archived_at=None) | Q(archived_at__gt=low))
    found = found.select_related("facility", "area", "equipment__area", "owner__user")
    return list(found.order_by("facility_id", "name", "id")[: MOST_REQUIREMENTS + 1])


Found = Iterator[tuple[Requirement, Any, bool]]


def _all_tiles(
    rest: dict[int, Requirement],
    other: dict[int, Requirement],
    low: datetime.datetime,
    high: datetime.datetime,
    moment: Moment,
) -> Found:
    """Every tile that may be due in between: stored, still to come, and as known then where less was known."""
    yield from _stored(rest, low, high)
    yield from expanded([r for r in rest.values() if r.extend_at <= high], low, high)
    if other:
        yield from _as_known(other, high, moment)


@dataclass(frozen=True, slots=True)
class _Stored:
    """The fields of a stored occurrence that decide its outcome, under their names."""

    requirement_id: int
    opens_at: datetime.datetime
    warn_at: datetime.datetime | None
    due_at: datetime.datetime
    overdue_at: datetime.datetime
    closes_at: datetime.datetime
    completed_at: datetime.datetime | None
    waived: bool


def _stored(requirements: dict[int, Requirement], low: datetime.datetime, high: datetime.datetime) -> Found:
    missed = Occurrence.objects.filter(
        requirement_id=OuterRef("requirement_id"),
        opens_at=OuterRef("closes_at"),
        missed_before__gt=OuterRef("missed_before"),
    )
    early = Q(completed_at=None, closes_at__lt=F("overdue_at"))
    rows = (
        Occurrence.objects.filter(
            facility_id__in={requirement.facility_id for requirement in requirements.values()},
            due_at__gte=low,
            due_at__lte=high,
            requirement_id__in=list(requirements),
        )
        .annotate(is_split=Case(When(early, then=Exists(missed)), default=Value(False), output_field=BooleanField()))
        .order_by()
    )
    for *fields, is_split in rows.values_list(*STORED, "is_split")[: MOST_ENTRIES + 1]:
        yield requirements[fields[0]], _Stored(*fields), is_split


def expanded(requirements: Sequence[Requirement], low: datetime.datetime, high: datetime.datetime) -> Found:
    """The tiles after the last stored one of each requirement: those that may be due between two moments."""
    if not requirements:
        return
    ids = [requirement.pk for requirement in requirements]
    ends = Occurrence.objects.filter(requirement_id__in=ids, opens_at=F("requirement__extend_at")).order_by()
    last = {row.requirement_id: engine.to_tile(row) for row in ends}
    versions = _versions(ids)
    closures = {requirement.pk: of for of, requirement in _closures(requirements)}
    known = [requirement for requirement in requirements if requirement.pk in last and requirement.pk in versions]
    single = {pk for pk in (r.pk for r in known) if _needs_facts(versions[pk], last[pk], closures[pk]["suspensions"])}
    facts = _facts(single)
    alike: dict[_Rules, list[Requirement]] = defaultdict(list)
    for requirement in known:
        pk = requirement.pk
        if pk not in single:
            alike[_Rules.of(requirement, versions[pk], closures[pk]["closed"])].append(requirement)
            continue
        tiles = pure.extend(
            versions[pk],
            last[pk],
            facts.get(pk, ()),
            starts_at=requirement.starts_at,
            zone=ZoneInfo(requirement.facility.time_zone),
            until=high,
            **closures[pk],
        )
        yield from ((requirement, tile, False) for tile in tiles[1:])
    for rules, same in alike.items():
        tiles = rules.tiles(max(low, min(_due(last[requirement.pk]) for requirement in same)), high)
        for requirement in same:
            stored_until = _due(last[requirement.pk])
            yield from ((requirement, tile, False) for tile in tiles if _due(tile) > stored_until)


Versions = list[tuple[datetime.datetime, pure.Schedule]]


@dataclass(frozen=True)
class _Rules:
    """All that decides the dates of a calendar ahead. They depend on no fact, so requirements with the same rules share
    them, and they can begin anywhere: a month ten years ahead costs no more than the next one."""

    schedule: pure.Schedule
    start_day: datetime.date
    zone: ZoneInfo
    closed: Any

    @classmethod
    def of(cls, requirement: Requirement, versions: Versions, closings: Sequence[tuple[Any, Any]]) -> _Rules:
        """Return the rules in force after the last stored occurrence, which nothing known will change."""
        schedule, zone = versions[-1][1], ZoneInfo(requirement.facility.time_zone)
        closed = closings[-1][1] if closings and schedule.on_closed != "keep" else None
        return cls(schedule, requirement.starts_at.astimezone(zone).date(), zone, closed)

    def tiles(self, begin: datetime.datetime, high: datetime.datetime) -> list[pure.Occurrence]:
        """Return the tiles due from ``begin`` on that open by ``high``."""
        starts_at = pure.wall(self.start_day, 0, self.zone)
        # As if an occurrence due at this moment were the last one stored.
        resumed = pure.Occurrence(opens_at=begin, due_at=begin)
        return pure.extend(
            [(starts_at, self.schedule)],
            resumed,
            (),
            starts_at=starts_at,
            zone=self.zone,
            until=high,
            closed=self.closed,
        )


def _due(tile: pure.Occurrence) -> datetime.datetime:
    """When a tile of a calendar is due; one that was suspended has no due date, and ends where the next begins."""
    return tile.due_at or tile.opens_at


def _closures(requirements: Sequence[Requirement]) -> Iterator[tuple[dict[str, Any], Requirement]]:
    closures = Closures(requirements)
    return ((closures.of(requirement), requirement) for requirement in requirements)


def _needs_facts(versions: Versions, tile: pure.Occurrence, suspensions: Iterable[pure.Suspension]) -> bool:
    """Whether what was done can decide what comes: where rules begin anew ahead, and for what rolls on."""
    if any(at > tile.opens_at or schedule.mode is not Mode.FIXED_CALENDAR for at, schedule in versions):
        return True
    return any(pause.ends_at is None or pause.ends_at > tile.opens_at for pause in suspensions)


def _versions(ids: Sequence[int]) -> dict[int, Versions]:
    rows = defaultdict(list)
    for row in Schedule.objects.filter(requirement_id__in=ids):
        rows[row.requirement_id].append(row)
    return {pk: engine.to_versions(own) for pk, own in rows.items()}


def _facts(ids: Iterable[int]) -> dict[int, list[pure.Fact]]:
    wanted = sorted(ids)
    facts: dict[int, list[pure.Fact]] = defaultdict(list)
    for completion in Completion.objects.filter(requirement_id__in=wanted) if wanted else ():
        facts[completion.requirement_id].append(engine.to_fact(completion))
    return facts


def _as_known(requirements: dict[int, Requirement], high: datetime.datetime, moment: Moment) -> Found:
    """The tiles of requirements about which less was known then, replayed from what was."""
    schedules = defaultdict(list)
    for row in Schedule.objects.filter(requirement_id__in=requirements, recorded_at__lte=moment.known_at):
        schedules[row.requirement_id].append(row)
    facts = _facts(requirements)
    closures = Closures(requirements.values())
    for pk, rows in schedules.items():
        requirement = requirements[pk]
        tiles = pure.tiles(
            engine.to_versions(rows),
            facts.get(pk, ()),
            starts_at=requirement.starts_at,
            zone=ZoneInfo(requirement.facility.time_zone),
            until=high,
            known_at=moment.known_at,
            **closures.of(requirement, known_at=moment.known_at),
        )
        for tile, following in zip(tiles, [*tiles[1:], None], strict=True):
            yield requirement, tile, following is not None and following.missed_before > tile.missed_before
