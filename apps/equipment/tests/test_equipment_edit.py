"""/equipment/new/ and /equipment/<id>/edit/."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction

from apps.audit.models import AuditEvent
from apps.equipment import actions
from apps.equipment.models import Equipment, EquipmentType
from apps.facilities.models import Area, FacilityAccess
from apps.tenants.scope import member, system


def data(house, **changes):
    fields = {
        "name": "Washer 9",
        "facility": house.hospital.pk,
        "area": house.ward.pk,
        "type": house.kind.pk,
        "category": "cleaning",
        "status": "in_service",
        "serial_number": "SN-9",
    }
    return {**fields, **changes}


def test_adds_a_machine(marek, northgate):
    response = marek.post("/equipment/new/", data(northgate))
    with system(northgate.organization):
        machine = Equipment.objects.get(name="Washer 9")
        event = AuditEvent.objects.get(action="equipment.create", object_id=machine.pk)
    assert response["Location"] == f"/equipment/{machine.pk}/"
    assert (machine.area_id, machine.category) == (northgate.ward.pk, "cleaning")
    assert "search_text" not in event.changes
    assert event.changes["serial_number"] == [None, "SN-9"]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("serial_number", "SN-1", "Another machine has this serial number"),
        ("external_code", "E1", "Another machine has this external code"),
        ("name", "", "This field is required"),
        ("facility", "", "This field is required"),
        ("facility", "999999", "Select a valid choice"),
        ("facility", "x", "Select a valid choice"),
        ("area", "999999", "Choose an area from the list"),
        ("area", "٣", "Choose an area from the list"),
        ("type", "", "This field is required"),
        ("category", "nope", "Select a valid choice"),
        ("name", "a\x00b", "Null characters"),
        ("notes", "x" * 4001, "at most 4000"),
    ],
)
def test_bad_input_keeps_what_was_typed(marek, northgate, field, value, words):
    response = marek.post("/equipment/new/", data(northgate, **{"maker": "Kept Maker", field: value}))
    assert response.status_code == 200
    page = response.content.decode()
    assert words in page
    assert "Kept Maker" in page


def test_nothing_of_another_organization_can_be_chosen(marek, northgate, southbank):
    for field, value in (("facility", southbank.hospital.pk), ("area", southbank.ward.pk), ("type", southbank.kind.pk)):
        response = marek.post("/equipment/new/", data(northgate, **{field: value}))
        assert response.status_code == 200
        assert field in response.context["form"].errors
    with system(northgate.organization):
        assert Equipment.objects.count() == 2


def test_the_area_must_be_in_the_facility(marek, northgate):
    response = marek.post("/equipment/new/", data(northgate, facility=northgate.annex.pk))
    assert "This area is not in the chosen facility" in response.content.decode()


def test_moving_to_another_facility_takes_it_out_of_its_area(marek, northgate):
    url = f"/equipment/{northgate.washer.pk}/edit/"
    sent = data(northgate, name="Washer 1", serial_number="SN-1", facility=northgate.annex.pk)
    response = marek.post(url, sent, follow=True)
    assert "It is no longer in Ward 7" in response.content.decode()
    with system(northgate.organization):
        northgate.washer.refresh_from_db()
        northgate.label.refresh_from_db()
    assert (northgate.washer.facility_id, northgate.washer.area_id) == (northgate.annex.pk, None)
    assert northgate.label.facility_id == northgate.annex.pk


def test_many_areas_are_offered_by_facility_after_a_press_of_a_button(marek, northgate):
    with system(northgate.organization):
        Area.objects.bulk_create([Area(facility=northgate.annex, name=f"R{n}", path=f"R{n}") for n in range(500)])
    page = marek.get("/equipment/new/").content.decode()
    assert "Show its areas" in page
    assert "R499" not in page
    response = marek.post("/equipment/new/", data(northgate, facility=northgate.annex.pk, show_areas="1"))
    page = response.content.decode()
    assert "R499" in page
    assert 'value="Washer 9"' in page
    assert "error-summary" not in page
    assert (
        f'<option value="{northgate.ward.pk}">'
        in marek.get(f"/equipment/new/?facility={northgate.hospital.pk}").content.decode()
    )


def test_changes_and_history_in_words(marek, northgate):
    marek.post(
        f"/equipment/{northgate.washer.pk}/edit/",
        data(northgate, name="Washer 1", serial_number="SN-1", status="retired", area=""),
    )
    page = marek.get(f"/equipment/{northgate.washer.pk}/").content.decode()
    assert "In service" in page
    assert "Retired" in page
    assert "Ward 7" in page


def test_archived_types_and_areas_cannot_be_chosen_anew(in_northgate):
    actions.archive_type(in_northgate.kind)
    with pytest.raises(ValidationError, match="type is archived"):
        actions.create_equipment(facility=in_northgate.hospital, type=in_northgate.kind, name="X")
    assert actions.update_equipment(in_northgate.washer, name="Still editable")


def test_the_database_has_the_last_word_on_a_serial_number(in_northgate, monkeypatch):
    monkeypatch.setattr(Equipment, "full_clean", lambda self: None)
    with pytest.raises(ValidationError, match="serial number"):
        actions.create_equipment(
            facility=in_northgate.hospital, type=in_northgate.kind, name="Twin", serial_number="SN-1"
        )
    assert Equipment.objects.count() == 2


def test_bulk_refuses_an_area_of_another_facility(in_northgate):
    wrong = Equipment(facility=in_northgate.annex, area=in_northgate.ward, type=in_northgate.kind, name="X")
    actions.bulk_save_equipment([wrong])
    with pytest.raises(IntegrityError), transaction.atomic():
        connection.check_constraints()
    wrong.delete()


def test_roles_that_may_not(*, tess, audrey, rosa, oscar, marek, northgate, southbank):
    for client in (tess, audrey):
        assert client.get("/equipment/new/").status_code == 403
        assert client.post("/equipment/new/", data(northgate)).status_code == 403
        assert client.post(f"/equipment/{northgate.washer.pk}/edit/", data(northgate)).status_code == 403
    assert oscar.post("/equipment/new/", data(northgate)).status_code == 404
    assert marek.post(f"/equipment/{southbank.washer.pk}/edit/", data(northgate)).status_code == 404
    with system(northgate.organization):
        assert Equipment.objects.count() == 2
        assert EquipmentType.objects.count() == 1


def test_a_restricted_manager_stays_in_the_own_facilities(northgate, marek):
    with system(northgate.organization):
        FacilityAccess.objects.create(membership=northgate.manager, facility=northgate.annex)
        northgate.manager.all_facilities = False
        northgate.manager.save(update_fields=["all_facilities"])
    assert marek.get(f"/equipment/{northgate.washer.pk}/edit/").status_code == 404
    assert "facility" in marek.post("/equipment/new/", data(northgate)).context["form"].errors
    with member(northgate.manager):
        with pytest.raises(PermissionDenied):
            actions.create_equipment(facility=northgate.hospital, type=northgate.kind, name="X")
        with pytest.raises(PermissionDenied):
            actions.bulk_save_equipment([Equipment(facility=northgate.hospital, type=northgate.kind, name="X")])
        with pytest.raises(PermissionDenied):
            actions.bulk_save_equipment([], [(northgate.washer, {"name": "Mine"})])
