"""Fixtures for every test: the cast, clients signed in as each of them, and time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from apps.accounts.models import User
from apps.tenants.models import Membership
from apps.tenants.scope import member
from tests.cast import NOW, Cast, House, make_cast

# The same examples in every run: a suite that passes here passes there.
hypothesis.settings.register_profile("same", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("same")


@pytest.fixture
def cast(db: None) -> Cast:
    """Return Northgate, Southbank and Stan, freshly made."""
    return make_cast()


@pytest.fixture
def northgate(cast: Cast) -> House:
    """Return the house that a test lives in."""
    return cast.northgate


@pytest.fixture
def southbank(cast: Cast) -> House:
    """Return the other house, whose things must stay out of sight."""
    return cast.southbank


@pytest.fixture
def as_user(cast: Cast) -> Callable[..., Client]:
    """Return ``as_user(user_or_membership, host=None)``: a signed-in client, by default on Northgate's host."""

    def sign_in(who: User | Membership | None, host: str | None = "northgate.localhost") -> Client:
        client = Client(HTTP_HOST=host or "localhost")
        if who is not None:
            client.force_login(
                who.user if isinstance(who, Membership) else who, "django.contrib.auth.backends.ModelBackend"
            )
        return client

    return sign_in


@pytest.fixture
def amara(cast: Cast, as_user: Any) -> Client:
    """Return Northgate's admin, signed in."""
    return as_user(cast.northgate.admin)


@pytest.fixture
def marek(cast: Cast, as_user: Any) -> Client:
    """Return Northgate's manager, signed in."""
    return as_user(cast.northgate.manager)


@pytest.fixture
def tess(cast: Cast, as_user: Any) -> Client:
    """Return Northgate's technician, signed in."""
    return as_user(cast.northgate.technician)


@pytest.fixture
def audrey(cast: Cast, as_user: Any) -> Client:
    """Return Northgate's auditor, signed in."""
    return as_user(cast.northgate.auditor)


@pytest.fixture
def rosa(cast: Cast, as_user: Any) -> Client:
    """Return Northgate's technician who sees the annex only, signed in."""
    return as_user(cast.northgate.restricted)


@pytest.fixture
def oscar(cast: Cast, as_user: Any) -> Client:
    """Return Southbank's admin on Northgate's host: the outsider."""
    return as_user(cast.southbank.admin)


@pytest.fixture
def anonymous(cast: Cast, as_user: Any) -> Client:
    """Return a visitor who has not signed in, on Northgate's host."""
    return as_user(None)


@pytest.fixture
def in_northgate(cast: Cast) -> Iterator[House]:
    """Run the test's own queries in the scope of Northgate's admin."""
    with member(cast.northgate.admin):
        yield cast.northgate


@pytest.fixture
def frozen() -> Iterator[time_machine.Traveller]:
    """Stop the clock at NOW (Wednesday 10 June 2026, 09:00 UTC)."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def _clean(settings: Any, tmp_path: Any) -> None:
    """Give each test its own media folder and an empty cache."""
    settings.MEDIA_ROOT = tmp_path / "media"
    cache.clear()


@pytest.fixture
def local_cache(settings: Any) -> None:
    """Count in this process: a cache server keeps its own clock, which no test can move."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
