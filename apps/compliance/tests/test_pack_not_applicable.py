"""“Not applicable”: a reason, a person and a day; red again when the day has passed."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client

from apps.audit.models import AuditEvent
from apps.compliance.packs.models import NotApplicable
from apps.tenants.scope import system
from tests.cast import NOW, House

from .pack_builders import applied, duty, keys, ship

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture(autouse=True)
def _pack(marek: Client, northgate: House, tmp_path: Path, monkeypatch: Any) -> None:
    """Apply a pack of two duties with one unticked."""
    ship(
        tmp_path,
        monkeypatch,
        1,
        [duty(1), duty(2), duty(3, subject="equipment", targets={"types": ["bed pan washer"]})],
    )
    address = f"/packs/test-pack/preview/?facility={northgate.hospital.pk}"
    marek.post(address, {"take": keys(marek.get(address).content.decode())[:1]})


def place(house: House) -> str:
    return f"/packs/test-pack/facilities/{house.hospital.pk}/"


def url(house: House, duty_id: str = "t.duty2") -> str:
    return f"{place(house)}{duty_id}/not-applicable/"


GOOD = {"reason": "No such plant here", "review_on": "2026-09-01"}


def statements(house: House) -> list[NotApplicable]:
    with system(house.organization):
        return list(NotApplicable.objects.order_by("pk"))


def test_unticked_without_a_reason_is_red(marek: Client, northgate: House) -> None:
    html = marek.get(place(northgate)).content.decode()
    gaps = html.split('id="gaps"')[1].split('id="standing"')[0]
    assert "Duty 2" in gaps
    assert "Duty 1" not in gaps
    assert "Not covered" in gaps
    assert 'class="is-red"' in gaps
    panel = marek.get(f"/facilities/{northgate.hospital.pk}/").content.decode()
    assert "Rule packs" in panel
    assert "Duty 2" in panel
    assert "2 not covered" in marek.get("/packs/test-pack/").content.decode()


def test_with_reason_person_and_day_it_does_not_count(marek: Client, northgate: House) -> None:
    assert marek.post(url(northgate), GOOD)["Location"] == place(northgate)
    (made,) = statements(northgate)
    assert (made.reason, made.by_name, made.by_id) == ("No such plant here", "Marek", northgate.manager.pk)
    html = marek.get(place(northgate)).content.decode()
    assert "Duty 2" not in html.split('id="gaps"')[1].split('id="standing"')[0]
    assert "Marek; look at it again on 1 Sep 2026" in html
    assert "1 not covered" in marek.get("/packs/test-pack/").content.decode()
    assert "Not applicable: Duty 2" in marek.get(f"/facilities/{northgate.hospital.pk}/").content.decode()
    assert "Reviews due" not in marek.get("/").content.decode()
    preview = marek.get(f"/packs/test-pack/preview/?facility={northgate.hospital.pk}").content.decode()
    assert not any(key.startswith("t.duty2") for key in keys(preview))
    with system(northgate.organization):
        assert AuditEvent.objects.filter(action="not_applicable.create", reason="No such plant here").exists()


def test_it_comes_back_red_when_the_day_has_passed(marek: Client, northgate: House) -> None:
    marek.post(url(northgate), GOOD)
    # The last moment of 1 September in London, and the first of the 2nd.
    for moment, due in (("2026-09-01T22:59:59+00:00", False), ("2026-09-01T23:00:01+00:00", True)):
        with time_machine.travel(datetime.datetime.fromisoformat(moment), tick=False):
            assert ("Review due since 1 Sep 2026" in marek.get("/").content.decode()) == due
            assert ("Review due" in marek.get(place(northgate)).content.decode()) == due
            words = "2 not covered" if due else "1 not covered"
            assert words in marek.get("/packs/test-pack/").content.decode()
    with time_machine.travel(NOW + datetime.timedelta(days=100), tick=False):
        marek.post(url(northgate), {"reason": "Still none", "review_on": "2027-09-01"})
        assert "Reviews due" not in marek.get("/").content.decode()
    first, second = statements(northgate)
    assert first.ended_at is not None
    assert (second.ended_at, second.reason) == (None, "Still none")


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"reason": " ", "review_on": "2026-09-01"}, "Why does it not apply?"),
        ({"reason": "No plant", "review_on": ""}, "Look at it again on"),
        ({"reason": "No plant", "review_on": "2026-06-10"}, "Choose a day after today."),
        ({"reason": "No plant", "review_on": "2025-01-01"}, "Choose a day after today."),
    ],
)
def test_each_part_is_needed(marek: Client, northgate: House, answers: dict[str, str], words: str) -> None:
    response = marek.post(url(northgate), answers)
    html = response.content.decode()
    assert response.status_code == 400
    assert "There is a problem" in html
    assert words in html
    assert statements(northgate) == []
    if answers["reason"].strip():
        assert "No plant" in html


def test_what_a_requirement_covers_is_refused(marek: Client, northgate: House) -> None:
    response = marek.post(url(northgate, "t.duty1"), GOOD)
    assert response.status_code == 400
    assert "A requirement covers this already" in response.content.decode()


def test_for_one_machine_only(marek: Client, northgate: House) -> None:
    key = f"equipment:{northgate.washer.pk}"
    assert key in marek.get(url(northgate, "t.duty3")).content.decode()
    marek.post(url(northgate, "t.duty3"), {**GOOD, "subjects": [key]})
    (made,) = statements(northgate)
    assert (made.subject, made.subject_name) == (key, northgate.washer.name)
    html = marek.get(place(northgate)).content.decode()
    assert "Duty 3" not in html.split('id="gaps"')[1].split('id="standing"')[0]
    stranger = {**GOOD, "subjects": [f"equipment:{northgate.trolley.pk}"]}
    assert marek.post(url(northgate, "t.duty3"), stranger).status_code == 400
    assert len(statements(northgate)) == 1


def test_taking_it_back(marek: Client, northgate: House) -> None:
    marek.post(url(northgate), GOOD)
    (made,) = statements(northgate)
    address = f"/packs/not-applicable/{made.pk}/end/"
    assert "applies after all?" in marek.get(address).content.decode()
    assert statements(northgate)[0].ended_at is None
    assert marek.post(address)["Location"] == place(northgate)
    assert statements(northgate)[0].ended_at is not None
    assert "2 not covered" in marek.get("/packs/test-pack/").content.decode()
    assert marek.get(address).status_code == 404


def test_others_do_not_exist(marek: Client, northgate: House, southbank: House, as_user: Any) -> None:
    marek.post(url(northgate), GOOD)
    (made,) = statements(northgate)
    assert marek.post(url(southbank), GOOD).status_code == 404
    assert marek.get(place(southbank)).status_code == 404
    assert marek.get(url(northgate, "t.nothing")).status_code == 404
    oscar = as_user(southbank.admin, "southbank.localhost")
    assert oscar.post(f"/packs/not-applicable/{made.pk}/end/").status_code == 404
    assert oscar.post(url(northgate), GOOD).status_code == 404
    assert statements(northgate)[0].ended_at is None
    assert statements(southbank) == []


def test_who_may(tess: Client, audrey: Client, rosa: Client, northgate: House) -> None:
    for client in (tess, audrey):
        assert client.get(place(northgate)).status_code == 200
        assert "Not applicable<span" not in client.get(place(northgate)).content.decode()
        assert client.get(url(northgate)).status_code == 403
        assert client.post(url(northgate), GOOD).status_code == 403
    assert rosa.get(place(northgate)).status_code == 404
    assert "Northgate General" not in rosa.get("/packs/test-pack/").content.decode().split('id="coverage"')[1]
    assert statements(northgate) == []


def test_a_machine_that_comes_later_is_a_gap(marek: Client, northgate: House) -> None:
    offered = keys(marek.get(f"/packs/test-pack/preview/?facility={northgate.hospital.pk}").content.decode())
    marek.post(f"/packs/test-pack/preview/?facility={northgate.hospital.pk}", {"take": offered})
    assert "Every duty of this rule pack is covered here" in marek.get(place(northgate)).content.decode()
    with system(northgate.organization):
        northgate.washer.pk = None
        northgate.washer.serial_number = northgate.washer.external_code = ""
        northgate.washer.name = "Washer 9"
        northgate.washer.save(force_insert=True)
    html = marek.get(place(northgate)).content.decode()
    assert "Washer 9" in html.split('id="gaps"')[1].split('id="standing"')[0]
    assert len(applied(northgate)) == 3
