"""What the lists of the compliance room show: columns, orders, filters, search and CSV."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import BigIntegerField, Count, F, Func, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from apps.compliance import queries
from apps.compliance.models import FAR_FUTURE, Evidence, Protocol, Requirement, RequirementCategory
from apps.compliance.moment import Moment
from apps.facilities.models import Facility
from apps.tenants.keyset import Sort
from apps.tenants.listing import ChoiceFilter, Column, ListSpec, ObjectFilter, archived_filter
from apps.tenants.models import Membership

COLOUR_CHOICES = (("red", _("Red")), ("amber", _("Amber")), ("green", _("Green")))
# More than any due time in seconds: colour first, then time.
_COLOUR_STEP = 10**12


class _Seconds(Func):
    """Whole seconds since 1970 of an instant."""

    template = "floor(extract(epoch from %(expressions)s))::bigint"
    output_field = BigIntegerField()


def ranked(moment: Moment) -> QuerySet[Any]:
    """Return the live occurrences with one number to sort by: red first, within a colour the longest due first."""
    due = _Seconds(Coalesce("due_at", Value(FAR_FUTURE)))
    return queries.live(moment).annotate(rank=F("urgency") * Value(_COLOUR_STEP) + due)


def _owners() -> QuerySet[Any]:
    return Membership.objects.select_related("user").order_by("user__name", "id")


def place_of(requirement: Requirement) -> str:
    """Return where a duty applies, in words: facility, area, machine."""
    parts = [requirement.facility.name]
    area = requirement.area or (requirement.equipment.area if requirement.equipment else None)
    if area is not None:
        parts.append(area.path)
    if requirement.equipment is not None:
        parts.append(requirement.equipment.name)
    return ", ".join(parts)


def _facility(row: Any) -> str:
    return str(row.requirement.facility.name)


def requirement_list(moment: Moment) -> ListSpec:
    """Return what the list of requirements shows at a moment."""

    def row_of(occurrence: Any) -> queries.StatusRow:
        return queries.to_row(occurrence, moment)

    return ListSpec(
        name="requirements",
        columns=(
            Column(_("Requirement"), lambda row: row.requirement.name, sort="name"),
            Column(_("Status"), lambda row: row_of(row).colour, sort="urgency"),
            Column(_("In words"), lambda row: row_of(row).words, on_page=False),
            Column(_("Due"), lambda row: row_of(row).due_local, sort="due"),
            Column(_("Place"), lambda row: place_of(row.requirement)),
            Column(_("Facility"), _facility, on_page=False),
            Column(_("Category"), lambda row: row.requirement.get_category_display(), on_page=False),
            Column(_("Reference"), lambda row: row.requirement.reference, on_page=False),
            Column(_("Owner"), lambda row: str(row.requirement.owner.user) if row.requirement.owner else ""),
            Column(_("Next step"), hidden=True),
        ),
        sorts=(
            Sort("urgency", "rank", "integer"),
            Sort("name", "requirement__name"),
            Sort("due", "due_at", "instant", nullable=True),
        ),
        filters=(
            ChoiceFilter("status", _("Status"), COLOUR_CHOICES, "colour"),
            ObjectFilter("facility", _("Facility"), "facility_id", lambda: Facility.objects.order_by("name", "id")),
            ChoiceFilter("category", _("Category"), RequirementCategory.choices, "requirement__category"),
            ChoiceFilter("evidence", _("Evidence"), Evidence.choices, "requirement__evidence"),
            ObjectFilter(
                "owner", _("Owner"), "requirement__owner_id", _owners, name_field="user__name", none_label=_("Nobody")
            ),
        ),
        search=(
            "requirement__name",
            "requirement__reference",
            "requirement__equipment__name",
            "requirement__area__path",
        ),
        search_label=_("Search requirements"),
        decorate=queries.with_subjects,
        csv_url_name="compliance:requirement_csv",
        keys_first=True,
    )


IDLE_LIST = ListSpec(
    name="requirements-not-counting",
    columns=(
        Column(_("Requirement"), sort="name"),
        Column(_("Why it does not count now")),
        Column(_("Place")),
    ),
    sorts=(Sort("name", "name"),),
    filters=(ObjectFilter("facility", _("Facility"), "facility_id", lambda: Facility.objects.order_by("name", "id")),),
    search=("name",),
    search_label=_("Search requirements"),
    decorate=lambda found: found.select_related("facility", "area", "equipment__area"),
)

PROTOCOL_LIST = ListSpec(
    name="protocols",
    columns=(
        Column(_("Protocol"), sort="name"),
        Column(_("Version"), number=True),
        Column(_("Requirements"), number=True),
    ),
    sorts=(Sort("name", "name"),),
    filters=(archived_filter(),),
    search=("name", "description"),
    search_label=_("Search protocols"),
    decorate=lambda found: found.annotate(
        version=Count("versions", distinct=True),
        used=Count("requirements", filter=Q(requirements__archived_at=None), distinct=True),
    ),
)


def protocols() -> QuerySet[Protocol]:
    """Return the protocols of the scope."""
    return Protocol.objects.all()


def idle(at: datetime.datetime) -> QuerySet[Requirement]:
    """Return the requirements that do not count now: archived, not started, or on something out of use."""
    return Requirement.objects.filter(Q(pk__in=queries.out_of_force()) | Q(starts_at__gt=at))


def why_idle(requirement: Requirement, at: datetime.datetime) -> Any:
    """Return the reason in words."""
    if requirement.archived_at:
        return _("Archived")
    if requirement.facility.archived_at:
        return _("Its facility is archived")
    if requirement.area and requirement.area.archived_at:
        return _("Its area is archived")
    if requirement.equipment and requirement.equipment.archived_at:
        return _("Its machine is archived")
    if requirement.equipment and requirement.equipment.status != "in_service":
        return requirement.equipment.get_status_display()
    return _("Not started yet") if requirement.starts_at > at else ""
