"""What an import did: counts, the way to the list, the rows that were left out."""

from __future__ import annotations

from django.test import Client

from apps.operations.tests.helpers import carry_out, preview
from tests.cast import Cast


def test_counts_and_the_way_to_the_list(marek: Client, cast: Cast) -> None:
    """Two created; the list is one click away, the undo as well."""
    run = carry_out(marek, cast.northgate)
    response = marek.get(f"/import/{run.pk}/result/")
    page = response.content.decode()
    assert "South Clinic" in page
    assert 'href="/facilities/"' in page
    assert f'href="/import/{run.pk}/undo/"' in page
    for other in ("", "columns/"):
        assert marek.get(f"/import/{run.pk}/{other}")["Location"] == f"/import/{run.pk}/result/"


def test_rows_left_out(marek: Client, cast: Cast) -> None:
    """Each with its reason, and as a file to correct and import again."""
    run = carry_out(marek, cast.northgate, "Name,External code,Email\nA,A1,a@b.uk\nB,B1,b\n", mode="valid")
    page = marek.get(f"/import/{run.pk}/result/?outcome=error").content.decode()
    assert "is not an email address" in page
    report = marek.get(f"/import/{run.pk}/errors.csv").getvalue()
    corrected = report.decode().replace("B,B1,b,", "B,B1,b@b.uk,")
    again = carry_out(marek, cast.northgate, corrected)
    assert (again.created, again.refused) == (1, 0)


def test_not_carried_out_yet(marek: Client, cast: Cast) -> None:
    """The page says so and leads on."""
    run = preview(marek, cast.northgate)
    page = marek.get(f"/import/{run.pk}/result/").content.decode()
    assert "not carried out yet" in page
    assert f'href="/import/{run.pk}/"' in page


def test_refused(tess: Client, marek: Client, cast: Cast) -> None:
    """Not for technicians, and unknown numbers are unknown."""
    run = carry_out(marek, cast.northgate)
    assert tess.get(f"/import/{run.pk}/result/").status_code == 403
    assert marek.get("/import/999999999999999999999/result/").status_code == 404
