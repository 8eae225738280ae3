"""Each mode by example, with dates worked out by hand."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from apps.compliance.schedule import Occurrence, Schedule, Suspension, extend, tiles

from .test_schedule_builders import KOLKATA, LONDON, event, fact, is_weekend, live, local, plan, run, utc

DAILY = plan("fixed_calendar", rrule="FREQ=DAILY")
MONDAYS = plan("fixed_calendar", rrule="FREQ=WEEKLY;BYDAY=MO", due_time="18:00", warn=["P1D"])
MONTHLY = plan("interval_after_completion", interval="P1M", warn=["P7D"])


def dues(found: list[Occurrence]) -> list[datetime | None]:
    return [o.due_at for o in found]


def closing(found: list[Occurrence]) -> list[datetime | None]:
    return [o.closes_at for o in found]


# fixed calendar


def test_calendar_opens_at_the_warning_and_closes_when_the_next_opens():
    first, second, third = run(MONDAYS, start="2026-11-18T10:00", until="2026-11-29T00:00")
    assert first.opens_at == utc("2026-11-18T10:00")
    assert first.warn_at == utc("2026-11-22T00:00")
    assert first.due_at == first.overdue_at == utc("2026-11-23T18:00")
    assert first.closes_at == second.opens_at == second.warn_at == utc("2026-11-29T00:00")
    assert third.opens_at == utc("2026-12-06")


def test_calendar_counts_missed_ones_until_something_is_done():
    done = fact(1, utc("2026-12-07T09:00"), recorded_at=utc("2026-12-07T11:00"))
    found = run(MONDAYS, done, start="2026-11-18", until="2026-12-20")
    assert [o.missed_before for o in found] == [0, 1, 2, 0, 1, 2]
    assert (found[2].completed_at, found[2].completed_recorded_at) == (utc("2026-12-07T09:00"), utc("2026-12-07T11:00"))
    assert found[2].completion_id == done.id
    assert [o.ever_completed for o in found] == [False, False, False, True, True, True]
    assert found[4].last_completed_at == utc("2026-12-07T09:00")


def test_calendar_grace_keeps_it_open_but_never_for_more_than_half_the_way_to_the_next():
    graceful = plan("fixed_calendar", rrule="FREQ=DAILY", grace="PT2H")
    first, second, _ = run(graceful, fact(1, utc("2026-11-19T01:30")), start="2026-11-18", until="2026-11-19T02:00")
    assert first.overdue_at == first.closes_at == second.opens_at == utc("2026-11-19T02:00")
    assert first.completed_at == utc("2026-11-19T01:30")
    endless = plan("fixed_calendar", rrule="FREQ=DAILY", grace="P9D")
    assert run(endless, start="2026-11-18", until="2026-11-18")[0].overdue_at == utc("2026-11-19T12:00")


def test_calendar_early_window_decides_what_counts():
    early = plan("fixed_calendar", rrule="FREQ=MONTHLY;BYMONTHDAY=15", early_window="P10D", warn=["P3D"])
    done = fact(1, utc("2026-12-05"))
    first, second, _ = run(early, done, start="2026-11-01", until="2026-12-05")
    assert first.completed_at is None
    assert (second.opens_at, second.warn_at, second.completed_at) == (
        utc("2026-12-05"),
        utc("2026-12-12"),
        done.performed_at,
    )


def test_calendar_several_times_a_day_open_as_soon_as_the_one_before_is_past():
    twice = plan("fixed_calendar", rrule="FREQ=DAILY;BYHOUR=12,18", warn=["PT1H"], grace="PT30M")
    found = run(twice, start="2026-11-18T08:00", until="2026-11-18T20:00")
    assert [o.opens_at for o in found] == [
        utc("2026-11-18T08:00"),
        utc("2026-11-18T12:30"),
        utc("2026-11-18T18:30"),
        utc("2026-11-19T12:30"),
    ]
    assert found[1].warn_at == utc("2026-11-18T17:00")


def test_calendar_due_at_the_first_minute_of_the_day_leaves_time_to_do_it():
    midnight = plan("fixed_calendar", rrule="FREQ=WEEKLY;BYDAY=MO", due_time="00:00")
    found = run(midnight, start="2026-11-18", until="2026-11-22")
    assert dues(found) == [utc("2026-11-23"), utc("2026-11-30")]
    assert found[1].opens_at == utc("2026-11-29")


def test_calendar_count_needs_that_many():
    thrice = plan("fixed_calendar", rrule="FREQ=DAILY", count=3)
    noon = utc("2026-11-18T12:00")
    facts = [fact(1, utc("2026-11-18T08:00")), fact(2, noon), fact(3, noon), fact(4, utc("2026-11-18T15:00"))]
    assert run(thrice, *facts[:2], start="2026-11-18", until="2026-11-18")[0].completed_at is None
    settled = run(thrice, *facts, start="2026-11-18", until="2026-11-18")[0]
    assert (settled.completed_at, settled.completion_id) == (noon, facts[2].id)


def test_calendar_waiver_settles_unless_it_was_done_before():
    waiver = fact(1, utc("2026-11-18T10:00"), kind="waiver")
    found = run(DAILY, waiver, start="2026-11-18", until="2026-11-19T12:00")
    assert (found[0].waived, found[0].completed_at) == (True, waiver.performed_at)
    assert (found[1].waived, found[1].missed_before, found[1].ever_completed) == (False, 0, False)
    earlier = fact(2, utc("2026-11-18T09:00"))
    found = run(DAILY, waiver, earlier, start="2026-11-18", until="2026-11-18")
    assert (found[0].waived, found[0].completion_id) == (False, earlier.id)


def test_calendar_failure_stands_until_something_satisfactory():
    bad = fact(1, utc("2026-11-18T10:00"), result="unsatisfactory")
    good = fact(2, utc("2026-11-20T10:00"))
    again = fact(3, utc("2026-11-20T11:00"), result="unsatisfactory")
    found = run(DAILY, bad, good, again, start="2026-11-18", until="2026-11-21T12:00")
    assert [o.failed for o in found] == [True, True, True, True, True]
    assert [o.failed_at for o in found[:2]] == [bad.performed_at] * 2
    assert (found[2].failed_at, found[2].restored_at) == (again.performed_at, None)
    assert found[2].completed_at == good.performed_at
    found = run(DAILY, bad, good, start="2026-11-18", until="2026-11-21T12:00")
    assert [o.failed for o in found] == [True, True, False, False, False]
    assert (found[2].failed_at, found[2].restored_at) == (bad.performed_at, good.performed_at)
    assert found[3].failed_at is None


@pytest.mark.parametrize(
    ("how", "days"),
    [
        ("keep", [1, 8, 15, 22]),
        ("before", [1, 6, 15, 20]),
        ("after", [1, 9, 15, 23]),
        ("skip", [1, 15, 29]),
    ],
)
def test_calendar_closing_days(how: str, days: list[int]):
    closed = {date(2026, 12, 7), date(2026, 12, 8), date(2026, 12, 21), date(2026, 12, 22)}.__contains__
    weekly = plan("fixed_calendar", rrule="FREQ=WEEKLY;BYDAY=TU", due_time="12:00", on_closed=how)
    found = run(weekly, start="2026-12-01", until="2026-12-29", closed=closed)
    assert [o.due_at.day for o in found if o.due_at][: len(days)] == days


def test_calendar_days_that_move_together_are_one():
    daily = plan("fixed_calendar", rrule="FREQ=DAILY", on_closed="after")
    found = run(daily, start="2026-11-20", until="2026-11-25", closed=is_weekend)
    assert dues(found)[:3] == [utc("2026-11-21"), utc("2026-11-24"), utc("2026-11-25")]


def test_calendar_closed_for_ever_stays_due_and_is_refused_where_it_would_vanish():
    for how in ("before", "after"):
        schedule = plan("fixed_calendar", rrule="FREQ=WEEKLY;BYDAY=MO", on_closed=how)
        found = run(schedule, start="2026-11-18", until="2026-11-18", closed=lambda day: True)
        assert dues(found)[0] == utc("2026-11-24")
    skipping = plan("fixed_calendar", rrule="FREQ=DAILY", on_closed="skip")
    with pytest.raises(ValueError, match="closing day"):
        run(skipping, start="2026-11-18", until="2026-11-18", closed=lambda day: True)


def test_calendar_anchor_fixes_what_the_rule_leaves_open():
    quarterly = plan("fixed_calendar", rrule="FREQ=MONTHLY;INTERVAL=3", anchor="2025-01-31")
    found = run(quarterly, start="2026-11-18", until="2027-03-01")
    assert dues(found)[:2] == [utc("2027-02-01"), utc("2027-04-30T23:00")]


def test_what_was_done_just_before_the_start_counts_for_the_first():
    done = fact(1, utc("2026-11-18T08:00"))
    first, second, *_ = run(DAILY, done, start="2026-11-18T10:00", until="2026-11-19")
    assert (first.opens_at, first.completed_at) == (utc("2026-11-18T10:00"), done.performed_at)
    assert second.completed_at is None
    yesterday = fact(2, utc("2026-11-17T20:00"))
    assert run(DAILY, yesterday, start="2026-11-18T10:00", until="2026-11-18T11:00")[0].completed_at is None


# interval after completion


def test_interval_is_due_at_once_while_there_is_no_evidence():
    (only,) = run(MONTHLY, start="2026-11-18T10:00", until="2027-11-18")
    assert (only.warn_at, only.due_at, only.closes_at) == (utc("2026-11-18T10:00"), utc("2026-11-19"), None)


def test_interval_rolls_on_from_what_was_done():
    facts = [fact(1, utc("2027-01-31T10:00")), fact(2, utc("2027-02-20T10:00"))]
    found = run(MONTHLY, *facts, start="2026-11-18", until="2027-11-18")
    assert dues(found) == [utc("2026-11-19"), utc("2027-03-01"), local("2027-03-21")]
    assert closing(found) == [utc("2027-01-31T10:00"), utc("2027-02-20T10:00"), None]
    assert found[2].warn_at == utc("2027-03-13")
    assert [o.ever_completed for o in found] == [False, True, True]


def test_interval_evidence_from_before_the_start_counts():
    (only,) = run(MONTHLY, fact(1, utc("2026-11-01T10:00")), start="2026-11-18", until="2027-11-18")
    assert (only.due_at, only.ever_completed) == (utc("2026-12-02"), True)


def test_interval_that_lapsed_before_the_start_keeps_its_true_date():
    (only,) = run(MONTHLY, fact(1, utc("2026-03-03T10:00")), start="2026-11-18", until="2027-11-18")
    assert only.due_at == only.warn_at == local("2026-04-04") < only.opens_at


def test_interval_first_due_day():
    first = plan("interval_after_completion", interval="P1M", first_due_on="2027-01-10", due_time="17:00")
    assert dues(run(first, start="2026-11-18", until="2026-11-18")) == [utc("2027-01-10T17:00")]
    old = fact(1, utc("2020-01-01"))
    assert dues(run(first, old, start="2026-11-18", until="2026-11-18")) == [utc("2027-01-10T17:00")]
    soon = fact(2, utc("2026-11-20T09:00"))
    assert dues(run(first, soon, start="2026-11-18", until="2026-11-21"))[1] == utc("2026-12-20T17:00")


def test_interval_due_time_already_past_on_the_first_day_is_the_end_of_it():
    morning = plan("interval_after_completion", interval="P1M", due_time="08:00")
    assert dues(run(morning, start="2026-11-18T10:00", until="2026-11-18")) == [utc("2026-11-19")]


def test_interval_printed_date_wins_when_earlier_and_sensible():
    for printed, due in [
        (date(2026, 12, 1), utc("2026-12-02")),
        (date(2027, 12, 1), utc("2026-12-21")),
        (date(2026, 11, 20), utc("2026-12-21")),
    ]:
        done = fact(1, utc("2026-11-20T10:00"), next_due_on=printed)
        assert dues(run(MONTHLY, done, start="2026-11-18", until="2026-11-21"))[1] == due


def test_interval_unsatisfactory_does_not_reset_the_date():
    bad, good = fact(1, utc("2026-11-20"), result="unsatisfactory"), fact(2, utc("2026-11-25"))
    (only,) = run(MONTHLY, bad, start="2026-11-18", until="2026-12-18")
    assert (only.failed, only.due_at, only.closes_at) == (True, utc("2026-11-19"), None)
    first, second = run(MONTHLY, bad, good, start="2026-11-18", until="2026-12-18")
    assert (first.failed_at, first.restored_at, first.completed_at) == (
        bad.performed_at,
        good.performed_at,
        good.performed_at,
    )
    assert not second.failed


def test_interval_waiver_moves_on_without_ending_a_failure():
    bad, waiver = fact(1, utc("2026-11-20"), result="unsatisfactory"), fact(2, utc("2026-11-25"), kind="waiver")
    first, second = run(MONTHLY, bad, waiver, start="2026-11-18", until="2026-12-18")
    assert (first.waived, second.failed, second.due_at) == (True, True, utc("2026-12-26"))
    assert not second.ever_completed


def test_two_at_one_instant_are_one_tile_and_the_earlier_printed_date_counts():
    at = utc("2026-11-20T10:00")
    facts = [fact(n, at, next_due_on=date(2026, 12, n)) for n in (9, 5)]
    found = run(MONTHLY, *facts, start="2026-11-18", until="2026-12-18")
    assert dues(found) == [utc("2026-11-19"), utc("2026-12-06")]
    both = run(MONTHLY, fact(1, at), fact(2, at, result="unsatisfactory"), start="2026-11-18", until="2026-12-18")
    assert [o.failed for o in both] == [True, True]


def test_known_at_hides_what_was_recorded_and_voided_later():
    done = fact(1, utc("2026-11-20"), recorded_at=utc("2026-11-25"), voided_at=utc("2026-12-01"))

    def then(day: str) -> int:
        return len(run(MONTHLY, done, start="2026-11-18", until="2027-01-01", known_at=utc(day)))

    assert [then("2026-11-24"), then("2026-11-25"), then("2026-11-30"), then("2026-12-01")] == [1, 2, 2, 1]
    assert len(run(MONTHLY, done, start="2026-11-18", until="2027-01-01")) == 1


# keep anniversary: see also test_schedule_rules.py for the gas rule's own vectors


def test_anniversary_is_kept_over_several_early_renewals():
    gas = plan("keep_anniversary", interval="P12M", early_window="P2M", first_due_on="2024-08-10")
    facts = [fact(n, utc(day)) for n, day in enumerate(["2024-07-01", "2025-06-11", "2026-08-10"])]
    found = run(gas, *facts, start="2024-01-01", until="2027-01-01")
    assert dues(found) == [local(day) for day in ("2024-08-11", "2025-08-11", "2026-08-11", "2027-08-11")]


def test_anniversary_without_a_first_date_starts_with_the_first_evidence():
    gas = plan("keep_anniversary", interval="P12M", early_window="P2M")
    assert dues(run(gas, start="2024-01-01", until="2024-01-01")) == [utc("2024-01-02")]
    found = run(gas, fact(1, utc("2024-03-05")), start="2024-01-01", until="2024-06-01")
    assert dues(found)[1] == utc("2025-03-06")


def test_anniversary_printed_date_and_history_before_the_start():
    gas = plan("keep_anniversary", interval="P12M", early_window="P2M", first_due_on="2025-08-10")
    renewed_early = fact(1, utc("2024-07-01"))
    assert dues(run(gas, renewed_early, start="2025-01-01", until="2025-01-01")) == [local("2025-08-11")]
    printed = fact(2, utc("2025-07-01"), next_due_on=date(2026, 7, 1))
    assert dues(run(gas, printed, start="2025-01-01", until="2025-08-01"))[1] == local("2026-07-02")


def test_anniversary_is_not_moved_by_a_suspension():
    gas = plan("keep_anniversary", interval="P12M", early_window="P2M", first_due_on="2025-08-10")
    closed = [Suspension(utc("2025-08-01"), utc("2025-09-01"))]
    found = run(gas, start="2025-01-01", until="2025-10-01", suspensions=closed)
    assert dues(found) == [local("2025-08-11"), None, local("2025-08-11")]


# review triggered


def test_review_is_brought_forward_by_an_event():
    review = plan("review_triggered", interval="P12M", warn=["P30D"])
    done = fact(1, utc("2026-11-19T09:00"))
    found = run(review, done, event(2, utc("2027-02-01T15:00")), start="2026-11-18", until="2027-03-01")
    assert (found[1].warn_at, found[1].due_at) == (utc("2027-02-01T15:00"), utc("2027-02-02"))
    redone = fact(3, utc("2027-02-01T20:00"))
    found = run(review, done, event(2, utc("2027-02-01T15:00")), redone, start="2026-11-18", until="2027-03-01")
    assert found[2].due_at == utc("2028-02-02")


def test_review_event_does_not_rewrite_the_warning_before_it():
    review = plan("review_triggered", interval="P1M", warn=["P7D"], within="P3D")
    done = fact(1, utc("2026-11-19T09:00"))
    found = run(review, done, event(2, utc("2026-12-15T15:00")), start="2026-11-18", until="2027-03-01")
    assert (found[1].warn_at, found[1].due_at) == (utc("2026-12-12"), utc("2026-12-19"))
    late = run(review, done, event(2, utc("2026-12-25T15:00")), start="2026-11-18", until="2027-03-01")
    assert (late[1].warn_at, late[1].due_at) == (utc("2026-12-12"), utc("2026-12-20"))


def test_review_event_during_a_suspension_is_due_when_it_ends():
    review = plan("review_triggered", interval="P12M")
    done = fact(1, utc("2026-11-19T09:00"))
    closed = [Suspension(utc("2026-12-01"), utc("2026-12-10T08:00"))]
    found = run(review, done, event(2, utc("2026-12-05")), start="2026-11-18", until="2027-01-01", suspensions=closed)
    assert (found[3].opens_at, found[3].warn_at, found[3].due_at) == (
        utc("2026-12-10T08:00"),
        utc("2026-12-10T08:00"),
        utc("2026-12-11"),
    )


# event


def test_event_opens_what_is_quiet_otherwise():
    served = plan("event", within="P7D", warn=["P2D"])
    begun, done = event(1, utc("2026-11-20T10:00")), fact(2, utc("2026-11-26T10:00"))
    found = run(served, begun, done, start="2026-11-18", until="2027-01-01")
    assert dues(found) == [None, utc("2026-11-28"), None]
    assert (found[1].opens_at, found[1].warn_at, found[1].closes_at) == (
        begun.performed_at,
        utc("2026-11-25"),
        done.performed_at,
    )
    assert found[0].warn_at is None


def test_event_while_one_is_open_changes_nothing_and_work_in_the_quiet_neither():
    served = plan("event", within="P7D")
    two = [event(1, utc("2026-11-20")), event(2, utc("2026-11-23"))]
    assert dues(run(served, *two, start="2026-11-18", until="2027-01-01")) == [None, utc("2026-11-28")]
    extra = fact(3, utc("2026-11-19"))
    found = run(served, *two, extra, start="2026-11-18", until="2027-01-01")
    assert (found[0].closes_at, found[0].completed_at) == (utc("2026-11-20"), None)


def test_event_exact_hours_and_at_once():
    begun = event(1, utc("2026-11-20T10:20"))
    hours = plan("event", within="PT4H")
    assert dues(run(hours, begun, start="2026-11-18", until="2027-01-01"))[1] == utc("2026-11-20T14:20")
    at_once = plan("event")
    assert dues(run(at_once, begun, start="2026-11-18", until="2027-01-01"))[1] == begun.performed_at
    before = event(2, utc("2026-11-17T10:00"))
    assert dues(run(plan("event", within="P0D"), before, start="2026-11-18", until="2027-01-01")) == [utc("2026-11-18")]


def test_event_during_a_suspension_is_due_when_it_ends():
    served = plan("event", within="P1D")
    closed = [Suspension(utc("2026-11-19"), utc("2026-11-30T08:00"))]
    found = run(served, event(1, utc("2026-11-20")), start="2026-11-18", until="2027-01-01", suspensions=closed)
    assert dues(found) == [None, None, utc("2026-12-01")]


# per use


def test_after_each_use():
    wash = plan("per_use", after=True, within="PT2H", warn=["PT1H"])
    facts = [event(1, utc("2026-11-20T10:00")), fact(2, utc("2026-11-20T11:00")), event(3, utc("2026-11-20T12:00"))]
    found = run(wash, *facts, event(4, utc("2026-11-20T12:30")), start="2026-11-18", until="2027-01-01")
    assert dues(found) == [None, utc("2026-11-20T12:00"), None, utc("2026-11-20T14:00"), utc("2026-11-20T14:30")]
    assert found[1].warn_at == utc("2026-11-20T11:00")
    assert [o.missed_before for o in found] == [0, 0, 0, 0, 1]
    at_once = plan("per_use", after=True)
    assert dues(run(at_once, facts[0], start="2026-11-18", until="2027-01-01"))[1] == utc("2026-11-20T10:00")


def test_before_each_use():
    ready = plan("per_use", before=True)
    facts = [fact(1, utc("2026-11-20T09:00")), event(2, utc("2026-11-20T10:00")), event(3, utc("2026-11-20T12:00"))]
    found = run(ready, *facts, start="2026-11-18", until="2027-01-01")
    assert dues(found) == [None] * 4
    assert [o.warn_at for o in found] == [utc("2026-11-18"), None, utc("2026-11-20T10:00"), utc("2026-11-20T12:00")]
    assert [o.missed_before for o in found] == [0, 0, 0, 1]


def test_used_and_cleaned_at_one_instant_leaves_it_used():
    wash = plan("per_use", after=True)
    at = utc("2026-11-20T10:00")
    found = run(wash, event(1, utc("2026-11-19")), fact(2, at), event(3, at), start="2026-11-18", until="2027-01-01")
    assert dues(found) == [None, utc("2026-11-19"), at]
    assert [o.missed_before for o in found] == [0, 0, 0]


def test_per_use_backstop_asks_on_days_without_use():
    wash = plan("per_use", after=True, rrule="FREQ=DAILY")
    facts = [fact(1, utc("2026-11-20T09:00")), event(2, utc("2026-11-21T10:00"))]
    found = run(wash, *facts, start="2026-11-18", until="2027-01-01")
    assert dues(found) == [utc("2026-11-19"), utc("2026-11-22"), utc("2026-11-21T10:00")]
    closed = [Suspension(utc("2026-11-20T12:00"), utc("2026-11-30T08:00"))]
    found = run(wash, facts[0], start="2026-11-18", until="2027-01-01", suspensions=closed)
    assert dues(found)[-1] == utc("2026-12-01")


# validity after completion


def test_validity_lapses_exactly():
    shelf = plan("validity_after_completion", interval="PT3H", warn=["PT1H"])
    found = run(shelf, fact(1, utc("2026-11-20T09:10")), start="2026-11-18T10:00", until="2027-01-01")
    assert dues(found) == [utc("2026-11-18T10:00"), utc("2026-11-20T12:10")]
    assert found[1].warn_at == utc("2026-11-20T11:10")
    mixed = plan("validity_after_completion", interval="P1DT3H")
    found = run(mixed, fact(1, utc("2026-11-20T09:10")), start="2026-11-18T10:00", until="2027-01-01")
    assert dues(found) == [utc("2026-11-19"), utc("2026-11-21T12:10")]


# changes, suspensions, zones


def versions(*pairs: tuple[str, Schedule]) -> list[tuple[datetime, Schedule]]:
    return [(utc(at), schedule) for at, schedule in pairs]


def test_a_change_of_schedule_cuts_the_open_tile_and_asks_for_nothing_twice():
    done = fact(1, utc("2026-11-18T09:00"))
    earlier = plan("fixed_calendar", rrule="FREQ=DAILY", due_time="18:00")
    changed = versions(("2026-11-17", DAILY), ("2026-11-18T10:00", earlier))
    found = tiles(changed, [done], starts_at=utc("2026-11-17"), zone=LONDON, until=utc("2026-11-19"))
    assert closing(found)[:3] == [utc("2026-11-18"), utc("2026-11-18T10:00"), utc("2026-11-19")]
    assert [o.completed_at for o in found] == [None, done.performed_at, done.performed_at, None, None]
    assert [o.missed_before for o in found] == [0, 1, 0, 0, 1]


def test_a_change_of_schedule_does_not_hide_what_was_missed():
    changed = versions(("2026-11-02", MONDAYS), ("2026-11-11", MONTHLY), ("2026-11-12", plan("event")))
    found = tiles(changed, [], starts_at=utc("2026-11-02"), zone=LONDON, until=utc("2027-01-01"))
    assert [o.missed_before for o in found] == [0, 1, 2, 3]
    assert dues(found)[2:] == [utc("2026-11-12"), None]
    repaired = tiles(
        changed, [fact(1, utc("2026-11-13"))], starts_at=utc("2026-11-02"), zone=LONDON, until=utc("2027-01-01")
    )
    assert (repaired[3].completed_at, repaired[4].missed_before) == (utc("2026-11-13"), 0)


def test_a_schedule_that_became_stricter_is_due_on_the_day_of_the_change():
    yearly = plan("interval_after_completion", interval="P1Y")
    done = fact(1, utc("2026-03-01"))
    changed = versions(("2026-01-01", yearly), ("2026-11-18T10:00", MONTHLY))
    found = tiles(changed, [done], starts_at=utc("2026-01-01"), zone=LONDON, until=utc("2027-01-01"))
    assert dues(found)[1:] == [utc("2027-03-02"), utc("2026-11-19")]
    assert found[2].missed_before == 0


@pytest.mark.parametrize("first", [MONTHLY, DAILY], ids=str)
def test_what_is_done_at_the_very_moment_of_a_change_is_done(first: Schedule):
    change = "2026-11-25T12:00"
    changed = versions(("2026-11-18", first), (change, plan("interval_after_completion", interval="P2M")))
    found = tiles(changed, [fact(1, utc(change))], starts_at=utc("2026-11-18"), zone=LONDON, until=utc("2026-12-01"))
    assert (found[-1].opens_at, found[-1].missed_before, found[-1].due_at) == (utc(change), 0, utc("2027-01-26"))
    assert found[-2].completed_at == (utc(change) if first is MONTHLY else None)


def test_a_new_version_that_says_the_same_changes_nothing():
    same = versions(("2026-11-17", DAILY), ("2026-11-18T10:00", DAILY))
    kwargs: dict[str, Any] = {"starts_at": utc("2026-11-17"), "zone": LONDON, "until": utc("2026-11-19")}
    assert tiles(same, [], **kwargs) == tiles(same[:1], [], **kwargs)


def test_nothing_is_asked_for_during_a_suspension():
    closed = [
        Suspension(utc("2026-11-20T12:00"), utc("2026-11-23T12:00")),
        Suspension(utc("2026-11-22"), utc("2026-11-24T12:00")),
    ]
    found = run(DAILY, start="2026-11-19", until="2026-11-25", suspensions=closed)
    assert [o.suspended for o in found] == [False, False, True, False, False, False]
    assert (found[2].opens_at, found[2].closes_at) == (utc("2026-11-20T12:00"), utc("2026-11-24T12:00"))
    assert (found[2].waived, found[2].completed_at, found[2].completion_id) == (True, found[2].opens_at, None)
    assert found[3].due_at == utc("2026-11-25")
    # The 19th was missed; the 20th was cut before it was due; the 24th was missed.
    assert [o.missed_before for o in found] == [0, 1, 1, 1, 2, 3]


def test_work_during_a_suspension_counts_as_done_since():
    closed = [Suspension(utc("2026-11-20T12:00"), utc("2026-11-23T12:00"))]
    found = run(DAILY, fact(1, utc("2026-11-21")), start="2026-11-19", until="2026-11-23T13:00", suspensions=closed)
    assert [o.missed_before for o in found] == [0, 1, 1, 0, 1]
    for_ever = [Suspension(utc("2026-11-20T12:00"))]
    found = run(DAILY, fact(1, utc("2026-11-21")), start="2026-11-19", until="2027-11-23", suspensions=for_ever)
    assert (len(found), found[-1].closes_at) == (3, None)


def test_suspended_from_the_start_and_resumed_from_there():
    closed = [Suspension(utc("2026-11-01"), utc("2026-11-20"))]
    found = run(MONTHLY, start="2026-11-18", until="2026-12-23", suspensions=closed)
    assert dues(found) == [None, utc("2026-11-21")]
    kwargs: dict[str, Any] = {
        "starts_at": utc("2026-11-18"),
        "zone": LONDON,
        "until": utc("2026-12-23"),
        "suspensions": closed,
    }
    assert extend(versions(("2026-11-18", MONTHLY)), found[0], [], **kwargs) == found


def test_a_facility_that_changes_its_zone_keeps_its_past():
    places = [(utc("2026-11-01"), LONDON), (utc("2026-11-20"), KOLKATA)]
    kwargs: dict[str, Any] = {"starts_at": utc("2026-11-18"), "until": utc("2026-11-21")}
    moved = tiles(versions(("2026-11-18", DAILY)), [], zone=places, **kwargs)
    stayed = tiles(versions(("2026-11-18", DAILY)), [], zone=LONDON, **kwargs)
    assert moved[:2] == stayed[:2]
    assert dues(moved)[2:4] == [utc("2026-11-20T18:30"), utc("2026-11-21T18:30")]


def test_until_gives_what_is_current_and_what_is_next():
    at = utc("2026-11-19")
    found = run(DAILY, start="2026-11-18", until="2026-11-19")
    assert live(found, at) is found[-2]
    assert found[-1].opens_at > at
    assert len(run(DAILY, start="2026-11-18", until="2026-11-01")) == 1
