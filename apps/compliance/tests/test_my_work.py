"""My work: what I own and what nobody owns at my facilities, red first, by place."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.test import Client

from apps.cleaning_logs.models import CleaningLog
from apps.compliance import actions
from apps.tenants.models import Membership
from apps.tenants.scope import system
from tests.cast import NOW, House, new_uuid

pytestmark = pytest.mark.usefixtures("frozen")
WEEKLY = {"mode": "interval_after_completion", "interval": "P7D", "warn": ["P1D"]}
LONG = {"mode": "interval_after_completion", "interval": "P90D", "warn": ["P1D"]}


def duty(house: House, name: str, owner: Membership | None = None, done: int | None = None, **fields: Any) -> Any:
    """Add a duty on the trolley in the annex, done so many days ago."""
    with system(house.organization):
        fields.setdefault("equipment", house.trolley)
        spec = fields.pop("spec", WEEKLY)
        start = NOW - datetime.timedelta(days=20)
        made = actions.create_requirement(spec=spec, name=name, owner=owner, starts_at=start, **fields)
        if done is not None:
            actions.record_fact(made, performed_at=NOW - datetime.timedelta(days=done), by_name="Tess")
        return made


def page(client: Client, query: str = "") -> str:
    response = client.get(f"/work/{query}")
    assert response.status_code == 200
    return response.content.decode()


def test_it_works(tess: Client, northgate: House) -> None:
    html = page(tess)
    assert html.index("Yours to do") < html.index("Deep clean")
    assert "Northgate General, Ward 7" in html
    assert "Overdue by 2 days" in html
    assert f'href="/logs/new/{northgate.requirement.pk}/"' in html
    assert "You logged today" in html


def test_mine_and_nobodys_but_not_somebody_elses(tess: Client, northgate: House) -> None:
    duty(northgate, "Mine", northgate.technician)
    duty(northgate, "Nobody’s one")
    duty(northgate, "Of Marek", northgate.manager)
    html = page(tess)
    assert html.index("Mine") < html.index("Nobody’s one")
    assert "Of Marek" not in html


def test_red_stands_before_amber_and_places_follow(tess: Client, northgate: House) -> None:
    duty(northgate, "Amber one", northgate.technician, done=6)
    duty(northgate, "Red one", northgate.technician, done=9)
    duty(northgate, "Green one", northgate.technician, done=1, spec=LONG)
    response = tess.get("/work/")
    names = [[row.requirement.name for row in group.rows] for group in response.context["work"].mine.groups]
    assert sorted(names) == [["Deep clean"], ["Red one", "Amber one"]]
    assert [row.requirement.name for row in response.context["work"].coming] == ["Green one"]


def test_a_restricted_member_gets_their_facility_only(rosa: Client, northgate: House) -> None:
    duty(northgate, "In the annex")
    duty(northgate, "In the hospital", equipment=northgate.washer)
    html = page(rosa)
    assert "In the annex" in html
    assert "In the hospital" not in html
    assert "You own no requirement yet" in html


def test_an_auditor_may_look_but_gets_no_buttons(audrey: Client, northgate: House) -> None:
    duty(northgate, "Nobody’s one")
    html = page(audrey)
    assert "Nobody’s one" in html
    assert "/logs/new/" not in html
    assert "Assign" not in html


def test_an_outsider_finds_nothing_here(oscar: Client) -> None:
    assert oscar.get("/work/").status_code == 404


def test_a_visitor_is_sent_to_sign_in(anonymous: Client) -> None:
    assert anonymous.get("/work/")["Location"].startswith("/login/")


def test_the_past_has_no_buttons(tess: Client, northgate: House) -> None:
    html = page(tess, "?at=2026-06-09T12:00")
    assert "As of 9 June 2026" in html
    assert "Deep clean" in html
    assert "/logs/new/" not in html


def test_what_i_logged_today_is_shown_and_nobody_elses(tess: Client, northgate: House) -> None:
    made = [("Mopped by me", northgate.technician, 1), ("Mopped by Marek", northgate.manager, 1)]
    made += [("Mopped yesterday", northgate.technician, 15)]
    with system(northgate.organization):
        for task, who, hours in made:
            when = NOW - datetime.timedelta(hours=hours)
            CleaningLog.objects.create(
                uuid=new_uuid(), facility=northgate.hospital, task=task, subject_name="Ward", performed_at=when,
                recorded_at=when, performed_by=who, performer_name="X", via="signed_in",
            )  # fmt: skip
    html = page(tess)
    assert "Mopped by me" in html
    assert "Mopped by Marek" not in html
    assert "Mopped yesterday" not in html


def test_it_comes_first_for_technicians_only(tess: Client, marek: Client) -> None:
    urls = [item.url for item in tess.get("/work/").context["navigation"]]
    assert urls[0] == "/work/"
    assert [item.url for item in marek.get("/work/").context["navigation"]][:2] == ["/", "/work/"]


def test_more_than_fits_is_counted_and_linked(
    tess: Client, northgate: House, django_assert_max_num_queries: Any
) -> None:
    with system(northgate.organization):
        for number in range(70):
            actions.create_requirement(
                spec=WEEKLY,
                equipment=northgate.trolley,
                name=f"Duty {number}",
                starts_at=NOW - datetime.timedelta(days=9),
            )
    with django_assert_max_num_queries(26):
        html = page(tess)
    assert "Show 10 more" in html
    assert "/requirements/?owner=none" in html
    with django_assert_max_num_queries(26):
        page(tess)
