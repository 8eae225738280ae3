"""Reads of members. They live here, not in accounts, because a membership names facilities.

Who sees whom: a reader with all facilities sees every member. A reader with named facilities sees the people who have
access to at least one of those facilities (members with all facilities are among them), and of their facilities only
the shared ones: the managers of both models filter by the reader's facilities.
"""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from apps.facilities.models import Facility, FacilityAccess
from apps.facilities.queries import BIGGEST
from apps.tenants.models import Membership
from apps.tenants.scope import require


def list_members() -> QuerySet[Membership]:
    """Return the members that the reader may see, inactive ones too."""
    members: QuerySet[Membership] = Membership.objects.all()
    scope = require()
    if scope.all_facilities:
        return members
    shared = Exists(FacilityAccess.objects.filter(membership_id=OuterRef("pk")))
    return members.filter(Q(all_facilities=True) | Q(pk=scope.membership_id) | shared)


def with_people(members: QuerySet[Membership]) -> QuerySet[Membership]:
    """Join the person and the facilities named, for rows that are shown."""
    access = FacilityAccess.objects.select_related("facility").order_by("facility__name", "id")
    return members.select_related("user").prefetch_related(Prefetch("facility_access", queryset=access))


def get_member(pk: int) -> Membership:
    """Return one member with the person, or raise Http404 when the reader does not see it."""
    if pk > BIGGEST:
        raise Http404
    member: Membership = get_object_or_404(list_members().select_related("user"), pk=pk)
    return member


def facilities_of(membership: Membership) -> list[Facility]:
    """Return the facilities named in a membership, by name."""
    return list(
        Facility.objects.filter(pk__in=FacilityAccess.objects.filter(membership=membership).values("facility_id"))
    )


def offered_facilities(membership: Membership | None = None) -> QuerySet[Facility]:
    """Return the facilities that a membership may name: those in use, and those it names already."""
    wanted = Q(archived_at=None)
    if membership is not None:
        wanted |= Q(pk__in=FacilityAccess.objects.filter(membership=membership).values("facility_id"))
    facilities: QuerySet[Facility] = Facility.objects.filter(wanted).order_by("name", "id")
    return facilities
