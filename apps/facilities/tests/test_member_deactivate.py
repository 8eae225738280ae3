"""Taking access away: at the next request, and never from the last admin."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test import Client

from apps.audit.models import AuditEvent
from apps.facilities.member_actions import deactivate_member
from apps.tenants.models import Membership, Organization
from apps.tenants.scope import member, platform, system
from tests.cast import Cast, make_user


def url(membership: Membership) -> str:
    """Return the page's address."""
    return f"/members/{membership.pk}/deactivate/"


def is_active(cast: Cast, membership: Membership) -> bool:
    """Read the membership again."""
    with system(cast.northgate.organization):
        return bool(Membership.objects.get(pk=membership.pk).is_active)


def test_an_open_session_loses_access_at_its_next_request(
    amara: Client, marek: Client, cast: Cast, as_user: Any
) -> None:
    """On the organization's host it is not found, on the shared host it is not listed."""
    shared = as_user(cast.northgate.manager, host=None)
    assert marek.get("/members/").status_code == shared.get("/members/").status_code == 200
    page = amara.get(url(cast.northgate.manager))
    assert "Deactivate Marek?" in page.content.decode()
    assert is_active(cast, cast.northgate.manager)
    response = amara.post(url(cast.northgate.manager))
    assert (response.status_code, response["Location"]) == (302, "/members/")
    assert marek.get("/members/").status_code == 404
    assert shared.get("/members/")["Location"] == "/organizations/"
    with system(cast.northgate.organization):
        event = AuditEvent.objects.get(action="member.deactivate")
    assert event.changes == {"is_active": [True, False]}


def test_the_last_admin_stays(amara: Client, cast: Cast) -> None:
    """With a message."""
    response = amara.post(url(cast.northgate.admin))
    assert response.status_code == 200
    assert "only admin with all facilities" in response.content.decode()
    assert is_active(cast, cast.northgate.admin)


def test_one_of_two_admins_may_go(amara: Client, cast: Cast) -> None:
    """Herself too; she is led out."""
    with system(cast.northgate.organization):
        Membership.objects.filter(pk=cast.northgate.manager.pk).update(role="admin")
    assert amara.post(url(cast.northgate.admin))["Location"] == "/"
    assert not is_active(cast, cast.northgate.admin)


def test_nobody_else_may(marek: Client, tess: Client, oscar: Client, anonymous: Client, cast: Cast) -> None:
    """A manager neither."""
    assert [c.post(url(cast.northgate.technician)).status_code for c in (marek, tess, oscar, anonymous)] == [
        403,
        403,
        404,
        302,
    ]
    assert is_active(cast, cast.northgate.technician)


def test_members_of_others_are_not_found(amara: Client, cast: Cast) -> None:
    """Not even asked about."""
    assert amara.get(url(cast.southbank.manager)).status_code == 404
    assert amara.post(url(cast.southbank.manager)).status_code == 404


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[Organization, list[Membership]]]:
    """Return two admins that every connection sees, and take all traces of them away afterwards.

    A test database cannot be flushed: the trail refuses TRUNCATE, to everybody.
    """
    with django_db_blocker.unblock():
        users = [make_user(f"admin{n}@race.test", f"Admin {n}") for n in range(2)]
        with platform("test"):
            organization = Organization.objects.create(name="Race", slug="race")
        with system(organization):
            admins = [Membership.objects.create(user=user, role="admin", all_facilities=True) for user in users]
        try:
            yield organization, admins
        finally:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL app.maintenance = 'on'")
                cursor.execute("ALTER TABLE audit_auditevent DISABLE TRIGGER audit_auditevent_append_only_rows")
                cursor.execute("DELETE FROM audit_auditevent WHERE organization_id = %s", [organization.pk])
                cursor.execute("DELETE FROM tenants_membership WHERE organization_id = %s", [organization.pk])
                cursor.execute("DELETE FROM tenants_organization WHERE id = %s", [organization.pk])
                cursor.execute("DELETE FROM accounts_user WHERE email LIKE '%@race.test'")
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("ALTER TABLE audit_auditevent ENABLE ALWAYS TRIGGER audit_auditevent_append_only_rows")
            connection.close()


def test_two_admins_cannot_deactivate_each_other_at_once(committed: tuple[Organization, list[Membership]]) -> None:
    """One of them wins; the other waits for the lock and then reads the winner's row."""
    organization, admins = committed
    barrier, results = threading.Barrier(2), []

    def deactivate(own: Membership, other: Membership) -> None:
        try:
            with member(own):
                barrier.wait(5)
                deactivate_member(other)
            results.append("done")
        except ValidationError:
            results.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=deactivate, args=(admins[n], admins[1 - n])) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["done", "refused"]
    with system(organization):
        assert Membership.objects.filter(is_active=True).count() == 1
