"""What both demo organizations are built with: the real actions, with short words for what they share."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from apps.accounts.models import User
from apps.audit import actions as audit
from apps.cleaning_logs.actions import Entry, log_cleaning
from apps.cleaning_logs.models import Via
from apps.cleaning_logs.queries import subject_of
from apps.compliance import actions as compliance
from apps.compliance.models import Protocol, Requirement
from apps.compliance.queries import version_in_force
from apps.compliance.schedule import Schedule
from apps.equipment import actions as equipment
from apps.equipment import label_actions
from apps.equipment.models import Equipment, EquipmentType, Label
from apps.facilities import actions as facilities
from apps.facilities.models import Area, Facility, FacilityAccess
from apps.operations.demo.history import Habit, History, People, raw_answers
from apps.tenants.models import Domain, Membership, Organization
from apps.tenants.scope import member, platform, system

PASSWORD = "harbour-lantern-42"  # noqa: S105 - printed on purpose; the demo refuses to load in production
REASON = "load_demo"


@dataclass(frozen=True)
class Person:
    """Somebody to sign in as. ``facility``: the external code of the only one they see."""

    role: str
    name: str
    email: str
    facility: str = ""


@dataclass(frozen=True)
class Duty:
    """A requirement to make, and how it was kept."""

    subject: str
    name: str
    spec: Mapping[str, Any]
    habit: Habit = field(default_factory=Habit)
    protocol: str = ""
    category: str = "cleaning"
    evidence: str = "log"
    reference: str = ""
    notes: str = ""
    days: int = 65


@dataclass
class House:
    """One organization being built. Things are found again by the external codes they were given."""

    organization: Organization
    now: datetime.datetime
    members: dict[str, Membership] = field(default_factory=dict)
    places: dict[str, Facility | Area | Equipment] = field(default_factory=dict)
    protocols: dict[str, Protocol] = field(default_factory=dict)
    types: dict[str, EquipmentType] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    duties: list[tuple[Requirement, Schedule, Habit]] = field(default_factory=list)

    def facility(self, code: str, name: str, **fields: Any) -> Facility:
        """Add a facility."""
        made = facilities.create_facility(name=name, external_code=code, **fields)
        self.places[code] = made
        return made

    def areas(self, facility: str, rows: Sequence[tuple[str, str, str, str, str]]) -> None:
        """Add areas, given as (code, name, code of the area around it, kind, functional risk)."""
        around = self.places[facility]
        for code, name, parent, kind, risk in rows:
            self.places[code] = facilities.create_area(
                around,  # type: ignore[arg-type]
                name=name,
                external_code=code,
                parent=self.places[parent] if parent else None,
                kind=kind,
                functional_risk=risk,
            )

    def machine(self, code: str, name: str, kind: str, place: str, category: str, **fields: Any) -> None:
        """Add a piece of equipment in an area or, where it has none, a facility."""
        where = self.places[place]
        if kind not in self.types:
            self.types[kind] = equipment.create_type(name=kind)
        self.places[code] = equipment.create_equipment(
            name=name,
            type=self.types[kind],
            facility=where.facility if isinstance(where, Area) else where,
            area=where if isinstance(where, Area) else None,
            external_code=code,
            serial_number=f"{code}-{sum(map(ord, code + name)) * 7919 % 90000 + 10000}",
            category=category,
            **fields,
        )

    def duty(self, duty: Duty, owner: Membership | None) -> None:
        """Add a requirement that began some time ago, at the start of a local day."""
        subject = self.places[duty.subject]
        facility = subject if isinstance(subject, Facility) else subject.facility
        zone = ZoneInfo(facility.time_zone)
        began = (self.now.astimezone(zone) - datetime.timedelta(days=duty.days)).date()
        on = {"equipment": subject} if isinstance(subject, Equipment) else {"area": subject}
        requirement = compliance.create_requirement(
            spec=duty.spec,
            name=duty.name,
            facility=facility,
            category=duty.category,
            evidence=duty.evidence,
            protocol=self.protocols.get(duty.protocol),
            owner=owner,
            reference=duty.reference,
            notes=duty.notes,
            starts_at=datetime.datetime.combine(began, datetime.time(), zone).astimezone(datetime.UTC),
            **({} if isinstance(subject, Facility) else on),
        )
        self.duties.append((requirement, Schedule.from_dict(duty.spec), duty.habit))

    def label(self, codes: Sequence[str]) -> None:
        """Print labels for places and machines, and stick them on."""
        made = label_actions.create_labels([self.places[code] for code in codes])
        self.labels.update(zip(codes, made, strict=True))

    def live(self, people: dict[str, tuple[Sequence[str], Sequence[str]]], via: Via) -> None:
        """Write the past: ``people`` gives by facility the members (by email) and names that log there."""
        history = History(
            now=self.now,
            people={
                self.places[code].pk: People([self.members[email] for email in members], names, via)
                for code, (members, names) in people.items()
            },
            labels={
                (self.places[code]._meta.model_name or "", self.places[code].pk): label
                for code, label in self.labels.items()
            },
        )
        with system(self.organization, reason=REASON):
            for requirement, schedule, habit in self.duties:
                history.add(requirement, schedule, habit)
            history.write()
        self._log_fresh(history, people)

    def _log_fresh(self, history: History, people: dict[str, tuple[Sequence[str], Sequence[str]]]) -> None:
        """Log what was done a moment ago the way a technician does, at the label."""
        for requirement, _schedule, habit in self.duties:
            if not habit.fresh:
                continue
            code = next(code for code in people if self.places[code].pk == requirement.facility_id)
            who = self.members[people[code][0][0]]
            with member(who):
                version = version_in_force(requirement.protocol)
                entry = Entry(
                    uuid=uuid4(),
                    performed_at=timezone.now() - datetime.timedelta(minutes=habit.fresh),
                    stated=True,
                    answers=raw_answers(version, history.random) if version else {},
                    version=version,
                )
                log_cleaning(
                    subject_of(requirement),
                    entry,
                    organization=self.organization,
                    membership=who,
                    requirement=requirement,
                    label=history.label_of(requirement),
                    confirmed=True,
                )


def make_organization(name: str, slug: str, now: datetime.datetime, **fields: Any) -> House:
    """Make an organization with its verified host name."""
    with platform(REASON):
        organization = audit.create(Organization(name=name, slug=slug, **fields), "organization.create")
        with system(organization, reason=REASON):
            audit.create(Domain(host=f"{slug}.{settings.BASE_DOMAIN}", verified_at=now), "domain.create")
    return House(organization, now)


def make_user(person: Person, password_hash: str, *, is_platform_staff: bool = False) -> User:
    """Make an account with a password hashed before: hashing is slow on purpose. Runs outside every scope."""
    return User.objects.create(
        email=person.email, name=person.name, password=password_hash, is_platform_staff=is_platform_staff
    )


def add_members(house: House, people: Sequence[Person], users: Mapping[str, User]) -> None:
    """Make people members. Those with one facility get it by ``grant`` once it exists."""
    with system(house.organization, reason=REASON):
        for person in people:
            membership = Membership(user=users[person.email], role=person.role, all_facilities=not person.facility)
            house.members[person.email] = audit.create(membership, "member.create")


def grant(house: House, people: Sequence[Person]) -> None:
    """Let members without all facilities see theirs."""
    with system(house.organization, reason=REASON):
        for person in people:
            if person.facility:
                access = FacilityAccess(
                    membership=house.members[person.email],
                    facility=house.places[person.facility],  # type: ignore[misc]
                )
                audit.create(access, "member.facilities")
