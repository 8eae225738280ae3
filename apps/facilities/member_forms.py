"""Forms of members."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.facilities.models import Facility
from apps.tenants.models import Role

ROLE_HELP = _(
    "Admin: everything, members too. Manager: facilities, equipment, requirements, labels. "
    "Technician: sees and logs. Auditor: reads and exports."
)


class MemberForm(forms.Form):
    """A role, and where it holds."""

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, widget=forms.RadioSelect, help_text=ROLE_HELP)
    all_facilities = forms.BooleanField(
        label=_("All facilities"), required=False, help_text=_("Later ones too. Off: only those chosen below.")
    )
    facilities: forms.ModelMultipleChoiceField = forms.ModelMultipleChoiceField(
        label=_("Facilities"), queryset=None, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, offered: QuerySet[Facility], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["facilities"]
        field.queryset = offered  # type: ignore[attr-defined]


class NewMemberForm(MemberForm):
    """Who, with which role, where."""

    email = forms.EmailField(
        label=_("Email"), max_length=254, help_text=_("We send the invitation there. They sign in with it.")
    )
    name = forms.CharField(
        label=_("Name"), max_length=150, help_text=_("Somebody who has an account already keeps the name they gave it.")
    )
    field_order = ["email", "name", "role", "all_facilities", "facilities"]
