"""Many requirements at once: assign, reschedule, waive, archive; all of them or none."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.compliance import actions, queries
from apps.compliance.models import Requirement
from apps.tenants.scope import system
from tests.cast import NOW, Cast, House

pytestmark = pytest.mark.usefixtures("frozen")
ADDRESS = "/requirements/bulk/"


def two(house: House) -> list[int]:
    """Return the cast's red duty and another one."""
    with system(house.organization):
        other = actions.create_requirement(
            spec={"mode": "interval_after_completion", "interval": "P7D"},
            equipment=house.trolley,
            name="Wipe down",
            starts_at=NOW,
        )
    return [house.requirement.pk, other.pk]


def send(client: Client, pks: list[int], action: str, **more: Any) -> Any:
    return client.post(ADDRESS, {"action": action, "pk": pks, **more})


def test_the_list_offers_ticks_to_those_who_may(marek: Client, tess: Client) -> None:
    assert 'form="bulk"' in marek.get("/requirements/").content.decode()
    assert 'form="bulk"' not in tess.get("/requirements/").content.decode()


def test_it_says_what_will_change_before_it_does(marek: Client, northgate: House) -> None:
    html = send(marek, two(northgate), "assign").content.decode()
    assert "For 2 requirements. All are changed, or none." in html
    assert "Wipe down" in html
    with system(northgate.organization):
        assert Requirement.objects.filter(owner=northgate.manager).count() == 0


def test_assign(marek: Client, northgate: House) -> None:
    pks = two(northgate)
    assert send(marek, pks, "assign", confirmed="1", owner=northgate.manager.pk).status_code == 302
    with system(northgate.organization):
        assert set(Requirement.objects.filter(owner=northgate.manager).values_list("pk", flat=True)) == set(pks)


def test_reschedule(marek: Client, northgate: House) -> None:
    pks = two(northgate)
    spec = {"mode": "interval_after_completion", "interval": "3", "interval_unit": "D"}
    assert send(marek, pks, "reschedule", confirmed="1", **spec).status_code == 302
    with system(northgate.organization):
        latest = [each.schedules.last() for each in Requirement.objects.filter(pk__in=pks)]
        assert [schedule.spec["interval"] for schedule in latest if schedule] == ["P3D", "P3D"]


def test_waive_needs_a_reason_and_is_all_or_nothing(marek: Client, northgate: House) -> None:
    pks = two(northgate)
    assert send(marek, pks, "waive", confirmed="1", reason="").status_code == 400
    with system(northgate.organization):
        northgate.trolley.status = "out_of_service"
        northgate.trolley.save(update_fields=["status"])
    refused = send(marek, pks, "waive", confirmed="1", reason="Ward closed")
    assert refused.status_code == 400
    assert "Wipe down on Trolley 2" in refused.content.decode()
    with system(northgate.organization):
        assert queries.row_of(northgate.requirement).colour == "red"  # type: ignore[union-attr]
    assert send(marek, pks[:1], "waive", confirmed="1", reason="Ward closed").status_code == 302
    with system(northgate.organization):
        assert queries.row_of(northgate.requirement).colour == "green"  # type: ignore[union-attr]


def test_archive(marek: Client, northgate: House) -> None:
    pks = two(northgate)
    assert send(marek, pks, "archive", confirmed="1").status_code == 302
    with system(northgate.organization):
        assert Requirement.objects.filter(pk__in=pks, archived_at=None).count() == 0


def test_nothing_ticked_or_nonsense_changes_nothing(marek: Client, northgate: House) -> None:
    assert send(marek, [], "archive", confirmed="1").status_code == 302
    assert send(marek, [northgate.requirement.pk], "drop", confirmed="1").status_code == 302
    assert marek.post(ADDRESS, {"action": "archive", "pk": "x"}).status_code == 404
    assert marek.get(ADDRESS).status_code == 405


def test_refusals(tess: Client, audrey: Client, marek: Client, rosa: Client, cast: Cast) -> None:
    own, foreign = cast.northgate.requirement.pk, cast.southbank.requirement.pk
    for client in (tess, audrey, rosa):
        assert send(client, [own], "archive", confirmed="1").status_code == 403
    assert send(marek, [own, foreign], "archive", confirmed="1").status_code == 404
    with system(cast.northgate.organization):
        assert Requirement.objects.filter(pk=own, archived_at=None).exists()
