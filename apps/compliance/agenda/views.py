"""Pages of my work and the calendar."""

from __future__ import annotations

import calendar as month_calendar
import datetime
from collections import Counter
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from apps.compliance.agenda import my_work as work_queries
from apps.compliance.agenda.calendar import MOST_ENTRIES, MOST_REQUIREMENTS, Entry, Outcome, Plan, plan
from apps.compliance.as_of import as_of, list_url, moment_of, zone_of
from apps.compliance.listing import _owners
from apps.compliance.models import Requirement, RequirementCategory
from apps.facilities.models import Facility
from apps.tenants.doors import requires
from apps.tenants.keyset import Sort
from apps.tenants.listing import ChoiceFilter, Listing, ListSpec, ObjectFilter, read
from apps.tenants.permissions import Permission, allowed
from apps.tenants.scope import require

Stretch = tuple[datetime.date, datetime.date]
KEPT = ("view", "date", "days", "at", "known_at")
AGENDA_DAYS, AGENDA_CHOICES = 14, (1, 7, 14, 28)
# What one page lists, and what one day of the week view lists.
LISTED, LISTED_A_DAY = 500, 25
# A day of the calendar: by colour, the outcomes it holds and the word for them together.
COLOURS: tuple[tuple[str, Any, tuple[Outcome, ...]], ...] = (
    ("red", gettext_lazy("missed or overdue"), (Outcome.MISSED, Outcome.OVERDUE)),
    ("amber", gettext_lazy("due or done late"), (Outcome.DUE, Outcome.LATE)),
    ("", gettext_lazy("planned"), (Outcome.PLANNED,)),
    ("green", gettext_lazy("done"), (Outcome.DONE, Outcome.WAIVED)),
)
VIEWS = {"month": gettext_lazy("Month"), "week": gettext_lazy("Week"), "agenda": gettext_lazy("Agenda")}

CALENDAR = ListSpec(
    name="calendar",
    columns=(),
    sorts=(Sort("place", "id"),),
    filters=(
        ObjectFilter(
            "facility", gettext_lazy("Facility"), "facility_id", lambda: Facility.objects.order_by("name", "id")
        ),
        ChoiceFilter("category", gettext_lazy("Category"), RequirementCategory.choices, "category"),
        ObjectFilter(
            "owner",
            gettext_lazy("Owner"),
            "owner_id",
            _owners,
            name_field="user__name",
            none_label=gettext_lazy("Nobody"),
        ),
    ),
)


@requires(Permission.COMPLIANCE_VIEW)
@require_GET
def my_work(request: HttpRequest) -> HttpResponse:
    """Show what the reader owns and what nobody owns at their facilities: red first, by place, with the next step."""
    moment = moment_of(request)
    work = work_queries.my_work(require().membership_id, moment)
    return render(
        request,
        "compliance/my_work.html",
        {
            **as_of(request, moment),
            "work": work,
            "mine_url": list_url(request, owner=work.mine.owner),
            "unowned_url": list_url(request, owner="none"),
            "can_edit": allowed(Permission.COMPLIANCE_EDIT) and moment.is_now,
            "can_log": allowed(Permission.LOGS_CREATE) and moment.is_now,
            "columns": [{"label": label} for label in (_("Requirement"), _("Status"))]
            + [{"label": _("Next step"), "hidden": True}],
        },
    )


@requires(Permission.COMPLIANCE_VIEW)
@require_GET
def calendar(request: HttpRequest) -> HttpResponse:
    """Show what falls due by month, week or as a list of days, what became of it, and what is still to come."""
    moment = moment_of(request)
    today = moment.at.astimezone(zone_of(request)).date()
    view = request.GET.get("view", "")
    view = view if view in VIEWS else "month"
    day = _day(request.GET.get("date", ""), today)
    days = int(raw) if (raw := request.GET.get("days", "")) in map(str, AGENDA_CHOICES) else AGENDA_DAYS
    first, last = _range(view, day, days)
    listing = read(CALENDAR, request, Requirement.objects.all(), keep=KEPT)
    found = plan(listing.filtered, first, last, moment)
    pages = _Pages(listing, view, day, days)
    context: dict[str, Any] = {
        **as_of(request, moment),
        "view": view,
        "filter_form": listing.form,
        "chips": listing.chips,
        "clear_url": listing.clear_url,
        "tabs": pages.tabs(),
        "title": _title(view, day, first, last),
        "previous_url": pages.moved(-1),
        "next_url": pages.moved(1),
        "today_url": listing.url(date="", days=""),
        "is_today": first <= today <= last,
        "total": found.total,
        "cut_words": _cut_words(found),
        "legend": [(colour, words) for colour, words, _outcomes in COLOURS],
        "has_requirements": found.total > 0 or Requirement.objects.exists(),
    }
    if view == "month":
        context["weekdays"] = [_weekday(first + datetime.timedelta(days=n)) for n in range(7)]
        context["weeks"] = _weeks(found, (first, last), today, pages)
    else:
        limit = LISTED_A_DAY if view == "week" else LISTED
        context["days"] = _days(found, (first, last), today, pages, limit)
        context["columns"] = [{"label": label} for label in (_("Requirement"), _("Outcome"), _("Time"))]
        context["columns"] += [{"label": _("Place")}, {"label": _("Owner")}]
    return render(request, "compliance/calendar.html", context)


def _day(text: str, today: datetime.date) -> datetime.date:
    """The day that the address names; today for nonsense and for what lies out of reach."""
    try:
        day = datetime.date.fromisoformat(text[:10])
    except ValueError:
        return today
    return day if 1990 <= day.year <= today.year + 20 else today


def _range(view: str, day: datetime.date, days: int) -> tuple[datetime.date, datetime.date]:
    if view == "agenda":
        return day, day + datetime.timedelta(days=days - 1)
    if view == "week":
        first = day - datetime.timedelta(days=day.weekday())
        return first, first + datetime.timedelta(days=6)
    first = day.replace(day=1)
    last = day.replace(day=month_calendar.monthrange(day.year, day.month)[1])
    return first - datetime.timedelta(days=first.weekday()), last + datetime.timedelta(days=6 - last.weekday())


class _Pages:
    """The addresses around the stretch that is shown, with the filters and the moment in them."""

    def __init__(self, listing: Listing, view: str, day: datetime.date, days: int) -> None:
        self.listing, self.view, self.day, self.days = listing, view, day, days

    def tabs(self) -> list[dict[str, Any]]:
        """The three views of the same day."""
        return [
            {"label": label, "url": self.listing.url(view=key, days=""), "current": key == self.view}
            for key, label in VIEWS.items()
        ]

    def moved(self, step: int) -> str:
        """The stretch before (-1) or after (1)."""
        if self.view == "month":
            month = self.day.year * 12 + self.day.month - 1 + step
            day = datetime.date(month // 12, month % 12 + 1, 1)
        else:
            day = self.day + datetime.timedelta(days=step * (7 if self.view == "week" else self.days))
        return self.listing.url(date=day.isoformat())

    def of_day(self, day: datetime.date) -> str:
        """One day as a list."""
        return self.listing.url(view="agenda", date=day.isoformat(), days="1")


def _weekday(day: datetime.date) -> dict[str, str]:
    return {"short": date_format(day, "D"), "long": date_format(day, "l")}


def _title(view: str, day: datetime.date, first: datetime.date, last: datetime.date) -> str:
    if view == "month":
        return date_format(day, "F Y")
    if first == last:
        return date_format(first, "l j F Y")
    return _("%(first)s to %(last)s") % {"first": date_format(first, "j F Y"), "last": date_format(last, "j F Y")}


def _cut_words(found: Plan) -> str:
    if found.requirements_cut:
        return _("There are more than %(n)s requirements: only the first %(n)s are shown. Choose a facility.") % {
            "n": f"{MOST_REQUIREMENTS:,}"
        }
    if found.entries_cut:
        return _("More than %(n)s dates fall in here: only the first are shown. Choose a facility or fewer days.") % {
            "n": f"{MOST_ENTRIES:,}"
        }
    return ""


def _parts(counts: Counter[Outcome]) -> list[dict[str, Any]]:
    """How many of each colour, with the words for exactly these."""
    parts = []
    for colour, words, outcomes in COLOURS:
        number = sum(counts[outcome] for outcome in outcomes)
        if number:
            said = ", ".join(f"{counts[o]} {str(o.words).lower()}" for o in outcomes if counts[o])
            kinds = [str(o.words).lower() for o in outcomes if counts[o]]
            short = kinds[0] if len(kinds) == 1 else str(words)
            parts.append({"colour": colour, "number": number, "words": said, "short": short})
    return parts


def _weeks(found: Plan, shown: Stretch, today: datetime.date, pages: _Pages) -> list[list[dict[str, Any]]]:
    first, last = shown
    cells = []
    for number in range((last - first).days + 1):
        each = first + datetime.timedelta(days=number)
        cells.append(
            {
                "day": each,
                "parts": _parts(found.counts(each)),
                "url": pages.of_day(each),
                "is_other": each.month != pages.day.month,
                "is_today": each == today,
            }
        )
    return [cells[start : start + 7] for start in range(0, len(cells), 7)]


def _days(found: Plan, shown: Stretch, today: datetime.date, pages: _Pages, limit: int) -> list[dict[str, Any]]:
    """The days with what they hold; in the agenda, days without anything are left out, and all share one limit."""
    first, last = shown
    days, left = [], LISTED
    for number in range((last - first).days + 1):
        each = first + datetime.timedelta(days=number)
        entries = found.on(each)
        if not entries and pages.view == "agenda":
            continue
        listed: list[Entry] = entries[: min(limit, left)]
        left -= len(listed)
        more = len(entries) - len(listed)
        days.append(
            {
                "day": each,
                "rows": listed,
                "parts": _parts(found.counts(each)),
                "url": pages.of_day(each),
                "is_today": each == today,
                "more": more,
                "more_words": ngettext("%(n)s more is not listed", "%(n)s more are not listed", more) % {"n": more},
                "is_alone": first == last,
            }
        )
    return days
