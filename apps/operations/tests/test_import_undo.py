"""Taking the last import back."""

from __future__ import annotations

from django.test import Client

from apps.audit.models import AuditEvent
from apps.equipment.actions import update_equipment
from apps.equipment.models import Equipment, EquipmentType
from apps.facilities.actions import create_area, update_facility
from apps.facilities.models import Area, Facility
from apps.operations.models import ImportLine
from apps.operations.tests.helpers import carry_out, last_run, preview
from apps.tenants.scope import member, system
from tests.cast import Cast

CHANGING = "Name,External code,Town or city\nNorthgate General,F1,Hull\nNew One,N1,Bath\nNew Two,N2,Bath\n"
MACHINES = (
    "Name,External code,Serial number,Facility,Area,Type\n"
    "Washer 1,E1,SN-1,F2,,Bed pan washer\n"
    "Mixer,E7,,Northgate General,Ward 7,Mixer\n"
)


def undo(client: Client, cast: Cast) -> None:
    """Undo the newest import."""
    run = last_run(cast.northgate)
    assert "Undo the import" in client.get(f"/import/{run.pk}/undo/").content.decode()
    response = client.post(f"/import/{run.pk}/undo/")
    assert (response.status_code, response["Location"]) == (302, f"/import/{run.pk}/result/")


def test_old_values_come_back_and_new_rows_are_archived(marek: Client, cast: Cast) -> None:
    """Nothing is deleted, everything is in the trail; it happens once."""
    carry_out(marek, cast.northgate, CHANGING)
    undo(marek, cast)
    run = last_run(cast.northgate)
    assert (run.state, run.left_alone) == ("undone", 0)
    with system(cast.northgate.organization):
        assert Facility.objects.get(external_code="F1").city == "Leeds"
        assert Facility.objects.filter(external_code__in=["N1", "N2"], archived_at=run.undone_at).count() == 2
        events = AuditEvent.objects.filter(reason__contains="Undo of the import").values_list("action", flat=True)
        assert list(events) == ["facility.archive", "facility.archive"]
        assert AuditEvent.objects.filter(action="import.undo").count() == 1
    page = marek.get(f"/import/{run.pk}/undo/").content.decode()
    assert "undone already" in page
    assert "undone already" in marek.post(f"/import/{run.pk}/undo/").content.decode()


def test_what_was_edited_or_used_since_stays(marek: Client, cast: Cast) -> None:
    """It is named on the page with the reason."""
    carry_out(marek, cast.northgate, CHANGING)
    with member(cast.northgate.manager):
        update_facility(Facility.objects.get(external_code="F1"), phone="123")
        create_area(Facility.objects.get(external_code="N1"), name="Ward")
    undo(marek, cast)
    with system(cast.northgate.organization):
        assert Facility.objects.get(external_code="F1").city == "Hull"
        assert Facility.objects.get(external_code="N1").archived_at is None
        assert Facility.objects.get(external_code="N2").archived_at is not None
        left = dict(ImportLine.objects.exclude(left_alone="").values_list("name", "left_alone"))
    assert left == {
        "Northgate General": "Edited after the import.",
        "New One": "In use since the import: something else refers to it.",
    }
    page = marek.get(f"/import/{last_run(cast.northgate).pk}/result/").content.decode()
    assert "2 rows were left as they are" in page
    assert "Edited after the import." in page


def test_import_after_undo(marek: Client, cast: Cast) -> None:
    """What the undo archived comes back; what a person archived does not; and all of it can be undone again."""
    carry_out(marek, cast.northgate, CHANGING)
    undo(marek, cast)
    again = carry_out(marek, cast.northgate, CHANGING)
    assert (again.created, again.updated, again.unchanged, again.refused) == (0, 3, 0, 0)
    with system(cast.northgate.organization):
        assert Facility.objects.filter(external_code__in=["N1", "N2"], archived_at=None).count() == 2
    undo(marek, cast)
    with system(cast.northgate.organization):
        assert Facility.objects.filter(external_code__in=["N1", "N2"], archived_at=None).count() == 0
        assert Facility.objects.get(external_code="F1").city == "Leeds"


def test_only_the_last_one(marek: Client, cast: Cast) -> None:
    """An older one has to wait until the newer is undone."""
    first = carry_out(marek, cast.northgate, CHANGING)
    second = carry_out(marek, cast.northgate, "Name,External code\nNew Three,N3\n")
    assert "Only the last import can be undone" in marek.post(f"/import/{first.pk}/undo/").content.decode()
    undo(marek, cast)
    assert last_run(cast.northgate).pk == second.pk
    assert marek.post(f"/import/{first.pk}/undo/").status_code == 302
    with system(cast.northgate.organization):
        assert Facility.objects.filter(external_code__startswith="N", archived_at=None).count() == 0


def test_equipment_goes_back_to_its_place(marek: Client, cast: Cast) -> None:
    """Facility, area and type of old; the type that was made is archived."""
    run = carry_out(marek, cast.northgate, MACHINES, "equipment")
    with system(cast.northgate.organization):
        washer = Equipment.objects.get(external_code="E1")
        assert (washer.facility_id, washer.area_id) == (cast.northgate.annex.pk, None)
    assert run.new_types == ["Mixer"]
    undo(marek, cast)
    with system(cast.northgate.organization):
        washer.refresh_from_db()
        assert (washer.facility_id, washer.area_id) == (cast.northgate.hospital.pk, cast.northgate.ward.pk)
        assert Equipment.objects.get(external_code="E7").archived_at is not None
        assert EquipmentType.objects.get(name="Mixer").archived_at is not None
    again = carry_out(marek, cast.northgate, MACHINES, "equipment")
    assert again.refused == 0
    with system(cast.northgate.organization):
        assert EquipmentType.objects.get(name="Mixer").archived_at is None


def test_a_value_taken_meanwhile(marek: Client, cast: Cast) -> None:
    """The old serial number belongs to another machine by now: that row stays, the rest is undone."""
    carry_out(marek, cast.northgate, "External code,Serial number\nE1,SN-100\nE2,SN-200\n", "equipment")
    with member(cast.northgate.manager):
        other = Equipment.objects.create(
            name="Other", facility=cast.northgate.hospital, type=cast.northgate.kind, external_code="E9"
        )
        update_equipment(other, serial_number="SN-1")
    undo(marek, cast)
    with system(cast.northgate.organization):
        serials = dict(Equipment.objects.values_list("external_code", "serial_number"))
        assert serials == {"E1": "SN-100", "E2": "SN-2", "E9": "SN-1"}
        assert "taken" in ImportLine.objects.exclude(left_alone="").get().left_alone


def test_areas_inside_each_other(marek: Client, cast: Cast) -> None:
    """The inner ones go first, so none is in use; a renamed one takes those inside along."""
    text = "Facility,Name,Inside,External code\nF1,Block,,B\nF1,Floor,B,B1\nF1,Room,B1,B1R\nF1,Ward Seven,,A1\n"
    run = carry_out(marek, cast.northgate, text, "areas")
    assert (run.created, run.updated) == (3, 1)
    undo(marek, cast)
    assert last_run(cast.northgate).left_alone == 0
    with system(cast.northgate.organization):
        assert list(Area.objects.filter(archived_at=None).values_list("path", flat=True)) == ["Ward 7"]


def test_refused(tess: Client, marek: Client, cast: Cast) -> None:
    """Not for technicians; not before it is carried out."""
    run = preview(marek, cast.northgate)
    assert tess.get(f"/import/{run.pk}/undo/").status_code == 403
    assert tess.post(f"/import/{run.pk}/undo/").status_code == 403
    assert "was not carried out" in marek.get(f"/import/{run.pk}/undo/").content.decode()
