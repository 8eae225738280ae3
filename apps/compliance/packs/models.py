"""What remembers that a rule pack was applied: where, as which requirement, what was left out and why."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.facilities.models import Facility
from apps.tenants.base import TenantForeignKey, TenantModel
from apps.tenants.models import Membership


class FacilityFacts(TenantModel):
    """Facts about a facility that only rule packs ask for, beside those that are fields of the facility."""

    facility_path: ClassVar[str] = "facility_id"

    facility = TenantForeignKey(Facility, models.CASCADE, related_name="+", verbose_name=_("facility"))
    answers = models.JSONField(_("answers"), default=dict)

    class Meta:
        ordering = ["id"]
        verbose_name = _("facility facts")
        verbose_name_plural = _("facility facts")
        constraints = [
            models.UniqueConstraint(fields=["organization", "facility"], name="compliance_facilityfacts_once")
        ]

    def __str__(self) -> str:
        return str(self.facility)


class AppliedPack(TenantModel):
    """A rule pack that was applied to a facility: from then on each of its duties is covered there, or is a gap."""

    facility_path: ClassVar[str] = "facility_id"

    facility = TenantForeignKey(Facility, models.CASCADE, related_name="+", verbose_name=_("facility"))
    pack = models.CharField(_("rule pack"), max_length=60)
    version = models.PositiveIntegerField(_("version"))
    # Where the duties of the organization as a whole stand.
    is_head_office = models.BooleanField(_("head office"), default=False)
    applied_at = models.DateTimeField(_("applied at"), auto_now_add=True)

    class Meta:
        ordering = ["id"]
        verbose_name = _("applied rule pack")
        verbose_name_plural = _("applied rule packs")
        constraints = [
            models.UniqueConstraint(fields=["organization", "pack", "facility"], name="compliance_appliedpack_once"),
            models.UniqueConstraint(
                fields=["organization", "pack"],
                condition=Q(is_head_office=True),
                name="compliance_appliedpack_one_head",
            ),
        ]
        indexes = [models.Index(fields=["organization", "facility"], name="compliance_appliedpack_of")]

    def __str__(self) -> str:
        return f"{self.pack} ({self.facility})"


class PackProtocol(TenantModel):
    """The protocol made for a duty, shared by all its requirements. ``given``: the steps as the pack had them."""

    duty = models.CharField(_("duty"), max_length=60)
    protocol = TenantForeignKey("compliance.Protocol", models.CASCADE, related_name="+", verbose_name=_("protocol"))
    given = models.JSONField(_("steps of the pack"), default=list)

    class Meta:
        ordering = ["id"]
        verbose_name = _("protocol of a rule pack")
        verbose_name_plural = _("protocols of rule packs")
        constraints = [models.UniqueConstraint(fields=["organization", "duty"], name="compliance_packprotocol_once")]

    def __str__(self) -> str:
        return self.duty


class AppliedDuty(TenantModel):
    """Which duty of which pack, in which version, a requirement came from.

    ``given`` is what the pack stated then (name, reference, notes, schedule), so that a local edit is told from a new
    version. ``subject``: "facility", "area:5" or "equipment:7".
    """

    facility_path: ClassVar[str] = "facility_id"

    requirement = TenantForeignKey(
        "compliance.Requirement", models.CASCADE, within_facility=True, related_name="applied_duties"
    )
    facility = TenantForeignKey(Facility, models.CASCADE, related_name="+")
    pack = models.CharField(_("rule pack"), max_length=60)
    duty = models.CharField(_("duty"), max_length=60)
    subject = models.CharField(_("on"), max_length=40)
    variant = models.CharField(_("variant"), max_length=60, blank=True)
    version = models.PositiveIntegerField(_("version"))
    given = models.JSONField(_("as the pack stated it"), default=dict)

    class Meta:
        ordering = ["id"]
        verbose_name = _("applied duty")
        verbose_name_plural = _("applied duties")
        constraints = [
            models.UniqueConstraint(fields=["organization", "requirement"], name="compliance_appliedduty_requirement"),
            models.UniqueConstraint(
                fields=["organization", "facility", "subject", "duty"], name="compliance_appliedduty_once"
            ),
        ]
        indexes = [models.Index(fields=["organization", "pack", "facility"], name="compliance_appliedduty_pack")]

    def __str__(self) -> str:
        return f"{self.duty} ({self.subject})"


class NotApplicable(TenantModel):
    """Somebody’s statement that a duty of a pack does not apply: with a reason, and the day it is looked at again.

    On the whole facility (``subject`` empty) or one area or machine. Ended, never deleted.
    """

    facility_path: ClassVar[str] = "facility_id"
    isolation: ClassVar[dict[str, Any]] = {"grants": "SELECT, INSERT, UPDATE"}

    facility = TenantForeignKey(Facility, related_name="+", verbose_name=_("facility"))
    pack = models.CharField(_("rule pack"), max_length=60)
    duty = models.CharField(_("duty"), max_length=60)
    duty_name = models.CharField(_("duty"), max_length=200)
    subject = models.CharField(_("on"), max_length=40, blank=True)
    subject_name = models.CharField(_("on"), max_length=300, blank=True)
    reason = models.CharField(_("reason"), max_length=500)
    by = TenantForeignKey(Membership, null=True, blank=True, related_name="+")
    by_name = models.CharField(_("who"), max_length=200)
    review_on = models.DateField(_("look at it again on"))
    stated_at = models.DateTimeField(_("stated at"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        ordering = ["review_on", "id"]
        verbose_name = _("duty that is not applicable")
        verbose_name_plural = _("duties that are not applicable")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "facility", "duty", "subject"],
                condition=Q(ended_at=None),
                name="compliance_notapplicable_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["organization", "review_on"], condition=Q(ended_at=None), name="compliance_notapplicable_due"
            )
        ]

    def __str__(self) -> str:
        return f"{self.duty_name} ({self.facility})"
