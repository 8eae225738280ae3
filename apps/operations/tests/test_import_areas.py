"""Areas from a file, and ``manage.py import_areas``."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from apps.facilities.models import Area
from apps.operations.models import ImportLine, Outcome
from apps.operations.tests.helpers import carry_out, preview
from apps.tenants.scope import system
from tests.cast import Cast

TREE = (
    "Facility,Name,Inside,External code,Kind\n"
    "F1,Main Building,,MB,building\n"
    "F1,Floor 1,MB,MB-1,floor\n"
    "Northgate General,Main Building>Floor 1 > Room 12,,,room\n"
    "F1,Room 13,Main Building > Floor 1,,room\n"
    "F2,Main Building,,MB,building\n"
)


def paths(cast: Cast) -> list[str]:
    """Return the areas of Northgate that are in use."""
    with system(cast.northgate.organization):
        live = Area.objects.filter(archived_at=None).order_by("facility__external_code", "path")
        return [f"{code}: {path}" for code, path in live.values_list("facility__external_code", "path")]


def test_a_tree(marek: Client, cast: Cast) -> None:
    """Parents by code or path, also in one file; one code in two facilities; twice changes nothing."""
    run = carry_out(marek, cast.northgate, TREE, "areas")
    assert run.created == 5
    assert paths(cast) == [
        "F1: Main Building",
        "F1: Main Building > Floor 1",
        "F1: Main Building > Floor 1 > Room 12",
        "F1: Main Building > Floor 1 > Room 13",
        "F1: Ward 7",
        "F2: Main Building",
    ]
    again = preview(marek, cast.northgate, TREE, "areas")
    assert (again.created, again.updated, again.unchanged, again.refused) == (0, 0, 5, 0)


def test_across_chunks(marek: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """A parent of an earlier chunk is known to the preview and to the import."""
    monkeypatch.setattr("apps.operations.importing.planning.in_chunks.__defaults__", (1,))
    run = preview(marek, cast.northgate, TREE, "areas")
    assert (run.created, run.refused) == (5, 0)
    marek.post(f"/import/{run.pk}/")
    assert len(paths(cast)) == 6


def test_moving_by_code(marek: Client, cast: Cast) -> None:
    """A row with a code moves and renames its area, and what is inside goes along."""
    carry_out(marek, cast.northgate, TREE, "areas")
    carry_out(marek, cast.northgate, "Facility,Name,Inside,External code\nF1,First Floor,Ward 7,MB-1\n", "areas")
    assert "F1: Ward 7 > First Floor > Room 12" in paths(cast)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("F9,Room,,", "neither the external code nor the exact name"),
        ("F1,Room,Nowhere,", "Put its row above this one"),
        ("F1,,,NEW", "Name is empty"),
        (",Room,,", "Facility is empty"),
        ("F1,Ward 7,,OTHER", "is there already with the external code “A1”"),
        ("F1,Ward 7,Ward 7,A1", "cannot be inside itself"),
        ("F1,A > B,Ward 7,", "is not an area of"),
        ("F1," + "x" * 201 + ",,", "at most 200"),
        ("F1,Room,,R1\nF1,Other,,R1", "Line 3 is about the same thing"),
        ("F1,Room,,\nNorthgate General,room,,", "another area “room”"),
    ],
)
def test_bad_rows(marek: Client, cast: Cast, rows: str, words: str) -> None:
    """Each says what to do."""
    run = preview(marek, cast.northgate, f"Facility,Name,Inside,External code\n{rows}\n", "areas")
    with system(cast.northgate.organization):
        messages = list(ImportLine.objects.filter(run=run, outcome=Outcome.ERROR).values_list("message", flat=True))
    assert messages
    assert words in " ".join(messages)


def test_too_deep(marek: Client, cast: Cast) -> None:
    """Eight levels at most."""
    rows = "".join(f"F1,{' > '.join(f'L{i}' for i in range(depth + 1))}\n" for depth in range(9))
    run = preview(marek, cast.northgate, f"Facility,Name\n{rows}", "areas")
    assert (run.created, run.refused) == (8, 1)


def test_command(cast: Cast, tmp_path: Path) -> None:
    """The same through the shell."""
    path = tmp_path / "areas.csv"
    path.write_text(TREE)
    out = StringIO()
    call_command("import_areas", str(path), organization="northgate", stdout=out)
    assert "5 created, 0 updated, 0 unchanged, 0 with errors" in out.getvalue()
    call_command("import_areas", str(path), organization="northgate", stdout=out)
    assert "0 created, 0 updated, 5 unchanged, 0 with errors" in out.getvalue()
