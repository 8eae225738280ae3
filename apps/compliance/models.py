"""Protocol, Requirement, Schedule, Occurrence, Completion: what must be done, when, and the facts that it was.

Schedules and completions are facts: appended, never edited. Occurrences are their projection under today's knowledge
(see schedule.py), stored so that lists and counts are one indexed query.
"""

from __future__ import annotations

import datetime
import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.equipment.models import Equipment
from apps.facilities.models import Area, Facility
from apps.tenants.base import TenantForeignKey, TenantModel
from apps.tenants.models import Membership

# How long an occurrence lasts, in classes that double from one hour to 2^16 hours (7.5 years); the last class is longer
# or open-ended. A past moment is then found in each class among the occurrences that opened within its length: the
# cost is that of the present, whatever the history.
SPAN_HOURS = tuple(2**power for power in range(17))
_SPAN_TEMPLATE = (
    "width_bucket(extract(epoch from (%(expressions)s))::bigint, ARRAY["
    + ",".join(str(hours * 3600) for hours in SPAN_HOURS)
    + "]::bigint[])::smallint"
)

# "For ever", as a value that indexes and compares like any other instant.
FAR_FUTURE = datetime.datetime(9999, 1, 1, tzinfo=datetime.UTC)


class Protocol(TenantModel):
    """Steps for doing a task. Its steps live in versions: a log points at the version it was made with."""

    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), max_length=2000, blank=True)
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "id"]
        verbose_name = _("protocol")
        verbose_name_plural = _("protocols")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"],
                name="compliance_protocol_name_once",
                violation_error_message=_("There is a protocol of this name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class ProtocolVersion(TenantModel):
    """One version of a protocol's steps. Never edited; a change makes the next number.

    ``steps`` is a list of dicts, see steps.py.
    """

    isolation: ClassVar[dict[str, Any]] = {"grants": "SELECT, INSERT"}

    protocol = TenantForeignKey(Protocol, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(_("number"))
    steps = models.JSONField(_("steps"), default=list)
    created_by = TenantForeignKey(Membership, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        verbose_name = _("protocol version")
        verbose_name_plural = _("protocol versions")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "protocol", "number"], name="compliance_protocolversion_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.protocol} v{self.number}"


class RequirementCategory(models.TextChoices):
    """Broad class of a duty, for filters and reports."""

    CLEANING = "cleaning", _("Cleaning")
    INSPECTION = "inspection", _("Inspection")
    MAINTENANCE = "maintenance", _("Maintenance")
    TESTING = "testing", _("Testing and readings")
    CERTIFICATE = "certificate", _("Certificate")
    OTHER = "other", _("Other")


class Evidence(models.TextChoices):
    """What proves that a duty was done."""

    LOG = "log", _("Cleaning log")
    DOCUMENT = "document", _("Document")
    CHECK = "check", _("Check")


class Requirement(TenantModel):
    """A standing duty on a facility, an area or a piece of equipment. Its schedules are rows of their own."""

    facility_path: ClassVar[str] = "facility_id"

    facility = TenantForeignKey(Facility, related_name="requirements", verbose_name=_("facility"))
    area = TenantForeignKey(
        Area, within_facility=True, null=True, blank=True, related_name="requirements", verbose_name=_("area")
    )
    equipment = TenantForeignKey(
        Equipment, within_facility=True, null=True, blank=True, related_name="requirements", verbose_name=_("equipment")
    )
    name = models.CharField(_("name"), max_length=200)
    category = models.CharField(_("category"), max_length=12, choices=RequirementCategory, default="cleaning")
    evidence = models.CharField(_("evidence"), max_length=10, choices=Evidence, default=Evidence.LOG)
    protocol = TenantForeignKey(
        Protocol, null=True, blank=True, related_name="requirements", verbose_name=_("protocol")
    )
    owner = TenantForeignKey(Membership, null=True, blank=True, related_name="+", verbose_name=_("owner"))
    reference = models.CharField(
        _("reference"), max_length=300, blank=True, help_text=_("The law or standard it comes from.")
    )
    notes = models.TextField(_("notes"), max_length=4000, blank=True)
    starts_at = models.DateTimeField(_("starts at"))
    # When stored occurrences must be extended: the last stored one opens then, so the next is missing.
    extend_at = models.DateTimeField(_("extend at"), default=FAR_FUTURE, editable=False)
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "id"]
        verbose_name = _("requirement")
        verbose_name_plural = _("requirements")
        constraints = [
            models.CheckConstraint(
                condition=Q(area=None) | Q(equipment=None), name="compliance_requirement_one_subject"
            )
        ]
        indexes = [
            models.Index(fields=["organization", "extend_at"], name="compliance_requirement_extend"),
            models.Index(fields=["organization", "facility", "name", "id"], name="compliance_requirement_place"),
            models.Index(fields=["organization", "name", "id"], name="compliance_requirement_name"),
            models.Index(fields=["organization", "equipment"], name="compliance_requirement_equip"),
            models.Index(fields=["organization", "area"], name="compliance_requirement_area"),
            models.Index(
                fields=["organization", "archived_at"],
                name="compliance_requirement_gone",
                condition=Q(archived_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def subject(self) -> Equipment | Area | Facility:
        """Return what the duty is on."""
        return self.equipment or self.area or self.facility


class Schedule(TenantModel):
    """One version of a requirement's schedule, in force from a moment until the next. Never edited.

    ``spec`` is :meth:`apps.compliance.schedule.Schedule.to_dict`.
    """

    isolation: ClassVar[dict[str, Any]] = {"grants": "SELECT, INSERT"}

    requirement = TenantForeignKey(Requirement, models.CASCADE, related_name="schedules")
    effective_at = models.DateTimeField(_("in force from"))
    spec = models.JSONField(_("schedule"))
    created_by = TenantForeignKey(Membership, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["effective_at", "id"]
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        indexes = [models.Index(fields=["organization", "requirement", "effective_at"], name="compliance_schedule_of")]

    def __str__(self) -> str:
        return f"{self.requirement} ({self.effective_at:%Y-%m-%d})"


class FactKind(models.TextChoices):
    """What a completion row states: the duty was done, was waived, or something happened that makes it due."""

    COMPLETION = "completion", _("Done")
    WAIVER = "waiver", _("Waived")
    EVENT = "event", _("Event")


class Result(models.TextChoices):
    """The outcome that the evidence states."""

    SATISFACTORY = "satisfactory", _("Satisfactory")
    UNSATISFACTORY = "unsatisfactory", _("Unsatisfactory")


class Completion(TenantModel):
    """A fact about a requirement: when it happened, when we learned it. Taken back by ``voided_at``, never deleted."""

    facility_path: ClassVar[str] = "facility_id"
    isolation: ClassVar[dict[str, Any]] = {"grants": "SELECT, INSERT, UPDATE"}

    uuid = models.UUIDField(_("id"), default=uuid.uuid4, editable=False)
    requirement = TenantForeignKey(Requirement, within_facility=True, related_name="completions")
    facility = TenantForeignKey(Facility, related_name="+")
    kind = models.CharField(_("kind"), max_length=10, choices=FactKind, default=FactKind.COMPLETION)
    result = models.CharField(_("result"), max_length=14, choices=Result, default=Result.SATISFACTORY)
    performed_at = models.DateTimeField(_("done at"))
    recorded_at = models.DateTimeField(_("recorded at"))
    next_due_on = models.DateField(_("next due on"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    voided_at = models.DateTimeField(_("taken back at"), null=True, blank=True)
    voided_reason = models.CharField(_("why taken back"), max_length=500, blank=True)
    by = TenantForeignKey(Membership, null=True, blank=True, related_name="+")
    by_name = models.CharField(_("who"), max_length=200)

    class Meta:
        ordering = ["-performed_at", "-id"]
        verbose_name = _("completion")
        verbose_name_plural = _("completions")
        constraints = [
            models.UniqueConstraint(fields=["organization", "uuid"], name="compliance_completion_once"),
        ]
        indexes = [
            models.Index(fields=["organization", "requirement", "performed_at"], name="compliance_completion_of")
        ]

    def __str__(self) -> str:
        return f"{self.requirement} {self.performed_at:%Y-%m-%d %H:%M}"


class Occurrence(TenantModel):
    """One dated instance of a requirement: open on ``[opens_at, closes_at)``, due at ``due_at``.

    Rows of one requirement tile time. ``closes_at`` is FAR_FUTURE while nothing ends it; ``due_at`` is null while
    nothing is due (event schedules). ``missed_before`` counts the directly preceding occurrences that were missed.
    """

    facility_path: ClassVar[str] = "facility_id"

    requirement = TenantForeignKey(Requirement, models.CASCADE, within_facility=True, related_name="occurrences")
    facility = TenantForeignKey(Facility, related_name="+")
    opens_at = models.DateTimeField(_("opens at"))
    warn_at = models.DateTimeField(_("warns at"), null=True)
    due_at = models.DateTimeField(_("due at"), null=True)
    overdue_at = models.DateTimeField(_("overdue at"), null=True)
    closes_at = models.DateTimeField(_("closes at"), default=FAR_FUTURE)
    completed_at = models.DateTimeField(_("completed at"), null=True)
    completed_recorded_at = models.DateTimeField(_("completion recorded at"), null=True)
    completion = TenantForeignKey(Completion, null=True, blank=True, related_name="+")
    waived = models.BooleanField(_("waived"), default=False)
    failed_at = models.DateTimeField(_("failed at"), null=True)
    restored_at = models.DateTimeField(_("put right at"), null=True)
    missed_before = models.PositiveIntegerField(_("missed before"), default=0)
    ever_completed = models.BooleanField(_("ever completed"), default=False)
    last_completed_at = models.DateTimeField(_("last completed at"), null=True)
    span = models.GeneratedField(
        expression=models.Func(F("closes_at"), F("opens_at"), template=_SPAN_TEMPLATE, arg_joiner=" - "),
        output_field=models.PositiveSmallIntegerField(),
        db_persist=True,
    )

    class Meta:
        ordering = ["opens_at", "id"]
        verbose_name = _("occurrence")
        verbose_name_plural = _("occurrences")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "requirement", "opens_at"], name="compliance_occurrence_once"
            ),
            models.CheckConstraint(condition=Q(closes_at__gt=F("opens_at")), name="compliance_occurrence_forward"),
        ]
        indexes = [
            models.Index(fields=["organization", "closes_at"], name="compliance_occurrence_live"),
            models.Index(fields=["organization", "span", "opens_at"], name="compliance_occurrence_past"),
            models.Index(fields=["organization", "facility", "closes_at"], name="compliance_occurrence_place"),
            models.Index(fields=["organization", "facility", "due_at"], name="compliance_occurrence_due"),
            # What went wrong, without what went well: the worst duties are few among many.
            models.Index(
                fields=["organization", "facility", "due_at"],
                name="compliance_occurrence_late",
                condition=Q(completed_at=None) | Q(completed_at__gt=F("overdue_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.requirement} {self.opens_at:%Y-%m-%d %H:%M}"


# Models of this room that live in packages of their own, so that Django finds them.
from apps.compliance.closures import models as closure_models  # noqa: E402, F401
from apps.compliance.corrective import models as corrective_models  # noqa: E402, F401
from apps.compliance.events import models as event_models  # noqa: E402, F401
from apps.compliance.packs import models as pack_models  # noqa: E402, F401
from apps.compliance.trends import models as trend_models  # noqa: E402, F401
