"""Reads of accounts, made outside every scope: users belong to no organization."""

from __future__ import annotations

from django.conf import settings

from apps.accounts.models import User
from apps.tenants.models import Domain, Membership
from apps.tenants.scope import member


def find_user(email: str) -> User | None:
    """Return the active user with this email, or None."""
    return User.objects.filter(email=email.strip().lower(), is_active=True).first()


def main_host(membership: Membership) -> str:
    """Return the verified host of the membership's organization, its subdomain of ours first; "" without any."""
    with member(membership):
        hosts = list(Domain.objects.filter(verified_at__isnull=False).order_by("host").values_list("host", flat=True))
    return next((host for host in hosts if host.endswith(f".{settings.BASE_DOMAIN}")), hosts[0] if hosts else "")
