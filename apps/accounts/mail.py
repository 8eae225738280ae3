"""Mails about accounts: subject, text and HTML from ``templates/emails/``."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from apps.accounts import tokens
from apps.accounts.models import User

logger = logging.getLogger("cleantrack.mail")


def send(name: str, user: User, context: Mapping[str, Any]) -> bool:
    """Send the mail ``emails/<name>``; return whether the server took it. A refusal is logged, without the address."""
    context = {"user": user, **context}
    subject = " ".join(render_to_string(f"emails/{name}_subject.txt", context).split())
    message = EmailMultiAlternatives(subject, render_to_string(f"emails/{name}.txt", context), to=[user.email])
    message.attach_alternative(render_to_string(f"emails/{name}.html", context), "text/html")
    try:
        message.send()
    except OSError:  # smtplib's errors are among them
        logger.exception("The mail %s to user %s was not sent.", name, user.pk)
        return False
    return True


def _set_password_url(base: str, user: User, token: str) -> str:
    key = urlsafe_base64_encode(force_bytes(user.pk))
    return base + reverse("accounts:password_reset_confirm", args=[key, token])


def send_password_reset(user: User, base: str) -> bool:
    """Send the link that sets a new password, good for an hour and once."""
    return send("password_reset", user, {"url": _set_password_url(base, user, tokens.make_reset(user))})


def send_invitation(user: User, base: str, organization_name: str, invited_by: str) -> bool:
    """Tell somebody that they are a member now; without a password yet, with a link of seven days to set one."""
    context = {"organization_name": organization_name, "invited_by": invited_by}
    context["login_url"] = base + reverse("accounts:login")
    if not user.has_usable_password():
        context["set_password_url"] = _set_password_url(base, user, tokens.make_invitation(user))
        context["reset_url"] = base + reverse("accounts:password_reset")
    return send("invitation", user, context)
