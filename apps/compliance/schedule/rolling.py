"""Due dates of everything that does not follow a calendar: they roll on from what was done or what happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from .calendars import Calendar
from .clock import END_OF_DAY, ahead_of, due_day, later, local_day, wall
from .durations import ZERO, Duration
from .history import Moment, State
from .model import Mode, Schedule


@dataclass(frozen=True, slots=True)
class Timing:
    """Warning, due and overdue instants of a tile. All None: nothing is asked for. Only warn: needed before the next
    use."""

    warn_at: datetime | None = None
    due_at: datetime | None = None
    overdue_at: datetime | None = None

    @property
    def asks(self) -> bool:
        """Whether something is asked for, so that doing it closes the tile."""
        return self.warn_at is not None


def timing_of(
    schedule: Schedule,
    zone: ZoneInfo,
    opens_at: datetime,
    due_at: datetime,
    *,
    overdue_at: datetime | None = None,
    day: date | None = None,
) -> tuple[datetime, datetime, datetime]:
    """Warning, due and overdue instants of something due at `due_at` (on local day `day`) in a tile that opens at
    `opens_at`; for `Timing`."""
    warn_at = due_at
    if schedule.lead is not None:
        warn_at = ahead_of(due_at, day or due_day(due_at, zone), schedule.lead, zone)
    return min(max(warn_at, opens_at), due_at), due_at, overdue_at or later(due_at, schedule.grace, zone)


@dataclass(frozen=True, slots=True)
class Rolling:
    """A rolling schedule in a zone, for a requirement that started at `starts_at` (local day `start_day`)."""

    schedule: Schedule
    zone: ZoneInfo
    starts_at: datetime
    start_day: date

    def timing(self, state: State, opens_at: datetime, not_before: datetime | None) -> Timing:
        """The timing of the tile that opens at `opens_at`, given what is known so far.

        `not_before` is set where a change of schedule or the end of a suspension opened the tile: what would have
        been due before that moment is then due that day.
        """
        match self.schedule.mode:
            case Mode.EVENT:
                if state.first_event is None:
                    return Timing()
                due_at = self._within(state.first_event)
            case Mode.PER_USE:
                return self._per_use(state, opens_at, not_before)
            case _:
                due_at = self._after_completion(state)
        # A lapsed legal anniversary is not moved by our own bookkeeping.
        if not_before is not None and self.schedule.mode is not Mode.KEEP_ANNIVERSARY:
            due_at = self._not_before(due_at, not_before)
        asked = timing_of(self.schedule, self.zone, opens_at, due_at)
        if self.schedule.mode is Mode.REVIEW_TRIGGERED and state.first_event is not None:
            sooner = self._within(state.first_event)
            if not_before is not None:
                sooner = self._not_before(sooner, not_before)
            # Each the earlier of the two, so that every moment before the event keeps the status it had.
            warn_at = min(asked[0], max(state.first_event, opens_at), sooner)
            return Timing(warn_at, min(asked[1], sooner), min(asked[2], later(sooner, self.schedule.grace, self.zone)))
        return Timing(*asked)

    def splits(self, timing: Timing) -> bool:
        """Whether an event ends the tile that has this timing and opens another."""
        if self.schedule.mode is Mode.EVENT:
            return not timing.asks
        return self.schedule.mode is Mode.PER_USE

    def _not_before(self, due_at: datetime, moment: datetime) -> datetime:
        return due_at if due_at > moment else self._on_day(local_day(moment, self.zone), moment)

    def _on_day(self, day: date, earliest: datetime) -> datetime:
        """Due on that day; at the end of it when its due time has passed already."""
        if self.schedule.due_time is not None:
            due_at = wall(day, self.schedule.due_time, self.zone)
            if due_at > earliest:
                return due_at
        return wall(day, END_OF_DAY, self.zone)

    def _due_on(self, day: date) -> datetime:
        return wall(day, END_OF_DAY if self.schedule.due_time is None else self.schedule.due_time, self.zone)

    def _after(self, instant: datetime, duration: Duration) -> datetime:
        """`duration` after an instant: whole days end with their last day, hours are exact."""
        if duration.seconds:
            return later(instant, duration, self.zone)
        return self._on_day(duration.after(local_day(instant, self.zone)), instant)

    def _within(self, event: datetime) -> datetime:
        within = self.schedule.within
        if within is None and self.schedule.mode is not Mode.REVIEW_TRIGGERED:
            return event
        return self._after(event, within or ZERO)

    def _after_completion(self, state: State) -> datetime:
        first = self.schedule.first_due_on
        if not state.settled:
            if first is None and self.schedule.interval is not None and self.schedule.interval.by_clock:
                return self.starts_at
            return self._due_on(first) if first else self._on_day(self.start_day, self.starts_at)
        if self.schedule.mode is Mode.KEEP_ANNIVERSARY:
            return self._due_on(self._anniversary(state.settled))
        last = state.settled[-1]
        due_at = self._after(last.at, self.schedule.interval or ZERO)
        printed = self._printed(last)
        if printed is not None:
            due_at = min(due_at, self._due_on(printed))
        if first is not None and last.at <= self.starts_at:
            due_at = max(due_at, self._due_on(first))
        return due_at

    def _printed(self, moment: Moment) -> date | None:
        """The due day on the evidence, unless it makes no sense (not after the day it was done)."""
        printed = moment.printed_due
        return printed if printed is not None and printed > local_day(moment.at, self.zone) else None

    def _anniversary(self, settled: Sequence[Moment]) -> date:
        """The deadline after all of these, by the rule of the gas regulations: done inside the early window that ends
        with the deadline counts as done on the deadline, anything else starts a new period on its own day."""
        interval = self.schedule.interval or ZERO
        window = self.schedule.early_window or ZERO
        first = self.schedule.first_due_on
        deadline = first
        for moment in settled:
            done_on = local_day(moment.at, self.zone)
            early = deadline is not None and window.before(deadline) < done_on <= deadline
            # On the one ambiguous day, exactly the window before the deadline, the earlier next date is the safe one.
            following = interval.after(deadline if early and deadline else done_on)
            printed = self._printed(moment)
            if printed is not None:
                following = min(following, printed)
            if first is not None and moment.at <= self.starts_at:
                following = max(following, first)
            deadline = following
        return deadline or self.start_day

    def _per_use(self, state: State, opens_at: datetime, not_before: datetime | None) -> Timing:
        dues = []
        if self.schedule.after and state.last_event is not None:
            dues.append(self._within(state.last_event))
        if self.schedule.rrule:
            calendar = Calendar(self.schedule, self.schedule.anchor or self.start_day, self.zone)
            since = self.starts_at
            if state.settled:
                # The day it was done on is covered.
                since = wall(local_day(state.settled[-1].at, self.zone), END_OF_DAY, self.zone)
            dues.append(next(calendar.dues(since + timedelta(microseconds=1))).at)
        if dues:
            due_at = min(dues)
            if not_before is not None:
                due_at = self._not_before(due_at, not_before)
            return Timing(*timing_of(self.schedule, self.zone, opens_at, due_at))
        used = state.last_event is not None
        needed = self.schedule.before and (used or not state.settled)
        return Timing(warn_at=opens_at) if needed else Timing()
