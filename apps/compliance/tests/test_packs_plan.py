"""What a rule pack would do at a facility: three-valued facts, subjects, and the reason for each line."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from apps.compliance.packs.applicability import evaluate
from apps.compliance.packs.loader import all_packs
from apps.compliance.packs.plan import Decision, Exemption, Place, Row, Subject, World, plan

from .test_schedule_builders import LONDON, local

NOW = local("2026-11-20T09:00")
GAS = {"fact": "has_gas", "is": True}
TALL = {"any": [{"fact": "storeys", "at_least": 7}, {"fact": "height_m", "at_least": 18}]}
DOORS = {"all": [{"fact": "height_m", "above": 11}, {"fact": "common_parts", "is": True}]}


@pytest.mark.parametrize(
    ("condition", "answers", "applies", "missing"),
    [
        ("always", {}, True, ()),
        (GAS, {"has_gas": True}, True, ()),
        (GAS, {"has_gas": False}, False, ()),
        (GAS, {}, None, ("has_gas",)),
        (TALL, {"storeys": 7}, True, ()),
        (TALL, {"storeys": 6}, None, ("height_m",)),
        (TALL, {"storeys": 6, "height_m": 18}, True, ()),
        (TALL, {"storeys": 6, "height_m": 17.9}, False, ()),
        (TALL, {}, None, ("storeys", "height_m")),
        (DOORS, {"height_m": 11, "common_parts": True}, False, ()),
        (DOORS, {"height_m": 11.1, "common_parts": True}, True, ()),
        (DOORS, {"common_parts": False}, False, ()),
        (DOORS, {"height_m": 12}, None, ("common_parts",)),
    ],
)
def test_conditions(condition: Any, answers: dict[str, Any], applies: bool | None, missing: tuple[str, ...]) -> None:
    answer = evaluate(condition, answers)
    assert (answer.applies, answer.missing) == (applies, missing)


def test_the_reason_names_the_fact() -> None:
    assert evaluate(GAS, {"has_gas": False}).reasons == ("Has gas: no",)
    assert evaluate(TALL, {"storeys": 6, "height_m": 9.0}).reasons == (
        "Storeys: 6 (needs 7)",
        "Height of the top storey: 9 m (needs 18)",
    )


def place(number: int = 1, country: str = "GB", **answers: Any) -> Place:
    return Place(number, f"Place {number}", LONDON, country, answers)


def planned(pack: str, world: World, **more: Any) -> dict[tuple[str, str], Row]:
    return {(row.duty.id, row.subject_key): row for row in plan(all_packs()[pack], world, now=NOW, **more)}


def decisions(pack: str, world: World, **more: Any) -> dict[tuple[str, str], str]:
    return {key: str(row.decision) for key, row in planned(pack, world, **more).items()}


def test_facts_decide() -> None:
    found = planned("uk-landlord", World([place(has_gas=False, is_hmo=True)]))
    assert found["uk.gas_safety", "facility"].decision is Decision.DOES_NOT_APPLY
    assert found["uk.gas_safety", "facility"].reason == "Has gas: no"
    assert found["uk.hmo_licence", "facility"].decision is Decision.CREATE
    assert found["uk.fra", "facility"].reason == "House in multiple occupation: yes"
    assert found["uk.eicr", "facility"].decision is Decision.NOT_ANSWERED
    assert found["uk.eicr", "facility"].missing == ("has_tenancy", "uk_region")
    assert found["uk.epc", "facility"].reason == "Applies everywhere"


def test_another_country_is_out() -> None:
    found = planned("uk-landlord", World([place(country="IN", has_gas=True)]))
    assert {row.decision for row in found.values()} == {Decision.DOES_NOT_APPLY}
    assert "is in IN" in found["uk.gas_safety", "facility"].reason
    assert not any(row.is_gap for row in found.values())


MACHINES = [
    Subject("equipment:1", 1, "Corridor extinguisher", "CO2 extinguisher", category="fire"),
    Subject("equipment:2", 1, "Lift A", "Passenger lift", category="lifting"),
    Subject("area:3", 1, "Ground floor > Shower room", "shower room"),
    Subject("area:4", 1, "Office", "office"),
]


def test_duties_go_where_they_fit() -> None:
    found = decisions("uk-premises", World([place()], MACHINES))
    assert found["uk.extinguisher_monthly", "equipment:1"] == "create"
    assert ("uk.extinguisher_monthly", "equipment:2") not in found
    assert found["uk.loler_people", "equipment:2"] == "create"
    assert found["uk.water_flush_weekly", "area:3"] == "create"
    assert found["uk.pssr_autoclave", "facility"] == "no_subject"


def test_a_room_inside_does_not_count_as_what_it_is_in() -> None:
    ward = Subject("area:1", 1, "Ward 7", risk="FR2")
    sluice = Subject("area:2", 1, "Ward 7 > Sluice", "sluice", risk="FR2")
    found = decisions("nhs-cleanliness", World([place()], [ward, sluice]))
    assert found["hc.nhs_technical_audit", "area:1"] == "create"
    assert ("hc.nhs_technical_audit", "area:2") not in found


def test_duties_go_where_they_are_put() -> None:
    where = {
        "uk.water_flush_weekly": frozenset({"kind:office"}),
        "uk.loler_people": frozenset(),
        "uk.pat": frozenset({"category:lifting"}),
        "uk.loler_other": frozenset({"all"}),
    }
    found = decisions("uk-premises", World([place()], MACHINES), where=where)
    assert found["uk.water_flush_weekly", "area:4"] == "create"
    assert ("uk.water_flush_weekly", "area:3") not in found
    assert found["uk.loler_people", "facility"] == "no_subject"
    assert {key[1] for key in found if key[0] == "uk.loler_other"} == {"equipment:1", "equipment:2"}


def test_the_risk_category_of_the_area_wins_over_the_facilitys() -> None:
    ward = Subject("area:1", 1, "Ward 7", "ward", risk="FR1")
    office = Subject("area:2", 1, "Office", "office")
    found = planned("nhs-cleanliness", World([place(functional_risk="FR6")], [ward, office]))
    assert found["hc.nhs_technical_audit", "area:1"].variant == "FR1"
    assert found["hc.nhs_technical_audit", "area:2"].variant == "FR6"
    unknown = planned("nhs-cleanliness", World([place()], [office]))["hc.nhs_technical_audit", "area:2"]
    assert (unknown.decision, unknown.missing) == (Decision.NOT_ANSWERED, ("functional_risk",))
    assert unknown.is_gap


def test_the_organizations_own_duties_stand_on_one_facility() -> None:
    places = [place(1, "IN", indian_state="Kerala"), place(2, "IN", indian_state="Assam")]
    without = plan(all_packs()["india-gcc"], World(places), now=NOW)
    assert {row.duty.subject for row in without} == {"facility"}
    found = plan(all_packs()["india-gcc"], World(places), now=NOW, head_office=2)
    assert {row.place.id for row in found if row.duty.subject == "organisation"} == {2}
    assert next(row for row in found if row.duty.id == "in.pt").variant == "Assam"


def test_what_exists_is_not_made_again_and_what_was_archived_comes_back() -> None:
    world = World([place()], applied={(1, "uk.epc", "facility"): (9, True), (1, "uk.fra", "facility"): (8, False)})
    found = planned("uk-landlord", world)
    assert (found["uk.epc", "facility"].decision, found["uk.epc", "facility"].requirement_id) == (Decision.EXISTS, 9)
    assert found["uk.fra", "facility"].decision is Decision.NOT_ANSWERED
    answered = World([place(is_hmo=True)], applied=world.applied)
    assert planned("uk-landlord", answered)["uk.fra", "facility"].decision is Decision.RESTORE


@pytest.mark.parametrize(
    ("day", "decision"), [("2026-11-19", "review_due"), ("2026-11-20", "exempt"), ("2026-12-01", "exempt")]
)
def test_not_applicable_until_its_day_has_passed(day: str, decision: str) -> None:
    statement = Exemption(1, "No gas meter any more", "Marek", datetime.date.fromisoformat(day))
    world = World([place(has_gas=True)], exempt={(1, "uk.gas_safety", ""): statement})
    row = planned("uk-landlord", world)["uk.gas_safety", "facility"]
    assert (str(row.decision), row.is_gap) == (decision, decision == "review_due")


def test_not_applicable_to_one_machine_leaves_the_others() -> None:
    two = [Subject(f"equipment:{n}", 1, f"Lift {n}", "Passenger lift") for n in (1, 2)]
    statement = Exemption(1, "Goods only", "Marek", datetime.date(2027, 1, 1))
    found = decisions("uk-premises", World([place()], two, exempt={(1, "uk.loler_people", "equipment:1"): statement}))
    assert found["uk.loler_people", "equipment:1"] == "exempt"
    assert found["uk.loler_people", "equipment:2"] == "create"
