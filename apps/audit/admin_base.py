"""TenantAdmin: the base of every admin class. Scoped by the managers, permitted by role, written through the audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from apps.audit import actions as audit
from apps.audit.models import AuditEvent
from apps.tenants.permissions import Permission, allowed

if TYPE_CHECKING:
    _Base = admin.ModelAdmin[Any]
else:
    _Base = admin.ModelAdmin


class _Permitted:
    """Permissions by role. Nothing is deletable unless the class says so: archive instead."""

    view_permission: Permission = Permission.MEMBERS_EDIT
    edit_permission: Permission | None = None
    may_add = True
    may_delete = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the model to roles that may view it."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the scope's role."""
        scope = getattr(request, "scope", None)
        return scope is not None and allowed(self.view_permission, scope)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the scope's role; classes without ``edit_permission`` are read-only."""
        scope = getattr(request, "scope", None)
        return scope is not None and self.edit_permission is not None and allowed(self.edit_permission, scope)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow adding in an organization's scope only: platform staff edit, organizations add."""
        scope = getattr(request, "scope", None)
        return scope is not None and scope.kind == "tenant" and self.may_add and self.has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow deleting only where the class says so."""
        return self.may_delete and self.has_change_permission(request, obj)


class TenantAdmin(_Permitted, _Base):
    """Base of all admin classes of tenant models, on both sites.

    Rows, choices, autocompletes, filters and delete confirmations come from the models' default managers, which filter
    by the scope that the middleware opened. Changes are saved and recorded through the audit room.
    """

    list_per_page = 50
    show_full_result_count = False
    history_template = "admin/audit_history.html"

    def get_list_display(self, request: HttpRequest) -> Any:
        """Show the organization first to platform staff."""
        columns = tuple(super().get_list_display(request))
        return columns if request.scope.kind == "tenant" else ("organization", *columns)  # type: ignore[attr-defined]

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Let platform staff narrow to one organization."""
        filters = tuple(super().get_list_filter(request))
        return filters if request.scope.kind == "tenant" else (("organization", admin.RelatedOnlyFieldListFilter), *filters)  # type: ignore[attr-defined]

    def get_list_select_related(self, request: HttpRequest) -> Any:
        """Join the organization for platform staff."""
        related = super().get_list_select_related(request)
        if request.scope.kind == "tenant" or related is True:  # type: ignore[attr-defined]
            return related
        return [*(related or ()), "organization"]

    def save_model(self, request: HttpRequest, obj: models.Model, form: ModelForm[Any], change: bool) -> None:
        """Save through the audit room."""
        noun = obj._meta.model_name
        if not change:
            audit.create(obj, f"{noun}.create")
            return
        stored = type(obj)._default_manager.get(pk=obj.pk)
        values = {name: getattr(obj, name) for name in form.changed_data if name in form.cleaned_data}
        audit.update(stored, values, f"{noun}.update")

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        """Record, then delete."""
        audit.record(f"{obj._meta.model_name}.delete", obj)
        obj.delete()

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        """Record and delete one by one."""
        for obj in queryset:
            self.delete_model(request, obj)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Write nothing: Django's admin log is global, the audit trail is not."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Write nothing, see log_addition."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Write nothing, see log_addition."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Show the object's audit trail instead of Django's admin log."""
        obj = self.get_object(request, object_id)
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined,no-any-return]
        events = AuditEvent.objects.filter(
            object_type=obj._meta.label_lower, object_id=obj.pk
        )[:200]
        context = {
            **self.admin_site.each_context(request),
            "title": _("History of %s") % obj,
            "opts": self.opts,
            "object": obj,
            "events": events,
        }
        return TemplateResponse(request, self.history_template, context)
