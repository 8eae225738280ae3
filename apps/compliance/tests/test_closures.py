"""Suspensions and closed days: what they change from now on, what they leave as it was, and as known then."""

from __future__ import annotations

import contextlib
import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.audit.models import AuditEvent
from apps.compliance import actions as compliance
from apps.compliance import engine, queries
from apps.compliance import schedule as pure
from apps.compliance.closures import actions
from apps.compliance.closures.loading import ClosedDays
from apps.compliance.closures.models import ClosedDay, Suspension
from apps.compliance.models import Completion, Occurrence, Requirement
from apps.compliance.moment import Moment
from apps.tenants.scope import member, system
from tests.cast import NOW, House

pytestmark = pytest.mark.usefixtures("frozen")
DAY = datetime.timedelta(days=1)
HOUR = datetime.timedelta(hours=1)
DAILY = {"mode": "fixed_calendar", "rrule": ["FREQ=DAILY"], "due_time": "18:00", "warn": ["PT2H"]}
MONDAYS = {"mode": "fixed_calendar", "rrule": ["FREQ=WEEKLY;BYDAY=MO"], "warn": ["P1D"], "early_window": "P5D"}
WEEKLY = {"mode": "interval_after_completion", "interval": "P7D", "warn": ["P1D"]}


def make(house: House, spec: dict[str, Any], starts_at: datetime.datetime = NOW) -> Requirement:
    return compliance.create_requirement(spec=spec, equipment=house.washer, name="Rinse", starts_at=starts_at)


def rows(requirement: Requirement) -> list[Occurrence]:
    found = list(Occurrence.objects.filter(requirement=requirement).order_by("opens_at"))
    for before, after in pairwise(found):
        assert before.closes_at == after.opens_at
    return found


def reason_at(requirement: Requirement, at: datetime.datetime, known_at: datetime.datetime | None = None) -> str | None:
    row = queries.row_of(requirement, Moment(at, known_at, is_now=False))
    return str(row.status.reason) if row else None


def frozen_part(requirement: Requirement) -> list[tuple[Any, ...]]:
    """Everything about the tiles that were closed before now."""
    from django.utils import timezone

    names = [*engine.SAME, "opens_at", "closes_at", "completion_id"]
    return list(requirement.occurrences.filter(closes_at__lt=timezone.now()).order_by("opens_at").values_list(*names))


# --- Suspensions ---


def test_a_suspended_requirement_asks_for_nothing_until_it_ends(
    frozen: time_machine.Traveller, in_northgate: House
) -> None:
    requirement = make(in_northgate, DAILY, NOW - 5 * DAY)
    assert queries.row_of(requirement).colour == "red"  # type: ignore[union-attr]
    before = frozen_part(requirement)
    suspension = actions.suspend(
        facility=in_northgate.hospital, requirement=requirement, ends_at=NOW + 3 * DAY, reason="Refurbishment"
    )
    assert frozen_part(requirement)[: len(before)] == before
    row = queries.row_of(requirement)
    assert row is not None
    assert (row.colour, str(row.status.reason), row.words) == ("green", "suspended", "Suspended")
    frozen.move_to(NOW + 2 * DAY)
    assert queries.row_of(requirement).colour == "green"  # type: ignore[union-attr]
    frozen.move_to(NOW + 4 * DAY)
    assert queries.row_of(requirement).colour == "red"  # type: ignore[union-attr]
    assert reason_at(requirement, NOW + DAY) == "suspended"
    assert AuditEvent.objects.filter(action="suspension.create", object_id=suspension.pk).exists()


def test_a_suspended_facility_suspends_everything_in_it_and_nothing_else(
    frozen: time_machine.Traveller, in_northgate: House
) -> None:
    here = make(in_northgate, DAILY)
    rolling = in_northgate.requirement
    there = compliance.create_requirement(spec=DAILY, equipment=in_northgate.trolley, name="Wipe", starts_at=NOW)
    actions.suspend(facility=in_northgate.hospital, reason="Closed for the summer")
    frozen.move_to(NOW + 20 * DAY)
    assert [queries.row_of(r).colour for r in (here, rolling, there)] == ["green", "green", "red"]  # type: ignore[union-attr]


def test_a_new_requirement_in_a_suspended_facility_is_suspended(in_northgate: House) -> None:
    actions.suspend(facility=in_northgate.hospital, reason="Closed")
    requirement = make(in_northgate, DAILY, NOW - 5 * DAY)
    assert str(queries.row_of(requirement).status.reason) == "suspended"  # type: ignore[union-attr]


def test_ending_early_keeps_what_was_known_before(frozen: time_machine.Traveller, in_northgate: House) -> None:
    requirement = make(in_northgate, DAILY)
    suspension = actions.suspend(facility=in_northgate.hospital, ends_at=NOW + 10 * DAY, reason="Flood")
    frozen.move_to(NOW + 2 * DAY)
    replacement = actions.end_suspension(suspension, reason="Dry again")
    assert replacement is not None
    assert (replacement.replaces_id, replacement.starts_at, replacement.ends_at) == (suspension.pk, NOW, NOW + 2 * DAY)
    assert str(queries.row_of(requirement).status.reason) != "suspended"  # type: ignore[union-attr]
    frozen.move_to(NOW + 5 * DAY)
    assert queries.row_of(requirement).colour == "red"  # type: ignore[union-attr]
    assert reason_at(requirement, NOW + DAY) == "suspended"
    later = NOW + 4 * DAY
    assert reason_at(requirement, later) != "suspended"
    assert reason_at(requirement, later, NOW + DAY) == "suspended"
    assert reason_at(requirement, NOW + DAY, NOW - HOUR) is None  # not even the duty was known
    with pytest.raises(ValidationError):
        actions.end_suspension(suspension)
    with pytest.raises(ValidationError):
        actions.end_suspension(replacement)


def test_as_known_before_it_was_recorded(frozen: time_machine.Traveller, in_northgate: House) -> None:
    requirement = make(in_northgate, DAILY)
    frozen.move_to(NOW + HOUR)
    actions.suspend(facility=in_northgate.hospital, starts_at=NOW + DAY, reason="Planned")
    frozen.move_to(NOW + 3 * DAY)
    assert reason_at(requirement, NOW + 2 * DAY) == "suspended"
    assert reason_at(requirement, NOW + 2 * DAY, NOW) == "missing"


def test_what_has_not_begun_is_taken_back(frozen: time_machine.Traveller, in_northgate: House) -> None:
    requirement = make(in_northgate, DAILY)
    before = [(r.opens_at, r.due_at, r.closes_at) for r in rows(requirement)]
    suspension = actions.suspend(facility=in_northgate.hospital, starts_at=NOW + DAY, reason="Planned")
    assert actions.end_suspension(suspension) is None
    assert [(r.opens_at, r.due_at, r.closes_at) for r in rows(requirement)] == before


def test_refusals(in_northgate: House, southbank: House) -> None:
    requirement = make(in_northgate, DAILY)
    bad: list[dict[str, Any]] = [
        {"reason": " "},
        {"starts_at": NOW - DAY},
        {"ends_at": NOW - DAY},
        {"starts_at": NOW + 2 * DAY, "ends_at": NOW + DAY},
        {"facility": in_northgate.annex, "requirement": requirement},
    ]
    for more in bad:
        with pytest.raises(ValidationError):
            actions.suspend(**{"facility": in_northgate.hospital, "reason": "x", **more})
    assert not Suspension.objects.exists()


def test_technicians_and_auditors_suspend_nothing(northgate: House) -> None:
    for who in (northgate.technician, northgate.auditor):
        with member(who), pytest.raises(PermissionDenied):
            actions.suspend(facility=northgate.hospital, reason="x")
        with member(who), pytest.raises(PermissionDenied):
            actions.add_closed_day(first_on=datetime.date(2026, 12, 25), name="Christmas Day")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_stored_occurrences_equal_a_full_replay_and_the_past_stays(data: st.DataObject, northgate: House) -> None:
    """Whatever is suspended, ended, closed and done, in whatever order: one truth, and closed tiles never change."""
    spec = data.draw(
        st.sampled_from([DAILY, {**MONDAYS, "on_closed": "after"}, {**MONDAYS, "on_closed": "before"}, WEEKLY])
    )
    with time_machine.travel(NOW, tick=False) as clock, member(northgate.admin):
        requirement = make(northgate, spec, NOW - 3 * DAY)
        open_ones: list[Suspension] = []
        for _step in range(data.draw(st.integers(2, 7))):
            clock.shift(data.draw(st.integers(1, 80)) * HOUR)
            from django.utils import timezone

            now = timezone.now()
            queries.ensure_extended(now)
            past = frozen_part(requirement)
            match data.draw(st.sampled_from(["suspend", "end", "close", "done"])):
                case "suspend":
                    start = now + data.draw(st.integers(0, 72)) * HOUR
                    open_ones.append(
                        actions.suspend(
                            facility=northgate.hospital,
                            requirement=data.draw(st.sampled_from([None, requirement])),
                            starts_at=start,
                            ends_at=data.draw(st.sampled_from([None, start + 30 * HOUR, start + 9 * DAY])),
                            reason="x",
                        )
                    )
                case "end" if open_ones:
                    with contextlib.suppress(ValidationError):
                        actions.end_suspension(open_ones.pop())
                case "close":
                    first = now.date() + data.draw(st.integers(2, 9)) * DAY
                    site = data.draw(st.sampled_from([None, northgate.hospital]))
                    actions.add_closed_day(site=site, first_on=first, last_on=first + DAY, name="Holiday")
                case _:
                    compliance.record_fact(requirement, performed_at=now, by_name="Tess")
            assert frozen_part(requirement)[: len(past)] == past
            stored = rows(requirement)
            live = Requirement.objects.select_related("facility").get(pk=requirement.pk)
            tiles = replayed(live, now)
            assert [(r.opens_at, r.due_at, r.missed_before, r.waived) for r in stored] == [
                (t.opens_at, t.due_at, t.missed_before, t.waived) for t in tiles[: len(stored)]
            ]
        Requirement.objects.filter(pk=requirement.pk).update(archived_at=NOW)
        Suspension.objects.update(voided_at=NOW)
        ClosedDay.objects.update(voided_at=NOW, recorded_at=NOW)


def replayed(requirement: Requirement, now: datetime.datetime) -> list[pure.Occurrence]:
    """Return the tiles of a replay from the very start."""
    from apps.compliance.closures.loading import Closures

    return pure.tiles(
        engine.to_versions(requirement.schedules.all()),
        [engine.to_fact(c) for c in Completion.objects.filter(requirement=requirement)],
        starts_at=requirement.starts_at,
        zone=ZoneInfo(requirement.facility.time_zone),
        until=now,
        **Closures([requirement]).of(requirement),
    )


# --- Closed days ---


@pytest.mark.parametrize(("how", "due_on"), [("keep", 15), ("before", 14), ("after", 16), ("skip", 22)])
def test_a_due_day_on_a_closed_day(how: str, due_on: int, in_northgate: House) -> None:
    requirement = make(in_northgate, {**MONDAYS, "on_closed": how})
    actions.add_closed_day(first_on=datetime.date(2026, 6, 15), name="Bank holiday")
    row = queries.row_of(requirement)
    assert row is not None
    assert row.tile.due_at is not None
    assert pure.due_day(row.tile.due_at, ZoneInfo("Europe/London")).day == due_on


def test_closed_days_of_one_facility_leave_others_alone(in_northgate: House) -> None:
    here = make(in_northgate, {**MONDAYS, "on_closed": "skip"})
    there = compliance.create_requirement(
        spec={**MONDAYS, "on_closed": "skip"}, equipment=in_northgate.trolley, name="Wipe", starts_at=NOW
    )
    actions.add_closed_day(site=in_northgate.annex, first_on=datetime.date(2026, 6, 15), name="Fair")
    days = [queries.row_of(r).tile.due_at.astimezone(ZoneInfo("Europe/London")).day for r in (here, there)]  # type: ignore[union-attr]
    assert days == [16, 23]  # local midnights that end the 15th and the 22nd


def test_closed_days_are_taken_back(in_northgate: House) -> None:
    requirement = make(in_northgate, {**MONDAYS, "on_closed": "skip"})
    before = queries.row_of(requirement).tile.due_at  # type: ignore[union-attr]
    closed = actions.add_closed_day(first_on=datetime.date(2026, 6, 15), name="Mistake")
    assert queries.row_of(requirement).tile.due_at != before  # type: ignore[union-attr]
    actions.remove_closed_day(closed, "Wrong year")
    actions.remove_closed_day(closed)
    assert queries.row_of(requirement).tile.due_at == before  # type: ignore[union-attr]


def test_only_days_after_today(frozen: time_machine.Traveller, in_northgate: House) -> None:
    for first in (datetime.date(2026, 6, 10), datetime.date(2026, 6, 1)):
        with pytest.raises(ValidationError):
            actions.add_closed_day(first_on=first, name="Late")
    with pytest.raises(ValidationError):
        actions.add_closed_day(first_on=datetime.date(2026, 6, 12), last_on=datetime.date(2026, 6, 11), name="x")
    with pytest.raises(ValidationError):
        actions.add_closed_day(first_on=datetime.date(2026, 6, 12), last_on=datetime.date(2026, 9, 11), name="x")
    closed = actions.add_closed_day(first_on=datetime.date(2026, 6, 11), name="Fair")
    frozen.move_to(NOW + 2 * DAY)
    with pytest.raises(ValidationError):
        actions.remove_closed_day(closed)


def test_what_is_in_its_grace_is_still_asked_for(frozen: time_machine.Traveller, in_northgate: House) -> None:
    """Closed days recorded between the due time and the end of the grace absolve nothing."""
    requirement = make(in_northgate, {**MONDAYS, "early_window": "P1D", "grace": "P3D", "on_closed": "skip"})
    frozen.move_to(NOW + 6 * DAY)  # Tuesday: due on Monday, red from Thursday
    assert reason_at(requirement, NOW + 6 * DAY) == "due"
    actions.add_closed_day(first_on=datetime.date(2026, 6, 22), name="Holiday")
    assert reason_at(requirement, NOW + 6 * DAY) == "due"
    frozen.move_to(NOW + 9 * DAY)
    assert queries.row_of(requirement).colour == "red"  # type: ignore[union-attr]
    compliance.record_fact(requirement, performed_at=NOW + 9 * DAY, by_name="Tess")
    assert queries.row_of(requirement).colour == "green"  # type: ignore[union-attr]


def test_known_closed_days_are_those_known_then(frozen: time_machine.Traveller, in_northgate: House) -> None:
    requirement = make(in_northgate, {**MONDAYS, "on_closed": "skip"}, NOW - DAY)
    frozen.move_to(NOW + DAY)
    actions.add_closed_day(first_on=datetime.date(2026, 6, 15), name="Fair")
    frozen.move_to(NOW + 7 * DAY)
    at = NOW + 6 * DAY  # the day after that Monday
    assert reason_at(requirement, at) == "on_time"
    assert reason_at(requirement, at, NOW) in ("missing", "missed")


def test_closed_days_compare_by_their_ranges() -> None:
    first, last = datetime.date(2026, 6, 15), datetime.date(2026, 6, 17)
    closed = ClosedDays(((first, last),))
    assert closed == ClosedDays(((first, last),))
    assert [closed(first - DAY), closed(first), closed(last), closed(last + DAY)] == [False, True, True, False]


# --- Pages ---


def test_suspend_and_end_a_facility_on_the_pages(marek: Client, audrey: Client, northgate: House) -> None:
    hospital = northgate.hospital.pk
    assert "Suspend this facility" in marek.get(f"/closures/?facility={hospital}").content.decode()
    assert "1 requirement asks" in marek.get(f"/closures/new/?facility={hospital}").content.decode()
    sent = {"starts_on": "", "ends_on": "2026-06-20", "reason": "Refurbishment"}
    assert marek.post(f"/closures/new/?facility={hospital}", sent)["Location"] == f"/closures/?facility={hospital}"
    html = audrey.get("/closures/").content.decode()
    assert "Refurbishment" in html
    assert "/end/" not in html
    assert "Suspended" in marek.get("/requirements/").content.decode()
    assert "Refurbishment" in marek.get(f"/facilities/{hospital}/").content.decode()
    assert "Refurbishment" in audrey.get(f"/requirements/{northgate.requirement.pk}/").content.decode()
    with system(northgate.organization):
        pk = Suspension.objects.get().pk
    assert marek.post(f"/closures/{pk}/end/", {"ends_on": "2026-06-01"}).status_code == 400
    assert marek.post(f"/closures/{pk}/end/", {"ends_on": "", "reason": "Done"}).status_code == 302
    assert "Overdue" in marek.get("/requirements/").content.decode()
    assert marek.get(f"/closures/{pk}/end/").status_code == 404


def test_suspend_one_requirement(marek: Client, northgate: House) -> None:
    url = f"/closures/new/?requirement={northgate.requirement.pk}"
    assert marek.post(url, {"reason": ""}).status_code == 400
    assert marek.post(url, {"reason": "x", "starts_on": "2026-06-20", "ends_on": "2026-06-19"}).status_code == 400
    response = marek.post(url, {"reason": "Washer away", "starts_on": "2026-06-10"})
    assert response["Location"] == f"/requirements/{northgate.requirement.pk}/"
    assert "Suspended now" in marek.get(response["Location"]).content.decode()


def test_closed_days_on_the_pages(marek: Client, northgate: House) -> None:
    url = "/closures/days/new/"
    assert marek.post(url, {"name": "x", "first_on": "2026-06-01"}).status_code == 400
    assert marek.post(url, {"name": "Late summer", "first_on": "2026-08-31"})["Location"] == "/closures/"
    assert "Late summer" in marek.get("/closures/").content.decode()
    with system(northgate.organization):
        pk = ClosedDay.objects.get().pk
    assert "Late summer" in marek.get(f"/closures/days/{pk}/remove/").content.decode()
    assert marek.post(f"/closures/days/{pk}/remove/", {}).status_code == 302
    assert "Late summer" not in marek.get("/closures/").content.decode()


@pytest.mark.parametrize(
    "path", ["/closures/new/?facility={f}", "/closures/new/?requirement={r}", "/closures/days/new/?facility={f}"]
)
def test_who_may_not(
    path: str, tess: Client, audrey: Client, marek: Client, northgate: House, southbank: House
) -> None:
    own = path.format(f=northgate.hospital.pk, r=northgate.requirement.pk)
    assert tess.get(own).status_code == audrey.post(own, {"reason": "x"}).status_code == 403
    foreign = path.format(f=southbank.hospital.pk, r=southbank.requirement.pk)
    assert marek.get(foreign).status_code == marek.post(foreign, {"reason": "x"}).status_code == 404


def test_other_houses_and_restricted_members(
    rosa: Client, marek: Client, as_user: Any, northgate: House, southbank: House
) -> None:
    with member(southbank.admin):
        foreign = actions.suspend(facility=southbank.hospital, reason="Theirs")
        foreign_day = actions.add_closed_day(first_on=datetime.date(2026, 8, 1), name="Their day")
    with member(northgate.admin):
        actions.suspend(facility=northgate.hospital, reason="Hospital only")
        day = actions.add_closed_day(site=northgate.hospital, first_on=datetime.date(2026, 8, 1), name="Hospital day")
        actions.add_closed_day(first_on=datetime.date(2026, 8, 2), name="Everywhere")
    html = rosa.get("/closures/").content.decode()
    assert "Hospital only" not in html
    assert "Hospital day" not in html
    assert "Everywhere" in html
    assert marek.get(f"/closures/{foreign.pk}/end/").status_code == 404
    assert marek.get(f"/closures/days/{foreign_day.pk}/remove/").status_code == 404
    assert "Their" not in marek.get("/closures/").content.decode()
    with system(northgate.organization):
        from apps.tenants.models import Membership

        Membership.objects.filter(pk=northgate.restricted.pk).update(role="manager")
    renata = as_user(northgate.restricted)
    assert renata.get(f"/closures/days/{day.pk}/remove/").status_code == 404
    assert renata.post("/closures/days/new/", {"name": "All", "first_on": "2026-09-01"}).status_code == 400
    sent = {"name": "Mine", "first_on": "2026-09-01", "facility": northgate.annex.pk}
    assert renata.post("/closures/days/new/", sent).status_code == 302


def test_the_list_costs_the_same_for_more_rows(marek: Client, northgate: House, django_assert_num_queries: Any) -> None:
    with member(northgate.admin):
        actions.suspend(facility=northgate.annex, reason="First")
    with django_assert_num_queries(15):
        marek.get("/closures/")
    with member(northgate.admin):
        for number in range(4):
            actions.suspend(facility=northgate.annex, starts_at=NOW + number * DAY, reason=f"No. {number}")
    with django_assert_num_queries(15):
        marek.get("/closures/")
