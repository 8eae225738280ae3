"""Changes to many requirements in one transaction: all of them or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from apps.compliance import actions, queries
from apps.compliance.models import Requirement
from apps.tenants.models import Membership
from apps.tenants.permissions import Permission, demand

MOST = 200


def _each(requirements: Sequence[Requirement], change: Any) -> int:
    """Apply ``change`` to each; on any refusal undo all and name every one that refused. Returns how many changed."""
    demand(Permission.COMPLIANCE_EDIT)
    problems: list[str] = []
    changed = 0
    with transaction.atomic():
        for requirement in requirements:
            try:
                with transaction.atomic():
                    changed += change(requirement) is not False
            except ValidationError as error:
                problems.append(
                    _("%(name)s on %(subject)s: %(problem)s")
                    % {
                        "name": requirement.name,
                        "subject": requirement.subject,
                        "problem": " ".join(error.messages),
                    }
                )
        if problems:
            raise ValidationError(problems)
    return changed


def assign(requirements: Sequence[Requirement], owner: Membership | None) -> int:
    """Give all of them one owner, or none."""
    return _each(requirements, lambda each: actions.update_requirement(each, owner=owner))


def reschedule(requirements: Sequence[Requirement], spec: Mapping[str, Any]) -> int:
    """Put one schedule in force for all of them from now; the past keeps the schedules it had."""
    return _each(requirements, lambda each: actions.change_schedule(each, spec))


def waive(requirements: Sequence[Requirement], reason: str) -> int:
    """Waive what is open now on each, with one reason."""

    def change(requirement: Requirement) -> None:
        row = queries.row_of(requirement)
        if row is None:
            raise ValidationError(_("Nothing is open now."))
        actions.waive_occurrence(row.occurrence, reason)

    return _each(requirements, change)


def archive(requirements: Sequence[Requirement]) -> int:
    """End all of these duties; their history stays."""
    return _each(requirements, actions.archive_requirement)
