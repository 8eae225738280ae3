"""What each role may do. Views, the admin and actions all ask here."""

from __future__ import annotations

from enum import StrEnum

from django.core.exceptions import PermissionDenied

from apps.tenants.scope import Scope, require


class Permission(StrEnum):
    """One thing that can be allowed. The part before the dot is the noun, after it the verb."""

    FACILITIES_VIEW = "facilities.view"
    FACILITIES_EDIT = "facilities.edit"
    EQUIPMENT_VIEW = "equipment.view"
    EQUIPMENT_EDIT = "equipment.edit"
    LABELS_PRINT = "labels.print"
    COMPLIANCE_VIEW = "compliance.view"
    COMPLIANCE_EDIT = "compliance.edit"
    LOGS_VIEW = "logs.view"
    LOGS_CREATE = "logs.create"
    EXPORT = "export"
    IMPORT = "import"
    AUDIT_VIEW = "audit.view"
    MEMBERS_VIEW = "members.view"
    MEMBERS_EDIT = "members.edit"
    ORGANIZATION_EDIT = "organization.edit"
    ADMIN_ENTER = "admin.enter"


_P = Permission
_VIEW = {_P.FACILITIES_VIEW, _P.EQUIPMENT_VIEW, _P.COMPLIANCE_VIEW, _P.LOGS_VIEW}
_MANAGE = {
    *_VIEW,
    _P.FACILITIES_EDIT,
    _P.EQUIPMENT_EDIT,
    _P.LABELS_PRINT,
    _P.COMPLIANCE_EDIT,
    _P.LOGS_CREATE,
    _P.EXPORT,
    _P.IMPORT,
    _P.AUDIT_VIEW,
    _P.MEMBERS_VIEW,
    _P.ADMIN_ENTER,
}

ROLE_PERMISSIONS: dict[str, frozenset[Permission]] = {
    "admin": frozenset({*_MANAGE, _P.MEMBERS_EDIT, _P.ORGANIZATION_EDIT}),
    "manager": frozenset(_MANAGE),
    "technician": frozenset({*_VIEW, _P.LOGS_CREATE}),
    "auditor": frozenset({*_VIEW, _P.EXPORT, _P.AUDIT_VIEW}),
    "label": frozenset({_P.LOGS_CREATE}),
    "system": frozenset(Permission),
    "platform": frozenset(Permission) - {_P.LOGS_CREATE},
}


def allowed(permission: Permission, scope: Scope | None = None) -> bool:
    """Tell whether the scope (default: the active one) may do this. Unknown roles may do nothing."""
    scope = scope or require()
    return permission in ROLE_PERMISSIONS.get(scope.role, frozenset())


def demand(permission: Permission) -> None:
    """Raise PermissionDenied unless the active scope may do this. Every action begins with it."""
    if not allowed(permission):
        raise PermissionDenied(f"Not permitted: {permission}")


def demand_all_facilities() -> None:
    """Raise PermissionDenied for a member restricted to named facilities: this concerns the whole organization."""
    if not require().all_facilities:
        raise PermissionDenied("Only members with all facilities may do this.")
