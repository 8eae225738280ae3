"""Sending an invitation again."""

from __future__ import annotations

from typing import Any

from django.core import mail
from django.test import Client

from apps.audit.models import AuditEvent
from apps.tenants.scope import system
from tests.cast import Cast


def test_somebody_without_a_password_gets_another(
    amara: Client, cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    """Offered on the page, sent on commit, recorded."""
    tess = cast.northgate.technician
    tess.user.set_unusable_password()
    tess.user.save()
    page = amara.get(f"/members/{tess.pk}/edit/").content.decode()
    assert "Send the invitation again" in page
    assert "Invited" in page
    with django_capture_on_commit_callbacks(execute=True):
        response = amara.post(f"/members/{tess.pk}/invite/")
    assert response["Location"] == f"/members/{tess.pk}/edit/"
    assert [message.to for message in mail.outbox] == [["tess@northgate.test"]]
    with system(cast.northgate.organization):
        assert AuditEvent.objects.filter(action="member.invite").count() == 1


def test_somebody_with_a_password_does_not(amara: Client, cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    """They use "Forgotten your password?"."""
    tess = cast.northgate.technician
    assert "Send the invitation again" not in amara.get(f"/members/{tess.pk}/edit/").content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        response = amara.post(f"/members/{tess.pk}/invite/", follow=True)
    assert "has a password already" in response.content.decode()
    assert mail.outbox == []


def test_nobody_else_may(marek: Client, oscar: Client, anonymous: Client, amara: Client, cast: Cast) -> None:
    """And a link changes nothing."""
    url = f"/members/{cast.northgate.technician.pk}/invite/"
    assert [client.post(url).status_code for client in (marek, oscar, anonymous)] == [403, 404, 302]
    assert amara.get(url).status_code == 405
    assert amara.post(f"/members/{cast.southbank.manager.pk}/invite/").status_code == 404
