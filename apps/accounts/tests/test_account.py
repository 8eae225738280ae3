"""One's own account."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.audit.models import PlatformEvent
from tests.cast import Cast


def test_it_shows_who_one_is(amara: Client, django_assert_num_queries: Any) -> None:
    """Name, email, language, organizations."""
    # session, user, identity: savepoint, role, domain, memberships, release, role back
    with django_assert_num_queries(8):
        page = amara.get("/account/")
    text = page.content.decode()
    assert page.status_code == 200
    for words in ('value="Amara"', "amara@northgate.test", "Northgate Hospitals – Admin", "English"):
        assert words in text


def test_the_name_changes(amara: Client, cast: Cast) -> None:
    """And the trail says which field, not what it was."""
    response = amara.post("/account/", {"name": " Amara Okafor "})
    assert (response.status_code, response["Location"]) == (302, "/account/")
    cast.northgate.admin.user.refresh_from_db()
    assert cast.northgate.admin.user.name == "Amara Okafor"
    event = PlatformEvent.objects.get(action="account.edit")
    assert (event.actor_id, event.object_name) == (cast.northgate.admin.user_id, "name")
    amara.post("/account/", {"name": "Amara Okafor"})
    assert PlatformEvent.objects.filter(action="account.edit").count() == 1


@pytest.mark.parametrize("name", ["", "   ", "x" * 151, "a\x00b"])
def test_a_bad_name_is_refused(amara: Client, cast: Cast, name: str) -> None:
    """The form comes back with what was typed."""
    response = amara.post("/account/", {"name": name})
    assert response.status_code == 200
    assert "There is a problem" in response.content.decode()
    cast.northgate.admin.user.refresh_from_db()
    assert cast.northgate.admin.user.name == "Amara"


def test_nothing_else_can_be_changed(amara: Client, cast: Cast) -> None:
    """More fields in the request do nothing."""
    amara.post("/account/", {"name": "A", "email": "evil@evil.test", "is_platform_staff": "on", "is_active": ""})
    user = cast.northgate.admin.user
    user.refresh_from_db()
    assert (user.email, user.is_platform_staff, user.is_active) == ("amara@northgate.test", False, True)


def test_language_where_there_is_a_choice(amara: Client, cast: Cast, settings: Any) -> None:
    """It is saved, and holds from the next page on."""
    assert 'name="language"' not in amara.get("/account/").content.decode()
    settings.LANGUAGES = [("en-gb", "English"), ("de", "Deutsch")]
    assert 'name="language"' in amara.get("/account/").content.decode()
    response = amara.post("/account/", {"name": "Amara", "language": "de"})
    assert response.cookies["django_language"].value == "de"
    cast.northgate.admin.user.refresh_from_db()
    assert cast.northgate.admin.user.language == "de"
    assert amara.post("/account/", {"name": "Amara", "language": "xx"}).status_code == 200


def test_outsiders_see_their_own_account_only(oscar: Client, anonymous: Client) -> None:
    """On Northgate's host too; nothing of Northgate is on the page but its name in the bar."""
    text = oscar.get("/account/").content.decode()
    assert "oscar@southbank.test" in text
    assert "Southbank Lettings – Admin" in text
    assert anonymous.get("/account/")["Location"] == "/login/?next=%2Faccount%2F"
