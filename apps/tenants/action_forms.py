"""Forms whose data goes to an action: the form checks what was typed, the action validates and writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import HttpRequest, QueryDict


class ActionForm(forms.ModelForm):
    """A model form that never touches its instance: before and after stay apart, for the audit trail."""

    def _post_clean(self) -> None:
        """Leave the model's validation to the action."""


def add_errors(form: forms.BaseForm, error: ValidationError) -> None:
    """Put an action's errors on the form's fields; those of fields that it does not show go on top."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, errors in error.error_dict.items():
        for each in errors:
            form.add_error(name if name in form.fields and name != NON_FIELD_ERRORS else None, each)


def attempt(form: forms.BaseForm, action: Callable[[], Any]) -> tuple[bool, Any]:
    """Run the action if the form is valid; return (done, result), with the action's errors on the form."""
    if not form.is_valid():
        return False, None
    try:
        return True, action()
    except ValidationError as error:
        add_errors(form, error)
        return False, None


def posted(request: HttpRequest) -> QueryDict | None:
    """Return the data for a form: what was posted, even if that is nothing; None on GET."""
    return request.POST if request.method == "POST" else None
