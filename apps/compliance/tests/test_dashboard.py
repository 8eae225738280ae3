"""The dashboard: red first, with the reason, the owner and the next step."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.compliance import actions
from apps.tenants.scope import system
from tests.cast import NOW, House

pytestmark = pytest.mark.usefixtures("frozen")


def test_it_works(marek: Client, northgate: House) -> None:
    response = marek.get("/")
    assert response.status_code == 200
    html = response.content.decode()
    assert "Deep clean" in html
    assert "Overdue by 2 days, was due Mon 8 Jun" in html
    assert "Washer 1" in html
    assert "Tess" in html
    counts = response.context["counts"]
    assert (counts.red, counts.amber, counts.green) == (1, 0, 0)


def test_red_stands_before_amber_and_green_is_left_out(marek: Client, northgate: House) -> None:
    with system(northgate.organization):
        soon = {"mode": "interval_after_completion", "interval": "P1D", "warn": ["P2D"]}
        late = {"mode": "interval_after_completion", "interval": "P90D", "warn": ["P1D"]}
        for name, spec in (("Amber one", soon), ("Green one", late)):
            made = actions.create_requirement(spec=spec, equipment=northgate.trolley, name=name, starts_at=NOW)
            actions.record_fact(made, performed_at=NOW, by_name="Tess")
    html = marek.get("/").content.decode()
    assert html.index("Deep clean") < html.index("Amber one")
    assert "Green one" not in html


def test_a_restricted_member_sees_their_facility_only(rosa: Client) -> None:
    response = rosa.get("/")
    assert response.status_code == 200
    assert "Deep clean" not in response.content.decode()
    assert response.context["counts"].total == 0


def test_an_outsider_finds_nothing_here(oscar: Client) -> None:
    assert oscar.get("/").status_code == 404


def test_a_visitor_is_sent_to_sign_in(anonymous: Client) -> None:
    response = anonymous.get("/")
    assert response.status_code == 302
    assert response["Location"].startswith("/login/")


def test_an_empty_organization_is_shown_the_first_step(marek: Client, northgate: House) -> None:
    with system(northgate.organization):
        actions.archive_requirement(northgate.requirement)
    assert "Nothing is required yet" in marek.get("/").content.decode()


def test_queries_do_not_grow_with_rows(marek: Client, northgate: House, django_assert_max_num_queries: Any) -> None:
    with system(northgate.organization):
        for number in range(12):
            actions.create_requirement(
                spec={"mode": "interval_after_completion", "interval": "P7D"},
                equipment=northgate.washer,
                name=f"Duty {number}",
                starts_at=NOW,
            )
    with django_assert_max_num_queries(24):
        marek.get("/")


def test_counts_by_facility_category_and_owner(marek: Client, northgate: House) -> None:
    names = {
        by: [row["name"] for row in marek.get(f"/?by={by}").context["groups"]]
        for by in ("facility", "category", "owner")
    }
    assert names == {"facility": ["Northgate General"], "category": ["Cleaning"], "owner": ["Tess"]}
    row = marek.get("/?by=owner").context["groups"][0]
    assert "Deep clean" in marek.get(row["red_url"]).content.decode()
    assert marek.get("/?by=nonsense").context["groups"][0]["name"] == "Northgate General"
