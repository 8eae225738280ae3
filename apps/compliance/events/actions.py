"""Every write about events and prerequisites, and what a breach of a prerequisite leaves behind."""

from __future__ import annotations

import datetime
import uuid as uuids
from collections.abc import Iterable, Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.audit import actions as audit
from apps.compliance.actions import record_fact, void_fact
from apps.compliance.corrective.actions import Subject, open_action, step_uuid
from apps.compliance.corrective.models import CorrectiveAction, Severity
from apps.compliance.events import queries
from apps.compliance.events.models import Prerequisite
from apps.compliance.events.queries import Unmet
from apps.compliance.models import Completion, FactKind, Requirement
from apps.tenants.models import Membership
from apps.tenants.permissions import Permission, demand
from apps.tenants.queries import get_own_membership
from apps.tenants.scope import require

SKEW = datetime.timedelta(minutes=2)
BREACH = "needs-"


def record_event(
    requirement: Requirement,
    *,
    trigger: str,
    happened_at: datetime.datetime | None = None,
    note: str = "",
    uuid: uuids.UUID | None = None,
    by_name: str = "",
) -> tuple[Completion, bool]:
    """Record that something happened which makes a duty due, once for each ``uuid``: (the fact, whether it is new).

    Raises ValidationError for an event that its schedule does not wait for, or in the future.
    """
    demand(Permission.LOGS_CREATE)
    now = timezone.now()
    happened_at = happened_at or now
    problems: dict[str, list[str]] = {}
    if trigger not in queries.triggers(requirement):
        problems["trigger"] = [_("Choose what happened.")]
    if happened_at > now + SKEW:
        problems["happened_at"] = [_("This time is in the future. Say when it happened.")]
    elif happened_at < now - datetime.timedelta(days=3660):
        problems["happened_at"] = [_("This is more than ten years ago. Check the year.")]
    if len(note) > 300:
        problems["note"] = [_("Use at most 300 characters.")]
    membership = get_own_membership()
    name = by_name.strip() if membership is None else require().actor
    if not name:
        problems["name"] = [_("Give your name.")]
    if problems:
        raise ValidationError(problems)
    return record_fact(
        requirement,
        kind=FactKind.EVENT,
        performed_at=min(happened_at, now),
        by=membership,
        by_name=name[:200],
        reason=": ".join(part for part in (trigger, note.strip()) if part)[:500],
        uuid=uuid,
    )


def take_back_event(event: Completion, reason: str) -> None:
    """Take an event back that did not happen. What it made due is due no more."""
    demand(Permission.COMPLIANCE_EDIT)
    void_fact(event, reason)


def set_prerequisites(requirement: Requirement, needs: Iterable[Requirement]) -> bool:
    """Say which other duties on the same subject must be in order first. Returns whether anything changed."""
    demand(Permission.COMPLIANCE_EDIT)
    possible = {other.pk for other in queries.on_same_subject(requirement)}
    wanted = {other.pk: other for other in needs}
    if set(wanted) - possible:
        raise ValidationError({"needs": [_("Choose requirements on the same subject.")]})
    with transaction.atomic():
        Requirement.objects.select_for_update(of=("self",)).get(pk=requirement.pk)
        links = {
            link.needs_id: link
            for link in Prerequisite.objects.filter(requirement=requirement, removed_at=None).select_related("needs")
        }
        for pk, link in links.items():
            if pk not in wanted:
                audit.update(link, {"removed_at": timezone.now()}, "prerequisite.remove")
        for pk, needed in wanted.items():
            if pk not in links:
                link = Prerequisite(facility_id=requirement.facility_id, requirement=requirement, needs=needed)
                audit.create(link, "prerequisite.create")
    return set(links) != set(wanted)


def _in_spite_of(what: str) -> str:
    return _("Done although this was not in order: %(what)s") % {"what": what}


def noted(notes: str, breaches: Sequence[Unmet]) -> str:
    """Return the notes of a log with what it was done in spite of."""
    lines = [_in_spite_of(breach.words) for breach in breaches]
    return "\n".join(part for part in (notes.strip(), *lines) if part)


def same_notes(stored: str, typed: str) -> bool:
    """Tell whether the notes of a log are what was typed, whatever it was done in spite of."""
    typed = typed.strip()
    return stored == typed or stored.removeprefix(typed).lstrip("\n").startswith(_in_spite_of(""))


def open_breaches(
    *,
    subject: Subject,
    requirement: Requirement,
    completion: Completion,
    breaches: Sequence[Unmet],
    by: Membership | None,
    by_name: str,
) -> list[CorrectiveAction]:
    """Open one critical action for each duty that was needed first and was red, for the owner of that duty."""
    return [
        open_action(
            subject=subject,
            requirement=breach.requirement,
            completion=completion,
            uuid=step_uuid(completion, f"{BREACH}{breach.requirement.pk}"),
            title=_("“%(done)s” was done before “%(needed)s”")
            % {"done": requirement.name, "needed": breach.requirement.name},
            description=_("It needs “%(needed)s” first, which was not in order: %(words)s.")
            % {"needed": breach.requirement.name, "words": breach.row.words},
            severity=Severity.CRITICAL,
            by=by,
            by_name=by_name,
            happened_at=completion.performed_at,
        )[0]
        for breach in breaches
    ]
