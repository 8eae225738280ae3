"""Forms of equipment, its types and labels. They check what was typed; actions check what is allowed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.equipment.label_sheets import LAYOUTS
from apps.equipment.models import Equipment, EquipmentType
from apps.facilities.models import Area, Facility
from apps.facilities.queries import live_areas
from apps.tenants.action_forms import ActionForm
from apps.tenants.images import clean_image

# Up to so many areas, the select offers all of them by facility; with more, those of the chosen facility.
AREAS_OFFERED = 500


def _whole(text: object) -> int | None:
    value = str(text or "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None


class AreaField(forms.Field):
    """An area by id. What may be chosen is asked of the database, not of the options that were shown."""

    widget = forms.Select
    default_error_messages = {"invalid": _("Choose an area from the list.")}

    def to_python(self, value: Any) -> Area | None:
        """Return the area, None for no choice."""
        if value in self.empty_values:
            return None
        pk = _whole(value)
        area: Area | None = Area.objects.filter(pk=pk).first() if pk else None
        if area is None:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return area

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare ids."""
        return str(initial or "") != str(data or "")


class EquipmentForm(ActionForm):
    """A machine. The area is one of the chosen facility."""

    area = AreaField(label=_("Area"), required=False)

    class Meta:
        model = Equipment
        fields = [
            "name", "type", "category", "status",
            "facility", "area",
            "serial_number", "external_code", "maker", "model",
            "notes",
        ]  # fmt: skip
        widgets = {"notes": forms.Textarea(attrs={"rows": 4})}

    groups = (
        (_("Machine"), ("name", "type", "category", "status")),
        (_("Place"), ("facility", "area")),
        (_("Identification"), ("serial_number", "external_code", "maker", "model")),
        (_("Notes"), ("notes",)),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = self.instance
        self.fields["type"] = forms.ModelChoiceField(
            EquipmentType.objects.filter(Q(archived_at=None) | Q(pk=own.type_id)).order_by("name", "id"),
            label=_("Type"),
            empty_label=_("Choose a type"),
        )
        self.fields["facility"] = forms.ModelChoiceField(
            Facility.objects.filter(Q(archived_at=None) | Q(pk=own.facility_id)).order_by("name", "id"),
            label=_("Facility"),
            empty_label=_("Choose a facility"),
        )
        self.offers_all_areas = False
        self.fields["area"].widget.choices = self._area_choices(own)

    def chosen_facility(self) -> int | None:
        """Return the id of the facility chosen so far."""
        return _whole(
            self.data.get("facility")
            if self.is_bound
            else self.get_initial_for_field(self.fields["facility"], "facility")
        )

    def _area_choices(self, own: Equipment) -> list[tuple[Any, Any]]:
        # Counted before anything is sorted: an organization may have many thousands of areas.
        self.offers_all_areas = live_areas().order_by()[: AREAS_OFFERED + 1].count() <= AREAS_OFFERED
        offered = live_areas().select_related("facility")
        if self.offers_all_areas:
            areas = list(offered.order_by("facility__name", "path", "id"))
        else:
            chosen = self.chosen_facility()
            areas = list(offered.filter(facility=chosen)[:2000]) if chosen else []
        if own.area is not None and own.area.archived_at is not None:
            areas.append(own.area)
        groups: dict[str, list[tuple[str, str]]] = {}
        for area in areas:
            groups.setdefault(area.facility.name, []).append((str(area.pk), area.path))
        none: tuple[str, str | Promise] = ("", _("No area"))
        if not areas and not self.offers_all_areas:
            none = ("", _("Choose the facility, then show its areas"))
        return [none, *groups.items()]

    def fieldsets(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """Return (heading, fields) for the template."""
        return [(title, [self[name] for name in names]) for title, names in self.groups]


class PhotoForm(forms.Form):
    """A photo of a machine, made harmless by ``clean_image``."""

    photo = forms.FileField(
        label=_("Photo"),
        help_text=_("JPEG, PNG or WebP, up to 12 MB. Place and camera data in the file are removed."),
        widget=forms.FileInput(attrs={"accept": "image/*"}),
    )

    def clean_photo(self) -> Any:
        """Return the re-encoded photo."""
        return clean_image(self.cleaned_data["photo"])


class TypeForm(ActionForm):
    """An equipment type."""

    class Meta:
        model = EquipmentType
        fields = ["name", "description"]


class UnclaimedForm(forms.Form):
    """How many labels to make in advance."""

    number = forms.IntegerField(
        label=_("How many labels"),
        min_value=1,
        max_value=1000,
        initial=24,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )


class RevokeForm(forms.Form):
    """Why a label is revoked."""

    reason = forms.CharField(
        label=_("Reason"), max_length=200, help_text=_("For example: lost, damaged, stuck on the wrong door.")
    )


class SheetForm(forms.Form):
    """Paper and first free position."""

    layout = forms.ChoiceField(
        label=_("Paper"), choices=[(each.name, each.description) for each in LAYOUTS.values()], initial="a4-3x7"
    )
    start = forms.IntegerField(
        label=_("Start at position"),
        help_text=_("1 is the first label of the sheet. For a part-used sheet, count along the rows."),
        min_value=1,
        max_value=200,
        initial=1,
        required=False,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )

    def clean(self) -> dict[str, Any]:
        """Refuse a position that the paper does not have."""
        data: dict[str, Any] = super().clean() or {}
        layout, start = LAYOUTS.get(data.get("layout", "")), data.get("start") or 1
        if layout is not None and start > layout.per_page:
            self.add_error("start", _("This paper has positions 1 to %s.") % layout.per_page)
        data["start"] = start
        return data
