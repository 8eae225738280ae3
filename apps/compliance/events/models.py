"""Prerequisite: a duty that needs another one on the same subject to be in order first."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.compliance.models import Requirement
from apps.facilities.models import Facility
from apps.tenants.base import TenantForeignKey, TenantModel


class Prerequisite(TenantModel):
    """``requirement`` may only be done while ``needs`` is not red. Doing it all the same is recorded as a breach."""

    facility_path: ClassVar[str] = "facility_id"
    isolation: ClassVar[dict[str, Any]] = {"grants": "SELECT, INSERT, UPDATE"}

    facility = TenantForeignKey(Facility, related_name="+")
    requirement = TenantForeignKey(Requirement, within_facility=True, related_name="prerequisites")
    needs = TenantForeignKey(Requirement, within_facility=True, related_name="needed_by", verbose_name=_("needs"))
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(_("removed at"), null=True, blank=True)

    class Meta:
        ordering = ["id"]
        verbose_name = _("prerequisite")
        verbose_name_plural = _("prerequisites")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "requirement", "needs"],
                condition=Q(removed_at=None),
                name="compliance_prerequisite_once",
            ),
            models.CheckConstraint(
                condition=~Q(requirement=F("needs")),
                name="compliance_prerequisite_other",
                violation_error_message=_("A requirement cannot need itself."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.requirement}: {self.needs}"
