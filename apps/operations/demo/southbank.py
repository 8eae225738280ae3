"""Southbank: an invented landlord with six properties. Names, codes and places are made up."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from apps.accounts.models import User
from apps.cleaning_logs.models import Via
from apps.compliance import actions as compliance
from apps.facilities import actions as facilities
from apps.operations.demo.build import Duty, House, Person, add_members, make_organization
from apps.operations.demo.history import Habit
from apps.tenants.scope import member

PIN = "4829"
PEOPLE = (
    Person("admin", "Oscar Lindqvist", "admin@southbank.example"),
    Person("technician", "Olga Marin", "technician@southbank.example"),
)
FLAT: dict[str, Any] = {
    "kind": "flat",
    "city": "Southbank",
    "has_gas": True,
    "is_hmo": False,
    "has_sleeping_risk": True,
}
SITES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("SB-RIV", "Riverside Court", {**FLAT, "kind": "block of flats", "address": "2–40 Quay Street", "storeys": 6}),
    ("SB-CHA", "Chandler House", {**FLAT, "kind": "block of flats", "address": "9 Ropery Lane", "storeys": 4}),
    ("SB-12A", "12A Ferry Street", {**FLAT, "address": "12A Ferry Street", "storeys": 1}),
    ("SB-14B", "14B Ferry Street", {**FLAT, "address": "14B Ferry Street", "storeys": 1}),
    ("SB-TAN", "3 Tanner’s Row", {**FLAT, "kind": "house", "is_hmo": True, "address": "3 Tanner’s Row", "storeys": 3}),
    ("SB-OLD", "The Old Bakery", {**FLAT, "kind": "house", "has_gas": False, "address": "Baker’s Yard", "storeys": 2}),
)
AREAS = {
    "SB-RIV": (
        ("R-LOB", "Lobby and lifts", "", "circulation", ""),
        ("R-ST", "Staircases", "", "circulation", ""),
        ("R-BIN", "Bin store", "", "bin store", ""),
    ),
    "SB-CHA": (
        ("C-HAL", "Hall and stairs", "", "circulation", ""),
        ("C-LAU", "Laundry room", "", "laundry", ""),
    ),
    "SB-TAN": (("T-KIT", "Shared kitchen", "", "kitchen", ""), ("T-BAT", "Shared bathroom", "", "bathroom", "")),
}
# Each is: code, name, type, place, category, maker, model.
MACHINES = (
    ("BO-RIV", "Communal boiler", "Gas boiler", "SB-RIV", "gas", "Hearthline", "C80"),
    ("BO-CHA", "Communal boiler", "Gas boiler", "SB-CHA", "gas", "Hearthline", "C40"),
    ("BO-12A", "Boiler 12A", "Gas boiler", "SB-12A", "gas", "Hearthline", "Combi 24"),
    ("BO-14B", "Boiler 14B", "Gas boiler", "SB-14B", "gas", "Hearthline", "Combi 24"),
    ("BO-TAN", "Boiler Tanner’s Row", "Gas boiler", "SB-TAN", "gas", "Hearthline", "Combi 30"),
    ("HOB-TAN", "Gas hob", "Gas hob", "T-KIT", "gas", "Hearthline", "H4"),
    ("SM-12A", "Smoke alarm 12A", "Smoke alarm", "SB-12A", "fire", "Signalry", "D10"),
    ("SM-14B", "Smoke alarm 14B", "Smoke alarm", "SB-14B", "fire", "Signalry", "D10"),
    ("SM-TAN0", "Smoke alarm ground floor", "Smoke alarm", "SB-TAN", "fire", "Signalry", "D10"),
    ("SM-TAN1", "Smoke alarm first floor", "Smoke alarm", "SB-TAN", "fire", "Signalry", "D10"),
    ("SM-TAN2", "Smoke alarm second floor", "Smoke alarm", "SB-TAN", "fire", "Signalry", "D10"),
    ("SM-OLD", "Smoke alarm Old Bakery", "Smoke alarm", "SB-OLD", "fire", "Signalry", "D10"),
    ("FA-RIV", "Fire alarm panel", "Fire alarm panel", "R-LOB", "fire", "Signalry", "Zone 8"),
    ("EL-CHA", "Emergency lighting", "Emergency lighting", "C-HAL", "fire", "Signalry", "L24"),
)
PROTOCOLS: tuple[tuple[str, str, tuple[dict[str, Any], ...]], ...] = (
    (
        "Communal areas clean",
        "",
        (
            {"kind": "yes_no", "text": "Floors swept and mopped"},
            {"kind": "yes_no", "text": "Handrails, doors and switches wiped"},
            {"kind": "yes_no", "text": "Way out clear of belongings"},
            {"kind": "text", "text": "Anything to report", "required": False},
        ),
    ),
    ("Smoke alarm test", "Press and hold until it sounds.", ({"kind": "yes_no", "text": "The alarm sounded"},)),
    (
        "Fire alarm: weekly test",
        "Another call point each week.",
        ({"kind": "text", "text": "Call point tested"}, {"kind": "yes_no", "text": "Panel reset, no fault shown"}),
    ),
    (
        "Emergency lighting: monthly test",
        "",
        (
            {"kind": "yes_no", "text": "Every fitting came on"},
            {"kind": "text", "text": "Fittings that failed", "required": False},
        ),
    ),
)
GAS = {
    "mode": "keep_anniversary",
    "interval": "P12M",
    "early_window": "P2M",
    "warn": ["P61D", "P30D", "P14D", "P7D", "P1D"],
}
FIVE_YEARS = {
    "mode": "interval_after_completion",
    "interval": "P5Y",
    "warn": ["P90D", "P60D", "P30D", "P14D", "P7D", "P1D"],
}
WEEKLY = {"mode": "fixed_calendar", "rrule": "FREQ=WEEKLY;BYDAY=TU", "warn": ["P1D"]}
FORTNIGHT = {"mode": "interval_after_completion", "interval": "P14D", "warn": ["P3D"]}
MONTHLY = {"mode": "interval_after_completion", "interval": "P1M", "warn": ["P7D"]}
GAS_LAW = "Gas Safety (Installation and Use) Regulations 1998 regulations 36 and 36A"
EICR_LAW = "Electrical Safety Standards in the Private Rented Sector (England) Regulations 2020"
ENGINEER, ELECTRICIAN = "Bridge Heating (gas engineer)", "Volta & Daughters (electrician)"


def _certificate(place: str, name: str, spec: dict[str, Any], habit: Habit, *, reference: str, days: int) -> Duty:
    return Duty(place, name, spec, habit, category="certificate", evidence="document", reference=reference, days=days)


def _duties() -> list[Duty]:
    gas = {"SB-RIV": 120, "SB-CHA": 320, "SB-12A": 200, "SB-14B": 380, "SB-TAN": 60}
    duties = [
        _certificate(
            code, "Gas safety record", GAS, Habit("11:00", last_days=days, by=ENGINEER), reference=GAS_LAW, days=800
        )
        for code, days in gas.items()
    ]
    wiring = {
        "SB-RIV": Habit("13:00", last_days=900, by=ELECTRICIAN),
        "SB-CHA": Habit("13:00", last_days=1100, by=ELECTRICIAN),
        "SB-12A": Habit("13:00", last_days=1770, by=ELECTRICIAN),
        "SB-14B": Habit("13:00", last_days=400, by=ELECTRICIAN),
        "SB-TAN": Habit("13:00", last_days=30, by=ELECTRICIAN, failed=True),
    }
    duties += [
        _certificate(code, "Electrical installation condition report", FIVE_YEARS, habit, reference=EICR_LAW, days=1850)
        for code, habit in wiring.items()
    ]
    duties.append(
        _certificate(
            "SB-OLD",
            "Electrical installation condition report",
            FIVE_YEARS,
            Habit(never=True),
            reference=EICR_LAW,
            days=20,
        )
    )
    alarms = {"SM-12A": 9, "SM-14B": 20, "SM-TAN0": 3, "SM-TAN1": 3, "SM-TAN2": 36, "SM-OLD": 26}
    law = "Smoke and Carbon Monoxide Alarm (England) Regulations 2015 as amended 2022"
    note = "The law asks for a test on the first day of a tenancy. Monthly is this landlord’s own rule."
    duties += [
        Duty(
            code,
            "Smoke alarm test",
            MONTHLY,
            Habit("15:00", last_days=days),
            "Smoke alarm test",
            "testing",
            reference=law,
            notes=note,
        )
        for code, days in alarms.items()
    ]
    cleaning = {
        "R-LOB": (WEEKLY, Habit("09:30")),
        "R-ST": (WEEKLY, Habit("10:15")),
        "R-BIN": (FORTNIGHT, Habit("11:00", last_days=12)),
        "C-HAL": (WEEKLY, Habit("13:00", skip_last=2)),
        "C-LAU": (FORTNIGHT, Habit("13:40", last_days=4)),
        "T-KIT": (WEEKLY, Habit("15:00", skipped=(4,))),
        "T-BAT": (WEEKLY, Habit("15:30")),
    }
    duties += [
        Duty(code, "Communal clean", spec, habit, "Communal areas clean") for code, (spec, habit) in cleaning.items()
    ]
    duties.append(
        Duty(
            "FA-RIV",
            "Weekly alarm test",
            WEEKLY,
            Habit("09:10"),
            "Fire alarm: weekly test",
            "testing",
            reference="BS 5839-1",
        )
    )
    duties.append(
        Duty(
            "EL-CHA",
            "Monthly function test",
            MONTHLY,
            Habit("13:20", last_days=11),
            "Emergency lighting: monthly test",
            "testing",
            reference="BS 5266-1",
        )
    )
    return duties


def load(now: datetime.datetime, users: Mapping[str, User]) -> House:
    """Make the whole organization."""
    house = make_organization("Southbank Lettings", "southbank", now, label_logging="pin")
    add_members(house, PEOPLE, users)
    admin, technician = (house.members[person.email] for person in PEOPLE)
    with member(admin):
        for code, name, fields in SITES:
            house.facility(code, name, country="GB", **fields)
            house.areas(code, AREAS.get(code, ()))
        for code, name, kind, place, category, maker, model in MACHINES:
            house.machine(code, name, kind, place, category, maker=maker, model=model)
        for name, description, steps in PROTOCOLS:
            house.protocols[name] = compliance.create_protocol(name=name, description=description, steps=steps)
        for duty in _duties():
            house.duty(duty, admin if duty.evidence == "document" else technician)
        house.label(
            ["R-LOB", "R-ST", "R-BIN", "C-HAL", "C-LAU", "T-KIT", "T-BAT", *(machine[0] for machine in MACHINES)]
        )
        facilities.set_pin(house.places["SB-RIV"], PIN)  # type: ignore[arg-type]
    cleaner = PEOPLE[1].email
    house.live(
        {code: ((cleaner,), ("Femi Adebayo",) if code == "SB-RIV" else ()) for code, _name, _fields in SITES},
        Via.PIN,
    )
    return house
