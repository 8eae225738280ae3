"""What follows a facility into the archive and back: the rooms above register, for this room may not import them."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

# (facility, moment): archive what is live, with exactly that moment; or bring back what carries exactly that moment.
Follower = Callable[[Any, datetime.datetime], None]

_archive: list[Follower] = []
_restore: list[Follower] = []


def follow(archive: Follower, restore: Follower) -> None:
    """Call these when a facility is archived and restored. Registering again changes nothing."""
    if archive not in _archive:
        _archive.append(archive)
        _restore.append(restore)


def archived(facility: Any, at: datetime.datetime) -> None:
    """Archive everything that follows the facility."""
    for follower in _archive:
        follower(facility, at)


def restored(facility: Any, at: datetime.datetime) -> None:
    """Bring back everything that was archived together with the facility."""
    for follower in _restore:
        follower(facility, at)
