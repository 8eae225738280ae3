"""From a duty as the rule packs write it (facts/rules.json) to a Schedule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import ScheduleError
from .model import Mode, Schedule

_WARNING_UNITS = {"days_before": "P{}D", "hours_before": "PT{}H", "minutes_before": "PT{}M"}
_TAKEN_OVER = ("interval", "early_window", "grace", "triggers", "extra_rrule", "before", "after")


def from_rule(rule: Mapping[str, Any], *, variant: str | None = None) -> Schedule:
    """The schedule of one rule of a pack, from its parts `schedule` and `warning`.

    `variant` picks one of the rules that depend on a category or state (“FR1”, “Karnataka”). What a rule says
    about when it applies (while_state, condition, also_events, followups) is no part of a schedule. “Before” something
    happens means due at the instant it is announced. Raises ScheduleError.
    """
    given: Mapping[str, Any] = rule["schedule"]
    plain: dict[str, Any] = {"mode": given["mode"], **{n: given[n] for n in _TAKEN_OVER if n in given}}
    choices = given.get("rrule_by_category") or given.get("rrule_by_state")
    if choices is not None:
        if variant not in choices:
            raise ScheduleError("variant", f"Choose one of {', '.join(choices)}.")
        plain["rrule"] = choices[variant]
    elif "rrule" in given or "backstop_rrule" in given:
        plain["rrule"] = given.get("rrule") or given["backstop_rrule"]
    if given["mode"] == Mode.EVENT:
        plain["triggers"] = [given["trigger"]]
        plain["within"] = given["within"] if given["within"].startswith("P") else None
    # A rule with times of its own already asks for each of them.
    if "count_in_period" in given and "BYHOUR" not in str(plain.get("rrule")):
        plain["count"] = given["count_in_period"]["min"]
    plain["warn"] = [
        _WARNING_UNITS[unit].format(n) for unit in _WARNING_UNITS for n in rule.get("warning", {}).get(unit, [])
    ]
    return Schedule.from_dict(plain)
