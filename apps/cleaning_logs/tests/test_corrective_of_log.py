"""A failing step of a log opens a corrective action; doing a duty before what it needs is a breach."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.cleaning_logs.models import CleaningLog
from apps.cleaning_logs.tests.helpers import allow_label_logging, form, log_url, scan_url
from apps.compliance import actions as compliance
from apps.compliance.corrective.models import CorrectiveAction, CorrectiveEvent
from apps.compliance.events.actions import set_prerequisites
from apps.compliance.models import Completion, Requirement
from apps.tenants.scope import member, system
from tests.cast import NOW, House, new_uuid

pytestmark = pytest.mark.usefixtures("frozen")
FAILING = {"step_rinse": "no", "step_temp": "40"}


def test_a_failing_log_opens_one_action_for_each_failing_step(tess: Client, marek: Client, northgate: House) -> None:
    sent = form(**FAILING)
    done_url = tess.post(log_url(northgate), sent)["Location"]
    tess.post(log_url(northgate), sent)
    with system(northgate.organization):
        found = list(CorrectiveAction.objects.order_by("id"))
        assert [a.step for a in found] == ["rinse", "temp"]
        assert {a.severity for a in found} == {"high"}
        assert {a.owner_id for a in found} == {northgate.technician.pk}
        assert found[1].title == "Temperature: 40 °C (should be 60 to 95 °C)"
        assert {a.requirement_id for a in found} == {northgate.requirement.pk}
    html = tess.get(done_url).content.decode()
    assert "Corrective actions opened" in html
    assert "Set severity and owner" not in html
    back = f"/corrective/{found[0].pk}/"
    html = marek.get(done_url).content.decode()
    assert "Set severity and owner" in html
    sent = {"severity": "critical", "owner": northgate.manager.pk, "next": done_url}
    assert marek.post(f"{back}assign/", sent)["Location"] == done_url
    assert marek.post(f"{back}assign/", {**sent, "next": "https://evil.test/"})["Location"] == back
    assert tess.post(f"{back}assign/", sent).status_code == 403
    with system(northgate.organization):
        assert CorrectiveAction.objects.get(pk=found[0].pk).owner_id == northgate.manager.pk


def test_a_good_log_opens_nothing(tess: Client, northgate: House) -> None:
    tess.post(log_url(northgate), form())
    with system(northgate.organization):
        assert not CorrectiveAction.objects.exists()


def test_correcting_a_log_opens_nothing_twice(tess: Client, northgate: House) -> None:
    tess.post(log_url(northgate), form(**FAILING))
    with system(northgate.organization):
        log = CleaningLog.objects.latest("id")
    sent = form(step_rinse="yes", step_temp="41", reason="Misread", performed_at="2026-06-10T09:30")
    assert tess.post(f"/logs/{log.pk}/supersede/", sent).status_code == 302
    with system(northgate.organization):
        assert CorrectiveAction.objects.count() == 2
        notes = dict(CorrectiveEvent.objects.filter(kind="noted").values_list("action__step", "note"))
        assert "right after all" in notes["rinse"]
        assert "still not right" in notes["temp"]


def test_a_label_without_an_account_opens_them_too(anonymous: Client, northgate: House) -> None:
    allow_label_logging(northgate)
    done_url = anonymous.post(log_url(northgate), form(**FAILING, name="Porter"))["Location"]
    html = anonymous.get(done_url).content.decode()
    assert "Corrective actions opened" in html
    assert "/corrective/" not in html
    assert "Tess" not in html
    with system(northgate.organization):
        assert {(event.by_name, event.by_id) for event in CorrectiveEvent.objects.all()} == {("Porter", None)}


def needing(house: House, *, red: bool) -> Requirement:
    """Return a duty on the washer that needs the deep clean, which is red unless it is done now."""
    with member(house.admin):
        made = compliance.create_requirement(
            spec={"mode": "interval_after_completion", "interval": "P1D"}, equipment=house.washer, name="First case"
        )
        set_prerequisites(made, [house.requirement])
        if not red:
            compliance.record_fact(house.requirement, performed_at=NOW, by_name="Tess")
    return made


def test_doing_it_before_what_it_needs_warns_and_is_recorded(tess: Client, northgate: House) -> None:
    made = needing(northgate, red=True)
    url = f"/q/{northgate.label.code}/log/{made.pk}/"
    page = tess.get(url).content.decode()
    assert "Not in order yet, and needed first" in page
    assert "Deep clean: Overdue by 2 days" in page
    sent = {"uuid": new_uuid(), "notes": "Urgent", "performed_at": "", "held": "", "version": ""}
    done_url = tess.post(url, sent)["Location"]
    assert "was saved already" in tess.get(tess.post(url, sent)["Location"]).content.decode()
    with system(northgate.organization):
        log = CleaningLog.objects.latest("id")
        assert log.result == "satisfactory"
        assert log.notes.startswith("Urgent\nDone although this was not in order: Deep clean: Overdue by 2 days")
        action = CorrectiveAction.objects.get()
        assert (action.severity, action.owner_id) == ("critical", northgate.technician.pk)
        assert action.requirement_id == northgate.requirement.pk
        assert "First case" in action.title
    assert "Corrective action opened" in tess.get(done_url).content.decode()
    assert "not in order" in tess.get(f"/requirements/{made.pk}/").content.decode().lower()


def test_in_the_right_order_nothing_is_said(tess: Client, northgate: House) -> None:
    made = needing(northgate, red=False)
    url = f"/q/{northgate.label.code}/log/{made.pk}/"
    assert "Not in order yet" not in tess.get(url).content.decode()
    tess.post(url, {"uuid": new_uuid(), "notes": "", "performed_at": "", "held": "", "version": ""})
    with system(northgate.organization):
        assert CleaningLog.objects.latest("id").notes == ""
        assert not CorrectiveAction.objects.exists()


def with_events(house: House) -> Requirement:
    """Return a terminal clean that a discharge or a transfer makes due."""
    with member(house.admin):
        return compliance.create_requirement(
            spec={"mode": "event", "triggers": ["discharge", "transfer"], "within": "PT4H"},
            equipment=house.washer,
            name="Terminal clean",
        )


def test_an_event_is_recorded_from_the_scan_page(
    tess: Client, audrey: Client, northgate: House, southbank: House
) -> None:
    made = with_events(northgate)
    html = tess.get(scan_url(northgate)).content.decode()
    assert "Record: discharge" in html
    assert "Record: transfer" in html
    assert "Record: discharge" not in audrey.get(scan_url(northgate)).content.decode()
    url = f"/q/{northgate.label.code}/event/{made.pk}/"
    assert "checked" in tess.get(f"{url}?trigger=discharge").content.decode()
    sent = {"trigger": "discharge", "uuid": new_uuid()}
    assert tess.post(url, sent)["Location"] == f"/q/{northgate.label.code}"
    tess.post(url, sent)
    with system(northgate.organization):
        fact = Completion.objects.get(kind="event")
        assert (fact.reason, fact.by_name, fact.performed_at) == ("discharge", "Tess", NOW)
    assert "Due today by 14:00" in tess.get(scan_url(northgate)).content.decode()
    assert tess.post(url, {"trigger": "explosion"}).status_code == 200
    assert audrey.post(url, sent).status_code == 403
    assert tess.get(f"/q/{northgate.label.code}/event/{northgate.requirement.pk}/").status_code == 404
    assert tess.get(f"/q/{northgate.label.code}/event/{southbank.requirement.pk}/").status_code == 404


def test_without_an_account_an_event_needs_a_name_and_the_pin(anonymous: Client, northgate: House) -> None:
    made = with_events(northgate)
    url = f"/q/{northgate.label.code}/event/{made.pk}/"
    assert anonymous.post(url, {"trigger": "discharge"}).status_code in (302, 401, 403, 404)
    allow_label_logging(northgate, "pin", "2468")
    for wrong in ({"name": "Porter", "pin": "1111"}, {"name": "", "pin": "2468"}, {"name": "Porter"}):
        assert anonymous.post(url, {"trigger": "discharge", **wrong}).status_code == 200
    with system(northgate.organization):
        assert not Completion.objects.filter(kind="event").exists()
    assert anonymous.post(url, {"trigger": "discharge", "name": "Porter", "pin": "2468"}).status_code == 302
    with system(northgate.organization):
        assert Completion.objects.get(kind="event").by_name == "Porter"
