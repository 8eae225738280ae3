"""What a newer version of a pack would change on a requirement that an older one made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from apps.compliance import schedule as pure
from apps.compliance.packs.loader import Duty, Pack
from apps.compliance.packs.models import AppliedDuty
from apps.compliance.packs.wording import notes_of, spec_schedule, spec_warnings


@dataclass(frozen=True)
class Change:
    """One thing that would change. ``edited``: it was changed here since the pack stated it."""

    field: str
    old: str
    new: str
    edited: bool = False


@dataclass(frozen=True)
class Upgrade:
    """One requirement with what the new version would change on it."""

    row: AppliedDuty
    changes: list[Change]

    @property
    def edited(self) -> bool:
        """Whether taking it would overwrite what somebody changed here; then it is not ticked by itself."""
        return any(change.edited for change in self.changes)


@dataclass
class Diff:
    """Everything a new version brings: changes, what stays the same, what it no longer has, what is new."""

    upgrades: list[Upgrade] = field(default_factory=list)
    same: int = 0
    gone: list[AppliedDuty] = field(default_factory=list)
    unanswered: list[AppliedDuty] = field(default_factory=list)


def current_spec(row: AppliedDuty) -> dict[str, Any]:
    """Return the latest schedule of its requirement, whether in force yet or not."""
    schedules = sorted(row.requirement.schedules.all(), key=lambda s: (s.effective_at, s.pk))
    return pure.Schedule.from_dict(schedules[-1].spec).to_dict()


def changes_of(row: AppliedDuty, duty: Duty) -> list[Change]:
    """Return what the duty, as it is shipped now, would change on its requirement."""
    requirement, stated = row.requirement, row.given
    changes: list[Change] = []
    # What the pack leaves as it was is not touched, whatever was made of it here.
    for name, label, value in (("name", _("Name"), duty.name), ("reference", _("Reference"), duty.reference)):
        now = getattr(requirement, name)
        if value not in (stated.get(name), now):
            changes.append(Change(label, now, value, now != stated.get(name)))
    spec, new = current_spec(row), duty.schedule(row.variant if row.variant in duty.variants else "").to_dict()
    if new not in (stated.get("spec"), spec):
        edited = spec != stated.get("spec")
        rest, rest_new = ({key: value for key, value in s.items() if key != "warn"} for s in (spec, new))
        if rest != rest_new:
            changes.append(Change(_("Schedule"), spec_schedule(spec), spec_schedule(new), edited))
        if spec["warn"] != new["warn"]:
            changes.append(Change(_("Warning"), spec_warnings(spec), spec_warnings(new), edited))
    # Notes that somebody wrote here stay, so they are no change.
    if requirement.notes == stated.get("notes") != notes_of(duty):
        changes.append(Change(_("Notes"), _("As before"), _("Rewritten in the new version")))
    return changes


def diff(pack: Pack, rows: Sequence[AppliedDuty]) -> Diff:
    """Compare requirements that older versions made with the shipped version."""
    found = Diff()
    for row in rows:
        duty = pack.duty(row.duty)
        if duty is None:
            found.gone.append(row)
        elif duty.variants and row.variant not in duty.variants:
            found.unanswered.append(row)
        elif changes := changes_of(row, duty):
            found.upgrades.append(Upgrade(row, changes))
        else:
            found.same += 1
    return found
