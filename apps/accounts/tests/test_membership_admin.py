"""The membership's page in the organization's admin keeps an admin, too."""

from __future__ import annotations

from typing import Any

from django.test import Client

from apps.tenants.models import Membership
from apps.tenants.scope import system
from tests.cast import Cast

INLINE = {
    "facility_access-TOTAL_FORMS": "0",
    "facility_access-INITIAL_FORMS": "0",
    "facility_access-MIN_NUM_FORMS": "0",
    "facility_access-MAX_NUM_FORMS": "1000",
}


def demote(client: Client, membership: Membership) -> Any:
    """Send the form with the role of a manager."""
    data = {"role": "manager", "all_facilities": "on", "is_active": "on", **INLINE}
    return client.post(f"/admin/tenants/membership/{membership.pk}/change/", data)


def test_the_last_admin_stays(amara: Client, cast: Cast) -> None:
    """Refused with a message; with a second admin it goes through."""
    house = cast.northgate
    refused = demote(amara, house.admin)
    assert refused.status_code == 200
    assert "only admin with all facilities" in refused.content.decode()
    with system(house.organization):
        Membership.objects.filter(pk=house.manager.pk).update(role="admin")
    assert demote(amara, house.admin).status_code == 302
    with system(house.organization):
        assert Membership.objects.get(pk=house.admin.pk).role == "manager"
