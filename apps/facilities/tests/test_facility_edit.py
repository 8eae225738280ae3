"""/facilities/new/ and /facilities/<id>/edit/."""

import pytest
from django.core.exceptions import PermissionDenied

from apps.audit.models import AuditEvent
from apps.facilities.actions import create_facility
from apps.facilities.models import Facility, FacilityAccess
from apps.tenants.scope import member, system

GOOD = {
    "name": "South Wing",
    "country": "gb",
    "time_zone": "Asia/Dubai",
    "has_gas": "true",
    "is_hmo": "false",
    "storeys": "4",
}


def test_adds_a_facility_and_says_so(marek, northgate):
    response = marek.post("/facilities/new/", GOOD)
    with system(northgate.organization):
        facility = Facility.objects.get(name="South Wing")
        event = AuditEvent.objects.get(action="facility.create", object_id=facility.pk)
    assert response["Location"] == f"/facilities/{facility.pk}/"
    assert (facility.country, facility.time_zone, facility.storeys) == ("GB", "Asia/Dubai", 4)
    assert (facility.has_gas, facility.is_hmo, facility.has_sleeping_risk) == (True, False, None)
    assert event.actor == "Marek"
    assert event.facility_ref == facility.pk


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "This field is required"),
        ("name", "x" * 201, "at most 200"),
        ("country", "GBR", "at most 2"),
        ("country", "1!", "two letters"),
        ("time_zone", "Mars/Olympus", "Select a valid choice"),
        ("latitude", "91", "less than or equal to 90"),
        ("latitude", "nan", "Enter a number"),
        ("storeys", "-1", "greater than or equal to 0"),
        ("email", "nobody", "valid email"),
        ("external_code", "F1", "Another facility has this external code"),
        ("has_gas", "perhaps", "Select a valid choice"),
    ],
)
def test_bad_input_keeps_what_was_typed(marek, northgate, field, value, words):
    response = marek.post("/facilities/new/", {**GOOD, "city": "Kept Town", field: value})
    page = response.content.decode()
    assert response.status_code == 200
    assert words in page
    assert "Kept Town" in page
    assert "<title>Error: " in page.replace("<title>\n", "<title>")
    with system(northgate.organization):
        assert Facility.objects.count() == 2


def test_the_same_code_in_another_organization_is_no_conflict(amara, oscar, northgate, southbank):
    assert amara.post("/facilities/new/", {**GOOD, "external_code": "ONLY-SOUTH"}).status_code == 302
    with system(southbank.organization):
        Facility.objects.create(name="Same code", external_code="ONLY-SOUTH")


def test_changes_what_differs_and_records_before_and_after(marek, northgate):
    data = {
        "name": "Northgate Royal",
        "external_code": "F1",
        "city": "Leeds",
        "kind": "hospital",
        "country": "GB",
        "time_zone": "Europe/London",
    }
    assert marek.post(f"/facilities/{northgate.hospital.pk}/edit/", data).status_code == 302
    with system(northgate.organization):
        event = AuditEvent.objects.get(action="facility.update")
    assert event.changes == {"name": ["Northgate General", "Northgate Royal"]}
    page = marek.get(f"/facilities/{northgate.hospital.pk}/").content.decode()
    assert "changed this" in page
    assert "Northgate General" in page


def test_saving_nothing_new_records_nothing(marek, northgate):
    data = {
        "name": "Northgate General",
        "external_code": "F1",
        "city": "Leeds",
        "kind": "hospital",
        "country": "GB",
        "time_zone": "Europe/London",
    }
    marek.post(f"/facilities/{northgate.hospital.pk}/edit/", data)
    with system(northgate.organization):
        assert not AuditEvent.objects.filter(action="facility.update").exists()


def test_the_form_offers_time_zones_by_region(marek, northgate):
    page = marek.get(f"/facilities/{northgate.hospital.pk}/edit/").content.decode()
    assert '<optgroup label="Europe">' in page
    assert '<option value="Europe/London" selected>' in page


def test_roles_that_may_not(*, tess, audrey, oscar, rosa, northgate, southbank, marek):
    for client in (tess, audrey):
        assert client.get("/facilities/new/").status_code == 403
        assert client.post("/facilities/new/", GOOD).status_code == 403
        assert client.post(f"/facilities/{northgate.hospital.pk}/edit/", GOOD).status_code == 403
    assert oscar.post("/facilities/new/", GOOD).status_code == 404
    assert marek.post(f"/facilities/{southbank.hospital.pk}/edit/", GOOD).status_code == 404
    with system(northgate.organization):
        assert Facility.objects.count() == 2


def test_a_restricted_manager_edits_the_own_facilities_and_adds_none(marek, northgate):
    with system(northgate.organization):
        FacilityAccess.objects.create(membership=northgate.manager, facility=northgate.annex)
        northgate.manager.all_facilities = False
        northgate.manager.save(update_fields=["all_facilities"])
    assert marek.get(f"/facilities/{northgate.annex.pk}/edit/").status_code == 200
    assert marek.get(f"/facilities/{northgate.hospital.pk}/edit/").status_code == 404
    assert marek.post("/facilities/new/", GOOD).status_code == 403
    with member(northgate.manager), pytest.raises(PermissionDenied):
        create_facility(name="X")


def test_an_action_refuses_fields_it_does_not_write(in_northgate):
    with pytest.raises(TypeError, match="pin_hash"):
        create_facility(name="X", pin_hash="x")
