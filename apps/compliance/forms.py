"""Forms of the compliance room."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.compliance.models import Protocol, Requirement
from apps.compliance.steps import validate_steps
from apps.facilities.models import Facility
from apps.tenants.models import Membership


class RequirementForm(forms.ModelForm):
    """What a duty says of itself: name, category, evidence, protocol, owner, reference."""

    class Meta:
        model = Requirement
        fields = ["name", "category", "evidence", "protocol", "owner", "reference", "notes"]
        widgets = {"notes": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = self.instance.protocol_id
        protocols = Protocol.objects.filter(archived_at=None)
        self.fields["protocol"].queryset = protocols | Protocol.objects.filter(pk=kept) if kept else protocols  # type: ignore[attr-defined]
        owners = Membership.objects.filter(is_active=True).exclude(role="auditor").select_related("user")
        self.fields["owner"].queryset = owners.order_by("user__name", "id")  # type: ignore[attr-defined]
        self.fields["protocol"].help_text = _("The steps to follow. Empty: just done or not done.")

    def _post_clean(self) -> None:
        # The subject is not on this form; the action validates the whole.
        return


class FacilityChoiceForm(forms.Form):
    """Which facility a new duty is on, where no subject was chosen before."""

    facility = forms.ModelChoiceField(
        label=_("Facility"),
        queryset=Facility.objects.none(),
        help_text=_("For a duty on an area or a machine, open its page and choose “Add requirement” there."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["facility"].queryset = Facility.objects.filter(archived_at=None).order_by("name", "id")  # type: ignore[attr-defined]


class StartForm(forms.Form):
    """From when a new duty counts."""

    starts_on = forms.DateField(
        label=_("Counts from"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=_("Empty: from now."),
    )


class EffectiveForm(forms.Form):
    """From when a new schedule is in force."""

    effective_on = forms.DateField(
        label=_("In force from"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=_("Empty: from now. The past keeps the schedule it had."),
    )

    def clean_effective_on(self) -> Any:
        """Refuse a day in the past."""
        day = self.cleaned_data["effective_on"]
        if day and day < timezone.now().date():
            raise ValidationError(_("A schedule cannot change the past. Choose today or a later day."))
        return day


class AsOfForm(forms.Form):
    """The moment a page is about, and the day whose knowledge it shows."""

    at = forms.CharField(label=_("As of"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    known_at = forms.CharField(
        label=_("As known on"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )


class ReasonForm(forms.Form):
    """A reason in words, which the audit trail keeps."""

    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


STEP_KINDS = (
    ("yes_no", _("Yes or no")),
    ("choice", _("Choice")),
    ("number", _("Number with limits")),
    ("text", _("Text")),
    ("photo", _("Photo")),
)


class StepForm(forms.Form):
    """One step of a protocol."""

    text = forms.CharField(label=_("What to do or read"), max_length=300, required=False)
    kind = forms.ChoiceField(label=_("Answer"), choices=STEP_KINDS, initial="yes_no")
    required = forms.BooleanField(label=_("Must be answered"), initial=True, required=False)
    unit = forms.CharField(label=_("Unit"), max_length=20, required=False)
    min = forms.DecimalField(label=_("Lowest allowed"), required=False)
    max = forms.DecimalField(label=_("Highest allowed"), required=False)
    choices = forms.CharField(
        label=_("Choices"), max_length=500, required=False, help_text=_("Separate them with commas.")
    )
    fails = forms.CharField(
        label=_("Choices that mean something is wrong"), max_length=500, required=False, help_text=_("From the list.")
    )
    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)


class ProtocolForm(forms.Form):
    """Name and description of a protocol; its steps come as a formset beside it."""

    name = forms.CharField(label=_("Name"), max_length=200)
    description = forms.CharField(
        label=_("Description"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


StepFormSet = forms.formset_factory(StepForm, extra=3, max_num=100, validate_max=True, can_order=True, can_delete=True)


def steps_of(formset: Any) -> list[dict[str, Any]]:
    """Return the steps that a valid formset states, in their order; raise ValidationError for bad ones."""
    rows = []
    for number, form in enumerate(formset.forms):
        data = form.cleaned_data
        if not data or data.get("DELETE") or not data.get("text", "").strip():
            continue
        order = data.get("ORDER")
        rows.append((order if order is not None else number + 1, number, data))
    steps = []
    for _order, _number, data in sorted(rows, key=lambda row: row[:2]):
        step: dict[str, Any] = {"kind": data["kind"], "text": data["text"].strip(), "required": data["required"]}
        if data.get("key"):
            step["key"] = data["key"]
        if data["kind"] == "number":
            step.update({name: str(data[name]) for name in ("min", "max") if data.get(name) is not None})
            step["unit"] = data.get("unit", "").strip()
        if data["kind"] == "choice":
            step["choices"] = _list_of(data.get("choices", ""))
            step["fails"] = _list_of(data.get("fails", ""))
        steps.append(step)
    return validate_steps(steps)


def _list_of(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def initial_steps(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the formset's initial data for stored steps."""
    return [
        {**step, "choices": ", ".join(step.get("choices", [])), "fails": ", ".join(step.get("fails", [])), "ORDER": n}
        for n, step in enumerate(steps, 1)
    ]
