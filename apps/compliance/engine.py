"""The bridge between stored facts and the pure schedule: projects occurrences and keeps them ahead of the clock.

Occurrences may be thrown away and made again from schedules and completions at any time; nothing here decides anything.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.compliance import schedule as pure
from apps.compliance.closures.loading import Closures, changed_since, heeds_closed_days
from apps.compliance.models import FAR_FUTURE, Completion, Occurrence, Requirement, Schedule

BATCH = 500
# No early window of a calendar schedule reaches further back.
LONGEST_WINDOW = datetime.timedelta(days=400)
# Fields that the stored and the pure occurrence share by name.
SAME = tuple(
    field.name
    for field in dataclasses.fields(pure.Occurrence)
    if field.name not in ("opens_at", "closes_at", "completion_id")
)
# Everything that the projection decides; requirement and opens_at identify an occurrence.
PROJECTED = (*SAME, "closes_at", "completion_id")
ROLLING = {mode.value for mode in pure.Mode} - {pure.Mode.FIXED_CALENDAR.value}


def to_fact(completion: Completion) -> pure.Fact:
    """Return a stored completion as the schedule knows it."""
    return pure.Fact(
        id=completion.uuid,
        performed_at=completion.performed_at,
        recorded_at=completion.recorded_at,
        result=completion.result,  # type: ignore[arg-type]
        kind=completion.kind,  # type: ignore[arg-type]
        next_due_on=completion.next_due_on,
        voided_at=completion.voided_at,
    )


def to_versions(schedules: Iterable[Schedule]) -> list[tuple[datetime.datetime, pure.Schedule]]:
    """Return stored schedules as the versions the replay takes. Later rows of the same moment win."""
    versions = {row.effective_at: pure.Schedule.from_dict(row.spec) for row in sorted(schedules, key=lambda r: r.pk)}
    return sorted(versions.items(), key=lambda pair: pair[0])


def to_tile(row: Occurrence, completion_uuid: Any = None) -> pure.Occurrence:
    """Return a stored occurrence as the pure one."""
    return pure.Occurrence(
        opens_at=row.opens_at,
        closes_at=None if row.closes_at >= FAR_FUTURE else row.closes_at,
        completion_id=completion_uuid,
        **{name: getattr(row, name) for name in SAME},
    )


def _to_row(requirement: Requirement, tile: pure.Occurrence, completion_ids: dict[Any, int]) -> Occurrence:
    return Occurrence(
        organization_id=requirement.organization_id,
        requirement=requirement,
        facility_id=requirement.facility_id,
        opens_at=tile.opens_at,
        closes_at=tile.closes_at or FAR_FUTURE,
        completion_id=completion_ids.get(tile.completion_id),
        **{name: getattr(tile, name) for name in SAME},
    )


def _extend_at(tiles: Sequence[pure.Occurrence]) -> datetime.datetime:
    """The moment from which the stored tiles lack the next one."""
    last = tiles[-1]
    return FAR_FUTURE if last.closes_at is None else last.opens_at


def project(
    requirement: Requirement,
    *,
    since: datetime.datetime | None = None,
    now: datetime.datetime | None = None,
    closures: Closures | None = None,
) -> None:
    """Bring the stored occurrences of one requirement in line with its facts. The caller holds its row lock.

    ``since`` is the earliest moment whose knowledge changed; None replays from the start. Only rows that differ are
    written. ``closures`` are those of several requirements, loaded at once.
    """
    now = now or timezone.now()
    versions = to_versions(requirement.schedules.all())
    occurrences, completions = requirement.occurrences.order_by("opens_at"), requirement.completions.all()
    anchor = None
    if since is not None:
        # The tile before the one affected: an early window may reach back into it.
        earlier = list(requirement.occurrences.filter(opens_at__lte=since).order_by("-opens_at")[:2])
        anchor = earlier[1] if len(earlier) == 2 else None
    if anchor is not None:
        occurrences = occurrences.filter(opens_at__gte=anchor.opens_at)
        if not any(version.mode.value in ROLLING for _, version in versions):
            completions = completions.filter(performed_at__gte=anchor.opens_at - LONGEST_WINDOW)
    facts = list(completions)
    plain_facts = [to_fact(c) for c in facts]
    common: dict[str, Any] = {
        "starts_at": requirement.starts_at,
        "zone": ZoneInfo(requirement.facility.time_zone),
        "until": now,
        **(closures or Closures([requirement], closed_days=heeds_closed_days(versions))).of(requirement),
    }
    if anchor is None:
        tiles = pure.tiles(versions, plain_facts, **common)
    else:
        uuid = next((c.uuid for c in facts if c.pk == anchor.completion_id), None)
        tiles = pure.extend(versions, to_tile(anchor, uuid), plain_facts, **common)
    _write(requirement, tiles, list(occurrences), {c.uuid: c.pk for c in facts})


def _write(
    requirement: Requirement, tiles: Sequence[pure.Occurrence], stored: Sequence[Occurrence], ids: dict[Any, int]
) -> None:
    by_opening = {row.opens_at: row for row in stored}
    wanted = [_to_row(requirement, tile, ids) for tile in tiles]
    openings = {row.opens_at for row in wanted}
    gone = [row.pk for row in stored if row.opens_at not in openings]
    if gone:
        Occurrence.objects.filter(pk__in=gone).delete()
    new, changed = [], []
    for row in wanted:
        old = by_opening.get(row.opens_at)
        if old is None:
            new.append(row)
        elif any(getattr(old, name) != getattr(row, name) for name in PROJECTED):
            for name in PROJECTED:
                setattr(old, name, getattr(row, name))
            changed.append(old)
    if len(changed) == 1:
        changed[0].save(update_fields=PROJECTED)
    elif changed:
        Occurrence.objects.bulk_update(changed, PROJECTED, batch_size=BATCH)
    if new:
        Occurrence.objects.bulk_create(new, batch_size=BATCH)
    extend_at = FAR_FUTURE if requirement.archived_at else _extend_at(tiles)
    if requirement.extend_at != extend_at:
        requirement.extend_at = extend_at
        requirement.save(update_fields=["extend_at"])


def extend_stale(now: datetime.datetime | None = None, *, limit: int | None = None) -> int:
    """Extend every requirement of the scope whose stored occurrences end before ``now``. Returns how many there were.

    Safe to repeat and to run twice at once: rows are claimed by lock, in one order, and re-read under it. Reads call
    this first, so a status never depends on a job having run.
    """
    now = now or timezone.now()
    done = 0
    while limit is None or done < limit:
        with transaction.atomic():
            batch = list(
                Requirement.objects.filter(extend_at__lte=now, archived_at=None)
                .select_related("facility")
                .order_by("id")
                .select_for_update(of=("self",))[:BATCH]
            )
            if batch:
                _extend_batch(batch, now)
        done += len(batch)
        if len(batch) < BATCH:
            break
    return done


def _extend_batch(batch: Sequence[Requirement], now: datetime.datetime) -> None:
    ids = [requirement.pk for requirement in batch]
    schedules: dict[int, list[Schedule]] = defaultdict(list)
    for schedule in Schedule.objects.filter(requirement_id__in=ids):
        schedules[schedule.requirement_id].append(schedule)
    last: dict[int, Occurrence] = {}
    for occurrence in (
        Occurrence.objects.filter(requirement_id__in=ids)
        .order_by("requirement_id", "-opens_at")
        .distinct("requirement_id")
    ):
        last[occurrence.requirement_id] = occurrence
    earliest = min((row.opens_at for row in last.values()), default=now) - LONGEST_WINDOW
    completions: dict[int, list[Completion]] = defaultdict(list)
    for completion in Completion.objects.filter(requirement_id__in=ids, performed_at__gte=earliest):
        completions[completion.requirement_id].append(completion)
    closures = Closures(batch)
    new: list[Occurrence] = []
    changed: list[Occurrence] = []
    for requirement in batch:
        row = last.get(requirement.pk)
        versions = to_versions(schedules[requirement.pk])
        if row is None or any(version.mode.value in ROLLING for _, version in versions):
            project(requirement, now=now)
            continue
        own = completions[requirement.pk]
        fact_ids = {c.uuid: c.pk for c in own}
        uuids: dict[int | None, UUID] = {c.pk: c.uuid for c in own}
        tiles = pure.extend(
            versions,
            to_tile(row, uuids.get(row.completion_id)),
            [to_fact(c) for c in own],
            starts_at=requirement.starts_at,
            zone=ZoneInfo(requirement.facility.time_zone),
            until=now,
            **closures.of(requirement),
        )
        first = _to_row(requirement, tiles[0], fact_ids)
        if any(getattr(row, name) != getattr(first, name) for name in PROJECTED):
            for name in PROJECTED:
                setattr(row, name, getattr(first, name))
            changed.append(row)
        new += [_to_row(requirement, tile, fact_ids) for tile in tiles[1:]]
        requirement.extend_at = _extend_at(tiles)
    if changed:
        Occurrence.objects.bulk_update(changed, PROJECTED, batch_size=BATCH)
    Occurrence.objects.bulk_create(new, batch_size=2000)
    Requirement.objects.bulk_update(batch, ["extend_at"], batch_size=BATCH)


def tile_at(tiles: Sequence[pure.Occurrence], at: datetime.datetime) -> pure.Occurrence | None:
    """Return the tile that holds the moment; None before the first."""
    return next((t for t in tiles if t.opens_at <= at and (t.closes_at is None or at < t.closes_at)), None)


def known_tiles(at: datetime.datetime, known_at: datetime.datetime) -> dict[int, pure.Occurrence | None]:
    """Return, for each requirement about which less was known at ``known_at``, its occurrence at ``at`` as known then.

    None where the requirement itself was not known. All other requirements are as their stored occurrences say: a fact
    that happened after ``at`` changes nothing at ``at``.
    """
    later = Completion.objects.filter(performed_at__lte=at).filter(
        Q(recorded_at__gt=known_at) | Q(voided_at__gt=known_at)
    )
    ids = set(later.order_by().values_list("requirement_id", flat=True).distinct())
    ids |= set(
        Schedule.objects.filter(effective_at__lte=at, recorded_at__gt=known_at).values_list("requirement_id", flat=True)
    )
    ids |= changed_since(known_at, at)
    found: dict[int, pure.Occurrence | None] = {}
    ordered = sorted(ids)
    for start in range(0, len(ordered), BATCH):
        part = ordered[start : start + BATCH]
        requirements = Requirement.objects.filter(pk__in=part).select_related("facility")
        requirements = requirements.prefetch_related("schedules", "completions")
        closures = Closures(requirements)
        for requirement in requirements:
            found[requirement.pk] = _known_tile(requirement, closures, at, known_at)
    return found


def _known_tile(
    requirement: Requirement, closures: Closures, at: datetime.datetime, known_at: datetime.datetime
) -> pure.Occurrence | None:
    schedules = [row for row in requirement.schedules.all() if row.recorded_at <= known_at]
    if not schedules:
        return None
    tiles = pure.tiles(
        to_versions(schedules),
        [to_fact(completion) for completion in requirement.completions.all()],
        starts_at=requirement.starts_at,
        zone=ZoneInfo(requirement.facility.time_zone),
        until=at,
        known_at=known_at,
        **closures.of(requirement, known_at=known_at),
    )
    return tile_at(tiles, at)
