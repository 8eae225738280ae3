"""The cast: two organizations with the same people in them, so that every refusal can be tried beside its success.

Northgate is a hospital trust, Southbank a landlord. Everybody's password is PASSWORD.
"""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass
from typing import Any

from apps.accounts.models import User
from apps.cleaning_logs.models import CleaningLog, Via
from apps.compliance.models import (
    FAR_FUTURE,
    Completion,
    Occurrence,
    Protocol,
    ProtocolVersion,
    Requirement,
    Schedule,
)
from apps.equipment.models import Equipment, EquipmentType, Label
from apps.facilities.models import Area, Facility, FacilityAccess
from apps.tenants.models import Domain, Membership, Organization, Role
from apps.tenants.scope import platform, system

PASSWORD = "correct horse battery"
NOW = datetime.datetime(2026, 6, 10, 9, 0, tzinfo=datetime.UTC)  # a Wednesday, 10:00 in London
SOUTHBANK_MARK = " ZQX-SOUTHBANK"
BEFORE = NOW - datetime.timedelta(days=30)
STEPS = [
    {"key": "rinse", "kind": "yes_no", "text": "Rinse the drum", "required": True},
    {"key": "temp", "kind": "number", "text": "Temperature", "required": True, "unit": "°C", "min": 60, "max": 95},
    {"key": "note", "kind": "text", "text": "Anything to report", "required": False},
]


@dataclass
class House:
    """One organization with one of everything in it."""

    organization: Organization
    admin: Membership
    manager: Membership
    technician: Membership
    auditor: Membership
    hospital: Facility
    annex: Facility
    ward: Area
    kind: EquipmentType
    washer: Equipment
    trolley: Equipment
    label: Label
    protocol: Protocol
    version: ProtocolVersion
    requirement: Requirement
    occurrence: Occurrence
    completion: Completion
    log: CleaningLog
    restricted: Membership

    @property
    def host(self) -> str:
        """Its host name."""
        return f"{self.organization.slug}.localhost"


@dataclass
class Cast:
    """Everybody."""

    northgate: House
    southbank: House
    staff: User


def make_user(email: str, name: str, **fields: Any) -> User:
    """Make a user with the common password."""
    return User.objects.create_user(email, PASSWORD, name=name, **fields)


def make_house(slug: str, name: str, people: dict[str, str], facility: str, mark: str = "") -> House:
    """Make an organization with everything in it. ``restricted`` is a technician of the annex only.

    ``mark`` ends the name of every row: where it shows up on another organization's page, something leaks.
    """
    users = {role: make_user(f"{first.lower()}@{slug}.test", first) for role, first in people.items()}
    with platform("test cast"):
        organization = Organization.objects.create(name=name, slug=slug)
    with system(organization):
        Domain.objects.create(host=f"{slug}.localhost", verified_at=BEFORE)
        members = {
            role: Membership.objects.create(
                user=users[role],
                role="technician" if role == "restricted" else role,
                all_facilities=role != "restricted",
            )
            for role in (*Role.values, "restricted")
        }
        hospital = Facility.objects.create(name=facility, external_code="F1", city="Leeds", kind="hospital")
        annex = Facility.objects.create(name=f"{facility} Annex", external_code="F2", city="York", kind="clinic")
        FacilityAccess.objects.create(membership=members["restricted"], facility=annex)
        ward = Area.objects.create(facility=hospital, name=f"Ward 7{mark}", path=f"Ward 7{mark}", external_code="A1")
        kind = EquipmentType.objects.create(name=f"Bed pan washer{mark}")
        washer = Equipment.objects.create(
            facility=hospital, area=ward, type=kind, name=f"Washer 1{mark}", serial_number="SN-1", external_code="E1"
        )
        trolley = Equipment.objects.create(
            facility=annex, type=kind, name=f"Trolley 2{mark}", serial_number="SN-2", external_code="E2"
        )
        label = Label.objects.create(facility=hospital, equipment=washer, claimed_at=BEFORE)
        protocol = Protocol.objects.create(name=f"Washer deep clean{mark}")
        version = ProtocolVersion.objects.create(protocol=protocol, number=1, steps=STEPS)
        requirement = Requirement.objects.create(
            facility=hospital,
            equipment=washer,
            name=f"Deep clean{mark}",
            protocol=protocol,
            owner=members["technician"],
            starts_at=BEFORE,
        )
        Schedule.objects.create(
            requirement=requirement,
            effective_at=BEFORE,
            spec={"mode": "interval_after_completion", "interval": "P7D", "warn": ["P1D"]},
        )
        completion = Completion.objects.create(
            requirement=requirement,
            facility=hospital,
            performed_at=NOW - datetime.timedelta(days=9),
            recorded_at=NOW - datetime.timedelta(days=9),
            by=members["technician"],
            by_name=f"Tess{mark}",
        )
        log = CleaningLog.objects.create(
            uuid=completion.uuid,
            requirement=requirement,
            facility=hospital,
            area=ward,
            equipment=washer,
            label=label,
            protocol_version=version,
            completion=completion,
            task=f"Deep clean{mark}",
            subject_name=f"Washer 1{mark}",
            performed_at=completion.performed_at,
            recorded_at=completion.recorded_at,
            performed_by=members["technician"],
            performer_name=f"Tess{mark}",
            via=Via.SIGNED_IN,
        )
        Occurrence.objects.create(
            requirement=requirement,
            facility=hospital,
            opens_at=BEFORE,
            warn_at=BEFORE,
            due_at=BEFORE,
            overdue_at=BEFORE,
            closes_at=completion.performed_at,
            completed_at=completion.performed_at,
            completion=completion,
            ever_completed=True,
        )
        # Done nine days ago, due after seven: red at NOW.
        due = datetime.datetime(2026, 6, 8, 23, 0, tzinfo=datetime.UTC)
        occurrence = Occurrence.objects.create(
            requirement=requirement,
            facility=hospital,
            opens_at=completion.performed_at,
            warn_at=due - datetime.timedelta(days=1),
            due_at=due,
            overdue_at=due,
            closes_at=FAR_FUTURE,
            ever_completed=True,
        )
    return House(
        organization=organization,
        admin=members["admin"],
        manager=members["manager"],
        technician=members["technician"],
        auditor=members["auditor"],
        restricted=members["restricted"],
        hospital=hospital,
        annex=annex,
        ward=ward,
        kind=kind,
        washer=washer,
        trolley=trolley,
        label=label,
        protocol=protocol,
        version=version,
        requirement=requirement,
        occurrence=occurrence,
        completion=completion,
        log=log,
    )


def make_cast() -> Cast:
    """Make both organizations and a member of the platform staff."""
    northgate = make_house(
        "northgate",
        "Northgate Hospitals",
        {"admin": "Amara", "manager": "Marek", "technician": "Tess", "auditor": "Audrey", "restricted": "Rosa"},
        "Northgate General",
    )
    southbank = make_house(
        "southbank",
        "Southbank Lettings",
        {"admin": "Oscar", "manager": "Mina", "technician": "Olga", "auditor": "Ingrid", "restricted": "Ravi"},
        "Riverside Tower",
        SOUTHBANK_MARK,
    )
    return Cast(northgate, southbank, make_user("stan@cleantrack.test", "Stan", is_platform_staff=True))


def new_uuid() -> str:
    """Return a fresh client id, as a form would carry it."""
    return str(uuid.uuid4())
