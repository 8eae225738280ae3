"""The rule that an organization keeps an admin, wherever a membership is changed."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from apps.tenants.models import Membership, Role


def demand_an_admin_remains(membership: Membership, *, role: str, all_facilities: bool, is_active: bool) -> None:
    """Raise ValidationError if these values would take the last active admin with all facilities from the organization.

    Locks the organization's admins until the transaction ends, so that two admins cannot demote each other at once.
    """
    admins = Membership.objects.filter(
        organization_id=membership.organization_id, role=Role.ADMIN, all_facilities=True, is_active=True
    )
    locked = set(admins.select_for_update().order_by("pk").values_list("pk", flat=True))
    if membership.pk not in locked or (role == Role.ADMIN and all_facilities and is_active):
        return
    others = Membership.objects.filter(pk__in=locked - {membership.pk}, user__is_active=True)
    if not others.exists():
        raise ValidationError(
            _("This is the only admin with all facilities. Make somebody else an admin first."), code="last_admin"
        )
