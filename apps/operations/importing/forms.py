"""Forms of the import pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.operations.importing.targets import KINDS
from apps.operations.models import ImportKind, ImportMode, ImportRun
from apps.operations.tabular import ENCODINGS

DELIMITERS = [
    ("", gettext_lazy("Guess")),
    (",", gettext_lazy("Comma ,")),
    (";", gettext_lazy("Semicolon ;")),
    ("\t", gettext_lazy("Tab")),
    ("|", gettext_lazy("Bar |")),
    ("¬", gettext_lazy("Not sign ¬")),
]
SAMPLE_WIDTH = 30


class UploadForm(forms.Form):
    """Which rows, from which file."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What is in the file"),
        choices=ImportKind.choices,
        widget=forms.RadioSelect,
        initial=ImportKind.FACILITIES,
    )
    file = forms.FileField(
        label=gettext_lazy("File"),
        max_length=200,
        help_text=gettext_lazy("CSV or Excel workbook (.xlsx), up to 50 MB, with a header row."),
        error_messages={
            "required": gettext_lazy("Choose a file."),
            "empty": gettext_lazy("The file is empty. Choose a file with a header row and at least one row under it."),
        },
    )

    def __init__(self, *args: Any, too_large: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].widget.attrs["accept"] = ".csv,.tsv,.txt,.xlsx"
        if too_large:
            self.fields["file"].error_messages["required"] = too_large


class ColumnsForm(forms.Form):
    """For each field the column that fills it; each column is offered with a sample of what is in it."""

    def __init__(self, data: Any, run: ImportRun) -> None:
        super().__init__(data)
        kind = KINDS[run.kind]
        offered: list[tuple[str, Any]] = [("", _("Not imported"))]
        for position, column in enumerate(run.columns):
            samples = run.samples[position] if position < len(run.samples) else []
            sample = next((cell.strip() for cell in samples if cell.strip()), "")
            shown = sample if len(sample) <= SAMPLE_WIDTH else f"{sample[:SAMPLE_WIDTH]}…"
            offered.append((column, f"{column} ({shown})" if shown else column))
        needed = {name for group in kind.needs if len(group) == 1 for name in group}
        for each in kind.fields:
            self.fields[each.name] = forms.ChoiceField(
                label=str(each.label),
                choices=offered,
                required=each.name in needed,
                initial=run.mapping.get(each.name, ""),
                help_text=str(each.help),
                error_messages={
                    "required": _("Choose a column."),
                    "invalid_choice": _("The file has no column “%(value)s”."),
                },
            )


class ReadingForm(forms.Form):
    """How to read the file when the guess is wrong."""

    encoding = forms.ChoiceField(
        label=gettext_lazy("Encoding"), required=False, choices=[("", gettext_lazy("Guess")), *ENCODINGS.items()]
    )
    delimiter = forms.ChoiceField(label=gettext_lazy("Delimiter"), required=False, choices=DELIMITERS)


class ApplyForm(forms.Form):
    """Whether the good rows may be imported without the bad ones."""

    mode = forms.ChoiceField(
        label=gettext_lazy("Rows with errors"),
        widget=forms.RadioSelect,
        choices=[
            (ImportMode.ALL.value, gettext_lazy("All or nothing: import nothing while there are rows with errors")),
            (ImportMode.VALID.value, gettext_lazy("Valid rows only: leave the rows with errors out")),
        ],
        initial=ImportMode.ALL,
        error_messages={"required": gettext_lazy("Choose what happens to the rows with errors.")},
    )
