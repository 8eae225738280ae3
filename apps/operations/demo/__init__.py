"""The demo: two invented organizations with people, places, machines and a past, for trying CleanTrack out.

Its passwords are printed, so it loads outside production only; see the command ``load_demo``.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from apps.equipment.models import Label
from apps.operations.demo import northgate, southbank
from apps.operations.demo.build import PASSWORD, REASON, Person, make_user
from apps.tenants.models import Organization
from apps.tenants.scope import platform

STAFF = Person("platform staff", "Stan Whitfield", "staff@cleantrack.example")
HOUSES = (("Northgate Hospitals", northgate.PEOPLE), ("Southbank Lettings", southbank.PEOPLE))
SLUGS = ("northgate", "southbank")
SHOWN = "BPW-4"  # the machine whose label is printed: overdue, so that logging at it shows a change


class DemoRefused(Exception):
    """The demo may not be loaded here."""


@dataclass(frozen=True)
class Login:
    """A line of the printed table."""

    where: str
    role: str
    email: str


def logins() -> list[Login]:
    """Return everybody who can sign in."""
    found = [
        Login(where, f"{person.role}, one site only" if person.facility else person.role, person.email)
        for where, people in HOUSES
        for person in people
    ]
    return [*found, Login("All organizations", STAFF.role, STAFF.email)]


def is_loaded() -> bool:
    """Tell whether the demo's organizations are there."""
    with platform(f"{REASON}: is it loaded?"):
        found: int = Organization.objects.filter(slug__in=SLUGS).count()
    return found == len(SLUGS)


def load() -> None:
    """Make both organizations in one transaction: all or nothing. Raises DemoRefused in production."""
    if settings.PRODUCTION:
        raise DemoRefused("The demo has published passwords. It never loads in production.")
    now = timezone.now()
    with transaction.atomic():
        people = (*northgate.PEOPLE, *southbank.PEOPLE)
        hashed = make_password(PASSWORD)
        users = {person.email: make_user(person, hashed) for person in people}
        make_user(STAFF, hashed, is_platform_staff=True)
        northgate.load(now, users)
        southbank.load(now, users)


def shown_label() -> str:
    """Return the code of the label to try."""
    with platform(f"{REASON}: which label to show"):
        labels = Label.objects.filter(organization__slug="northgate", equipment__external_code=SHOWN, revoked_at=None)
        return labels.order_by("id").values_list("code", flat=True).first() or ""


__all__ = ["PASSWORD", "DemoRefused", "Login", "is_loaded", "load", "logins", "shown_label"]
