"""Every read of the compliance room, and the doors through which its objects enter views."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar
from zoneinfo import ZoneInfo

from django.db.models import Case, CharField, Count, IntegerField, Q, QuerySet, Value, When
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext

from apps.compliance import engine
from apps.compliance import schedule as pure
from apps.compliance import status as pure_status
from apps.compliance.models import SPAN_HOURS, Occurrence, Protocol, ProtocolVersion, Requirement, RequirementCategory
from apps.compliance.moment import Moment
from apps.compliance.schedule import Schedule
from apps.compliance.status_sql import case_expression
from apps.equipment.models import Equipment, ServiceStatus
from apps.facilities.models import Area, Facility
from apps.tenants.models import Membership

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

COLOURS = ("red", "amber", "green")
Found = TypeVar("Found", bound=Occurrence)


class LiveColumns(TypedDict):
    """What ``live`` adds to an occurrence."""

    colour: str
    reason: str
    urgency: int


if TYPE_CHECKING:
    Live = WithAnnotations[Occurrence, LiveColumns]


@dataclass(frozen=True)
class StatusRow:
    """A requirement with its live occurrence, its status and the status in words, at one moment."""

    requirement: Requirement
    occurrence: Occurrence
    tile: pure.Occurrence
    status: pure_status.Status
    words: str

    @property
    def colour(self) -> str:
        """The colour's name, for components."""
        return str(self.status.colour)

    @property
    def zone(self) -> ZoneInfo:
        """The facility's time zone: its days are the ones that count."""
        return ZoneInfo(self.requirement.facility.time_zone)

    @property
    def due_local(self) -> datetime.date | None:
        """When it is due, on the facility's clock: the day, or the moment where it is not the end of a day."""
        return due_when(self.tile.due_at, self.zone)


def due_when(due_at: datetime.datetime | None, zone: ZoneInfo) -> datetime.date | None:
    """Return a due time as people say it: the day alone when it is due by the end of that day, else the moment."""
    if due_at is None:
        return None
    local, day = due_at.astimezone(zone), pure.due_day(due_at, zone)
    return local if local.date() == day else day


def out_of_force(at: datetime.datetime | None = None) -> QuerySet[Requirement, Any]:
    """Return the ids of requirements that do not count at a moment (default: now): archived, on something archived, or
    on a machine out of service.

    Few at any time, so each kind is found by its own small index and the many that count need no join. Whether a
    machine was in service is known since its status last changed.
    """
    gone = Q(archived_at__isnull=False) if at is None else Q(archived_at__lte=at)
    idle = ~Q(status=ServiceStatus.IN_SERVICE)
    if at is not None:
        idle &= Q(status_since__lte=at)
    requirements = Requirement.objects.order_by()
    return (
        requirements.filter(gone)
        .values("pk")
        .union(
            requirements.filter(equipment__in=Equipment.objects.order_by().filter(gone | idle).values("pk")).values(
                "pk"
            ),
            requirements.filter(area__in=Area.objects.order_by().filter(gone).values("pk")).values("pk"),
            requirements.filter(facility__in=Facility.objects.order_by().filter(gone).values("pk")).values("pk"),
            all=True,
        )
    )


def ensure_extended(at: datetime.datetime) -> None:
    """Make sure that stored occurrences reach the moment, whatever jobs have or have not run."""
    if Requirement.objects.filter(extend_at__lte=at, archived_at=None).exists():
        engine.extend_stale(at)


Asked = datetime.datetime | Moment | None


def as_moment(at: Asked) -> Moment:
    """Return the moment meant: None is now, with everything known."""
    if isinstance(at, Moment):
        return at
    return Moment(at or timezone.now(), is_now=at is None)


def differing(moment: Moment) -> dict[int, pure.Occurrence | None]:
    """Return the occurrences, as known then, of the requirements about which less was known. Computed once a page."""
    if moment.known_at is None:
        return {}
    if moment.differing is None:
        moment.differing = engine.known_tiles(moment.at, moment.known_at)
    return moment.differing


def live(at: Asked = None) -> QuerySet[Live]:
    """Return the one live occurrence of each requirement in force at a moment (default: now), with ``colour``,
    ``reason`` and ``urgency`` (0 red, 1 amber, 2 green) from the status definition, as known at the moment's
    ``known_at``."""
    moment = as_moment(at)
    ensure_extended(moment.at)
    known = differing(moment)
    found = Occurrence.objects.filter(_holding(moment), opens_at__lte=moment.at, closes_at__gt=moment.at).exclude(
        requirement_id__in=out_of_force(None if moment.is_now else moment.at)
    )
    unknown = [pk for pk, tile in known.items() if tile is None]
    if unknown:
        found = found.exclude(requirement_id__in=unknown)
    colours: dict[str, list[int]] = defaultdict(list)
    reasons: dict[str, list[int]] = defaultdict(list)
    for pk, tile in known.items():
        if tile is not None:
            status = pure_status.status(tile, moment.at)
            colours[str(status.colour)].append(pk)
            reasons[str(status.reason)].append(pk)
    return found.annotate(
        colour=_overridden(colours, case_expression(moment.at, "colour")),
        reason=_overridden(reasons, case_expression(moment.at, "reason")),
    ).annotate(
        urgency=Case(
            When(colour="red", then=Value(0)),
            When(colour="amber", then=Value(1)),
            default=Value(2),
            output_field=IntegerField(),
        )
    )


def _holding(moment: Moment) -> Q:
    """Narrow a past moment to the occurrences that can still last then; see SPAN_HOURS. The present needs no help."""
    if moment.is_now:
        return Q()
    found = Q(span=len(SPAN_HOURS))
    for span, hours in enumerate(SPAN_HOURS):
        found |= Q(span=span, opens_at__gt=moment.at - datetime.timedelta(hours=hours))
    return found


def _overridden(ids: dict[str, list[int]], default: Case) -> Case:
    if not ids:
        return default
    whens = [When(requirement_id__in=found, then=Value(value)) for value, found in ids.items()]
    return Case(*whens, default=default, output_field=CharField())


def with_subjects(occurrences: QuerySet[Found]) -> QuerySet[Found]:
    """Join what a row on screen shows of its requirement."""
    return occurrences.select_related(
        "requirement__facility",
        "requirement__area",
        "requirement__equipment__area",
        "requirement__protocol",
        "requirement__owner__user",
    )


def to_row(occurrence: Occurrence, at: Asked = None) -> StatusRow:
    """Return the row of a live occurrence whose requirement and facility are loaded."""
    moment = as_moment(at)
    requirement = occurrence.requirement
    tile = differing(moment).get(requirement.pk) or engine.to_tile(occurrence)
    status = pure_status.status(tile, moment.at)
    words = pure_status.words(status, tile, moment.at, ZoneInfo(requirement.facility.time_zone))
    return StatusRow(requirement, occurrence, tile, status, words)


def to_rows(occurrences: Iterable[Occurrence], at: Asked = None) -> list[StatusRow]:
    """Return the rows of live occurrences."""
    moment = as_moment(at)
    return [to_row(occurrence, moment) for occurrence in occurrences]


def red_first(occurrences: QuerySet[Live]) -> QuerySet[Live]:
    """Order by urgency, then by due time, then by id."""
    return occurrences.order_by("urgency", "due_at", "id")


def rows_for(subject: Facility | Area | Equipment, at: Asked = None) -> list[StatusRow]:
    """Return the rows of the requirements directly on a subject, red first; at most 200."""
    at = as_moment(at)
    name = {Facility: "facility", Area: "area", Equipment: "equipment"}[type(subject)]
    found = live(at).filter(**{f"requirement__{name}": subject})
    if isinstance(subject, Facility):
        found = found.filter(requirement__area=None, requirement__equipment=None)
    return to_rows(red_first(with_subjects(found))[:200], at)


def row_of(requirement: Requirement, at: Asked = None) -> StatusRow | None:
    """Return the row of one requirement, or None while nothing of it is in force."""
    at = as_moment(at)
    occurrence = with_subjects(live(at).filter(requirement=requirement)).first()
    return to_row(occurrence, at) if occurrence else None


@dataclass(frozen=True)
class Counts:
    """How many requirements have each colour."""

    red: int = 0
    amber: int = 0
    green: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.red + self.amber + self.green


@dataclass(frozen=True)
class FacilityCounts:
    """The counts of one facility."""

    facility_id: int
    name: str
    counts: Counts


def count_by_facility(at: Asked = None) -> tuple[Counts, list[FacilityCounts]]:
    """Return the counts over the scope, and per facility with the most red first. Two queries."""
    red, amber, green = (Count("id", filter=Q(colour=colour)) for colour in COLOURS)
    grouped = list(live(at).order_by().values("facility_id").annotate(red=red, amber=amber, green=green))
    names = dict(Facility.objects.order_by().values_list("pk", "name")) if grouped else {}
    rows = [
        FacilityCounts(
            row["facility_id"], names.get(row["facility_id"], ""), Counts(row["red"], row["amber"], row["green"])
        )
        for row in grouped
    ]
    rows.sort(key=lambda row: (-row.counts.red, -row.counts.amber, row.name, row.facility_id))
    total = Counts(*(sum(getattr(row.counts, colour) for row in rows) for colour in COLOURS))
    return total, rows


@dataclass(frozen=True)
class GroupCounts:
    """The counts of one category or owner, with the parameter that filters the list by it."""

    key: str
    name: str
    counts: Counts


def count_by(group: str, at: Asked = None) -> list[GroupCounts]:
    """Return the counts by "category" or by "owner", the most red first; at most 200 groups."""
    path = {"category": "requirement__category", "owner": "requirement__owner_id"}[group]
    by_colour = {colour: Count("id", filter=Q(colour=colour)) for colour in COLOURS}
    grouped = list(live(at).order_by().values(path).annotate(**by_colour)[:200])
    if group == "category":
        names: dict[Any, str] = {key: str(label) for key, label in RequirementCategory.choices}
    else:
        members = Membership.objects.select_related("user").filter(pk__in=[row[path] for row in grouped if row[path]])
        names = {None: gettext("Nobody"), **{member.pk: str(member.user) for member in members}}
    rows = [
        GroupCounts(str(row[path] or "none"), names.get(row[path], ""), Counts(row["red"], row["amber"], row["green"]))
        for row in grouped
    ]
    return sorted(rows, key=lambda row: (-row.counts.red, -row.counts.amber, row.name))


def most_urgent(at: Asked, limit: int) -> list[StatusRow]:
    """Return the rows that are red or amber, red first. Joins only the rows shown."""
    moment = as_moment(at)
    keys = list(red_first(live(moment).filter(urgency__lt=2)).values_list("pk", flat=True)[:limit])
    found = {row.pk: row for row in with_subjects(Occurrence.objects.filter(pk__in=keys))} if keys else {}
    return to_rows([found[key] for key in keys if key in found], moment)


def counts_of(facility: Facility, at: Asked = None) -> Counts:
    """Return the counts of everything in one facility."""
    found = live(at).filter(facility=facility).order_by()
    return Counts(**found.aggregate(**{colour: Count("id", filter=Q(colour=colour)) for colour in COLOURS}))


def get_requirement(pk: int) -> Requirement:
    """Return a requirement of the scope; raise Http404."""
    requirement = (
        Requirement.objects.filter(pk=pk)
        .select_related("facility", "area", "equipment__area", "protocol", "owner__user")
        .first()
    )
    if requirement is None:
        raise Http404
    return requirement


def get_protocol(pk: int) -> Protocol:
    """Return a protocol of the scope; raise Http404."""
    protocol = Protocol.objects.filter(pk=pk).first()
    if protocol is None:
        raise Http404
    return protocol


def version_in_force(protocol: Protocol | None) -> ProtocolVersion | None:
    """Return the latest version of a protocol, or None without a protocol."""
    return protocol.versions.first() if protocol else None


def schedule_in_force(requirement: Requirement, at: datetime.datetime | None = None) -> Schedule:
    """Return the schedule in force at a moment (default: now); before the first one starts, the first."""
    at = at or timezone.now()
    rows = list(requirement.schedules.all())
    past = [row for row in rows if row.effective_at <= at]
    return Schedule.from_dict((past or rows[:1])[-1].spec)


def history(requirement: Requirement, limit: int = 50) -> Sequence[Any]:
    """Return the latest occurrences that have opened, newest first."""
    return list(
        requirement.occurrences.filter(opens_at__lte=timezone.now())
        .select_related("completion")
        .order_by("-opens_at")[:limit]
    )
