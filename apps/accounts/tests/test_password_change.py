"""Changing one's password: with the old one, and ending the other sessions."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.audit.models import PlatformEvent
from tests.cast import PASSWORD, Cast

NEW = "a quite different staple"


def data(**changes: str) -> dict[str, str]:
    """Return a right form, with changes."""
    return {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW, **changes}


def test_the_password_changes_and_other_sessions_end(amara: Client, as_user: Any, cast: Cast) -> None:
    """This session goes on, with a new key; the phone in the drawer is signed out."""
    phone = as_user(cast.northgate.admin)
    key = amara.session.session_key
    assert amara.get("/password/change/").status_code == 200
    response = amara.post("/password/change/", data())
    assert (response.status_code, response["Location"]) == (302, "/account/")
    assert amara.session.session_key != key
    assert amara.get("/account/").status_code == 200
    assert phone.get("/account/").status_code == 302
    cast.northgate.admin.user.refresh_from_db()
    assert cast.northgate.admin.user.check_password(NEW)
    event = PlatformEvent.objects.get(action="account.password_change")
    assert event.actor_id == cast.northgate.admin.user_id
    assert NEW not in str(vars(event))


@pytest.mark.parametrize(
    "change",
    [
        {"old_password": "wrong"},
        {"new_password2": "something else entirely"},
        {"new_password1": "short", "new_password2": "short"},
        {"new_password1": "123456789012345", "new_password2": "123456789012345"},
        {"new_password1": "passwordpassword", "new_password2": "passwordpassword", "old_password": ""},
        {"new_password1": "amara@northgate", "new_password2": "amara@northgate"},
    ],
)
def test_what_is_refused(amara: Client, cast: Cast, change: dict[str, str]) -> None:
    """Wrong old password, no match, too weak: the password stays and nothing typed is shown again."""
    response = amara.post("/password/change/", data(**change))
    assert response.status_code == 200
    page = response.content.decode()
    assert "There is a problem" in page
    assert NEW not in page
    cast.northgate.admin.user.refresh_from_db()
    assert cast.northgate.admin.user.check_password(PASSWORD)


def test_guessing_the_old_password_is_limited(amara: Client) -> None:
    """Somebody at an unlocked screen gets ten tries in a quarter of an hour."""
    codes = [amara.post("/password/change/", data(old_password="wrong")).status_code for _number in range(11)]
    assert codes == [200] * 10 + [429]
    assert int(amara.post("/password/change/", data())["Retry-After"]) <= 900


def test_anonymous_visitors_go_to_the_login_page(anonymous: Client) -> None:
    """One's own password needs oneself; and passwords are never kept."""
    response = anonymous.post("/password/change/", data())
    assert (response.status_code, response["Location"]) == (302, "/login/")
