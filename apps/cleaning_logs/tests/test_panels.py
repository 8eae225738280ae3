"""The latest logs on the pages of facilities, areas and machines."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, RequestFactory

from apps.cleaning_logs import panels
from apps.cleaning_logs.tests.helpers import form, log_url
from apps.tenants.panels import panels_for
from apps.tenants.scope import label, member
from tests.cast import Cast, House

pytestmark = pytest.mark.usefixtures("frozen")


def test_each_place_shows_its_logs(tess: Client, northgate: House) -> None:
    """A machine its own, an area those of its machines, a facility all; what went wrong is marked."""
    tess.post(log_url(northgate), form(step_rinse="no"))
    request = RequestFactory().get("/")
    with member(northgate.technician):
        for place, obj in (("facility", northgate.hospital), ("area", northgate.ward), ("equipment", northgate.washer)):
            shown = dict(panels_for(place, "main", request, obj))["cleaning_logs/recent_logs.html"]
            assert [entry["who"] for entry in shown["recent_logs"]] == ["Tess", "Tess"]
            assert [entry["colour"] for entry in shown["recent_logs"]] == ["red", ""]
        empty = panels.facility_logs(request, northgate.annex)
        assert empty is not None
        assert empty[1]["recent_logs"] == []


@pytest.mark.parametrize("place", ["facilities", "areas", "equipment"])
def test_the_pages_show_them(marek: Client, northgate: House, place: str) -> None:
    """With the way to all of them."""
    pk = {"facilities": northgate.hospital, "areas": northgate.ward, "equipment": northgate.washer}[place].pk
    html = marek.get(f"/{place}/{pk}/").content.decode()
    assert "Recent logs" in html
    assert f"/logs/{northgate.log.pk}/" in html


def test_not_for_those_who_may_not(cast: Cast) -> None:
    """A label shows none."""
    house = cast.northgate
    request: Any = RequestFactory().get("/")
    with label(house.organization.pk, house.hospital.pk, house.label.code):
        assert panels.equipment_logs(request, house.washer) is None
