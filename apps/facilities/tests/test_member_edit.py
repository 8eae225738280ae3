"""Changing a member: role, facilities, and never the last admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

from apps.audit.models import AuditEvent
from apps.facilities.member_actions import update_member
from apps.facilities.models import FacilityAccess
from apps.tenants.models import Membership
from apps.tenants.scope import member, system
from tests.cast import Cast


def url(membership: Membership) -> str:
    """Return the page's address."""
    return f"/members/{membership.pk}/edit/"


def fresh(cast: Cast, membership: Membership) -> Membership:
    """Read the membership again."""
    with system(cast.northgate.organization):
        return Membership.objects.get(pk=membership.pk)


def places(cast: Cast, membership: Membership) -> set[str]:
    """Return the facilities named."""
    with system(cast.northgate.organization):
        return set(FacilityAccess.objects.filter(membership=membership).values_list("facility__name", flat=True))


def test_role_and_facilities_change_and_are_recorded(amara: Client, cast: Cast) -> None:
    """Rosa becomes manager of the hospital instead of technician of the annex."""
    rosa, house = cast.northgate.restricted, cast.northgate
    page = amara.get(url(rosa)).content.decode()
    assert "Rosa" in page
    assert "rosa@northgate.test" in page
    response = amara.post(url(rosa), {"role": "manager", "facilities": [house.hospital.pk]})
    assert (response.status_code, response["Location"]) == (302, "/members/")
    assert fresh(cast, rosa).role == "manager"
    assert places(cast, rosa) == {"Northgate General"}
    with system(house.organization):
        edit = AuditEvent.objects.get(action="member.edit")
        moved = AuditEvent.objects.get(action="member.facilities")
    assert edit.changes == {"role": ["technician", "manager"]}
    assert moved.changes == {"facilities": [["Northgate General Annex"], ["Northgate General"]]}
    history = amara.get(url(rosa)).content.decode()
    assert "changed the facilities" in history
    assert "Technician" in history


def test_all_facilities_forgets_the_named_ones(amara: Client, cast: Cast) -> None:
    """So that taking "all" away later starts from nothing."""
    rosa = cast.northgate.restricted
    amara.post(url(rosa), {"role": "technician", "all_facilities": "on", "facilities": [cast.northgate.annex.pk]})
    assert fresh(cast, rosa).all_facilities
    assert places(cast, rosa) == set()


def test_an_unchanged_form_records_nothing(amara: Client, cast: Cast) -> None:
    """No event without a change."""
    rosa = cast.northgate.restricted
    amara.post(url(rosa), {"role": "technician", "facilities": [cast.northgate.annex.pk]})
    with system(cast.northgate.organization):
        assert not AuditEvent.objects.filter(action__startswith="member.").exists()


def test_it_holds_from_the_next_request_on(amara: Client, tess: Client, cast: Cast) -> None:
    """Tess's open session follows."""
    assert tess.get("/members/").status_code == 403
    amara.post(url(cast.northgate.technician), {"role": "manager", "all_facilities": "on"})
    assert tess.get("/members/").status_code == 200


@pytest.mark.parametrize(
    "data",
    [{"role": "manager", "all_facilities": "on"}, {"role": "admin", "facilities": "annex"}],
    ids=["demoted", "restricted"],
)
def test_the_last_admin_stays(amara: Client, cast: Cast, data: dict[str, str]) -> None:
    """Until there is another active one with all facilities."""
    data = {k: str(cast.northgate.annex.pk) if v == "annex" else v for k, v in data.items()}
    house = cast.northgate
    refused = amara.post(url(house.admin), data)
    assert refused.status_code == 200
    assert "only admin with all facilities" in refused.content.decode()
    assert (fresh(cast, house.admin).role, fresh(cast, house.admin).all_facilities) == ("admin", True)
    # An inactive admin, one of named facilities, and one whose account is closed do not count.
    with system(house.organization):
        Membership.objects.filter(pk=house.restricted.pk).update(role="admin")
        Membership.objects.filter(pk=house.technician.pk).update(role="admin", is_active=False)
        Membership.objects.filter(pk=house.auditor.pk).update(role="admin")
    house.auditor.user.is_active = False
    house.auditor.user.save()
    assert amara.post(url(house.admin), data).status_code == 200
    with system(house.organization):
        Membership.objects.filter(pk=house.manager.pk).update(role="admin")
    done = amara.post(url(house.admin), data)
    assert done.status_code == 302
    assert fresh(cast, house.admin).role == data["role"]


def test_who_steps_down_is_led_to_a_page_she_may_see(amara: Client, cast: Cast) -> None:
    """Not to a 403."""
    with system(cast.northgate.organization):
        Membership.objects.filter(pk=cast.northgate.manager.pk).update(role="admin")
    response = amara.post(url(cast.northgate.admin), {"role": "technician", "all_facilities": "on"})
    assert response["Location"] == "/"


@pytest.mark.parametrize("data", [{"role": "x"}, {"role": "technician"}, {"role": "technician", "facilities": ["0"]}])
def test_what_is_refused(amara: Client, cast: Cast, data: dict[str, Any]) -> None:
    """Nothing is saved."""
    response = amara.post(url(cast.northgate.restricted), data)
    assert response.status_code == 200
    assert "There is a problem" in response.content.decode()
    assert places(cast, cast.northgate.restricted) == {"Northgate General Annex"}


def test_nobody_else_may(
    marek: Client, tess: Client, audrey: Client, rosa: Client, oscar: Client, anonymous: Client, cast: Cast
) -> None:
    """A manager sees the list, and that is all."""
    data = {"role": "admin", "all_facilities": "on"}
    clients = (marek, tess, audrey, rosa, oscar)
    for membership in (cast.northgate.manager, cast.northgate.technician):
        assert [c.get(url(membership)).status_code for c in clients] == [403, 403, 403, 403, 404]
        assert [c.post(url(membership), data).status_code for c in clients] == [403, 403, 403, 403, 404]
    assert anonymous.get(url(cast.northgate.manager)).status_code == 302
    assert fresh(cast, cast.northgate.manager).role == "manager"


def test_members_of_others_are_not_found(amara: Client, cast: Cast) -> None:
    """Nor is what does not exist."""
    for pk in (cast.southbank.manager.pk, 0, 10**30):
        assert amara.get(f"/members/{pk}/edit/").status_code == 404
        assert amara.post(f"/members/{pk}/edit/", {"role": "admin", "all_facilities": "on"}).status_code == 404


def test_the_action_asks_by_itself(cast: Cast) -> None:
    """Permission and the last admin."""
    house = cast.northgate
    with member(house.manager), pytest.raises(PermissionDenied):
        update_member(house.manager, role="admin", all_facilities=True, facilities=[])
    with member(house.admin), pytest.raises(ValidationError):
        update_member(house.admin, role="auditor", all_facilities=True, facilities=[])


def test_queries(amara: Client, cast: Cast, django_assert_num_queries: Any) -> None:
    """Member with person, named facilities, offered facilities, events."""
    with django_assert_num_queries(16):
        amara.get(url(cast.northgate.restricted))
