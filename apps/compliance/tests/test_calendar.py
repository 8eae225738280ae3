"""The calendar: what fell due, what became of it, and what is still to come."""

from __future__ import annotations

import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.compliance import actions
from apps.compliance import schedule as pure
from apps.compliance.agenda import calendar
from apps.compliance.agenda.calendar import Outcome, expanded, outcome_of, plan
from apps.compliance.models import Occurrence, Requirement
from apps.compliance.moment import Moment
from apps.compliance.schedule import due_day
from apps.facilities.models import Facility
from apps.tenants.scope import system
from tests.cast import NOW, House

pytestmark = pytest.mark.usefixtures("frozen")
DAY = datetime.timedelta(days=1)
D = datetime.date
DAILY = {"mode": "fixed_calendar", "rrule": ["FREQ=DAILY"], "due_time": "18:00", "warn": ["PT2H"]}
MONTH_END = {"mode": "fixed_calendar", "rrule": ["FREQ=MONTHLY;BYMONTHDAY=31"], "warn": ["P7D"]}
WEEKLY = {"mode": "interval_after_completion", "interval": "P7D", "warn": ["P1D"]}


def make(house: House, spec: dict[str, Any] = DAILY, start: datetime.datetime = NOW, **fields: Any) -> Requirement:
    fields.setdefault("equipment", house.trolley)
    return actions.create_requirement(spec=spec, name=fields.pop("name", "Rinse"), starts_at=start, **fields)


def shown(first: D, last: D, at: datetime.datetime = NOW, **filters: Any) -> list[tuple[D, str, Outcome]]:
    found = plan(Requirement.objects.filter(**filters), first, last, Moment(at))
    days = sorted(found.entries)
    return [(day, entry.requirement.name, entry.outcome) for day in days for entry in found.on(day)]


def month(client: Client, query: str = "") -> dict[D, list[tuple[str, int]]]:
    response = client.get(f"/calendar/{query}")
    assert response.status_code == 200
    cells = [cell for week in response.context["weeks"] for cell in week]
    return {cell["day"]: [(part["short"], part["number"]) for part in cell["parts"]] for cell in cells if cell["parts"]}


def test_it_works(marek: Client, northgate: House) -> None:
    with system(northgate.organization):
        made = make(northgate, start=NOW - 5 * DAY)
        actions.record_fact(made, performed_at=NOW - 3 * DAY, by_name="Tess")
    found = month(marek, "?date=2026-06-10")
    assert found[D(2026, 6, 5)] == [("missed", 1)]
    assert found[D(2026, 6, 7)] == [("done", 1)]
    assert found[D(2026, 6, 8)] == [("missed or overdue", 2)]  # the cast's own duty is overdue since then
    assert found[D(2026, 6, 10)] == [("planned", 1)]
    assert found[D(2026, 7, 5)] == [("planned", 1)]
    html = marek.get("/calendar/?date=2026-06-10").content.decode()
    assert "Calendar: June 2026" in html
    assert "date=2026-06-05&amp;view=agenda&amp;days=1" in html
    assert '<td class=" is-today" aria-current="date">' in html
    assert "1 missed, 1 overdue" in html


def test_week_and_agenda_list_what_is_due_red_first(marek: Client, northgate: House) -> None:
    with system(northgate.organization):
        make(northgate, start=NOW - 5 * DAY, name="Early one")
    html = marek.get("/calendar/?view=week&date=2026-06-10").content.decode()
    assert "8 June 2026 to 14 June 2026" in html
    assert html.index("Monday 8 June 2026") < html.index("Deep clean") < html.index("Tuesday 9 June 2026")
    assert "18:00" in html
    html = marek.get("/calendar/?view=agenda&date=2026-06-08&days=1").content.decode()
    assert html.index("Early one") < html.index("Deep clean")
    assert "End of the day" in html
    assert "Tuesday" not in html


@pytest.mark.parametrize("query", ["?date=nonsense", "?view=year", "?date=9999-01-01&days=x", "?date=0001-01-01"])
def test_nonsense_shows_this_month(marek: Client, query: str) -> None:
    assert marek.get(f"/calendar/{query}").context["title"] == "June 2026"


def test_the_way_around_keeps_filters_and_moment(marek: Client, northgate: House) -> None:
    query = f"?facility={northgate.annex.pk}&view=month&date=2026-01-31&at=2026-06-01"
    context = marek.get(f"/calendar/{query}").context
    assert f"facility={northgate.annex.pk}" in context["next_url"]
    assert "date=2026-02-01" in context["next_url"]
    assert "date=2025-12-01" in context["previous_url"]
    assert "at=2026-06-01" in context["next_url"]


def test_filters(marek: Client, northgate: House) -> None:
    with system(northgate.organization):
        make(northgate, category="testing", owner=northgate.manager)
    for query, expected in (
        (f"facility={northgate.annex.pk}", {"Rinse"}),
        (f"facility={northgate.hospital.pk}", {"Deep clean"}),
        ("category=testing", {"Rinse"}),
        (f"owner={northgate.technician.pk}", {"Deep clean"}),
        ("owner=none", set()),
    ):
        response = marek.get(f"/calendar/?view=agenda&date=2026-06-08&days=7&{query}")
        names = {entry.requirement.name for day in response.context["days"] for entry in day["rows"]}
        assert names == expected, query


def test_a_restricted_member_sees_their_facility_only(rosa: Client, northgate: House) -> None:
    with system(northgate.organization):
        make(northgate)
    html = rosa.get("/calendar/?view=agenda&date=2026-06-08&days=7").content.decode()
    assert "Rinse" in html
    assert "Deep clean" not in html
    assert rosa.get(f"/calendar/?facility={northgate.hospital.pk}").status_code == 404


def test_another_organizations_facility_is_not_found(marek: Client, southbank: House) -> None:
    assert marek.get(f"/calendar/?facility={southbank.hospital.pk}").status_code == 404
    assert marek.get(f"/calendar/?owner={southbank.technician.pk}").status_code == 404


def test_others_may_not(oscar: Client, anonymous: Client) -> None:
    assert oscar.get("/calendar/").status_code == 404
    assert anonymous.get("/calendar/")["Location"].startswith("/login/")


def test_done_late_waived_missed_and_open(in_northgate: House) -> None:
    made = make(in_northgate, {**DAILY, "grace": "PT1H"}, start=NOW - 5 * DAY)
    rolling = make(in_northgate, WEEKLY, start=NOW - 20 * DAY, name="Rolling")
    actions.record_fact(made, performed_at=NOW - 5 * DAY + datetime.timedelta(hours=1), by_name="Tess")
    actions.record_fact(made, kind="waiver", performed_at=NOW - 4 * DAY, by_name="Marek")
    actions.record_fact(rolling, performed_at=NOW - 18 * DAY, by_name="Tess")
    actions.record_fact(rolling, performed_at=NOW - 10 * DAY, by_name="Tess")
    found = shown(D(2026, 5, 20), D(2026, 6, 11), facility=in_northgate.annex)
    assert found == [
        (D(2026, 5, 21), "Rolling", Outcome.LATE),
        (D(2026, 5, 30), "Rolling", Outcome.LATE),
        (D(2026, 6, 5), "Rinse", Outcome.DONE),
        (D(2026, 6, 6), "Rinse", Outcome.WAIVED),
        (D(2026, 6, 7), "Rinse", Outcome.MISSED),
        (D(2026, 6, 7), "Rolling", Outcome.OVERDUE),
        (D(2026, 6, 8), "Rinse", Outcome.MISSED),
        (D(2026, 6, 9), "Rinse", Outcome.MISSED),
        (D(2026, 6, 10), "Rinse", Outcome.PLANNED),
        (D(2026, 6, 11), "Rinse", Outcome.PLANNED),
    ]


def test_due_in_its_warning_window(in_northgate: House) -> None:
    make(in_northgate, start=NOW)
    at = datetime.datetime(2026, 6, 10, 16, 30, tzinfo=datetime.UTC)
    assert shown(D(2026, 6, 10), D(2026, 6, 10), at, facility=in_northgate.annex)[0][2] is Outcome.DUE


def test_a_change_of_schedule_takes_the_due_date_with_it(in_northgate: House) -> None:
    made = make(in_northgate, start=NOW)
    actions.change_schedule(made, MONTH_END, effective_at=NOW + 2 * DAY + datetime.timedelta(hours=1))
    days = [day for day, _name, _outcome in shown(D(2026, 6, 8), D(2026, 9, 30), facility=in_northgate.annex)]
    assert days == [D(2026, 6, 10), D(2026, 6, 11), D(2026, 6, 30), D(2026, 7, 31), D(2026, 8, 31), D(2026, 9, 30)]


def test_what_was_done_early_counts_for_the_schedule_to_come(in_northgate: House) -> None:
    """Done inside the new rule's own window: the engine says that it counts, and so does the calendar."""
    made = make(in_northgate, start=NOW - 3 * DAY)
    actions.record_fact(made, performed_at=NOW - datetime.timedelta(hours=1), by_name="Tess")
    wide = {"mode": "fixed_calendar", "rrule": ["FREQ=MONTHLY;BYMONTHDAY=30"], "early_window": "P30D"}
    actions.change_schedule(made, wide, effective_at=NOW + 5 * DAY)
    found = shown(D(2026, 6, 29), D(2026, 7, 31), facility=in_northgate.annex)
    assert found == [(D(2026, 6, 30), "Rinse", Outcome.DONE), (D(2026, 7, 30), "Rinse", Outcome.PLANNED)]


def test_archived_ones_leave_the_days_ahead_and_keep_the_past(in_northgate: House) -> None:
    made = make(in_northgate, start=NOW - 3 * DAY)
    actions.archive_requirement(made)
    found = shown(D(2026, 6, 1), D(2026, 6, 30), facility=in_northgate.annex)
    assert [day for day, _name, _outcome in found] == [D(2026, 6, 7), D(2026, 6, 8), D(2026, 6, 9)]


def test_month_ends_and_leap_days(in_northgate: House) -> None:
    make(in_northgate, MONTH_END)
    days = [day for day, _n, _o in shown(D(2028, 1, 1), D(2028, 4, 30), facility=in_northgate.annex)]
    assert days == [D(2028, 1, 31), D(2028, 2, 29), D(2028, 3, 31), D(2028, 4, 30)]


@pytest.mark.parametrize(
    ("first", "hours"), [(D(2026, 10, 24), (17, 18, 18)), (D(2027, 3, 27), (18, 17, 17))], ids=["back", "forward"]
)
def test_clocks_that_change(in_northgate: House, first: D, hours: tuple[int, ...]) -> None:
    """18:00 on the wall stays 18:00, and each day has one."""
    make(in_northgate)
    found = plan(Requirement.objects.filter(facility=in_northgate.annex), first, first + 2 * DAY, Moment(NOW))
    entries = [entry for day in sorted(found.entries) for entry in found.entries[day]]
    assert [entry.day for entry in entries] == [first, first + DAY, first + 2 * DAY]
    assert [entry.due_local.hour for entry in entries] == [18, 18, 18]
    assert tuple(entry.due_local.astimezone(datetime.UTC).hour for entry in entries) == hours


def test_a_time_that_the_clocks_skip(in_northgate: House) -> None:
    make(in_northgate, {"mode": "fixed_calendar", "rrule": ["FREQ=DAILY"], "due_time": "01:30"})
    (_day, entries) = plan(
        Requirement.objects.filter(facility=in_northgate.annex), D(2027, 3, 28), D(2027, 3, 28), Moment(NOW)
    ).entries.popitem()
    assert [f"{entry.due_local:%H:%M}" for entry in entries] == ["02:00"]


def test_each_facility_has_its_own_days(marek: Client, northgate: House) -> None:
    """The end of a day in Auckland is noon of that day in London: it stands on Auckland’s day."""
    with system(northgate.organization):
        far = Facility.objects.create(name="Auckland", time_zone="Pacific/Auckland")
        west = Facility.objects.create(name="Honolulu", time_zone="Pacific/Honolulu")
        once = {"mode": "fixed_calendar", "rrule": ["FREQ=MONTHLY;BYMONTHDAY=15"]}
        for place in (far, west):
            make(northgate, once, equipment=None, facility=place, name=place.name)
    response = marek.get("/calendar/?view=agenda&date=2026-06-15&days=1")
    names = [entry.requirement.name for day in response.context["days"] for entry in day["rows"]]
    assert sorted(names) == ["Auckland", "Honolulu"]


def test_as_of_a_past_moment_and_as_known_then(marek: Client, northgate: House) -> None:
    with system(northgate.organization):
        with time_machine.travel(NOW - 5 * DAY, tick=False):
            made = make(northgate, start=NOW - 5 * DAY)
        actions.record_fact(made, performed_at=NOW - 3 * DAY, recorded_at=NOW - DAY, by_name="Tess")
    query = f"?date=2026-06-10&facility={northgate.annex.pk}"
    assert month(marek, query)[D(2026, 6, 7)] == [("done", 1)]
    assert month(marek, f"{query}&at=2026-06-07T09:00")[D(2026, 6, 7)] == [("planned", 1)]
    assert month(marek, f"{query}&at=2026-06-08T22:00&known_at=2026-06-08")[D(2026, 6, 7)] == [("missed", 1)]
    assert month(marek, f"{query}&at=2026-06-08T22:00")[D(2026, 6, 7)] == [("done", 1)]
    assert "As of 8 June 2026" in marek.get(f"/calendar/{query}&at=2026-06-08").content.decode()


def test_an_empty_organization_is_told_what_appears_here(marek: Client, northgate: House) -> None:
    assert "No" not in marek.get("/calendar/").context["title"]
    html = marek.get(f"/calendar/?view=week&date=2027-06-10&facility={northgate.annex.pk}").content.decode()
    assert "Nothing is due in these days" in html


def test_it_says_when_it_was_cut(marek: Client, northgate: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with system(northgate.organization):
        for number in range(3):
            make(northgate, name=f"Rinse {number}")
    monkeypatch.setattr(calendar, "MOST_ENTRIES", 5)
    assert "only the first are shown" in marek.get("/calendar/").context["cut_words"]
    monkeypatch.setattr(calendar, "MOST_REQUIREMENTS", 2)
    assert "only the first" in marek.get("/calendar/").context["cut_words"]
    html = marek.get(f"/calendar/?facility={northgate.hospital.pk}").content.decode()
    assert "only the first" not in html


@pytest.mark.parametrize("view", ["month", "week", "agenda"])
def test_a_thousand_requirements_cost_a_fixed_number_of_queries(
    marek: Client, northgate: House, view: str, django_assert_max_num_queries: Any
) -> None:
    with system(northgate.organization):
        made = make(northgate)
        rows = list(Occurrence.objects.filter(requirement=made))
        others = Requirement.objects.bulk_create(
            Requirement(
                facility=northgate.annex, equipment=northgate.trolley, name=f"Copy {n}", starts_at=NOW,
                extend_at=made.extend_at,
            )
            for n in range(1000)
        )  # fmt: skip
        schedule = made.schedules.get()
        type(schedule).objects.bulk_create(
            type(schedule)(requirement=other, effective_at=NOW, spec=schedule.spec) for other in others
        )
        for row in rows:
            names = [f.attname for f in row._meta.concrete_fields if f.attname not in ("id", "requirement_id", "span")]
            Occurrence.objects.bulk_create(
                Occurrence(requirement=other, **{name: getattr(row, name) for name in names}) for other in others
            )
    with django_assert_max_num_queries(26):
        response = marek.get(f"/calendar/?view={view}&date=2026-06-10")
    assert response.status_code == 200
    if view == "month":
        assert month(marek)[D(2026, 6, 20)] == [("planned", 1001)]
    else:
        assert "more are not listed" in response.content.decode()


RULES = st.sampled_from(
    ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,TH", "FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=YEARLY",
     "FREQ=DAILY;BYHOUR=6,18", "FREQ=WEEKLY;INTERVAL=3;BYDAY=SU", "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=1,15"]
)  # fmt: skip
ZONES = st.sampled_from(["Europe/London", "Pacific/Auckland", "America/New_York", "Asia/Kolkata", "Africa/Cairo"])
INSTANTS = st.integers(24, 900 * 24).map(lambda hours: NOW - datetime.timedelta(hours=hours))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rules=st.lists(RULES, min_size=1, max_size=2, unique=True),
    zone=ZONES,
    starts_at=INSTANTS,
    ahead=st.integers(-40, 60) | st.integers(60, 900),
    length=st.integers(1, 42),
    change=st.none() | st.tuples(RULES, st.integers(1, 40)),
    done=st.lists(st.integers(0, 30), max_size=4),
)
def test_what_is_shown_is_what_the_engine_tiles(
    northgate: House,
    *,
    rules: list[str],
    zone: str,
    starts_at: datetime.datetime,
    ahead: int,
    length: int,
    change: tuple[str, int] | None,
    done: list[int],
) -> None:
    """Near and far, over changes of clock and of schedule: the due dates of a full replay, no more and no fewer."""
    spec = {"mode": "fixed_calendar", "rrule": rules, "early_window": "P2D"}
    with system(northgate.organization), time_machine.travel(NOW, tick=False):
        place = Facility.objects.create(name="Somewhere", time_zone=zone)
        made = make(northgate, spec, start=starts_at, equipment=None, facility=place)
        versions = [(starts_at, pure.Schedule.from_dict(spec))]
        if change:
            later = {"mode": "fixed_calendar", "rrule": [change[0]], "early_window": "P20D"}
            if actions.change_schedule(made, later, effective_at=NOW + change[1] * DAY):
                versions.append((NOW + change[1] * DAY, pure.Schedule.from_dict(later)))
        facts = [
            actions.record_fact(made, performed_at=max(starts_at, NOW - days * DAY), by_name="Tess")[0] for days in done
        ]
        first = NOW.date() + ahead * DAY
        last = first + length * DAY
        from apps.compliance.engine import to_fact

        tiles = pure.tiles(
            versions,
            [to_fact(fact) for fact in facts],
            starts_at=starts_at,
            zone=ZoneInfo(zone),
            until=NOW + (ahead + length + 5) * DAY if ahead + length > 0 else NOW,
        )
        expected = sorted((
            (tile.due_at, outcome)
            for tile in tiles
            if tile.due_at and first <= due_day(tile.due_at, ZoneInfo(zone)) <= last
            and (outcome := outcome_of(tile, NOW)) is not None
        ), key=lambda pair: pair[0])  # fmt: skip
        found = plan(Requirement.objects.filter(pk=made.pk), first, last, Moment(NOW))
        shown_ = [(e.due_local.astimezone(datetime.UTC), e.outcome) for day in found.entries.values() for e in day]
        assert sorted(shown_, key=lambda pair: pair[0]) == expected


def test_a_far_month_costs_what_a_near_one_does(in_northgate: House, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(in_northgate)
    made.refresh_from_db()
    asked: list[int] = []
    real = pure.extend

    def counting(*args: Any, **kwargs: Any) -> Any:
        tiles = real(*args, **kwargs)
        asked.append(len(tiles))
        return tiles

    monkeypatch.setattr("apps.compliance.agenda.calendar.pure.extend", counting)
    for year in (2026, 2045):
        low = datetime.datetime(year, 8, 1, tzinfo=datetime.UTC)
        assert len(list(expanded([made], low, low + 30 * DAY))) >= 30
    assert asked[1] <= 33
