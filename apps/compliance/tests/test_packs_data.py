"""The shipped data of the rule packs: all 76 duties as they were researched, each with a schedule that works."""

from __future__ import annotations

import copy
import csv
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from apps.compliance.packs import loader
from apps.compliance.packs.loader import Duty, PackError, all_packs, read_pack
from apps.compliance.packs.plan import outlook, starts_at
from apps.compliance.packs.wording import notes_of
from apps.compliance.schedule import Schedule, due_day, preview, tiles

from .test_schedule_builders import KOLKATA, LONDON, event, fact, local

SUMMARY = Path(__file__).with_name("test_packs_summary.csv")
ROWS = list(csv.DictReader(SUMMARY.open()))
DUTIES: dict[str, Duty] = {duty.id: duty for pack in all_packs().values() for duty in pack.duties}
PACK_OF = {duty.id: pack for pack in all_packs().values() for duty in pack.duties}


def when(duty: Duty) -> str:
    """Say a duty's schedule data the way the summary does."""
    data = duty.schedule_data
    choices = data.get("rrule_by_category") or data.get("rrule_by_state")
    if choices:
        said = " | ".join(f"{k}: {'+'.join([v] if isinstance(v, str) else v)}" for k, v in choices.items())
    elif data["mode"] == "per_use":
        said = " ".join(name for name in ("before", "after") if data.get(name))
        said += f" {data['backstop_rrule']}" if "backstop_rrule" in data else ""
    else:
        said = data.get("rrule") or data.get("interval") or data.get("within") or ""
    said += f" + {data['extra_rrule']}" if "extra_rrule" in data else ""
    said += f" x{data['count_in_period']['min']}" if "count_in_period" in data else ""
    return said + (f" early {data['early_window']}" if "early_window" in data else "")


def warns(duty: Duty) -> str:
    return ",".join(f"{n}{unit[0]}" for unit in loader.WARNINGS for n in duty.warning.get(unit, []))


def test_all_76_are_shipped_as_the_summary_states_them() -> None:
    assert len(ROWS) == 76
    shipped = [
        {
            "id": duty.id,
            "pack": PACK_OF[duty.id].id,
            "subject": duty.subject,
            "mode": duty.schedule_data["mode"],
            "when": when(duty),
            "warning": warns(duty),
            "level": duty.level,
        }
        for duty in DUTIES.values()
    ]
    by_id = {row["id"]: row for row in shipped}
    assert by_id.keys() == {row["id"] for row in ROWS}
    for row in ROWS:
        assert by_id[row["id"]] == row


@pytest.mark.parametrize("duty", DUTIES.values(), ids=DUTIES.keys())
def test_each_has_a_schedule_steps_and_words(duty: Duty) -> None:
    zone = KOLKATA if duty.id.startswith("in.") else LONDON
    now = local("2026-11-20T09:00", zone)
    for variant in duty.variants or ("",):
        schedule = duty.schedule(variant)
        assert Schedule.from_dict(json.loads(json.dumps(schedule.to_dict()))) == schedule
        assert schedule.warn
        dues = preview(schedule, starts_at=now, zone=zone, count=3)
        # What waits for an event has no date of its own.
        assert bool(dues) == (schedule.mode not in ("event", "per_use") or bool(schedule.rrule))
        seen = outlook(duty, variant, zone, now)
        assert seen.schedule
        assert seen.words
        if duty.missing_is_red:
            assert seen.colour == "red"
            assert seen.words.startswith("Never done")
    assert duty.steps()
    assert duty.evidence
    assert len(notes_of(duty)) < 4_000


def test_levels_and_labels() -> None:
    levels: dict[str, int] = {}
    for duty in DUTIES.values():
        levels[duty.level] = levels.get(duty.level, 0) + 1
        assert duty.unsure == ("memory" in duty.level)
        assert ("Check before relying on it" in notes_of(duty).splitlines()[0]) == duty.unsure
        assert duty.sources or duty.level == "memory"
        for source in duty.sources:
            assert source.name
            assert source.address.startswith("http") or "at second hand" in source.name
    assert levels == {"sourced": 32, "sourced_secondary": 31, "partly_memory": 6, "memory": 7}


def test_limits_become_readings_with_limits() -> None:
    steps = {step["text"]: step for step in DUTIES["uk.water_temp_monthly"].steps()}
    assert steps["Hot outlet after 1 minute of running"]["min"] == 50
    assert steps["Cold outlet after 2 minutes of running"]["max"] == 20
    assert steps["Calorifier flow temperature"] | {"key": ""} == {
        "key": "",
        "kind": "number",
        "text": "Calorifier flow temperature",
        "required": True,
        "unit": "°C",
        "min": 60,
    }
    (fridge, *_rest) = DUTIES["food.fridge"].steps()
    assert (fridge["kind"], fridge["max"]) == ("number", 8)
    eicr = {step["text"]: step for step in DUTIES["uk.eicr"].steps()}
    assert eicr["Outcome"]["fails"] == ["Unsatisfactory"]


# Worked out by hand. 2026-11-20 is a Friday. (duty, variant, start, what happened before, due days)
BY_HAND: list[tuple[str, str, str, list[str], list[str]]] = [
    ("uk.gas_safety", "", "2026-01-01", ["done 2026-02-03"], ["2027-02-03"]),
    ("uk.eicr", "", "2024-02-29", ["done 2024-02-29"], ["2029-02-28"]),
    ("uk.epc", "", "2026-11-20", ["done 2026-11-30"], ["2036-11-30"]),
    ("uk.smoke_alarms", "", "2026-11-20", ["event 2026-12-01"], ["2026-12-01"]),
    ("uk.fra", "", "2026-01-01", ["done 2026-01-10"], ["2027-01-10"]),
    ("uk.fire_doors_communal", "", "2026-11-30", [], ["2026-11-30", "2027-02-28", "2027-05-30"]),
    ("uk.fire_doors_flat", "", "2024-02-29", [], ["2024-02-29", "2025-02-28", "2026-02-28"]),
    ("uk.highrise_monthly", "", "2026-10-31", [], ["2026-10-31", "2026-11-30", "2026-12-31"]),
    ("uk.fire_alarm_weekly", "", "2026-11-20", [], ["2026-11-23", "2026-11-30", "2026-12-07"]),
    ("uk.fire_alarm_service", "", "2026-08-31", ["done 2026-08-31"], ["2027-02-28"]),
    ("uk.emergency_light_annual", "", "2026-11-20", ["done 2026-11-25"], ["2027-11-25"]),
    ("uk.legionella_ra", "", "2026-11-20", ["done 2026-11-21"], ["2028-11-21"]),
    ("uk.water_flush_weekly", "", "2026-11-20", [], ["2026-11-20", "2026-11-27", "2026-12-04"]),
    ("uk.pat", "", "2026-11-20", ["done 2026-12-31"], ["2027-12-31"]),
    ("uk.hmo_licence", "", "2026-11-20", ["done 2026-11-20"], ["2031-11-20"]),
    ("uk.hmo_cert_to_council", "", "2026-11-20", ["event 2026-12-28"], ["2027-01-04"]),
    ("uk.deposit", "England", "2026-11-20", ["event 2026-11-20"], ["2026-12-20"]),
    ("uk.deposit", "Northern Ireland", "2026-11-20", ["event 2026-11-20"], ["2026-12-25"]),
    ("uk.deposit", "Scotland", "2026-11-20", ["event 2026-11-20"], ["2027-01-01"]),
    ("uk.loler_people", "", "2026-08-30", ["done 2026-08-30"], ["2027-02-28"]),
    ("uk.loler_other", "", "2026-08-30", ["done 2026-08-30"], ["2027-08-30"]),
    ("uk.pssr_autoclave", "", "2025-12-31", ["done 2025-12-31"], ["2027-02-28"]),
    ("uk.social_big6", "", "2027-01-31", ["done 2027-01-31"], ["2027-02-28"]),
    ("hc.consult_room", "", "2026-11-20T13:00", [], ["2026-11-20", "2026-11-21", "2026-11-21"]),
    ("hc.inpatient_routine", "", "2026-12-31", [], ["2026-12-31", "2027-01-01"]),
    ("hc.dental_daily", "", "2026-11-20", [], ["2026-11-20", "2026-11-23", "2026-11-24"]),
    ("hc.endoscope_use", "", "2026-11-20", ["event 2026-11-20"], ["2026-11-20"]),
    ("hc.nhs_technical_audit", "FR1", "2026-11-20", [], ["2026-11-20", "2026-11-27"]),
    ("hc.nhs_technical_audit", "FR3", "2026-12-31", [], ["2026-12-31", "2027-02-28", "2027-04-30"]),
    ("hc.nhs_technical_audit", "FR6", "2026-11-20", [], ["2026-11-20", "2027-11-20"]),
    ("hc.nhs_star_display", "", "2026-11-20", ["event 2026-11-30"], ["2026-12-01"]),
    ("in.pf", "", "2026-11-20", [], ["2026-12-15", "2027-01-15"]),
    ("in.gstr1", "", "2026-11-20", [], ["2026-12-11", "2027-01-11"]),
    ("in.gstr1_q", "", "2026-11-20", [], ["2027-01-13", "2027-04-13", "2027-07-13"]),
    ("in.tds_pay", "", "2027-02-10", [], ["2027-03-07", "2027-04-30", "2027-05-07"]),
    ("in.tds_return", "", "2026-11-20", [], ["2027-01-31", "2027-05-31", "2027-07-31"]),
    ("in.form16", "", "2026-11-20", [], ["2027-06-15", "2028-06-15"]),
    ("in.advance_tax", "", "2026-12-15", [], ["2026-12-15", "2027-03-15"]),
    ("in.pt", "Maharashtra", "2027-01-31", [], ["2027-01-31", "2027-02-28", "2027-03-31"]),
    ("in.pt", "Kerala", "2026-11-20", [], ["2027-02-28", "2027-08-31"]),
    ("in.posh_report", "", "2026-11-20", [], ["2027-01-31", "2028-01-31"]),
    ("food.review_4w", "", "2026-11-20", [], ["2026-11-20", "2026-12-18", "2027-01-15"]),
    ("food.fridge", "", "2028-02-28", [], ["2028-02-28", "2028-02-29", "2028-03-01"]),
]


def due_days(duty: Duty, variant: str, start: str, happened: list[str], *, count: int, zone: ZoneInfo) -> list[str]:
    begins, schedule = local(start, zone), duty.schedule(variant)
    if not happened:
        return [due_day(d, zone).isoformat() for d in preview(schedule, starts_at=begins, zone=zone, count=count)]
    facts = []
    for number, text in enumerate(happened):
        what, day = text.split()
        facts.append((fact if what == "done" else event)(number, local(f"{day}T12:00", zone)))
    found = tiles([(begins, schedule)], facts, starts_at=begins, zone=zone, until=facts[-1].performed_at)
    return [due_day(found[-1].due_at, zone).isoformat()] if found[-1].due_at else []


@pytest.mark.parametrize(("duty_id", "variant", "start", "happened", "expected"), BY_HAND)
def test_next_dates_by_hand(duty_id: str, variant: str, start: str, happened: list[str], expected: list[str]) -> None:
    zone = KOLKATA if duty_id.startswith("in.") else LONDON
    assert due_days(DUTIES[duty_id], variant, start, happened, count=len(expected), zone=zone) == expected


def test_enough_duties_have_dates_by_hand() -> None:
    assert len({row[0] for row in BY_HAND}) >= 35


def test_a_gas_check_made_before_it_was_applied_keeps_its_own_year() -> None:
    """The day of applying is no legal deadline: a check made a month before must not be moved onto it."""
    duty = DUTIES["uk.gas_safety"]
    now = local("2026-11-20T09:00")
    begins = starts_at(duty, now, LONDON)
    done = fact(1, local("2026-10-20T10:00"))
    found = tiles([(begins, duty.schedule())], [done], starts_at=begins, zone=LONDON, until=now)
    assert found[-1].due_at is not None
    assert due_day(found[-1].due_at, LONDON).isoformat() == "2027-10-20"


# --- The loader refuses what is wrong ---


def gas() -> dict[str, Any]:
    """Return the landlord file with the gas duty only, to be spoiled."""
    data = json.loads((loader.FOLDER / "uk-landlord.json").read_text("utf-8"))
    return {**data, "duties": [copy.deepcopy(data["duties"][0])]}


def test_a_good_file_is_read() -> None:
    assert read_pack("uk-landlord.json", gas()).duties[0].id == "uk.gas_safety"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda d: d.pop("reference"), "reference is missing"),
        (lambda d: d.update(sources=[]), "only a duty from memory"),
        (lambda d: d.update(level="sure"), "level is 'sure'"),
        (lambda d: d.update(colour="red"), "there is no field colour"),
        (lambda d: d.update(subject="boat"), "subject is 'boat'"),
        (lambda d: d.update(applies={"fact": "has_moat", "is": True}), "which is no fact"),
        (lambda d: d.update(applies={"fact": "storeys", "is": True}), "compares storeys"),
        (lambda d: d.update(applies={"fact": "has_gas", "above": 3}), "compares has_gas"),
        (lambda d: d.update(applies={"none": []}), "any"),
        (lambda d: d.update(applies_words=""), "applies_words"),
        (lambda d: d.update(schedule={"mode": "sometimes"}), "mode"),
        (lambda d: d.update(schedule={"mode": "keep_anniversary"}), "interval"),
        (lambda d: d.update(warning={}), "warning needs"),
        (lambda d: d.update(evidence=[]), "evidence is empty"),
        (lambda d: d.update(evidence=[{"text": "x", "kind": "rumour"}]), "unknown kind"),
        (lambda d: d.update(evidence=[{"text": "x", "kind": "choice", "choices": ["a"]}]), "choices"),
        (lambda d: d.update(variant_by="uk_region"), "variant_by must be there"),
        (lambda d: d.update(targets={"areas": ["x"]}), "targets must say"),
        (lambda d: d.update(name="x" * 201), "too long"),
        (lambda d: d.update(sources=[{"name": "x"}]), "a source needs"),
    ],
)
def test_a_wrong_duty_is_refused_by_name(spoil: Any, words: str) -> None:
    data = gas()
    spoil(data["duties"][0])
    with pytest.raises(PackError, match=f"uk.gas_safety.*{words}"):
        read_pack("uk-landlord.json", data)


def test_a_wrong_file_is_refused() -> None:
    for spoil, words in (
        ({"version": 0}, "version"),
        ({"version": True}, "version"),
        ({"country": "uk"}, "country"),
        ({"id": "other"}, "id"),
        ({"extra": 1}, "no field"),
    ):
        with pytest.raises(PackError, match=words):
            read_pack("uk-landlord.json", {**gas(), **spoil})


def test_the_same_duty_in_two_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("uk-landlord", "uk-other"):
        (tmp_path / f"{name}.json").write_text(json.dumps({**gas(), "id": name}))
    monkeypatch.setattr(loader, "FOLDER", tmp_path)
    with pytest.raises(PackError, match="is in uk-landlord already"):
        all_packs()
