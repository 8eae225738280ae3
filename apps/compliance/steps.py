"""Protocol steps: what may stand in ``ProtocolVersion.steps``, and how a person's answers to them are read.

A step is a dict: ``key``, ``kind``, ``text``, ``required`` and, by kind, ``unit``, ``min``, ``max`` (number),
``choices`` (choice) and ``fails`` (yes_no, choice: the answers that mean something is wrong; a "no" unless said
otherwise). Pure: no database, no request.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

YES, NO = "yes", "no"
KINDS: dict[str, str | Promise] = {
    "yes_no": gettext_lazy("Yes or no"),
    "choice": gettext_lazy("One of several answers"),
    "number": gettext_lazy("Reading (a number)"),
    "text": gettext_lazy("Note"),
    "photo": gettext_lazy("Photo"),
}
MAX_STEPS, MAX_TEXT, MAX_ANSWER, MAX_CHOICES, MAX_PHOTOS = 60, 300, 2000, 20, 4
_FIELDS = frozenset({"key", "kind", "text", "required", "unit", "min", "max", "choices", "fails"})
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_DIGITS = re.compile(r"[+-]?\d{1,9}(\.\d{1,6})?\Z")


class Parsed(NamedTuple):
    """The answers in the order of the steps, and the keys of the steps whose answer means that something is wrong."""

    answers: list[dict[str, Any]]
    failures: list[str]


# --- The editor's side ---


def validate_steps(steps: Any) -> list[dict[str, Any]]:
    """Return the steps in their stored form; raise ValidationError with one message for each step that is wrong.

    A missing key is made from the text; ``required`` is True unless said otherwise; limits become numbers.
    """
    if not isinstance(steps, list):
        raise ValidationError(_("Steps must be a list."))
    if len(steps) > MAX_STEPS:
        raise ValidationError(_("A protocol has at most %(limit)s steps.") % {"limit": MAX_STEPS})
    found: list[dict[str, Any]] = []
    problems: list[str] = []
    taken: set[str] = {str(step["key"]) for step in steps if isinstance(step, dict) and step.get("key")}
    seen: set[str] = set()
    for number, raw in enumerate(steps, 1):
        try:
            step = _read_step(raw, taken)
            if step["key"] in seen:
                raise ValidationError(_("Another step has the key “%(key)s”.") % {"key": step["key"]})
        except ValidationError as error:
            problems += [_("Step %(number)s: %(problem)s") % {"number": number, "problem": m} for m in error.messages]
        else:
            seen.add(step["key"])
            found.append(step)
    if problems:
        raise ValidationError(problems)
    return found


def _read_step(raw: Any, taken: set[str]) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise ValidationError(_("This is not a step."))
    if unknown := sorted(set(raw) - _FIELDS):
        raise ValidationError(_("“%(name)s” is not part of a step.") % {"name": unknown[0]})
    kind, text = raw.get("kind"), raw.get("text")
    if kind not in KINDS:
        raise ValidationError(_("Choose the kind of step."))
    text = " ".join(text.split()) if isinstance(text, str) else ""
    if not text or "\x00" in text:
        raise ValidationError(_("Say what to do or check."))
    if len(text) > MAX_TEXT:
        raise ValidationError(_("The text is longer than %(limit)s characters.") % {"limit": MAX_TEXT})
    required = raw.get("required", True)
    if not isinstance(required, bool):
        raise ValidationError(_("“Required” is yes or no."))
    step: dict[str, Any] = {"key": _read_key(raw.get("key"), text, taken), "kind": kind, "text": text}
    step["required"] = required
    if kind == "number":
        step.update(_read_limits(raw))
    if kind == "choice":
        step["choices"] = _read_choices(raw.get("choices"))
    step.update(_read_fails(raw.get("fails"), step))
    return step


def _read_key(given: Any, text: str, taken: set[str]) -> str:
    if given:
        if not isinstance(given, str) or not _KEY.match(given):
            raise ValidationError(_("A key has lower-case letters, digits and underscores, and begins with a letter."))
        return given
    base = re.sub(r"[^a-z0-9]+", "_", slugify(text)).strip("_")[:36] or "step"
    base = base if base[0].isalpha() else f"step_{base}"[:36]
    key, number = base, 2
    while key in taken:
        key, number = f"{base}_{number}", number + 1
    taken.add(key)
    return key


def _read_limits(raw: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    unit = raw.get("unit") or ""
    if not isinstance(unit, str) or len(unit.strip()) > 20:
        raise ValidationError(_("A unit has at most 20 characters."))
    if unit.strip():
        found["unit"] = unit.strip()
    limits: dict[str, Decimal] = {}
    for name in ("min", "max"):
        if raw.get(name) in (None, ""):
            continue
        value = None if isinstance(raw[name], bool) else _decimal(str(raw[name]))
        if value is None:
            raise ValidationError(_("A limit must be a number."))
        limits[name] = value
        found[name] = int(value) if value == value.to_integral_value() else float(value)
    if len(limits) == 2 and limits["min"] > limits["max"]:
        raise ValidationError(_("The lower limit is above the upper limit."))
    return found


def _read_choices(choices: Any) -> list[str]:
    if not isinstance(choices, list) or not all(isinstance(choice, str) for choice in choices):
        raise ValidationError(_("Choices must be a list of texts."))
    found = [" ".join(choice.split()) for choice in choices]
    if not 2 <= len(found) <= MAX_CHOICES or not all(found) or any(len(choice) > 100 for choice in found):
        raise ValidationError(_("Give 2 to %(limit)s choices of at most 100 characters each.") % {"limit": MAX_CHOICES})
    if len({choice.casefold() for choice in found}) != len(found):
        raise ValidationError(_("Two choices are the same."))
    return found


def _read_fails(fails: Any, step: Mapping[str, Any]) -> dict[str, list[str]]:
    if fails is None:
        return {}
    possible = _options(step)
    if not possible:
        raise ValidationError(_("Only a yes-or-no step and a choice have answers that mean something is wrong."))
    if not isinstance(fails, list) or not all(answer in possible for answer in fails):
        raise ValidationError(_("An answer that means something is wrong must be one of the answers."))
    if set(fails) >= set(possible):
        raise ValidationError(_("At least one answer must mean that all is well."))
    return {"fails": fails}


# --- The technician's side ---


def parse_answers(
    steps: Sequence[Mapping[str, Any]], data: Mapping[str, Any], files: Mapping[str, Sequence[Any]]
) -> Parsed:
    """Read the answers given to ``steps``: texts in ``data`` and photos in ``files``, both by step key.

    An answer keeps the step's own words, unit and limits, so that it can be read when the protocol has long changed.
    A number keeps the digits as they were given. Raises ValidationError with a dict of messages by step key: left out,
    not a number, not one of the choices. A reading outside its limits is no error: it is a failure.
    """
    answers: list[dict[str, Any]] = []
    failures: list[str] = []
    problems: dict[str, list[str]] = {}
    for step in steps:
        key = str(step["key"])
        try:
            value, ok = _read_answer(step, data.get(key), files.get(key, ()))
        except ValidationError as error:
            problems[key] = list(error.messages)
            continue
        kept = {name: step[name] for name in ("key", "kind", "text", "unit", "min", "max") if name in step}
        answers.append({**kept, "answer": value, "ok": ok})
        if ok is False:
            failures.append(key)
    if problems:
        raise ValidationError({**problems})
    return Parsed(answers, failures)


def _read_answer(step: Mapping[str, Any], raw: Any, photos: Sequence[Any]) -> tuple[Any, bool | None]:
    """Return the answer and whether all is well: None where the step cannot say."""
    if step["kind"] == "photo":
        if step.get("required", True) and not photos:
            raise ValidationError(_("Take a photo for this step."))
        if len(photos) > MAX_PHOTOS:
            raise ValidationError(_("At most %(limit)s photos for one step.") % {"limit": MAX_PHOTOS})
        return len(photos), None
    text = str(raw).strip() if raw is not None else ""
    if not text:
        if step.get("required", True):
            raise ValidationError(str(_MISSING.get(step["kind"], _MISSING["text"])))
        return None, None
    if step["kind"] == "number":
        return _read_number(step, text)
    if step["kind"] == "text":
        if len(text) > MAX_ANSWER:
            raise ValidationError(_("Write at most %(limit)s characters.") % {"limit": MAX_ANSWER})
        if "\x00" in text:
            raise ValidationError(_("This contains characters that cannot be stored."))
        return text, None
    if text not in _options(step):
        raise ValidationError(_("Choose one of the answers."))
    return text, text not in fails_of(step)


def _read_number(step: Mapping[str, Any], text: str) -> tuple[str, bool | None]:
    unit = str(step.get("unit", ""))
    value = _decimal(text.removesuffix(unit).strip() if unit else text)
    if value is None:
        example = step.get("max", step.get("min", 42))
        raise ValidationError(_("Write the reading as a number, for example %(example)s.") % {"example": example})
    low, high = step.get("min"), step.get("max")
    if low is None and high is None:
        return str(value), None
    well = (low is None or value >= Decimal(str(low))) and (high is None or value <= Decimal(str(high)))
    return str(value), well


def _decimal(text: str) -> Decimal | None:
    """Read a plain decimal number, with a point or one comma; None for anything else, exponents and "nan" included."""
    plain = text.strip().replace("\u2212", "-")
    if plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    if not plain.isascii() or not _DIGITS.match(plain):
        return None
    try:
        return Decimal(plain)
    except InvalidOperation:  # pragma: no cover - the pattern admits only what Decimal reads
        return None


def _options(step: Mapping[str, Any]) -> tuple[str, ...]:
    if step["kind"] == "yes_no":
        return (YES, NO)
    return tuple(step.get("choices", ())) if step["kind"] == "choice" else ()


def fails_of(step: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the answers of a step that mean something is wrong."""
    default: Iterable[str] = (NO,) if step["kind"] == "yes_no" else ()
    return tuple(step.get("fails", default))


def options_of(step: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (value, words) of each answer that can be chosen."""
    words = {YES: _("Yes"), NO: _("No")} if step["kind"] == "yes_no" else {}
    return [(option, words.get(option, option)) for option in _options(step)]


def limits_in_words(step: Mapping[str, Any]) -> str:
    """Say the limits of a number step, or of an answer to one: "60 to 95 °C". Empty without limits."""
    low, high, unit = step.get("min"), step.get("max"), step.get("unit", "")
    if low is not None and high is not None:
        words = _("%(low)s to %(high)s") % {"low": low, "high": high}
    elif low is not None:
        words = _("at least %(low)s") % {"low": low}
    elif high is not None:
        words = _("at most %(high)s") % {"high": high}
    else:
        return ""
    return f"{words} {unit}".strip()


def answer_in_words(answer: Mapping[str, Any]) -> str:
    """Say one stored answer: "Yes", "64.5 °C", "2 photos", "Left out"."""
    value = answer.get("answer")
    if value in (None, ""):
        return _("Left out")
    if answer["kind"] == "yes_no":
        return _("Yes") if value == YES else _("No")
    if answer["kind"] == "number":
        return f"{value} {answer.get('unit', '')}".strip()
    if answer["kind"] == "photo":
        return _("No photo") if not value else _("1 photo") if value == 1 else _("%(count)s photos") % {"count": value}
    return str(value)


_MISSING: dict[str, str | Promise] = {
    "yes_no": gettext_lazy("Answer yes or no."),
    "choice": gettext_lazy("Choose one of the answers."),
    "number": gettext_lazy("Write the reading."),
    "text": gettext_lazy("Write something here."),
}
