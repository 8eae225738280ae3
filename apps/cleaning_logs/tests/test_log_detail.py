"""One log with its evidence."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.cleaning_logs.models import CleaningLog
from apps.cleaning_logs.tests.helpers import form, log_url, photo
from apps.tenants.scope import system
from tests.cast import Cast, House

pytestmark = pytest.mark.usefixtures("frozen")


def logged(client: Client, house: House, **changes: Any) -> CleaningLog:
    """Log something through the form and return it."""
    assert client.post(log_url(house), form(**changes)).status_code == 302
    with system(house.organization):
        return CleaningLog.objects.order_by("-id")[0]


def test_everything_is_there(marek: Client, tess: Client, northgate: House) -> None:
    """Answers with limits, notes, photo, who, both times with the delay, the trail."""
    log = logged(tess, northgate, step_temp="55", notes="Seal worn", performed_at="2026-06-10T07:30", photos=[photo()])
    html = marek.get(f"/logs/{log.pk}/").content.decode()
    for words in (
        "<h1>Deep clean, Washer 1</h1>", "55 °C", "60 to 95 °C", "Not right", "Unsatisfactory", "Seal worn", "Left out",
        "Wed 10 Jun 2026, 07:30", "Recorded 2 hours later", "Wed 10 Jun 2026, 10:00", "Tess", "Signed in",
        "recorded this log", "/logs/photos/", f"/equipment/{northgate.washer.pk}/", northgate.label.code,
    ):  # fmt: skip
        assert words in html, words


def test_what_is_typed_is_never_markup(marek: Client, tess: Client, northgate: House) -> None:
    """Notes and answers are text."""
    log = logged(tess, northgate, notes="<script>alert(1)</script>", step_note="<img src=x>")
    html = marek.get(f"/logs/{log.pk}/").content.decode()
    assert "<script>alert" not in html
    assert "<img src=x>" not in html


def test_who_may_see_it(audrey: Client, tess: Client, rosa: Client, oscar: Client, cast: Cast) -> None:
    """Every role of the organization; the trail only for those who may; others 404."""
    url = f"/logs/{cast.northgate.log.pk}/"
    for client in (audrey, tess):
        assert client.get(url).status_code == 200
    assert "Audit trail" in audrey.get(url).content.decode()
    assert "Audit trail" not in tess.get(url).content.decode()
    assert "Correct this log" not in audrey.get(url).content.decode()
    assert "Correct this log" in tess.get(url).content.decode()
    assert rosa.get(url).status_code == 404
    assert oscar.get(url).status_code == 404
    assert tess.get(f"/logs/{cast.southbank.log.pk}/").status_code == 404
    for address in (f"/logs/{10**9}/", f"/logs/{10**30}/", f"/logs/{10**30}/supersede/", f"/logs/photos/{10**30}/"):
        assert tess.get(address).status_code == 404
    assert tess.post(url).status_code == 405


def test_queries(marek: Client, tess: Client, northgate: House, django_assert_num_queries: Any) -> None:
    """Pinned."""
    log = logged(tess, northgate, photos=[photo(), photo()])
    with django_assert_num_queries(DETAIL_QUERIES):
        marek.get(f"/logs/{log.pk}/")


DETAIL_QUERIES = 17
