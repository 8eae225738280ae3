"""A label on a machine: scan, sign in, log, and red turns green; with and without an account."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session

from apps.audit import actions as audit
from apps.cleaning_logs.models import CleaningLog
from apps.compliance import actions as compliance
from apps.tenants.models import LabelLogging
from apps.tenants.scope import system
from tests.cast import Cast
from tests.journeys.conftest import DESKTOP, PHONE, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def allow_names(cast: Cast) -> None:
    with system(cast.northgate.organization):
        audit.update(cast.northgate.organization, {"label_logging": LabelLogging.NAME}, "organization.edit")


def logs(cast: Cast) -> list[CleaningLog]:
    with system(cast.northgate.organization):
        return list(CleaningLog.objects.exclude(pk=cast.northgate.log.pk).order_by("id"))


def test_a_technician_turns_red_to_green(visit: Callable[..., Visitor], stage: Cast) -> None:
    house = stage.northgate
    manager = visit(DESKTOP)
    manager.sign_in(house.manager)
    manager.goto("/")
    assert "Overdue by" in manager.page.inner_text("main")
    assert "Washer 1" in manager.page.inner_text("main")

    technician = visit(PHONE)
    technician.goto(f"/q/{house.label.code}")
    technician.sign_in(house.technician)
    page = technician.page
    assert f"/q/{house.label.code}" in page.url  # straight back to the label
    assert "Overdue by" in page.inner_text("main")

    technician.tap("link", "Start")
    technician.choose("Rinse the drum", "Yes")
    page.get_by_label("Temperature").fill("72.5")
    technician.tap("button", "Save this log")
    page.wait_for_url("**/done/**")
    assert technician.taps == 3
    assert page.get_by_role("heading", level=1).inner_text() == "Saved"
    assert technician.too_wide() == []

    (log,) = logs(stage)
    assert (log.performer_name, log.via, log.result) == ("Tess", "signed_in", "satisfactory")
    assert [answer["answer"] for answer in log.answers] == ["yes", "72.5", None]

    manager.goto("/")
    words = manager.page.inner_text("main")
    assert "Overdue by" not in words
    assert "Nothing is red or amber" in words
    manager.goto(f"/requirements/{house.requirement.pk}/")
    assert "Tess" in manager.page.inner_text("main")


def test_one_step_takes_three_taps_and_a_failure_is_said(visit: Callable[..., Visitor], stage: Cast) -> None:
    house = stage.northgate
    with system(house.organization):
        protocol = compliance.create_protocol(name="Wipe", steps=[{"kind": "yes_no", "text": "All surfaces wiped"}])
        compliance.update_requirement(house.requirement, protocol=protocol)
    technician = visit(PHONE)
    technician.goto(f"/q/{house.label.code}")
    technician.sign_in(house.technician)
    technician.tap("link", "Start")
    technician.choose("All surfaces wiped", "No")
    technician.tap("button", "Save this log")
    technician.page.wait_for_url("**/done/**")
    assert technician.taps == 3
    assert "Saved: something is not right" in technician.page.inner_text("h1")
    (log,) = logs(stage)
    assert log.result == "unsatisfactory"

    manager = visit(DESKTOP)
    manager.sign_in(house.manager)
    manager.goto("/")
    assert "Unsatisfactory" in manager.page.inner_text("main")


def test_somebody_without_an_account_logs_by_name(visit: Callable[..., Visitor], stage: Cast) -> None:
    house = stage.northgate
    allow_names(stage)
    guest = visit(PHONE, host="localhost")
    guest.goto(f"/q/{house.label.code}")
    page = guest.page
    assert "/login/" not in page.url
    guest.tap("link", "Start")
    guest.choose("Rinse the drum", "Yes")
    guest.tap("button", "Save this log")

    # Left out: said on top and at the field, and what was typed stays.
    assert page.get_by_role("alert").first.is_visible()
    assert "Write the reading." in page.inner_text("main")
    assert page.get_by_role("group", name="Rinse the drum").get_by_label("Yes").is_checked()
    page.get_by_label("Temperature").fill("64")
    page.get_by_label("Your name").fill("Grace Owusu")
    page.get_by_role("button", name="Save this log").click()
    page.wait_for_url("**/done/**")
    assert page.get_by_role("heading", level=1).inner_text() == "Saved"
    (log,) = logs(stage)
    assert (log.performer_name, log.performed_by_id, log.via) == ("Grace Owusu", None, "name")

    # Nothing else opens without an account.
    guest.goto("/equipment/")
    assert "/login/" in page.url


def test_a_visitor_must_sign_in_where_names_are_not_enough(visit: Callable[..., Visitor], stage: Cast) -> None:
    guest = visit(PHONE)
    guest.goto(f"/q/{stage.northgate.label.code}")
    assert "/login/" in guest.page.url
    assert "Washer 1" not in guest.page.content()


def test_a_session_that_ends_in_mid_form_keeps_what_was_typed(visit: Callable[..., Visitor], stage: Cast) -> None:
    house = stage.northgate
    technician = visit(PHONE)
    technician.goto(f"/q/{house.label.code}")
    technician.sign_in(house.technician)
    technician.tap("link", "Start")
    technician.choose("Rinse the drum", "Yes")
    page = technician.page
    page.get_by_label("Temperature").fill("71")
    Session.objects.all().delete()

    page.get_by_role("button", name="Save this log").click()
    page.get_by_text("Your entries are kept").first.wait_for()
    assert logs(stage) == []
    technician.sign_in(house.technician)
    page.get_by_role("heading", name="Your entries are kept").wait_for()
    assert "71" in page.inner_text("main")
    assert logs(stage) == []  # signing in sends nothing

    page.get_by_role("button", name="Send my entries").click()
    page.wait_for_url("**/done/**")
    (log,) = logs(stage)
    assert [answer["answer"] for answer in log.answers] == ["yes", "71", None]


def test_an_outsider_finds_nothing(visit: Callable[..., Visitor], stage: Cast) -> None:
    house = stage.northgate
    allow_names(stage)  # even so: Southbank's own host knows no label of Northgate
    addresses = [
        "/",
        "/equipment/",
        f"/equipment/{house.washer.pk}/",
        f"/facilities/{house.hospital.pk}/",
        f"/requirements/{house.requirement.pk}/",
        f"/logs/{house.log.pk}/",
        f"/q/{house.label.code}",
        "/admin/",
    ]
    # At Northgate's own host Southbank's people cannot even sign in, and nothing is shown.
    outsider = visit(DESKTOP)
    outsider.sign_in(stage.southbank.admin)
    assert "/login/" in outsider.page.url
    for address in addresses[:-2]:
        outsider.goto(address)
        assert "/login/" in outsider.page.url, address
        assert "Northgate General" not in outsider.page.content()

    for host in ("southbank.localhost", "localhost"):
        at_home = visit(DESKTOP, host=host)
        at_home.sign_in(stage.southbank.admin)
        assert at_home.goto("/").status == 200
        for address in addresses[2:-2]:
            assert at_home.goto(address).status == 404, address
            assert "Northgate General" not in at_home.page.content()
    at_home = visit(PHONE, host="southbank.localhost")
    at_home.sign_in(stage.southbank.technician)
    assert at_home.goto(addresses[-2]).status == 404
    assert "Washer 1" not in at_home.page.content()
