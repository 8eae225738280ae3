"""A session that ended in mid-form: what was typed comes back after signing in, to the one who typed it."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.accounts.models import User
from tests.cast import PASSWORD, Cast

FORM = "/members/new/?from=list"


def browser(host: str = "northgate.localhost", **extra: Any) -> Client:
    """Return a client that checks CSRF as in earnest."""
    return Client(HTTP_HOST=host, enforce_csrf_checks=True, **extra)


def token(page: Any) -> str:
    """Return the CSRF token of a page."""
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.content.decode())
    assert found
    return found[1]


def entries(page: Any) -> str:
    """Return the signed entries on a login page, "" for none."""
    found = re.search(r'name="entries" value="([^"]+)"', page.content.decode())
    return unescape(found[1]) if found else ""


def typed(role: str = "technician") -> dict[str, Any]:
    """Return a filled-in form."""
    return {"email": "new@northgate.test", "name": "Zoë <b>\r\nO’Neil", "role": role, "all_facilities": "on"}


def interrupt(client: Client, data: dict[str, Any] | None = None, path: str = FORM) -> Any:
    """Sign in, open a page, lose the session, send the form."""
    client.post(
        "/login/",
        {"csrfmiddlewaretoken": token(client.get("/login/")), "username": "amara@northgate.test", "password": PASSWORD},
    )
    page = client.get("/members/new/")
    client.cookies.pop("sessionid")
    return client.post(path, {**(data or typed()), "csrfmiddlewaretoken": token(page)})


def sign_in(client: Client, page: Any, **changes: str) -> Any:
    """Send the login form that the page shows."""
    data = {
        "csrfmiddlewaretoken": token(page),
        "entries": entries(page),
        "username": "amara@northgate.test",
        "password": PASSWORD,
        **changes,
    }
    return client.post("/login/", data)


def hidden(page: Any) -> dict[str, str]:
    """Return what the browser would send from the page of kept entries."""
    html = page.content.decode()
    html = html[html.index('action="/kept/"') : html.index('action="/kept/discard/"')]
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html))
    fields.update(re.findall(r'<textarea name="([^"]+)" hidden>\n(.*?)</textarea>', html, re.DOTALL))
    return {name: unescape(value) for name, value in fields.items()}


def test_the_whole_way(cast: Cast) -> None:
    """Typed, interrupted, signed in, shown, sent to the same address, saved."""
    client = browser()
    page = interrupt(client)
    assert page.status_code == 401
    assert "Your entries are kept" in page.content.decode()
    response = sign_in(client, page)
    assert (response.status_code, response["Location"]) == (302, "/kept/")
    kept = client.get("/kept/")
    text = kept.content.decode()
    assert "Your entries are kept" in text
    assert "Northgate Hospitals" in text
    assert "/members/new/?from=list" in text
    assert "new@northgate.test" in text
    assert "<b>" not in text.replace("&lt;b&gt;", "")
    fields = hidden(kept)
    assert fields["name"] == typed()["name"]
    assert fields["csrfmiddlewaretoken"] != entries(page)
    sent = client.post("/kept/", fields)
    assert (sent.status_code, sent["Location"]) == (307, FORM)
    # What a browser does with 307.
    done = client.post(sent["Location"], fields)
    assert (done.status_code, done["Location"]) == (302, "/members/")
    assert User.objects.filter(email="new@northgate.test").exists()
    # Once only.
    again = client.get("/kept/", follow=True)
    assert "There are no kept entries any more." in again.content.decode()


def test_a_wrong_password_does_not_lose_them(cast: Cast) -> None:
    """They stay on the page until the right one."""
    client = browser()
    page = sign_in(client, interrupt(client), password="wrong")
    assert page.status_code == 200
    assert entries(page)
    assert sign_in(client, page)["Location"] == "/kept/"


def test_they_can_be_discarded(cast: Cast) -> None:
    """Nothing is sent."""
    client = browser()
    sign_in(client, interrupt(client))
    kept = client.get("/kept/")
    assert client.post("/kept/discard/", {"csrfmiddlewaretoken": token(kept)})["Location"] == "/"
    assert client.get("/kept/").status_code == 302
    assert not User.objects.filter(email="new@northgate.test").exists()


def test_a_forged_form_is_not_kept(cast: Cast) -> None:
    """Without the page's own token there is just the login page."""
    client = browser()
    client.get("/login/")
    for data in (typed(), {**typed(), "csrfmiddlewaretoken": "a" * 64}):
        response = client.post(FORM, data)
        assert (response.status_code, response["Location"]) == (302, "/login/")


def test_a_token_from_another_site_is_not_kept(cast: Cast) -> None:
    """The origin counts as well."""
    client = browser()
    data = {**typed(), "csrfmiddlewaretoken": token(client.get("/login/"))}
    assert client.post(FORM, data, HTTP_ORIGIN="https://evil.test").status_code == 302
    assert client.post(FORM, data, HTTP_ORIGIN="http://northgate.localhost").status_code == 401


def test_entries_of_another_browser_are_refused(cast: Cast) -> None:
    """An attacker's prepared entries do not end up in somebody else's session."""
    prepared = entries(interrupt(browser()))
    victim = browser()
    response = sign_in(victim, victim.get("/login/"), entries=prepared)
    assert response["Location"] == "/"
    assert "kept_entries" not in victim.session


def test_entries_of_another_host_are_refused(cast: Cast) -> None:
    """The path means something else there."""
    client = browser()
    prepared = entries(interrupt(client))
    client.defaults["HTTP_HOST"] = "localhost"
    assert sign_in(client, client.get("/login/"), entries=prepared)["Location"] == "/"


@pytest.mark.parametrize("signed", ["x", "x:y:z", "\x00", "é:1:2"])
def test_altered_entries_are_refused(cast: Cast, signed: str) -> None:
    """Nothing breaks, one signs in as usual."""
    client = browser()
    assert sign_in(client, client.get("/login/"), entries=signed)["Location"] == "/"


def test_they_are_kept_for_an_hour(cast: Cast, frozen: Any) -> None:
    """Later the person is told, and signs in."""
    client = browser()
    page = interrupt(client)
    frozen.shift(60 * 60 + 1)
    response = sign_in(client, page)
    assert response["Location"] == "/"
    # And those already in the session end as well.
    second = browser()
    sign_in(second, interrupt(second))
    frozen.shift(60 * 60 + 1)
    assert second.get("/kept/").status_code == 302


def test_secrets_and_files_are_named_but_not_kept(cast: Cast) -> None:
    """Passwords, PINs and the token stay out; the shipping note is no PIN."""
    client = browser()
    data = {
        **typed(),
        "new_password1": "hunter2hunter2",
        "pin": "4711",
        "facility_pin": "4712",
        "api-token": "t0ps3cret",
        "shipping": "by van",
        "photo": SimpleUploadedFile("ward.jpg", b"jpeg"),
    }
    page = interrupt(client, data)
    sign_in(client, page)
    kept = client.get("/kept/")
    fields = hidden(kept)
    assert set(fields) == {"csrfmiddlewaretoken", "email", "name", "role", "all_facilities", "shipping"}
    text = kept.content.decode()
    assert "Photo: ward.jpg" in text
    assert "New password1" in text
    assert not any(secret in text for secret in ("hunter2", "4711", "4712", "t0ps3cret"))


def test_too_much_is_not_kept_and_said_so(cast: Cast) -> None:
    """More than 200 kB."""
    client = browser()
    page = interrupt(client, {**typed(), "name": "x" * 200_001})
    assert page.status_code == 401
    assert "too long to keep" in page.content.decode()
    assert entries(page) == ""
    enough = interrupt(browser(), {**typed(), "name": "x" * 150_000})
    assert entries(enough)


def test_nothing_typed_is_nothing_kept(cast: Cast) -> None:
    """A bare button leads to the login page."""
    client = browser()
    data = {"csrfmiddlewaretoken": token(client.get("/login/"))}
    assert client.post(f"/members/{cast.northgate.manager.pk}/deactivate/", data)["Location"] == "/login/"


def test_a_path_that_looks_like_a_host_stays_a_path(cast: Cast) -> None:
    """``//evil.test/`` is answered before anything is kept."""
    client = browser()
    data = {**typed(), "csrfmiddlewaretoken": token(client.get("/login/"))}
    response = client.post("http://northgate.localhost//evil.test/members/new/", data)
    assert response.status_code == 404
    assert not entries(response)


def test_the_page_needs_a_session_with_entries(amara: Client, anonymous: Client) -> None:
    """There is nothing to see otherwise."""
    assert amara.get("/kept/")["Location"] == "/"
    assert amara.post("/kept/", {"email": "x"})["Location"] == "/"
    assert anonymous.get("/kept/")["Location"] == "/login/?next=%2Fkept%2F"


def test_whoever_signs_in_needs_the_right_to_send_them(cast: Cast) -> None:
    """A technician who signs in with an admin's entries gets the usual refusal."""
    client = browser()
    sign_in(client, interrupt(client), username="tess@northgate.test")
    fields = hidden(client.get("/kept/"))
    sent = client.post("/kept/", fields)
    assert client.post(sent["Location"], fields).status_code == 403


def test_an_organization_is_chosen_first(cast: Cast) -> None:
    """On the shared host, somebody with two organizations says where the entries go."""
    from apps.tenants.models import Membership
    from apps.tenants.scope import system

    with system(cast.southbank.organization):
        Membership.objects.create(user=cast.northgate.admin.user, role="admin", all_facilities=True)
    client = browser("localhost")
    page = client.post(FORM, {**typed(), "csrfmiddlewaretoken": token(client.get("/login/"))})
    sign_in(client, page)
    kept = client.get("/kept/")
    assert "Choose your organization" in kept.content.decode()
    assert "Send my entries" not in kept.content.decode()
    choice = {
        "csrfmiddlewaretoken": token(kept),
        "organization": str(cast.southbank.organization.pk),
        "next": "/kept/",
    }
    assert client.post("/organizations/switch/", choice)["Location"] == "/kept/"
    assert "Southbank Lettings" in client.get("/kept/").content.decode()


def test_htmx_is_sent_to_the_login_page(cast: Cast) -> None:
    """A fragment cannot show a page."""
    client = browser()
    data = {**typed(), "csrfmiddlewaretoken": token(client.get("/login/"))}
    response = client.post(FORM, data, HTTP_HX_REQUEST="true")
    assert (response.status_code, response["HX-Redirect"]) == (401, "/login/")
