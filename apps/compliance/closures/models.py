"""Suspension and ClosedDay: facts about when nothing is asked for. Taken back by ``voided_at``, never edited."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.compliance.models import Requirement
from apps.facilities.models import Facility
from apps.tenants.base import TenantForeignKey, TenantModel
from apps.tenants.models import Membership


class Suspension(TenantModel):
    """A facility, or one requirement of it, asks for nothing on ``[starts_at, ends_at)``.

    Ending it early voids the row and appends one with the new end that ``replaces`` it, so what was known before stays.
    """

    facility_path: ClassVar[str] = "facility_id"
    isolation: ClassVar[dict[str, Any]] = {"grants": "SELECT, INSERT, UPDATE"}

    facility = TenantForeignKey(Facility, related_name="suspensions", verbose_name=_("facility"))
    requirement = TenantForeignKey(
        Requirement,
        within_facility=True,
        null=True,
        blank=True,
        related_name="suspensions",
        verbose_name=_("requirement"),
    )
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=500)
    recorded_at = models.DateTimeField(_("recorded at"))
    by = TenantForeignKey(Membership, null=True, blank=True, related_name="+")
    by_name = models.CharField(_("who"), max_length=200)
    replaces = TenantForeignKey("self", null=True, blank=True, related_name="replaced_by", verbose_name=_("replaces"))
    voided_at = models.DateTimeField(_("taken back at"), null=True, blank=True)
    voided_reason = models.CharField(_("why taken back"), max_length=500, blank=True)

    class Meta:
        ordering = ["-starts_at", "-id"]
        verbose_name = _("suspension")
        verbose_name_plural = _("suspensions")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                name="compliance_suspension_forward",
                violation_error_message=_("The end must be after the start."),
            )
        ]
        indexes = [
            models.Index(fields=["organization", "facility"], name="compliance_suspension_place"),
            models.Index(fields=["organization", "requirement"], name="compliance_suspension_duty"),
        ]

    def __str__(self) -> str:
        return f"{self.requirement or self.facility}: {self.reason}"[:300]


class ClosedDay(TenantModel):
    """Days on which a site, or the whole organization, is closed: schedules say whether due days move or are skipped.

    Every member's occurrences depend on the days of the whole organization, so restricted members read those too; its
    pages leave out the sites that a member may not see.
    """

    facility_path: ClassVar[str] = ""
    isolation: ClassVar[dict[str, Any]] = {"grants": "SELECT, INSERT, UPDATE"}

    site = TenantForeignKey(Facility, null=True, blank=True, related_name="closed_days", verbose_name=_("facility"))
    first_on = models.DateField(_("first day"))
    last_on = models.DateField(_("last day"))
    name = models.CharField(_("name"), max_length=200)
    recorded_at = models.DateTimeField(_("recorded at"))
    by = TenantForeignKey(Membership, null=True, blank=True, related_name="+")
    by_name = models.CharField(_("who"), max_length=200)
    voided_at = models.DateTimeField(_("taken back at"), null=True, blank=True)
    voided_reason = models.CharField(_("why taken back"), max_length=500, blank=True)

    class Meta:
        ordering = ["first_on", "id"]
        verbose_name = _("closed day")
        verbose_name_plural = _("closed days")
        constraints = [
            models.CheckConstraint(
                condition=Q(last_on__gte=F("first_on")),
                name="compliance_closedday_forward",
                violation_error_message=_("The last day must not be before the first."),
            )
        ]
        indexes = [models.Index(fields=["organization", "site", "first_on"], name="compliance_closedday_place")]

    def __str__(self) -> str:
        return f"{self.name} {self.first_on:%Y-%m-%d}"
