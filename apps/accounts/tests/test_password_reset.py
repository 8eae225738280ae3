"""Asking for a link: one answer for everybody, no mail with somebody else's host in it, no flood."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from apps.accounts.models import User
from apps.tenants.models import Domain
from apps.tenants.scope import system
from tests.cast import BEFORE, Cast

EMAIL = "amara@northgate.test"


def html_of(message: Any) -> str:
    """Return the HTML part."""
    return str(message.alternatives[0][0])


def ask(client: Client, email: str = EMAIL, **extra: Any) -> Any:
    """Send the form."""
    return client.post("/password/reset/", {"email": email}, **extra)


def test_a_mail_with_a_link(anonymous: Client) -> None:
    """Subject, text and HTML; the address is that of the organization's own subdomain."""
    assert anonymous.get("/password/reset/").status_code == 200
    response = ask(anonymous, " AMARA@Northgate.test ")
    assert (response.status_code, response["Location"]) == (302, "/password/reset/done/")
    (message,) = mail.outbox
    assert message.to == [EMAIL]
    assert message.subject == "Set a new CleanTrack password"
    html = html_of(message)
    pattern = r"http://northgate\.localhost:8000/password/reset/[\w-]+/[\w-]+/"
    (link,) = re.findall(pattern, str(message.body))
    assert link in html
    assert "60 minutes" in message.body
    assert "Hello Amara," in message.body


@pytest.mark.parametrize("email", ["nobody@nowhere.test", "inactive@northgate.test"])
def test_unknown_addresses_get_the_same_answer(anonymous: Client, cast: Cast, email: str) -> None:
    """And no mail."""
    User.objects.create_user("inactive@northgate.test", None, name="Gone", is_active=False)
    known, unknown = ask(anonymous), ask(anonymous, email)
    assert known.status_code == unknown.status_code
    assert dict(known.headers.items() - {("X-Request-ID", known["X-Request-ID"])}).keys() == unknown.headers.keys() - {
        "X-Request-ID"
    }
    assert known["Location"] == unknown["Location"]
    assert known.content == unknown.content
    assert [message.to for message in mail.outbox] == [[EMAIL]]
    page = anonymous.get("/password/reset/done/")
    assert page.status_code == 200
    assert "If the address belongs to an account" in page.content.decode()


def test_the_mail_leaves_after_the_answer(anonymous: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the time of the answer tells nothing: while the answer is made, nobody is looked up."""
    from apps.accounts import views

    seen: list[str] = []
    monkeypatch.setattr(views, "find_user", seen.append)
    made: list[bool] = []
    close = views._ThenMail.close

    def at_close(self: Any) -> None:
        made.append(not seen)
        close(self)

    monkeypatch.setattr(views._ThenMail, "close", at_close)
    ask(anonymous)
    assert made == [True]
    assert seen == [EMAIL]


def test_a_mail_server_that_is_down_changes_nothing_of_the_answer(
    anonymous: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The failure is in the log, the address is not."""

    def down(self: Any, *args: Any, **kwargs: Any) -> None:
        raise ConnectionRefusedError("no mail server")

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", down)
    assert ask(anonymous)["Location"] == "/password/reset/done/"
    assert "was not sent" in caplog.text
    assert "amara" not in caplog.text


def test_people_without_a_password_yet_get_a_link_too(anonymous: Client, cast: Cast) -> None:
    """Somebody invited long ago sets the first password this way."""
    User.objects.create_user("new@northgate.test", None, name="Nia")
    ask(anonymous, "new@northgate.test")
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_HOST": "evil.test"},
        {"HTTP_HOST": "northgate.localhost.evil.test"},
        {"HTTP_HOST": "evil.test:80@northgate.localhost"},
        {"HTTP_HOST": "northgate.localhost evil.test"},
        {"HTTP_HOST": ""},
    ],
)
def test_a_foreign_host_gets_no_mail_sent(anonymous: Client, headers: dict[str, str]) -> None:
    """The Host header is not ours: 404, nothing is sent."""
    assert ask(anonymous, **headers).status_code == 404
    assert mail.outbox == []


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_X_FORWARDED_HOST": "evil.test"},
        {"HTTP_X_FORWARDED_SERVER": "evil.test"},
        {"HTTP_FORWARDED": "host=evil.test"},
        {"HTTP_ORIGIN": "https://evil.test"},
        {"HTTP_REFERER": "https://evil.test/"},
        {"HTTP_HOST": "northgate.localhost:1337"},
        {"HTTP_HOST": "NORTHGATE.localhost."},
    ],
)
def test_headers_do_not_reach_the_link(anonymous: Client, headers: dict[str, str]) -> None:
    """Neither host nor port of the link comes from the request."""
    ask(anonymous, **headers)
    (message,) = mail.outbox
    assert "http://northgate.localhost:8000/password/reset/" in message.body
    assert "evil" not in message.body + html_of(message)


def test_on_the_shared_host_and_a_custom_domain_the_link_is_ours(cast: Cast) -> None:
    """A customer's own domain could lead elsewhere tomorrow, with the link of somebody of another organization."""
    with system(cast.southbank.organization):
        Domain.objects.create(host="clean.southbank.test", verified_at=BEFORE)
    for host in ("localhost", "clean.southbank.test"):
        ask(Client(HTTP_HOST=host))
    assert len(mail.outbox) == 2
    assert all("http://localhost:8000/password/reset/" in message.body for message in mail.outbox)


@pytest.mark.usefixtures("local_cache")
def test_three_mails_an_hour_to_an_address(cast: Cast, frozen: Any) -> None:
    """Wherever they are asked for, and whether or not the address exists."""
    for email in (EMAIL, "nobody@nowhere.test"):
        codes = [
            ask(Client(HTTP_HOST="northgate.localhost", REMOTE_ADDR=f"192.0.2.{n}"), email).status_code
            for n in range(4)
        ]
        assert codes == [302, 302, 302, 429]
    assert len(mail.outbox) == 3
    frozen.shift(60 * 60 + 1)
    assert ask(Client(HTTP_HOST="northgate.localhost")).status_code == 302


def test_three_mails_an_hour_from_a_client(anonymous: Client) -> None:
    """Whomever they are for; the refusal says how long to wait, and costs the fourth person none of theirs."""
    codes = [ask(anonymous, f"person{n}@northgate.test").status_code for n in range(3)]
    refused = ask(anonymous)
    assert codes == [302, 302, 302]
    assert refused.status_code == 429
    assert 3500 < int(refused["Retry-After"]) <= 3600
    assert "Try again in 60 minutes." in refused.content.decode()
    elsewhere = [ask(Client(HTTP_HOST="northgate.localhost", REMOTE_ADDR="192.0.2.9")).status_code for _n in range(3)]
    assert elsewhere == [302, 302, 302]


@pytest.mark.parametrize("email", ["", "no-address", "a\x00@example.org", "a@example.org\nBcc: b@example.org"])
def test_nonsense_is_refused_kindly(anonymous: Client, email: str) -> None:
    """No mail, and the form again."""
    response = ask(anonymous, email)
    assert response.status_code == 200
    assert "There is a problem" in response.content.decode()
    assert mail.outbox == []
