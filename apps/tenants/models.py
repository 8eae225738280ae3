"""Organization, Domain, Membership: who is a customer, where it is reached, and who may do what in it."""

from __future__ import annotations

import zoneinfo
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from apps.tenants.base import IdentityManager, TenantManager, TenantModel
from apps.tenants.isolation import RowSecurity

# Tables of no organization, with what a tenant scope and the platform scope may do to them.
# Sessions and tokens are read and written outside every scope, so no scope may touch them.
GLOBAL_TABLES: dict[str, tuple[str, str]] = {
    "django_content_type": ("SELECT", "SELECT"),
    "django_migrations": ("", "SELECT"),
    "django_session": ("", ""),
    "django_admin_log": ("", "SELECT"),
    "auth_permission": ("", "SELECT"),
    "auth_group": ("", "SELECT"),
    "auth_group_permissions": ("", "SELECT"),
    "axes_accessattempt": ("", "SELECT, DELETE"),
    "axes_accessattemptexpiration": ("", "SELECT, DELETE"),
    "axes_accesslog": ("", "SELECT"),
    "axes_accessfailurelog": ("", "SELECT"),
    "otp_totp_totpdevice": ("", "SELECT, DELETE"),
    "otp_static_staticdevice": ("", "SELECT, DELETE"),
    "otp_static_statictoken": ("", "SELECT, DELETE"),
    "audit_platformevent": ("", "SELECT, INSERT"),
    "cleantrack_cache": ("", ""),
}

RESERVED_SLUGS = frozenset(
    [
        "admin",
        "api",
        "app",
        "assets",
        "auth",
        "billing",
        "blog",
        "cdn",
        "dev",
        "docs",
        "health",
        "help",
        "login",
        "mail",
        "media",
        "platform",
        "public",
        "sign-up",
        "signup",
        "smtp",
        "staging",
        "static",
        "status",
        "support",
        "test",
        "www",
    ]
)


def validate_slug_not_reserved(value: str) -> None:
    """Refuse slugs that we need as host names ourselves."""
    if value in RESERVED_SLUGS:
        raise ValidationError(_("“%(value)s” is reserved. Choose another name."), params={"value": value})


def validate_time_zone(value: str) -> None:
    """Refuse what is not an IANA time zone name such as Europe/London."""
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("“%(value)s” is not a time zone. Example: Europe/London."), params={"value": value})


class Role(models.TextChoices):
    """What a person is in an organization; see permissions.py for what each may do."""

    ADMIN = "admin", _("Admin")
    MANAGER = "manager", _("Manager")
    TECHNICIAN = "technician", _("Technician")
    AUDITOR = "auditor", _("Auditor")


class LabelLogging(models.TextChoices):
    """Who may log from a label without signing in."""

    OFF = "off", _("Nobody: sign in first")
    NAME = "name", _("Anyone who gives a name")
    PIN = "pin", _("Anyone who gives a name and the facility’s PIN")


class Organization(models.Model):
    """A customer: the tenant that owns every other row. Visible only in its own scope and to platform staff."""

    organization_path: ClassVar[str] = "id"
    facility_path: ClassVar[str] = ""

    name = models.CharField(_("name"), max_length=200)
    slug = models.CharField(
        _("short name"),
        max_length=40,
        unique=True,
        validators=[
            RegexValidator(r"\A[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z", _("Use lower-case letters, digits and hyphens.")),
            validate_slug_not_reserved,
        ],
        help_text=_("Part of the web address: short-name.example.com."),
    )
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="Europe/London", validators=[validate_time_zone]
    )
    label_logging = models.CharField(
        _("logging from a label without signing in"),
        max_length=8,
        choices=LabelLogging,
        default=LabelLogging.OFF,
    )
    duplicate_window_minutes = models.PositiveSmallIntegerField(
        _("ask before logging the same task again within (minutes)"), default=10
    )
    accent = models.CharField(
        _("accent colour"),
        max_length=7,
        blank=True,
        validators=[RegexValidator(r"\A#[0-9a-fA-F]{6}\Z", _("Write the colour as #rrggbb."))],
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TenantManager()
    identity_objects = IdentityManager()

    class Meta:
        ordering = ["name"]
        base_manager_name = "objects"
        default_manager_name = "objects"
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")
        constraints = [
            RowSecurity(
                name="tenants_organization_isolation",
                tenant="id = current_setting('app.organization_id')::bigint",
                grants="SELECT, INSERT, UPDATE",
                identity=(
                    "EXISTS (SELECT FROM tenants_membership m WHERE m.organization_id = tenants_organization.id) OR "
                    "EXISTS (SELECT FROM tenants_domain d WHERE d.organization_id = tenants_organization.id)"
                ),
                keys=(),
            )
        ]

    def __str__(self) -> str:
        return self.name


class Domain(TenantModel):
    """A host name that leads to an organization: its subdomain, or a custom domain once verified."""

    isolation: ClassVar[dict[str, Any]] = {"identity": "host = current_setting('app.host') AND verified_at IS NOT NULL"}

    host = models.CharField(_("host name"), max_length=253, unique=True)
    verified_at = models.DateTimeField(_("verified at"), null=True, blank=True)

    identity_objects = IdentityManager()

    class Meta:
        ordering = ["host"]
        verbose_name = _("domain")
        verbose_name_plural = _("domains")
        constraints = [
            models.CheckConstraint(
                condition=Q(host=Lower("host")),
                name="tenants_domain_host_lower",
                violation_error_message=_("Use lower case."),
            )
        ]

    def __str__(self) -> str:
        return self.host


class Membership(TenantModel):
    """A user's role in one organization, for all its facilities or for named ones. Deactivated, never deleted."""

    isolation: ClassVar[dict[str, Any]] = {
        "identity": "user_id = nullif(current_setting('app.user_id'), '')::bigint AND is_active"
    }

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(_("role"), max_length=12, choices=Role)
    all_facilities = models.BooleanField(
        _("all facilities"), default=False, help_text=_("Off: only the facilities named below.")
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    identity_objects = IdentityManager()

    class Meta:
        ordering = ["id"]
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user"],
                name="tenants_membership_once",
                violation_error_message=_("This person is a member already."),
            ),
            models.CheckConstraint(condition=Q(role__in=[r.value for r in Role]), name="tenants_membership_role"),
        ]
        indexes = [models.Index(fields=["user"], name="tenants_membership_user")]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"
