"""Two admin sites from one registry: ``/admin/`` in an organization's scope, ``/platform/`` over all organizations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from apps.tenants.base import TenantModel
from apps.tenants.middleware import to_login
from apps.tenants.permissions import Permission, allowed

A = TypeVar("A", bound="type[ModelAdmin[Any]]")

# In the address of an autocomplete on the platform site: whose rows to offer.
ORGANIZATION_PARAMETER = "organization"
SESSION_LOOKED = "platform_looked"


def note_look(request: HttpRequest, organization_id: int) -> bool:
    """Remember that this session looked into an organization; tell whether it is the first time."""
    looked = request.session.get(SESSION_LOOKED, [])
    if organization_id in looked:
        return False
    request.session[SESSION_LOOKED] = [*looked, organization_id]
    return True


class _Autocomplete(AutocompleteJsonView):
    """Choices of a foreign key: the scope's rows, and of those the organization's whose row is edited."""

    def get_queryset(self) -> Any:
        """Narrow what the admin class offers."""
        queryset = super().get_queryset()
        owner = self.request.GET.get(ORGANIZATION_PARAMETER, "")
        if owner.isdigit() and issubclass(queryset.model, TenantModel):
            return queryset.filter(organization_id=int(owner))
        return queryset


class _Site(AdminSite):
    """What both sites share: our login page, the audit trail in place of Django's admin log, empty values as a dash."""

    empty_value_display = "–"
    enable_nav_sidebar = False

    def get_urls(self) -> list[Any]:
        """Leave out the redirect by content type: it would look up rows of any table, registered or not."""
        return [pattern for pattern in super().get_urls() if getattr(pattern, "name", "") != "view_on_site"]

    def get_log_entries(self, request: HttpRequest) -> Any:
        """Return nothing: Django's admin log is global, and never written."""
        return LogEntry.objects.none()

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """Answer confined choices."""
        return _Autocomplete.as_view(admin_site=self)(request)  # type: ignore[return-value] # JSON

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Use the one login page."""
        return to_login(request)  # type: ignore[return-value]

    # The stubs say TemplateResponse here, where Django itself redirects.
    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        """Use the one logout view: 307 keeps the POST."""
        return HttpResponse(status=307, headers={"Location": reverse("accounts:logout")})

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        """Use the one password page."""
        return HttpResponseRedirect(reverse("accounts:password_change"))


class TenantSite(_Site):
    """The organization's own admin: its admins and managers, in its scope."""

    site_header = site_title = _("Organization admin")
    index_title = _("Administration")

    def has_permission(self, request: HttpRequest) -> bool:
        """Tell whether the middleware opened a scope whose role may enter."""
        scope = getattr(request, "scope", None)
        return scope is not None and scope.kind == "tenant" and allowed(Permission.ADMIN_ENTER, scope)


class PlatformSite(_Site):
    """The platform staff's admin: every organization."""

    site_header = site_title = _("Platform admin")
    index_title = _("All organizations")
    # The pages of an organization need its scope, which platform staff do not have.
    site_url = None

    def has_permission(self, request: HttpRequest) -> bool:
        """Tell whether the middleware opened the platform scope."""
        scope = getattr(request, "scope", None)
        return scope is not None and scope.kind == "platform"


tenant_site = TenantSite(name="admin")
platform_site = PlatformSite(name="platform")


def register(model: type[models.Model], *, tenant: bool = True, platform: bool = True) -> Callable[[A], A]:
    """Register a TenantAdmin class with both sites, or with one."""

    def add(admin_class: A) -> A:
        if tenant:
            tenant_site.register(model, admin_class)
        if platform:
            platform_site.register(model, admin_class)
        return admin_class

    return add


def autodiscover() -> None:
    """Import every room's ``admin`` module."""
    autodiscover_modules("admin")
