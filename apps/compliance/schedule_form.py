"""The form of a schedule: plain questions in, the schedule's parameters out, and back again for editing."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.compliance import schedule as pure

MODES = (
    ("fixed_calendar", _("On fixed dates, whenever it was last done")),
    ("interval_after_completion", _("A time after it was last done")),
    ("keep_anniversary", _("Once a period, keeping its date when done early (UK gas)")),
    ("review_triggered", _("Review after a time, sooner if something changes")),
    ("validity_after_completion", _("Good for a time after it was done")),
    ("event", _("When something happens, such as a new tenancy or a discharge")),
    ("per_use", _("With each use, before or after it")),
)
ON_CLOSED = (
    ("keep", _("It stays on that day")),
    ("before", _("The day before")),
    ("after", _("The day after")),
    ("skip", _("It is skipped")),
)
EVERY_UNITS = (("DAILY", _("days")), ("WEEKLY", _("weeks")), ("MONTHLY", _("months")), ("YEARLY", _("years")))
UNITS = (("H", _("hours")), ("D", _("days")), ("W", _("weeks")), ("M", _("months")), ("Y", _("years")))
WEEKDAYS = (
    ("MO", _("Monday")),
    ("TU", _("Tuesday")),
    ("WE", _("Wednesday")),
    ("TH", _("Thursday")),
    ("FR", _("Friday")),
    ("SA", _("Saturday")),
    ("SU", _("Sunday")),
)
DURATIONS = ("interval", "within", "warn", "early_window", "grace")
WITHOUT_INTERVAL = ("fixed_calendar", "event", "per_use")
MOST_TRIGGERS = 12


def _duration(number: int | None, unit: str) -> str | None:
    if number is None:
        return None
    return f"PT{number}H" if unit == "H" else f"P{number}{unit}"


def _split(text: str) -> tuple[int, str] | None:
    """Return number and unit of a duration with one part, such as P3M; None when it has several or none."""
    body = text.removeprefix("PT").removeprefix("P")
    if body[:-1].isdigit() and (body[-1] in "DWMY" if not text.startswith("PT") else body[-1] == "H"):
        return int(body[:-1]), body[-1]
    return None


class ScheduleForm(forms.Form):
    """Asks when a duty is due. ``spec()`` gives the parameters after ``is_valid()``."""

    mode = forms.ChoiceField(label=_("When is it due?"), choices=MODES, widget=forms.RadioSelect)
    every = forms.IntegerField(label=_("Every"), min_value=1, max_value=999, initial=1, required=False)
    every_unit = forms.ChoiceField(label=_("Unit"), choices=EVERY_UNITS, initial="WEEKLY", required=False)
    weekdays = forms.MultipleChoiceField(
        label=_("On these days of the week"), choices=WEEKDAYS, widget=forms.CheckboxSelectMultiple, required=False
    )
    month_day = forms.IntegerField(
        label=_("On this day of the month"),
        min_value=-1,
        max_value=31,
        required=False,
        help_text=_("1 to 31; −1 is the last day. Empty: the day it starts on."),
    )
    due_time = forms.TimeField(
        label=_("Due by"),
        required=False,
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        help_text=_("On the facility’s clock. Empty: the end of the day."),
    )
    count = forms.IntegerField(
        label=_("How many times each time"),
        min_value=1,
        max_value=50,
        required=False,
        help_text=_("Twice a day: every day, 2 times. Empty: once."),
    )
    rule = forms.CharField(
        label=_("Calendar rule"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("For dates that the questions above cannot express: RFC 5545, one rule a line. It replaces them."),
    )
    on_closed = forms.ChoiceField(
        label=_("When it falls on a closed day"), choices=ON_CLOSED, initial="keep", required=False
    )
    interval = forms.IntegerField(label=_("Due again after"), min_value=1, max_value=9999, required=False)
    interval_unit = forms.ChoiceField(label=_("Unit"), choices=UNITS, initial="M", required=False)
    triggers = forms.CharField(
        label=_("What makes it due"),
        max_length=500,
        required=False,
        help_text=_("One or several events, separated by commas, such as: discharge, transfer."),
    )
    within = forms.IntegerField(
        label=_("Due this long after it happened"),
        min_value=0,
        max_value=9999,
        required=False,
        help_text=_("Empty: at once. 0 days: by the end of that day."),
    )
    within_unit = forms.ChoiceField(label=_("Unit"), choices=UNITS, initial="D", required=False)
    before = forms.BooleanField(label=_("Needed before each use"), required=False)
    after = forms.BooleanField(label=_("Needed after each use"), required=False)
    warn = forms.IntegerField(
        label=_("Warn this long before"),
        min_value=0,
        max_value=9999,
        required=False,
        help_text=_("It turns amber then."),
    )
    warn_unit = forms.ChoiceField(label=_("Unit"), choices=UNITS, initial="D", required=False)
    early_window = forms.IntegerField(
        label=_("May be done this long before"),
        min_value=0,
        max_value=9999,
        required=False,
        help_text=_("Evidence from then on counts. Empty: as long as the warning."),
    )
    early_window_unit = forms.ChoiceField(label=_("Unit"), choices=UNITS, initial="D", required=False)
    grace = forms.IntegerField(
        label=_("Red only this long after it was due"), min_value=0, max_value=9999, required=False
    )
    grace_unit = forms.ChoiceField(label=_("Unit"), choices=UNITS, initial="H", required=False)

    schedule: pure.Schedule | None = None

    def __init__(self, *args: Any, base: pure.Schedule | None = None, **kwargs: Any) -> None:
        """``base`` is the schedule being changed: what this form does not ask about is kept."""
        self.base: dict[str, Any] = base.to_dict() if base else {}
        if base is not None:
            kwargs["initial"] = {**initial_of(base), **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        """Build the schedule; put what is wrong with it at the field that asked."""
        data = super().clean() or {}
        if self.errors:
            return data
        if data["mode"] == "per_use" and not (data.get("before") or data.get("after")):
            self.add_error("after", _("Say whether it is needed before use, after use, or both."))
            return data
        if data["mode"] not in WITHOUT_INTERVAL and not data.get("interval"):
            self.add_error("interval", _("Say after how long it is due again."))
            return data
        try:
            self.schedule = pure.Schedule.from_dict(self.spec())
            pure.preview(self.schedule, starts_at=datetime.datetime.now(datetime.UTC), zone=ZoneInfo("UTC"), count=1)
        except pure.ScheduleError as error:
            field = {"rrule": "rule", "warn": "warn"}.get(error.field, error.field)
            self.add_error(field if field in self.fields else None, str(error))
        return data

    def clean_triggers(self) -> list[str]:
        """Return the names of the events, each once."""
        names = [" ".join(part.split()) for part in self.cleaned_data["triggers"].split(",")]
        found = list(dict.fromkeys(name for name in names if name))
        if len(found) > MOST_TRIGGERS or any(len(name) > 60 for name in found):
            raise forms.ValidationError(
                _("At most %(limit)s events of at most 60 characters each."), params={"limit": MOST_TRIGGERS}
            )
        return found

    def spec(self) -> dict[str, Any]:
        """Return the schedule's parameters from the cleaned answers."""
        data = self.cleaned_data
        mode = data["mode"]
        spec: dict[str, Any] = {"mode": mode}
        unasked = {
            "interval": mode in WITHOUT_INTERVAL,
            "within": mode not in ("event", "per_use", "review_triggered"),
            "early_window": mode not in ("fixed_calendar", "keep_anniversary"),
        }
        for name in DURATIONS:
            value = _duration(data.get(name), data.get(f"{name}_unit") or "D")
            if value is not None and not unasked.get(name):
                spec[name] = [value] if name == "warn" else value
        if mode == "fixed_calendar":
            spec["rrule"] = self._rules()
            spec["count"] = data.get("count") or 1
            if data.get("due_time"):
                spec["due_time"] = data["due_time"].strftime("%H:%M")
            if data.get("on_closed", "keep") not in ("", "keep"):
                spec["on_closed"] = data["on_closed"]
        if mode in ("event", "review_triggered") and data.get("triggers"):
            spec["triggers"] = data["triggers"]
        if mode == "per_use":
            spec.update({name: True for name in ("before", "after") if data.get(name)})
        if self.base.get("mode") == mode:
            asked = {*DURATIONS, "mode", "due_time", "on_closed", "triggers", "before", "after", "count"}
            if mode == "fixed_calendar":
                asked.add("rrule")
            spec.update({name: value for name, value in self.base.items() if name not in asked})
            if (self.base.get("warn") or [None])[:1] == spec.get("warn"):
                spec["warn"] = self.base["warn"]
        return spec

    def _rules(self) -> list[str]:
        data = self.cleaned_data
        if data.get("rule", "").strip():
            return [line.strip() for line in data["rule"].splitlines() if line.strip()]
        parts = [f"FREQ={data.get('every_unit') or 'WEEKLY'}"]
        if (data.get("every") or 1) > 1:
            parts.append(f"INTERVAL={data['every']}")
        if data.get("weekdays"):
            parts.append("BYDAY=" + ",".join(data["weekdays"]))
        if data.get("month_day") and data.get("every_unit") in ("MONTHLY", "YEARLY"):
            parts.append(f"BYMONTHDAY={data['month_day']}")
        return [";".join(parts)]


def initial_of(schedule: pure.Schedule) -> dict[str, Any]:
    """Return the answers that give this schedule, for editing it."""
    spec: Mapping[str, Any] = schedule.to_dict()
    initial: dict[str, Any] = {"mode": spec["mode"]}
    for name in DURATIONS:
        value = spec.get(name)
        text = value[0] if isinstance(value, list) and value else value
        parts = _split(text) if isinstance(text, str) else None
        if parts:
            initial[name], initial[f"{name}_unit"] = parts
    initial.update(
        {name: spec[name] for name in ("due_time", "on_closed", "before", "after", "count") if spec.get(name)}
    )
    initial["triggers"] = ", ".join(spec.get("triggers") or ())
    rules = spec.get("rrule") or []
    parts_of = dict(part.split("=", 1) for part in rules[0].split(";")) if len(rules) == 1 else {}
    if (
        rules
        and set(parts_of) <= {"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY"}
        and parts_of.get("FREQ") in dict(EVERY_UNITS)
    ):
        initial["every_unit"] = parts_of["FREQ"]
        initial["every"] = int(parts_of.get("INTERVAL", 1))
        initial["weekdays"] = parts_of["BYDAY"].split(",") if "BYDAY" in parts_of else []
        initial["month_day"] = parts_of.get("BYMONTHDAY")
        if set(initial["weekdays"]) <= dict(WEEKDAYS).keys() and "," not in (initial["month_day"] or ""):
            return initial
    if rules:
        initial["rule"] = "\n".join(rules)
    return initial
