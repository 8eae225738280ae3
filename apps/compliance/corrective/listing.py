"""What the list of corrective actions shows: columns, orders, filters, search and CSV."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q, QuerySet, Value
from django.utils.translation import gettext_lazy as _

from apps.compliance.corrective import queries
from apps.compliance.corrective.models import Severity, State
from apps.compliance.listing import COLOUR_CHOICES, _Seconds
from apps.compliance.moment import Moment
from apps.equipment.models import Equipment
from apps.facilities.models import Area, Facility
from apps.tenants.keyset import Sort
from apps.tenants.listing import ChoiceFilter, Column, ListSpec, ObjectFilter

_COLOUR_STEP = 10**12
STATES = [("not_closed", _("Not closed")), *State.choices, ("all", _("All"))]


def ranked(moment: Moment) -> QuerySet[Any]:
    """Return the actions with one number to sort by: red first, within a colour the earliest deadline first."""
    found = queries.actions_at(moment)
    rank = F("urgency") * Value(_COLOUR_STEP) + _Seconds(F("then_deadline"))
    numbered: QuerySet[Any] = found.annotate(rank=rank)
    return numbered


def _by_state(key: str) -> Q:
    if key == "not_closed":
        return ~Q(then_state=State.CLOSED)
    return Q() if key == "all" else Q(then_state=key)


def _owners() -> QuerySet[Any]:
    return queries.possible_owners()


def place_of(action: Any) -> str:
    """Return where it is, in words."""
    parts = [action.facility.name]
    area = action.area or (action.equipment.area if action.equipment else None)
    if area is not None:
        parts.append(area.path)
    if action.equipment is not None:
        parts.append(action.equipment.name)
    return ", ".join(parts)


def corrective_list(moment: Moment) -> ListSpec:
    """Return what the list of corrective actions shows at a moment."""

    def finish(actions: list[Any]) -> None:
        for action, row in zip(actions, queries.to_rows(actions, moment), strict=True):
            action.row = row

    return ListSpec(
        name="corrective-actions",
        columns=(
            Column(_("What is wrong"), lambda action: action.title, sort="title"),
            Column(_("Status"), lambda action: action.row.colour, sort="urgency"),
            Column(_("In words"), lambda action: action.row.status.words, on_page=False),
            Column(_("Severity"), lambda action: action.row.severity),
            Column(_("Deadline"), lambda action: action.row.deadline, sort="deadline", on_page=False),
            Column(_("Place"), place_of),
            Column(_("Requirement"), lambda a: a.requirement.name if a.requirement else "", on_page=False),
            Column(_("Owner"), lambda action: action.row.owner),
            Column(_("Next step"), hidden=True),
        ),
        sorts=(
            Sort("urgency", "rank", "integer"),
            Sort("title", "title"),
            Sort("deadline", "then_deadline", "instant"),
        ),
        filters=(
            ChoiceFilter("status", _("Status"), COLOUR_CHOICES, "colour"),
            ChoiceFilter("state", _("State"), STATES, _by_state, default="not_closed"),
            ChoiceFilter("severity", _("Severity"), Severity.choices, "then_severity"),
            ObjectFilter("facility", _("Facility"), "facility_id", lambda: Facility.objects.order_by("name", "id")),
            ObjectFilter(
                "area",
                _("Area"),
                "area_id",
                lambda: Area.objects.order_by("path", "id"),
                name_field="path",
                within=lambda _found, _params: None,
            ),
            ObjectFilter(
                "equipment",
                _("Machine"),
                "equipment_id",
                lambda: Equipment.objects.order_by("name", "id"),
                within=lambda _found, _params: None,
            ),
            ObjectFilter(
                "owner",
                _("Owner"),
                "then_owner_id",
                _owners,
                name_field="user__name",
                none_label=_("Nobody"),
            ),
        ),
        search=("title", "description", "equipment__name", "area__path", "requirement__name"),
        search_label=_("Search corrective actions"),
        decorate=queries.with_places,
        finish=finish,
        csv_url_name="compliance:corrective_csv",
    )
