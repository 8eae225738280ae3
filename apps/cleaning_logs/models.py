"""CleaningLog: the record that a task was done. Append-only; a mistake is superseded by a new log."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.compliance.models import Completion, ProtocolVersion, Requirement, Result
from apps.equipment.models import Equipment, Label
from apps.facilities.models import Area, Facility
from apps.tenants.base import TenantForeignKey, TenantModel
from apps.tenants.isolation import AppendOnly
from apps.tenants.models import Membership


class Via(models.TextChoices):
    """How the person who logged was known."""

    SIGNED_IN = "signed_in", _("Signed in")
    NAME = "name", _("Name given at the label")
    PIN = "pin", _("Name and PIN given at the label")


class CleaningLog(TenantModel):
    """Who did what to which subject, when it was done, when it was recorded, each step's answer, notes and photos.

    Names are snapshots. ``uuid`` is made by the client, so that sending twice stores once. The facility is where it was
    done, and stays so when the machine moves.
    """

    facility_path: ClassVar[str] = "facility_id"
    isolation: ClassVar[dict[str, Any]] = {"grants": "SELECT, INSERT"}

    uuid = models.UUIDField(_("id"), editable=False)
    requirement = TenantForeignKey(Requirement, null=True, blank=True, related_name="logs")
    facility = TenantForeignKey(Facility, related_name="logs", verbose_name=_("facility"))
    area = TenantForeignKey(Area, null=True, blank=True, related_name="logs", verbose_name=_("area"))
    equipment = TenantForeignKey(Equipment, null=True, blank=True, related_name="logs", verbose_name=_("equipment"))
    label = TenantForeignKey(Label, null=True, blank=True, related_name="logs", verbose_name=_("label"))
    protocol_version = TenantForeignKey(ProtocolVersion, null=True, blank=True, related_name="logs")
    completion = TenantForeignKey(Completion, null=True, blank=True, related_name="logs")
    task = models.CharField(_("task"), max_length=200)
    subject_name = models.CharField(_("of what"), max_length=400)
    performed_at = models.DateTimeField(_("done at"))
    recorded_at = models.DateTimeField(_("recorded at"))
    performed_by = TenantForeignKey(Membership, null=True, blank=True, related_name="+", verbose_name=_("member"))
    performer_name = models.CharField(_("who"), max_length=150)
    via = models.CharField(_("known by"), max_length=10, choices=Via)
    answers = models.JSONField(_("steps"), default=list)
    result = models.CharField(_("result"), max_length=14, choices=Result, default=Result.SATISFACTORY)
    notes = models.TextField(_("notes"), max_length=4000, blank=True)
    supersedes = TenantForeignKey(
        "self", null=True, blank=True, related_name="superseded_by", verbose_name=_("replaces")
    )
    supersede_reason = models.CharField(_("why it replaces the earlier log"), max_length=500, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("cleaning log")
        verbose_name_plural = _("cleaning logs")
        constraints = [
            models.UniqueConstraint(fields=["organization", "uuid"], name="cleaning_logs_log_once"),
            models.UniqueConstraint(
                fields=["organization", "supersedes"],
                condition=models.Q(supersedes__isnull=False),
                name="cleaning_logs_superseded_once",
            ),
            AppendOnly(name="cleaning_logs_append_only"),
        ]
        indexes = [
            models.Index(fields=["organization", "-performed_at", "-id"], name="cleaning_logs_recent"),
            models.Index(fields=["organization", "equipment", "-performed_at"], name="cleaning_logs_equipment"),
            models.Index(fields=["organization", "area", "-performed_at"], name="cleaning_logs_area"),
            models.Index(fields=["organization", "facility", "-performed_at"], name="cleaning_logs_facility"),
            models.Index(fields=["organization", "requirement", "-performed_at"], name="cleaning_logs_requirement"),
        ]

    def __str__(self) -> str:
        return f"{self.task}, {self.subject_name}"


class LogPhoto(TenantModel):
    """A photo of a cleaning log: re-encoded, without EXIF or position, under a random name."""

    facility_path: ClassVar[str] = "facility_id"
    isolation: ClassVar[dict[str, Any]] = {"grants": "SELECT, INSERT"}

    facility = TenantForeignKey(Facility, related_name="+")
    log = TenantForeignKey(CleaningLog, related_name="photos")
    step = models.CharField(_("step"), max_length=40, blank=True)
    image = models.ImageField(_("photo"), upload_to="logs/%Y/%m/")
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        indexes = [models.Index(fields=["organization", "log"], name="cleaning_logs_photo_log")]

    def __str__(self) -> str:
        return f"{self.log}"
