"""Giving access back."""

from __future__ import annotations

from typing import Any

from django.test import Client

from apps.audit.models import AuditEvent
from apps.tenants.models import Membership
from apps.tenants.scope import system
from tests.cast import Cast


def test_access_is_back_as_it_was(amara: Client, rosa: Client, cast: Cast) -> None:
    """Same role, same facilities, an event."""
    rosas = cast.northgate.restricted
    amara.post(f"/members/{rosas.pk}/deactivate/")
    assert rosa.get("/members/").status_code == 404
    assert "Reactivate Rosa?" in amara.get(f"/members/{rosas.pk}/reactivate/").content.decode()
    response = amara.post(f"/members/{rosas.pk}/reactivate/")
    assert (response.status_code, response["Location"]) == (302, "/members/")
    assert rosa.get("/members/").status_code == 403
    with system(cast.northgate.organization):
        membership = Membership.objects.get(pk=rosas.pk)
        assert (membership.is_active, membership.role, membership.all_facilities) == (True, "technician", False)
        assert AuditEvent.objects.filter(action="member.reactivate").count() == 1


def test_nobody_else_may(marek: Client, tess: Client, oscar: Client, anonymous: Client, cast: Cast) -> None:
    """The former member herself neither."""
    with system(cast.northgate.organization):
        cast.northgate.technician.is_active = False
        cast.northgate.technician.save()
    url = f"/members/{cast.northgate.technician.pk}/reactivate/"
    codes: list[Any] = [client.post(url).status_code for client in (marek, tess, oscar, anonymous)]
    assert codes == [403, 404, 404, 302]
    with system(cast.northgate.organization):
        assert not Membership.objects.get(pk=cast.northgate.technician.pk).is_active
