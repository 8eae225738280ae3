"""/packs/ and /packs/<id>/: what the rule packs hold, and where they are applied."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.compliance.packs.loader import all_packs
from apps.compliance.packs.models import AppliedPack
from apps.facilities.models import Facility
from apps.tenants.scope import system
from tests.cast import House

pytestmark = pytest.mark.usefixtures("frozen")


def test_lists_every_pack(audrey: Client, marek: Client) -> None:
    html = audrey.get("/packs/").content.decode()
    for pack in all_packs().values():
        assert f"/packs/{pack.id}/" in html
    assert "Not applied" in html
    assert "/apply/" not in html
    assert "/packs/uk-landlord/apply/" in marek.get("/packs/").content.decode()


def test_shows_each_duty_with_source_evidence_limits_and_level(tess: Client) -> None:
    html = tess.get("/packs/uk-premises/").content.decode()
    for words in (
        "Sentinel outlet temperatures",
        "at least 50 °C",
        "Limits sourced; monthly frequency from memory.",
        "Check before relying on it",
        "https://aviva.co.uk/risksolutions/",
        "LOLER 1998 reg 9",
        "60 days, 30 days, 14 days, 7 days and 1 day before",
        "3 duties are from memory",
        "Not applied anywhere yet",
    ):
        assert words in html, words
    html = tess.get("/packs/india-gcc/").content.decode()
    assert "To be verified again by 2026-11-21" in html
    assert "Tamil Nadu" in html
    assert tess.get("/packs/uk-nowhere/").status_code == 404


def test_shows_every_label_of_memory(tess: Client) -> None:
    for pack in all_packs().values():
        html = tess.get(f"/packs/{pack.id}/").content.decode()
        assert html.count('<span class="badge">Check before relying on it</span>') == pack.unsure


def test_strangers_do_not_see_it(anonymous: Client, oscar: Client) -> None:
    assert anonymous.get("/packs/").status_code == 302
    assert oscar.get("/packs/").status_code == 404


def test_without_a_head_office_it_says_so(marek: Client, northgate: House) -> None:
    with system(northgate.organization):
        AppliedPack.objects.create(facility=northgate.hospital, pack="india-gcc", version=1)
    assert "No head office was chosen" in marek.get("/packs/india-gcc/").content.decode()


def test_queries_do_not_grow_with_facilities(marek: Client, northgate: House, django_assert_num_queries: Any) -> None:
    marek.get("/packs/")
    with django_assert_num_queries(14):
        marek.get("/packs/")
    with system(northgate.organization):
        AppliedPack.objects.create(facility=northgate.hospital, pack="uk-premises", version=1)
    marek.get("/packs/uk-premises/")
    with django_assert_num_queries(20):
        marek.get("/packs/uk-premises/")
    with system(northgate.organization):
        for number in range(5):
            clinic = Facility.objects.create(name=f"Clinic {number}")
            AppliedPack.objects.create(facility=clinic, pack="uk-premises", version=1)
    with django_assert_num_queries(20):
        marek.get("/packs/uk-premises/")


def test_pages_of_fifty(marek: Client, northgate: House) -> None:
    with system(northgate.organization):
        for number in range(52):
            clinic = Facility.objects.create(name=f"Clinic {number:02}")
            AppliedPack.objects.create(facility=clinic, pack="uk-social", version=1)
    first = marek.get("/packs/uk-social/").content.decode()
    assert "Clinic 49" in first
    assert "Clinic 50" not in first
    second = marek.get("/packs/uk-social/?page=2").content.decode()
    assert "Clinic 51" in second
    assert marek.get("/packs/uk-social/?page=x").status_code == 200
