"""The trail of an organization: who may read it, what it shows, how it is filtered."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.test import Client

from apps.audit import actions as audit
from apps.audit.models import AuditEvent
from apps.equipment.models import Equipment
from apps.facilities.models import Facility, FacilityAccess
from apps.tenants.models import Membership
from apps.tenants.scope import member, system
from tests.cast import NOW, Cast, make_user


@pytest.fixture
def trail(cast: Cast, frozen: Any) -> Cast:
    """Write some events, on two days, by two people, and one in the other organization."""
    house = cast.northgate
    with member(house.admin):
        audit.update(Equipment.objects.get(pk=house.washer.pk), {"notes": "Leaks"}, "equipment.edit")
        audit.record("facility.archive", Facility.objects.get(pk=house.annex.pk), {"archived_at": [None, NOW]})
    frozen.move_to(NOW + datetime.timedelta(days=1, hours=13, minutes=30))  # 23:30 in London, the next day
    with member(house.manager):
        audit.record("equipment.retire", Equipment.objects.get(pk=house.trolley.pk), reason="Worn out")
    with member(cast.southbank.admin):
        audit.record("equipment.retire", Equipment.objects.get(pk=cast.southbank.washer.pk), reason="Foreign reason")
    return cast


def shown(client: Client, query: str = "") -> list[str]:
    """Return the actions on the page, in order."""
    text = client.get(f"/audit/{query}").content.decode()
    if "<tbody>" not in text:
        return []
    body = text[text.index("<tbody>") : text.index("</tbody>")]
    rows = body.split("<tr>")[1:]
    found = {"Equipment: edited": "edit", "Facility: archived": "archive", "Equipment: retired": "retire"}
    return [short for row in rows for words, short in found.items() if words in row]


def test_newest_first_and_ones_own_only(trail: Cast, amara: Client, marek: Client, audrey: Client) -> None:
    """For admins, managers and auditors."""
    for client in (amara, marek, audrey):
        assert shown(client) == ["retire", "archive", "edit"]
    text = amara.get("/audit/").content.decode()
    assert "Foreign" not in text
    assert "ZQX-SOUTHBANK" not in text
    assert "Thu 11 Jun 2026, 23:30" in text
    assert "Europe/London" in text


def test_others_are_refused(tess: Client, rosa: Client, oscar: Client, anonymous: Client) -> None:
    """403 for members without the right, 404 for outsiders, the login page for visitors."""
    assert [client.get("/audit/").status_code for client in (tess, rosa, oscar, anonymous)] == [403, 403, 404, 302]


def test_a_restricted_auditor_sees_the_named_facilities_only(trail: Cast, as_user: Any) -> None:
    """And no events of the organization as a whole."""
    ava = make_user("ava@northgate.test", "Ava")
    with system(trail.northgate.organization):
        membership = Membership.objects.create(user=ava, role="auditor")
        FacilityAccess.objects.create(membership=membership, facility=trail.northgate.hospital)
        audit.record("organization.edit", trail.northgate.organization)
    client = as_user(membership)
    text = client.get("/audit/").content.decode()
    assert shown(client) == ["edit"]
    # Neither do the choices tell what happened elsewhere, or who did it.
    assert "retire" not in text
    assert "Marek" not in text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?action=equipment.retire", ["retire"]),
        ("?action=label.revoke", []),
        ("?type=facilities.facility", ["archive"]),
        ("?q=washer", ["edit"]),
        ("?q=worn+out", ["retire"]),
        ("?q=marek", ["retire"]),
        ("?from=2026-06-11", ["retire"]),
        ("?until=2026-06-10", ["archive", "edit"]),
        ("?until=2026-06-11", ["retire", "archive", "edit"]),
        ("?from=2026-06-12", []),
        ("?from=2026-06-10&until=2026-06-10&type=equipment.equipment", ["edit"]),
        ("?sort=at", ["edit", "archive", "retire"]),
        # Nonsense is ignored.
        ("?from=yesterday&until=2026-13-40&person=x&sort=x&after=x&object=x", ["retire", "archive", "edit"]),
        ("?action=%27%3BDROP", ["retire", "archive", "edit"]),
        ("?from=0001-01-01&until=9999-12-31", ["retire", "archive", "edit"]),
        ("?object=99999999999999999999999", ["retire", "archive", "edit"]),
    ],
)
def test_filters(trail: Cast, amara: Client, query: str, expected: list[str]) -> None:
    """By action, kind of object, words, days of the organization's time zone."""
    assert shown(amara, query) == expected


def test_by_person_and_by_object(trail: Cast, amara: Client) -> None:
    """By number, as the links have them."""
    assert shown(amara, f"?person={trail.northgate.manager.user_id}") == ["retire"]
    assert shown(amara, f"?type=equipment.equipment&object={trail.northgate.washer.pk}") == ["edit"]
    assert "Nothing matches" in amara.get("/audit/?from=2030-01-01").content.decode()


def test_an_empty_trail_explains(amara: Client) -> None:
    """What will be here."""
    assert "Nothing has happened yet" in amara.get("/audit/").content.decode()


def test_pages_follow_each_other_with_the_same_queries(
    trail: Cast, amara: Client, django_assert_num_queries: Any
) -> None:
    """Keyset over 120 events: nothing twice, nothing left out; as many queries with three events as with 120."""
    import re
    from html import unescape

    with django_assert_num_queries(14):
        amara.get("/audit/")
    with system(trail.northgate.organization):
        for _number in range(117):
            audit.record("equipment.edit", trail.northgate.washer)
        everything = set(AuditEvent.objects.values_list("pk", flat=True))
    seen: list[int] = []
    url = "/audit/"
    while url:
        with django_assert_num_queries(15):
            text = amara.get(url).content.decode()
        seen += [int(pk) for pk in re.findall(r'href="/audit/(\d+)/"', text)]
        found = re.search(r'rel="next" href="([^"]+)"', text)
        url = unescape(found[1]) if found else ""
    assert len(seen) == 120
    assert set(seen) == everything


def test_nothing_can_be_written(trail: Cast, amara: Client) -> None:
    """The pages read only."""
    assert amara.post("/audit/").status_code == 405
    assert amara.post("/audit/export.csv").status_code == 405
