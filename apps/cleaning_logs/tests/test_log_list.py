"""The log book: filters, pages, CSV."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.test import Client

from apps.cleaning_logs.models import CleaningLog
from apps.tenants.scope import system
from tests.cast import NOW, Cast, House, new_uuid

pytestmark = pytest.mark.usefixtures("frozen")


def add(house: House, count: int = 1, **values: Any) -> list[CleaningLog]:
    """Log some more."""
    fields = {
        "facility": house.hospital,
        "equipment": house.washer,
        "task": "Deep clean",
        "subject_name": "Washer 1",
        "performed_at": NOW,
        "recorded_at": NOW,
        "performer_name": "Tess",
        "performed_by": house.technician,
        "via": "signed_in",
        **values,
    }
    with system(house.organization):
        return [CleaningLog.objects.create(uuid=new_uuid(), **fields) for _ in range(count)]


def rows(client: Client, query: str = "") -> list[CleaningLog]:
    """Return the rows on the page."""
    response = client.get(f"/logs/{query}")
    assert response.status_code == 200
    return list(response.context["rows"])


def test_newest_first_with_time_delay_and_result(tess: Client, northgate: House) -> None:
    """Each row says what, where, when on the site's clock, who, and how it ended."""
    late = add(northgate, performed_at=NOW - datetime.timedelta(hours=3), result="unsatisfactory")[0]
    assert [log.pk for log in rows(tess)] == [late.pk, northgate.log.pk]
    html = tess.get("/logs/").content.decode()
    assert "Wed 10 Jun 2026, 07:00" in html
    assert "Recorded 3 hours later" in html
    assert "Unsatisfactory" in html
    assert f'href="/logs/{late.pk}/"' in html


def test_filters(amara: Client, northgate: House) -> None:
    """Each alone and in the address; days are those of the organization's zone."""
    annex = add(northgate, facility=northgate.annex, equipment=northgate.trolley, subject_name="Trolley 2")[0]
    bad = add(northgate, result="unsatisfactory", performed_by=None, performer_name="Gus", via="name")[0]
    # 23:30 UTC on the 8th is 00:30 on the 9th in London.
    night = add(northgate, performed_at=datetime.datetime(2026, 6, 8, 23, 30, tzinfo=datetime.UTC))[0]
    cases = {
        f"?facility={northgate.annex.pk}": {annex.pk},
        f"?equipment={northgate.trolley.pk}": {annex.pk},
        f"?facility={northgate.annex.pk}&equipment={northgate.trolley.pk}": {annex.pk},
        f"?area={northgate.ward.pk}": {northgate.log.pk},
        f"?person={northgate.technician.pk}": {annex.pk, night.pk, northgate.log.pk},
        "?person=none": {bad.pk},
        "?result=unsatisfactory": {bad.pk},
        "?from=2026-06-10": {annex.pk, bad.pk},
        "?from=2026-06-09&to=2026-06-09": {night.pk},
        "?to=2026-06-08": {northgate.log.pk},
        "?q=gus": {bad.pk},
        "?q=trolley": {annex.pk},
        "?which=replaced": set(),
        "?from=yesterday&to=2026-02-30&result=x&sort=x&after=x": {annex.pk, bad.pk, night.pk, northgate.log.pk},
        "?from=0001-01-01&to=9999-12-31": {annex.pk, bad.pk, night.pk, northgate.log.pk},
    }
    for query, expected in cases.items():
        assert {log.pk for log in rows(amara, query)} == expected, query


def test_replaced_logs_are_marked_and_can_be_left_out(amara: Client, northgate: House) -> None:
    """Nothing disappears by itself."""
    newer = add(northgate, supersedes=northgate.log)[0]
    assert {log.pk for log in rows(amara)} == {newer.pk, northgate.log.pk}
    assert "Replaced" in amara.get("/logs/").content.decode()
    assert [log.pk for log in rows(amara, "?which=current")] == [newer.pk]
    assert [log.pk for log in rows(amara, "?which=replaced")] == [northgate.log.pk]


def test_pages(amara: Client, northgate: House) -> None:
    """Every log once, forwards and back."""
    add(northgate, 60)
    response = amara.get("/logs/")
    first = [log.pk for log in response.context["rows"]]
    second = [log.pk for log in rows(amara, response.context["next_url"].removeprefix("/logs/"))]
    assert (len(first), len(second)) == (50, 11)
    assert len({*first, *second}) == 61


def test_an_empty_page_teaches(amara: Client, northgate: House) -> None:
    """Nothing matches is not the same as nothing there."""
    assert "Nothing matches these filters" in amara.get("/logs/?q=nothing+like+this").content.decode()


def test_csv_is_what_is_shown(marek: Client, northgate: House) -> None:
    """With the same filters, the answers in words, and no live formula."""
    answers = [{"key": "temp", "kind": "number", "text": "Temperature", "unit": "°C", "answer": "64.5", "ok": True}]
    add(northgate, notes="=HYPERLINK(1)", answers=answers)
    add(northgate, facility=northgate.annex, equipment=northgate.trolley)
    response: Any = marek.get(f"/logs/export.csv?facility={northgate.hospital.pk}&from=2026-06-10")
    assert response["Content-Type"].startswith("text/csv")
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    lines = text.strip().splitlines()
    assert len(lines) == 2
    assert "2026-06-10T10:00+01:00" in lines[1]
    assert "Temperature: 64.5 °C" in lines[1]
    assert ",=HYPERLINK" not in text


def test_who_sees_what(rosa: Client, tess: Client, audrey: Client, anonymous: Client, cast: Cast) -> None:
    """A restricted member the own site only; never another organization; a technician no CSV; strangers sign in."""
    northgate = cast.northgate
    annex = add(northgate, facility=northgate.annex, equipment=northgate.trolley)[0]
    assert [log.pk for log in rows(rosa)] == [annex.pk]
    assert cast.southbank.log.pk not in {log.pk for log in rows(tess)}
    assert tess.get(f"/logs/?facility={cast.southbank.hospital.pk}").status_code == 404
    assert rosa.get(f"/logs/?equipment={northgate.washer.pk}").status_code == 404
    assert rosa.get(f"/logs/?area={northgate.ward.pk}").status_code == 404
    assert tess.get("/logs/export.csv").status_code == 403
    assert audrey.get("/logs/export.csv").status_code == 200
    assert anonymous.get("/logs/").status_code == 302
    assert tess.post("/logs/").status_code == 405


def test_queries(amara: Client, northgate: House, django_assert_num_queries: Any) -> None:
    """Pinned, and the same for one row and for fifty."""
    with django_assert_num_queries(LIST_QUERIES):
        amara.get("/logs/")
    add(northgate, 40)
    with django_assert_num_queries(LIST_QUERIES):
        amara.get("/logs/")


LIST_QUERIES = 17
