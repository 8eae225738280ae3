"""Forms of facilities and areas. They check what was typed; actions check what is allowed."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable
from functools import cache
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.facilities.models import Area, Facility
from apps.facilities.queries import area_tree
from apps.tenants.action_forms import ActionForm

Choices = list[tuple[str, Any]]
YES_NO: list[tuple[str, str | Promise]] = [("", _("Not answered")), ("true", _("Yes")), ("false", _("No"))]
ANSWERS: dict[str, bool | None] = {"": None, "true": True, "false": False}


def _answer(value: object) -> bool | None:
    return ANSWERS.get(str(value))


class YesNoField(forms.TypedChoiceField):
    """Yes, no, or not answered, which is not "no"."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.pop("max_length", None)
        super().__init__(choices=YES_NO, coerce=_answer, empty_value=None, required=False, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Show a stored answer as its choice."""
        return {True: "true", False: "false", None: ""}.get(value, value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare answers, not their spelling."""
        return _answer(data) != initial if str(data or "") in ANSWERS else True


@cache
def time_zone_choices() -> Choices:
    """Return the time zones by region, for a grouped select."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(zoneinfo.available_timezones()):
        region, _slash, city = name.partition("/")
        if city and region not in ("Etc", "SystemV", "posix", "right", "US", "Brazil", "Canada", "Chile", "Mexico"):
            groups.setdefault(region, []).append((name, city.replace("_", " ").replace("/", ", ")))
    return [*groups.items(), ("UTC", [("UTC", "UTC")])]


class FacilityForm(ActionForm):
    """A facility: where it is, how to reach it, and the facts that decide which duties apply."""

    time_zone = forms.ChoiceField(label=_("Time zone"), help_text=_("Its days decide what is due."))
    has_gas = YesNoField(label=_("Has gas"))
    is_hmo = YesNoField(label=_("House in multiple occupation"))
    has_sleeping_risk = YesNoField(label=_("People sleep there"))

    class Meta:
        model = Facility
        fields = [
            "name", "kind", "external_code",
            "address", "city", "county", "postcode", "country", "time_zone", "latitude", "longitude",
            "phone", "email", "website",
            "has_gas", "storeys", "is_hmo", "has_sleeping_risk", "functional_risk",
            "notes",
        ]  # fmt: skip
        widgets = {
            "notes": forms.Textarea(attrs={"rows": 4}),
            "phone": forms.TextInput(attrs={"type": "tel"}),
            "country": forms.TextInput(attrs={"size": 2, "autocapitalize": "characters"}),
        }

    groups = (
        (_("Facility"), ("name", "kind", "external_code")),
        (_("Place"), ("address", "city", "county", "postcode", "country", "time_zone", "latitude", "longitude")),
        (_("Contact"), ("phone", "email", "website")),
        (_("Facts"), ("has_gas", "storeys", "is_hmo", "has_sleeping_risk", "functional_risk")),
        (_("Notes"), ("notes",)),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = time_zone_choices()
        current = self.instance.time_zone
        if current and not any(current == name for _region, zones in choices for name, _city in zones):
            choices = [(current, current), *choices]
        self.fields["time_zone"].choices = choices  # type: ignore[attr-defined]

    def clean_country(self) -> str:
        """Write the country in capitals; refuse what is not two letters."""
        country: str = self.cleaned_data["country"].upper()
        if not (len(country) == 2 and country.isascii() and country.isalpha()):
            raise forms.ValidationError(_("Use two letters, for example GB."))
        return country

    def fieldsets(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """Return (heading, fields) for the template."""
        return [(title, [self[name] for name in names]) for title, names in self.groups]


class PinForm(forms.Form):
    """A new PIN for logging from a label. Never shown again."""

    pin = forms.CharField(
        label=_("New PIN"),
        help_text=_("4 to 8 digits. Tell it to the people who clean here; nobody can look it up afterwards."),
        max_length=8,
        widget=forms.PasswordInput(attrs={"inputmode": "numeric", "autocomplete": "new-password"}),
    )


class AreaForm(ActionForm):
    """An area; “inside” offers the areas of its facility, without itself and what is inside it."""

    class Meta:
        model = Area
        fields = ["name", "parent", "kind", "external_code", "functional_risk", "notes"]
        widgets = {"notes": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, *args: Any, areas: Iterable[Area], leave_out: Iterable[int] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hidden = set(leave_out)
        known = {area.pk: area for area in areas}
        rows = [row for row in area_tree(known.values()) if row.area.pk not in hidden]
        self.known = known
        self.fields["parent"] = forms.TypedChoiceField(
            label=_("Inside"),
            required=False,
            choices=[("", _("Directly in the facility")), *((row.area.pk, str(row.area)) for row in rows)],
            coerce=lambda value: known[int(value)],
            empty_value=None,
        )


class ReasonForm(forms.Form):
    """Why something is archived, for the audit trail."""

    reason = forms.CharField(label=_("Reason"), required=False, max_length=500)


class ConfirmForm(forms.Form):
    """Nothing to fill in; carries errors of the action onto the confirm page."""
