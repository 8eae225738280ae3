"""The organizations one may choose from."""

from __future__ import annotations

from typing import Any

from django.test import Client

from apps.accounts.models import User
from apps.tenants.models import Membership
from apps.tenants.scope import system
from tests.cast import Cast


def test_it_lists_ones_own_with_the_role(cast: Cast, as_user: Any) -> None:
    """Both of Amara's, and nobody else's."""
    with system(cast.southbank.organization):
        Membership.objects.create(user=cast.northgate.admin.user, role="auditor", all_facilities=True)
    text = as_user(cast.northgate.admin, host=None).get("/organizations/").content.decode()
    for words in ("Northgate Hospitals", "Southbank Lettings", "Auditor", "Admin"):
        assert words in text
    other = as_user(cast.southbank.admin, host=None).get("/organizations/").content.decode()
    assert "Southbank Lettings" in other
    assert "Northgate" not in other


def test_somebody_with_two_organizations_is_sent_there_first(cast: Cast, as_user: Any) -> None:
    """On the shared host nothing says which one is meant."""
    with system(cast.southbank.organization):
        Membership.objects.create(user=cast.northgate.admin.user, role="auditor", all_facilities=True)
    client = as_user(cast.northgate.admin, host=None)
    assert client.get("/members/")["Location"] == "/organizations/"


def test_without_any_it_explains(cast: Cast, as_user: Any) -> None:
    """What to do, and no button that leads nowhere."""
    lonely = User.objects.create_user("lonely@example.org", "correct horse battery", name="Lee")
    text = as_user(lonely, host=None).get("/organizations/").content.decode()
    assert "You are not a member of any organization" in text
    assert "Ask the admin of your organization" in text


def test_a_deactivated_membership_is_not_listed(cast: Cast, as_user: Any) -> None:
    """Access is gone with it."""
    with system(cast.northgate.organization):
        cast.northgate.technician.is_active = False
        cast.northgate.technician.save()
    text = as_user(cast.northgate.technician, host=None).get("/organizations/").content.decode()
    assert "Northgate" not in text


def test_anonymous_visitors_sign_in_first(anonymous: Client) -> None:
    """As everywhere."""
    assert anonymous.get("/organizations/").status_code == 302
