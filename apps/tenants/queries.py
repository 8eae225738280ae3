"""Reads of organizations and memberships, among them the few made before a scope is known."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from apps.tenants.models import Domain, Membership, Organization
from apps.tenants.scope import Scope, identity, require_organization_id, require_tenant, scope_of


@dataclass(frozen=True)
class Identity:
    """What is known of a request before its scope opens."""

    organization: Organization | None
    memberships: tuple[Membership, ...]
    facility_ids: dict[int, frozenset[int]]

    def membership_in(self, organization_id: int | None) -> Membership | None:
        """Return the user's active membership in that organization, or None."""
        return next((m for m in self.memberships if m.organization_id == organization_id), None)

    def scope(self, membership: Membership, actor: str) -> Scope:
        """Build the scope of one of these memberships."""
        return scope_of(membership, self.facility_ids.get(membership.pk, frozenset()), actor)


def identify(*, user_id: int | None, host: str = "") -> Identity:
    """Look up, in one identity transaction, the organization of a host and the user's own active memberships.

    ``host`` is "" on the shared host; an unknown one gives no organization.
    """
    if user_id is None and not host:
        return Identity(None, (), {})
    with identity(user_id=user_id, host=host):
        domain = Domain.identity_objects.filter(host=host).select_related("organization").first() if host else None
        memberships: tuple[Membership, ...] = ()
        if user_id is not None:
            memberships = tuple(
                Membership.identity_objects.filter(user_id=user_id)
                .select_related("organization")
                .order_by("organization__name", "id")
            )
        named = [m.pk for m in memberships if not m.all_facilities]
        return Identity(domain.organization if domain else None, memberships, _facility_ids(named))


def _facility_ids(membership_ids: list[int]) -> dict[int, frozenset[int]]:
    if not membership_ids:
        return {}
    # The access table belongs to the facilities room, which this room may not import.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT membership_id, array_agg(facility_id) FROM facilities_facilityaccess"
            " WHERE membership_id = ANY(%s) GROUP BY membership_id",
            [membership_ids],
        )
        return {membership_id: frozenset(ids) for membership_id, ids in cursor.fetchall()}


def granted_facility_ids(membership: Membership) -> frozenset[int]:
    """Return the facilities named in a membership. Needs the identity scope of its user."""
    return _facility_ids([membership.pk]).get(membership.pk, frozenset())


def get_organization() -> Organization:
    """Return the organization of the active scope."""
    return Organization.objects.get(pk=require_organization_id())


def get_own_membership() -> Membership | None:
    """Return the membership of the person asking, or None for jobs and label scopes."""
    membership_id = require_tenant().membership_id
    return Membership.objects.get(pk=membership_id) if membership_id else None
