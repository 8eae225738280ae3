"""One event, with every field before and after; and events on an object's own page."""

from __future__ import annotations

from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client

from apps.audit import actions as audit
from apps.audit.models import AuditEvent
from apps.audit.queries import events_of
from apps.facilities.models import FacilityAccess
from apps.tenants.models import Membership
from apps.tenants.scope import member, system
from tests.cast import NOW, Cast, make_user


@pytest.fixture
def event(cast: Cast, frozen: Any) -> AuditEvent:
    """Change the washer and return the event."""
    with member(cast.northgate.admin):
        washer = cast.northgate.washer
        audit.update(washer, {"notes": "<b>Leaks</b>", "maker": "Meiko"}, "equipment.edit", reason="Seen on the round")
        return AuditEvent.objects.get()


def test_before_and_after(event: AuditEvent, amara: Client, audrey: Client, django_assert_num_queries: Any) -> None:
    """Who, when in the organization's time, where from, why, and what."""
    with django_assert_num_queries(13):
        page = amara.get(f"/audit/{event.pk}/")
    text = page.content.decode()
    for words in (
        "Equipment: edited",
        "Amara",
        "Admin",
        "Wed 10 Jun 2026, 10:00",
        "Seen on the round",
        "Maker",
        "Meiko",
    ):
        assert words in text
    assert "&lt;b&gt;Leaks" in text
    assert "<b>Leaks" not in text
    assert f"/audit/?type=equipment.equipment&amp;object={event.object_id}" in text
    assert audrey.get(f"/audit/{event.pk}/").status_code == 200


def test_others_are_refused(
    event: AuditEvent, cast: Cast, tess: Client, oscar: Client, anonymous: Client, as_user: Any
) -> None:
    """Members without the right, outsiders on either host, visitors, and auditors of another facility."""
    url = f"/audit/{event.pk}/"
    assert [c.get(url).status_code for c in (tess, oscar, anonymous)] == [403, 404, 302]
    assert as_user(cast.southbank.admin, host="southbank.localhost").get(url).status_code == 404
    ava = make_user("ava@northgate.test", "Ava")
    with system(cast.northgate.organization):
        membership = Membership.objects.create(user=ava, role="auditor")
        FacilityAccess.objects.create(membership=membership, facility=cast.northgate.annex)
    assert as_user(membership).get(url).status_code == 404


def test_what_does_not_exist(amara: Client) -> None:
    """404, also for numbers no database holds."""
    for pk in (0, 10**30):
        assert amara.get(f"/audit/{pk}/").status_code == 404


def test_values_in_words(cast: Cast, amara: Client) -> None:
    """Choices, yes and no, instants, other rows, lists, gone fields and gone models."""
    with member(cast.northgate.admin):
        tess = Membership.objects.get(pk=cast.northgate.technician.pk)
        changes = {
            "role": ["technician", "manager"],
            "is_active": [True, False],
            "created_at": [None, NOW],
            "user": [None, 7],
            "facilities": [["A", "B"], None],
            "gone_field": "x" * 400,
        }
        audit.record("member.edit", tess, changes)
        event = AuditEvent.objects.get()
    text = amara.get(f"/audit/{event.pk}/").content.decode()
    for words in (
        "Technician",
        "Manager",
        "Yes",
        "No",
        "2026-06-10 09:00 UTC",
        "no. 7",
        "A, B",
        "Gone field",
        "x" * 299 + "…",
    ):
        assert words in text
    with system(cast.northgate.organization):
        gone = AuditEvent.objects.create(actor="x", role="ghost", action="odd", object_type="no.model", object_name="?")
    assert amara.get(f"/audit/{gone.pk}/").status_code == 200


def test_the_partial_for_an_objects_page(event: AuditEvent, cast: Cast, django_assert_num_queries: Any) -> None:
    """One query, the object's own events, newest first, escaped."""
    with member(cast.northgate.admin):
        audit.record("equipment.retire", cast.northgate.washer)
        audit.record("equipment.retire", cast.northgate.trolley)
        with django_assert_num_queries(1):
            text = render_to_string("audit/_events.html", {"events": events_of(cast.northgate.washer)})
        empty = render_to_string("audit/_events.html", {"events": events_of(cast.northgate.ward)})
    assert text.count("<li") == 4  # two events, of which one changed two fields
    assert text.index("retired") < text.index("edited")
    assert "<b>Amara</b>" in text
    assert "&lt;b&gt;Leaks" in text
    assert "Nothing has happened yet." in empty
