"""Adding a member: admins with all facilities only; an invitation once it is saved."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.test import Client

from apps.accounts.models import User
from apps.audit.models import AuditEvent
from apps.facilities.member_actions import create_member
from apps.tenants.models import Membership
from apps.tenants.scope import member, system
from tests.cast import Cast

FORM = {"email": "Nia@Northgate.test", "name": "Nia", "role": "technician", "all_facilities": "on"}


def send(client: Client, capture: Any, **changes: Any) -> Any:
    """Send the form, and run what waits for the commit."""
    with capture(execute=True):
        return client.post("/members/new/", {**FORM, **changes})


def members(cast: Cast) -> dict[str, Membership]:
    """Return Northgate's memberships by email."""
    with system(cast.northgate.organization):
        return {m.user.email: m for m in Membership.objects.select_related("user")}


def test_a_new_person_is_invited(amara: Client, cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    """Account without a password, membership, mail with a link that sets one, event."""
    assert amara.get("/members/new/").status_code == 200
    response = send(amara, django_capture_on_commit_callbacks)
    assert (response.status_code, response["Location"]) == (302, "/members/")
    user = User.objects.get(email="nia@northgate.test")
    assert not user.has_usable_password()
    membership = members(cast)["nia@northgate.test"]
    assert (membership.role, membership.all_facilities, membership.is_active) == ("technician", True, True)
    (message,) = mail.outbox
    assert message.to == ["nia@northgate.test"]
    assert "Northgate Hospitals" in message.subject
    found = re.search(r"http://northgate\.localhost:8000(/password/reset/\S+)", str(message.body))
    assert found
    visitor = Client(HTTP_HOST="northgate.localhost")
    page = visitor.get(found[1])
    visitor.post(page["Location"], {"new_password1": "entirely my own words", "new_password2": "entirely my own words"})
    signed_in = visitor.post("/login/", {"username": "nia@northgate.test", "password": "entirely my own words"})
    assert signed_in.status_code == 302
    with system(cast.northgate.organization):
        event = AuditEvent.objects.get(action="member.create")
    assert (event.actor, event.object_name) == ("Amara", "Nia (Technician)")
    assert "Invited" not in amara.get("/members/?q=nia").content.decode()


def test_named_facilities(amara: Client, cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    """Only those; the new member sees nothing else."""
    annex = cast.northgate.annex
    send(amara, django_capture_on_commit_callbacks, all_facilities="", facilities=[annex.pk])
    membership = members(cast)["nia@northgate.test"]
    with member(membership) as scope:
        assert scope.facility_ids == {annex.pk}
    with system(cast.northgate.organization):
        event = AuditEvent.objects.get(action="member.facilities")
    assert event.changes == {"facilities": [None, ["Northgate General Annex"]]}


def test_somebody_with_an_account_keeps_name_and_password(
    amara: Client, cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    """Oscar of the other organization: no second account, no link, and the mail says to sign in."""
    before = User.objects.get(email="oscar@southbank.test")
    send(amara, django_capture_on_commit_callbacks, email="oscar@southbank.test", name="Somebody else")
    after = User.objects.get(email="oscar@southbank.test")
    assert (after.name, after.password) == (before.name, before.password)
    assert "oscar@southbank.test" in members(cast)
    assert "/password/reset/" not in mail.outbox[0].body
    assert "/login/" in mail.outbox[0].body


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"email": "tess@northgate.test"}, "member already"),
        ({"email": "TESS@northgate.test"}, "member already"),
        ({"email": "no-address"}, "valid email"),
        ({"email": ""}, "required"),
        ({"name": ""}, "required"),
        ({"role": "owner"}, "valid choice"),
        ({"role": ""}, "required"),
        ({"all_facilities": ""}, "at least one facility"),
        ({"all_facilities": "", "facilities": ["999999"]}, "not one of the available"),
        ({"name": "a\x00b"}, "Null"),
    ],
)
def test_what_is_refused(
    amara: Client, cast: Cast, django_capture_on_commit_callbacks: Any, change: dict[str, Any], words: str
) -> None:
    """With a message, what was typed, and no mail."""
    before = set(members(cast))
    response = send(amara, django_capture_on_commit_callbacks, **change)
    text = response.content.decode()
    assert response.status_code == 200
    assert "There is a problem" in text
    assert words in text
    if "name" not in change:
        assert 'value="Nia"' in text
    assert set(members(cast)) == before
    assert mail.outbox == []


def test_a_former_member_is_to_be_reactivated(
    amara: Client, cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    """The refusal says so."""
    with system(cast.northgate.organization):
        cast.northgate.technician.is_active = False
        cast.northgate.technician.save()
    response = send(amara, django_capture_on_commit_callbacks, email="tess@northgate.test")
    assert "Reactivate the membership" in response.content.decode()


def test_facilities_of_another_organization_are_not_there(
    amara: Client, cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    """Neither offered nor accepted."""
    foreign = cast.southbank.hospital
    assert foreign.name not in amara.get("/members/new/").content.decode()
    response = send(amara, django_capture_on_commit_callbacks, all_facilities="", facilities=[foreign.pk])
    assert response.status_code == 200
    assert "nia@northgate.test" not in members(cast)


def test_nobody_else_may(
    marek: Client, tess: Client, audrey: Client, rosa: Client, oscar: Client, anonymous: Client, cast: Cast
) -> None:
    """Neither see the form nor send it."""
    clients = (marek, tess, audrey, rosa, oscar)
    assert [c.get("/members/new/").status_code for c in clients] == [403, 403, 403, 403, 404]
    assert [c.post("/members/new/", FORM).status_code for c in clients] == [403, 403, 403, 403, 404]
    assert anonymous.get("/members/new/").status_code == 302
    assert "nia@northgate.test" not in members(cast)


def test_a_restricted_admin_may_not(cast: Cast, as_user: Any) -> None:
    """Or she could give herself the other facilities by a second account."""
    with system(cast.northgate.organization):
        cast.northgate.restricted.role = "admin"
        cast.northgate.restricted.save()
    assert as_user(cast.northgate.restricted).post("/members/new/", FORM).status_code == 403


def test_the_action_asks_by_itself(cast: Cast) -> None:
    """Whatever the view does."""
    with member(cast.northgate.manager), pytest.raises(PermissionDenied):
        create_member(email="a@b.test", name="A", role="admin", all_facilities=True, facilities=[], base="")


def test_a_mail_server_that_is_down_does_not_undo_the_membership(
    amara: Client, cast: Cast, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The invitation can be sent again."""

    def down(self: Any, *args: Any, **kwargs: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", down)
    assert send(amara, django_capture_on_commit_callbacks).status_code == 302
    assert "nia@northgate.test" in members(cast)


def test_queries(amara: Client, cast: Cast, django_assert_num_queries: Any) -> None:
    """The form asks for the facilities once."""
    with django_assert_num_queries(13):
        amara.get("/members/new/")
