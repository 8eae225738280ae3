"""Forms of corrective actions and acknowledgements."""

from __future__ import annotations

import uuid
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.compliance import schedule as pure
from apps.compliance.corrective import queries
from apps.compliance.corrective.actions import MAX_PHOTOS
from apps.compliance.corrective.models import DEADLINE_DAYS, CorrectiveAction, Severity
from apps.compliance.corrective.state import end_of
from apps.compliance.moment import parse_instant
from apps.facilities.models import Facility
from apps.tenants.models import Membership

DAY: dict[str, Any] = {"format": "%Y-%m-%d", "attrs": {"type": "date"}}


def severities() -> list[tuple[str, str]]:
    """Return each severity with the time it gives, in words."""
    return [
        (
            str(severity.value),
            ngettext("%(severity)s: within %(days)s day", "%(severity)s: within %(days)s days", DEADLINE_DAYS[severity])
            % {"severity": severity.label, "days": DEADLINE_DAYS[severity]},
        )
        for severity in Severity
    ]


class PhotosInput(forms.FileInput):
    """A file input that takes several photos."""

    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """Return every file sent under the name."""
        return files.getlist(name) if hasattr(files, "getlist") else files.get(name, [])


class PhotosField(forms.FileField):
    """Several photos at once; what they are is checked by the action."""

    widget = PhotosInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Return the files."""
        files = [file for file in (data or []) if file]
        if len(files) > MAX_PHOTOS:
            raise ValidationError(_("At most %(limit)s photos."), params={"limit": MAX_PHOTOS})
        return files


class OwnerField(forms.ModelChoiceField):
    """Who puts it right, by name."""

    def label_from_instance(self, obj: Membership) -> str:
        """Return the person's name."""
        return str(obj.user)


class CorrectiveForm(forms.Form):
    """Report what is wrong. Owner and deadline are for those who assign."""

    title = forms.CharField(label=_("What is wrong"), max_length=200)
    description = forms.CharField(
        label=_("Description"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    severity = forms.ChoiceField(
        label=_("How bad is it?"), choices=severities, widget=forms.RadioSelect, initial=Severity.MEDIUM
    )
    owner = OwnerField(label=_("Owner"), queryset=Membership.objects.none(), required=False, empty_label=_("Nobody"))
    deadline = forms.DateField(
        label=_("Put right by"),
        required=False,
        widget=forms.DateInput(**DAY),
        help_text=_("The end of this day. Empty: by the severity."),
    )
    uuid = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, *args: Any, facility: Facility, assigning: bool, action: CorrectiveAction | None = None, **kwargs: Any
    ) -> None:
        zone = ZoneInfo(facility.time_zone)
        if action is not None:
            kwargs["initial"] = {
                "title": action.title,
                "description": action.description,
                "severity": action.severity,
                "owner": action.owner_id,
                "deadline": pure.due_day(action.deadline, zone),
            }
        super().__init__(*args, **kwargs)
        self.zone, self.action = zone, action
        if action is not None:
            del self.fields["uuid"]
        else:
            self.fields["uuid"].initial = uuid.uuid4
        if assigning:
            self.fields["owner"].queryset = queries.possible_owners(facility)  # type: ignore[attr-defined]
        else:
            del self.fields["owner"], self.fields["deadline"]

    def clean_deadline(self) -> Any:
        """Return the end of the day; an unchanged day keeps its instant, another must not be past."""
        day = self.cleaned_data["deadline"]
        if day is None:
            return None
        if self.action is not None and day == pure.due_day(self.action.deadline, self.zone):
            return self.action.deadline
        if day < timezone.now().astimezone(self.zone).date():
            raise ValidationError(_("Choose today or a later day."))
        return end_of(day, self.zone)


class AssignForm(forms.Form):
    """Severity and owner at once, from the page that a log ends on."""

    severity = forms.ChoiceField(label=_("How bad is it?"), choices=severities)
    owner = OwnerField(label=_("Owner"), queryset=Membership.objects.none(), required=False, empty_label=_("Nobody"))

    def __init__(self, *args: Any, action: CorrectiveAction, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"severity": action.severity, "owner": action.owner_id})
        kwargs.setdefault("auto_id", f"id_{action.pk}_%s")
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = queries.possible_owners(action.facility)  # type: ignore[attr-defined]


class FixForm(forms.Form):
    """What was done, with photos, and when."""

    note = forms.CharField(label=_("What was done"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))
    photos = PhotosField(
        label=_("Photos"), required=False, widget=PhotosInput(attrs={"accept": "image/*", "multiple": True})
    )
    fixed_at = forms.CharField(
        label=_("When"),
        required=False,
        max_length=40,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text=_("On the facility’s clock. Empty: now."),
    )

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def clean_fixed_at(self) -> Any:
        """Return the instant, or None for now."""
        text = self.cleaned_data["fixed_at"].strip()
        if not text:
            return None
        moment = parse_instant(text, self.zone, end_of_day=False)
        if moment is None:
            raise ValidationError(_("Write the date and time, for example 2026-06-10 09:30."))
        return moment


class CloseForm(forms.Form):
    """What was checked."""

    note = forms.CharField(
        label=_("What you checked"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class ReopenForm(forms.Form):
    """Why it is not right, and perhaps a new deadline."""

    reason = forms.CharField(label=_("Why it is not right"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))
    deadline = forms.DateField(
        label=_("Put right by"),
        required=False,
        widget=forms.DateInput(**DAY),
        help_text=_("Empty: the deadline stays as it is."),
    )

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def clean_deadline(self) -> Any:
        """Return the end of the day; refuse a past one."""
        day = self.cleaned_data["deadline"]
        if day is None:
            return None
        if day < timezone.now().astimezone(self.zone).date():
            raise ValidationError(_("Choose today or a later day."))
        return end_of(day, self.zone)


class AcknowledgeForm(forms.Form):
    """What is known about a red requirement; whoever manages it may pause its reminders too."""

    note = forms.CharField(
        label=_("What you know or do about it"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )
    snooze_until = forms.DateField(
        label=_("Pause reminders until the end of"),
        required=False,
        widget=forms.DateInput(**DAY),
        help_text=_("Empty: reminders go on. Its status stays as it is."),
    )

    def __init__(self, *args: Any, zone: ZoneInfo, pausing: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        if not pausing:
            del self.fields["snooze_until"]

    def clean_snooze_until(self) -> Any:
        """Return the end of the day."""
        day = self.cleaned_data["snooze_until"]
        return end_of(day, self.zone) if day else None
