"""/packs/<id>/upgrade/: what a newer version changes, taken only where somebody ticks it, never in the past."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.compliance.models import Schedule
from apps.compliance.packs.models import AppliedDuty
from apps.tenants.scope import system
from tests.cast import House

from .pack_builders import applied, duty, keys, ship

pytestmark = pytest.mark.usefixtures("frozen")
URL = "/packs/test-pack/upgrade/"
OLD = [duty(1), duty(2), duty(3), duty(4)]
HALF_YEAR = {"mode": "interval_after_completion", "interval": "P6M"}
NEW = [
    duty(1, name="Duty one, better named", reference="Rule 1 as amended"),
    duty(
        2,
        schedule=HALF_YEAR,
        warning={"days_before": [14]},
        evidence=[{"text": "Report", "kind": "yes_no"}, {"text": "Findings", "kind": "text"}],
    ),
    duty(3),
    duty(5),
]


@pytest.fixture
def upgraded(marek: Client, northgate: House, tmp_path: Path, monkeypatch: Any) -> dict[str, AppliedDuty]:
    """Apply version 1 at the hospital, then ship version 2. Returns what was made, by duty."""
    ship(tmp_path, monkeypatch, 1, OLD)
    address = f"/packs/test-pack/preview/?facility={northgate.hospital.pk}"
    marek.post(address, {"take": keys(marek.get(address).content.decode())})
    ship(tmp_path, monkeypatch, 2, NEW)
    return {key[0]: row for key, row in applied(northgate).items()}


def ticked(html: str) -> int:
    return html.split("<main")[1].split("</main", maxsplit=1)[0].count(" checked")


def schedules(house: House, row: AppliedDuty) -> list[Schedule]:
    with system(house.organization):
        return list(Schedule.objects.filter(requirement=row.requirement_id).order_by("effective_at"))


def test_shows_old_and_new(marek: Client, upgraded: dict[str, AppliedDuty]) -> None:
    assert "4 requirements were made by an older version" in marek.get("/packs/test-pack/").content.decode()
    html = marek.get(URL).content.decode()
    for words in (
        "<del>Duty 1</del> → <ins>Duty one, better named</ins>",
        "<del>Rule 1</del> → <ins>Rule 1 as amended</ins>",
        "<del>12 months after it was last done</del> → <ins>6 months after it was last done</ins>",
        "<del>30 days and 7 days before</del> → <ins>14 days before</ins>",
        "1 requirement stays exactly as it is",
        "No longer in the rule pack",
        "Duty 4",
    ):
        assert words in html, words
    assert set(keys(html)) == {str(upgraded["t.duty1"].pk), str(upgraded["t.duty2"].pk)}
    assert ticked(html) == 2


def test_takes_the_ticked_ones_from_a_day_on(marek: Client, northgate: House, upgraded: dict[str, AppliedDuty]) -> None:
    response = marek.post(URL, {"take": [upgraded["t.duty2"].pk], "effective_on": "2026-07-01"})
    assert response["Location"] == "/packs/test-pack/"
    first, second = schedules(northgate, upgraded["t.duty2"])
    assert (first.spec["interval"], second.spec["interval"]) == ("P12M", "P6M")
    assert second.effective_at.isoformat() == "2026-06-30T23:00:00+00:00"
    rows = applied(northgate)
    assert rows["t.duty2", "facility"].version == 2
    assert rows["t.duty3", "facility"].version == 2
    with system(northgate.organization):
        protocol = rows["t.duty2", "facility"].requirement.protocol
        assert protocol is not None
        steps = protocol.versions.first()
    assert steps is not None
    assert (steps.number, [step["text"] for step in steps.steps]) == (2, ["Report", "Findings"])
    # What was not ticked stays as it is and is offered again.
    assert rows["t.duty1", "facility"].version == 1
    assert rows["t.duty1", "facility"].requirement.name == "Duty 1"
    assert keys(marek.get(URL).content.decode()) == [str(upgraded["t.duty1"].pk)]
    marek.post(URL, {"take": [upgraded["t.duty1"].pk]})
    changed = applied(northgate)["t.duty1", "facility"]
    assert (changed.requirement.name, changed.requirement.reference) == ("Duty one, better named", "Rule 1 as amended")
    assert len(schedules(northgate, changed)) == 1


def test_never_in_the_past(marek: Client, northgate: House, upgraded: dict[str, AppliedDuty]) -> None:
    response = marek.post(URL, {"take": [upgraded["t.duty2"].pk], "effective_on": "2026-06-09"})
    assert response.status_code == 400
    assert "cannot change the past" in response.content.decode()
    assert len(schedules(northgate, upgraded["t.duty2"])) == 1
    marek.post(URL, {"take": [upgraded["t.duty2"].pk], "effective_on": "2026-06-10"})
    assert schedules(northgate, upgraded["t.duty2"])[-1].effective_at.isoformat() == "2026-06-10T09:00:00+00:00"


def test_what_was_edited_here_is_marked_and_not_ticked(
    marek: Client, northgate: House, upgraded: dict[str, AppliedDuty]
) -> None:
    pk = upgraded["t.duty1"].requirement_id
    marek.post(
        f"/requirements/{pk}/edit/",
        {"name": "Our own name", "category": "inspection", "evidence": "document", "reference": "Rule 1"},
    )
    marek.post(
        f"/requirements/{upgraded['t.duty3'].requirement_id}/edit/",
        {"name": "Ours too", "category": "inspection", "evidence": "document", "reference": "Rule 3"},
    )
    html = marek.get(URL).content.decode()
    assert html.count("Edited here") == 1
    assert "<del>Our own name</del>" in html
    # The pack says nothing new of the third: its own name is nobody's business.
    assert "Ours too" not in html
    assert ticked(html) == 1
    marek.post(URL, {"take": [upgraded["t.duty2"].pk]})
    rows = applied(northgate)
    assert rows["t.duty1", "facility"].requirement.name == "Our own name"
    assert rows["t.duty3", "facility"].requirement.name == "Ours too"


def test_a_new_duty_is_a_gap_until_it_is_applied(
    marek: Client, northgate: House, upgraded: dict[str, AppliedDuty]
) -> None:
    page = f"/packs/test-pack/facilities/{northgate.hospital.pk}/"
    assert "Duty 5" in marek.get(page).content.decode()
    html = marek.get(f"/packs/test-pack/preview/?facility={northgate.hospital.pk}").content.decode()
    assert keys(html) == [f"t.duty5|{northgate.hospital.pk}|facility"]


def test_others_requirements_do_not_exist(
    marek: Client, northgate: House, southbank: House, as_user: Any, upgraded: dict[str, AppliedDuty]
) -> None:
    for strange in ("999999999", "x", "-1"):
        assert marek.post(URL, {"take": [strange]}).status_code == 404
    theirs = as_user(southbank.admin, "southbank.localhost")
    assert "Everything is up to date" in theirs.get(URL).content.decode()
    assert theirs.post(URL, {"take": [upgraded["t.duty1"].pk]}).status_code == 404
    assert applied(northgate)["t.duty1", "facility"].version == 1


def test_queries_do_not_grow_with_requirements(
    marek: Client, northgate: House, upgraded: dict[str, AppliedDuty], django_assert_num_queries: Any
) -> None:
    marek.get(URL)
    with django_assert_num_queries(14):
        marek.get(URL)
