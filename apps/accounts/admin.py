"""Organizations, domains, memberships and users in the admin. (The tenants room may not import the audit room.)"""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from apps.accounts.memberships import demand_an_admin_remains
from apps.accounts.models import SavedView, User
from apps.audit.admin_base import TenantAdmin, TenantForm
from apps.audit.validated import update_valid
from apps.tenants.admin_sites import register
from apps.tenants.models import Domain, Membership, Organization
from apps.tenants.permissions import Permission


@register(Organization)
class OrganizationAdmin(TenantAdmin):
    """An organization's own settings; platform staff see all organizations and add new ones."""

    view_permission = Permission.ADMIN_ENTER
    edit_permission = Permission.ORGANIZATION_EDIT
    needs_all_facilities = True
    fields = ("name", "slug", "time_zone", "label_logging", "duplicate_window_minutes", "accent", "created_at")
    readonly_fields = ("created_at",)
    list_display = ("name", "slug", "time_zone", "created_at")
    search_fields = ("name", "slug")
    ordering = ("name",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let platform staff add organizations."""
        scope = getattr(request, "scope", None)
        return scope is not None and scope.kind == "platform"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep the short name, which is part of every address, to platform staff."""
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if request.scope.kind == "platform" else (*fields, "slug")  # type: ignore[attr-defined]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Note which organization platform staff look into."""
        obj = super().get_object(request, object_id, from_field)
        if obj is not None and request.scope.kind == "platform":  # type: ignore[attr-defined]
            self._look(request, obj.pk)
        return obj


class DomainForm(TenantForm):
    """A host name that is the customer's own."""

    def clean_host(self) -> str:
        """Refuse our own names: organizations get their subdomain from us."""
        host = str(self.cleaned_data["host"]).strip().rstrip(".").lower()
        ours = (settings.BASE_DOMAIN, *settings.SHARED_HOSTS)
        if "host" in self.changed_data and any(host == name or host.endswith(f".{name}") for name in ours):
            raise ValidationError(_("This name is ours. Enter a host name of your own domain."))
        return host


@register(Domain)
class DomainAdmin(TenantAdmin):
    """Host names. An organization may state one; it leads nowhere until platform staff have verified it."""

    form = DomainForm
    view_permission = Permission.ADMIN_ENTER
    edit_permission = Permission.ORGANIZATION_EDIT
    needs_all_facilities = True
    fields = ("host", "verified_at")
    list_display = ("host", "verified_at")
    search_fields = ("host",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let platform staff change host names: a verified one must not become another."""
        if obj is not None and request.scope.kind != "platform":  # type: ignore[attr-defined]
            return False
        return super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep verification to platform staff."""
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if request.scope.kind == "platform" else (*fields, "verified_at")  # type: ignore[attr-defined]


@register(Membership)
class MembershipAdmin(TenantAdmin):
    """Members and their roles. People are invited on the members page, deactivated here or there, never deleted."""

    view_permission = Permission.MEMBERS_VIEW
    edit_permission = Permission.MEMBERS_EDIT
    needs_all_facilities = True
    may_add = False
    fields = ("user", "role", "all_facilities", "is_active", "created_at")
    readonly_fields = ("user", "created_at")
    list_display = ("user", "role", "all_facilities", "is_active", "created_at")
    list_filter = ("role", "is_active", "all_facilities")
    list_select_related = ("user",)
    search_fields = ("user__name", "user__email")

    def perform_update(self, obj: Any, values: dict[str, Any]) -> None:
        """Refuse to take away the last admin."""
        wanted = {name: values.get(name, getattr(obj, name)) for name in ("role", "all_facilities", "is_active")}
        demand_an_admin_remains(obj, **wanted)
        update_valid(obj, values, "member.edit")


@register(User, tenant=False)
class UserAdmin(TenantAdmin):
    """People, for platform staff alone. Passwords are never shown or set here."""

    view_permission = edit_permission = Permission.MEMBERS_EDIT
    may_add = False
    fields = ("email", "name", "is_active", "is_platform_staff", "language", "date_joined", "last_login")
    readonly_fields = ("date_joined", "last_login")
    list_display = ("name", "email", "is_active", "is_platform_staff", "last_login")
    list_filter = ("is_active", "is_platform_staff")
    search_fields = ("name", "email")


@register(SavedView)
class SavedViewAdmin(TenantAdmin):
    """Lists as members saved them: addresses, never rows. Each member's own, so read-only here."""

    view_permission = Permission.MEMBERS_VIEW
    may_add = False
    fields = ("membership", "list_name", "name", "query")
    list_display = ("name", "list_name", "membership", "query")
    list_filter = ("list_name",)
    list_select_related = ("membership__user",)
    search_fields = ("name", "membership__user__name")
