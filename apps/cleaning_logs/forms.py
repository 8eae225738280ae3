"""The forms of the scan page and of a correction. They read and show; what is allowed is decided by the actions."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.cleaning_logs import held
from apps.cleaning_logs.actions import (
    GENERAL,
    MAX_NAME,
    MAX_NOTES,
    MAX_REASON,
    MAX_TASK,
    STEP,
    Entry,
    clean_photos,
)
from apps.cleaning_logs.models import CleaningLog
from apps.cleaning_logs.moments import parse_moment
from apps.compliance.models import ProtocolVersion
from apps.compliance.steps import limits_in_words, options_of
from apps.equipment.codes import normalize_code

# Not image/*: phones then hand over a JPEG instead of a format that few programs read.
PHOTO_TYPES = "image/jpeg,image/png,image/webp"


class ManyFilesInput(forms.FileInput):
    """A file input for several files; its value is the list of them."""

    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[UploadedFile]:
        """Return every file of that name."""
        many = files.getlist(name) if hasattr(files, "getlist") else files.get(name) or []
        return [file for file in many if file]


class RawField(forms.Field):
    """A field that hands on what was typed. ``required`` is for showing; whether it may be empty the action says."""

    def validate(self, value: Any) -> None:
        """Accept everything."""


class PhotosField(RawField):
    """Several photos."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"accept": PHOTO_TYPES, "multiple": True, "data-preview": ""}
        super().__init__(widget=ManyFilesInput(attrs=attrs), **kwargs)


def step_field(step: Mapping[str, Any]) -> forms.Field:
    """Return the field for one protocol step."""
    common: dict[str, Any] = {"label": step["text"], "required": bool(step.get("required", True))}
    kind = step["kind"]
    if kind == "photo":
        return PhotosField(**common)
    if kind in ("yes_no", "choice"):
        return RawField(widget=forms.RadioSelect(choices=options_of(step)), **common)
    if kind == "number":
        attrs = {"inputmode": "decimal", "autocomplete": "off"}
        limits = limits_in_words(step)
        unit = step.get("unit", "")
        help_text = _("Should be %(limits)s") % {"limits": limits} if limits else unit
        return RawField(widget=forms.TextInput(attrs=attrs), help_text=help_text, **common)
    return RawField(widget=forms.Textarea(attrs={"rows": 2}), **common)


class EntryForm(forms.Form):
    """The steps of a protocol with time, notes and photos; the base of logging and correcting.

    The client's id, the protocol's version and the photos held from the last try travel in hidden fields.
    """

    uuid = forms.UUIDField(
        widget=forms.HiddenInput,
        error_messages={
            "required": gettext_lazy("This form is incomplete. Open the label again."),
            "invalid": gettext_lazy("This form is incomplete. Open the label again."),
        },
    )
    version = RawField(widget=forms.HiddenInput, required=False)
    held = forms.CharField(widget=forms.HiddenInput, required=False, max_length=20_000)
    notes = forms.CharField(
        label=gettext_lazy("Notes"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=MAX_NOTES,
    )
    photos = PhotosField(label=gettext_lazy("Photos"), required=False)
    performed_at = forms.CharField(
        label=gettext_lazy("When was it done?"),
        help_text=gettext_lazy("On the clock of the site. Empty means now."),
        required=False,
        max_length=40,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )

    def __init__(self, *args: Any, version: ProtocolVersion | None, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.protocol_version = version
        self.zone = zone
        self.step_names = []
        for step in version.steps if version else []:
            name = f"{STEP}{step['key']}"
            self.fields[name] = step_field(step)
            self.step_names.append(name)
        self.pictures: dict[str, list[held.Picture]] = {}
        self.initial.setdefault("uuid", uuid.uuid4())
        self.initial.setdefault("version", version.pk if version else None)
        self.order_fields([*self.step_names, "task", "notes", "photos", "performed_at", "name", "pin", "reason"])

    @property
    def steps(self) -> list[forms.BoundField]:
        """The fields of the protocol's steps."""
        return [self[name] for name in self.step_names]

    @property
    def changed_time(self) -> bool:
        """Whether a time was given, so that its field must be seen."""
        return bool(self["performed_at"].value()) or bool(self["performed_at"].errors)

    @property
    def more_used(self) -> bool:
        """Whether note, photos or time have something in them, so that they must be seen."""
        used = bool(self["notes"].value() or self["notes"].errors or self[GENERAL].errors or self.pictures.get(""))
        return used or self.changed_time

    def clean_performed_at(self) -> Any:
        """Read the stated time on the facility's clock; nothing stated means now."""
        return parse_moment(self.cleaned_data["performed_at"], self.zone, timezone.now())

    def clean(self) -> dict[str, Any]:
        """Re-encode new photos and add those held from the last try."""
        cleaned = super().clean() or {}
        uploaded = {self._key(name): files for name, files in cleaned.items() if self._is_photo(name) and files}
        fresh, problems = clean_photos(uploaded)
        for key, messages in problems.items():
            self.add_error(self._name(key), messages)
        kept = held.take(cleaned.get("held", ""), cleaned["uuid"]) if cleaned.get("uuid") else {}
        for key in {*kept, *fresh}:
            if self._name(key) in self.fields:
                # Photos of a step are taken anew as a whole; those of no step add up.
                both = [*kept.get(key, ()), *fresh.get(key, ())]
                self.pictures[key] = both if key == "" else fresh.get(key) or both
        self.has_fresh_pictures = bool(fresh)
        return cleaned

    def _is_photo(self, name: str) -> bool:
        return isinstance(self.fields.get(name), PhotosField)

    @staticmethod
    def _key(name: str) -> str:
        return "" if name == GENERAL else name.removeprefix(STEP)

    @staticmethod
    def _name(key: str) -> str:
        return GENERAL if key == "" else f"{STEP}{key}"

    def entry(self) -> Entry:
        """Return what was stated. Only for a form that read well."""
        cleaned = self.cleaned_data
        return Entry(
            uuid=cleaned["uuid"],
            performed_at=cleaned["performed_at"],
            stated=bool(self["performed_at"].value()),
            answers={self._key(name): cleaned.get(name) for name in self.step_names if not self._is_photo(name)},
            photos=self.pictures,
            notes=cleaned.get("notes", ""),
            task=cleaned.get("task", ""),
            name=cleaned.get("name", ""),
            pin=cleaned.get("pin", ""),
            version=self.protocol_version,
        )

    def take_errors(self, error: ValidationError) -> None:
        """Show an action's refusal at the fields it names; what has no field here goes on top."""
        if not hasattr(error, "error_dict"):
            self.add_error(None, error)
            return
        for name, messages in error.message_dict.items():
            self.add_error(name if name in self.fields else None, messages)

    def keep_photos(self) -> None:
        """Hold the good photos for the next try, and say so at their fields. For a form that is shown again."""
        form_id = getattr(self, "cleaned_data", {}).get("uuid")
        if not self.pictures or form_id is None:
            return
        if self.has_fresh_pictures:
            self.data = {**self.data.dict(), "held": held.hold(self.pictures, form_id)}  # type: ignore[attr-defined]
        for key, files in self.pictures.items():
            words = ngettext("%(n)d photo is kept.", "%(n)d photos are kept.", len(files)) % {"n": len(files)}
            self[self._name(key)].help_text = words


class ScanForm(EntryForm):
    """The log form behind a label. Without an account it asks for a name, and for the site's PIN where wanted."""

    task = forms.CharField(
        label=gettext_lazy("What did you do?"), required=False, max_length=MAX_TASK, initial=gettext_lazy("Cleaning")
    )
    name = RawField(label=gettext_lazy("Your name"), widget=forms.TextInput(attrs={"autocomplete": "name"}))
    pin = RawField(
        label=gettext_lazy("PIN of this site"),
        widget=forms.PasswordInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, free: bool, ask_name: bool, ask_pin: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not free:
            del self.fields["task"]
        if not ask_name:
            del self.fields["name"]
        else:
            self.fields["name"].widget.attrs["maxlength"] = MAX_NAME
        if not ask_pin:
            del self.fields["pin"]

    def clean_name(self) -> str:
        """Return the name as text."""
        return str(self.cleaned_data.get("name") or "").strip()

    def clean_pin(self) -> str:
        """Return the PIN as text."""
        return str(self.cleaned_data.get("pin") or "").strip()

    @property
    def who(self) -> list[forms.BoundField]:
        """The fields that say who it was."""
        return [self[name] for name in ("name", "pin") if name in self.fields]


class SupersedeForm(EntryForm):
    """A correction: the log as it was, to be put right, with the reason."""

    reason = RawField(
        label=gettext_lazy("What was wrong?"),
        help_text=gettext_lazy("Both logs stay. The reason is shown with them."),
        widget=forms.TextInput(attrs={"maxlength": MAX_REASON, "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, log: CleaningLog, photos: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(*args, version=log.protocol_version, **kwargs)
        self.log = log
        self.fields["performed_at"].help_text = _("On the clock of the site.")
        for name in [GENERAL, *self.step_names]:
            if not self._is_photo(name):
                continue
            count = sum(1 for photo in photos if photo.step == self._key(name))
            if count:
                words = ngettext("%(n)d photo stays with it.", "%(n)d photos stay with it.", count) % {"n": count}
                self.fields[name].help_text = words if name == GENERAL else words + " " + _("New ones replace it.")

    def clean_performed_at(self) -> Any:
        """Keep the exact moment where the shown minute was left as it was."""
        if self.cleaned_data["performed_at"].strip() == self.initial.get("performed_at"):
            return self.log.performed_at
        return super().clean_performed_at()

    def clean_reason(self) -> str:
        """Return the reason as text."""
        return str(self.cleaned_data.get("reason") or "").strip()


def initial_of(log: CleaningLog, zone: ZoneInfo) -> dict[str, Any]:
    """Return what a correction of this log begins with."""
    answers = {f"{STEP}{a['key']}": a["answer"] for a in log.answers if a["kind"] != "photo"}
    local = log.performed_at.astimezone(zone)
    return {**answers, "notes": log.notes, "performed_at": local.strftime("%Y-%m-%dT%H:%M")}


class CodeForm(forms.Form):
    """A label's code, typed by hand."""

    code = forms.CharField(
        label=gettext_lazy("Code under the label"),
        help_text=gettext_lazy("Ten letters and digits, for example K7Q2M-9FMX4."),
        max_length=200,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "class": "input"}
        ),
        error_messages={"required": gettext_lazy("Type the code that is printed under the label.")},
    )

    def clean_code(self) -> str:
        """Return the canonical code."""
        code = normalize_code(self.cleaned_data["code"])
        if code is None:
            raise ValidationError(_("This is not a label’s code: it has ten letters and digits. Type it again."))
        return code
