"""Status: every boundary to the microsecond, the order of the table, agreement with a second, plainer definition."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.compliance.schedule import Occurrence
from apps.compliance.status import RULES, Both, Colour, Either, Reason, status

from .test_schedule_builders import FIXED, utc

TICK = timedelta(microseconds=1)
ORIGIN = datetime(2026, 1, 1, tzinfo=UTC)
INSTANTS = ("warn_at", "due_at", "overdue_at", "closes_at", "completed_at", "failed_at", "restored_at")

OPEN = Occurrence(
    opens_at=utc("2026-11-01"),
    warn_at=utc("2026-11-10"),
    due_at=utc("2026-11-20"),
    overdue_at=utc("2026-11-22"),
    closes_at=utc("2026-12-01"),
    ever_completed=True,
)
DONE = replace(OPEN, completed_at=utc("2026-11-15"))
QUIET = Occurrence(opens_at=utc("2026-11-01"), ever_completed=True)


def make_cases(count: int, seed: int = 1) -> list[tuple[Occurrence, datetime]]:
    """Occurrences with every field empty or not, and moments on, just before and just after their instants.

    Wilder than `tiles` ever makes them. Also for holding the database twin against `status`.
    """
    dice = random.Random(seed)
    cases = []
    for _ in range(count):
        hours = {name: dice.randrange(12) for name in INSTANTS}
        warn, due, overdue = sorted(hours[name] for name in ("warn_at", "due_at", "overdue_at"))
        hours.update(warn_at=warn, due_at=due, overdue_at=overdue)
        shape = dice.choice(["due", "due", "due", "quiet", "use"])
        empty = {"due": set(), "quiet": {"warn_at", "due_at", "overdue_at"}, "use": {"due_at", "overdue_at"}}[shape]
        optional = {"closes_at", "completed_at", "failed_at", "restored_at"}
        empty |= {name for name in optional if dice.random() < 0.6}
        occurrence = Occurrence(
            opens_at=ORIGIN,
            **{name: None if name in empty else ORIGIN + timedelta(hours=hours[name]) for name in INSTANTS},  # type: ignore[arg-type]
            waived=dice.random() < 0.3,
            missed_before=dice.choice([0, 0, 1, 5]),
            ever_completed=dice.random() < 0.5,
        )
        at = ORIGIN + timedelta(hours=dice.randrange(13)) + dice.choice([-TICK, timedelta(0), TICK])
        cases.append((occurrence, at))
    return cases


def in_plain_words(o: Occurrence, at: datetime) -> Colour:
    """The definition again, as the product page states it, without the table."""
    if o.failed_at is not None and o.failed_at <= at and (o.restored_at is None or at < o.restored_at):
        return Colour.RED
    if o.completed_at is not None and o.completed_at <= at:
        return Colour.GREEN
    if o.missed_before > 0 or (o.overdue_at is not None and at > o.overdue_at):
        return Colour.RED
    if o.warn_at is not None and at >= o.warn_at:
        return Colour.AMBER
    if o.due_at is not None and at >= o.due_at:
        return Colour.AMBER
    return Colour.GREEN


def test_the_table_agrees_with_the_plain_definition_on_20000_cases():
    for occurrence, at in make_cases(20_000):
        assert status(occurrence, at).colour is in_plain_words(occurrence, at), (occurrence, at)


def test_every_reason_occurs_and_has_one_line():
    assert [rule.reason for rule in RULES] == list(Reason)
    assert {status(*case).reason for case in make_cases(5_000)} == set(Reason)


def test_conditions_name_fields_of_the_occurrence():
    known = {field.name for field in fields(Occurrence)}
    parts = [rule.condition for rule in RULES]
    while parts:
        part = parts.pop()
        if isinstance(part, Both | Either):
            parts.extend(part.parts)
        else:
            assert part.field in known
    assert all({rule.until, *rule.since} <= known for rule in RULES)


def check(occurrence: Occurrence, at: str | datetime, colour: str, reason: str) -> None:
    moment = utc(at) if isinstance(at, str) else at
    found = status(occurrence, moment)
    assert (found.colour, found.reason) == (colour, reason)


@pytest.mark.parametrize(
    ("boundary", "before", "on", "after"),
    [
        ("2026-11-10", ("green", "on_time"), ("amber", "due_soon"), ("amber", "due_soon")),
        ("2026-11-20", ("amber", "due_soon"), ("amber", "due"), ("amber", "due")),
        ("2026-11-22", ("amber", "due"), ("amber", "due"), ("red", "overdue")),
    ],
)
def test_open(boundary: str, before: tuple[str, str], on: tuple[str, str], after: tuple[str, str]):
    check(OPEN, utc(boundary) - TICK, *before)
    check(OPEN, utc(boundary), *on)
    check(OPEN, utc(boundary) + TICK, *after)


def test_done_is_done_from_that_moment():
    check(DONE, utc("2026-11-15") - TICK, "amber", "due_soon")
    check(DONE, "2026-11-15", "green", "done")
    check(DONE, "2026-11-30", "green", "done")
    check(replace(DONE, missed_before=3), "2026-11-30", "green", "done")
    check(replace(DONE, waived=True), "2026-11-30", "green", "waived")


def test_never_done_is_missing_not_overdue():
    never = replace(OPEN, ever_completed=False)
    check(never, "2026-11-22", "amber", "due")
    check(never, utc("2026-11-22") + TICK, "red", "missing")
    check(replace(never, missed_before=1), "2026-11-02", "red", "missing")


def test_the_one_before_was_missed_so_it_is_red_until_done():
    missed = replace(DONE, missed_before=1)
    check(missed, "2026-11-01", "red", "missed")
    check(missed, utc("2026-11-15") - TICK, "red", "missed")
    check(missed, "2026-11-15", "green", "done")
    check(replace(OPEN, missed_before=1), "2026-11-25", "red", "missed")


def test_failed_is_red_though_done_or_waived_or_suspended():
    failed = replace(DONE, failed_at=utc("2026-11-16"))
    check(failed, utc("2026-11-16") - TICK, "green", "done")
    check(failed, "2026-11-16", "red", "failed")
    check(replace(failed, waived=True), "2026-11-30", "red", "failed")
    restored = replace(failed, restored_at=utc("2026-11-18"))
    check(restored, utc("2026-11-18") - TICK, "red", "failed")
    check(restored, "2026-11-18", "green", "done")
    suspended = replace(QUIET, waived=True, completed_at=QUIET.opens_at, failed_at=QUIET.opens_at)
    check(suspended, "2026-11-02", "red", "failed")


def test_nothing_is_asked_for():
    check(QUIET, "2026-11-02", "green", "nothing_due")
    check(replace(QUIET, warn_at=QUIET.opens_at), "2026-11-01", "amber", "before_use")
    check(replace(QUIET, missed_before=2), "2026-11-02", "red", "missed")
    check(replace(QUIET, missed_before=2, waived=True, completed_at=QUIET.opens_at), "2026-11-02", "green", "suspended")


@pytest.mark.parametrize(
    ("occurrence", "at", "since", "until"),
    [
        (OPEN, "2026-11-02", "2026-11-01", "2026-11-10"),
        (OPEN, "2026-11-11", "2026-11-10", "2026-11-20"),
        (OPEN, "2026-11-21", "2026-11-20", "2026-11-22"),
        (OPEN, "2026-11-25", "2026-11-22", "2026-12-01"),
        (DONE, "2026-11-25", "2026-11-15", "2026-12-01"),
        (replace(OPEN, missed_before=1), "2026-11-25", "2026-11-01", "2026-12-01"),
        (replace(OPEN, missed_before=1, ever_completed=False), "2026-11-02", "2026-11-01", "2026-12-01"),
        (replace(OPEN, failed_at=utc("2026-10-20")), "2026-11-02", "2026-10-20", "2026-12-01"),
        (
            replace(OPEN, failed_at=utc("2026-10-20"), restored_at=utc("2026-11-05")),
            "2026-11-02",
            "2026-10-20",
            "2026-11-05",
        ),
        (QUIET, "2026-11-02", "2026-11-01", None),
        (replace(OPEN, closes_at=None), "2026-11-25", "2026-11-22", None),
    ],
)
def test_since_and_until(occurrence: Occurrence, at: str, since: str, until: str | None):
    found = status(occurrence, utc(at))
    assert found.since == utc(since)
    assert found.until == (None if until is None else utc(until))


@FIXED
@given(st.integers(0, 10_000))
def test_nothing_changes_between_the_instants_of_the_occurrence(seed: int):
    ((occurrence, _),) = make_cases(1, seed)
    instants = sorted({getattr(occurrence, name) for name in INSTANTS} - {None} | {ORIGIN})
    for begin, end in zip(instants, [*instants[1:], instants[-1] + timedelta(days=9)], strict=True):
        inside = {status(occurrence, at).reason for at in (begin + TICK, begin + (end - begin) / 2, end - TICK)}
        assert len(inside) == 1
