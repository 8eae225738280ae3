"""Packs of two versions in a folder of their own, and short words for the tests of applying them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from apps.compliance.packs import loader
from apps.compliance.packs.models import AppliedDuty
from apps.tenants.scope import system
from tests.cast import House

TODAY_SOURCES = [{"name": "A council", "address": "https://council.example/gas"}]


def duty(number: int, **more: Any) -> dict[str, Any]:
    """Return a plain duty on a facility."""
    return {
        "id": f"t.duty{number}",
        "name": f"Duty {number}",
        "subject": "facility",
        "applies": "always",
        "category": "inspection",
        "proof": "document",
        "schedule": {"mode": "interval_after_completion", "interval": "P12M"},
        "warning": {"days_before": [30, 7]},
        "warning_basis": "Our own default.",
        "evidence": [{"text": "Report", "kind": "yes_no"}],
        "reference": f"Rule {number}",
        "sources": TODAY_SOURCES,
        "level": "sourced",
        **more,
    }


def ship(folder: Path, monkeypatch: pytest.MonkeyPatch, version: int, duties: list[dict[str, Any]]) -> None:
    """Make ``folder``/<version> the packs that are shipped: one pack called test-pack."""
    place = folder / f"v{version}"
    place.mkdir(parents=True)
    data = {
        "id": "test-pack",
        "title": "Test pack",
        "version": version,
        "country": "",
        "description": "For tests.",
        "researched": "2026-06-01",
        "duties": duties,
    }
    (place / "test-pack.json").write_text(json.dumps(data))
    monkeypatch.setattr(loader, "FOLDER", place)


def applied(house: House) -> dict[tuple[str, str], AppliedDuty]:
    """Return what packs made in a house, by duty and subject."""
    with system(house.organization):
        rows = AppliedDuty.objects.select_related("requirement__protocol", "requirement__facility").order_by("pk")
        return {(row.duty, row.subject): row for row in rows}


def keys(html: str) -> list[str]:
    """Return the values of the boxes that a preview offers."""
    return [part.split('"', 1)[0] for part in html.split('name="take" value="')[1:]]
