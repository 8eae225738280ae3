"""The data files of the rule packs, read once and checked to the last field. Pure apart from reading the files."""

from __future__ import annotations

import datetime
import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.compliance import schedule as pure
from apps.compliance.packs import applicability
from apps.compliance.packs.facts import QUESTIONS
from apps.compliance.steps import validate_steps

FOLDER = Path(__file__).with_name("data")
Subject = Literal["facility", "area", "equipment", "organisation", "tenancy"]
SUBJECTS = ("facility", "area", "equipment", "organisation", "tenancy")
LEVELS: dict[str, str | Promise] = {
    "sourced": _("Sourced: a law text, regulator, council, manufacturer or agreeing pages were read"),
    "sourced_secondary": _("Sourced at second hand: one vendor’s or secondary page was read"),
    "partly_memory": _("Partly from memory: check before relying on it"),
    "memory": _("From memory: check before relying on it"),
}
UNSURE = frozenset({"partly_memory", "memory"})
CATEGORIES = frozenset({"cleaning", "inspection", "maintenance", "testing", "certificate", "other"})
PROOFS = frozenset({"log", "document", "check"})
EVIDENCE_KINDS = frozenset({"yes_no", "text", "photo", "choice", "limit", "recorded"})
WARNINGS = ("days_before", "hours_before", "minutes_before")
VARIANTS = ("rrule_by_category", "rrule_by_state", "variants")
# Modes whose first evidence should exist already: without it they are red from the start.
ROLLING = frozenset({"interval_after_completion", "keep_anniversary", "review_triggered", "validity_after_completion"})
_PACK: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("id", "title", "country", "description", "researched"), str),
    "version": int,
    "duties": list,
}
_DUTY: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("id", "name", "subject", "category", "proof", "reference", "level", "warning_basis"), str),
    **dict.fromkeys(("schedule", "warning"), dict),
    **dict.fromkeys(("evidence", "sources"), list),
    "applies": (str, dict),
}
_OPTIONAL: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("applies_words", "variant_by", "verification", "review_by"), str),
    **dict.fromkeys(("limits", "remarks"), list),
    "targets": dict,
}


class PackError(ValueError):
    """A data file is not what it must be; the message names file, duty and field."""


@dataclass(frozen=True)
class Source:
    """Where a fact was read. ``address`` is empty only where the source has none that can be opened."""

    name: str
    address: str


@dataclass(frozen=True)
class Duty:
    """One duty of a pack, as its file states it."""

    id: str
    name: str
    subject: Subject
    applies: applicability.Condition
    category: str
    proof: str
    schedule_data: Mapping[str, Any]
    warning: Mapping[str, Any]
    evidence: tuple[Mapping[str, Any], ...]
    reference: str
    sources: tuple[Source, ...]
    level: str
    warning_basis: str = ""
    applies_words: str = ""
    targets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    variant_by: str = ""
    limits: tuple[Mapping[str, Any], ...] = ()
    verification: str = ""
    remarks: tuple[str, ...] = ()
    review_by: str = ""

    @property
    def unsure(self) -> bool:
        """Whether it must say “check before relying on it” wherever it shows."""
        return self.level in UNSURE

    @property
    def level_words(self) -> str:
        """How well it is verified."""
        return str(LEVELS[self.level])

    @property
    def place(self) -> Literal["facility", "area", "equipment"]:
        """What its requirement is on: organisation and tenancy duties stand on a facility."""
        return self.subject if self.subject in ("area", "equipment") else "facility"

    @property
    def variants(self) -> tuple[str, ...]:
        """The answers to ``variant_by`` that it has a schedule for; empty when it has one schedule."""
        return tuple(next((self.schedule_data[name] for name in VARIANTS if name in self.schedule_data), ()))

    @property
    def asks(self) -> set[str]:
        """The facts of a facility that decide about it."""
        return applicability.facts_of(self.applies) | ({self.variant_by} if self.variant_by else set())

    @property
    def missing_is_red(self) -> bool:
        """Whether it is red from the start while there is no evidence: it should have been done before."""
        return self.schedule_data["mode"] in ROLLING

    def schedule(self, variant: str = "") -> pure.Schedule:
        """Return its schedule; raise ScheduleError for a variant that it does not have."""
        data = dict(self.schedule_data)
        changed = data.pop("variants", None)
        if changed is not None:
            if variant not in changed:
                raise pure.ScheduleError("variant", f"Choose one of {', '.join(changed)}.")
            data.update(changed[variant])
        return pure.from_rule({"schedule": data, "warning": self.warning}, variant=variant or None)

    def steps(self) -> list[dict[str, Any]]:
        """Return the steps of its protocol: readings with their limits, then the evidence that a person states."""
        steps: list[dict[str, Any]] = [
            {"kind": "number", **{name: limit[name] for name in ("text", "unit", "min", "max") if name in limit}}
            for limit in self.limits
        ]
        steps += [{"required": True, **item} for item in self.evidence if item["kind"] not in ("limit", "recorded")]
        # Who and when are part of every log; where nothing else is asked, one answer says that it was done.
        return validate_steps(steps or [{"kind": "yes_no", "text": f"Done: {self.name}"}])


@dataclass(frozen=True)
class Pack:
    """One data file: duties that belong together, with a version that rises when any of them changes."""

    id: str
    title: str
    version: int
    country: str
    description: str
    researched: str
    duties: tuple[Duty, ...]

    def duty(self, duty_id: str) -> Duty | None:
        """Return one of its duties."""
        return next((duty for duty in self.duties if duty.id == duty_id), None)

    @property
    def unsure(self) -> int:
        """How many of its duties must be checked before relying on them."""
        return sum(duty.unsure for duty in self.duties)


def all_packs() -> dict[str, Pack]:
    """Return the shipped packs by id, in the order of their titles. Raises PackError."""
    return _read_folder(FOLDER)


@functools.lru_cache(maxsize=8)
def _read_folder(folder: Path) -> dict[str, Pack]:
    packs = [read_pack(path.name, json.loads(path.read_text("utf-8"))) for path in sorted(folder.glob("*.json"))]
    seen: dict[str, str] = {}
    for pack in packs:
        for name in (pack.id, *(duty.id for duty in pack.duties)):
            if name in seen:
                raise PackError(f"{pack.id}: {name} is in {seen[name]} already")
            seen[name] = pack.id
    return {pack.id: pack for pack in sorted(packs, key=lambda pack: pack.title.casefold())}


def read_pack(name: str, data: Mapping[str, Any]) -> Pack:
    """Return the pack that a file states; raise PackError naming the first thing that is wrong."""
    _fields(name, data, _PACK, {})
    if f"{data['id']}.json" != name:
        raise PackError(f"{name}: the id is {data['id']!r}")
    if data["version"] < 1:
        raise PackError(f"{name}: version must be 1 or more")
    if data["country"] and not (len(data["country"]) == 2 and data["country"].isupper()):
        raise PackError(f"{name}: country must be two capital letters, or empty")
    datetime.date.fromisoformat(data["researched"])
    duties = tuple(_read_duty(f"{name}: {duty.get('id', '?')}", duty) for duty in data["duties"])
    return Pack(**{**data, "duties": duties})


def _fields(where: str, data: Mapping[str, Any], needed: Mapping[str, Any], optional: Mapping[str, Any]) -> None:
    for name, kind in {**needed, **optional}.items():
        if name not in data:
            if name in needed:
                raise PackError(f"{where}: {name} is missing")
        elif not isinstance(data[name], kind) or isinstance(data[name], bool):
            raise PackError(f"{where}: {name} is {data[name]!r}")
    if unknown := sorted(data.keys() - needed.keys() - optional.keys()):
        raise PackError(f"{where}: there is no field {unknown[0]}")


def _read_duty(where: str, data: Mapping[str, Any]) -> Duty:
    _fields(where, data, _DUTY, _OPTIONAL)
    if problem := next(_problems(data), ""):
        raise PackError(f"{where}: {problem}")
    plain = {name: value for name, value in data.items() if name != "schedule"}
    duty = Duty(
        **{
            **plain,
            "schedule_data": data["schedule"],
            "evidence": tuple(data["evidence"]),
            "sources": tuple(Source(source["name"], source["address"]) for source in data["sources"]),
            "targets": {name: tuple(words) for name, words in data.get("targets", {}).items()},
            "limits": tuple(data.get("limits", ())),
            "remarks": tuple(data.get("remarks", ())),
        }
    )
    try:
        for variant in duty.variants or ("",):
            duty.schedule(variant)
        duty.steps()
    except (pure.ScheduleError, ValidationError, KeyError, TypeError) as error:
        raise PackError(f"{where}: {error}") from error
    return duty


def _problems(data: Mapping[str, Any]) -> Iterator[str]:
    for name, known in (("subject", SUBJECTS), ("level", LEVELS), ("category", CATEGORIES), ("proof", PROOFS)):
        if data[name] not in known:
            yield f"{name} is {data[name]!r}"
    if not 0 < len(data["name"]) <= 200 or not 0 < len(data["reference"]) <= 300:
        yield "name or reference is empty or too long"
    if problem := applicability.check(data["applies"]):
        yield f"applies {problem}"
    if data["applies"] != applicability.ALWAYS and not data.get("applies_words"):
        yield "applies_words must say in words when it applies"
    if not data["warning"] or not data["warning"].keys() <= set(WARNINGS):
        yield "warning needs days_before, hours_before or minutes_before"
    if any(item.get("kind") not in EVIDENCE_KINDS or not item.get("text") for item in data["evidence"]):
        yield "an item of evidence has no text or an unknown kind"
    if not data["evidence"]:
        yield "evidence is empty"
    if any(source.keys() != {"name", "address"} or not source["name"] for source in data["sources"]):
        yield "a source needs a name and an address"
    if not data["sources"] and data["level"] != "memory":
        yield "only a duty from memory may be without a source"
    choices = next((data["schedule"][name] for name in VARIANTS if name in data["schedule"]), None)
    if (choices is None) != ("variant_by" not in data):
        yield "variant_by must be there exactly when the schedule has variants"
    if choices is not None:
        question = QUESTIONS.get(data["variant_by"])
        if question is None or not set(choices) <= set(question.choices):
            yield f"variants must be answers to {data['variant_by']}"
    yield from _target_problems(data)


def _target_problems(data: Mapping[str, Any]) -> Iterator[str]:
    allowed = {"area": {"areas"}, "equipment": {"types", "categories"}}.get(data["subject"], set())
    targets = data.get("targets", {})
    if not targets.keys() <= allowed or (allowed and not targets):
        yield "targets must say which areas, or which types and categories of equipment"
    if any(word != word.casefold() for words in targets.values() for word in words):
        yield "targets are written in lower case"
