"""Tiles of time: from schedules and facts to occurrences, by replay and nothing else."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from .calendars import Calendar
from .clock import local_day
from .history import Failure, Moment, State, moments
from .model import Closed, Fact, Mode, Occurrence, Schedule, Suspension, as_utc
from .rolling import Rolling, Timing, timing_of

Versions = Sequence[tuple[datetime, Schedule]]
"""Schedules with the moment each takes effect."""

Zones = ZoneInfo | Sequence[tuple[datetime, ZoneInfo]]
"""The facility's zone, or its zones with the moment each takes effect."""

Closings = Closed | Sequence[tuple[datetime, Closed]]
"""The closing days, or the closing days known from each moment on: like a schedule, they change no earlier tile."""


def tiles(
    schedules: Versions,
    facts: Iterable[Fact],
    *,
    starts_at: datetime,
    zone: Zones,
    until: datetime,
    known_at: datetime | None = None,
    closed: Closings | None = None,
    suspensions: Iterable[Suspension] = (),
) -> list[Occurrence]:
    """All occurrences from `starts_at` that open at `until` or earlier, and the one that opens next where there is one.

    They follow each other without gap or overlap. A schedule takes effect at its moment and never changes an earlier
    tile: it cuts the one that is open. The first schedule holds from `starts_at` whatever its own moment. The order of
    `facts` does not matter. `known_at` answers as things were known then.

    Raises ScheduleError for a schedule that never falls due, ValueError for no schedule or a moment without a zone.
    """
    replay = _Replay.of(
        schedules, facts, starts_at=starts_at, zones=zone, known_at=known_at, closed=closed, suspensions=suspensions
    )
    return _up_to(replay.run(), until)


def extend(
    schedules: Versions,
    last: Occurrence,
    facts: Iterable[Fact],
    *,
    starts_at: datetime,
    zone: Zones,
    until: datetime,
    known_at: datetime | None = None,
    closed: Closings | None = None,
    suspensions: Iterable[Suspension] = (),
) -> list[Occurrence]:
    """The same occurrences as `tiles` from `last` on: `last` itself as it is now, then those after it.

    Costs what the new ones cost, however long ago `starts_at` is. For a rolling schedule pass all facts; for a calendar
    those since `last` opened are enough, with those of its early window when it is the first of its schedule. A fact
    from before `last` opened that was added or voided since needs `tiles`.
    """
    replay = _Replay.of(
        schedules, facts, starts_at=starts_at, zones=zone, known_at=known_at, closed=closed, suspensions=suspensions
    )
    return _up_to(replay.run(last), until)


def preview(schedule: Schedule, *, starts_at: datetime, zone: ZoneInfo, count: int = 5) -> list[datetime]:
    """The first due instants of a new duty, for showing before it is saved: `count` of a calendar, one of a rolling
    duty, none where it waits for an event. Raises ScheduleError for rules that never fall due."""
    found: list[datetime] = []
    for tile in _Replay.of([(starts_at, schedule)], (), starts_at=starts_at, zones=zone).run():
        if tile.due_at is not None:
            found.append(tile.due_at)
        if len(found) == count:
            break
    return found


def _up_to(occurrences: Iterator[Occurrence], until: datetime) -> list[Occurrence]:
    until = as_utc(until)
    found: list[Occurrence] = []
    for occurrence in occurrences:
        found.append(occurrence)
        if occurrence.opens_at > until:
            break
    return found


@dataclass(frozen=True, slots=True)
class _Segment:
    """A stretch [start, end) with one schedule in one zone, or suspended."""

    start: datetime
    end: datetime | None
    schedule: Schedule
    zone: ZoneInfo
    suspended: bool
    closed: Closed | None

    def same_rules(self, other: _Segment) -> bool:
        if self.suspended or other.suspended:
            return self.suspended and other.suspended
        return self.same_plan(other) and (self.schedule.on_closed == "keep" or self.closed == other.closed)

    def same_plan(self, other: _Segment) -> bool:
        """Whether they differ in nothing but the closing days."""
        return self.schedule == other.schedule and self.zone == other.zone and self.suspended == other.suspended


def _segments(
    versions: Versions,
    zones: Zones,
    starts_at: datetime,
    suspensions: Iterable[Suspension],
    closed: Closings | None,
) -> list[_Segment]:
    plans = sorted(((as_utc(at), schedule) for at, schedule in versions), key=lambda pair: pair[0])
    places = [(starts_at, zones)] if isinstance(zones, ZoneInfo) else sorted(zones, key=lambda pair: as_utc(pair[0]))
    if not plans or not places:
        raise ValueError("At least one schedule and one zone are needed.")
    closings = [(starts_at, closed)] if callable(closed) else [(as_utc(at), days) for at, days in closed or ()]
    pauses = [(as_utc(s.starts_at), None if s.ends_at is None else as_utc(s.ends_at)) for s in suspensions]
    cuts = {starts_at, *(at for at, _ in plans), *(as_utc(at) for at, _ in places), *(at for at, _ in closings)}
    cuts.update(edge for pause in pauses for edge in pause if edge is not None)
    starts = sorted(at for at in cuts if at >= starts_at)
    found: list[_Segment] = []
    for start in starts:
        segment = _Segment(
            start=start,
            end=None,
            schedule=([s for at, s in plans if at <= start] or [plans[0][1]])[-1],
            zone=([z for at, z in places if at <= start] or [places[0][1]])[-1],
            suspended=any(begin <= start and (end is None or start < end) for begin, end in pauses),
            closed=next((days for at, days in reversed(closings) if at <= start), None),
        )
        if not found or not found[-1].same_rules(segment):
            found.append(segment)
    ends = [after.start for _, after in pairwise(found)]
    return [replace(segment, end=end) for segment, end in zip(found, [*ends, None], strict=True)]


@dataclass(slots=True)
class _Draft:
    """A tile while it is being made: what it inherits is fixed when it opens."""

    opens_at: datetime
    missed: int
    ever_done: bool
    last_done_at: datetime | None
    failure: Failure

    def occurrence(
        self, closes_at: datetime | None, timing: Timing, settled: tuple[datetime, Fact] | None = None
    ) -> Occurrence:
        at, fact = settled or (None, None)
        return Occurrence(
            opens_at=self.opens_at,
            warn_at=timing.warn_at,
            due_at=timing.due_at,
            overdue_at=timing.overdue_at,
            closes_at=closes_at,
            completed_at=at,
            completed_recorded_at=fact.recorded_at if fact else None,
            completion_id=fact.id if fact else None,
            waived=fact is not None and fact.kind == "waiver",
            failed_at=self.failure.at,
            restored_at=self.failure.restored_at,
            missed_before=self.missed,
            ever_completed=self.ever_done,
            last_completed_at=self.last_done_at,
        )


@dataclass(slots=True)
class _Replay:
    segments: list[_Segment]
    moments: list[Moment]
    instants: list[datetime]
    starts_at: datetime
    state: State
    position: int = 0
    pending: datetime | None = None

    @classmethod
    def of(
        cls,
        schedules: Versions,
        facts: Iterable[Fact],
        *,
        starts_at: datetime,
        zones: Zones,
        known_at: datetime | None = None,
        closed: Closings | None = None,
        suspensions: Iterable[Suspension] = (),
    ) -> _Replay:
        starts_at = as_utc(starts_at)
        history = moments(facts, None if known_at is None else as_utc(known_at))
        return cls(
            segments=_segments(schedules, zones, starts_at, suspensions, closed),
            moments=history,
            instants=[moment.at for moment in history],
            starts_at=starts_at,
            state=State(),
        )

    def run(self, last: Occurrence | None = None) -> Iterator[Occurrence]:
        """Every tile, endless for a calendar; from `last` on when given."""
        opens_at = self.starts_at if last is None else last.opens_at
        before: _Segment | None = None
        for segment in self.segments:
            earlier, before = before, segment
            if segment.end is not None and segment.end <= opens_at:
                continue
            if earlier is None or not segment.same_plan(earlier):
                self.pending = None
            resumed = last if last is not None and segment.start <= opens_at else None
            begin = opens_at if resumed else segment.start
            self._absorb_before(begin)
            if resumed:
                self.state.missed = resumed.missed_before
                self.state.ever_done = resumed.ever_completed
                self.state.last_done_at = resumed.last_completed_at
                inherited = resumed.failed_at is not None and resumed.failed_at < begin
                self.state.failure = Failure(resumed.failed_at) if inherited else Failure()
            if segment.suspended:
                yield self._suspended(segment)
            elif segment.schedule.mode is Mode.FIXED_CALENDAR:
                yield from self._calendar(segment, begin, resumed)
            else:
                yield from self._rolling(segment, begin)

    def _absorb_before(self, instant: datetime) -> None:
        while self.position < len(self.moments) and self.instants[self.position] < instant:
            self.state.absorb(self.moments[self.position])
            self.position += 1

    def _draft(self, opens_at: datetime) -> _Draft:
        self.state.failure = self.state.failure.standing()
        state = self.state
        return _Draft(opens_at, state.missed, state.ever_done, state.last_done_at, state.failure)

    def _start_day(self) -> date:
        return local_day(self.starts_at, self.segments[0].zone)

    def _between(self, start: datetime, end: datetime | None) -> list[Moment]:
        stop = len(self.moments) if end is None else bisect_left(self.instants, end)
        return self.moments[bisect_left(self.instants, start) : stop]

    def _suspended(self, segment: _Segment) -> Occurrence:
        draft = self._draft(segment.start)
        inside = self._between(segment.start, segment.end)
        self._absorb_before(segment.end or datetime.max.replace(tzinfo=UTC))
        if any(moment.done for moment in inside):
            self.state.missed = 0
        return replace(draft.occurrence(segment.end, Timing()), waived=True, completed_at=segment.start)

    def _calendar(self, segment: _Segment, opens_at: datetime, resumed: Occurrence | None) -> Iterator[Occurrence]:
        schedule, zone = segment.schedule, segment.zone
        calendar = Calendar(schedule, schedule.anchor or self._start_day(), zone, segment.closed)
        # What was past due but not yet red when the closing days changed is still asked for.
        first_due = resumed.due_at if resumed else self.pending
        dues = calendar.dues(first_due or opens_at + timedelta(microseconds=1))
        due = next(dues)
        # What was done shortly before a schedule began counts for its first occurrence, so that a change of schedule
        # does not ask for the same work twice.
        counts_from = min(opens_at, calendar.first_opening(due)) if opens_at == segment.start else opens_at
        for following in dues:  # pragma: no branch - endless
            overdue_at = calendar.overdue(due, following)
            natural = calendar.opening(following) or overdue_at
            closes_at = max(natural, overdue_at)
            if segment.end is not None:
                closes_at = min(closes_at, segment.end)
            draft = self._draft(opens_at)
            settled = _settled(self._between(counts_from, closes_at), schedule.count)
            self._absorb_before(closes_at)
            timing = Timing(*timing_of(schedule, zone, opens_at, due.at, overdue_at=overdue_at, day=due.day))
            yield draft.occurrence(closes_at, timing, settled)
            if settled:
                self.state.missed = 0
            elif overdue_at <= closes_at:
                self.state.missed += 1
            if closes_at == segment.end:
                self.pending = due.at if not settled and due.at <= closes_at < overdue_at else None
                return
            opens_at = counts_from = closes_at
            due = following

    def _rolling(self, segment: _Segment, opens_at: datetime) -> Iterator[Occurrence]:
        policy = Rolling(segment.schedule, segment.zone, self.starts_at, self._start_day())
        changed_at = segment.start if segment.start > self.starts_at and opens_at == segment.start else None
        draft = self._open_after(opens_at)
        timing = policy.timing(self.state, opens_at, changed_at)
        while self.position < len(self.moments):
            moment = self.moments[self.position]
            # A quiet tile that inherited missed ones is red until something is done.
            fact = moment.settling if timing.asks or draft.missed else None
            at_end = moment.at == segment.end
            # What settles it at the very moment of a change still settles it; all else belongs to what comes next.
            if segment.end is not None and moment.at >= segment.end and not (at_end and fact is not None):
                break
            self.position += 1
            self.state.absorb(moment)
            if fact is not None or (moment.event and policy.splits(timing)):
                yield draft.occurrence(moment.at, timing, None if fact is None else (moment.at, fact))
                self.state.missed = 0 if fact is not None else self.state.missed + timing.asks
                if at_end:
                    return
                draft, changed_at = self._draft(moment.at), None
                opens_at = moment.at
            timing = policy.timing(self.state, opens_at, changed_at)
        yield draft.occurrence(segment.end, timing)
        if segment.end is not None and timing.overdue_at is not None and timing.overdue_at <= segment.end:
            self.state.missed += 1

    def _open_after(self, opens_at: datetime) -> _Draft:
        """Open a rolling tile: what happened at that very instant comes before it."""
        stop = bisect_right(self.instants, opens_at)
        while self.position < stop:
            moment = self.moments[self.position]
            self.state.absorb(moment)
            if moment.settling is not None:
                self.state.missed = 0
            self.position += 1
        return self._draft(opens_at)


def _settled(inside: Iterable[Moment], count: int) -> tuple[datetime, Fact] | None:
    """What settles a calendar's occurrence: the waiver or the last of `count` completions, whichever is first."""
    done = 0
    for moment in inside:
        if done + len(moment.done) >= count:
            return moment.at, moment.done[count - done - 1]
        done += len(moment.done)
        if moment.waivers:
            return moment.at, moment.waivers[0]
    return None
