"""/packs/<id>/apply/ and /facts/: choosing facilities, answering what decides."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.audit.models import AuditEvent
from apps.compliance.packs.models import FacilityFacts
from apps.facilities.models import Facility, FacilityAccess
from apps.tenants.models import Membership
from apps.tenants.scope import system
from tests.cast import House, make_user

pytestmark = pytest.mark.usefixtures("frozen")


def facts(house: House) -> dict[str, Any]:
    with system(house.organization):
        row = FacilityFacts.objects.filter(facility=house.hospital).first()
    return row.answers if row else {}


def test_choose_by_search_by_tick_or_all(marek: Client, northgate: House) -> None:
    html = marek.get("/packs/uk-landlord/apply/").content.decode()
    assert "Northgate General Annex" in html
    assert "Take all 2" in html
    html = marek.get("/packs/uk-landlord/apply/?q=york").content.decode()
    assert f'value="{northgate.annex.pk}"' in html
    assert f'value="{northgate.hospital.pk}"' not in html
    assert "?all=1&amp;q=york" in html
    assert "No facility matches" in marek.get("/packs/uk-landlord/apply/?q=atlantis").content.decode()
    back = marek.get(f"/packs/uk-landlord/apply/?facility={northgate.annex.pk}").content.decode()
    assert back.split("<main")[1].split("</main")[0].count(" checked") == 1


def test_asks_only_what_decides_and_is_open(marek: Client, northgate: House) -> None:
    with system(northgate.organization):
        Facility.objects.filter(pk=northgate.hospital.pk).update(has_gas=False)
    html = marek.get(f"/packs/uk-landlord/facts/?facility={northgate.hospital.pk}").content.decode()
    assert "Let as a home" in html
    assert "Height of the top storey" in html
    assert "Has gas" not in html
    assert "Functional risk" not in html
    # Nothing is asked for a pack whose duties apply everywhere.
    response = marek.get(f"/packs/food-uk/facts/?facility={northgate.hospital.pk}")
    assert response["Location"] == f"/packs/food-uk/preview/?facility={northgate.hospital.pk}"


def test_answers_are_kept_with_the_facility(marek: Client, northgate: House) -> None:
    address = f"/packs/uk-landlord/facts/?facility={northgate.hospital.pk}"
    response = marek.post(
        address,
        {
            "all-has_gas": "no",
            "all-storeys": "7",
            "all-has_tenancy": "yes",
            "all-uk_region": "England",
            "all-height_m": "17.5",
        },
    )
    assert response["Location"] == f"/packs/uk-landlord/preview/?facility={northgate.hospital.pk}"
    with system(northgate.organization):
        northgate.hospital.refresh_from_db()
        actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert (northgate.hospital.has_gas, northgate.hospital.storeys, northgate.hospital.is_hmo) == (False, 7, None)
    assert facts(northgate) == {"has_tenancy": True, "uk_region": "England", "height_m": 17.5}
    assert {"facility.update", "facility_facts.create"} <= actions
    # Asked again: only what is still open, and what is known stays.
    html = marek.get(address).content.decode()
    assert "House in multiple occupation" in html
    assert "Let as a home" not in html
    marek.post(address, {"all-common_parts": "no"})
    assert facts(northgate) == {"has_tenancy": True, "uk_region": "England", "height_m": 17.5, "common_parts": False}


def test_one_answer_for_all_and_one_that_differs(marek: Client, northgate: House) -> None:
    address = f"/packs/uk-landlord/facts/?facility={northgate.hospital.pk}&facility={northgate.annex.pk}"
    html = marek.get(address).content.decode()
    assert "For all chosen facilities" in html
    marek.post(address, {"all-has_gas": "yes", f"f{northgate.annex.pk}-has_gas": "no"})
    with system(northgate.organization):
        assert dict(Facility.objects.values_list("pk", "has_gas")) == {
            northgate.hospital.pk: True,
            northgate.annex.pk: False,
        }


def test_all_facilities_of_a_search(marek: Client, northgate: House) -> None:
    marek.post("/packs/uk-landlord/facts/?all=1&q=york", {"all-has_gas": "yes"})
    with system(northgate.organization):
        assert dict(Facility.objects.values_list("pk", "has_gas")) == {
            northgate.hospital.pk: None,
            northgate.annex.pk: True,
        }


def test_a_wrong_answer_is_named_and_what_was_typed_stays(marek: Client, northgate: House) -> None:
    address = f"/packs/uk-landlord/facts/?facility={northgate.hospital.pk}&facility={northgate.annex.pk}"
    response = marek.post(address, {"all-storeys": "many", f"f{northgate.annex.pk}-height_m": "-3"})
    html = response.content.decode()
    assert response.status_code == 400
    assert "There is a problem" in html
    assert 'value="many"' in html
    assert 'value="-3"' in html
    with system(northgate.organization):
        assert not FacilityFacts.objects.exists()


def test_others_facilities_do_not_exist(marek: Client, southbank: House, northgate: House) -> None:
    for page in ("apply", "facts"):
        assert marek.get(f"/packs/uk-landlord/{page}/?facility={southbank.hospital.pk}").status_code == 404
    assert (
        marek.post(f"/packs/uk-landlord/facts/?facility={southbank.hospital.pk}", {"all-has_gas": "yes"}).status_code
        == 404
    )
    # A field of another facility is no field of this form.
    marek.post(
        f"/packs/uk-landlord/facts/?facility={northgate.hospital.pk}&facility={northgate.annex.pk}",
        {f"f{southbank.hospital.pk}-has_gas": "yes"},
    )
    with system(southbank.organization):
        assert not Facility.objects.filter(has_gas=True).exists()


def test_a_manager_of_the_annex_sees_and_changes_the_annex_only(northgate: House, as_user: Any) -> None:
    user = make_user("r@n.test", "Renata")
    with system(northgate.organization):
        renata = Membership.objects.create(user=user, role="manager", all_facilities=False)
        FacilityAccess.objects.create(membership=renata, facility=northgate.annex)
    client = as_user(renata)
    html = client.get("/packs/uk-landlord/apply/").content.decode()
    assert f'value="{northgate.annex.pk}"' in html
    assert f'value="{northgate.hospital.pk}"' not in html
    assert client.get(f"/packs/uk-landlord/facts/?facility={northgate.hospital.pk}").status_code == 404
    assert client.get(f"/packs/uk-landlord/preview/?facility={northgate.hospital.pk}").status_code == 404
    html = client.get(
        f"/packs/india-gcc/preview/?facility={northgate.annex.pk}&head={northgate.annex.pk}"
    ).content.decode()
    assert "left out" in html
    client.post(
        f"/packs/uk-premises/preview/?facility={northgate.annex.pk}",
        {"take": [f"uk.asbestos|{northgate.annex.pk}|facility"]},
    )
    assert "Northgate General Annex" in client.get("/packs/uk-premises/").content.decode()
    assert client.get(f"/packs/uk-premises/facilities/{northgate.hospital.pk}/").status_code == 404


@pytest.mark.parametrize("page", ["apply", "facts", "upgrade"])
def test_technicians_and_auditors_may_not(tess: Client, audrey: Client, northgate: House, page: str) -> None:
    for client in (tess, audrey):
        assert client.get(f"/packs/uk-landlord/{page}/?facility={northgate.hospital.pk}").status_code == 403


def test_queries_do_not_grow_with_facilities(marek: Client, northgate: House, django_assert_num_queries: Any) -> None:
    with system(northgate.organization):
        for number in range(5):
            Facility.objects.create(name=f"Clinic {number}")
    marek.get("/packs/uk-landlord/apply/")
    with django_assert_num_queries(14):
        marek.get("/packs/uk-landlord/apply/")
    with django_assert_num_queries(18):
        marek.get("/packs/uk-landlord/facts/?all=1&q=")
