"""Writes of accounts, each with its event in the platform's trail. They run outside every scope."""

from __future__ import annotations

from axes.utils import reset as forget_failures
from django.contrib import auth
from django.db import transaction
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from apps.accounts.models import User
from apps.audit.actions import record_platform


def pseudonym(email: str) -> str:
    """Return a short keyed digest of an address: the same address gives the same word, the word gives no address."""
    return salted_hmac("apps.accounts.pseudonym", email.strip().lower(), algorithm="sha256").hexdigest()[:16]


def sign_in(request: HttpRequest, user: User) -> None:
    """Open a session of ``user``, with a new session key."""
    with transaction.atomic():
        auth.login(request, user)
        record_platform("account.sign_in", actor=str(user), actor_id=user.pk)


def record_failed_sign_in(email: str) -> None:
    """Record that somebody did not get in. The address stays out: it may be anybody's."""
    record_platform("account.sign_in_failed", actor="Visitor", about=f"account {pseudonym(email)}")


def sign_out(request: HttpRequest) -> None:
    """End the session."""
    user = request.user
    if user.is_authenticated:
        record_platform("account.sign_out", actor=str(user), actor_id=user.pk)
    auth.logout(request)


def change_password(request: HttpRequest, user: User, password: str) -> None:
    """Set a new password; every other session of the user ends, this one goes on with a new key."""
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        record_platform("account.password_change", actor=str(user), actor_id=user.pk)
    auth.update_session_auth_hash(request, user)


def reset_password(user: User, password: str) -> None:
    """Set the password of somebody who came by a link; every session ends and a lockout is lifted."""
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        record_platform("account.password_reset", actor=str(user), actor_id=user.pk)
    forget_failures(username=user.email)


def update_account(user: User, *, name: str, language: str) -> bool:
    """Save one's own name and language; return whether anything changed."""
    wanted = {"name": name, "language": language}
    changed = [field for field, value in wanted.items() if getattr(user, field) != value]
    if not changed:
        return False
    for field in changed:
        setattr(user, field, wanted[field])
    with transaction.atomic():
        user.save(update_fields=changed)
        record_platform("account.edit", actor=str(user), actor_id=user.pk, about=", ".join(changed))
    return True
