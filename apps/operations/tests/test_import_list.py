"""Earlier imports."""

from __future__ import annotations

from typing import Any

from django.test import Client

from apps.operations.tests.helpers import carry_out, preview
from tests.cast import Cast


def test_the_newest_first(marek: Client, cast: Cast, django_assert_max_num_queries: Any) -> None:
    """Each with its state and counts, whatever their number in few queries."""
    assert "No imports yet" in marek.get("/import/earlier/").content.decode()
    done = carry_out(marek, cast.northgate)
    waiting = preview(marek, cast.northgate, "Name,External code\nZ,Z1\n")
    with django_assert_max_num_queries(14):
        page = marek.get("/import/earlier/")
    assert [row.pk for row in page.context["rows"]] == [waiting.pk, done.pk]
    assert "Ready to import" in page.content.decode()
    assert "Imported" in page.content.decode()
    assert marek.get("/import/earlier/?before=x").status_code == 200


def test_only_ones_own(marek: Client, tess: Client, oscar: Client, cast: Cast, as_user: Any) -> None:
    """Another organization sees its own; technicians none."""
    carry_out(marek, cast.northgate)
    assert tess.get("/import/earlier/").status_code == 403
    assert oscar.get("/import/earlier/").status_code == 404
    other = as_user(cast.southbank.admin, "southbank.localhost")
    assert "list.csv" not in other.get("/import/earlier/").content.decode()
