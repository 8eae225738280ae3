"""Rate limits: exact, with a wait, without personal data, and alive when the cache is not."""

from __future__ import annotations

import datetime
import threading
from typing import Any

import pytest
from django.core.cache import caches
from django.test import RequestFactory

from apps.tenants import limits
from apps.tenants.scope import system
from tests.cast import NOW, Cast


@pytest.fixture(autouse=True)
def _fresh() -> None:
    limits.local.clear()


@pytest.mark.usefixtures("local_cache")
def test_allows_up_to_the_limit_then_says_how_long_to_wait(frozen: Any) -> None:
    """The third is the last; the wait ends when the first is an hour old."""
    answers = []
    for minute in (0, 10, 20):
        frozen.move_to(NOW + datetime.timedelta(minutes=minute))
        answers.append(limits.hit("a", limit=3, seconds=3600).allowed)
    frozen.move_to(NOW + datetime.timedelta(minutes=30))
    refused = limits.hit("a", limit=3, seconds=3600)
    assert answers == [True, True, True]
    assert refused == limits.Limit(False, 1800)
    frozen.move_to(NOW + datetime.timedelta(minutes=60, seconds=1))
    assert limits.hit("a", limit=3, seconds=3600).allowed
    # The window slides: the one of minute 10 is still counted.
    assert not limits.hit("a", limit=3, seconds=3600).allowed


def test_keys_do_not_disturb_each_other() -> None:
    """A full key leaves its neighbour free, and so does the same key with another limit."""
    assert limits.hit("a", limit=1, seconds=60).allowed
    assert not limits.hit("a", limit=1, seconds=60).allowed
    assert limits.hit("b", limit=1, seconds=60).allowed
    assert limits.hit("a", limit=2, seconds=60).allowed


def test_large_limits_count_in_fixed_windows(frozen: Any) -> None:
    """A hundred a minute, then a wait of at most a minute."""
    answers = [limits.hit("busy", limit=100, seconds=60).allowed for _number in range(101)]
    assert answers == [True] * 100 + [False]
    assert 0 < limits.hit("busy", limit=100, seconds=60).retry_after <= 60


@pytest.mark.parametrize("limit", [5, 50])
def test_exactly_the_limit_gets_through_at_once(limit: int) -> None:
    """Many threads at the same moment take no slot twice."""
    answers: list[bool] = []
    threads = [
        threading.Thread(target=lambda: answers.append(limits.hit("race", limit=limit, seconds=60).allowed))
        for _number in range(limit + 20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(answers) == limit


def test_keys_in_the_cache_hold_no_personal_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address does not appear in a key."""
    seen: list[str] = []

    def add(self: Any, key: str, *args: Any, **kwargs: Any) -> bool:
        seen.append(key)
        return True

    monkeypatch.setattr(type(caches["default"]), "add", add)
    assert limits.hit("sam@example.org", limit=3, seconds=60).allowed
    assert seen
    assert not any("sam" in key or "example" in key for key in seen)


@pytest.mark.parametrize("limit", [2, 30])
def test_without_the_cache_this_process_counts_alone(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    """An outage neither opens the door nor closes it."""

    def down(*args: Any, **kwargs: Any) -> None:
        raise ConnectionError("cache is down")

    monkeypatch.setattr(type(caches["default"]), "add", down)
    answers = [limits.hit("a", limit=limit, seconds=60).allowed for _number in range(limit + 1)]
    assert answers == [True] * limit + [False]
    assert limits.hit("a", limit=limit, seconds=60).retry_after > 0


def test_the_local_counter_forgets_the_oldest_when_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded under a flood of keys."""
    monkeypatch.setattr(limits, "LOCAL_KEYS", 10)
    counter = limits.LocalCounter()
    for number in range(50):
        assert counter.hit(str(number), 1, 60).allowed
    assert len(counter._ends) <= 10
    assert not counter.hit("49", 1, 60).allowed


def test_a_failing_database_cache_does_not_break_the_scope_around_it(cast: Cast, settings: Any) -> None:
    """A scope may not read the cache's table; the count goes on locally and the transaction lives."""
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cleantrack_cache"}
    }
    with system(cast.northgate.organization):
        assert limits.hit("a", limit=1, seconds=60).allowed
        assert not limits.hit("a", limit=1, seconds=60).allowed
        cast.northgate.washer.refresh_from_db()


def test_the_refusal_names_the_wait() -> None:
    """429 with Retry-After and words."""
    response = limits.refuse(RequestFactory().get("/"), 899)
    assert response.status_code == 429
    assert response["Retry-After"] == "899"
    assert "Try again in 15 minutes." in response.content.decode()
    assert limits.words(1) == "1 second"
    assert limits.words(61) == "2 minutes"
