"""Writes of members: who may do what, and where. Only admins with all facilities may make them."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from apps.accounts import mail
from apps.accounts.memberships import demand_an_admin_remains
from apps.accounts.models import User
from apps.audit import actions as audit
from apps.facilities.models import Facility, FacilityAccess
from apps.tenants.models import Membership, Role
from apps.tenants.permissions import Permission, demand, demand_all_facilities
from apps.tenants.queries import get_organization
from apps.tenants.scope import require


def _demand() -> None:
    demand(Permission.MEMBERS_EDIT)
    # Somebody restricted to named facilities could give others, or themselves, the rest.
    demand_all_facilities()


def _check(role: str, all_facilities: bool, facilities: Iterable[Facility]) -> None:
    if role not in Role.values:
        raise ValidationError({"role": _("Choose a role.")})
    if not all_facilities and not list(facilities):
        raise ValidationError({"facilities": _("Choose at least one facility, or all facilities.")})


def create_member(
    *, email: str, name: str, role: str, all_facilities: bool, facilities: Iterable[Facility], base: str
) -> Membership:
    """Make somebody a member and send the invitation once that is committed. ``base``: where its links lead.

    Somebody with an account keeps the name and password they have. Raises ValidationError for who is a member already.
    """
    _demand()
    facilities = list(facilities)
    _check(role, all_facilities, facilities)
    email = email.strip().lower()
    validate_email(email)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT tenancy_ensure_user(%s, %s, %s)", [email, name.strip(), make_password(None)])
            user_id = int(cursor.fetchone()[0])
        known = Membership.objects.filter(user_id=user_id).first()
        if known is not None:
            raise ValidationError({"email": _already(known)})
        membership = Membership(user_id=user_id, role=role, all_facilities=all_facilities)
        try:
            audit.create(membership, "member.create")
        except IntegrityError as error:  # added by somebody else at the same moment
            raise ValidationError({"email": _("This person is a member already.")}) from error
        if not all_facilities:
            _set_facilities(membership, facilities)
        _invite(membership, base)
    return membership


def _already(membership: Membership) -> str:
    if membership.is_active:
        return _("This person is a member already.")
    return _("This person was a member. Reactivate the membership in the list of members.")


def _invite(membership: Membership, base: str) -> None:
    user_id, organization, actor = membership.user_id, get_organization().name, require().actor

    def send() -> None:
        # Outside the scope: the link holds a digest of the account's state.
        mail.send_invitation(User.objects.get(pk=user_id), base, organization, actor)

    transaction.on_commit(send, robust=True)


def invite_member(membership: Membership, *, base: str) -> None:
    """Send the invitation again, to somebody who has not set a password yet."""
    _demand()
    if not membership.is_active or membership.user.has_usable_password():
        raise ValidationError(_("This person has a password already, or is not active."))
    with transaction.atomic():
        audit.record("member.invite", membership)
        _invite(membership, base)


def update_member(membership: Membership, *, role: str, all_facilities: bool, facilities: Iterable[Facility]) -> bool:
    """Change role and facilities; return whether anything changed. Refuses to take away the last admin."""
    _demand()
    facilities = [] if all_facilities else list(facilities)
    _check(role, all_facilities, facilities)
    with transaction.atomic():
        demand_an_admin_remains(membership, role=role, all_facilities=all_facilities, is_active=membership.is_active)
        changed = audit.update(membership, {"role": role, "all_facilities": all_facilities}, "member.edit")
        return _set_facilities(membership, facilities) or changed


def _set_facilities(membership: Membership, facilities: list[Facility]) -> bool:
    wanted = {facility.pk: facility for facility in facilities}
    rows = list(FacilityAccess.objects.filter(membership=membership).select_related("facility"))
    removed = [row for row in rows if row.facility_id not in wanted]
    added = [wanted[pk] for pk in wanted.keys() - {row.facility_id for row in rows}]
    if not removed and not added:
        return False
    FacilityAccess.objects.filter(pk__in=[row.pk for row in removed]).delete()
    FacilityAccess.objects.bulk_create(FacilityAccess(membership=membership, facility=each) for each in added)
    changes = {
        "facilities": [
            sorted(row.facility.name for row in removed) or None,
            sorted(facility.name for facility in added) or None,
        ]
    }
    audit.record("member.facilities", membership, changes)
    return True


def deactivate_member(membership: Membership) -> bool:
    """Take access away, from the next request on. Refuses to take away the last admin."""
    _demand()
    with transaction.atomic():
        demand_an_admin_remains(
            membership, role=membership.role, all_facilities=membership.all_facilities, is_active=False
        )
        return audit.update(membership, {"is_active": False}, "member.deactivate")


def reactivate_member(membership: Membership) -> bool:
    """Give access back, with the role and facilities as they were."""
    _demand()
    return audit.update(membership, {"is_active": True}, "member.reactivate")
