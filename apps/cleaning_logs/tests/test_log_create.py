"""Logging from a requirement's page, without a label at hand."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.cleaning_logs.models import CleaningLog
from apps.cleaning_logs.tests.helpers import form
from apps.tenants.scope import system
from tests.cast import Cast, House

pytestmark = pytest.mark.usefixtures("frozen")


def address(house: House) -> str:
    return f"/logs/new/{house.requirement.pk}/"


def test_red_turns_green_from_the_dashboard(marek: Client, northgate: House) -> None:
    assert address(northgate) in marek.get("/").content.decode()
    assert "Rinse the drum" in marek.get(address(northgate)).content.decode()
    response = marek.post(address(northgate), form())
    with system(northgate.organization):
        log = CleaningLog.objects.latest("id")
    assert response["Location"] == f"/logs/{log.pk}/"
    assert log.label_id is None
    assert log.equipment_id == northgate.washer.pk
    assert "Due in 7 days" in marek.get(f"/requirements/{northgate.requirement.pk}/").content.decode()


def test_what_was_typed_stays_after_an_error(marek: Client, northgate: House) -> None:
    response = marek.post(address(northgate), form(notes="Odd noise", step_temp=""))
    html = response.content.decode()
    assert "There is a problem" in html
    assert "Odd noise" in html


def test_auditors_may_not(audrey: Client, northgate: House) -> None:
    assert audrey.get(address(northgate)).status_code == 403


def test_another_organizations_duty_is_not_found(marek: Client, rosa: Client, cast: Cast) -> None:
    assert marek.get(address(cast.southbank)).status_code == 404
    assert marek.post(address(cast.southbank), form()).status_code == 404
    assert rosa.get(address(cast.northgate)).status_code == 404


def test_a_duty_proved_by_a_document_is_not_logged(marek: Client, northgate: House) -> None:
    with system(northgate.organization):
        northgate.requirement.evidence = "document"
        northgate.requirement.save(update_fields=["evidence"])
    response = marek.get(address(northgate), follow=True)
    assert "proved by a document" in response.content.decode()
