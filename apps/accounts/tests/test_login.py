"""Signing in: members only on an organization's host, one answer for every failure, no way out by ``next``."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.actions import pseudonym
from apps.accounts.models import User
from apps.audit.models import PlatformEvent
from tests.cast import PASSWORD, Cast

WRONG = "The email or the password is wrong."


def post(client: Client, email: str, password: str = PASSWORD, **data: str) -> Any:
    """Send the form."""
    return client.post("/login/", {"username": email, "password": password, **data})


def is_in(client: Client) -> bool:
    """Tell whether the client is signed in."""
    return "_auth_user_id" in client.session


def test_a_member_signs_in_on_the_organizations_host(anonymous: Client, cast: Cast) -> None:
    """Success, and the event in the platform's trail."""
    page = anonymous.get("/login/")
    assert page.status_code == 200
    assert "Northgate Hospitals" in page.content.decode()
    response = post(anonymous, " AMARA@northgate.test ")
    assert (response.status_code, response["Location"]) == (302, "/")
    assert is_in(anonymous)
    event = PlatformEvent.objects.get()
    assert (event.action, event.actor, event.actor_id) == ("account.sign_in", "Amara", cast.northgate.admin.user_id)


def test_somebody_elses_member_is_refused_like_a_wrong_password(anonymous: Client, cast: Cast) -> None:
    """Oscar's right password opens nothing on Northgate's host, and the page is that of a wrong password."""
    right = post(anonymous, "oscar@southbank.test")
    assert not is_in(anonymous)
    wrong = post(anonymous, "oscar@southbank.test", "not the password")
    unknown = post(anonymous, "nobody@nowhere.test", "not the password")
    assert right.status_code == wrong.status_code == unknown.status_code == 200
    pages = [WRONG in r.content.decode() for r in (right, wrong, unknown)]
    assert pages == [True, True, True]
    # On the shared host he gets in.
    shared = Client(HTTP_HOST="localhost")
    assert post(shared, "oscar@southbank.test").status_code == 302
    assert is_in(shared)


def test_a_deactivated_member_is_refused(anonymous: Client, cast: Cast) -> None:
    """An inactive membership is none."""
    from apps.tenants.scope import system

    with system(cast.northgate.organization):
        cast.northgate.technician.is_active = False
        cast.northgate.technician.save()
    assert WRONG in post(anonymous, "tess@northgate.test").content.decode()
    assert not is_in(anonymous)


def test_an_inactive_account_is_refused(anonymous: Client, cast: Cast) -> None:
    """The same words again."""
    User.objects.filter(email="amara@northgate.test").update(is_active=False)
    assert WRONG in post(anonymous, "amara@northgate.test").content.decode()


def test_what_was_typed_stays_but_the_password(anonymous: Client) -> None:
    """The email comes back, the password does not."""
    page = post(anonymous, "amara@northgate.test", "wr0ng secret").content.decode()
    assert 'value="amara@northgate.test"' in page
    assert "wr0ng secret" not in page
    assert "There is a problem" in page


@pytest.mark.parametrize("email", ["", "no-address", "a\x00b@example.org", "x" * 300 + "@example.org"])
def test_nonsense_is_refused_kindly(anonymous: Client, email: str) -> None:
    """No error page for bad input."""
    assert post(anonymous, email).status_code == 200


@pytest.mark.parametrize("email", ["amara@northgate.test", "oscar@southbank.test", "nobody@nowhere.test"])
@pytest.mark.parametrize("password", ["wrong", PASSWORD])
def test_five_failures_lock_the_account_for_the_address(
    anonymous: Client, email: str, password: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The same for a member, for another organization's member with the right password, and for nobody.

    Writing the address in capitals does not help, nor does the right password afterwards.
    """
    if email == "amara@northgate.test" and password == PASSWORD:
        assert post(anonymous, email).status_code == 302
        return
    codes = [post(anonymous, email if n % 2 else email.upper(), password).status_code for n in range(5)]
    assert codes == [200, 200, 200, 200, 429]
    locked = post(anonymous, email)
    assert locked.status_code == 429
    assert locked["Retry-After"] == "900"
    assert "Try again in 15 minutes." in locked.content.decode()
    assert not is_in(anonymous)
    # From another address the door is open as before.
    elsewhere = Client(HTTP_HOST="northgate.localhost", REMOTE_ADDR="192.0.2.7")
    assert post(elsewhere, "amara@northgate.test").status_code == 302
    assert not any(part in caplog.text for part in ("amara", "oscar", "nobody", PASSWORD))


def test_a_lockout_ends(anonymous: Client, frozen: Any) -> None:
    """After a quarter of an hour the right password works again."""
    for _number in range(6):
        post(anonymous, "amara@northgate.test", "wrong")
    assert post(anonymous, "amara@northgate.test").status_code == 429
    frozen.shift(15 * 60 + 1)
    assert post(anonymous, "amara@northgate.test").status_code == 302


def test_a_failed_sign_in_is_recorded_without_the_address(anonymous: Client) -> None:
    """Neither email nor password reaches the trail, but the same account can be recognized."""
    post(anonymous, "Sam@example.org", "hunter2")
    event = PlatformEvent.objects.get()
    assert (event.action, event.actor_id) == ("account.sign_in_failed", None)
    assert event.object_name == f"account {pseudonym('sam@EXAMPLE.org')}"
    assert "sam" not in (event.object_name + event.actor + event.reason).lower()
    assert "hunter2" not in str(vars(event))


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.test/",
        "//evil.test/",
        "///evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "http:///evil.test",
        "javascript:alert(1)",
        "http://southbank.localhost/",
        " https://evil.test",
        "https:evil.test",
    ],
)
def test_next_leads_nowhere_but_here(anonymous: Client, target: str) -> None:
    """Every other address ends on the front page, from the form and from the query."""
    assert target not in anonymous.get("/login/", {"next": target}).content.decode()
    assert post(anonymous, "amara@northgate.test", next=target)["Location"] == "/"


def test_next_is_followed_on_this_host(anonymous: Client) -> None:
    """A path, and a full address of the same host."""
    page = anonymous.get("/login/?next=/members/%3Frole%3Dadmin").content.decode()
    assert 'name="next" value="/members/?role=admin"' in page
    assert post(anonymous, "amara@northgate.test", next="/members/?role=admin")["Location"] == "/members/?role=admin"
    again = Client(HTTP_HOST="northgate.localhost")
    url = "http://northgate.localhost/members/"
    assert post(again, "amara@northgate.test", next=url)["Location"] == url


def test_the_session_key_changes(anonymous: Client) -> None:
    """A key planted before signing in is worth nothing afterwards (session fixation)."""
    session = anonymous.session
    session["planted"] = "x"
    session.save()
    before = str(session.session_key)
    anonymous.cookies[django_settings.SESSION_COOKIE_NAME] = before
    post(anonymous, "amara@northgate.test")
    after = anonymous.session.session_key
    assert after != before
    assert not Session.objects.filter(session_key=before).exists()
    attacker = Client(HTTP_HOST="northgate.localhost")
    attacker.cookies[django_settings.SESSION_COOKIE_NAME] = before
    assert attacker.get("/account/").status_code == 302


def test_platform_staff_without_membership_go_to_their_own_place(cast: Cast) -> None:
    """On the shared host; on an organization's host they are no members."""
    shared = Client(HTTP_HOST="localhost")
    assert post(shared, "stan@cleantrack.test")["Location"] == "/platform/"
    tenant = Client(HTTP_HOST="northgate.localhost")
    assert WRONG in post(tenant, "stan@cleantrack.test").content.decode()


def test_an_unknown_host_has_no_login(cast: Cast) -> None:
    """Not even the page."""
    assert Client(HTTP_HOST="evil.test").get("/login/").status_code == 404


def test_csrf_is_checked(cast: Cast) -> None:
    """A form from elsewhere signs nobody in."""
    client = Client(HTTP_HOST="northgate.localhost", enforce_csrf_checks=True)
    assert post(client, "amara@northgate.test").status_code == 403
    assert not is_in(client)


def test_signed_in_people_may_still_use_the_page(amara: Client) -> None:
    """No loop: it says who is signed in, and offers to go on."""
    page = amara.get("/login/?next=/login/")
    assert page.status_code == 200
    assert "You are signed in as Amara" in page.content.decode()


def test_the_page_is_not_cached(anonymous: Client) -> None:
    """It carries a token."""
    assert "no-store" in anonymous.get("/login/")["Cache-Control"]


def test_failures_cost_the_same(cast: Cast, settings: Any, django_assert_num_queries: Any) -> None:
    """Unknown account, wrong password, no member: the same number of queries, and one hash each."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    for email in ("amara@northgate.test", "oscar@southbank.test"):
        user = User.objects.get(email=email)
        user.set_password(PASSWORD)
        user.save()
    cases = {
        "wrong": ("amara@northgate.test", "wrong"),
        "unknown": ("nobody@nowhere.test", "wrong"),
        "not a member": ("oscar@southbank.test", PASSWORD),
    }
    counts: dict[str, int] = {}
    times: dict[str, list[float]] = {name: [] for name in cases}
    from django.db import connection

    for number in range(4):
        for name, (email, password) in cases.items():
            client = Client(HTTP_HOST="northgate.localhost", REMOTE_ADDR=f"192.0.2.{number}")
            with CaptureQueriesContext(connection) as queries:
                start = time.perf_counter()
                assert post(client, email, password).status_code == 200
                times[name].append(time.perf_counter() - start)
            counts[name] = len(queries)
    assert counts["wrong"] == counts["unknown"]
    assert counts["not a member"] == counts["wrong"]
    # The quickest of each: the rest is what else the machine was doing.
    quickest = [min(values) for values in times.values()]
    assert max(quickest) < 2 * min(quickest), times
