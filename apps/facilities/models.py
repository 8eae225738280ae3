"""Facility and Area: the places an organization answers for."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.tenants.base import TenantForeignKey, TenantModel
from apps.tenants.models import Membership, validate_time_zone


class FunctionalRisk(models.TextChoices):
    """Functional risk category of the National Standards of Healthcare Cleanliness 2025 (FR1 highest)."""

    FR1 = "FR1", _("FR1 (very high)")
    FR2 = "FR2", _("FR2")
    FR3 = "FR3", _("FR3")
    FR4 = "FR4", _("FR4")
    FR5 = "FR5", _("FR5")
    FR6 = "FR6", _("FR6 (low)")


class Facility(TenantModel):
    """A site, building or property, with its own time zone: its days decide what is due."""

    facility_path: ClassVar[str] = "id"

    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(
        _("kind"), max_length=80, blank=True, help_text=_("For example hospital, clinic, flat, office.")
    )
    external_code = models.CharField(
        _("external code"), max_length=64, blank=True, help_text=_("Your own reference. Imports match by it.")
    )
    address = models.CharField(_("address"), max_length=300, blank=True)
    city = models.CharField(_("town or city"), max_length=100, blank=True)
    county = models.CharField(_("county or region"), max_length=100, blank=True)
    postcode = models.CharField(_("postcode"), max_length=20, blank=True)
    country = models.CharField(_("country"), max_length=2, default="GB", help_text=_("Two letters, for example GB."))
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="Europe/London", validators=[validate_time_zone]
    )
    latitude = models.FloatField(
        _("latitude"), null=True, blank=True, validators=[MinValueValidator(-90), MaxValueValidator(90)]
    )
    longitude = models.FloatField(
        _("longitude"), null=True, blank=True, validators=[MinValueValidator(-180), MaxValueValidator(180)]
    )
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    email = models.EmailField(_("email"), blank=True)
    website = models.CharField(_("website"), max_length=300, blank=True)
    # Facts that decide which duties apply. Empty means not answered, which is not "no".
    has_gas = models.BooleanField(_("has gas"), null=True, blank=True)
    storeys = models.PositiveSmallIntegerField(_("storeys"), null=True, blank=True)
    is_hmo = models.BooleanField(_("house in multiple occupation"), null=True, blank=True)
    has_sleeping_risk = models.BooleanField(_("people sleep there"), null=True, blank=True)
    functional_risk = models.CharField(_("functional risk category"), max_length=3, choices=FunctionalRisk, blank=True)
    notes = models.TextField(_("notes"), max_length=4000, blank=True)
    # For logging from a label without an account, where the organization asks for a PIN.
    pin_hash = models.CharField(max_length=128, blank=True, editable=False)
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "id"]
        verbose_name = _("facility")
        verbose_name_plural = _("facilities")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "external_code"],
                condition=~Q(external_code=""),
                name="facilities_facility_code_once",
                violation_error_message=_("Another facility has this external code."),
            )
        ]
        indexes = [models.Index(fields=["organization", "name", "id"], name="facilities_facility_name")]

    def __str__(self) -> str:
        return self.name


class FacilityAccess(TenantModel):
    """One facility that a membership without all facilities may see."""

    isolation: ClassVar[dict[str, Any]] = {
        "identity": "EXISTS (SELECT FROM tenants_membership m WHERE m.id = membership_id)"
    }
    facility_path: ClassVar[str] = "facility_id"

    membership = TenantForeignKey(Membership, models.CASCADE, related_name="facility_access")
    facility = TenantForeignKey(Facility, models.CASCADE, related_name="+")

    class Meta:
        ordering = ["id"]
        verbose_name = _("facility access")
        verbose_name_plural = _("facility access")
        constraints = [
            models.UniqueConstraint(fields=["organization", "membership", "facility"], name="facilities_access_once")
        ]
        indexes = [models.Index(fields=["membership"], name="facilities_access_member")]

    def __str__(self) -> str:
        return f"{self.membership}: {self.facility}"


class Area(TenantModel):
    """A place in a facility. Areas nest: building, floor, room."""

    facility_path: ClassVar[str] = "facility_id"

    facility = TenantForeignKey(Facility, related_name="areas", verbose_name=_("facility"))
    parent = TenantForeignKey(
        "self", within_facility=True, null=True, blank=True, related_name="children", verbose_name=_("inside")
    )
    name = models.CharField(_("name"), max_length=200)
    # Names from the outermost area down, so that lists need no recursion. Kept by actions.
    path = models.CharField(_("path"), max_length=1000, editable=False)
    kind = models.CharField(
        _("kind"), max_length=80, blank=True, help_text=_("For example floor, ward, theatre, kitchen.")
    )
    external_code = models.CharField(_("external code"), max_length=64, blank=True)
    functional_risk = models.CharField(_("functional risk category"), max_length=3, choices=FunctionalRisk, blank=True)
    notes = models.TextField(_("notes"), max_length=4000, blank=True)
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["path", "id"]
        verbose_name = _("area")
        verbose_name_plural = _("areas")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "facility", "external_code"],
                condition=~Q(external_code=""),
                name="facilities_area_code_once",
                violation_error_message=_("Another area of this facility has this external code."),
            )
        ]
        indexes = [models.Index(fields=["organization", "facility", "path"], name="facilities_area_path")]

    def __str__(self) -> str:
        return self.path or self.name
