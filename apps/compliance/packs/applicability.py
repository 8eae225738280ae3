"""Whether a duty applies, from the facts known: yes, no, or not answered yet. Pure, three-valued."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from apps.compliance.packs.facts import QUESTIONS

ALWAYS = "always"
Condition = str | Mapping[str, Any]
_COMPARISONS = ("is", "at_least", "above")


@dataclass(frozen=True)
class Answer:
    """``applies`` is None while a fact that decides is not known; then ``missing`` names what to ask."""

    applies: bool | None
    reasons: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def evaluate(condition: Condition, answers: Mapping[str, Any]) -> Answer:
    """Return whether the condition holds, with the facts that decided it."""
    if isinstance(condition, str):
        return Answer(True)
    if "fact" in condition:
        return _compare(condition, answers)
    wanted = "any" in condition
    parts = [evaluate(part, answers) for part in condition["any" if wanted else "all"]]
    deciding = [part for part in parts if part.applies is wanted]
    if deciding:
        # One is enough to decide; saying more would only blur it.
        return Answer(wanted, deciding[0].reasons)
    unknown = [part for part in parts if part.applies is None]
    if unknown:
        missing = tuple(dict.fromkeys(name for part in unknown for name in part.missing))
        return Answer(None, missing=missing)
    return Answer(not wanted, tuple(dict.fromkeys(reason for part in parts for reason in part.reasons)))


def _compare(condition: Mapping[str, Any], answers: Mapping[str, Any]) -> Answer:
    question = QUESTIONS[condition["fact"]]
    value = answers.get(question.name)
    if value is None:
        return Answer(None, missing=(question.name,))
    if "is" in condition:
        return Answer(value == condition["is"], (question.words(value),))
    if "at_least" in condition:
        holds, bound = value >= condition["at_least"], _("needs %(n)s") % {"n": condition["at_least"]}
    else:
        holds, bound = value > condition["above"], _("needs more than %(n)s") % {"n": condition["above"]}
    return Answer(holds, (question.words(value) if holds else f"{question.words(value)} ({bound})",))


def check(condition: Any) -> str:
    """Return what is wrong with a condition as a data file states it, or ""."""
    if condition == ALWAYS:
        return ""
    if not isinstance(condition, Mapping) or len(condition) not in (1, 2):
        return "is neither “always” nor a condition"
    if "fact" not in condition:
        (joint, parts), *rest = condition.items()
        if rest or joint not in ("any", "all") or not isinstance(parts, list) or not parts:
            return "needs “any” or “all” with a list of conditions"
        return next((problem for part in parts if (problem := check(part))), "")
    question = QUESTIONS.get(condition["fact"])
    if question is None:
        return f"asks about {condition['fact']!r}, which is no fact"
    comparison = next((name for name in _COMPARISONS if name in condition), "")
    if not comparison or len(condition) != 2:
        return "needs one of is, at_least, above"
    if question.read(condition[comparison]) is None or (comparison != "is" and question.kind != "number"):
        return f"compares {question.name} with {condition[comparison]!r}"
    return ""


def facts_of(condition: Condition) -> set[str]:
    """Return the facts that a condition looks at."""
    if isinstance(condition, str):
        return set()
    if "fact" in condition:
        return {condition["fact"]}
    return {name for parts in condition.values() for part in parts for name in facts_of(part)}
