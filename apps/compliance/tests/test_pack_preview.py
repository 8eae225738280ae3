"""/packs/<id>/preview/: everything that would be created, and creating it once and only once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.audit.models import AuditEvent
from apps.compliance.models import Protocol, Requirement
from apps.compliance.packs import actions as pack_actions
from apps.compliance.packs import apply_views
from apps.compliance.packs.models import AppliedPack
from apps.equipment.models import Equipment, EquipmentType
from apps.facilities.models import Facility
from apps.tenants.scope import system
from tests.cast import NOW, House

from .pack_builders import applied, duty, keys, ship

pytestmark = pytest.mark.usefixtures("frozen")


def url(*houses: Any, pack: str = "uk-landlord", **more: str) -> str:
    query = "&".join([*(f"facility={f.pk}" for f in houses), *(f"{k}={v}" for k, v in more.items())])
    return f"/packs/{pack}/preview/?{query}"


def answer(house: House, **facts: Any) -> None:
    with system(house.organization):
        Facility.objects.filter(pk=house.hospital.pk).update(**facts)


def test_shows_what_will_be_made_and_what_not_with_the_reason(marek: Client, northgate: House) -> None:
    answer(northgate, has_gas=True, is_hmo=False)
    html = marek.get(url(northgate.hospital)).content.decode()
    for words in (
        "Landlord gas safety record",
        "12 months after it was last done; done up to 2 months early it keeps its date",
        "At once, until evidence is recorded",
        "Never done, was due Tue 9 Jun",
        "Has gas: yes",
        "HMO licence: House in multiple occupation: no",
        "Not answered yet: Let as a home",
        "No machine of this kind yet",
        "red from the start, never grey",
    ):
        assert words in html, words
    assert applied(northgate) == {}


def test_looking_changes_nothing(marek: Client, northgate: House) -> None:
    with system(northgate.organization):
        before = (Requirement.objects.count(), AuditEvent.objects.count())
    marek.get(url(northgate.hospital))
    with system(northgate.organization):
        assert (Requirement.objects.count(), AuditEvent.objects.count()) == before


def test_creates_the_ticked_ones_with_everything_they_state(marek: Client, northgate: House) -> None:
    answer(northgate, has_gas=True)
    address = url(northgate.hospital)
    offered = keys(marek.get(address).content.decode())
    gas = f"uk.gas_safety|{northgate.hospital.pk}|facility"
    assert gas in offered
    response = marek.post(address, {"take": [gas]})
    assert response["Location"] == "/packs/uk-landlord/"
    made = applied(northgate)
    assert list(made) == [("uk.gas_safety", "facility")]
    row = made["uk.gas_safety", "facility"]
    requirement = row.requirement
    assert requirement.reference.startswith("Gas Safety (Installation and Use) Regulations 1998")
    assert (requirement.evidence, requirement.category) == ("document", "certificate")
    assert "Source: Landlords Guild" in requirement.notes
    with system(northgate.organization):
        assert requirement.schedules.get().spec == row.given["spec"]
        assert requirement.schedules.get().spec["warn"] == ["P61D", "P30D", "P14D", "P7D", "P1D"]
        assert requirement.protocol is not None
        steps = requirement.protocol.versions.get().steps
        assert [step["text"] for step in steps][:2] == ["Gas safety record (LGSR)", "Engineer name"]
        actions = set(AuditEvent.objects.values_list("action", flat=True))
        assert AppliedPack.objects.get().facility_id == northgate.hospital.pk
    assert {"rule_pack.apply", "applied_duty.create", "requirement.create", "requirement.schedule"} <= actions
    page = marek.get(f"/requirements/{requirement.pk}/").content.decode()
    assert "Never done, was due Tue 9 Jun" in page


def test_applying_again_adds_only_what_is_missing(marek: Client, northgate: House) -> None:
    answer(northgate, has_gas=True)
    address = url(northgate.hospital)
    first = keys(marek.get(address).content.decode())
    marek.post(address, {"take": first[:1]})
    again = keys(marek.get(address).content.decode())
    assert again == first[1:]
    # The same form sent again, and everything besides.
    marek.post(address, {"take": first})
    marek.post(address, {"take": first})
    assert len(applied(northgate)) == len(first)
    with system(northgate.organization):
        assert AppliedPack.objects.count() == 1
    html = marek.get("/packs/uk-landlord/").content.decode()
    assert "Northgate General" in html


def test_what_was_archived_comes_back(marek: Client, northgate: House) -> None:
    address = url(northgate.hospital)
    first = keys(marek.get(address).content.decode())
    marek.post(address, {"take": first})
    requirement = applied(northgate)["uk.epc", "facility"].requirement
    marek.post(f"/requirements/{requirement.pk}/archive/")
    assert "Was archived; comes back" in marek.get(address).content.decode()
    marek.post(address, {"take": [f"uk.epc|{northgate.hospital.pk}|facility"]})
    back = applied(northgate)["uk.epc", "facility"].requirement
    assert (back.pk, back.archived_at) == (requirement.pk, None)


def test_machines_areas_and_their_readings(marek: Client, northgate: House) -> None:
    with system(northgate.organization):
        kind = EquipmentType.objects.create(name="Fridge")
        fridge = Equipment.objects.create(
            facility=northgate.hospital, type=kind, name="Ward fridge", category="catering"
        )
    address = url(northgate.hospital, pack="food-uk")
    offered = keys(marek.get(address).content.decode())
    chilled = f"food.fridge|{northgate.hospital.pk}|equipment:{fridge.pk}"
    assert chilled in offered
    assert not any(key.startswith("food.probe") for key in offered)
    chosen = url(northgate.hospital, pack="food-uk", where="1", **{"on-food.probe": "kind:Bed pan washer"})
    offered = keys(marek.get(chosen).content.decode())
    assert f"food.probe|{northgate.hospital.pk}|equipment:{northgate.washer.pk}" in offered
    assert chilled not in offered
    marek.post(address, {"take": [chilled]})
    row = applied(northgate)["food.fridge", f"equipment:{fridge.pk}"]
    assert row.requirement.equipment_id == fridge.pk
    with system(northgate.organization):
        assert row.requirement.protocol is not None
        (step, *_rest) = row.requirement.protocol.versions.get().steps
    assert (step["kind"], step["max"], step["unit"]) == ("number", 8, "°C")


def test_memory_says_so_wherever_it_shows(marek: Client, northgate: House) -> None:
    label = "Check before relying on it"
    address = url(northgate.hospital, pack="uk-premises")
    html = marek.get(address).content.decode()
    assert label in html.split("Asbestos register re-inspection")[1][:300]
    marek.post(address, {"take": keys(html)})
    made = applied(northgate)["uk.asbestos", "facility"].requirement
    assert label in marek.get(f"/requirements/{made.pk}/").content.decode()
    assert label in marek.get("/packs/uk-premises/").content.decode()


def test_the_organizations_duties_need_a_head_office(marek: Client, northgate: House) -> None:
    with system(northgate.organization):
        Facility.objects.update(country="IN")
    plain = url(northgate.hospital, northgate.annex, pack="india-gcc")
    html = marek.get(plain).content.decode()
    assert "Duties of the whole organization are left out" in html
    assert not any(key.startswith("in.pf") for key in keys(html))
    with_head = url(northgate.hospital, northgate.annex, pack="india-gcc", head=str(northgate.annex.pk))
    offered = keys(marek.get(with_head).content.decode())
    assert [key for key in offered if key.startswith("in.pf|")] == [f"in.pf|{northgate.annex.pk}|facility"]
    marek.post(with_head, {"take": offered})
    assert applied(northgate)["in.pf", "facility"].requirement.facility_id == northgate.annex.pk
    # Another head office is not taken a second time.
    other = url(northgate.hospital, pack="india-gcc", head=str(northgate.hospital.pk))
    html = marek.get(other).content.decode()
    assert "stand on Northgate General Annex" in html
    assert not any(key.startswith("in.pf") for key in keys(html))
    # Until the first is archived: then its duties need another place.
    with system(northgate.organization):
        Facility.objects.filter(pk=northgate.annex.pk).update(archived_at=NOW)
    assert "No head office was chosen" in marek.get("/packs/india-gcc/").content.decode()
    offered = keys(marek.get(other).content.decode())
    assert f"in.pf|{northgate.hospital.pk}|facility" in offered
    assert marek.post(other, {"take": offered}).status_code == 302
    assert applied(northgate)["in.pf", "facility"].requirement.facility_id == northgate.hospital.pk


def test_the_head_office_is_one_of_the_chosen(marek: Client, northgate: House, southbank: House) -> None:
    for head in (northgate.annex.pk, southbank.hospital.pk, "x"):
        assert marek.get(url(northgate.hospital, pack="india-gcc", head=str(head))).status_code == 404


def test_more_than_anybody_reads_is_shown_by_duty(marek: Client, northgate: House, monkeypatch: Any) -> None:
    monkeypatch.setattr(apply_views, "SINGLE_ROWS", 1)
    address = url(northgate.hospital, northgate.annex)
    html = marek.get(address).content.decode()
    assert "too many to show one by one" in html
    assert keys(html) == ["uk.epc"]
    marek.post(address, {"take": ["uk.epc"]})
    with system(northgate.organization):
        assert Requirement.objects.filter(name="Energy performance certificate (EPC)").count() == 2


def test_more_than_fits_one_request_is_refused(
    marek: Client, northgate: House, monkeypatch: Any, tmp_path: Path
) -> None:
    ship(tmp_path, monkeypatch, 1, [duty(1), duty(2), duty(3)])
    monkeypatch.setattr(pack_actions, "MOST", 2)
    address = url(northgate.hospital, pack="test-pack")
    html = marek.get(address).content.decode()
    assert "At most 2 are created at once" in html
    response = marek.post(address, {"take": keys(html)})
    assert response.status_code == 400
    assert "more than 2 requirements" in response.content.decode()
    assert applied(northgate) == {}
    marek.post(address, {"take": keys(html)[:2]})
    assert len(applied(northgate)) == 2


def test_a_protocol_of_that_name_is_not_taken_over(
    marek: Client, northgate: House, monkeypatch: Any, tmp_path: Path
) -> None:
    ship(tmp_path, monkeypatch, 1, [duty(1)])
    with system(northgate.organization):
        theirs = Protocol.objects.create(name="Duty 1")
    address = url(northgate.hospital, northgate.annex, pack="test-pack")
    marek.post(address, {"take": keys(marek.get(address).content.decode())})
    with system(northgate.organization):
        names = set(Requirement.objects.filter(name="Duty 1").values_list("protocol__name", flat=True))
        assert theirs.versions.count() == 0
    assert names == {"Duty 1 (t.duty1)"}


def test_others_facilities_and_rows_do_not_exist(marek: Client, northgate: House, southbank: House) -> None:
    assert marek.get(url(southbank.hospital)).status_code == 404
    assert marek.get(url(northgate.hospital, southbank.hospital)).status_code == 404
    assert marek.get("/packs/uk-landlord/preview/?facility=x").status_code == 404
    assert marek.get("/packs/uk-nowhere/preview/?facility=1").status_code == 404
    stranger = f"uk.epc|{southbank.hospital.pk}|facility"
    assert marek.post(url(northgate.hospital), {"take": [stranger]}).status_code == 404
    # A subject of somebody else is no row of this page.
    marek.post(
        url(northgate.hospital, pack="uk-premises"),
        {"take": [f"uk.loler_people|{northgate.hospital.pk}|equipment:{southbank.washer.pk}"]},
    )
    assert applied(northgate) == {}
    assert applied(southbank) == {}


def test_without_a_facility_it_goes_back(marek: Client) -> None:
    assert marek.get("/packs/uk-landlord/preview/")["Location"] == "/packs/uk-landlord/apply/?none=1"


def test_technicians_and_auditors_may_not(tess: Client, audrey: Client, northgate: House) -> None:
    for client in (tess, audrey):
        assert client.get(url(northgate.hospital)).status_code == 403
        assert client.post(url(northgate.hospital), {"take": []}).status_code == 403


def test_queries_do_not_grow_with_facilities(marek: Client, northgate: House, django_assert_num_queries: Any) -> None:
    with system(northgate.organization):
        more = [Facility.objects.create(name=f"Clinic {n}") for n in range(5)]
    marek.get(url(northgate.hospital, pack="uk-premises"))
    with django_assert_num_queries(18):
        marek.get(url(northgate.hospital, pack="uk-premises"))
    with django_assert_num_queries(18):
        marek.get(url(northgate.hospital, *more, pack="uk-premises"))
