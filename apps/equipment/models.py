"""EquipmentType, Equipment and Label: the machines, and the printed codes that stand for machines and places."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Concat, Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.equipment.codes import new_code, spell
from apps.facilities.models import Area, Facility
from apps.tenants.base import IdentityManager, TenantForeignKey, TenantManager, TenantModel
from apps.tenants.models import Membership


class EquipmentType(TenantModel):
    """A kind of equipment, for example “Bed pan washer”."""

    name = models.CharField(_("name"), max_length=120)
    description = models.CharField(_("description"), max_length=300, blank=True)
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True, editable=False)

    class Meta:
        ordering = ["name", "id"]
        verbose_name = _("equipment type")
        verbose_name_plural = _("equipment types")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"],
                name="equipment_type_name_once",
                violation_error_message=_("There is an equipment type of this name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class ServiceStatus(models.TextChoices):
    """Whether a machine is in use. Only machines in service have duties that can be overdue."""

    IN_SERVICE = "in_service", _("In service")
    OUT_OF_SERVICE = "out_of_service", _("Out of service")
    RETIRED = "retired", _("Retired")


class Category(models.TextChoices):
    """Broad class of equipment, for filters and reports."""

    CLEANING = "cleaning", _("Cleaning")
    MEDICAL = "medical", _("Medical")
    CATERING = "catering", _("Catering")
    FIRE = "fire", _("Fire safety")
    GAS = "gas", _("Gas and heating")
    ELECTRICAL = "electrical", _("Electrical")
    WATER = "water", _("Water")
    LIFTING = "lifting", _("Lifting")
    OTHER = "other", _("Other")


class Equipment(TenantModel):
    """One physical asset with a type, a serial number (unique in its organization) and a place."""

    facility_path: ClassVar[str] = "facility_id"

    facility = TenantForeignKey(Facility, related_name="equipment", verbose_name=_("facility"))
    area = TenantForeignKey(
        Area, within_facility=True, null=True, blank=True, related_name="equipment", verbose_name=_("area")
    )
    type = TenantForeignKey(EquipmentType, related_name="equipment", verbose_name=_("type"))
    name = models.CharField(_("name"), max_length=200)
    category = models.CharField(_("category"), max_length=12, choices=Category, default=Category.OTHER)
    serial_number = models.CharField(_("serial number"), max_length=100, blank=True)
    external_code = models.CharField(
        _("external code"), max_length=64, blank=True, help_text=_("Your own reference. Imports match by it.")
    )
    maker = models.CharField(_("maker"), max_length=120, blank=True)
    model = models.CharField(_("model"), max_length=120, blank=True)
    status = models.CharField(_("status"), max_length=16, choices=ServiceStatus, default=ServiceStatus.IN_SERVICE)
    # Since when it has this status: what counted at a past moment depends on it.
    status_since = models.DateTimeField(default=timezone.now, editable=False)
    notes = models.TextField(_("notes"), max_length=4000, blank=True)
    photo = models.ImageField(_("photo"), upload_to="equipment/", blank=True)
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    # What the search looks through: one lower-case column in byte order, read several times faster than five ILIKEs.
    search_text = models.GeneratedField(
        expression=Lower(
            Concat(
                "name",
                Value(" "),
                "serial_number",
                Value(" "),
                "external_code",
                Value(" "),
                "maker",
                Value(" "),
                "model",
            )
        ),
        output_field=models.TextField(db_collation="C"),
        db_persist=True,
    )

    class Meta:
        ordering = ["name", "id"]
        verbose_name = _("equipment")
        verbose_name_plural = _("equipment")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "serial_number"],
                condition=~Q(serial_number=""),
                name="equipment_serial_once",
                violation_error_message=_("Another machine has this serial number."),
            ),
            models.UniqueConstraint(
                fields=["organization", "external_code"],
                condition=~Q(external_code=""),
                name="equipment_code_once",
                violation_error_message=_("Another machine has this external code."),
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "name", "id"], name="equipment_equipment_name"),
            models.Index(fields=["organization", "facility", "name", "id"], name="equipment_equipment_place"),
            models.Index(fields=["organization", "area"], name="equipment_equipment_area"),
            models.Index(fields=["organization", "type"], name="equipment_equipment_type"),
            # The few machines that have no duties now.
            models.Index(
                fields=["organization", "id"],
                name="equipment_equipment_idle",
                condition=~Q(status="in_service") | Q(archived_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Label(TenantModel):
    """A printed QR code that stands for a facility, an area or a piece of equipment.

    Its code is unguessable and unique over all organizations, for the address on the print names no organization. It
    may be printed before it is claimed, be replaced (history stays with what it stood for), or be revoked.
    """

    facility_path: ClassVar[str] = "facility_id"
    isolation: ClassVar[dict[str, Any]] = {"identity": "code = nullif(current_setting('app.label_code'), '')"}

    code = models.CharField(_("code"), max_length=16, unique=True, default=new_code, editable=False)
    facility = TenantForeignKey(Facility, null=True, blank=True, related_name="labels", verbose_name=_("facility"))
    area = TenantForeignKey(
        Area, within_facility=True, null=True, blank=True, related_name="labels", verbose_name=_("area")
    )
    equipment = TenantForeignKey(
        Equipment, within_facility=True, null=True, blank=True, related_name="labels", verbose_name=_("equipment")
    )
    claimed_at = models.DateTimeField(_("claimed at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    revoked_reason = models.CharField(_("why revoked"), max_length=200, blank=True)
    replaced_by = TenantForeignKey(
        "self", null=True, blank=True, related_name="replaces", verbose_name=_("replaced by")
    )
    created_by = TenantForeignKey(Membership, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[TenantManager[Label]] = TenantManager()
    identity_objects = IdentityManager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("label")
        verbose_name_plural = _("labels")
        constraints = [
            models.CheckConstraint(condition=Q(area=None) | Q(equipment=None), name="equipment_label_one_subject"),
            models.CheckConstraint(
                condition=Q(facility__isnull=False) | Q(area=None, equipment=None), name="equipment_label_has_facility"
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "equipment"], name="equipment_label_equipment"),
            models.Index(fields=["organization", "area"], name="equipment_label_area"),
            models.Index(fields=["organization", "facility"], name="equipment_label_facility"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def spelled(self) -> str:
        """Return the code as it is shown: in two groups of five."""
        return spell(self.code)

    @property
    def subject(self) -> Equipment | Area | Facility | None:
        """Return what the label stands for; None while it is unclaimed."""
        return self.equipment or self.area or self.facility
