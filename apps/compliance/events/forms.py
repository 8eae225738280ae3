"""Forms of events and prerequisites."""

from __future__ import annotations

import uuid
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.compliance.models import Requirement
from apps.compliance.moment import parse_instant


class EventForm(forms.Form):
    """What happened, and when."""

    trigger = forms.ChoiceField(label=_("What happened?"), widget=forms.RadioSelect)
    name = forms.CharField(
        label=_("Your name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}), required=False
    )
    happened_at = forms.CharField(
        label=_("When"),
        required=False,
        max_length=40,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text=_("On the facility’s clock. Empty: now."),
    )
    note = forms.CharField(label=_("Note"), max_length=300, required=False)
    uuid = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, triggers: list[str], zone: ZoneInfo, ask_name: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        self.fields["trigger"].choices = [(name, name) for name in triggers]  # type: ignore[attr-defined]
        self.fields["uuid"].initial = uuid.uuid4
        if not ask_name:
            del self.fields["name"]
        else:
            self.fields["name"].required = True
        if len(triggers) == 1:
            self.fields["trigger"].initial = triggers[0]

    def clean_happened_at(self) -> Any:
        """Return the instant, or None for now."""
        text = self.cleaned_data["happened_at"].strip()
        moment = parse_instant(text, self.zone, end_of_day=False) if text else None
        if text and moment is None:
            raise ValidationError(_("Write the date and time, for example 2026-06-10 09:30."))
        return moment


class PrerequisiteForm(forms.Form):
    """Which other duties on the same subject must be in order first."""

    needs = forms.ModelMultipleChoiceField(
        label=_("These must be in order first"),
        queryset=Requirement.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("When one of them is red, logging this warns, and opens a critical corrective action."),
    )

    def __init__(self, *args: Any, possible: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["needs"].queryset = possible  # type: ignore[attr-defined]


class TakeBackForm(forms.Form):
    """Why an event did not happen."""

    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
