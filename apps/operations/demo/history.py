"""The past of the demo: when each duty was done, by whom and with which readings, as facts, logs and audit events.

Everything follows from the moment of loading and one seed, so that the demo looks alike on every machine.
"""

from __future__ import annotations

import datetime
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from apps.audit.bulk import create_many, record_many
from apps.cleaning_logs.models import CleaningLog, Via
from apps.cleaning_logs.queries import subject_of
from apps.compliance import engine
from apps.compliance.models import Completion, Evidence, ProtocolVersion, Requirement, Result
from apps.compliance.queries import version_in_force
from apps.compliance.schedule import Duration, Mode, Schedule, due_day, tiles, wall
from apps.compliance.steps import fails_of, options_of, parse_answers
from apps.equipment.models import Label
from apps.tenants.models import Membership

DAY = datetime.timedelta(days=1)
REASON = "demo history"


@dataclass(frozen=True)
class Habit:
    """How a duty was kept.

    ``at`` is the usual time of day. ``skip_last`` leaves out the latest times it came due (two or more are red whatever
    the hour); ``skipped`` leaves out earlier ones, counted from the latest. ``last_days`` says how long ago
    a rolling duty was last done. ``failed`` makes the latest result unsatisfactory. ``never``: it has no facts at all.
    """

    at: str = "10:00"
    skip_last: int = 0
    skipped: tuple[int, ...] = ()
    last_days: float = 0
    failed: bool = False
    never: bool = False
    by: str = ""  # a firm, for certificates
    fresh: int = 0  # minutes since it was logged, by the technician at the label


@dataclass
class People:
    """Who logs at a facility: members, and names given at the label with how they were known."""

    members: Sequence[Membership]
    names: Sequence[str] = ()
    via: Via = Via.NAME


@dataclass
class History:
    """Collects facts and logs of many requirements, and writes them at once."""

    now: datetime.datetime
    people: dict[int, People]
    labels: dict[tuple[str, int], Label]
    random: random.Random = field(default_factory=lambda: random.Random("northgate"))  # noqa: S311 - nothing secret
    completions: list[Completion] = field(default_factory=list)
    logs: list[CleaningLog] = field(default_factory=list)
    touched: list[Requirement] = field(default_factory=list)
    versions: dict[int, ProtocolVersion | None] = field(default_factory=dict)

    def add(self, requirement: Requirement, schedule: Schedule, habit: Habit) -> None:
        """Note what was done for one requirement."""
        self.touched.append(requirement)
        if habit.never:
            return
        zone = ZoneInfo(requirement.facility.time_zone)
        moments = self._moments(requirement, schedule, habit, zone)
        for moment in moments:
            failed = habit.failed and moment == moments[-1]
            self._add_one(requirement, moment, failed=failed, by=habit.by)

    def _moments(
        self, requirement: Requirement, schedule: Schedule, habit: Habit, zone: ZoneInfo
    ) -> list[datetime.datetime]:
        hour, minute = map(int, habit.at.split(":"))
        usual = hour * 60 + minute

        def on(day: datetime.date) -> datetime.datetime:
            return wall(day, usual, zone) + datetime.timedelta(minutes=self.random.randint(-20, 25))

        if schedule.mode is Mode.FIXED_CALENDAR:
            expected = tiles(
                [(requirement.starts_at, schedule)], [], starts_at=requirement.starts_at, zone=zone, until=self.now
            )
            days = [due_day(tile.due_at, zone) for tile in expected if tile.due_at is not None]
            found = [moment for day in days if requirement.starts_at < (moment := on(day)) < self.now]
            found = found[: len(found) - habit.skip_last]
            return [moment for back, moment in enumerate(reversed(found)) if back not in habit.skipped][::-1]
        step = schedule.interval or Duration(days=30)
        gap = max(0.8, step.rough_seconds / 86400 - min(20, max(1, step.rough_seconds / 86400 / 10)))
        today = self.now.astimezone(zone).date()
        found, back = [], habit.last_days
        while (moment := on(today - datetime.timedelta(days=round(back)))) > requirement.starts_at:
            if moment < self.now:
                found.append(moment)
            back += gap
        return found[::-1]

    def _add_one(self, requirement: Requirement, moment: datetime.datetime, *, failed: bool, by: str) -> None:
        member, name, via = self._performer(requirement, by)
        # Most are recorded on the spot, some at the end of the round.
        delay = self.random.choice((1, 1, 2, 2, 3, 4, 25, 70)) if not by else 60 * 26
        recorded_at = min(moment + datetime.timedelta(minutes=delay), self.now)
        completion = Completion(
            uuid=uuid.UUID(int=self.random.getrandbits(128), version=4),
            requirement=requirement,
            facility_id=requirement.facility_id,
            performed_at=moment,
            recorded_at=recorded_at,
            result=Result.UNSATISFACTORY if failed else Result.SATISFACTORY,
            by=member,
            by_name=name,
        )
        self.completions.append(completion)
        if requirement.evidence == Evidence.DOCUMENT:
            return
        version = self._version(requirement)
        subject = subject_of(requirement)
        self.logs.append(
            CleaningLog(
                uuid=completion.uuid,
                requirement=requirement,
                facility=subject.facility,
                area=subject.equipment.area if subject.equipment else subject.area,
                equipment=subject.equipment,
                label=self.label_of(requirement),
                protocol_version=version,
                completion=completion,
                task=requirement.name,
                subject_name=subject.name[:400],
                performed_at=moment,
                recorded_at=recorded_at,
                performed_by=member,
                performer_name=name,
                via=via,
                answers=answers_to(version, self.random, failed=failed),
                result=completion.result,
                notes="Reported to the estates desk." if failed else "",
            )
        )

    def _performer(self, requirement: Requirement, by: str) -> tuple[Membership | None, str, Via]:
        if by:
            return None, by, Via.SIGNED_IN
        people = self.people[requirement.facility_id]
        if people.names and self.label_of(requirement) is not None and self.random.random() < 0.3:
            return None, self.random.choice(people.names), people.via
        member = self.random.choice(people.members)
        return member, str(member.user), Via.SIGNED_IN

    def label_of(self, requirement: Requirement) -> Label | None:
        """Return the label of a requirement's subject."""
        subject = requirement.subject
        return self.labels.get((subject._meta.model_name or "", subject.pk))

    def _version(self, requirement: Requirement) -> ProtocolVersion | None:
        if requirement.protocol_id is None:
            return None
        if requirement.protocol_id not in self.versions:
            self.versions[requirement.protocol_id] = version_in_force(requirement.protocol)
        return self.versions[requirement.protocol_id]

    def write(self) -> None:
        """Store everything in the order of time, then bring the occurrences in line, once for each requirement."""
        self.completions.sort(key=lambda completion: completion.recorded_at)
        Completion.objects.bulk_create(self.completions, batch_size=1000)
        record_many(
            "requirement.completion",
            (
                (
                    completion.requirement,
                    {
                        "result": [None, completion.result],
                        "performed_at": [None, completion.performed_at],
                        "by": [None, completion.by_name],
                    },
                )
                for completion in self.completions
            ),
            reason=REASON,
        )
        self.logs.sort(key=lambda log: log.recorded_at)
        for log in self.logs:
            log.completion = log.completion  # takes the key that the fact got meanwhile
        create_many(self.logs, "log.create", reason=REASON)
        for requirement in self.touched:
            # Made afresh in one go: cheaper than correcting each row that was made without the facts.
            requirement.occurrences.all().delete()
            engine.project(requirement, now=self.now)


def answers_to(version: ProtocolVersion | None, rng: random.Random, *, failed: bool = False) -> list[dict[str, Any]]:
    """Return believable answers to a protocol's steps, in their stored form; ``failed``: one of them is bad."""
    if version is None:
        return []
    return parse_answers(version.steps, raw_answers(version, rng, failed=failed), {}).answers


def raw_answers(version: ProtocolVersion, rng: random.Random, *, failed: bool = False) -> dict[str, str]:
    """Return believable answers as a person would give them, by step key."""
    raw: dict[str, str] = {}
    for step in version.steps:
        options = [value for value, _words in options_of(step)]
        if options:
            raw[step["key"]] = next(value for value in options if value not in fails_of(step))
        elif step["kind"] == "number":
            low, high = step.get("min"), step.get("max")
            bottom = low if low is not None else high - 4 if high is not None else 1
            top = high if high is not None else bottom + 12
            raw[step["key"]] = f"{bottom + (top - bottom) * rng.uniform(0.25, 0.75):.1f}"
        elif step["kind"] == "text" and step.get("required", True):
            raw[step["key"]] = str(rng.randint(1000, 9999))
    if failed:
        _spoil(version.steps, raw)
    return raw


def _spoil(steps: Sequence[dict[str, Any]], raw: dict[str, str]) -> None:
    for step in steps:
        if step["kind"] == "number" and step.get("max") is not None:
            raw[step["key"]] = str(step["max"] + 4)
            return
        if step["kind"] == "number" and step.get("min") is not None:
            raw[step["key"]] = str(step["min"] - 9)
            return
    for step in steps:
        if fails_of(step) and step["kind"] in ("yes_no", "choice"):
            raw[step["key"]] = fails_of(step)[0]
            return
