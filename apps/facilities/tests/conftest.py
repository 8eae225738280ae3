"""Fixtures of this room's tests."""

from __future__ import annotations

import pytest

from apps.tenants import panels


@pytest.fixture
def own_panels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave only the panels of the equipment room, so that pinned query counts are this room's own."""

    def own(function):
        return function.__module__.startswith("apps.equipment")

    kept = {key: [each for each in entries if own(each[1])] for key, entries in panels._panels.items()}
    rows = {place: {name: each for name, each in known.items() if own(each)} for place, known in panels._rows.items()}
    monkeypatch.setattr(panels, "_panels", kept)
    monkeypatch.setattr(panels, "_rows", rows)
