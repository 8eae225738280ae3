"""The confirmation: what was saved, and the status as it is now."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.cleaning_logs.tests.helpers import allow_label_logging, form, log_url, photo, scan_url
from apps.equipment.models import Label
from apps.tenants.scope import system
from tests.cast import NOW, Cast, House, new_uuid

pytestmark = pytest.mark.usefixtures("frozen")


def test_it_confirms(tess: Client, northgate: House) -> None:
    """Task, subject, when, photos, the new status, the next step; a correction for the author."""
    html = tess.post(log_url(northgate), form(photos=[photo()]), follow=True).content.decode()
    assert "<h1>Saved</h1>" in html
    assert "Deep clean, Washer 1" in html
    assert "Wed 10 Jun 2026, 10:00" in html
    assert "is-green" in html
    assert "is-red" not in html
    assert "Correct this log" in html
    assert 'href="/q/"' in html


def test_a_guest_sees_the_own_log_and_no_more(anonymous: Client, northgate: House) -> None:
    """No correction, no way in."""
    allow_label_logging(northgate)
    html = anonymous.post(log_url(northgate), form(name="Gus"), follow=True).content.decode()
    assert "<h1>Saved</h1>" in html
    assert "Gus" in html
    assert "/logs/" not in html


def test_who_may_not(tess: Client, rosa: Client, oscar: Client, anonymous: Client, cast: Cast) -> None:
    """Outsiders 404, strangers sign in; an unknown id, another label's or another organization's log is 404."""
    northgate = cast.northgate
    url = tess.post(log_url(northgate), form())["Location"]
    assert tess.get(url).status_code == 200
    assert rosa.get(url).status_code == 404
    assert oscar.get(url).status_code == 404
    assert anonymous.get(url).status_code == 302
    with system(northgate.organization):
        other = Label.objects.create(facility=northgate.hospital, equipment=northgate.washer, claimed_at=NOW)
    for wrong in (
        f"{scan_url(northgate)}/done/{new_uuid()}/",
        f"{scan_url(northgate)}/done/{cast.southbank.log.uuid}/",
        url.replace(northgate.label.code, other.code),
    ):
        assert tess.get(wrong).status_code == 404
    assert tess.post(url).status_code == 405


def test_queries(tess: Client, northgate: House, django_assert_num_queries: Any) -> None:
    """Pinned."""
    url = tess.post(log_url(northgate), form())["Location"]
    with django_assert_num_queries(24):
        tess.get(url)
