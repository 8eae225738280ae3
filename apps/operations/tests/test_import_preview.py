"""The preview: what happens to each row and why; carrying it out, all or nothing or the valid rows."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from apps.audit.models import AuditEvent
from apps.facilities.models import Facility
from apps.operations.models import ImportLine, ImportState, Outcome
from apps.operations.tests.helpers import carry_out, last_run, preview
from apps.tenants.scope import system
from tests.cast import Cast

MIXED = (
    "Name,External code,Town or city,Postcode,Email,Latitude,Longitude,Time zone\n"
    "Northgate General,F1,Leeds,,,,,\n"
    "Northgate General Annex,F2,Hull,,,,,\n"
    "New Clinic,N1,Leeds,LS2 2AA,new@clinic.uk,53.79,-1.54,Dublin\n"
    "Bad Clinic,N2,Leeds,LS2 2AB,not an address,93,,Mars\n"
)


def names(cast: Cast) -> dict[str, str]:
    """Return Northgate's facilities with their towns."""
    with system(cast.northgate.organization):
        return dict(Facility.objects.filter(archived_at=None).values_list("name", "city"))


def test_each_row_says_what_happens_and_why(marek: Client, cast: Cast) -> None:
    """Unchanged, update with before and after, create, error with every reason; nothing is written."""
    before = names(cast)
    run = preview(marek, cast.northgate, MIXED)
    assert (run.created, run.updated, run.unchanged, run.refused) == (1, 1, 1, 1)
    with system(cast.northgate.organization):
        lines = {line.line: line for line in ImportLine.objects.filter(run=run)}
    assert [lines[number].outcome for number in (2, 3, 4, 5)] == ["unchanged", "update", "create", "error"]
    assert lines[3].message == "Town or city: “York” → “Hull”."
    for words in (
        "Email: “not an address” is not an email address.",
        "Latitude: “93” is not a latitude",
        "Time zone: “Mars” is not a time zone",
    ):
        assert words in lines[5].message
    page = marek.get(f"/import/{run.pk}/").content.decode()
    assert "Town or city: “York” → “Hull”." in page
    assert "Only errors" in page
    only = marek.get(f"/import/{run.pk}/?outcome=error").content.decode()
    assert "Bad Clinic" in only
    assert "New Clinic" not in only
    assert names(cast) == before


def test_all_or_nothing(marek: Client, cast: Cast) -> None:
    """With one error nothing is written, the page says so, and the plan stays."""
    before = names(cast)
    run = preview(marek, cast.northgate, MIXED)
    response = marek.post(f"/import/{run.pk}/", {"mode": "all"})
    assert response.status_code == 200
    assert "Nothing was imported: 1 row has an error." in response.content.decode()
    assert names(cast) == before
    assert last_run(cast.northgate).state == ImportState.PLANNED
    assert default_storage.exists(run.stored)


def test_without_a_choice_nothing_happens(marek: Client, cast: Cast) -> None:
    """Rows with errors need a decision."""
    run = preview(marek, cast.northgate, MIXED)
    response = marek.post(f"/import/{run.pk}/", {})
    assert "Choose what happens to the rows with errors." in response.content.decode()
    assert "New Clinic" not in names(cast)


def test_valid_rows_only(marek: Client, cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    """The good rows are written, each with its audit event; the upload is deleted; the errors can be downloaded."""
    run = preview(marek, cast.northgate, MIXED)
    stored = run.stored
    with django_capture_on_commit_callbacks(execute=True):
        response = marek.post(f"/import/{run.pk}/", {"mode": "valid"})
    assert response["Location"] == f"/import/{run.pk}/result/"
    run = last_run(cast.northgate)
    assert (run.state, run.created, run.updated, run.unchanged, run.refused) == ("applied", 1, 1, 1, 1)
    assert run.stored == ""
    assert not default_storage.exists(stored)
    with system(cast.northgate.organization):
        clinic = Facility.objects.get(external_code="N1")
        assert (clinic.latitude, clinic.longitude, clinic.time_zone) == (53.79, -1.54, "Europe/Dublin")
        assert Facility.objects.get(external_code="F2").city == "Hull"
        assert Facility.objects.get(external_code="F1").time_zone == "Europe/London"
        actions = list(AuditEvent.objects.order_by("id").values_list("action", flat=True))
        assert AuditEvent.objects.filter(action="facility.create", object_id=clinic.pk, actor="Marek").count() == 1
    assert sorted(actions) == ["facility.create", "facility.update", "import.apply", "import.upload"]
    assert "Bad Clinic" not in names(cast)


def test_a_new_facility_has_the_organizations_time_zone(marek: Client, cast: Cast) -> None:
    """Unless a column says otherwise."""
    with system(cast.northgate.organization):
        type(cast.northgate.organization).objects.update(time_zone="Europe/Dublin")
    carry_out(marek, cast.northgate, "Name,External code\nPlain,P1\n")
    with system(cast.northgate.organization):
        assert Facility.objects.get(external_code="P1").time_zone == "Europe/Dublin"


def test_the_plan_is_made_afresh(marek: Client, cast: Cast) -> None:
    """Somebody changed things between preview and import: what is there now counts."""
    run = preview(marek, cast.northgate, "Name,External code,Town or city\nRenamed,F1,Hull\nAnother,F9,Hull\n")
    assert (run.created, run.updated) == (1, 1)
    with system(cast.northgate.organization):
        Facility.objects.filter(external_code="F1").update(name="Renamed", city="Hull")
        Facility.objects.create(name="Another", external_code="F9", city="Bath")
    marek.post(f"/import/{run.pk}/")
    run = last_run(cast.northgate)
    assert (run.state, run.created, run.updated, run.unchanged) == ("applied", 0, 1, 1)
    with system(cast.northgate.organization):
        assert Facility.objects.get(external_code="F9").city == "Hull"


def test_a_row_that_became_an_error_stops_all(marek: Client, cast: Cast) -> None:
    """It is in the new preview, and nothing was written."""
    run = preview(marek, cast.northgate, "Name,External code\nFresh,F8\nNorthgate General two,F1\n")
    assert run.refused == 0
    with system(cast.northgate.organization):
        from apps.facilities.actions import archive_facility

        archive_facility(Facility.objects.get(external_code="F1"))
    response = marek.post(f"/import/{run.pk}/")
    assert response.status_code == 200
    assert "is archived. Restore it first" in response.content.decode()
    run = last_run(cast.northgate)
    assert (run.state, run.refused) == ("planned", 1)
    assert "Fresh" not in names(cast)


def test_twice_the_same_button(marek: Client, cast: Cast) -> None:
    """The second time leads to the result; nothing is written twice."""
    run = preview(marek, cast.northgate)
    for _time in range(2):
        assert marek.post(f"/import/{run.pk}/")["Location"] == f"/import/{run.pk}/result/"
    with system(cast.northgate.organization):
        assert Facility.objects.filter(external_code="S1").count() == 1


def test_the_same_file_again_changes_nothing(marek: Client, cast: Cast) -> None:
    """With codes and without; the page offers nothing to import."""
    text = "Name,External code,Postcode\nCoded,C1,LS1 1AA\nPlain,,LS1 1AB\nPlain,,LS9 9ZZ\n"
    run = carry_out(marek, cast.northgate, text)
    assert run.created == 3
    again = preview(marek, cast.northgate, text)
    assert (again.created, again.updated, again.unchanged, again.refused) == (0, 0, 3, 0)
    assert "There is nothing to import" in marek.get(f"/import/{again.pk}/").content.decode()


def test_a_facility_added_by_hand_takes_its_code(marek: Client, cast: Cast) -> None:
    """Name and postcode agree and it has no code yet: no second one is made."""
    with system(cast.northgate.organization):
        Facility.objects.create(name="By hand", postcode="ls1 1aa")
    run = preview(marek, cast.northgate, "Name,External code,Postcode\nBy hand,H1,LS11AA\n")
    assert (run.created, run.updated) == (0, 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "Name,External code\nA,X1\nB,X1\n",
            {2: "Line 3 is about the same thing", 3: "Line 2 is about the same thing"},
        ),
        ("Name,Postcode\nA,LS1 1AA\nA,ls11aa\n", {2: "Line 3", 3: "Line 2"}),
        ("Name,External code\nA,1,2\nB,2\n", {2: "3 cells but the header has 2"}),
        (f"Name,External code\n{'A' * 201},1\n", {2: "Name: has 201 characters; at most 200 are allowed."}),
        (f"Name,External code\nA,{'1' * 65}\n", {2: "External code: has 65 characters"}),
        ("Name,Country\nA,Atlantis\n", {2: "write two letters"}),
        ("Name,Has gas\nA,perhaps\n", {2: "neither yes nor no"}),
        ("Name,Storeys\nA,40000\n", {2: "not a number of storeys"}),
        ("External code,Town or city\nZ9,Leeds\n", {2: "no column is chosen for “Name”"}),
        ("Name,External code\n,Z9\n", {2: "Name is empty; a new row needs it."}),
        ("Name,External code\nA\u202eB,Z9\n", {2: "invisible control character"}),
        ("Name,Functional risk category\nA,FR9\n", {2: "is not one of"}),
        ('Name,External code\n"A" x,1\nB,2\n', {2: "quotation mark"}),
    ],
)
def test_bad_rows(marek: Client, cast: Cast, text: str, words: dict[int, str]) -> None:
    """Each says why; the others are planned all the same."""
    run = preview(marek, cast.northgate, text)
    with system(cast.northgate.organization):
        errors = dict(ImportLine.objects.filter(run=run, outcome=Outcome.ERROR).values_list("line", "message"))
    assert errors.keys() == words.keys()
    for line, each in words.items():
        assert each in errors[line]


def test_two_with_codes_may_share_name_and_postcode(marek: Client, cast: Cast) -> None:
    """Codes tell them apart."""
    run = preview(marek, cast.northgate, "Name,External code,Postcode\nA,X1,LS1\nA,X2,LS1\n")
    assert (run.created, run.refused) == (2, 0)


def test_a_formula_is_text_and_goes_out_neutralised(marek: Client, cast: Cast) -> None:
    """Imported as it stands; in the list's CSV and in the error report it cannot run."""
    text = 'Name,External code,Email\n"=HYPERLINK(""http://x"")",X1,\n=1+1,X2,nowhere\n'
    run = carry_out(marek, cast.northgate, text, mode="valid")
    with system(cast.northgate.organization):
        assert Facility.objects.get(external_code="X1").name == '=HYPERLINK("http://x")'
    report = marek.get(f"/import/{run.pk}/errors.csv").getvalue().decode()
    assert "'=1+1,X2,nowhere,3,Email:" in report
    assert "\n=" not in report
    listed = marek.get("/facilities/export.csv").getvalue().decode()
    assert "'=HYPERLINK" in listed
    assert "\n=" not in listed


def test_both_organizations_may_have_the_same_codes(marek: Client, cast: Cast) -> None:
    """The other F1 is neither found nor touched."""
    with system(cast.southbank.organization):
        theirs = Facility.objects.create(name="Theirs", external_code="T1", city="Bath")
    run = carry_out(marek, cast.northgate, "Name,External code,Town or city\nOurs,T1,Leeds\n")
    assert run.created == 1
    with system(cast.southbank.organization):
        theirs.refresh_from_db()
        assert (theirs.name, theirs.city) == ("Theirs", "Bath")


def test_pages_of_rows(marek: Client, cast: Cast, django_assert_max_num_queries: Any) -> None:
    """Fifty a page, forwards and back, in few queries."""
    text = "Name,External code\n" + "".join(f"Clinic {n},K{n}\n" for n in range(120))
    run = preview(marek, cast.northgate, text)
    with django_assert_max_num_queries(14):
        page = marek.get(f"/import/{run.pk}/")
    assert (page.context["shown"], page.context["total"]) == (50, 120)
    second = marek.get(page.context["next_url"])
    assert second.context["rows"][0].name == "Clinic 50"
    third = marek.get(second.context["next_url"])
    assert (third.context["shown"], third.context["next_url"]) == (20, "")
    assert marek.get(third.context["previous_url"]).context["rows"][0].name == "Clinic 50"
    for query in ("?after=x", "?after=99999999999", "?outcome=nonsense", "?before=-1"):
        assert marek.get(f"/import/{run.pk}/{query}").status_code == 200


def test_discard(marek: Client, cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    """Nothing is imported, and the file goes."""
    run = preview(marek, cast.northgate)
    with django_capture_on_commit_callbacks(execute=True):
        assert marek.post(f"/import/{run.pk}/discard/")["Location"] == "/import/"
    assert not default_storage.exists(run.stored)
    assert "was discarded" in marek.get(f"/import/{run.pk}/result/").content.decode()
    assert marek.get(f"/import/{run.pk}/discard/").status_code == 405
    assert "discarded meanwhile" in marek.post(f"/import/{run.pk}/discard/", follow=True).content.decode()
