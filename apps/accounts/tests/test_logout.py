"""Signing out: asked first, done by POST."""

from __future__ import annotations

from django.test import Client

from apps.audit.models import PlatformEvent
from tests.cast import Cast


def test_get_asks_and_changes_nothing(amara: Client) -> None:
    """A link cannot sign anybody out."""
    page = amara.get("/logout/")
    assert page.status_code == 200
    assert "Sign out?" in page.content.decode()
    assert amara.get("/account/").status_code == 200


def test_post_ends_the_session(amara: Client, cast: Cast) -> None:
    """The old session is gone, and the event is there."""
    key = amara.session.session_key
    response = amara.post("/logout/")
    assert (response.status_code, response["Location"]) == (302, "/login/")
    assert amara.session.session_key != key
    assert amara.get("/account/").status_code == 302
    event = PlatformEvent.objects.get(action="account.sign_out")
    assert event.actor_id == cast.northgate.admin.user_id


def test_anonymous_visitors_go_to_the_login_page(anonymous: Client) -> None:
    """Nothing was typed, so nothing is kept."""
    assert anonymous.post("/logout/")["Location"] == "/login/"


def test_csrf_is_checked(cast: Cast) -> None:
    """No other site can sign anybody out."""
    client = Client(HTTP_HOST="northgate.localhost", enforce_csrf_checks=True)
    client.force_login(cast.northgate.admin.user, "django.contrib.auth.backends.ModelBackend")
    assert client.post("/logout/").status_code == 403
    assert client.get("/account/").status_code == 200
