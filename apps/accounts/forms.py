"""Forms of accounts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import forms as auth_forms
from django.contrib.auth import user_login_failed
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.tenants.queries import identify


class SignInForm(auth_forms.AuthenticationForm):
    """Email and password. On an organization's host it lets in members only, and says nothing of why it refuses."""

    username = forms.EmailField(
        label=_("Email"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )
    error_messages = {
        "invalid_login": _("The email or the password is wrong. Check both, or choose “Forgotten your password?”."),
        "inactive": _("The email or the password is wrong. Check both, or choose “Forgotten your password?”."),
    }

    _asked = False

    def clean_username(self) -> str:
        """Fold the case: lockouts count by this text, and must not be passed by writing it another way."""
        return str(self.cleaned_data["username"]).strip().lower()

    def clean(self) -> dict[str, Any]:
        """Check the password, in the same time and with the same queries whether or not the account exists."""
        try:
            return super().clean()
        except ValidationError:
            if not self._asked:
                self._is_member(None)
            raise

    def confirm_login_allowed(self, user: Any) -> None:
        """Refuse inactive users, and on an organization's host everybody but its members, as a wrong password is."""
        super().confirm_login_allowed(user)
        if not self._is_member(user):
            # Counts as a failure, or five tries without a lockout would betray that the password was right.
            user_login_failed.send(
                sender=__name__, credentials={"username": self.cleaned_data["username"]}, request=self.request
            )
            raise self.get_invalid_login_error()

    def _is_member(self, user: User | None) -> bool:
        self._asked = True
        request: HttpRequest | None = self.request
        organization = getattr(request, "organization", None)
        if organization is None:
            return True
        host: str = getattr(request, "tenant_host", "")
        # User 0 is nobody: a failed password costs the same look-up.
        return identify(user_id=user.pk if user else 0, host=host).membership_in(organization.pk) is not None


class PasswordResetForm(forms.Form):
    """Asks for the address that a link is sent to."""

    email = forms.EmailField(
        label=_("Email"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True})
    )

    def clean_email(self) -> str:
        """Fold the case."""
        return str(self.cleaned_data["email"]).strip().lower()


class SetPasswordForm(auth_forms.SetPasswordForm):
    """A new password, twice. Saved by actions.py, not here."""

    error_messages = {"password_mismatch": _("The two passwords are not the same.")}


class PasswordChangeForm(auth_forms.PasswordChangeForm):
    """The old password and a new one, twice."""

    error_messages = {
        "password_mismatch": _("The two passwords are not the same."),
        "password_incorrect": _("This is not your password now. Type it again."),
    }


class AccountForm(forms.Form):
    """One's own name, and the language where there is a choice."""

    name = forms.CharField(label=_("Name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if len(settings.LANGUAGES) > 1:
            choices = [("", _("As the browser asks")), *settings.LANGUAGES]
            self.fields["language"] = forms.ChoiceField(label=_("Language"), choices=choices, required=False)
