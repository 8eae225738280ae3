"""The page of trends."""

from __future__ import annotations

import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from apps.compliance.as_of import as_of, moment_of, zone_of
from apps.compliance.listing import place_of
from apps.compliance.trends import charts, queries
from apps.facilities.models import Facility
from apps.tenants.doors import requires
from apps.tenants.keyset import Sort
from apps.tenants.listing import ListSpec, ObjectFilter, read
from apps.tenants.permissions import Permission

# The facility that the page is about, chosen among those in scope; another organization's is a 404.
TRENDS = ListSpec(
    name="trends",
    columns=(),
    sorts=(Sort("name", "name"),),
    filters=(
        ObjectFilter("facility", gettext_lazy("Facility"), "pk", lambda: Facility.objects.order_by("name", "id")),
    ),
)


@requires(Permission.COMPLIANCE_VIEW)
@require_GET
def trends(request: HttpRequest) -> HttpResponse:
    """Show how much was done on time by week, which facilities fell short on which days, and the worst duties."""
    moment = moment_of(request)
    listing = read(TRENDS, request, Facility.objects.all(), keep=("at", "known_at"))
    facility = listing.filtered.first() if "facility" in listing.params else None
    last = moment.at.astimezone(zone_of(request)).date()
    queries.prepare(moment)
    weeks = queries.by_week(last, facility)
    facilities = queries.by_facility(last, facility)
    worst = queries.worst_duties(moment, facility)
    return render(
        request,
        "compliance/trends.html",
        {
            **as_of(request, moment),
            "filter_form": listing.form,
            "chips": listing.chips,
            "clear_url": listing.clear_url,
            "has_past": any(week.tally.settled for week in weeks) or bool(worst),
            "week_chart": charts.week_chart(weeks),
            "week_rows": [
                {"when": week.first, "tally": week.tally, "words": charts.words_of(week.tally)}
                for week in reversed(weeks)
            ],
            "week_columns": [{"label": _("Week of")}, *_tally_columns()],
            "heat_map": charts.heat_map(facilities, last),
            "facility_rows": [
                {"pk": row.facility_id, "name": row.name, "tally": row.total, "bad_days": _bad_days(row, last)}
                for row in facilities
            ],
            "facility_columns": [{"label": _("Facility")}, *_tally_columns(), {"label": _("Days with missed or late")}],
            "worst": [
                {"requirement": each.requirement, "place": place_of(each.requirement), "duty": each} for each in worst
            ],
            "worst_columns": [
                {"label": _("Requirement")},
                {"label": _("Missed"), "number": True},
                {"label": _("Late"), "number": True},
                {"label": _("Place")},
            ],
            "days_shown": queries.DAYS,
            "weeks_shown": queries.WEEKS,
        },
    )


def _tally_columns() -> list[dict[str, Any]]:
    labels = (_("On time, %"), _("On time"), _("Late"), _("Missed"))
    return [{"label": label, "number": True} for label in labels]


def _bad_days(row: queries.FacilityDays, last: datetime.date) -> str:
    """Name the days on which something was missed or late, the latest first."""
    first = last - datetime.timedelta(days=len(row.days) - 1)
    named = []
    for number in reversed(range(len(row.days))):
        bad = row.days[number].missed + row.days[number].late
        if bad:
            named.append(f"{date_format(first + datetime.timedelta(days=number), 'j M')} ({bad})")
    return ", ".join(named)
