"""The rule packs' duties: every one becomes a schedule, the gas rule's vectors pass, next dates stated by hand."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from apps.compliance.schedule import Mode, Schedule, ScheduleError, due_day, from_rule, tiles

from .test_schedule_builders import KOLKATA, LONDON, event, fact, local

FILE = Path(__file__).with_name("test_schedule_rules.json")
RULES: dict[str, dict[str, Any]] = {rule["id"]: rule for rule in json.loads(FILE.read_text())}


def variants(rule: dict[str, Any]) -> list[str | None]:
    return list(rule["schedule"].get("rrule_by_category") or rule["schedule"].get("rrule_by_state") or [None])


def due_days(
    rule_id: str, variant: str | None, start: str, happened: list[str], *, count: int, zone: ZoneInfo
) -> list[str]:
    """Due days of the live tile and those after it: “done 2026-01-05” and “event …” at noon have happened before."""
    starts_at = local(start, zone)
    facts = []
    for number, text in enumerate(happened):
        what, day = text.split()
        facts.append((fact if what == "done" else event)(number, local(f"{day}T12:00", zone)))
    at = max([starts_at, *(f.performed_at for f in facts)])
    schedule = from_rule(RULES[rule_id], variant=variant)
    found = tiles([(starts_at, schedule)], facts, starts_at=starts_at, zone=zone, until=at)
    last = found[-1]
    while len(found) < 20 and last.closes_at is not None:
        found = tiles([(starts_at, schedule)], facts, starts_at=starts_at, zone=zone, until=last.closes_at)
        last = found[-1]
    days = [
        due_day(o.due_at, zone).isoformat() for o in found if o.due_at and (o.closes_at is None or o.closes_at > at)
    ]
    return days[:count]


def test_all_76_become_schedules_that_survive_storage():
    assert len(RULES) == 76
    modes = set()
    for rule in RULES.values():
        for variant in variants(rule):
            schedule = from_rule(rule, variant=variant)
            assert Schedule.from_dict(json.loads(json.dumps(schedule.to_dict()))) == schedule
            assert schedule.describe()
            assert schedule.warn
            modes.add(schedule.mode)
    assert modes == set(Mode)


def test_a_rule_with_variants_needs_one():
    with pytest.raises(ScheduleError, match="Karnataka"):
        from_rule(RULES["in.pt"])


@pytest.mark.parametrize("vector", RULES["uk.gas_safety"]["schedule"]["test_vectors"], ids=str)
def test_gas_vectors(vector: dict[str, Any]):
    schedule = from_rule(RULES["uk.gas_safety"])
    schedule = Schedule.from_dict({**schedule.to_dict(), "first_due_on": vector["deadline"]})
    starts_at = local("2018-01-01")
    done = fact(1, local(f"{vector['completed_on']}T14:30"))
    found = tiles([(starts_at, schedule)], [done], starts_at=starts_at, zone=LONDON, until=done.performed_at)
    assert [due_day(o.due_at, LONDON).isoformat() for o in found if o.due_at] == [vector["deadline"], vector["next"]]
    assert found[0].overdue_at is not None
    assert (found[0].overdue_at < done.performed_at) == bool(vector.get("late"))


@pytest.mark.parametrize(
    ("completed_on", "next_due"),
    [
        ("2026-06-10", "2027-06-10"),
        ("2026-06-11", "2027-08-10"),
        ("2026-08-10", "2027-08-10"),
        ("2026-08-11", "2027-08-11"),
    ],
)
def test_gas_boundary_days(completed_on: str, next_due: str):
    test_gas_vectors(
        {"deadline": "2026-08-10", "completed_on": completed_on, "next": next_due, "late": completed_on[5:] == "08-11"}
    )


@pytest.mark.parametrize("time", ["00:00", "23:59"])
def test_gas_counts_days_where_the_site_is(time: str):
    schedule = Schedule.from_dict({**from_rule(RULES["uk.gas_safety"]).to_dict(), "first_due_on": "2026-08-10"})
    starts_at = local("2026-01-01")
    done = fact(1, local(f"2026-06-11T{time}"))
    found = tiles([(starts_at, schedule)], [done], starts_at=starts_at, zone=LONDON, until=done.performed_at)
    assert found[1].due_at == local("2027-08-11")


# 2026-11-20 is a Friday, 2024-02-29 a Thursday. All dates below were worked out by hand, before the code saw them.
BY_HAND: list[tuple[str, str | None, str, list[str], list[str]]] = [
    ("uk.gas_safety", None, "2026-01-01", ["done 2026-02-03"], ["2027-02-03"]),
    ("uk.eicr", None, "2024-02-29", ["done 2024-02-29"], ["2029-02-28"]),
    ("uk.epc", None, "2026-11-20", ["done 2026-11-30"], ["2036-11-30"]),
    ("uk.smoke_alarms", None, "2026-11-20", ["event 2026-12-01"], ["2026-12-01"]),
    ("uk.co_alarms", None, "2026-11-20", [], []),
    ("uk.fra", None, "2026-01-01", ["done 2026-01-10"], ["2027-01-10"]),
    ("uk.fra", None, "2026-01-01", ["done 2026-01-10", "event 2026-05-04"], ["2026-05-04"]),
    ("uk.fire_doors_communal", None, "2026-11-30", [], ["2026-11-30", "2027-02-28", "2027-05-30"]),
    ("uk.fire_doors_flat", None, "2024-02-29", [], ["2024-02-29", "2025-02-28", "2026-02-28"]),
    ("uk.highrise_monthly", None, "2026-10-31", [], ["2026-10-31", "2026-11-30", "2026-12-31", "2027-01-31"]),
    ("uk.fire_alarm_weekly", None, "2026-11-20", [], ["2026-11-23", "2026-11-30", "2026-12-07"]),
    ("uk.fire_alarm_service", None, "2026-08-31", ["done 2026-08-31"], ["2027-02-28"]),
    ("uk.emergency_light_annual", None, "2026-11-20", [], ["2026-11-20"]),
    ("uk.legionella_ra", None, "2026-11-20", ["done 2026-11-21"], ["2028-11-21"]),
    ("uk.water_flush_weekly", None, "2026-11-20", [], ["2026-11-20", "2026-11-27", "2026-12-04"]),
    ("uk.pat", None, "2026-11-20", ["done 2026-12-31"], ["2027-12-31"]),
    ("uk.hmo_cert_to_council", None, "2026-11-20", ["event 2026-12-28"], ["2027-01-04"]),
    ("uk.deposit", None, "2026-11-20", ["event 2026-11-20"], ["2026-12-20"]),
    ("uk.loler_people", None, "2026-08-30", ["done 2026-08-30"], ["2027-02-28"]),
    ("uk.pssr_autoclave", None, "2025-12-31", ["done 2025-12-31"], ["2027-02-28"]),
    ("uk.social_big6", None, "2027-01-31", ["done 2027-01-31"], ["2027-02-28"]),
    ("hc.consult_room", None, "2026-11-20T13:00", [], ["2026-11-20", "2026-11-21", "2026-11-21", "2026-11-22"]),
    ("hc.inpatient_routine", None, "2026-12-31", [], ["2026-12-31", "2027-01-01"]),
    ("hc.dental_daily", None, "2026-11-20", [], ["2026-11-20", "2026-11-23", "2026-11-24", "2026-11-25"]),
    ("hc.dental_engineer", None, "2026-11-20", ["done 2027-02-28"], ["2028-02-28"]),
    ("hc.noncritical_shared", None, "2026-11-20", ["event 2026-11-20", "done 2026-11-21"], ["2026-11-22"]),
    ("hc.endoscope_use", None, "2026-11-20", ["event 2026-11-20"], ["2026-11-20"]),
    ("hc.endoscope_shelf", None, "2026-11-20", ["done 2026-11-20"], ["2026-11-20"]),
    ("hc.nhs_technical_audit", "FR3", "2026-12-31", [], ["2026-12-31", "2027-02-28", "2027-04-30"]),
    ("hc.nhs_technical_audit", "FR5", "2026-08-31", [], ["2026-08-31", "2027-02-28", "2027-08-31"]),
    ("hc.nhs_star_display", None, "2026-11-20", ["event 2026-11-30"], ["2026-12-01"]),
    ("in.pf", None, "2026-11-20", [], ["2026-12-15", "2027-01-15", "2027-02-15"]),
    ("in.gstr1_q", None, "2026-11-20", [], ["2027-01-13", "2027-04-13", "2027-07-13", "2027-10-13"]),
    ("in.tds_pay", None, "2027-02-10", [], ["2027-03-07", "2027-04-30", "2027-05-07", "2027-06-07"]),
    ("in.tds_return", None, "2026-11-20", [], ["2027-01-31", "2027-05-31", "2027-07-31", "2027-10-31"]),
    ("in.form16", None, "2026-11-20", [], ["2027-06-15", "2028-06-15"]),
    ("in.advance_tax", None, "2026-12-15", [], ["2026-12-15", "2027-03-15", "2027-06-15"]),
    ("in.pt", "Maharashtra", "2027-01-31", [], ["2027-01-31", "2027-02-28", "2027-03-31"]),
    ("in.pt", "Kerala", "2026-11-20", [], ["2027-02-28", "2027-08-31", "2028-02-28"]),
    ("in.pt", "Sikkim", "2027-01-01", [], ["2027-01-31", "2027-04-30", "2027-07-31", "2027-10-31"]),
    ("in.posh_report", None, "2026-11-20", [], ["2027-01-31", "2028-01-31"]),
    ("food.review_4w", None, "2026-11-20", [], ["2026-11-20", "2026-12-18", "2027-01-15"]),
    ("food.fridge", None, "2028-02-28", [], ["2028-02-28", "2028-02-29", "2028-03-01"]),
    ("food.cook_core", None, "2026-11-20", [], []),
]


@pytest.mark.parametrize(("rule_id", "variant", "start", "happened", "expected"), BY_HAND)
def test_next_dates_by_hand(rule_id: str, variant: str | None, start: str, happened: list[str], expected: list[str]):
    zone = KOLKATA if rule_id.startswith("in.") else LONDON
    assert due_days(rule_id, variant, start, happened, count=max(1, len(expected)), zone=zone) == expected


def test_enough_of_the_rules_have_dates_by_hand():
    assert len({row[0] for row in BY_HAND}) >= 40


def test_warnings_come_from_the_rule():
    assert [str(d) for d in from_rule(RULES["uk.gas_safety"]).warn] == ["P61D", "P30D", "P14D", "P7D", "P1D"]
    assert [str(d) for d in from_rule(RULES["food.fridge"]).warn] == ["PT2H"]
    assert [str(d) for d in from_rule(RULES["hc.or_first"]).warn] == ["PT1H"]
    assert from_rule(RULES["hc.or_first"]).within is None
    assert from_rule({"schedule": {**RULES["food.fridge"]["schedule"], "count_in_period": {"min": 2}}}).count == 2


def test_the_gas_warning_opens_with_the_early_window():
    schedule = Schedule.from_dict({**from_rule(RULES["uk.gas_safety"]).to_dict(), "first_due_on": "2026-08-10"})
    (only,) = tiles(
        [(local("2026-01-01"), schedule)], [], starts_at=local("2026-01-01"), zone=LONDON, until=local("2026-01-01")
    )
    assert only.warn_at is not None
    assert only.warn_at.astimezone(LONDON).date() == date(2026, 6, 10)
