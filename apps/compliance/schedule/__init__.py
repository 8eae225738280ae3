"""When duties are due: schedules, and the occurrences that follow from them and from the recorded facts.

Pure Python: no clock is read, nothing is stored. See docs/adr/0003-time-and-status.md.
"""

from __future__ import annotations

from .clock import due_day, wall
from .durations import Duration
from .errors import ScheduleError
from .model import Closed, Fact, Mode, Occurrence, Schedule, Suspension
from .packs import from_rule
from .replay import Versions, Zones, extend, preview, tiles

__all__ = [
    "Closed",
    "Duration",
    "Fact",
    "Mode",
    "Occurrence",
    "Schedule",
    "ScheduleError",
    "Suspension",
    "Versions",
    "Zones",
    "due_day",
    "extend",
    "from_rule",
    "preview",
    "tiles",
    "wall",
]
