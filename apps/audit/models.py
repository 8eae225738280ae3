"""AuditEvent: one line of the append-only trail of an organization; PlatformEvent: the same for no organization."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.tenants.base import TenantModel
from apps.tenants.isolation import AppendOnly


class EventFields(models.Model):
    """Who did what to which object, when, from where. Names are snapshots: they stay when the object goes."""

    at = models.DateTimeField(_("at"), auto_now_add=True)
    actor_id = models.BigIntegerField(_("user id"), null=True)
    actor = models.CharField(_("who"), max_length=200)
    role = models.CharField(_("role"), max_length=20)
    action = models.CharField(_("action"), max_length=60)
    object_type = models.CharField(_("object type"), max_length=60)
    object_id = models.BigIntegerField(_("object id"), null=True)
    object_name = models.CharField(_("object"), max_length=300)
    changes = models.JSONField(_("changes"), default=dict)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    ip = models.GenericIPAddressField(_("address"), null=True)
    request_id = models.CharField(_("request id"), max_length=32, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor} {self.action} {self.object_name}"


class AuditEvent(EventFields, TenantModel):
    """One change in an organization. Written in the change's own transaction, never edited, never deleted.

    ``facility_ref`` (a plain number, no key: the trail outlives the place) restricts it for members with named
    facilities.
    """

    isolation: ClassVar[dict[str, Any]] = {"grants": "SELECT, INSERT"}
    facility_path: ClassVar[str] = "facility_ref"

    facility_ref = models.BigIntegerField(_("facility"), null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        constraints = [AppendOnly(name="audit_auditevent_append_only")]
        indexes = [
            models.Index(fields=["organization", "object_type", "object_id", "-id"], name="audit_event_object"),
            models.Index(fields=["organization", "-id"], name="audit_event_recent"),
        ]


class PlatformEvent(EventFields):
    """One act of platform staff or of a command over all organizations, with its reason."""

    class Meta:
        ordering = ["-id"]
        verbose_name = _("platform event")
        verbose_name_plural = _("platform events")
        constraints = [AppendOnly(name="audit_platformevent_append_only")]
