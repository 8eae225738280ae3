"""Forms of the rule packs."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.compliance.packs.facts import QUESTIONS, Question
from apps.facilities.models import Facility

YES_NO = (("", gettext_lazy("Not answered")), ("yes", gettext_lazy("Yes")), ("no", gettext_lazy("No")))
TOP = {"storeys": 200, "height_m": 1000}


def field_for(question: Question) -> forms.Field:
    """Return the form field that asks a question. Nothing need be answered now."""
    common: dict[str, Any] = {"label": question.label, "required": False, "help_text": question.help}
    if question.kind == "yes_no":
        return forms.ChoiceField(choices=YES_NO, **common)
    if question.kind == "number":
        top = TOP.get(question.name, 10_000)
        if question.unit:
            return forms.FloatField(min_value=0, max_value=top, **common)
        return forms.IntegerField(min_value=0, max_value=top, **common)
    return forms.ChoiceField(choices=[("", _("Not answered")), *((c, c) for c in question.choices)], **common)


def answer_of(question: Question, value: Any) -> Any:
    """Return what a field's value answers; None for no answer."""
    if question.kind == "yes_no":
        return {"yes": True, "no": False}.get(value)
    return None if value in ("", None) else value


class FactsForm(forms.Form):
    """The facts of one facility that a pack needs, or, as ``Everywhere``, of all chosen facilities at once."""

    def __init__(self, names: Sequence[str], *args: Any, known: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in names:
            question = QUESTIONS[name]
            self.fields[name] = field_for(question)
            value = (known or {}).get(name)
            if value is not None:
                self.initial[name] = ("yes" if value else "no") if question.kind == "yes_no" else value

    def answers(self) -> dict[str, Any]:
        """Return what was answered; what was left open is not in it."""
        found = {name: answer_of(QUESTIONS[name], value) for name, value in self.cleaned_data.items()}
        return {name: value for name, value in found.items() if value is not None}


class HeadOfficeForm(forms.Form):
    """Which facility carries the duties of the organization as a whole."""

    head = forms.ModelChoiceField(
        label=gettext_lazy("Head office"),
        queryset=Facility.objects.none(),
        required=False,
        empty_label=gettext_lazy("None of these"),
        help_text=gettext_lazy(
            "Duties of the whole organization, such as a tax filing, are put on this one facility only."
        ),
    )

    def __init__(self, chosen: Iterable[Facility], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ids = [facility.pk for facility in chosen]
        self.fields["head"].queryset = Facility.objects.filter(pk__in=ids).order_by("name", "id")  # type: ignore[attr-defined]


class NotApplicableForm(forms.Form):
    """Why a duty does not apply, to what, and when that is looked at again."""

    subjects = forms.MultipleChoiceField(
        label=gettext_lazy("It does not apply to"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Tick none to say it of the whole facility."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why does it not apply?"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )
    review_on = forms.DateField(
        label=gettext_lazy("Look at it again on"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=gettext_lazy("After that day it is red until somebody says again that it does not apply."),
    )

    def __init__(self, subjects: Mapping[str, str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["subjects"].choices = list(subjects.items())  # type: ignore[attr-defined]
        if not subjects:
            # Still there, so that what was ticked on an older page is refused rather than widened to all of it.
            self.fields["subjects"].widget = forms.MultipleHiddenInput()


class UpgradeForm(forms.Form):
    """From when changed schedules of a new version count."""

    effective_on = forms.DateField(
        label=gettext_lazy("Changed schedules count from"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=gettext_lazy("Empty: from now. The past keeps the schedule it had."),
    )

    def __init__(self, today: datetime.date, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_effective_on(self) -> Any:
        """Refuse a day in the past."""
        day = self.cleaned_data["effective_on"]
        if day and day < self.today:
            raise ValidationError(_("A schedule cannot change the past. Choose today or a later day."))
        return day
