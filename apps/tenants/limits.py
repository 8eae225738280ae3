"""Rate limits: how often something may happen, counted in the shared cache, without personal data in its keys.

When the cache is down the count goes on in this process alone: a limit then holds for each process by itself. That is
weaker, but neither an open door nor an outage that keeps every technician from logging.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from dataclasses import dataclass

from django.core.cache import cache
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.crypto import salted_hmac
from django.utils.translation import ngettext

logger = logging.getLogger("cleantrack.limits")

# Up to here each allowed hit holds a slot of its own, which makes the window exact.
MOST_SLOTS = 20
LOCAL_KEYS = 10_000


@dataclass(frozen=True)
class Limit:
    """Whether one more is allowed, and if not, after how many seconds it will be."""

    allowed: bool
    retry_after: int = 0


def hit(key: str, *, limit: int, seconds: int) -> Limit:
    """Count one more ``key`` ("password-reset:sam@example.org") and tell whether it is within ``limit`` in ``seconds``.

    Up to MOST_SLOTS the window slides: never more than ``limit`` in any span of ``seconds``. Above, windows are fixed.
    A refused hit does not make the wait longer. Never raises: see the module for what happens without the cache.
    Where the cache is the database, call it before a scope opens: scopes may not touch the cache's table.
    """
    name = f"limit:{salted_hmac('apps.tenants.limits', f'{limit}/{seconds}:{key}', algorithm='sha256').hexdigest()}"
    count = _hit_slots if limit <= MOST_SLOTS else _hit_window
    try:
        # A failing statement must not break a transaction that is open around us.
        with transaction.atomic() if connection.in_atomic_block else contextlib.nullcontext():
            return count(name, limit, seconds)
    except Exception:  # every backend fails in its own way, and none may become an outage
        if local.hit("limits: cache is down", 1, 60).allowed:
            logger.exception("The cache does not answer; limits are counted in this process alone.")
        return local.hit(name, limit, seconds)


def _hit_slots(name: str, limit: int, seconds: int) -> Limit:
    """Take the first free of ``limit`` slots; each is held for ``seconds``. ``add`` is atomic: one taker a slot."""
    now = time.time()
    for number in range(limit):
        if cache.add(f"{name}:{number}", now + seconds, timeout=seconds):
            return Limit(True)
    held = cache.get_many([f"{name}:{number}" for number in range(limit)]).values()
    return Limit(False, max(1, round(min(held, default=now) - now)))


def _hit_window(name: str, limit: int, seconds: int) -> Limit:
    now = time.time()
    window = int(now // seconds)
    name = f"{name}:{window}"
    # Twice the time: the counter must not expire between add and incr.
    cache.add(name, 0, timeout=2 * seconds)
    if cache.incr(name) <= limit:
        return Limit(True)
    return Limit(False, max(1, round((window + 1) * seconds - now)))


class LocalCounter:
    """The same limits in this process's memory, bounded in size."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: dict[str, list[float]] = {}

    def hit(self, name: str, limit: int, seconds: int) -> Limit:
        """Count one more, as ``hit()`` does."""
        now = time.monotonic()
        with self._lock:
            ends = [end for end in self._ends.get(name, ()) if end > now]
            if len(ends) >= limit:
                return Limit(False, max(1, round(min(ends) - now)))
            self._ends[name] = [*ends, now + seconds]
            if len(self._ends) > LOCAL_KEYS:
                self._prune(now)
            return Limit(True)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._ends.clear()

    def _prune(self, now: float) -> None:
        self._ends = {name: ends for name, ends in self._ends.items() if max(ends) > now}
        while len(self._ends) > LOCAL_KEYS:
            self._ends.pop(next(iter(self._ends)))


local = LocalCounter()


def words(seconds: int) -> str:
    """Return a wait in words: "40 seconds", "15 minutes"."""
    if seconds < 60:
        return ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}
    minutes = -(-seconds // 60)
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}


def refuse(request: HttpRequest, retry_after: int) -> HttpResponse:
    """Answer 429: too many tries, and when to try again."""
    response = render(request, "429.html", {"retry_after_words": words(retry_after)}, status=429)
    response["Retry-After"] = str(retry_after)
    return response
