"""Setting a password by a link: in time, once, and with every session ended."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from apps.accounts.mail import send_invitation
from apps.accounts.models import User
from apps.accounts.tokens import SetPasswordTokens, make_invitation, make_reset
from apps.audit.models import PlatformEvent
from tests.cast import PASSWORD, Cast

NEW = "a quite different staple"
PASSWORDS = {"new_password1": NEW, "new_password2": NEW}


def html_of(message: Any) -> str:
    """Return the HTML part."""
    return str(message.alternatives[0][0])


def link() -> str:
    """Return the path in the last mail."""
    found = re.search(r"http://[^/\s]+(/password/reset/\S+/\S+/)", str(mail.outbox[-1].body))
    assert found
    return found[1]


@pytest.fixture
def path(anonymous: Client) -> str:
    """Return the path of a fresh link for Amara."""
    anonymous.post("/password/reset/", {"email": "amara@northgate.test"})
    return link()


def use(client: Client, path: str, data: dict[str, str] | None = None) -> Any:
    """Follow the link and send the form."""
    page = client.get(path)
    return page if page.status_code != 302 else client.post(page["Location"], data or PASSWORDS)


def test_the_password_is_set(amara: Client, anonymous: Client, path: str, cast: Cast) -> None:
    """The token leaves the address, old sessions end, the new password works, and the trail says so."""
    page = anonymous.get(path)
    assert page["Location"].endswith("/set-password/")
    form = anonymous.get(page["Location"])
    assert "Set a password" in form.content.decode()
    assert amara.get("/account/").status_code == 200
    done = use(anonymous, path)
    assert (done.status_code, done["Location"]) == (302, "/password/reset/complete/")
    assert "Your password is set" in anonymous.get("/password/reset/complete/").content.decode()
    assert amara.get("/account/").status_code == 302
    user = User.objects.get(email="amara@northgate.test")
    assert user.check_password(NEW)
    assert PlatformEvent.objects.get(action="account.password_reset").actor_id == user.pk


def test_a_link_works_once(anonymous: Client, path: str, cast: Cast) -> None:
    """For the one who used it and for everybody else."""
    use(anonymous, path)
    for client in (anonymous, Client(HTTP_HOST="northgate.localhost")):
        page = client.get(path)
        assert page.status_code == 200
        assert "This link does not work any more" in page.content.decode()
        set_page = path.rsplit("/", 2)[0] + "/set-password/"
        client.post(set_page, {"new_password1": "yet another thing", "new_password2": "yet another thing"})
    assert User.objects.get(email="amara@northgate.test").check_password(NEW)


def test_a_link_ends_after_an_hour(anonymous: Client, cast: Cast, frozen: Any) -> None:
    """59 minutes are fine, 61 are not."""
    anonymous.post("/password/reset/", {"email": "amara@northgate.test"})
    path = link()
    frozen.shift(59 * 60)
    assert anonymous.get(path).status_code == 302
    frozen.shift(2 * 60)
    assert anonymous.get(path).status_code == 200
    # The page that was open meanwhile is closed too.
    set_page = path.rsplit("/", 2)[0] + "/set-password/"
    assert "does not work any more" in anonymous.post(set_page, PASSWORDS).content.decode()
    assert User.objects.get(email="amara@northgate.test").check_password(PASSWORD)


def test_signing_in_or_a_new_password_ends_older_links(anonymous: Client, path: str, cast: Cast) -> None:
    """The link holds a digest of both."""
    anonymous.post("/login/", {"username": "amara@northgate.test", "password": PASSWORD})
    assert Client(HTTP_HOST="northgate.localhost").get(path).status_code == 200


def test_a_link_is_for_one_account(anonymous: Client, path: str, cast: Cast) -> None:
    """Another user's key with this token is refused, and nonsense is no error."""
    from django.utils.http import urlsafe_base64_encode

    other = urlsafe_base64_encode(str(cast.northgate.manager.user_id).encode())
    key = path.split("/")[3]
    for bad in (
        path.replace(f"/{key}/", f"/{other}/"),
        "/password/reset/x/y-z/",
        "/password/reset/MQ/a.b.c/",
        path[:-2] + "/",
    ):
        page = anonymous.get(bad)
        assert page.status_code == 200
        assert "does not work any more" in page.content.decode()


@pytest.mark.parametrize("password", ["short", "123456789012345", "passwordpassword", "amara@northgate"])
def test_weak_passwords_are_refused(anonymous: Client, path: str, password: str) -> None:
    """The form comes back, the link still works."""
    if password == "passwordpassword":
        password = "password1234"
    response = use(anonymous, path, {"new_password1": password, "new_password2": password})
    assert response.status_code == 200
    assert "There is a problem" in response.content.decode()
    assert use(anonymous, path).status_code == 302


def test_a_new_password_lifts_the_lockout(anonymous: Client, cast: Cast) -> None:
    """Who has proved to own the mailbox need not wait."""
    for _number in range(5):
        anonymous.post("/login/", {"username": "amara@northgate.test", "password": "wrong"})
    anonymous.post("/password/reset/", {"email": "amara@northgate.test"})
    use(anonymous, link())
    response = anonymous.post("/login/", {"username": "amara@northgate.test", "password": NEW})
    assert response.status_code == 302


class TestInvitation:
    """The link in an invitation: seven days, until a password is set."""

    @pytest.fixture
    def invited(self, cast: Cast) -> User:
        """Return somebody without a password."""
        return User.objects.create_user("new@northgate.test", None, name="Nia")

    def test_it_sets_the_first_password_within_a_week(self, invited: User, anonymous: Client, frozen: Any) -> None:
        """On the sixth day it works, once."""
        send_invitation(invited, "http://northgate.localhost:8000", "Northgate & Co", "Amara")
        path = link()
        frozen.shift(6 * 24 * 3600)
        assert use(anonymous, path)["Location"] == "/password/reset/complete/"
        invited.refresh_from_db()
        assert invited.check_password(NEW)
        assert "does not work any more" in Client(HTTP_HOST="northgate.localhost").get(path).content.decode()
        assert "Northgate & Co" in mail.outbox[-1].subject
        assert "Northgate &amp; Co" in html_of(mail.outbox[-1])

    def test_it_ends_after_a_week(self, invited: User, anonymous: Client, frozen: Any) -> None:
        """On the eighth day one asks for a new link."""
        send_invitation(invited, "http://northgate.localhost:8000", "Northgate", "Amara")
        frozen.shift(8 * 24 * 3600)
        assert "does not work any more" in anonymous.get(link()).content.decode()

    def test_it_is_no_reset_link_for_accounts_with_a_password(
        self, invited: User, anonymous: Client, cast: Cast
    ) -> None:
        """Once a password is set, the invitation is worth nothing; nor is it for a deactivated account."""
        send_invitation(invited, "http://northgate.localhost:8000", "Northgate", "Amara")
        path = link()
        User.objects.filter(pk=invited.pk).update(is_active=False)
        assert anonymous.get(path).status_code == 200
        User.objects.filter(pk=invited.pk).update(is_active=True)
        assert anonymous.get(path).status_code == 302
        invited.set_password("something set meanwhile")
        invited.save()
        assert Client(HTTP_HOST="northgate.localhost").get(path).status_code == 200

    def test_accounts_with_a_password_get_no_link(self, cast: Cast) -> None:
        """They are told to sign in."""
        send_invitation(cast.southbank.admin.user, "http://northgate.localhost:8000", "Northgate", "Amara")
        assert "/password/reset/" not in mail.outbox[-1].body
        assert "http://northgate.localhost:8000/login/" in mail.outbox[-1].body

    def test_a_token_of_somebody_with_a_password_opens_nothing(self, cast: Cast) -> None:
        """Only a reset link, with its hour, changes a password that exists."""
        user = cast.northgate.admin.user
        assert not SetPasswordTokens().check_token(user, make_invitation(user))
        assert SetPasswordTokens().check_token(user, make_reset(user))
