"""What goes wrong with a schedule."""

from __future__ import annotations


class ScheduleError(ValueError):
    """A schedule that cannot be used. `field` names the parameter, `message` says in words what to put right."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message
