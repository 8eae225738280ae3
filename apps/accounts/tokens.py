"""The tokens in links that let somebody set a password. Each works once: it holds a digest of what setting changes."""

from __future__ import annotations

from django.contrib.auth.tokens import default_token_generator
from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac

from apps.accounts.models import User

SALT = "apps.accounts.invitation"
INVITATION_MAX_AGE = 7 * 24 * 60 * 60


def _state(user: User) -> str:
    text = f"{user.pk}\x00{user.email}\x00{user.password}\x00{user.last_login}"
    return salted_hmac(SALT, text, algorithm="sha256").hexdigest()


def make_invitation(user: User) -> str:
    """Return a token of seven days for somebody who has not set a password yet."""
    return signing.TimestampSigner(salt=SALT).sign(_state(user)).replace(":", ".")


def make_reset(user: User) -> str:
    """Return a token of PASSWORD_RESET_TIMEOUT seconds."""
    return default_token_generator.make_token(user)


class SetPasswordTokens:
    """What the page that sets a password accepts: a reset token, or the invitation of somebody without a password."""

    def check_token(self, user: User | None, token: str | None) -> bool:
        """Tell whether the token is this user's, in time, and not used yet."""
        if user is None or not token or not user.is_active:
            return False
        if default_token_generator.check_token(user, token):
            return True
        if user.has_usable_password():
            return False
        try:
            state = signing.TimestampSigner(salt=SALT).unsign(token.replace(".", ":"), max_age=INVITATION_MAX_AGE)
        except signing.BadSignature:
            return False
        return constant_time_compare(state, _state(user))
