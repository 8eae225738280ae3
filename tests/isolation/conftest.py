"""The world that the isolation tests walk: made once for a file, put back after each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import override_settings

from tests.cast import NOW, make_cast
from tests.isolation.walker import Walker


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Walker, Any]]:
    """Return a walker at NOW whose houses have one of everything, and the folder of their photos.

    Its transaction lasts as long as the file's tests, so these cannot use the ``cast`` fixture beside it.
    """
    media = tmp_path_factory.mktemp("media")
    frozen = time_machine.travel(NOW, tick=False)
    with django_db_blocker.unblock(), frozen, override_settings(MEDIA_ROOT=media), transaction.atomic():
        yield Walker(make_cast()), media
        transaction.set_rollback(True)


@pytest.fixture
def walker(world: tuple[Walker, Any], db: None, settings: Any, record_property: Any) -> Iterator[Walker]:
    """Return the walker, in a savepoint of its own that ``db`` undoes; hand its counts to the summary."""
    walker, settings.MEDIA_ROOT = world
    before, refused_before = walker.probes, walker.refused
    yield walker
    record_property("isolation_probes", walker.probes - before)
    record_property("isolation_refused", walker.refused - refused_before)
