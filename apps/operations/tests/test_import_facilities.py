"""``manage.py import_facilities``: summary, errors with their lines, exit codes, twice the same file."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.audit.models import AuditEvent
from apps.facilities.models import Facility
from apps.operations.models import ImportRun
from apps.tenants.scope import system
from tests.cast import Cast

COLUMNS = (
    "OrganisationID¬OrganisationCode¬OrganisationType¬SubType¬Sector¬OrganisationStatus¬IsPimsManaged¬OrganisationName¬"
    "Address1¬Address2¬Address3¬City¬County¬Postcode¬Latitude¬Longitude¬"
    "ParentODSCode¬ParentName¬Phone¬Email¬Website¬Fax"
)


def published(rows: int) -> bytes:
    """Return an invented list in the shape in which the NHS publishes its own: cp1252, not signs, CRLF, gaps."""
    lines = [COLUMNS]
    for n in range(rows):
        name = "Saint Zoë’s – Hospital" if n % 3 else f"Hospital, “{n}”"
        longitude = "-3.0599999999999999E-2" if n % 5 == 0 else f"-1.{n:04}"
        lines.append(
            f"{n}¬Z{n:04}¬Hospital¬{'UNKNOWN' if n % 7 == 0 else 'Hospital'}¬NHS Sector¬Visible¬True¬{name}¬"
            f"{'' if n % 2 else 'The Lodge'}¬{n} High Road¬¬Upton¬Kent¬ZZ{n % 9} {n % 10}ZZ¬51.{n:012}¬{longitude}¬"
            f"ZZZ¬A Trust¬01632 {n:06}¬¬www.example.org¬"
        )
    return ("\r\n".join(lines) + "\r\n").encode("cp1252")


def run(path: Path, *options: str, slug: str = "northgate") -> tuple[int, str, str]:
    """Run the command; return exit code, output, errors."""
    out, err = StringIO(), StringIO()
    code = 0
    try:
        call_command("import_facilities", str(path), "--organization", slug, *options, stdout=out, stderr=err)
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    return code, out.getvalue(), err.getvalue()


@pytest.fixture
def hospitals(tmp_path: Path) -> Path:
    """Return a list of 1,231 hospitals."""
    path = tmp_path / "hospitals.csv"
    path.write_bytes(published(1_231))
    return path


def test_the_published_shape_twice(cast: Cast, hospitals: Path) -> None:
    """All are created, the second time nothing changes; floats, accents and joined address as published."""
    code, out, err = run(hospitals)
    assert (code, err) == (0, "")
    assert "1,231 created, 0 updated, 0 unchanged, 0 with errors" in out
    assert "not imported: OrganisationID, OrganisationType, Sector" in out
    with system(cast.northgate.organization):
        first = Facility.objects.get(external_code="Z0010")
        assert (first.name, first.address) == ("Saint Zoë’s – Hospital", "The Lodge, 10 High Road")
        assert (first.latitude, first.longitude) == (51.000000000010, -0.0306)
        assert AuditEvent.objects.filter(action="facility.create", role="system").count() == 1_231
    code, out, err = run(hospitals)
    assert (code, err) == (0, "")
    assert "0 created, 0 updated, 1,231 unchanged, 0 with errors" in out
    with system(cast.southbank.organization):
        assert Facility.objects.count() == 2


def test_dry_run(cast: Cast, hospitals: Path) -> None:
    """The same words, and nothing written."""
    code, out, _err = run(hospitals, "--dry-run")
    assert code == 0
    assert "Dry run, nothing was written:" in out
    assert "1,231 created" in out
    with system(cast.northgate.organization):
        assert Facility.objects.count() == 2
        assert not ImportRun.objects.exists()


def test_errors_stop_all_or_are_left_out(cast: Cast, tmp_path: Path) -> None:
    """Each error with its line on stderr, exit code 1 either way."""
    path = tmp_path / "list.csv"
    path.write_text("Name,External code,Email\nA,X1,\nB,X2,nowhere\nC,X3,also nowhere\n")
    code, out, err = run(path)
    assert code == 1
    assert "line 3 (B): Email: “nowhere” is not an email address." in err
    assert "line 4 (C)" in err
    assert "Nothing was imported" in out
    with system(cast.northgate.organization):
        assert Facility.objects.count() == 2
        assert not ImportRun.objects.exists()
    code, out, err = run(path, "--valid-only")
    assert code == 1
    assert "1 created, 0 updated, 0 unchanged, 2 with errors" in out
    with system(cast.northgate.organization):
        assert Facility.objects.filter(external_code="X1").exists()
        assert ImportRun.objects.get().state == "applied"


def test_options(cast: Cast, tmp_path: Path) -> None:
    """Other columns, delimiter and encoding."""
    path = tmp_path / "list.txt"
    path.write_bytes("Titel~Nr~Ort\nZürich~7~Leeds\n".encode("mac_roman"))
    code, out, _err = run(
        path, "--map", "name=Titel", "external_code=nr", "city=Ort", "--delimiter", "~", "--encoding", "mac_roman"
    )
    assert (code, "1 created" in out) == (0, True)
    with system(cast.northgate.organization):
        facility = Facility.objects.get(external_code="7")
        assert (facility.name, facility.city) == ("Zürich", "Leeds")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--map", "name=Nope"], "The file has no column “Nope”"),
        (["--map", "colour=Name"], "“colour” is not a field"),
        (["--map", "name"], "is not TARGET=COLUMN"),
        (["--map", "name=", "external_code="], "No column was recognized as name or external_code"),
        (["--delimiter", "::"], "one character"),
        (["--encoding", "utf-16"], "cannot be read as UTF-16"),
    ],
)
def test_bad_options(cast: Cast, tmp_path: Path, options: list[str], words: str) -> None:
    """Each is refused in words."""
    path = tmp_path / "list.csv"
    path.write_text("Name,External code\nA,X1\n")
    with pytest.raises(CommandError, match=words):
        run(path, *options)


def test_bad_files(cast: Cast, tmp_path: Path, settings: Any) -> None:
    """A missing, empty or too large file, and an unknown organization."""
    path = tmp_path / "list.csv"
    with pytest.raises(CommandError, match="cannot be read"):
        run(path)
    path.write_bytes(b"")
    with pytest.raises(CommandError, match="The file is empty"):
        run(path)
    path.write_text("Name,External code\nA,X1\n")
    with pytest.raises(CommandError, match="no organization"):
        run(path, slug="nobody")
    settings.MAX_IMPORT_BYTES = 10
    with pytest.raises(CommandError, match="larger than"):
        run(path)
