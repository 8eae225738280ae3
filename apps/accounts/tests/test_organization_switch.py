"""Choosing an organization: one's own only, in the session or by its host."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.tenants.models import Domain, Membership
from apps.tenants.scope import system
from tests.cast import Cast


@pytest.fixture
def both(cast: Cast) -> Cast:
    """Make Amara a member of Southbank too."""
    with system(cast.southbank.organization):
        Membership.objects.create(user=cast.northgate.admin.user, role="admin", all_facilities=True)
    return cast


def switch(client: Client, organization: object, **data: str) -> Any:
    """Send the choice."""
    return client.post("/organizations/switch/", {"organization": str(organization), **data})


def test_on_the_shared_host_the_session_remembers(both: Cast, as_user: Any) -> None:
    """The next page is that organization's."""
    client = as_user(both.northgate.admin, host=None)
    for house in (both.southbank, both.northgate):
        assert switch(client, house.organization.pk)["Location"] == "/"
        assert client.session["organization_id"] == house.organization.pk
        text = client.get("/members/").content.decode()
        assert house.admin.user.email in text
    assert "oscar@southbank.test" not in text


@pytest.mark.parametrize("organization", ["other", "0", "-1", "", "x", "99999999999999999999", "１", "1\x00"])
def test_others_are_not_found(cast: Cast, as_user: Any, organization: str) -> None:
    """Somebody else's organization is as absent as one that does not exist."""
    client = as_user(cast.northgate.admin, host=None)
    wanted = str(cast.southbank.organization.pk) if organization == "other" else organization
    assert switch(client, wanted).status_code == 404
    assert "organization_id" not in client.session


def test_next_stays_on_this_host(both: Cast, as_user: Any) -> None:
    """A path is followed, another host is not."""
    client = as_user(both.northgate.admin, host=None)
    assert switch(client, both.northgate.organization.pk, next="/members/")["Location"] == "/members/"
    assert switch(client, both.northgate.organization.pk, next="//evil.test/")["Location"] == "/"


def test_on_an_organizations_host_it_leads_to_the_other_host(both: Cast, amara: Client) -> None:
    """By a page that goes on by itself: a form may not be redirected to another host."""
    with system(both.southbank.organization):
        Domain.objects.create(host="aaa.southbank.test")  # stated, not verified
    page = switch(amara, both.southbank.organization.pk)
    assert page.status_code == 200
    text = page.content.decode()
    assert 'http-equiv="refresh" content="0; url=http://southbank.localhost:8000/"' in text
    assert "aaa.southbank.test" not in text
    assert switch(amara, both.northgate.organization.pk)["Location"] == "/"


def test_without_a_host_of_its_own_it_leads_to_the_shared_one(both: Cast, amara: Client) -> None:
    """Where the choice is made again."""
    with system(both.southbank.organization):
        Domain.objects.all().delete()
    assert "http://localhost:8000/organizations/" in switch(amara, both.southbank.organization.pk).content.decode()


def test_get_and_anonymous_are_refused(amara: Client, anonymous: Client, cast: Cast) -> None:
    """A link changes nothing."""
    assert amara.get("/organizations/switch/").status_code == 405
    assert anonymous.get("/organizations/switch/").status_code == 302
