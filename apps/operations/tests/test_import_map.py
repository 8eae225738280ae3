"""Choosing columns: the guess, the choice, what is not imported, another encoding."""

from __future__ import annotations

from django.core.files.storage import default_storage
from django.test import Client

from apps.operations.models import ImportState
from apps.operations.tests.helpers import columns, last_run, start
from tests.cast import Cast

NHS = (
    "OrganisationID¬OrganisationCode¬SubType¬Sector¬OrganisationName¬Address1¬Address2¬Address3¬City¬County¬Postcode¬"
    "Latitude¬Longitude¬ParentName¬Phone¬Email¬Website¬Fax\r\n"
    "1¬ZZ1¬Hospital¬NHS Sector¬Café Hospital¬¬1 High Road¬Upton¬Leeds¬¬LS1 1AA¬51.5¬-3.06E-2¬A Trust¬0113¬a@b.uk¬¬\r\n"
).encode("cp1252")


def test_the_nhs_columns_are_guessed(marek: Client, cast: Cast) -> None:
    """Each select shows its guess with a sample; the rest is listed as not imported."""
    page = marek.get(start(marek, NHS)["Location"]).content.decode()
    assert last_run(cast.northgate).mapping == {
        "name": "OrganisationName",
        "external_code": "OrganisationCode",
        "kind": "SubType",
        "address": "Address1",
        "address_2": "Address2",
        "address_3": "Address3",
        "city": "City",
        "county": "County",
        "postcode": "Postcode",
        "latitude": "Latitude",
        "longitude": "Longitude",
        "phone": "Phone",
        "email": "Email",
        "website": "Website",
    }
    assert '<option value="OrganisationName" selected>OrganisationName (Café Hospital)</option>' in page
    not_imported = page.split("Not imported</h2>")[1]
    for column in ("OrganisationID", "Sector", "ParentName", "Fax"):
        assert f"<li>{column}" in not_imported
    assert "cp1252" in page


def test_another_choice_is_kept(marek: Client, cast: Cast) -> None:
    """The kind from another column; the file stays as it was."""
    start(marek, NHS)
    run = last_run(cast.northgate)
    response = columns(marek, run, kind="Sector", website="")
    assert response["Location"] == f"/import/{run.pk}/"
    run = last_run(cast.northgate)
    assert run.state == ImportState.PLANNED
    assert (run.mapping["kind"], run.mapping.get("website")) == ("Sector", None)
    assert "NHS Sector" not in marek.get(f"/import/{run.pk}/").content.decode()


def test_without_name_and_code_it_goes_no_further(marek: Client, cast: Cast) -> None:
    """Something must say what a row is; what was chosen stays chosen."""
    start(marek, NHS)
    run = last_run(cast.northgate)
    response = columns(marek, run, name="", external_code="", kind="Sector")
    page = response.content.decode()
    assert response.status_code == 200
    assert "Choose a column for “Name” or “External code”." in page
    assert '<option value="Sector" selected>' in page
    assert last_run(cast.northgate).state == ImportState.UPLOADED


def test_an_unknown_column(marek: Client, cast: Cast) -> None:
    """A column that the file has not is refused, and named."""
    start(marek, NHS)
    run = last_run(cast.northgate)
    page = columns(marek, run, city="Stadt").content.decode()
    assert "The file has no column “Stadt”." in page
    assert '<option value="OrganisationName" selected>' in page


def test_read_again(marek: Client, cast: Cast) -> None:
    """Another delimiter changes the columns; one that breaks the file is refused and the old reading stays."""
    start(marek, "Name;External code\nA,B;1\n")
    run = last_run(cast.northgate)
    assert run.columns == ["Name", "External code"]
    url = f"/import/{run.pk}/columns/"
    assert marek.post(url, {"reread": "1", "delimiter": ","}).status_code == 302
    assert last_run(cast.northgate).columns == ["Name;External code"]
    response = marek.post(url, {"reread": "1", "encoding": "utf-16", "delimiter": ""})
    assert response.status_code == 200
    assert "cannot be read as UTF-16" in response.content.decode()
    assert last_run(cast.northgate).columns == ["Name;External code"]


def test_the_file_is_gone(marek: Client, cast: Cast) -> None:
    """After a day the file has to be chosen again."""
    start(marek)
    run = last_run(cast.northgate)
    default_storage.delete(run.stored)
    response = columns(marek, run)
    assert response.status_code == 200
    assert "Choose it again." in response.content.decode()


def test_another_file_in_its_place(marek: Client, cast: Cast) -> None:
    """What was uploaded is what is imported, byte for byte."""
    start(marek)
    run = last_run(cast.northgate)
    with default_storage.open(run.stored, "wb") as file:
        file.write(b"Name,External code\nElse,X1\n")
    assert "not the one that was uploaded" in columns(marek, run).content.decode()


def test_another_organization(oscar: Client, marek: Client, tess: Client, cast: Cast, as_user: object) -> None:
    """Its import does not exist; a technician may not see ours."""
    start(marek)
    run = last_run(cast.northgate)
    stranger = Client(HTTP_HOST="southbank.localhost")
    stranger.force_login(cast.southbank.admin.user, "django.contrib.auth.backends.ModelBackend")
    for page in ("", "columns/", "result/", "errors.csv", "undo/"):
        assert stranger.get(f"/import/{run.pk}/{page}").status_code == 404
        assert oscar.get(f"/import/{run.pk}/{page}").status_code == 404
        assert tess.get(f"/import/{run.pk}/{page}").status_code == 403
    for page in ("", "columns/", "undo/", "discard/"):
        assert stranger.post(f"/import/{run.pk}/{page}", run.mapping).status_code == 404
    assert last_run(cast.northgate).state == ImportState.UPLOADED


def test_the_session_ended(anonymous: Client, marek: Client, cast: Cast) -> None:
    """The chosen columns travel through the login page."""
    start(marek)
    run = last_run(cast.northgate)
    response = columns(anonymous, run, city="Postcode")
    assert response.status_code == 401
    assert last_run(cast.northgate).state == ImportState.UPLOADED
