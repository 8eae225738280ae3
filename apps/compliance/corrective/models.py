"""CorrectiveAction with its facts and photos, and Acknowledgement of a requirement that is red."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.compliance.models import Completion, Requirement
from apps.equipment.models import Equipment
from apps.facilities.models import Area, Facility
from apps.tenants.base import TenantForeignKey, TenantModel
from apps.tenants.isolation import AppendOnly
from apps.tenants.models import Membership


class Severity(models.TextChoices):
    """How bad it is; decides how long there is to put it right."""

    CRITICAL = "critical", _("Critical")
    HIGH = "high", _("High")
    MEDIUM = "medium", _("Medium")
    LOW = "low", _("Low")


# Days from the day it was opened to the end of the day it must be put right by.
DEADLINE_DAYS: dict[str, int] = {Severity.CRITICAL: 1, Severity.HIGH: 7, Severity.MEDIUM: 28, Severity.LOW: 90}


class State(models.TextChoices):
    """How far it has come. What is reopened is open again."""

    OPEN = "open", _("Open")
    FIXED = "fixed", _("Fixed, not checked yet")
    CLOSED = "closed", _("Closed")


class EventKind(models.TextChoices):
    """What a fact about a corrective action states."""

    OPENED = "opened", _("opened it")
    ASSIGNED = "assigned", _("changed the owner")
    DEADLINE = "deadline", _("changed the deadline")
    EDITED = "edited", _("edited it")
    NOTED = "noted", _("added a note")
    FIXED = "fixed", _("marked it as fixed")
    CLOSED = "closed", _("checked and closed it")
    REOPENED = "reopened", _("reopened it")


class CorrectiveAction(TenantModel):
    """What must be put right, where, by whom and by when. Owner, deadline and state are the projection of its events.

    ``uuid`` makes opening idempotent: a form's own id, or one made from the completion and the step that failed.
    """

    facility_path: ClassVar[str] = "facility_id"
    isolation: ClassVar[dict[str, Any]] = {"grants": "SELECT, INSERT, UPDATE"}

    uuid = models.UUIDField(_("id"), default=uuid.uuid4, editable=False)
    facility = TenantForeignKey(Facility, related_name="corrective_actions", verbose_name=_("facility"))
    area = TenantForeignKey(Area, within_facility=True, null=True, blank=True, related_name="+", verbose_name=_("area"))
    equipment = TenantForeignKey(
        Equipment, within_facility=True, null=True, blank=True, related_name="+", verbose_name=_("equipment")
    )
    requirement = TenantForeignKey(
        Requirement, null=True, blank=True, related_name="corrective_actions", verbose_name=_("requirement")
    )
    completion = TenantForeignKey(Completion, null=True, blank=True, related_name="corrective_actions")
    step = models.CharField(_("step"), max_length=60, blank=True)
    title = models.CharField(_("what is wrong"), max_length=200)
    description = models.TextField(_("description"), max_length=4000, blank=True)
    severity = models.CharField(_("severity"), max_length=8, choices=Severity, default=Severity.MEDIUM)
    owner = TenantForeignKey(Membership, null=True, blank=True, related_name="+", verbose_name=_("owner"))
    deadline = models.DateTimeField(_("deadline"))
    state = models.CharField(_("state"), max_length=6, choices=State, default=State.OPEN)
    opened_at = models.DateTimeField(_("opened at"))
    fixed_by = TenantForeignKey(Membership, null=True, blank=True, related_name="+", verbose_name=_("fixed by"))
    closed_by = TenantForeignKey(Membership, null=True, blank=True, related_name="+", verbose_name=_("closed by"))

    class Meta:
        ordering = ["-id"]
        verbose_name = _("corrective action")
        verbose_name_plural = _("corrective actions")
        constraints = [
            models.UniqueConstraint(fields=["organization", "uuid"], name="compliance_corrective_once"),
            models.CheckConstraint(
                condition=Q(area=None) | Q(equipment=None), name="compliance_corrective_one_subject"
            ),
            models.CheckConstraint(
                condition=Q(fixed_by=None) | Q(closed_by=None) | ~Q(fixed_by=F("closed_by")),
                name="compliance_corrective_two_people",
                violation_error_message=_("Somebody else than who fixed it must close it."),
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "state", "deadline"], name="compliance_corrective_due"),
            models.Index(fields=["organization", "facility", "state"], name="compliance_corrective_place"),
            models.Index(fields=["organization", "requirement"], name="compliance_corrective_duty"),
            models.Index(fields=["organization", "equipment"], name="compliance_corrective_equip"),
            models.Index(fields=["organization", "area"], name="compliance_corrective_area"),
            models.Index(fields=["organization", "completion"], name="compliance_corrective_log"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def subject(self) -> Equipment | Area | Facility:
        """Return what is to be put right."""
        return self.equipment or self.area or self.facility


class CorrectiveEvent(TenantModel):
    """One fact about a corrective action: when it happened, when we learned it, by whom, and what it changed.

    Each event carries only what it changes; ``state`` and ``severity`` may be empty, ``deadline`` null. ``owner``
    counts in "opened" and "assigned".
    """

    facility_path: ClassVar[str] = "action__facility_id"
    isolation: ClassVar[dict[str, Any]] = {"grants": "SELECT, INSERT"}

    action = TenantForeignKey(CorrectiveAction, related_name="events")
    kind = models.CharField(_("kind"), max_length=8, choices=EventKind)
    at = models.DateTimeField(_("happened at"))
    recorded_at = models.DateTimeField(_("recorded at"))
    by = TenantForeignKey(Membership, null=True, blank=True, related_name="+")
    by_name = models.CharField(_("who"), max_length=200)
    note = models.TextField(_("note"), max_length=4000, blank=True)
    state = models.CharField(_("state"), max_length=6, choices=State, blank=True)
    severity = models.CharField(_("severity"), max_length=8, choices=Severity, blank=True)
    deadline = models.DateTimeField(_("deadline"), null=True)
    owner = TenantForeignKey(Membership, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["at", "id"]
        verbose_name = _("corrective action event")
        verbose_name_plural = _("corrective action events")
        constraints = [AppendOnly(name="compliance_correctiveevent_only")]
        indexes = [models.Index(fields=["organization", "action", "at"], name="compliance_correctiveevent_of")]

    def __str__(self) -> str:
        return f"{self.action}: {self.get_kind_display()}"


class CorrectivePhoto(TenantModel):
    """A photo that shows it was put right: re-encoded, without EXIF or position, under a random name."""

    facility_path: ClassVar[str] = "event__action__facility_id"
    isolation: ClassVar[dict[str, Any]] = {"grants": "SELECT, INSERT"}

    event = TenantForeignKey(CorrectiveEvent, related_name="photos")
    image = models.ImageField(_("photo"), upload_to="corrective/%Y/%m/")
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        verbose_name = _("photo of a corrective action")
        verbose_name_plural = _("photos of corrective actions")
        indexes = [models.Index(fields=["organization", "event"], name="compliance_correctivephoto_of")]

    def __str__(self) -> str:
        return f"{self.event}"


class AcknowledgementKind(models.TextChoices):
    """What was said about a requirement that is not in order."""

    SEEN = "seen", _("acknowledged it")
    SNOOZED = "snoozed", _("paused its reminders")
    RESUMED = "resumed", _("resumed its reminders")


class Acknowledgement(TenantModel):
    """Somebody has seen that a requirement is not in order, or paused its reminders. Never changes the status.

    It stands until the requirement is next done.
    """

    facility_path: ClassVar[str] = "facility_id"
    isolation: ClassVar[dict[str, Any]] = {"grants": "SELECT, INSERT, UPDATE"}

    requirement = TenantForeignKey(Requirement, within_facility=True, related_name="acknowledgements")
    facility = TenantForeignKey(Facility, related_name="+")
    kind = models.CharField(_("kind"), max_length=8, choices=AcknowledgementKind)
    note = models.CharField(_("note"), max_length=500)
    snooze_until = models.DateTimeField(_("reminders paused until"), null=True, blank=True)
    recorded_at = models.DateTimeField(_("recorded at"))
    by = TenantForeignKey(Membership, null=True, blank=True, related_name="+")
    by_name = models.CharField(_("who"), max_length=200)

    class Meta:
        ordering = ["-recorded_at", "-id"]
        verbose_name = _("acknowledgement")
        verbose_name_plural = _("acknowledgements")
        indexes = [
            models.Index(fields=["organization", "requirement", "recorded_at"], name="compliance_acknowledged_of")
        ]

    def __str__(self) -> str:
        return f"{self.requirement}: {self.get_kind_display()}"
