"""What every page shows around its content: navigation by permission, organization, role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.tenants.permissions import Permission, allowed


@dataclass(frozen=True)
class NavigationItem:
    """One entry of the main navigation."""

    label: str | Promise
    url: str
    icon: str
    current: bool


# (label, URL name, heroicon, permission)
ITEMS: tuple[tuple[str | Promise, str, str, Permission], ...] = (
    (_("Dashboard"), "compliance:dashboard", "home", Permission.COMPLIANCE_VIEW),
    (_("My work"), "compliance:my_work", "hand-raised", Permission.COMPLIANCE_VIEW),
    (_("Calendar"), "compliance:calendar", "calendar-days", Permission.COMPLIANCE_VIEW),
    (_("Trends"), "compliance:trends", "chart-bar", Permission.COMPLIANCE_VIEW),
    (_("Facilities"), "facilities:facility_list", "building-office-2", Permission.FACILITIES_VIEW),
    (_("Equipment"), "equipment:equipment_list", "wrench-screwdriver", Permission.EQUIPMENT_VIEW),
    (_("Requirements"), "compliance:requirement_list", "clipboard-document-check", Permission.COMPLIANCE_VIEW),
    (_("Corrective actions"), "compliance:corrective_list", "wrench", Permission.COMPLIANCE_VIEW),
    (_("Closures"), "compliance:closure_list", "pause-circle", Permission.COMPLIANCE_VIEW),
    (_("Logs"), "cleaning_logs:log_list", "document-text", Permission.LOGS_VIEW),
    (_("Protocols"), "compliance:protocol_list", "list-bullet", Permission.COMPLIANCE_VIEW),
    (_("Rule packs"), "compliance:pack_list", "rectangle-stack", Permission.COMPLIANCE_VIEW),
    (_("Labels"), "equipment:label_list", "qr-code", Permission.LABELS_PRINT),
    (_("Import"), "operations:import_start", "arrow-up-tray", Permission.IMPORT),
    (_("Members"), "facilities:member_list", "users", Permission.MEMBERS_VIEW),
    (_("Audit trail"), "audit:event_list", "shield-check", Permission.AUDIT_VIEW),
)


def context(request: HttpRequest) -> dict[str, Any]:
    """Context processor: navigation, organization and role of the page."""
    scope = getattr(request, "scope", None)
    membership = getattr(request, "membership", None)
    items: list[NavigationItem] = []
    if scope is not None and scope.kind == "tenant":
        for label, name, icon, permission in ITEMS:
            if not allowed(permission, scope):
                continue
            try:
                url = reverse(name)
            except NoReverseMatch:  # pragma: no cover - every room is installed
                continue
            current = request.path == url or (url != "/" and request.path.startswith(url))
            items.append(NavigationItem(label, url, icon, current))
    identity = getattr(request, "identity", None)
    others = [m.organization for m in identity.memberships] if identity is not None else []
    if scope is not None and scope.role == "technician":
        # Who does the work begins with it.
        items.sort(key=lambda item: item.url != reverse("compliance:my_work"))
    return {
        "navigation": items,
        "organization": getattr(request, "organization", None),
        "organizations": others,
        "organization_switch_url": reverse("accounts:organization_switch"),
        "membership": membership,
        "membership_role": membership.get_role_display() if membership else "",
        "dashboard_url": reverse("compliance:dashboard"),
        "account_url": reverse("accounts:account"),
        "login_url": reverse("accounts:login"),
        "logout_url": reverse("accounts:logout"),
        "admin_url": _admin_url(request, scope),
    }


def _admin_url(request: HttpRequest, scope: Any) -> str:
    if scope is not None and scope.kind == "tenant" and allowed(Permission.ADMIN_ENTER, scope):
        return reverse("admin:index")
    user = getattr(request, "user", None)
    staff = user is not None and user.is_authenticated and user.is_platform_staff
    return reverse("platform:index") if staff and not getattr(request, "tenant_host", "") else ""
