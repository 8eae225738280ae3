"""Corrective actions: opening, assigning, fixing, closing by somebody else, reopening, and as of a past moment."""

from __future__ import annotations

import datetime
import io
import itertools
import uuid
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from PIL import Image

from apps.audit.models import AuditEvent
from apps.compliance.corrective import actions, queries
from apps.compliance.corrective.models import CorrectiveAction, CorrectiveEvent, CorrectivePhoto
from apps.compliance.corrective.state import deadline_for, standing, status
from apps.compliance.moment import Moment
from apps.tenants.scope import member, system
from tests.cast import NOW, House

pytestmark = pytest.mark.usefixtures("frozen")
DAY = datetime.timedelta(days=1)


def photo() -> SimpleUploadedFile:
    """Return a small real JPEG."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(buffer, "JPEG")
    return SimpleUploadedFile("seal.jpg", buffer.getvalue(), "image/jpeg")


def reported(house: House, **more: Any) -> CorrectiveAction:
    """Open an action as the admin does."""
    with member(house.admin):
        values = {"subject": house.washer, "title": "Drum leaks", "severity": "high", "owner": house.technician, **more}
        return actions.open_action(by=house.admin, **values)[0]


def test_severity_decides_the_deadline_at_the_end_of_the_local_day(northgate: House) -> None:
    from zoneinfo import ZoneInfo

    london = ZoneInfo("Europe/London")
    late = datetime.datetime(2026, 6, 10, 23, 30, tzinfo=datetime.UTC)  # already the 11th in London
    found = {s: deadline_for(s, late, london).astimezone(london) for s in ("critical", "high", "medium", "low")}
    assert {s: (d.month, d.day, d.hour) for s, d in found.items()} == {
        "critical": (6, 13, 0),
        "high": (6, 19, 0),
        "medium": (7, 10, 0),
        "low": (9, 10, 0),
    }


def test_a_technician_reports_a_problem_and_cannot_assign(tess: Client, northgate: House) -> None:
    url = f"/corrective/new/?equipment={northgate.washer.pk}"
    html = tess.get(url).content.decode()
    assert "What is wrong" in html
    assert 'name="owner"' not in html
    sent = {"title": "Hinge broken", "severity": "critical", "uuid": str(uuid.uuid4()), "owner": northgate.admin.pk}
    first, again = tess.post(url, sent), tess.post(url, sent)
    with system(northgate.organization):
        made = CorrectiveAction.objects.get()
        assert (made.title, made.severity, made.owner_id, made.state) == ("Hinge broken", "critical", None, "open")
        assert made.equipment_id == northgate.washer.pk
        assert made.deadline == datetime.datetime(2026, 6, 11, 23, 0, tzinfo=datetime.UTC)
        assert AuditEvent.objects.filter(action="corrective.open", object_id=made.pk, actor="Tess").count() == 1
    assert first["Location"] == again["Location"] == f"/corrective/{made.pk}/"
    assert tess.get(f"/corrective/{made.pk}/edit/").status_code == 403
    assert tess.post(f"/corrective/{made.pk}/close/", {}).status_code == 403


def test_bad_input_keeps_what_was_typed(tess: Client, northgate: House) -> None:
    response = tess.post(
        f"/corrective/new/?area={northgate.ward.pk}", {"title": "", "severity": "worst", "description": "Drip"}
    )
    assert response.status_code == 400
    assert "Drip" in response.content.decode()


@pytest.mark.parametrize("who", ["audrey", "anonymous", "oscar"])
def test_who_may_not_report(who: str, northgate: House, request: Any) -> None:
    client = request.getfixturevalue(who)
    response = client.post(f"/corrective/new/?facility={northgate.hospital.pk}", {"title": "X", "severity": "low"})
    assert response.status_code in (302, 401, 403, 404)
    with system(northgate.organization):
        assert not CorrectiveAction.objects.exists()


def test_its_owner_fixes_it_and_somebody_else_closes_it(
    tess: Client, marek: Client, amara: Client, northgate: House
) -> None:
    action = reported(northgate)
    page = f"/corrective/{action.pk}/"
    assert "Mark as fixed" in tess.get(page).content.decode()
    sent = {"note": "New seal", "photos": [photo()], "fixed_at": ""}
    assert tess.post(f"{page}fix/", sent)["Location"] == page
    html = tess.get(page).content.decode()
    assert "Fixed, not checked yet" in html
    assert "New seal" in html
    with system(northgate.organization):
        stored = CorrectivePhoto.objects.get()
    image = audrey_bytes(amara, f"/corrective/photos/{stored.pk}/")
    assert image[:2] == b"\xff\xd8"
    assert marek.post(f"{page}close/", {"note": "Dry"})["Location"] == page
    assert "Closed" in tess.get(page).content.decode()
    assert marek.post(f"{page}fix/", {"note": "again"}).status_code == 400
    response = marek.post(f"{page}reopen/", {"reason": "Leaks again", "deadline": "2026-06-20"})
    assert response["Location"] == page
    with system(northgate.organization):
        stored_action = CorrectiveAction.objects.get()
        assert (stored_action.state, stored_action.fixed_by_id, stored_action.closed_by_id) == ("open", None, None)
        assert stored_action.deadline == datetime.datetime(2026, 6, 20, 23, 0, tzinfo=datetime.UTC)
        kinds = list(CorrectiveEvent.objects.order_by("id").values_list("kind", flat=True))
        assert kinds == ["opened", "fixed", "closed", "reopened"]
        trail = set(AuditEvent.objects.filter(object_id=action.pk).values_list("action", flat=True))
        assert {"corrective.open", "corrective.fixed", "corrective.closed", "corrective.reopened"} <= trail


def audrey_bytes(client: Client, url: str) -> bytes:
    """Return the body of a streamed file."""
    return b"".join(client.get(url).streaming_content)  # type: ignore[attr-defined]


def test_who_fixed_it_cannot_close_it(marek: Client, northgate: House) -> None:
    action = reported(northgate)
    assert marek.post(f"/corrective/{action.pk}/fix/", {"note": "Done"}).status_code == 302
    response = marek.post(f"/corrective/{action.pk}/close/", {})
    assert response.status_code == 400
    assert "Somebody else than who fixed it" in response.content.decode()
    assert "somebody else must check" in marek.get(f"/corrective/{action.pk}/").content.decode()
    with system(northgate.organization), pytest.raises(IntegrityError), transaction.atomic():
        CorrectiveAction.objects.filter(pk=action.pk).update(closed_by=northgate.manager)


def test_a_technician_fixes_only_what_is_theirs(tess: Client, northgate: House) -> None:
    action = reported(northgate, owner=northgate.manager)
    assert tess.get(f"/corrective/{action.pk}/fix/").status_code == 403
    assert tess.post(f"/corrective/{action.pk}/fix/", {"note": "x"}).status_code == 403


def test_only_open_ones_are_fixed_only_fixed_ones_closed(northgate: House) -> None:
    action = reported(northgate)
    with member(northgate.manager):
        with pytest.raises(ValidationError):
            actions.close_action(action)
        with pytest.raises(ValidationError):
            actions.reopen_action(action, reason="why")
        for at in (NOW + DAY, NOW - DAY):
            with pytest.raises(ValidationError):
                actions.fix_action(action, note="early", at=at)
        with pytest.raises(ValidationError):
            actions.fix_action(action, note=" ")
        actions.fix_action(action, note="ok")
        with pytest.raises(ValidationError):
            actions.reopen_action(action, reason=" ")
    with member(northgate.admin):
        actions.close_action(action)
        with pytest.raises(ValidationError):
            actions.edit_action(action, severity="low")
    with member(northgate.auditor), pytest.raises(PermissionDenied):
        actions.open_action(subject=northgate.washer, title="x")


def test_edit_changes_owner_severity_and_deadline_each_with_a_fact(marek: Client, northgate: House) -> None:
    action = reported(northgate)
    url = f"/corrective/{action.pk}/edit/"
    assert 'value="2026-06-17"' in marek.get(url).content.decode()
    sent = {
        "title": "Drum leaks badly",
        "description": "",
        "severity": "critical",
        "owner": "",
        "deadline": "2026-06-17",
    }
    assert marek.post(url, sent).status_code == 302
    with system(northgate.organization):
        stored = CorrectiveAction.objects.get()
        assert (stored.title, stored.severity, stored.owner_id) == ("Drum leaks badly", "critical", None)
        assert stored.deadline == datetime.datetime(2026, 6, 11, 23, 0, tzinfo=datetime.UTC)
        kinds = list(CorrectiveEvent.objects.order_by("id").values_list("kind", flat=True))
        assert kinds == ["opened", "edited", "edited", "deadline", "assigned"]
    assert marek.post(url, {**sent, "deadline": "2026-06-01"}).status_code == 400
    assert marek.post(url, {**sent, "deadline": "2026-06-30"}).status_code == 302
    with system(northgate.organization):
        assert CorrectiveAction.objects.get().deadline == datetime.datetime(2026, 6, 30, 23, 0, tzinfo=datetime.UTC)


def test_an_owner_must_see_the_facility(marek: Client, northgate: House, southbank: House) -> None:
    action = reported(northgate)
    for who in (northgate.restricted, northgate.auditor, southbank.manager):
        sent = {"title": "t", "severity": "high", "owner": who.pk}
        assert marek.post(f"/corrective/{action.pk}/edit/", sent).status_code == 400
    with member(northgate.manager), pytest.raises(ValidationError):
        actions.open_action(subject=northgate.washer, title="x", owner=northgate.restricted)


def test_facts_cannot_be_rewritten(northgate: House) -> None:
    reported(northgate)
    with system(northgate.organization), pytest.raises(DatabaseError), transaction.atomic():
        CorrectiveEvent.objects.update(note="forged")


def test_other_organizations_and_restricted_members_find_nothing(
    oscar: Client, rosa: Client, southbank: House, marek: Client, northgate: House
) -> None:
    action, foreign = reported(northgate), reported(southbank)
    for path in ("", "edit/", "fix/", "close/", "reopen/"):
        assert marek.get(f"/corrective/{foreign.pk}/{path}").status_code == 404
        assert rosa.get(f"/corrective/{action.pk}/{path}").status_code in (403, 404)
    assert rosa.get(f"/corrective/{action.pk}/").status_code == 404
    assert rosa.get(f"/corrective/{action.pk}/fix/").status_code == 404
    assert oscar.get(f"/corrective/{action.pk}/").status_code == 404
    assert marek.get(f"/corrective/new/?equipment={southbank.washer.pk}").status_code == 404
    assert "Drum leaks" not in rosa.get("/corrective/").content.decode()
    assert marek.get(f"/corrective/?owner={southbank.manager.pk}").status_code == 404


def test_opening_for_the_same_step_is_idempotent(in_northgate: House) -> None:
    values = {
        "subject": in_northgate.washer,
        "requirement": in_northgate.requirement,
        "completion": in_northgate.completion,
        "step": "temp",
        "title": "Too cold",
        "severity": "high",
        "by": in_northgate.admin,
    }
    first, new = actions.open_action(**values)  # type: ignore[arg-type]
    again, new_again = actions.open_action(**values)  # type: ignore[arg-type]
    assert (first.pk, new, new_again) == (again.pk, True, False)
    other, other_new = actions.open_action(**{**values, "step": "rinse"})  # type: ignore[arg-type]
    assert other_new
    assert other.pk != first.pk


# --- Status, pure and as of a past moment ---


def test_colours_and_words() -> None:
    from zoneinfo import ZoneInfo

    london = ZoneInfo("Europe/London")
    deadline = datetime.datetime(2026, 6, 12, 23, 0, tzinfo=datetime.UTC)
    at = {"before": NOW, "at": deadline, "after": deadline + DAY}
    assert status("open", deadline, at["before"], london).colour == "amber"
    assert status("open", deadline, at["before"], london).words == "Due in 2 days, Fri 12 Jun"
    assert status("open", deadline, at["at"], london).colour == "amber"
    assert status("open", deadline, at["after"], london).colour == "red"
    assert status("open", deadline, at["after"], london).words == "Overdue by 2 days, was due Fri 12 Jun"
    assert status("fixed", deadline, at["before"], london).colour == "amber"
    assert status("fixed", deadline, at["after"], london).colour == "red"
    assert "not checked yet" in status("fixed", deadline, at["after"], london).words
    assert status("closed", deadline, at["after"], london).colour == "green"


def live_through(house: House, clock: time_machine.Traveller) -> CorrectiveAction:
    """Open on day 0, fix on day 2 (told on day 3), close on day 12, reopen on day 13."""
    action = reported(house)
    clock.move_to(NOW + 3 * DAY)
    with member(house.technician):
        actions.fix_action(action, note="Seal", at=NOW + 2 * DAY)
    clock.move_to(NOW + 12 * DAY)
    with member(house.manager):
        actions.close_action(action)
    clock.move_to(NOW + 13 * DAY)
    with member(house.admin):
        actions.reopen_action(action, reason="Leaks", deadline=NOW + 20 * DAY)
    return action


def test_as_of_any_moment_and_as_known_then(frozen: time_machine.Traveller, northgate: House) -> None:
    action = live_through(northgate, frozen)
    hour = datetime.timedelta(hours=1)
    expected = {
        (1 * DAY, None): ("open", "amber"),
        (2 * DAY + hour, None): ("fixed", "amber"),
        (2 * DAY + hour, 2 * DAY + hour): ("open", "amber"),
        (9 * DAY, None): ("fixed", "red"),
        (12 * DAY + hour, None): ("closed", "green"),
        (12 * DAY + hour, 12 * DAY - hour): ("fixed", "red"),
        (13 * DAY, None): ("open", "amber"),
    }
    with system(northgate.organization):
        for (at, known_at), (state, colour) in expected.items():
            moment = Moment(NOW + at, NOW + known_at if known_at is not None else None, is_now=False)
            row = queries.actions_at(moment).get()
            assert (row.then_state, row.colour) == (state, colour), (at, known_at)
            pure = standing(action.events.all(), moment.at, moment.known_at)
            assert pure is not None
            assert (pure.state, pure.deadline, pure.severity, pure.owner_id) == (
                row.then_state,
                row.then_deadline,
                row.then_severity,
                row.then_owner_id,
            )
        assert not queries.actions_at(Moment(NOW - DAY, is_now=False)).exists()


def test_the_row_is_the_projection_of_its_events_in_any_order(frozen: time_machine.Traveller, northgate: House) -> None:
    action = live_through(northgate, frozen)
    with system(northgate.organization):
        stored, events = CorrectiveAction.objects.get(), list(action.events.all())
        for order in itertools.permutations(events):
            found = standing(order)
            assert found is not None
            assert (found.state, found.deadline, found.owner_id, found.fixed_by_id, found.closed_by_id) == (
                stored.state,
                stored.deadline,
                stored.owner_id,
                stored.fixed_by_id,
                stored.closed_by_id,
            )
        assert standing([]) is None
        assert standing(events[1:]) is None


def test_the_pages_of_a_past_moment(frozen: time_machine.Traveller, as_user: Any, northgate: House) -> None:
    action = live_through(northgate, frozen)
    marek = as_user(northgate.manager)
    html = marek.get(f"/corrective/{action.pk}/?at=2026-06-11").content.decode()
    assert "As of" in html
    assert "Seal" not in html
    assert f"/corrective/{action.pk}/fix/" not in html
    assert marek.get(f"/corrective/{action.pk}/?at=2026-06-01").status_code == 404
    html = marek.get("/corrective/?at=2026-06-12T12:00&known_at=2026-06-12T12:00").content.decode()
    assert "Drum leaks" in html
    assert "not checked yet. Due" not in html
    assert "not checked yet. Due" in marek.get("/corrective/?at=2026-06-12T12:00").content.decode()
    assert "Drum leaks" not in marek.get("/corrective/?at=2026-06-22T18:00").content.decode()
    assert "Drum leaks" in marek.get("/corrective/?at=2026-06-22T18:00&state=closed").content.decode()


# --- Lists and panels ---


def test_list_is_red_first_with_filters_and_csv(frozen: time_machine.Traveller, as_user: Any, northgate: House) -> None:
    reported(northgate, title="Late one", severity="critical")
    reported(northgate, title="Later one", severity="low", owner=None, subject=northgate.annex)
    frozen.move_to(NOW + 3 * DAY)
    marek, tess = as_user(northgate.manager), as_user(northgate.technician)
    html = marek.get("/corrective/").content.decode()
    assert html.index("Late one") < html.index("Later one")
    assert "Overdue by 2 days" in html
    assert "Later one" not in marek.get("/corrective/?status=red").content.decode()
    assert "Later one" not in marek.get(f"/corrective/?facility={northgate.hospital.pk}").content.decode()
    assert "Late one" not in marek.get("/corrective/?owner=none").content.decode()
    assert "Late one" not in marek.get("/corrective/?severity=low").content.decode()
    assert "Late one" not in marek.get("/corrective/?state=closed").content.decode()
    body = b"".join(marek.get("/corrective/csv/?status=red").streaming_content).decode("utf-8-sig")
    assert "Late one" in body
    assert len(body.strip().splitlines()) == 2
    assert tess.get("/corrective/csv/").status_code == 403
    assert "Check and close" not in tess.get("/corrective/").content.decode()


def test_list_and_detail_cost_the_same_for_more_rows(
    marek: Client, northgate: House, django_assert_num_queries: Any
) -> None:
    action = reported(northgate)
    marek.get("/corrective/")
    with django_assert_num_queries(LIST_QUERIES):
        marek.get("/corrective/")
    for number in range(5):
        reported(northgate, title=f"No. {number}")
    with django_assert_num_queries(LIST_QUERIES):
        marek.get("/corrective/")
    with django_assert_num_queries(DETAIL_QUERIES):
        marek.get(f"/corrective/{action.pk}/")


LIST_QUERIES, DETAIL_QUERIES = 16, 16


def test_pages_of_places_requirement_and_dashboard_show_it(
    frozen: time_machine.Traveller, as_user: Any, northgate: House
) -> None:
    reported(northgate, requirement=northgate.requirement)
    reported(northgate, title="Ceiling stained", subject=northgate.ward)
    frozen.move_to(NOW + 9 * DAY)
    marek, rosa = as_user(northgate.manager), as_user(northgate.restricted)
    for url in (
        f"/equipment/{northgate.washer.pk}/",
        f"/requirements/{northgate.requirement.pk}/",
        f"/facilities/{northgate.hospital.pk}/",
        "/",
    ):
        html = marek.get(url).content.decode()
        assert "Drum leaks" in html, url
        assert "Overdue by" in html, url
    html = marek.get("/").content.decode()
    assert "Tess" in html
    assert "Mark as fixed" in html
    assert "Ceiling stained" in marek.get(f"/areas/{northgate.ward.pk}/").content.decode()
    assert "Drum leaks" not in rosa.get("/").content.decode()
