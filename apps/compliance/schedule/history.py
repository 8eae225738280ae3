"""Facts in order of time, and what they leave behind at a moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby

from .model import Fact


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything that happened at one instant, so that the order in which facts arrive can never matter.

    Of several done at once, the satisfactory come first, then the unsatisfactory, then events.
    """

    at: datetime
    done: tuple[Fact, ...] = ()
    waivers: tuple[Fact, ...] = ()
    failed: bool = False
    event: bool = False

    @property
    def settling(self) -> Fact | None:
        """The completion, or failing that the waiver, that settles what is open; None when neither is there."""
        return (self.done or self.waivers or (None,))[0]

    @property
    def printed_due(self) -> date | None:
        """The earliest due day printed on what was done."""
        return min((fact.next_due_on for fact in self.done if fact.next_due_on), default=None)


def moments(facts: Iterable[Fact], known_at: datetime | None) -> list[Moment]:
    """The facts that count, by instant. With `known_at`: as was known then, nothing recorded or voided later."""
    live = [fact for fact in facts if _counts(fact, known_at)]
    live.sort(key=lambda fact: (fact.performed_at, fact.recorded_at, fact.id))
    return [_moment(at, list(group)) for at, group in groupby(live, key=lambda fact: fact.performed_at)]


def _counts(fact: Fact, known_at: datetime | None) -> bool:
    if known_at is None:
        return fact.voided_at is None
    return fact.recorded_at <= known_at and (fact.voided_at is None or fact.voided_at > known_at)


def _moment(at: datetime, facts: list[Fact]) -> Moment:
    completions = [fact for fact in facts if fact.kind == "completion"]
    return Moment(
        at=at,
        done=tuple(fact for fact in completions if fact.result == "satisfactory"),
        waivers=tuple(fact for fact in facts if fact.kind == "waiver"),
        failed=any(fact.result == "unsatisfactory" for fact in completions),
        event=any(fact.kind == "event" for fact in facts),
    )


@dataclass(slots=True)
class Failure:
    """The last unsatisfactory result and the satisfactory one that ended it."""

    at: datetime | None = None
    restored_at: datetime | None = None

    def absorb(self, moment: Moment) -> None:
        """Take in what happened next."""
        if moment.done and self.at is not None and self.restored_at is None:
            self.restored_at = moment.at
        if moment.failed and (self.at is None or self.restored_at is not None):
            self.at, self.restored_at = moment.at, None

    def standing(self) -> Failure:
        """What the next tile inherits: a failure that nothing ended, else nothing."""
        return Failure() if self.restored_at is not None else Failure(self.at)


@dataclass(slots=True)
class State:
    """What the facts so far leave behind: all that a later tile needs to know about earlier ones."""

    settled: list[Moment] = field(default_factory=list)
    ever_done: bool = False
    last_done_at: datetime | None = None
    failure: Failure = field(default_factory=Failure)
    first_event: datetime | None = None
    last_event: datetime | None = None
    missed: int = 0

    def absorb(self, moment: Moment) -> None:
        """Take in what happened next. Events are those since the last time it was settled."""
        if moment.settling is not None:
            self.settled.append(moment)
            self.first_event = self.last_event = None
        if moment.done:
            self.ever_done = True
            self.last_done_at = moment.at
        self.failure.absorb(moment)
        if moment.event:
            self.first_event = self.first_event or moment.at
            self.last_event = moment.at
