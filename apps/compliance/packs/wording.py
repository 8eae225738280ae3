"""A duty in words: the notes of its requirement, its warnings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.compliance import schedule as pure
from apps.compliance.packs.loader import Duty
from apps.compliance.steps import limits_in_words

NOTES = 4_000


def check_first() -> str:
    """The label of everything that is from memory, whole or in part."""
    return _("Check before relying on it")


def notes_of(duty: Duty) -> str:
    """Return what a requirement made from this duty says in its notes: what is needed, from where, how sure."""
    lines = []
    if duty.unsure:
        lines.append(f"{check_first()}: {duty.verification or duty.level_words}")
    else:
        lines.append(f"{duty.level_words}.")
    lines += duty.remarks
    lines.append(_("Evidence: %(items)s.") % {"items": "; ".join(str(item["text"]) for item in duty.evidence)})
    lines += [f"{limit['text']}: {limits_in_words(limit)}." for limit in duty.limits]
    for source in duty.sources:
        lines.append(_("Source: %(name)s") % {"name": f"{source.name} {source.address}".strip()})
    return "\n".join(lines)[:NOTES]


def warnings_in_words(schedule: pure.Schedule) -> str:
    """Say when it warns: “61, 30, 14, 7 and 1 days before”."""
    parts = [duration.describe() for duration in schedule.warn]
    if not parts:
        return _("no warning")
    said = (
        parts[0] if len(parts) == 1 else _("%(most)s and %(last)s") % {"most": ", ".join(parts[:-1]), "last": parts[-1]}
    )
    return _("%(times)s before") % {"times": said}


def spec_warnings(spec: Mapping[str, Any]) -> str:
    """Say when a stored schedule warns."""
    return warnings_in_words(pure.Schedule.from_dict(spec))


def spec_schedule(spec: Mapping[str, Any]) -> str:
    """Say when a stored schedule is due."""
    return pure.Schedule.from_dict(spec).describe()


def counted(number: int) -> str:
    """“3 requirements”."""
    return ngettext("%(n)s requirement", "%(n)s requirements", number) % {"n": number}
