"""Forms of suspensions and closed days."""

from __future__ import annotations

import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.compliance import schedule as pure
from apps.facilities.models import Facility

DAY: dict[str, Any] = {"format": "%Y-%m-%d", "attrs": {"type": "date"}}


class SuspensionForm(forms.Form):
    """From when to when nothing is asked for, and why. Days are those of the facility's clock."""

    starts_on = forms.DateField(
        label=_("From the start of"), required=False, widget=forms.DateInput(**DAY), help_text=_("Empty: from now.")
    )
    ends_on = forms.DateField(
        label=_("To the end of"),
        required=False,
        widget=forms.DateInput(**DAY),
        help_text=_("Empty: until further notice."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Such as: ward closed for refurbishment. Inspectors see it."),
    )

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def clean(self) -> dict[str, Any]:
        """Check the order of the days."""
        data = super().clean() or {}
        first, last = data.get("starts_on"), data.get("ends_on")
        if first and last and last < first:
            self.add_error("ends_on", _("The last day must not be before the first."))
        return data

    def fields_for(self) -> dict[str, Any]:
        """Return what the action takes: instants on the facility's clock; today means from now on."""
        data = self.cleaned_data
        first, last = data["starts_on"], data["ends_on"]
        starts_at = pure.wall(first, 0, self.zone) if first else None
        if first == timezone.now().astimezone(self.zone).date():
            starts_at = None
        return {
            "starts_at": starts_at,
            "ends_at": pure.wall(last, 24 * 60, self.zone) if last else None,
            "reason": data["reason"],
        }


class EndForm(forms.Form):
    """When a suspension ends, and why."""

    ends_on = forms.DateField(
        label=_("To the end of"), required=False, widget=forms.DateInput(**DAY), help_text=_("Empty: it ends now.")
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def clean_ends_on(self) -> datetime.datetime | None:
        """Return the end of the day; refuse a past one."""
        day = self.cleaned_data["ends_on"]
        if day is None:
            return None
        if day < timezone.now().astimezone(self.zone).date():
            raise ValidationError(_("Choose today or a later day."))
        return pure.wall(day, 24 * 60, self.zone)


class ClosedDayForm(forms.Form):
    """A holiday or closing days, of one facility or of all."""

    name = forms.CharField(label=_("Name"), max_length=200, help_text=_("Such as: Christmas Day."))
    first_on = forms.DateField(label=_("First day"), widget=forms.DateInput(**DAY))
    last_on = forms.DateField(
        label=_("Last day"), required=False, widget=forms.DateInput(**DAY), help_text=_("Empty: one day.")
    )
    facility = forms.ModelChoiceField(
        label=_("Facility"), queryset=Facility.objects.none(), required=False, empty_label=_("All facilities")
    )

    def __init__(self, *args: Any, everywhere: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["facility"]
        field.queryset = Facility.objects.filter(archived_at=None).order_by("name", "id")  # type: ignore[attr-defined]
        if not everywhere:
            field.required, field.empty_label = True, _("Choose")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Check the order of the days."""
        data = super().clean() or {}
        first, last = data.get("first_on"), data.get("last_on")
        if first and last and last < first:
            self.add_error("last_on", _("The last day must not be before the first."))
        return data


class RemoveForm(forms.Form):
    """Why closed days are taken back."""

    reason = forms.CharField(
        label=_("Reason"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
