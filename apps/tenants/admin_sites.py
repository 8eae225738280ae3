"""Two admin sites from one registry: ``/admin/`` in an organization's scope, ``/platform/`` over all organizations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.admin import AdminSite, ModelAdmin
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from apps.tenants.middleware import to_login
from apps.tenants.permissions import Permission, allowed

A = TypeVar("A", bound="type[ModelAdmin[Any]]")


class _Site(AdminSite):
    """What both sites share: our login page, no deletion of what cannot be deleted, empty values in words."""

    empty_value_display = "–"
    enable_nav_sidebar = False

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Use the one login page."""
        return to_login(request)  # type: ignore[return-value]

    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Use the one logout view."""
        return HttpResponseRedirect(reverse("accounts:logout"))

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
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
