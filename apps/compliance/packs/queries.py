"""Every read of the rule packs, and the doors through which their objects enter views."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet
from django.http import Http404
from django.utils import timezone

from apps.compliance.packs.facts import read_answers
from apps.compliance.packs.loader import Duty, Pack, all_packs
from apps.compliance.packs.models import AppliedDuty, AppliedPack, FacilityFacts, NotApplicable
from apps.compliance.packs.plan import Exemption, Place, Row, Subject, World, plan
from apps.equipment.models import Equipment, ServiceStatus
from apps.facilities.models import Area, Facility


def get_pack(pack_id: str) -> Pack:
    """Return a shipped pack; raise Http404."""
    pack = all_packs().get(pack_id)
    if pack is None:
        raise Http404
    return pack


def get_duty(pack: Pack, duty_id: str) -> Duty:
    """Return a duty of a pack; raise Http404."""
    duty = pack.duty(duty_id)
    if duty is None:
        raise Http404
    return duty


def get_not_applicable(pk: int) -> NotApplicable:
    """Return a standing statement of the scope; raise Http404."""
    found: NotApplicable | None = NotApplicable.objects.filter(pk=pk, ended_at=None).select_related("facility").first()
    if found is None:
        raise Http404
    return found


def get_facilities(ids: Iterable[int]) -> list[Facility]:
    """Return facilities in use, by name; raise Http404 when the scope does not see every one of them."""
    wanted = set(ids)
    found = list(Facility.objects.filter(pk__in=wanted, archived_at=None).order_by("name", "id"))
    if len(found) != len(wanted):
        raise Http404
    return found


def world(pack: Pack, facilities: Sequence[Facility]) -> World:
    """Return what a plan of this pack looks at, in at most five queries."""
    ids = [facility.pk for facility in facilities]
    extra = dict(FacilityFacts.objects.filter(facility__in=ids).values_list("facility_id", "answers"))
    places = [
        Place(
            facility.pk,
            facility.name,
            ZoneInfo(facility.time_zone),
            facility.country,
            read_answers(facility, extra.get(facility.pk, {})),
        )
        for facility in facilities
    ]
    applied = {
        (facility_id, duty, subject): (requirement_id, archived is None)
        for facility_id, duty, subject, requirement_id, archived in AppliedDuty.objects.filter(
            pack=pack.id, facility__in=ids
        ).values_list("facility_id", "duty", "subject", "requirement_id", "requirement__archived_at")
    }
    exempt = {
        (row.facility_id, row.duty, row.subject): Exemption(row.pk, row.reason, row.by_name, row.review_on)
        for row in NotApplicable.objects.filter(pack=pack.id, facility__in=ids, ended_at=None)
    }
    return World(places, subjects(pack, ids), applied, exempt)


def subjects(pack: Pack, ids: Sequence[int]) -> list[Subject]:
    """Return the areas and machines of these facilities that the pack's duties could stand on."""
    found: list[Subject] = []
    if any(duty.place == "area" for duty in pack.duties):
        areas = Area.objects.filter(facility__in=ids, archived_at=None).order_by("path", "id")
        found += [
            Subject(f"area:{pk}", facility_id, path or name, kind, risk)
            for pk, facility_id, path, name, kind, risk in areas.values_list(
                "pk", "facility_id", "path", "name", "kind", "functional_risk"
            )
        ]
    if any(duty.place == "equipment" for duty in pack.duties):
        machines = Equipment.objects.filter(facility__in=ids, archived_at=None).exclude(status=ServiceStatus.RETIRED)
        found += [
            Subject(f"equipment:{pk}", facility_id, name, kind, category=category)
            for pk, facility_id, name, kind, category in machines.order_by("name", "id").values_list(
                "pk", "facility_id", "name", "type__name", "category"
            )
        ]
    return found


def applied_facilities(pack: Pack) -> QuerySet[AppliedPack]:
    """Return where a pack was applied, by the facility's name; archived facilities left out."""
    found: QuerySet[AppliedPack] = (
        AppliedPack.objects.filter(pack=pack.id, facility__archived_at=None)
        .select_related("facility")
        .order_by("facility__name", "facility_id")
    )
    return found


def head_office(pack: Pack) -> int | None:
    """Return the facility that carries the organization's own duties of this pack, if the scope sees it."""
    return applied_facilities(pack).filter(is_head_office=True).values_list("facility_id", flat=True).first()


def coverage(pack: Pack, applied: Sequence[AppliedPack], now: datetime.datetime | None = None) -> dict[int, list[Row]]:
    """Return, for each of these facilities, how every duty of the pack stands there."""
    rows: dict[int, list[Row]] = {row.facility_id: [] for row in applied}
    facts = world(pack, [row.facility for row in applied])
    head = next((row.facility_id for row in applied if row.is_head_office), None)
    for row in plan(pack, facts, now=now or timezone.now(), head_office=head):
        rows[row.place.id].append(row)
    return {facility_id: _only_open(found) for facility_id, found in rows.items()}


def _only_open(rows: list[Row]) -> list[Row]:
    """Leave out "nothing of this kind yet" of a duty that stands on something chosen by hand."""
    standing = {row.duty.id for row in rows if row.requirement_id is not None}
    return [row for row in rows if row.decision != "no_subject" or row.duty.id not in standing]


@dataclass(frozen=True)
class Use:
    """How far a pack is in use: facilities, and requirements that an older version made."""

    facilities: int = 0
    outdated: int = 0


def uses() -> dict[str, Use]:
    """Return how far each pack is in use. Two queries."""
    where = dict(
        AppliedPack.objects.filter(facility__archived_at=None)
        .order_by()
        .values_list("pack")
        .annotate(number=Count("id"))
    )
    outdated = Q(pk__in=[])
    for pack in all_packs().values():
        outdated |= Q(pack=pack.id, version__lt=pack.version)
    behind = dict(
        AppliedDuty.objects.filter(outdated, requirement__archived_at=None)
        .order_by()
        .values_list("pack")
        .annotate(number=Count("id"))
    )
    return {name: Use(where.get(name, 0), behind.get(name, 0)) for name in all_packs()}


def outdated(pack: Pack) -> QuerySet[AppliedDuty]:
    """Return what an older version of this pack made and still counts, with its requirement and facility."""
    found: QuerySet[AppliedDuty] = (
        AppliedDuty.objects.filter(pack=pack.id, version__lt=pack.version, requirement__archived_at=None)
        .select_related("requirement__facility", "requirement__area", "requirement__equipment", "requirement__protocol")
        .prefetch_related("requirement__schedules")
        .order_by("facility__name", "duty", "id")
    )
    return found


def reviews_due(now: datetime.datetime | None = None, facility: Facility | None = None) -> list[NotApplicable]:
    """Return the statements whose review date has passed on the facility's calendar, longest first."""
    now = now or timezone.now()
    # Local days run at most a day ahead of or behind UTC.
    found = NotApplicable.objects.filter(
        ended_at=None, review_on__lt=now.date() + datetime.timedelta(days=1), facility__archived_at=None
    )
    if facility is not None:
        found = found.filter(facility=facility)
    rows = found.select_related("facility").order_by("review_on", "id")
    return [row for row in rows if row.review_on < now.astimezone(ZoneInfo(row.facility.time_zone)).date()]


def facilities_to_choose(search: str) -> QuerySet[Facility]:
    """Return the facilities in use that a search finds, by name."""
    found: QuerySet[Facility] = Facility.objects.filter(archived_at=None).order_by("name", "id")
    for word in search.split():
        found = found.filter(
            Q(name__icontains=word)
            | Q(city__icontains=word)
            | Q(external_code__icontains=word)
            | Q(kind__icontains=word)
        )
    return found
