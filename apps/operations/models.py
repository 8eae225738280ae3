"""ImportRun and ImportLine: one file brought in, and what became of each of its rows."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.tenants.base import TenantForeignKey, TenantModel
from apps.tenants.models import Membership


class ImportKind(models.TextChoices):
    """What the rows of a file are."""

    FACILITIES = "facilities", _("Facilities")
    AREAS = "areas", _("Areas")
    EQUIPMENT = "equipment", _("Equipment")


class ImportState(models.TextChoices):
    """How far an import has come."""

    UPLOADED = "uploaded", _("Columns not confirmed yet")
    PLANNED = "planned", _("Ready to import")
    APPLIED = "applied", _("Imported")
    UNDONE = "undone", _("Undone")
    DISCARDED = "discarded", _("Discarded")


class ImportMode(models.TextChoices):
    """What happens to the good rows when there are bad ones."""

    ALL = "all", _("All or nothing")
    VALID = "valid", _("Valid rows only")


class Outcome(models.TextChoices):
    """What an import does with one row."""

    CREATE = "create", _("Create")
    UPDATE = "update", _("Update")
    UNCHANGED = "unchanged", _("Unchanged")
    ERROR = "error", _("Error")


class ImportRun(TenantModel):
    """One file and its import. The upload itself is kept only until it is applied, discarded or a day old."""

    kind = models.CharField(_("what"), max_length=12, choices=ImportKind)
    state = models.CharField(_("state"), max_length=12, choices=ImportState, default=ImportState.UPLOADED)
    mode = models.CharField(_("mode"), max_length=8, choices=ImportMode, default=ImportMode.ALL)
    file_name = models.CharField(_("file"), max_length=200)
    size = models.PositiveBigIntegerField(_("size in bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    # Where the upload lies in the private storage; "" when it is gone.
    stored = models.CharField(max_length=200, blank=True, editable=False)
    encoding = models.CharField(_("encoding"), max_length=20, blank=True)
    delimiter = models.CharField(_("delimiter"), max_length=1, blank=True)
    format = models.CharField(_("format"), max_length=200, blank=True)
    notes = models.JSONField(_("notes"), default=list, blank=True)
    columns = models.JSONField(_("columns"), default=list, blank=True)
    samples = models.JSONField(_("samples"), default=list, blank=True)
    mapping = models.JSONField(_("columns chosen"), default=dict, blank=True)
    created = models.PositiveIntegerField(_("created"), default=0)
    updated = models.PositiveIntegerField(_("updated"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    refused = models.PositiveIntegerField(_("with errors"), default=0)
    # Names of equipment types that the import creates, and once it is applied their keys.
    new_types = models.JSONField(_("new types"), default=list, blank=True)
    new_type_ids = models.JSONField(default=list, blank=True, editable=False)
    left_alone = models.PositiveIntegerField(_("left alone by the undo"), default=0)
    # The newest audit event when the import was done: whatever came later was somebody else's edit.
    last_event = models.BigIntegerField(null=True, blank=True, editable=False)
    by = TenantForeignKey(Membership, null=True, blank=True, related_name="+", verbose_name=_("by"))
    by_name = models.CharField(_("by"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("uploaded at"), auto_now_add=True)
    applied_at = models.DateTimeField(_("imported at"), null=True, blank=True)
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in ImportKind]), name="operations_importrun_kind"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in ImportState]), name="operations_importrun_state"
            ),
        ]
        indexes = [models.Index(fields=["organization", "-id"], name="operations_importrun_recent")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_open(self) -> bool:
        """Tell whether it can still be applied."""
        return self.state in (ImportState.UPLOADED, ImportState.PLANNED)

    @property
    def total(self) -> int:
        """Return how many rows the file has."""
        return self.created + self.updated + self.unchanged + self.refused


class ImportLine(TenantModel):
    """What an import does, or did, with one row; rows that stay as they are are only counted once it is applied."""

    run = TenantForeignKey(ImportRun, models.CASCADE, related_name="lines")
    line = models.PositiveIntegerField(_("line"))
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    name = models.CharField(_("name"), max_length=300, blank=True)
    message = models.TextField(_("message"), blank=True)
    # For each field its value before and after, for the undo.
    changes = models.JSONField(default=dict, blank=True)
    # The row as it stands in the file, for the report of rows with errors.
    cells = models.JSONField(null=True, blank=True)
    object_id = models.BigIntegerField(null=True, blank=True)
    # Why the undo left this row as it is.
    left_alone = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["line"]
        verbose_name = _("imported row")
        verbose_name_plural = _("imported rows")
        indexes = [
            models.Index(fields=["organization", "run", "line"], name="operations_importline_line"),
            models.Index(fields=["organization", "run", "outcome", "line"], name="operations_importline_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.line}: {self.name}"
