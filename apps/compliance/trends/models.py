"""DailyCount and DirtyDay: the counts that trends read, and which of them are out of date. Both can be made again."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.compliance.trends.triggers import RollupTriggers
from apps.facilities.models import Facility
from apps.tenants.base import TenantForeignKey, TenantModel


class DailyCount(TenantModel):
    """What fell due at a facility on one of its days, and what became of it. Derived from occurrences (rollup.py).

    ``due`` is at least the sum of the others; the rest is still open and in time. ``changes_at`` is the first moment
    after which the counts differ though nothing is recorded: a deadline passes.
    """

    facility_path: ClassVar[str] = "facility_id"

    facility = TenantForeignKey(Facility, models.CASCADE, related_name="+", verbose_name=_("facility"))
    day = models.DateField(_("day"))
    due = models.PositiveIntegerField(_("due"))
    on_time = models.PositiveIntegerField(_("done on time"))
    late = models.PositiveIntegerField(_("done late"))
    missed = models.PositiveIntegerField(_("missed"))
    waived = models.PositiveIntegerField(_("waived"))
    changes_at = models.DateTimeField(_("changes at"), null=True)

    class Meta:
        ordering = ["day", "id"]
        verbose_name = _("daily count")
        verbose_name_plural = _("daily counts")
        constraints = [
            models.UniqueConstraint(fields=["organization", "facility", "day"], name="compliance_dailycount_once")
        ]
        indexes = [
            models.Index(fields=["organization", "day"], name="compliance_dailycount_day"),
            models.Index(fields=["organization", "changes_at"], name="compliance_dailycount_changes"),
        ]

    def __str__(self) -> str:
        return f"{self.facility} {self.day:%Y-%m-%d}"


class DirtyDay(TenantModel):
    """Days of a facility that must be counted again, both ends included. Added by triggers, taken by rollup.refresh."""

    facility_path: ClassVar[str] = "facility_id"

    facility = TenantForeignKey(Facility, models.CASCADE, related_name="+", verbose_name=_("facility"))
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))

    class Meta:
        ordering = ["id"]
        verbose_name = _("day to count again")
        verbose_name_plural = _("days to count again")
        constraints = [RollupTriggers(name="compliance_dirtyday_triggers")]
        indexes = [models.Index(fields=["organization", "facility"], name="compliance_dirtyday_of")]

    def __str__(self) -> str:
        return f"{self.facility} {self.first_day:%Y-%m-%d}"
