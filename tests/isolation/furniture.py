"""What the cast has not: one object of every other model in each house, and the annex's likes of what restricted
members are refused in the hospital."""

from __future__ import annotations

import datetime
from typing import Any

from django.core.files.base import ContentFile

from apps.accounts.models import SavedView
from apps.audit import actions as audit
from apps.audit.models import AuditEvent
from apps.cleaning_logs.models import LogPhoto
from apps.compliance import engine
from apps.compliance.closures.models import ClosedDay, Suspension
from apps.compliance.corrective.models import Acknowledgement, CorrectiveAction, CorrectiveEvent, CorrectivePhoto
from apps.compliance.events.models import Prerequisite
from apps.compliance.models import Completion, Requirement, Schedule
from apps.compliance.packs.models import AppliedDuty, AppliedPack, FacilityFacts, NotApplicable, PackProtocol
from apps.compliance.trends.models import DailyCount, DirtyDay
from apps.equipment.models import Label
from apps.facilities.models import Facility
from apps.operations.models import ImportLine, ImportRun
from apps.tenants.models import Domain
from apps.tenants.scope import system
from tests.cast import BEFORE, NOW, House

PACK, DUTY, EXEMPT_DUTY, OPEN_DUTY = "uk-landlord", "uk.gas_safety", "uk.eicr", "uk.epc"
TRIGGER = "discharge"
DAY = datetime.timedelta(days=1)
# Read back by the pages that send photos; none of them looks inside.
PICTURE = b"\xff\xd8\xff\xe0 a picture \xff\xd9"


def furnish(house: House) -> None:
    """Add to a house, as attributes, what the isolation tables name and the cast lacks."""
    with system(house.organization):
        _elsewhere(house)
        _requirements(house)
        _closures(house)
        _corrective(house)
        _packs(house)
        _trends(house)
        _imports(house)


def _keep(house: Any, **objects: Any) -> None:
    for name, found in objects.items():
        setattr(house, name, found)


def _mark(house: House) -> str:
    return house.ward.name.removeprefix("Ward 7")


def _picture(house: House) -> ContentFile:
    return ContentFile(PICTURE, name=f"{house.organization.slug}.jpg")


def _elsewhere(house: House) -> None:
    audit.update(house.organization, {"label_logging": "name"}, "organization.update")
    audit.record("equipment.update", house.washer)
    for machine in (house.washer, house.trolley):
        machine.photo = _picture(house)
        machine.save(update_fields=["photo"])
    photo = LogPhoto.objects.create(facility=house.hospital, log=house.log, image=_picture(house), sha256="0" * 64)
    _keep(
        house,
        event=AuditEvent.objects.filter(object_type="equipment.equipment").get(),
        blank=Label.objects.create(),
        photo=photo,
        saved_view=SavedView.objects.create(
            membership=house.technician, list_name="equipment:equipment_list", name=f"Mine{_mark(house)}"
        ),
        domain=Domain.objects.get(),
        schedule=Schedule.objects.get(requirement=house.requirement),
    )


def _requirements(house: House) -> None:
    mark = _mark(house)
    common = {"protocol": house.protocol, "starts_at": BEFORE}
    waiting = Requirement.objects.create(
        facility=house.hospital, equipment=house.washer, name=f"After each discharge{mark}", **common
    )
    near = Requirement.objects.create(
        facility=house.annex, equipment=house.trolley, name=f"Wipe down{mark}", owner=house.restricted, **common
    )
    for requirement, spec in (
        (waiting, {"mode": "event", "within": "P1D", "triggers": [TRIGGER]}),
        (near, {"mode": "interval_after_completion", "interval": "P7D"}),
    ):
        Schedule.objects.create(requirement=requirement, effective_at=BEFORE, spec=spec)
        engine.project(requirement)
    happening = Completion.objects.create(
        requirement=waiting,
        facility=house.hospital,
        kind="event",
        performed_at=NOW - DAY,
        recorded_at=NOW - DAY,
        reason=TRIGGER,
        by=house.technician,
        by_name=f"Tess{mark}",
    )
    engine.project(waiting)
    _keep(
        house,
        waiting=waiting,
        near_requirement=near,
        happening=happening,
        prerequisite=Prerequisite.objects.create(facility=house.hospital, requirement=house.requirement, needs=waiting),
        acknowledgement=Acknowledgement.objects.create(
            requirement=house.requirement,
            facility=house.hospital,
            kind="snoozed",
            note=f"Waiting for a part{mark}",
            snooze_until=NOW + DAY,
            recorded_at=NOW,
            by=house.manager,
            by_name=f"Manager{mark}",
        ),
    )


def _closures(house: House) -> None:
    mark = _mark(house)
    said = {"recorded_at": NOW, "by": house.manager, "by_name": f"Manager{mark}"}
    soon = (NOW + 9 * DAY).date()
    for prefix, facility in (("", house.hospital), ("near_", house.annex)):
        suspension = Suspension.objects.create(
            facility=facility, starts_at=NOW + DAY, ends_at=NOW + 2 * DAY, reason=f"Refurbishment{mark}", **said
        )
        days = ClosedDay.objects.create(site=facility, first_on=soon, last_on=soon, name=f"Open day{mark}", **said)
        _keep(house, **{f"{prefix}suspension": suspension, f"{prefix}closed_day": days})


def _corrective(house: House) -> None:
    for prefix, facility, machine, owner in (
        ("", house.hospital, house.washer, house.technician),
        ("near_", house.annex, house.trolley, house.restricted),
    ):
        action = CorrectiveAction.objects.create(
            facility=facility,
            equipment=machine,
            requirement=house.requirement if not prefix else None,
            completion=house.completion if not prefix else None,
            step="temp" if not prefix else "",
            title=f"Seal of {machine.name}",
            owner=owner,
            deadline=NOW + 7 * DAY,
            opened_at=NOW - DAY,
        )
        event = CorrectiveEvent.objects.create(
            action=action,
            kind="opened",
            at=NOW - DAY,
            recorded_at=NOW - DAY,
            by=owner,
            by_name=f"Somebody{_mark(house)}",
            state="open",
            severity="medium",
            deadline=action.deadline,
            owner=owner,
        )
        photo = CorrectivePhoto.objects.create(event=event, image=_picture(house), sha256="0" * 64)
        _keep(
            house,
            **{
                f"{prefix}corrective": action,
                f"{prefix}corrective_event": event,
                f"{prefix}corrective_photo": photo,
            },
        )


def _packs(house: House) -> None:
    mark = _mark(house)

    def exempt(facility: Facility) -> NotApplicable:
        return NotApplicable.objects.create(
            facility=facility,
            pack=PACK,
            duty=EXEMPT_DUTY,
            duty_name=f"Electrical report{mark}",
            reason="No wiring of its own",
            by=house.manager,
            by_name=f"Manager{mark}",
            review_on=(NOW + 90 * DAY).date(),
        )

    _keep(
        house,
        not_applicable=exempt(house.hospital),
        near_not_applicable=exempt(house.annex),
        facts=FacilityFacts.objects.create(facility=house.hospital, answers={"storeys": 3}),
        applied_pack=AppliedPack.objects.create(facility=house.hospital, pack=PACK, version=1),
        pack_protocol=PackProtocol.objects.create(duty=DUTY, protocol=house.protocol, given=[]),
        # Of an older version than the one shipped: there is something to upgrade.
        applied_duty=AppliedDuty.objects.create(
            requirement=house.requirement,
            facility=house.hospital,
            pack=PACK,
            duty=DUTY,
            subject="facility",
            version=0,
            given={},
        ),
    )


def _trends(house: House) -> None:
    day = (NOW - DAY).date()
    _keep(
        house,
        daily_count=DailyCount.objects.create(
            facility=house.hospital, day=day, due=1, on_time=0, late=0, missed=1, waived=0
        ),
        dirty_day=DirtyDay.objects.create(facility=house.hospital, first_day=day, last_day=day),
    )


def _imports(house: House) -> None:
    name = house.hospital.name
    run = ImportRun.objects.create(
        kind="facilities",
        state="planned",
        file_name=f"{name}.csv",
        size=1,
        sha256="0" * 64,
        columns=["Name"],
        samples=[[name]],
        mapping={"name": "Name"},
        created=1,
    )
    line = ImportLine.objects.create(run=run, line=2, outcome="error", name=name, cells=[name])
    _keep(house, import_run=run, import_line=line)
