"""What applying a pack would do at each facility, duty by duty, with the reason. Pure: no database, no clock."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from apps.compliance import schedule as pure
from apps.compliance import status as pure_status
from apps.compliance.packs.applicability import evaluate
from apps.compliance.packs.facts import QUESTIONS
from apps.compliance.packs.loader import Duty, Pack

MATCHING, EVERY = "match", "all"
FACILITY = "facility"


@dataclass(frozen=True)
class Place:
    """A facility as a plan sees it. ``answers``: the facts that are known."""

    id: int
    name: str
    zone: ZoneInfo
    country: str = ""
    answers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Subject:
    """An area or a machine that a duty may be put on. ``key``: "area:5", "equipment:7"."""

    key: str
    facility_id: int
    name: str
    kind: str = ""
    risk: str = ""
    category: str = ""

    @property
    def place(self) -> str:
        """Whether it is an area or equipment."""
        return self.key.partition(":")[0]


@dataclass(frozen=True)
class Exemption:
    """A statement that a duty does not apply, as it stands in the records."""

    id: int
    reason: str
    by: str
    review_on: datetime.date


@dataclass(frozen=True)
class World:
    """Everything a plan looks at. Keys of ``applied`` and ``exempt``: (facility id, duty id, subject key)."""

    places: Sequence[Place]
    subjects: Sequence[Subject] = ()
    # The requirement that a duty became, and whether it still counts.
    applied: Mapping[tuple[int, str, str], tuple[int, bool]] = field(default_factory=dict)
    exempt: Mapping[tuple[int, str, str], Exemption] = field(default_factory=dict)


class Decision(StrEnum):
    """What a plan says of one duty on one subject."""

    CREATE = "create"
    RESTORE = "restore"
    EXISTS = "exists"
    EXEMPT = "exempt"
    REVIEW_DUE = "review_due"
    DOES_NOT_APPLY = "does_not_apply"
    NOT_ANSWERED = "not_answered"
    NO_SUBJECT = "no_subject"


# What is red as long as it stays so: nobody has said that it does not apply, and nothing shows that it is done.
GAPS = frozenset({Decision.CREATE, Decision.RESTORE, Decision.NOT_ANSWERED, Decision.REVIEW_DUE})
TAKES = frozenset({Decision.CREATE, Decision.RESTORE})


@dataclass(frozen=True)
class Row:
    """One line of a plan. ``variant`` picks the schedule; ``requirement_id`` is what exists already."""

    duty: Duty
    place: Place
    decision: Decision
    reason: str
    subject: Subject | None = None
    variant: str = ""
    requirement_id: int | None = None
    exemption: Exemption | None = None
    missing: tuple[str, ...] = ()

    @property
    def subject_key(self) -> str:
        """What it is on, as it is stored."""
        return self.subject.key if self.subject else FACILITY

    @property
    def key(self) -> str:
        """Its name in a form."""
        return f"{self.duty.id}|{self.place.id}|{self.subject_key}"

    @property
    def is_gap(self) -> bool:
        """Whether it is red until somebody acts."""
        return self.decision in GAPS

    @property
    def takes(self) -> bool:
        """Whether confirming would create or bring back a requirement."""
        return self.decision in TAKES


def matches(duty: Duty, subject: Subject) -> bool:
    """Whether a subject looks like what the duty is about, by its kind, its type, its category or its name."""
    # Its own name, not those of the places it is in: a sluice in a ward is no ward.
    text = f"{subject.kind} {subject.name.rpartition(' > ')[2]}".casefold()
    if subject.place == "area":
        return any(word in text for word in duty.targets.get("areas", ()))
    if subject.category in duty.targets.get("categories", ()):
        return True
    return any(word in text for word in duty.targets.get("types", ()))


def selectors(duty: Duty, subject: Subject) -> set[str]:
    """Return the choices of “where” that take this subject in."""
    found = {EVERY}
    if matches(duty, subject):
        found.add(MATCHING)
    if subject.kind:
        found.add(f"kind:{subject.kind}")
    if subject.risk:
        found.add(f"risk:{subject.risk}")
    if subject.category:
        found.add(f"category:{subject.category}")
    return found


def plan(
    pack: Pack,
    world: World,
    *,
    now: datetime.datetime,
    head_office: int | None = None,
    where: Mapping[str, frozenset[str]] | None = None,
) -> list[Row]:
    """Return what holds for each duty at each place: by place, then in the pack's order.

    ``head_office`` is the facility that the organization's own duties stand on; None leaves them out. ``where`` names,
    for each duty on areas or equipment, the chosen selectors; a duty that is not named goes on what matches.
    """
    subjects: dict[tuple[int, str], list[Subject]] = defaultdict(list)
    for subject in world.subjects:
        subjects[subject.facility_id, subject.place].append(subject)
    planner = _Planner(pack, world, now, where or {})
    rows: list[Row] = []
    for place in world.places:
        for duty in pack.duties:
            if duty.subject == "organisation" and place.id != head_office:
                continue
            rows += planner.rows(duty, place, subjects[place.id, duty.place])
    return rows


@dataclass(frozen=True)
class _Planner:
    pack: Pack
    world: World
    now: datetime.datetime
    where: Mapping[str, frozenset[str]]

    def rows(self, duty: Duty, place: Place, candidates: Sequence[Subject]) -> Iterator[Row]:
        if duty.place == FACILITY:
            yield self.row(duty, place, None)
            return
        wanted = self.where.get(duty.id, frozenset({MATCHING}))
        found = [
            subject
            for subject in candidates
            if (place.id, duty.id, subject.key) in self.world.applied or selectors(duty, subject) & wanted
        ]
        for subject in found:
            yield self.row(duty, place, subject)
        if found:
            return
        decided = self.row(duty, place, None)
        if decided.takes:
            words = _("No area of this kind yet") if duty.place == "area" else _("No machine of this kind yet")
            decided = Row(duty, place, Decision.NO_SUBJECT, words)
        yield decided

    def row(self, duty: Duty, place: Place, subject: Subject | None) -> Row:
        def row(decision: Decision, reason: str, **more: Any) -> Row:
            return Row(duty, place, decision, reason, subject, **more)

        key = subject.key if subject else FACILITY
        known = self.world.applied.get((place.id, duty.id, key))
        if known is not None and known[1]:
            return row(Decision.EXISTS, _("There already"), requirement_id=known[0])
        exempt = self.world.exempt
        exemption = exempt.get((place.id, duty.id, key)) or exempt.get((place.id, duty.id, ""))
        if exemption is not None:
            due = self.now.astimezone(place.zone).date() > exemption.review_on
            return row(Decision.REVIEW_DUE if due else Decision.EXEMPT, exemption.reason, exemption=exemption)
        if self.pack.country and place.country and place.country != self.pack.country:
            words = _("The facility is in %(here)s, this rule pack is for %(there)s")
            return row(Decision.DOES_NOT_APPLY, words % {"here": place.country, "there": self.pack.country})
        answer = evaluate(duty.applies, place.answers)
        if answer.applies is False:
            return row(Decision.DOES_NOT_APPLY, "; ".join(answer.reasons))
        if answer.applies is None:
            return row(Decision.NOT_ANSWERED, _not_answered(answer.missing), missing=answer.missing)
        variant = _variant(duty, place, subject)
        if duty.variants and variant not in duty.variants:
            missing = (duty.variant_by,)
            return row(Decision.NOT_ANSWERED, _not_answered(missing), missing=missing)
        if known is not None:
            return row(Decision.RESTORE, _("Was archived; comes back"), variant=variant, requirement_id=known[0])
        reasons = [*answer.reasons, *([QUESTIONS[duty.variant_by].words(variant)] if variant else [])]
        return row(Decision.CREATE, "; ".join(reasons) or _("Applies everywhere"), variant=variant)


def _not_answered(names: Iterable[str]) -> str:
    return _("Not answered yet: %(facts)s") % {"facts": ", ".join(str(QUESTIONS[name].label) for name in names)}


def _variant(duty: Duty, place: Place, subject: Subject | None) -> str:
    if not duty.variant_by:
        return ""
    own = subject.risk if subject is not None and duty.variant_by == "functional_risk" else ""
    return own or str(place.answers.get(duty.variant_by) or "")


def starts_at(duty: Duty, now: datetime.datetime, zone: ZoneInfo) -> datetime.datetime:
    """Return from when a new requirement counts.

    A certificate that must be on file counts from yesterday: while it is missing it is red, not “due today”. What
    follows a calendar or an event counts from now.
    """
    if not duty.missing_is_red:
        return now
    return pure.wall(now.astimezone(zone).date() - datetime.timedelta(days=1), 0, zone)


@dataclass(frozen=True)
class Outlook:
    """How a new requirement would stand: schedule in words, first due day, colour and status in words."""

    schedule: str
    first_due: datetime.date | None
    colour: str
    words: str


def outlook(duty: Duty, variant: str, zone: ZoneInfo, now: datetime.datetime) -> Outlook:
    """Return how a requirement made now would stand, as its page would show it."""
    schedule = duty.schedule(variant)
    begins = starts_at(duty, now, zone)
    dues = pure.preview(schedule, starts_at=begins, zone=zone, count=1)
    tiles = pure.tiles([(begins, schedule)], [], starts_at=begins, zone=zone, until=now)
    tile = next(t for t in reversed(tiles) if t.opens_at <= now)
    status = pure_status.status(tile, now)
    return Outlook(
        schedule.describe(),
        pure.due_day(dues[0], zone) if dues else None,
        str(status.colour),
        pure_status.words(status, tile, now, zone),
    )
