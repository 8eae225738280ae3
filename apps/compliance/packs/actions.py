"""Every write of the rule packs: answers, applying, “not applicable”, upgrading."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit import actions as audit
from apps.audit.bulk import create_many
from apps.audit.validated import create_valid
from apps.compliance import actions as compliance
from apps.compliance.models import Protocol
from apps.compliance.packs import queries
from apps.compliance.packs.facts import QUESTIONS
from apps.compliance.packs.loader import Duty, Pack
from apps.compliance.packs.models import AppliedDuty, AppliedPack, FacilityFacts, NotApplicable, PackProtocol
from apps.compliance.packs.plan import FACILITY, Row, starts_at
from apps.compliance.packs.upgrade import changes_of
from apps.compliance.packs.wording import notes_of
from apps.equipment.models import Equipment
from apps.facilities import actions as facilities
from apps.facilities.models import Area, Facility
from apps.tenants.permissions import Permission, demand
from apps.tenants.queries import get_own_membership
from apps.tenants.scope import require

# One confirmation is one transaction in one request.
MOST = 500


def answer_facts(facility: Facility, answers: Mapping[str, Any]) -> bool:
    """Save facts of a facility: on itself where it has the field, else beside it. Returns whether anything changed."""
    demand(Permission.COMPLIANCE_EDIT)
    own = {name: value for name, value in answers.items() if QUESTIONS[name].own}
    extra = {name: value for name, value in answers.items() if not QUESTIONS[name].own}
    changed = False
    with transaction.atomic():
        if own:
            changed = facilities.update_facility(facility, **own)
        if extra:
            row = FacilityFacts.objects.select_for_update().filter(facility=facility).first()
            if row is None:
                create_valid(FacilityFacts(facility=facility, answers=extra), "facility_facts.create")
                changed = True
            else:
                changed |= audit.update(row, {"answers": {**row.answers, **extra}}, "facility_facts.update")
    return changed


@dataclass
class Applied:
    """What applying a pack did."""

    created: int = 0
    restored: int = 0
    facilities: int = 0


def apply_pack(
    pack: Pack,
    chosen: Sequence[Facility],
    rows: Sequence[Row],
    *,
    head_office: Facility | None = None,
    now: datetime.datetime | None = None,
) -> Applied:
    """Create what ``rows`` of a plan call for, and mark the facilities, in one transaction. Idempotent.

    What exists already, or was made by somebody else meanwhile, is left as it is. Raises ValidationError.
    """
    demand(Permission.COMPLIANCE_EDIT)
    wanted = [row for row in rows if row.takes]
    if len(wanted) > MOST:
        raise ValidationError(
            _("This is more than %(most)s requirements at once. Choose fewer facilities.") % {"most": MOST}
        )
    if head_office is not None and not require().all_facilities:
        raise ValidationError(_("Only members with all facilities may choose the head office."))
    now = now or timezone.now()
    done = Applied()
    with transaction.atomic():
        # Two confirmations at once take turns, facility by facility, and the second finds what the first has made.
        places = {
            facility.pk: facility
            for facility in Facility.objects.select_for_update(no_key=True)
            .filter(pk__in=[facility.pk for facility in chosen], archived_at=None)
            .order_by("pk")
        }
        if len(places) != len(chosen):
            raise ValidationError(_("A facility was archived meanwhile. Choose the facilities again."))
        done.facilities = _mark(pack, places.values(), head_office)
        _make(pack, places, wanted, now, done)
    return done


def _mark(pack: Pack, places: Iterable[Facility], head_office: Facility | None) -> int:
    """Note that the pack is applied to these facilities; returns to how many it was not before."""
    known = {row.facility_id: row for row in AppliedPack.objects.filter(pack=pack.id).select_related("facility")}
    if head_office is not None:
        # The duties of the organization do not end with the building that carried them.
        for carried in known.values():
            if carried.is_head_office and carried.facility.archived_at is not None:
                audit.update(carried, {"is_head_office": False}, "rule_pack.head_office")
    new: list[AppliedPack] = []
    if head_office is not None and any(
        each.is_head_office and each.facility_id != head_office.pk for each in known.values()
    ):
        raise ValidationError(_("Another facility carries the duties of the organization already."))
    for place in places:
        row = known.get(place.pk)
        is_head = head_office is not None and place.pk == head_office.pk
        if row is None:
            new.append(AppliedPack(facility=place, pack=pack.id, version=pack.version, is_head_office=is_head))
        else:
            audit.update(
                row, {"version": pack.version, "is_head_office": row.is_head_office or is_head}, "rule_pack.apply"
            )
    create_many(new, "rule_pack.apply")
    return len(new)


def _make(
    pack: Pack, places: Mapping[int, Facility], wanted: Sequence[Row], now: datetime.datetime, done: Applied
) -> None:
    known = {
        (row.facility_id, row.subject, row.duty): row
        for row in AppliedDuty.objects.filter(pack=pack.id, facility__in=list(places)).select_related("requirement")
    }
    objects = _subjects(wanted)
    protocols: dict[str, Protocol] = {}
    made: list[AppliedDuty] = []
    for row in wanted:
        place = places.get(row.place.id)
        if place is None:
            continue
        before = known.get((place.pk, row.subject_key, row.duty.id))
        if before is not None:
            if before.requirement.archived_at is not None:
                compliance.restore_requirement(before.requirement)
                done.restored += 1
            continue
        subject = objects.get(row.subject_key)
        if row.subject is not None and (subject is None or subject.facility_id != place.pk):
            raise ValidationError(_("“%(name)s” is not there any more. Look again.") % {"name": row.subject.name})
        if row.duty.id not in protocols:
            protocols[row.duty.id] = _protocol(row.duty)
        made.append(_make_one(pack, row, place, subject, protocol=protocols[row.duty.id], now=now))
    create_many(made, "applied_duty.create")
    done.created = len(made)


def _subjects(rows: Sequence[Row]) -> dict[str, Area | Equipment]:
    ids: dict[str, set[int]] = {"area": set(), "equipment": set()}
    for row in rows:
        if row.subject is not None:
            place, _colon, pk = row.subject.key.partition(":")
            ids[place].add(int(pk))
    found: dict[str, Area | Equipment] = {}
    for area in Area.objects.filter(pk__in=ids["area"], archived_at=None).select_related("facility"):
        found[f"area:{area.pk}"] = area
    for machine in Equipment.objects.filter(pk__in=ids["equipment"], archived_at=None).select_related("facility"):
        found[f"equipment:{machine.pk}"] = machine
    return found


def given(duty: Duty, variant: str) -> dict[str, Any]:
    """Return what a duty states of a requirement: what an upgrade compares."""
    return {
        "name": duty.name,
        "reference": duty.reference,
        "notes": notes_of(duty),
        "spec": duty.schedule(variant).to_dict(),
    }


def _make_one(
    pack: Pack,
    row: Row,
    place: Facility,
    subject: Area | Equipment | None,
    *,
    protocol: Protocol,
    now: datetime.datetime,
) -> AppliedDuty:
    """Create one requirement; returns the note of where it came from, not saved yet."""
    duty, stated = row.duty, given(row.duty, row.variant)
    on: dict[str, Any] = {duty.place: subject} if subject is not None else {"facility": place}
    requirement = compliance.create_requirement(
        spec=stated["spec"],
        name=stated["name"],
        reference=stated["reference"],
        notes=stated["notes"],
        category=duty.category,
        evidence=duty.proof,
        protocol=protocol,
        starts_at=starts_at(duty, now, row.place.zone),
        **on,
    )
    return AppliedDuty(
        requirement=requirement,
        facility=place,
        pack=pack.id,
        duty=duty.id,
        subject=row.subject_key,
        variant=row.variant,
        version=pack.version,
        given=stated,
    )


def _protocol(duty: Duty) -> Protocol:
    """Return the protocol of a duty, made when it is first needed."""
    known = PackProtocol.objects.filter(duty=duty.id).select_related("protocol").first()
    if known is not None:
        if known.protocol.archived_at is not None:
            compliance.restore_protocol(known.protocol)
        kept: Protocol = known.protocol
        return kept
    steps = duty.steps()
    taken = Protocol.objects.filter(name=duty.name).exists()
    name = f"{duty.name[:130]} ({duty.id})" if taken else duty.name
    protocol = compliance.create_protocol(name=name, description=duty.reference, steps=steps)
    create_valid(PackProtocol(duty=duty.id, protocol=protocol, given=steps), "pack_protocol.create")
    return protocol


# --- Not applicable ---


def state_not_applicable(
    pack: Pack,
    duty: Duty,
    facility: Facility,
    *,
    reason: str,
    review_on: datetime.date,
    subjects: Mapping[str, str] | None = None,
    today: datetime.date,
) -> list[NotApplicable]:
    """State that a duty does not apply at a facility, or to some areas or machines there ({key: name}).

    It needs a reason and a day on which it is looked at again; an earlier statement about the same ends. Raises
    ValidationError, also where a requirement covers the duty already.
    """
    demand(Permission.COMPLIANCE_EDIT)
    problems: dict[str, list[str]] = {}
    if not reason.strip():
        problems["reason"] = [_("Say why it does not apply.")]
    if review_on <= today:
        problems["review_on"] = [_("Choose a day after today.")]
    if problems:
        raise ValidationError(problems)
    made: list[NotApplicable] = []
    with transaction.atomic():
        Facility.objects.select_for_update(no_key=True).get(pk=facility.pk)
        for key, name in (subjects or {"": ""}).items():
            _refuse_covered(duty, facility, key)
            standing = NotApplicable.objects.filter(facility=facility, duty=duty.id, subject=key, ended_at=None).first()
            if standing is not None:
                audit.update(standing, {"ended_at": timezone.now()}, "not_applicable.replace")
            made.append(
                create_valid(
                    NotApplicable(
                        facility=facility,
                        pack=pack.id,
                        duty=duty.id,
                        duty_name=duty.name,
                        subject=key,
                        subject_name=name[:300],
                        reason=reason.strip()[:500],
                        by=get_own_membership(),
                        by_name=require().actor,
                        review_on=review_on,
                    ),
                    "not_applicable.create",
                    reason=reason.strip()[:500],
                )
            )
    return made


def _refuse_covered(duty: Duty, facility: Facility, key: str) -> None:
    covered = AppliedDuty.objects.filter(facility=facility, duty=duty.id, requirement__archived_at=None)
    if duty.place == FACILITY or key:
        covered = covered.filter(subject=key or FACILITY)
        if covered.exists():
            raise ValidationError(_("A requirement covers this already. Archive it first."))


def end_not_applicable(statement: NotApplicable) -> None:
    """Take a statement back: the duty counts again from now."""
    demand(Permission.COMPLIANCE_EDIT)
    with transaction.atomic():
        stored = NotApplicable.objects.select_for_update().get(pk=statement.pk)
        if stored.ended_at is None:
            audit.update(stored, {"ended_at": timezone.now()}, "not_applicable.end")


# --- Upgrading ---


def upgrade_duties(
    pack: Pack, ids: Iterable[int], *, effective_at: datetime.datetime | Mapping[int, datetime.datetime] | None = None
) -> int:
    """Bring chosen requirements to the shipped version of the pack; returns how many.

    A new schedule counts from ``effective_at`` (default: now; or a moment for each facility), the past keeps the one
    it had. Requirements that the new version states just as they are move along by themselves.
    """
    demand(Permission.COMPLIANCE_EDIT)
    wanted, done = set(ids), 0
    with transaction.atomic():
        for row in queries.outdated(pack):
            duty = pack.duty(row.duty)
            if duty is None:
                continue
            variant = row.variant if row.variant in duty.variants else ""
            if duty.variants and not variant:
                continue
            found = changes_of(row, duty)
            if row.pk not in wanted and found:
                continue
            stated = given(duty, variant)
            if row.pk in wanted:
                at = effective_at.get(row.facility_id) if isinstance(effective_at, Mapping) else effective_at
                _bring(row, duty, stated, at)
                done += 1
            audit.update(row, {"version": pack.version, "given": stated, "variant": variant}, "applied_duty.upgrade")
    return done


def _bring(row: AppliedDuty, duty: Duty, stated: Mapping[str, Any], at: datetime.datetime | None) -> None:
    requirement = row.requirement
    fields = {name: stated[name] for name in ("name", "reference") if stated[name] != row.given.get(name)}
    if requirement.notes == row.given.get("notes"):
        fields["notes"] = stated["notes"]
    compliance.update_requirement(requirement, **fields)
    if stated["spec"] != row.given.get("spec"):
        compliance.change_schedule(requirement, stated["spec"], effective_at=at)
    known = (
        PackProtocol.objects.filter(duty=duty.id, protocol=requirement.protocol_id).select_related("protocol").first()
    )
    steps = duty.steps()
    if known is None or known.given == steps:
        return
    current = known.protocol.versions.first()
    # Steps that somebody changed here are theirs.
    if current is not None and current.steps == known.given:
        compliance.update_protocol(
            known.protocol, name=known.protocol.name, description=known.protocol.description, steps=steps
        )
        audit.update(known, {"given": steps}, "pack_protocol.update")
