"""What the commands of this room share: the organizations they work through."""

from __future__ import annotations

from django.core.management.base import CommandError

from apps.tenants.models import Organization
from apps.tenants.scope import platform


def chosen(slug: str | None) -> list[Organization]:
    """Return every organization, or the one of this short name; raise CommandError where there is none."""
    with platform("a command that goes through all organizations"):
        found = Organization.objects.order_by("id")
        organizations = list(found.filter(slug=slug) if slug else found)
    if slug and not organizations:
        raise CommandError(f"There is no organization with the short name “{slug}”.")
    return organizations
