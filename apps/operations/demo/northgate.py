"""Northgate: an invented hospital trust with three sites. Names, codes and places are made up."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from apps.accounts.models import User
from apps.cleaning_logs.models import Via
from apps.compliance import actions as compliance
from apps.equipment import label_actions
from apps.operations.demo.build import Duty, House, Person, add_members, grant, make_organization
from apps.operations.demo.history import Habit
from apps.tenants.scope import member

PEOPLE = (
    Person("technician", "Tess Adeyemi", "technician@northgate.example"),
    Person("manager", "Marek Kowalski", "manager@northgate.example"),
    Person("admin", "Amara Osei", "admin@northgate.example"),
    Person("auditor", "Audrey Bell", "auditor@northgate.example"),
    Person("technician", "Rosa Delgado", "harbour@northgate.example", facility="NG-HAR"),
)
SITES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "NG-GEN",
        "Northgate General Hospital",
        {
            "kind": "hospital",
            "address": "1 Infirmary Road",
            "city": "Northgate",
            "storeys": 3,
            "functional_risk": "FR2",
        },
    ),
    (
        "NG-MIL",
        "Millbrook Community Hospital",
        {"kind": "hospital", "address": "Mill Lane", "city": "Millbrook", "storeys": 2, "functional_risk": "FR2"},
    ),
    (
        "NG-HAR",
        "Harbour Road Day Surgery",
        {"kind": "clinic", "address": "40 Harbour Road", "city": "Northgate", "storeys": 1, "functional_risk": "FR2"},
    ),
)
# Each is: code, name, the code of what it is in, kind, functional risk category.
AREAS = {
    "NG-GEN": (
        ("G0", "Ground floor", "", "floor", ""),
        ("G-ED", "Emergency department", "G0", "department", "FR2"),
        ("G-EDW", "Resuscitation", "G-ED", "room", "FR1"),
        ("G-END", "Endoscopy unit", "G0", "department", "FR2"),
        ("G-KIT", "Main kitchen", "G0", "kitchen", "FR3"),
        ("G-OUT", "Outpatients", "G0", "department", "FR4"),
        ("G-MAIN", "Main entrance and corridors", "G0", "circulation", "FR5"),
        ("G1", "First floor", "", "floor", ""),
        ("G-TH1", "Theatre 1", "G1", "theatre", "FR1"),
        ("G-TH2", "Theatre 2", "G1", "theatre", "FR1"),
        ("G-ICU", "Intensive care unit", "G1", "ward", "FR1"),
        ("G2", "Second floor", "", "floor", ""),
        ("G-W4", "Ward 4 (surgical)", "G2", "ward", "FR2"),
        ("G-W4S", "Sluice", "G-W4", "sluice", "FR2"),
        ("G-W5", "Ward 5 (medical)", "G2", "ward", "FR2"),
        ("G-W5S", "Sluice", "G-W5", "sluice", "FR2"),
        ("G-W6", "Ward 6 (children)", "G2", "ward", "FR2"),
        ("G-W6S", "Sluice", "G-W6", "sluice", "FR2"),
        ("G-OFF", "Offices", "G2", "office", "FR6"),
    ),
    "NG-MIL": (
        ("M-W1", "Ward 1 (rehabilitation)", "", "ward", "FR2"),
        ("M-W1S", "Sluice", "M-W1", "sluice", "FR2"),
        ("M-W2", "Ward 2 (older people)", "", "ward", "FR2"),
        ("M-W2S", "Sluice", "M-W2", "sluice", "FR2"),
        ("M-OUT", "Outpatients", "", "department", "FR4"),
        ("M-GYM", "Therapy gym", "", "treatment", "FR4"),
        ("M-KIT", "Kitchen", "", "kitchen", "FR3"),
        ("M-OLD", "Closed wing", "", "ward", "FR6"),
    ),
    "NG-HAR": (
        ("H-THA", "Theatre A", "", "theatre", "FR1"),
        ("H-THB", "Theatre B", "", "theatre", "FR1"),
        ("H-REC", "Recovery", "", "ward", "FR2"),
        ("H-END", "Endoscopy suite", "", "department", "FR2"),
        ("H-FRO", "Reception and waiting", "", "circulation", "FR4"),
    ),
}
# Each is: code, name, type, place, category, maker, model.
MACHINES = (
    ("AER-1", "Endoscope washer 1", "Endoscope washer-disinfector", "G-END", "medical", "Aldery", "EW 300"),
    ("AER-2", "Endoscope washer 2", "Endoscope washer-disinfector", "G-END", "medical", "Aldery", "EW 300"),
    ("AER-3", "Endoscope washer A", "Endoscope washer-disinfector", "H-END", "medical", "Aldery", "EW 220"),
    ("AER-4", "Endoscope washer B", "Endoscope washer-disinfector", "H-END", "medical", "Aldery", "EW 220"),
    ("BPW-ED", "Bed pan washer ED", "Bed pan washer", "G-ED", "cleaning", "Norvent", "Sluice 5"),
    ("BPW-ICU", "Bed pan washer ICU", "Bed pan washer", "G-ICU", "cleaning", "Norvent", "Sluice 5"),
    ("BPW-4", "Bed pan washer Ward 4", "Bed pan washer", "G-W4S", "cleaning", "Norvent", "Sluice 5"),
    ("BPW-5", "Bed pan washer Ward 5", "Bed pan washer", "G-W5S", "cleaning", "Norvent", "Sluice 5"),
    ("BPW-6", "Bed pan washer Ward 6", "Bed pan washer", "G-W6S", "cleaning", "Norvent", "Sluice 3"),
    ("BPW-M1", "Bed pan washer Ward 1", "Bed pan washer", "M-W1S", "cleaning", "Norvent", "Sluice 3"),
    ("BPW-M2", "Bed pan washer Ward 2", "Bed pan washer", "M-W2S", "cleaning", "Norvent", "Sluice 3"),
    ("MF-ED", "Medicine fridge ED", "Medicine fridge", "G-ED", "medical", "Kelvine", "M140"),
    ("MF-ICU", "Medicine fridge ICU", "Medicine fridge", "G-ICU", "medical", "Kelvine", "M140"),
    ("MF-4", "Medicine fridge Ward 4", "Medicine fridge", "G-W4", "medical", "Kelvine", "M140"),
    ("MF-5", "Medicine fridge Ward 5", "Medicine fridge", "G-W5", "medical", "Kelvine", "M140"),
    ("MF-6", "Medicine fridge Ward 6", "Medicine fridge", "G-W6", "medical", "Kelvine", "M90"),
    ("MF-M1", "Medicine fridge Ward 1", "Medicine fridge", "M-W1", "medical", "Kelvine", "M90"),
    ("MF-M2", "Medicine fridge Ward 2", "Medicine fridge", "M-W2", "medical", "Kelvine", "M90"),
    ("MF-H", "Medicine fridge Recovery", "Medicine fridge", "H-REC", "medical", "Kelvine", "M90"),
    ("FF-1", "Food fridge 1", "Food fridge", "G-KIT", "catering", "Polarway", "Upright 600"),
    ("FF-2", "Food fridge 2", "Food fridge", "G-KIT", "catering", "Polarway", "Upright 600"),
    ("FF-3", "Food fridge 3", "Food fridge", "M-KIT", "catering", "Polarway", "Upright 400"),
    ("FZ-1", "Walk-in freezer", "Food freezer", "G-KIT", "catering", "Polarway", "WI 12"),
    ("HO-1", "Ceiling hoist ICU", "Patient hoist", "G-ICU", "lifting", "Carrow", "Lift 200"),
    ("HO-2", "Mobile hoist Ward 4", "Patient hoist", "G-W4", "lifting", "Carrow", "Roll 160"),
    ("HO-3", "Mobile hoist Ward 5", "Patient hoist", "G-W5", "lifting", "Carrow", "Roll 160"),
    ("HO-4", "Mobile hoist Ward 1", "Patient hoist", "M-W1", "lifting", "Carrow", "Roll 160"),
    ("HO-5", "Mobile hoist Ward 2", "Patient hoist", "M-W2", "lifting", "Carrow", "Roll 160"),
    ("SC-1", "Scrubber-dryer Main entrance", "Floor scrubber-dryer", "G-MAIN", "cleaning", "Tidewell", "S50"),
    ("SC-2", "Scrubber-dryer Theatres", "Floor scrubber-dryer", "G1", "cleaning", "Tidewell", "S30"),
    ("SC-3", "Scrubber-dryer Millbrook", "Floor scrubber-dryer", "NG-MIL", "cleaning", "Tidewell", "S30"),
    ("CO-1", "Commode 1", "Commode", "G-W4", "medical", "Carrow", "C2"),
    ("CO-2", "Commode 2", "Commode", "G-W5", "medical", "Carrow", "C2"),
    ("CO-3", "Commode 3", "Commode", "M-W1", "medical", "Carrow", "C2"),
    ("CO-4", "Commode 4", "Commode", "M-W2", "medical", "Carrow", "C2"),
    ("ST-1", "Bench-top steriliser A", "Bench-top steriliser", "H-THA", "medical", "Aldery", "BT 18"),
    ("ST-2", "Bench-top steriliser B", "Bench-top steriliser", "H-THB", "medical", "Aldery", "BT 18"),
    ("FA-G", "Fire alarm panel General", "Fire alarm panel", "G-MAIN", "fire", "Signalry", "Zone 16"),
    ("FA-M", "Fire alarm panel Millbrook", "Fire alarm panel", "NG-MIL", "fire", "Signalry", "Zone 8"),
    ("FA-H", "Fire alarm panel Harbour Road", "Fire alarm panel", "H-FRO", "fire", "Signalry", "Zone 4"),
)
NOTE = {"kind": "text", "text": "Anything to report", "required": False}


def yes(text: str) -> dict[str, Any]:
    """Return a yes-or-no step."""
    return {"kind": "yes_no", "text": text}


def reading(text: str, unit: str, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    """Return a step that takes a reading with limits."""
    limits = {"min": low, "max": high}
    return {"kind": "number", "text": text, "unit": unit} | {k: v for k, v in limits.items() if v is not None}


PROTOCOLS: tuple[tuple[str, str, tuple[dict[str, Any], ...]], ...] = (
    (
        "Endoscope washer: start of day",
        "Before the first endoscope goes in.",
        (
            yes("Door seal and connectors whole and clean"),
            yes("Detergent and disinfectant above the mark"),
            yes("Self-disinfection cycle finished"),
            reading("Highest temperature of the cycle", "°C", 60, 95),
            yes("Final rinse water clear"),
            {"kind": "text", "text": "Cycle number"},
            NOTE,
        ),
    ),
    (
        "Bed pan washer: weekly check",
        "Empty the chamber first. Wear gloves and an apron.",
        (
            yes("Chamber and door seal wiped, no residue"),
            yes("Spray arms turn freely"),
            yes("Descaler above the mark"),
            reading("Temperature held in the disinfection phase", "°C", 80, 99),
            NOTE,
        ),
    ),
    (
        "Medicine fridge temperature",
        "Read the display, then reset it.",
        (
            reading("Temperature now", "°C", 2, 8),
            reading("Lowest since the last reset", "°C", 2, 8),
            reading("Highest since the last reset", "°C", 2, 8),
        ),
    ),
    ("Food fridge temperature", "8 °C is the legal limit; aim for 5 °C.", (reading("Temperature", "°C", 0, 8),)),
    ("Freezer temperature", "Colder than −18 °C.", (reading("Temperature", "°C", -30, -18),)),
    (
        "Ward daily clean",
        "Top to bottom, clean to dirty, a fresh cloth for each bed space.",
        (
            yes("High-touch surfaces: bed rails, tables, call bells, handles"),
            yes("Sinks, taps and dispensers; soap and towels filled"),
            yes("Toilets and showers"),
            yes("Floors, edges and corners"),
            yes("Waste and linen taken away"),
            NOTE,
        ),
    ),
    (
        "Theatre clean: end of the list",
        "After the last patient, with the ventilation running.",
        (
            yes("Table, mattress and attachments, both sides"),
            yes("Lights, pendants and horizontal surfaces"),
            yes("Walls to hand height, door plates"),
            yes("Floor, moving everything on wheels"),
            NOTE,
        ),
    ),
    ("High-touch surfaces", "One wipe for each surface.", (yes("All high-touch surfaces wiped"),)),
    (
        "Little-used outlets: flush and measure",
        "Run gently: no spray. Hot water after one minute, cold after two.",
        (
            yes("Every outlet on the list was run"),
            reading("Hot water after one minute", "°C", 50, 70),
            reading("Cold water after two minutes", "°C", None, 20),
            NOTE,
        ),
    ),
    (
        "Commode clean",
        "Take it apart: seat, frame, underside.",
        (yes("All parts cleaned and dry"), yes("Green “clean” tape on"), NOTE),
    ),
    (
        "Scrubber-dryer: empty and clean",
        "At the end of the shift.",
        (yes("Recovery tank emptied and rinsed"), yes("Squeegee and brushes clean"), yes("On charge, lid open")),
    ),
    (
        "Steriliser: steam penetration test",
        "First cycle of the day, empty chamber.",
        (
            {
                "kind": "choice",
                "text": "Test sheet",
                "choices": ["Even change", "Uneven change"],
                "fails": ["Uneven change"],
            },
            {"kind": "text", "text": "Cycle number"},
        ),
    ),
    (
        "Fire alarm: weekly test",
        "Another call point each week.",
        (
            {"kind": "text", "text": "Call point tested"},
            yes("Sounders heard everywhere"),
            yes("Panel reset, no fault shown"),
        ),
    ),
)
DAILY = {"mode": "fixed_calendar", "rrule": "FREQ=DAILY", "due_time": "14:00", "warn": ["PT2H"]}
WEEKDAYS = {"mode": "fixed_calendar", "rrule": "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "due_time": "09:30", "warn": ["PT1H"]}
WEEKLY = {"mode": "fixed_calendar", "rrule": "FREQ=WEEKLY;BYDAY=TH", "warn": ["P1D"]}
MONDAYS = {"mode": "fixed_calendar", "rrule": "FREQ=WEEKLY;BYDAY=MO", "warn": ["P1D"]}
MONTHLY = {"mode": "fixed_calendar", "rrule": "FREQ=MONTHLY", "warn": ["P7D", "P1D"]}
SIX_MONTHS = {"mode": "interval_after_completion", "interval": "P6M", "warn": ["P60D", "P30D", "P14D", "P7D", "P1D"]}
TWO_YEARS = {"mode": "review_triggered", "interval": "P2Y", "warn": ["P60D", "P30D"], "triggers": ["plumbing altered"]}
CHECK = "Check the frequency against your own policy before relying on it."
CDC = "CDC and ICAN, Best practices for environmental cleaning, appendix B1"
WATER = "ACOP L8 and HSG274 part 2"


def _fridges() -> list[Duty]:
    habits = {
        "MF-5": Habit("07:40", failed=True),
        "MF-M2": Habit("08:05", skip_last=2, skipped=(9,)),
        "MF-6": Habit("07:50", skipped=(20,)),
    }
    # Ward 4's is read a moment after loading, at its label.
    duties = [
        Duty(
            code,
            "Medicine fridge temperature",
            {**DAILY, "due_time": "12:00"},
            habits.get(code, Habit("07:45", fresh=12 if code == "MF-4" else 0)),
            "Medicine fridge temperature",
            "testing",
            reference="Trust medicines policy",
        )
        for code in ("MF-ED", "MF-ICU", "MF-4", "MF-5", "MF-6", "MF-M1", "MF-M2", "MF-H")
    ]
    duties += [
        Duty(
            code,
            "Chilled storage temperature",
            {**DAILY, "due_time": "10:00"},
            Habit("06:50"),
            "Food fridge temperature",
            "testing",
            reference="Food hygiene temperature-control law (8 °C)",
        )
        for code in ("FF-1", "FF-2", "FF-3")
    ]
    duties.append(
        Duty(
            "FZ-1",
            "Frozen storage temperature",
            {**DAILY, "due_time": "10:00"},
            Habit("06:55"),
            "Freezer temperature",
            "testing",
            reference="Food Standards Agency guidance",
        )
    )
    return duties


def _rooms() -> list[Duty]:
    wards = {
        "G-W4": Habit("10:15", fresh=25),
        "G-W5": Habit("10:40", skip_last=3),
        "G-W6": Habit("11:05", skipped=(30,)),
        "G-ICU": Habit("09:20"),
        "G-ED": Habit("05:30"),
        "M-W1": Habit("10:05"),
        "M-W2": Habit("10:50", skipped=(5, 6)),
        "H-REC": Habit("12:30"),
    }
    duties = [
        Duty(code, "Daily clean", DAILY, habit, "Ward daily clean", reference=CDC) for code, habit in wards.items()
    ]
    theatres = {
        "G-TH1": Habit("18:10"),
        "G-TH2": Habit("18:40", failed=True),
        "H-THA": Habit("17:30"),
        "H-THB": Habit("17:40"),
    }
    end_of_list = {**WEEKDAYS, "due_time": "21:00"}
    duties += [
        Duty(code, "End of list clean", end_of_list, habit, "Theatre clean: end of the list", reference=CDC)
        for code, habit in theatres.items()
    ]
    duties += [
        Duty(code, "High-touch surfaces", WEEKDAYS, Habit("08:10"), "High-touch surfaces", reference=CDC)
        for code in ("G-OUT", "M-OUT", "M-GYM", "H-FRO")
    ]
    duties += [
        Duty(
            code,
            "Flush little-used outlets",
            WEEKLY,
            habit,
            "Little-used outlets: flush and measure",
            "testing",
            reference=WATER,
            notes=CHECK,
        )
        for code, habit in {
            "M-OLD": Habit("13:30", skip_last=2),
            "G-OFF": Habit("14:10"),
            "H-REC": Habit("13:00"),
        }.items()
    ]
    return duties


def _machines() -> list[Duty]:
    washers = {
        "AER-2": Habit("07:20", skip_last=2),
        "AER-1": Habit("07:05"),
        "AER-3": Habit("07:00"),
        "AER-4": Habit("07:10"),
    }
    duties = [
        Duty(
            code,
            "Start-of-day check",
            WEEKDAYS,
            habit,
            "Endoscope washer: start of day",
            reference="HTM 01-06",
            notes=CHECK,
        )
        for code, habit in washers.items()
    ]
    rolling = {"mode": "interval_after_completion", "interval": "P7D", "warn": ["P2D"]}
    panwashers = {
        "BPW-ED": Habit("14:00", last_days=6),
        "BPW-ICU": Habit("14:20", last_days=2),
        "BPW-4": Habit("14:40", last_days=9),
        "BPW-5": Habit("15:00", last_days=6),
        "BPW-6": Habit("15:20", last_days=1),
        "BPW-M1": Habit("11:00", last_days=3),
        "BPW-M2": Habit("11:30", last_days=4, failed=True),
    }
    duties += [
        Duty(
            code,
            "Weekly check",
            rolling,
            habit,
            "Bed pan washer: weekly check",
            "maintenance",
            reference="Maker’s instructions",
        )
        for code, habit in panwashers.items()
    ]
    every_other = {"mode": "interval_after_completion", "interval": "P3D", "warn": ["P1D"]}
    duties += [
        Duty(
            code,
            "Deep clean",
            every_other,
            habit,
            "Commode clean",
            reference="CDC guideline for disinfection 2008, category II",
        )
        for code, habit in {
            "CO-1": Habit("09:00", last_days=1),
            "CO-2": Habit("09:20", last_days=2),
            "CO-3": Habit("09:40", last_days=1),
            "CO-4": Habit(never=True),
        }.items()
    ]
    duties += [
        Duty(
            code,
            "Empty and clean",
            every_other,
            Habit("15:30", last_days=days),
            "Scrubber-dryer: empty and clean",
            "maintenance",
        )
        for code, days in {"SC-1": 1, "SC-2": 1, "SC-3": 2}.items()
    ]
    duties += [
        Duty(
            code,
            "Steam penetration test",
            WEEKDAYS,
            Habit("07:30"),
            "Steriliser: steam penetration test",
            "testing",
            reference="HTM 01-05",
        )
        for code in ("ST-1", "ST-2")
    ]
    duties += [
        Duty(code, "Weekly alarm test", MONDAYS, habit, "Fire alarm: weekly test", "testing", reference="BS 5839-1")
        for code, habit in {
            "FA-G": Habit("10:00"),
            "FA-M": Habit("10:30", skipped=(2,)),
            "FA-H": Habit("09:00", skip_last=2),
        }.items()
    ]
    return duties


def _certificates() -> list[Duty]:
    examiner = "Carrow Lifting Services"
    hoists = {"HO-1": 40, "HO-2": 160, "HO-3": 200, "HO-4": 75, "HO-5": 20}
    duties = [
        Duty(
            code,
            "Thorough examination",
            SIX_MONTHS,
            Habit("11:00", last_days=days, by=examiner),
            category="certificate",
            evidence="document",
            reference="LOLER 1998 regulation 9",
            days=420,
        )
        for code, days in hoists.items()
    ]
    duties += [
        Duty(
            code,
            "Legionella risk assessment review",
            TWO_YEARS,
            habit,
            category="certificate",
            evidence="document",
            reference="ACOP L8; COSHH 2002",
            days=days,
        )
        for code, habit, days in (
            ("NG-GEN", Habit("12:00", last_days=300, by="Clearflow Water Hygiene"), 400),
            ("NG-MIL", Habit("12:00", last_days=700, by="Clearflow Water Hygiene"), 760),
            ("NG-HAR", Habit(never=True), 30),
        )
    ]
    return duties


def load(now: datetime.datetime, users: Mapping[str, User]) -> House:
    """Make the whole organization."""
    house = make_organization("Northgate Hospitals", "northgate", now, label_logging="name")
    add_members(house, PEOPLE, users)
    technician, manager = house.members[PEOPLE[0].email], house.members[PEOPLE[1].email]
    with member(house.members[PEOPLE[2].email]):
        for code, name, fields in SITES:
            house.facility(code, name, country="GB", **fields)
            house.areas(code, AREAS[code])
        for code, name, kind, place, category, maker, model in MACHINES:
            status = "out_of_service" if code == "SC-2" else "in_service"
            house.machine(code, name, kind, place, category, maker=maker, model=model, status=status)
        for name, description, steps in PROTOCOLS:
            house.protocols[name] = compliance.create_protocol(name=name, description=description, steps=steps)
        for duty in (*_fridges(), *_rooms(), *_machines(), *_certificates()):
            house.duty(duty, manager if duty.evidence == "document" else technician)
        house.label([machine[0] for machine in MACHINES])
        house.label(["G-W4", "G-W5", "G-W6", "G-TH1", "G-TH2", "M-W1", "M-W2", "H-THA", "H-REC", "G-OUT"])
        label_actions.create_unclaimed(1)
        lost = label_actions.create_label(house.places["G-ICU"])
        label_actions.revoke_label(lost, reason="Lost in the refurbishment.")
    grant(house, PEOPLE)
    first, restricted = PEOPLE[0].email, PEOPLE[4].email
    house.live(
        {
            "NG-GEN": ((first,), ("Grace Owusu", "Piotr Nowak", "Shanice Clarke")),
            "NG-MIL": ((first,), ("Colm Byrne", "Anjali Rao")),
            "NG-HAR": ((restricted, first), ()),
        },
        Via.NAME,
    )
    return house
