"""Equipment from a file, and ``manage.py import_equipment``."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from apps.equipment.models import Equipment, EquipmentType
from apps.facilities.models import Facility
from apps.operations.models import ImportLine, Outcome
from apps.operations.tests.helpers import carry_out, preview
from apps.tenants.scope import system
from tests.cast import Cast

HEAD = "Name,Asset number,Serial number,Site code,Room,Equipment type,Category,In use\n"
MACHINES = (
    f"{HEAD}Washer 1,E1,SN-1,F1,A1,bed pan washer,,\n"
    "Dryer,E10,SN-10,Northgate General,ward 7,Dryer,Cleaning,Out of service\n"
    "Mixer,,SN-11,F2,,dryer,,\n"
)


def test_by_code_and_by_serial_number(marek: Client, cast: Cast) -> None:
    """Types in any case of letters; a missing one is announced, made once; twice changes nothing."""
    run = preview(marek, cast.northgate, MACHINES, "equipment")
    assert (run.created, run.unchanged, run.refused, run.new_types) == (2, 1, 0, ["Dryer"])
    page = marek.get(f"/import/{run.pk}/").content.decode()
    assert "New type “Dryer”." in page
    assert "Equipment types that do not exist yet will be created:" in page
    with system(cast.northgate.organization):
        assert not EquipmentType.objects.filter(name="Dryer").exists()
    marek.post(f"/import/{run.pk}/")
    with system(cast.northgate.organization):
        dryer = Equipment.objects.select_related("area", "type").get(external_code="E10")
        assert (dryer.area_id, dryer.category, dryer.status) == (cast.northgate.ward.pk, "cleaning", "out_of_service")
        assert Equipment.objects.get(serial_number="SN-11").type_id == dryer.type_id
        assert EquipmentType.objects.filter(name="Dryer").count() == 1
    again = preview(marek, cast.northgate, MACHINES, "equipment")
    assert (again.created, again.updated, again.unchanged, again.refused) == (0, 0, 3, 0)


def test_moving_leaves_the_old_area(marek: Client, cast: Cast) -> None:
    """The preview says so too; an empty cell changes nothing."""
    run = preview(marek, cast.northgate, f"{HEAD},E1,,F2,,,,\n", "equipment")
    with system(cast.northgate.organization):
        message = ImportLine.objects.get(run=run).message
    assert "Facility: “Northgate General” → “Northgate General Annex”." in message
    marek.post(f"/import/{run.pk}/")
    with system(cast.northgate.organization):
        washer = Equipment.objects.get(external_code="E1")
        assert (washer.facility_id, washer.area_id, washer.name) == (cast.northgate.annex.pk, None, "Washer 1")


def test_a_machine_without_code_takes_one(marek: Client, cast: Cast) -> None:
    """The serial number says which it is."""
    with system(cast.northgate.organization):
        Equipment.objects.filter(external_code="E1").update(external_code="")
    carry_out(marek, cast.northgate, f"{HEAD},NEW1,SN-1,,,,,\n", "equipment")
    with system(cast.northgate.organization):
        assert Equipment.objects.get(serial_number="SN-1").external_code == "NEW1"


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("Mixer,,,F1,,Mixer,,", "neither an external code nor a serial number"),
        ("Mixer,E7,,F9,,Mixer,,", "neither the external code nor the exact name"),
        ("Mixer,E7,,,,Mixer,,", "Facility is empty; a new row needs it."),
        ("Mixer,E7,,F1,,,,", "Type is empty"),
        ("Mixer,E7,,F1,Attic,Mixer,,", "neither the code nor the path of an area of Northgate General"),
        ("Mixer,E7,,F2,A1,Mixer,,", "of an area of Northgate General Annex"),
        ("Mixer,E7,SN-1,F1,,Mixer,,", "belongs to the machine with the external code “E1”"),
        (",E1,SN-2,,,,,", "belongs to another machine"),
        ("A,E7,S7,F1,,M,,\nB,E7,S8,F1,,M,,", "Line 3 has the same external code or serial number"),
        ("A,E7,S7,F1,,M,,\nB,E8,S7,F1,,M,,", "Line 2 has the same external code or serial number"),
        ("Mixer,E7,,F1,,Mixer,Spaceship,", "is not one of"),
        ("Mixer,E7,,F1," + "," + "x" * 121 + ",,", "at most 120"),
    ],
)
def test_bad_rows(marek: Client, cast: Cast, rows: str, words: str) -> None:
    """Each says what to do; a type that only a bad row names is not made."""
    run = preview(marek, cast.northgate, f"{HEAD}{rows}\n", "equipment")
    with system(cast.northgate.organization):
        messages = list(ImportLine.objects.filter(run=run, outcome=Outcome.ERROR).values_list("message", flat=True))
    assert messages
    assert words in " ".join(messages)
    assert run.new_types == []


def test_two_facilities_of_one_name(marek: Client, cast: Cast) -> None:
    """The code has to be written."""
    with system(cast.northgate.organization):
        Facility.objects.create(name="Northgate General", external_code="F5")
    run = preview(marek, cast.northgate, f"{HEAD}Mixer,E7,,Northgate General,,Mixer,,\n", "equipment")
    assert run.refused == 1


def test_places_of_another_organization_do_not_exist(marek: Client, cast: Cast) -> None:
    """Neither their facility by name nor their codes are found, and the message does not tell."""
    with system(cast.southbank.organization):
        theirs = Facility.objects.create(name="Secret House", external_code="SEC")
        before = list(Equipment.objects.order_by("id").values_list("id", "serial_number", "facility_id"))
    run = preview(marek, cast.northgate, f"{HEAD}A,E7,,SEC,,M,,\nB,E8,,{theirs.name},,M,,\n", "equipment")
    assert run.refused == 2
    run = carry_out(marek, cast.northgate, f"{HEAD}Same code,E3,SN-3,F1,,Mixer,,\n", "equipment")
    assert run.created == 1
    with system(cast.southbank.organization):
        assert list(Equipment.objects.order_by("id").values_list("id", "serial_number", "facility_id")) == before


def test_queries_do_not_grow_with_the_rows(marek: Client, cast: Cast, django_assert_max_num_queries: Any) -> None:
    """A chunk costs the same few queries, whatever is in it."""
    text = HEAD + "".join(f"Machine {n},Q{n},S{n},F{1 + n % 2},,Type {n % 7},,\n" for n in range(400))
    run = preview(marek, cast.northgate, text, "equipment")
    with django_assert_max_num_queries(45):
        marek.post(f"/import/{run.pk}/")
    with system(cast.northgate.organization):
        assert Equipment.objects.count() == 402


def test_command(cast: Cast, tmp_path: Path) -> None:
    """The same through the shell."""
    path = tmp_path / "equipment.csv"
    path.write_text(MACHINES)
    out = StringIO()
    call_command("import_equipment", str(path), organization="northgate", stdout=out)
    assert "new types: Dryer" in out.getvalue()
    assert "2 created, 0 updated, 1 unchanged, 0 with errors" in out.getvalue()
