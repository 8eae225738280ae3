"""The commands that keep occurrences and daily counts ahead of the clock."""

from __future__ import annotations

import datetime
import io
import threading
from collections.abc import Iterable
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections

from apps.compliance import actions, engine
from apps.compliance.models import Occurrence, Requirement
from apps.compliance.trends.models import DailyCount, DirtyDay
from apps.tenants.isolation import AppendOnly
from apps.tenants.scope import system
from tests.cast import NOW, Cast, House, make_cast

DAILY = {"mode": "fixed_calendar", "rrule": ["FREQ=DAILY"], "warn": ["PT2H"]}
WEEK = datetime.timedelta(days=7)


def run(name: str, *args: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(name, *args, stdout=out, stderr=err)
    except SystemExit as stop:
        return int(str(stop.code)), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def daily(house: House, name: str = "Mop") -> Requirement:
    with system(house.organization):
        return actions.create_requirement(spec=DAILY, facility=house.hospital, name=name, starts_at=NOW)


def openings(house: House, requirement: Requirement) -> list[datetime.datetime]:
    with system(house.organization):
        return list(Occurrence.objects.filter(requirement=requirement).values_list("opens_at", flat=True))


def test_it_works(cast: Cast) -> None:
    with time_machine.travel(NOW, tick=False):
        requirement = daily(cast.northgate)
        other = daily(cast.southbank)
    with time_machine.travel(NOW + WEEK, tick=False):
        code, out, err = run("extend_occurrences")
    assert (code, err) == (0, "")
    assert out.startswith("extend_occurrences: 2 organizations, 2 requirements extended, 0 failed, ")
    assert len(out.strip().splitlines()) == 1
    for house, made in ((cast.northgate, requirement), (cast.southbank, other)):
        assert len(openings(house, made)) == 9
        with system(house.organization):
            assert not DirtyDay.objects.exists()
            assert DailyCount.objects.filter(missed=1).count() >= 6


def test_a_second_run_does_nothing(cast: Cast) -> None:
    with time_machine.travel(NOW, tick=False):
        requirement = daily(cast.northgate)
    with time_machine.travel(NOW + WEEK, tick=False):
        run("extend_occurrences")
        before = openings(cast.northgate, requirement)
        _code, out, _err = run("extend_occurrences")
    assert " 0 requirements extended, 0 failed" in out
    assert openings(cast.northgate, requirement) == before


def test_a_dry_run_changes_nothing(cast: Cast) -> None:
    with time_machine.travel(NOW, tick=False):
        requirement = daily(cast.northgate)
        before = openings(cast.northgate, requirement)
    with time_machine.travel(NOW + WEEK, tick=False):
        _code, out, _err = run("extend_occurrences", "--dry-run")
    assert "1 requirements would be extended" in out
    assert openings(cast.northgate, requirement) == before


def test_one_organization_only(cast: Cast) -> None:
    with time_machine.travel(NOW, tick=False):
        ours, theirs = daily(cast.northgate), daily(cast.southbank)
    with time_machine.travel(NOW + WEEK, tick=False):
        _code, out, _err = run("extend_occurrences", "--organization", "northgate")
    assert "1 organizations, 1 requirements extended" in out
    assert (len(openings(cast.northgate, ours)), len(openings(cast.southbank, theirs))) == (9, 2)


@pytest.mark.parametrize("name", ["extend_occurrences", "rebuild_rollup"])
def test_an_unknown_organization_is_an_error(cast: Cast, name: str) -> None:
    with pytest.raises(CommandError, match="no organization"):
        call_command(name, "--organization", "nowhere")


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("extend_occurrences", "apps.compliance.engine.extend_stale"),
        ("rebuild_rollup", "apps.compliance.trends.rollup.rebuild"),
    ],
)
def test_one_that_fails_stops_no_other_and_the_exit_says_so(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, name: str, target: str
) -> None:
    from django.utils.module_loading import import_string

    from apps.tenants.scope import require

    real = import_string(target)

    def broken(*args: Any, **kwargs: Any) -> Any:
        if require().organization_id == cast.northgate.organization.pk:
            raise RuntimeError("a broken row")
        return real(*args, **kwargs)

    monkeypatch.setattr(target, broken)
    with time_machine.travel(NOW, tick=False):
        theirs = daily(cast.southbank)
    with time_machine.travel(NOW + WEEK, tick=False):
        code, out, err = run(name)
    assert code == 1
    assert "1 failed" in out
    assert "northgate: RuntimeError: a broken row" in err
    if name == "extend_occurrences":
        assert len(openings(cast.southbank, theirs)) == 9


def test_rebuilding_counts_everything_again(cast: Cast) -> None:
    with time_machine.travel(NOW, tick=False):
        daily(cast.northgate)
    with time_machine.travel(NOW + WEEK, tick=False):
        run("extend_occurrences")
        with system(cast.northgate.organization):
            right = sorted(DailyCount.objects.values_list("facility_id", "day", "due", "missed"))
            DailyCount.objects.update(missed=77)
        code, out, _err = run("rebuild_rollup")
        with system(cast.northgate.organization):
            again = sorted(DailyCount.objects.values_list("facility_id", "day", "due", "missed"))
    assert code == 0
    assert out.startswith("rebuild_rollup: 2 organizations, ")
    assert again == right


@pytest.fixture
def flushable(transactional_db: None) -> None:
    """Let the flush after this test empty the append-only tables, which refuse TRUNCATE to everybody else."""
    operations = connection.ops
    original = operations.execute_sql_flush
    names = [
        (model._meta.db_table, f"{constraint.name}_table")
        for model in apps.get_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, AppendOnly)
    ]

    def flush(sql_list: Iterable[str]) -> None:
        off = [f"ALTER TABLE {table} DISABLE TRIGGER {trigger}" for table, trigger in names]
        on = [f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}" for table, trigger in names]
        operations.execute_sql_flush = original  # type: ignore[method-assign]
        original([*off, *sql_list, *on])

    operations.execute_sql_flush = flush  # type: ignore[method-assign]


@pytest.mark.usefixtures("flushable")
def test_two_at_once_create_nothing_twice() -> None:
    cast = make_cast()
    with time_machine.travel(NOW, tick=False):
        made = [daily(cast.northgate, f"Mop {number}") for number in range(6)]
    at, errors, done = NOW + WEEK, [], []
    barrier = threading.Barrier(2)

    def work() -> None:
        try:
            barrier.wait(timeout=30)
            with system(cast.northgate.organization):
                done.append(engine.extend_stale(at))
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not errors
    assert sum(done) == 6
    for requirement in made:
        found = openings(cast.northgate, requirement)
        assert len(found) == len(set(found)) == 9
