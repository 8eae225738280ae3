"""TenantAdmin: the base of every admin class. Scoped by the managers, permitted by role, written through the audit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import models
from django.forms import ModelForm
from django.forms.models import ModelFormMetaclass
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from apps.audit import actions as audit
from apps.audit.queries import list_events
from apps.audit.validated import create_valid, update_valid
from apps.tenants.admin_sites import ORGANIZATION_PARAMETER, note_look
from apps.tenants.base import TenantForeignKey, TenantModel
from apps.tenants.models import Organization
from apps.tenants.permissions import Permission, allowed
from apps.tenants.scope import Scope

if TYPE_CHECKING:
    _Base = admin.ModelAdmin[Any]
    _InlineBase = admin.TabularInline[Any, Any]
    _Form = ModelForm[Any]
else:
    _Base, _InlineBase, _Form = admin.ModelAdmin, admin.TabularInline, ModelForm

# A filter beside a list names at most so many rows; beyond that the search box is the tool.
MOST_CHOICES = 50


class OwnRowsFilter(admin.RelatedOnlyFieldListFilter):
    """A filter by a related row that offers only rows in use in the scope, and never a wall of them."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        """Return the first choices in their order."""
        used = model_admin.get_queryset(request).order_by().values(field.attname)
        rows = field.related_model._default_manager.filter(pk__in=used)
        return [(row.pk, str(row)) for row in rows[:MOST_CHOICES]]


class TenantForm(_Form, metaclass=ModelFormMetaclass):
    """A form whose choices agree with each other: what must stand in one facility does."""

    # Set on a second pass: what the room's action said about the same input.
    refusal: ClassVar[ValidationError | None] = None

    def clean(self) -> dict[str, Any] | None:
        """Add what the action refused, and refuse a choice that stands in another facility."""
        cleaned = super().clean()
        if self.refusal is not None:
            self._add_refusal(self.refusal)
        data = self.cleaned_data
        facility = data.get("facility", getattr(self.instance, "facility_id", None))
        facility_id = getattr(facility, "pk", facility)
        for field in self._meta.model._meta.local_fields:
            chosen = data.get(field.name)
            within = isinstance(field, TenantForeignKey) and field.within_facility
            if within and chosen and chosen.facility_id != facility_id:
                self.add_error(field.name, _("This belongs to another facility."))
        return cleaned

    def _add_refusal(self, refusal: ValidationError) -> None:
        errors: Mapping[str, Any] = (
            refusal.error_dict if hasattr(refusal, "error_dict") else {NON_FIELD_ERRORS: refusal.error_list}
        )
        for name, found in errors.items():
            self.add_error(name if name in self.fields else None, found)


def _scope(request: HttpRequest) -> Scope | None:
    return getattr(request, "scope", None)


class _Permitted:
    """Permissions by role. Nothing is deletable unless the class says so: archive instead."""

    view_permission: Permission = Permission.MEMBERS_EDIT
    edit_permission: Permission | None = None
    may_add = True
    may_delete = False
    # Rows that concern the whole organization: members restricted to named facilities may look, not touch.
    needs_all_facilities = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the model to roles that may view it."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the scope's role."""
        scope = _scope(request)
        return scope is not None and allowed(self.view_permission, scope)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the scope's role; classes without ``edit_permission`` are read-only."""
        scope = _scope(request)
        if scope is None or self.edit_permission is None or not allowed(self.edit_permission, scope):
            return False
        return scope.all_facilities or not self.needs_all_facilities

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow adding in an organization's scope only: platform staff edit, organizations add."""
        scope = _scope(request)
        return scope is not None and scope.kind == "tenant" and self.may_add and self.has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow deleting only where the class says so, to members who see everything that would be in the way."""
        scope = _scope(request)
        return (
            scope is not None and scope.all_facilities and self.may_delete and self.has_change_permission(request, obj)
        )


class _Confined:
    """Choices of foreign keys come from the organization of the row that is edited, in the platform scope too."""

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Remember whose row is edited."""
        _note_owner(request, obj)
        return super().get_formset(request, obj, **kwargs)  # type: ignore[misc]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Remember whose row is edited, and what the room's action said of this input before."""
        _note_owner(request, obj)
        form = super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]
        form.refusal = getattr(request, "admin_refusal", None)
        return form

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Confine the choices; the managers have confined them to the scope already."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]
        owner = getattr(request, "admin_owner", None)
        if field is not None and owner is not None and issubclass(db_field.related_model, TenantModel):
            field.queryset = field.queryset.filter(organization_id=owner)
            widget = getattr(field.widget, "widget", field.widget)
            if hasattr(widget, "get_url"):
                widget.get_url = lambda get=widget.get_url: f"{get()}?{ORGANIZATION_PARAMETER}={owner}"
        return field


def _note_owner(request: HttpRequest, obj: Any) -> None:
    scope = _scope(request)
    if scope is not None and scope.kind == "platform" and isinstance(obj, TenantModel):
        request.admin_owner = obj.organization_id  # type: ignore[attr-defined]


class TenantInline(_Permitted, _Confined, _InlineBase):
    """Rows edited on the page of their parent, confined and recorded like any other."""

    form = TenantForm
    extra = 0
    show_change_link = False


class TenantAdmin(_Permitted, _Confined, _Base):
    """Base of all admin classes of tenant models, on both sites.

    Rows, choices, autocompletes, filters and delete confirmations come from the models' default managers, which filter
    by the scope that the middleware opened. Changes go through ``perform_create`` and ``perform_update``: the room's
    actions where they exist, the audit room otherwise. What an action refuses is shown on the form.
    """

    form = TenantForm
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    save_on_top = False
    history_template = "admin/audit_history.html"
    # "room:page": the object's own page, offered as "View on site" in the organization's admin.
    detail_url = ""

    @property
    def _is_tenant_model(self) -> bool:
        return issubclass(self.model, TenantModel)

    def _is_platform(self, request: HttpRequest) -> bool:
        scope = _scope(request)
        return scope is not None and scope.kind == "platform" and self._is_tenant_model

    def get_list_display(self, request: HttpRequest) -> Any:
        """Show the organization as well to platform staff."""
        columns = tuple(super().get_list_display(request))
        return (*columns, "organization") if self._is_platform(request) else columns

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Let platform staff narrow to one organization."""
        filters = tuple(super().get_list_filter(request))
        return (("organization", OwnRowsFilter), *filters) if self._is_platform(request) else filters

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the scope's rows with what every page shows of them: no query per row."""
        queryset = super().get_queryset(request)
        related = list(self.list_select_related or ()) if not isinstance(self.list_select_related, bool) else []
        if self._is_platform(request):
            related.append("organization")
        return queryset.select_related(*related) if related else queryset

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show platform staff whose row it is."""
        fields = tuple(super().get_readonly_fields(request, obj))
        return (*fields, "organization") if self._is_platform(request) else fields

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Put the organization first for platform staff."""
        fields = [name for name in super().get_fields(request, obj) if name != "organization"]
        return ["organization", *fields] if self._is_platform(request) else fields

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        """Return the object's own page, which exists in an organization's scope only."""
        if obj is None or not self.detail_url or self.admin_site.name != "admin":
            return None
        try:
            return reverse(self.detail_url, args=[obj.pk])
        except NoReverseMatch:
            return None

    # --- Looking: platform staff leave a line in the trail of the organization they look into. ---

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the list; note the organization that platform staff narrowed it to."""
        if self._is_platform(request):
            self._look(request, request.GET.get("organization__id__exact"))
        return super().changelist_view(request, extra_context)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the object of a page, or None for what the scope cannot see."""
        obj = super().get_object(request, object_id, from_field)
        if obj is not None and self._is_platform(request):
            self._look(request, obj.organization_id)
        return obj

    def _look(self, request: HttpRequest, organization_id: Any) -> None:
        number = int(organization_id) if str(organization_id or "").isdigit() else None
        if number is None or number > models.BigAutoField.MAX_BIGINT or not note_look(request, number):
            return
        organization = Organization.objects.filter(pk=number).first()
        if organization is not None:
            audit.record("platform.look", organization)

    # --- Writing ---

    def perform_create(self, obj: models.Model, values: dict[str, Any]) -> models.Model:
        """Insert ``obj``. Rooms with an action for it call that with ``values`` and return what it made."""
        return create_valid(obj, f"{obj._meta.model_name}.create")

    def perform_update(self, obj: models.Model, values: dict[str, Any]) -> None:
        """Write the changed ``values`` to ``obj`` as stored. Rooms with an action for it call that."""
        update_valid(obj, values, f"{obj._meta.model_name}.update")

    def perform_delete(self, obj: models.Model) -> None:
        """Record, then delete."""
        audit.record(f"{obj._meta.model_name}.delete", obj)
        obj.delete()

    def save_model(self, request: HttpRequest, obj: models.Model, form: Any, change: bool) -> None:
        """Write through the room's action, or the audit room."""
        if not change:
            made = self.perform_create(obj, dict(form.cleaned_data))
            if made is not obj:
                obj.__dict__.update(made.__dict__)
            return
        values = {name: form.cleaned_data[name] for name in form.changed_data if name in form.cleaned_data}
        if values:
            # The form has changed its own instance already; before and after need the stored row.
            self.perform_update(type(obj)._default_manager.get(pk=obj.pk), values)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Write the rows of an inline, each with its line in the trail."""
        formset.save(commit=False)
        noun = formset.model._meta.model_name
        for obj in formset.deleted_objects:
            audit.record(f"{noun}.delete", obj)
            obj.delete()
        for obj, names in formset.changed_objects:
            stored = type(obj)._default_manager.get(pk=obj.pk)
            audit.update(stored, {name: getattr(obj, name) for name in names}, f"{noun}.update")
        for obj in formset.new_objects:
            if isinstance(obj, TenantModel) and obj.organization_id is None:
                # The stubs take a filled column for granted; a row without one has not been saved yet.
                obj.organization_id = form.instance.organization_id  # type: ignore[unreachable]
            audit.create(obj, f"{noun}.create")

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Show or save the form; what an action refuses comes back as the form's errors, nothing written."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except ValidationError as refusal:
            if request.method != "POST":
                raise
            request.admin_refusal = refusal  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name what is in the way of a deletion, the first of it, rather than a permission that nobody has."""
        to_delete, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return to_delete, counts, set() if protected else lacking, protected[:MOST_CHOICES]

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        """Delete through ``perform_delete``."""
        self.perform_delete(obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        """Record and delete one by one."""
        for obj in queryset:
            self.perform_delete(obj)

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
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        events = self.history_of(request, obj)
        context = {
            **self.admin_site.each_context(request),
            "title": _("History of %s") % obj,
            "opts": self.opts,
            "object": obj,
            "page": Paginator(events, self.list_per_page).get_page(request.GET.get("p")),
        }
        return TemplateResponse(request, self.history_template, context)

    def history_of(self, request: HttpRequest, obj: models.Model) -> models.QuerySet[Any]:
        """Return the trail of one object, newest first; none for roles that may not read the trail."""
        scope = _scope(request)
        events = list_events().filter(object_type=obj._meta.label_lower, object_id=obj.pk)
        return events if scope is not None and allowed(Permission.AUDIT_VIEW, scope) else events.none()
