"""Doors: what each view needs before it runs. Deny by default.

A view declares its door with one of the decorators here, or its URL name stands in ``OPEN_URLS``. ``verify()`` walks
the whole URL configuration at start and refuses to start the process otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponseBase
from django.urls import URLPattern, URLResolver

from apps.tenants.permissions import Permission
from apps.tenants.scope import Scope

View = TypeVar("View", bound=Callable[..., HttpResponseBase])
ScopeResolver = Callable[..., "Scope | HttpResponseBase | None"]

# Reached without signing in and without a scope. Each entry is a decision.
OPEN_URLS: tuple[str, ...] = (
    "accounts:login",
    "accounts:password_reset",
    "accounts:password_reset_done",
    "accounts:password_reset_confirm",
    "accounts:password_reset_complete",
    "operations:health_live",
    "operations:health_ready",
    "operations:favicon",
    "styleguide",
    "operations:robots",
    "javascript-catalog",
)
# The two admin sites check their own permissions, in the scope that their path decides.
TENANT_ADMIN, PLATFORM_ADMIN = "admin", "platform"


@dataclass(frozen=True)
class Door:
    """What a view needs: a permission, just a signed-in user, or a scope that its own resolver finds."""

    kind: Literal["permission", "signed_in", "resolver"]
    permission: Permission | None = None
    resolver: ScopeResolver | None = None


def requires(permission: Permission) -> Callable[[View], View]:
    """Let the view run only in an organization's scope whose role has this permission (else 403)."""

    def mark(view: View) -> View:
        view.door = Door("permission", permission)  # type: ignore[attr-defined]
        return view

    return mark


def signed_in(view: View) -> View:
    """Let the view run for any signed-in user, outside every organization (own account, organization switcher)."""
    view.door = Door("signed_in")  # type: ignore[attr-defined]
    return view


def resolved_by(resolver: ScopeResolver) -> Callable[[View], View]:
    """Let ``resolver(request, **url_kwargs)`` find the scope, or answer instead of the view; None: without a scope."""

    def mark(view: View) -> View:
        view.door = Door("resolver", resolver=resolver)  # type: ignore[attr-defined]
        return view

    return mark


def door_of(view: Any) -> Door | None:
    """Return what the view declared, or None."""
    return getattr(view, "door", None)


def walk(patterns: list[Any], namespaces: tuple[str, ...] = (), route: str = "") -> Iterator[tuple[str, str, Any]]:
    """Yield (full URL name, route, view) of every pattern, depth first."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = (*namespaces, pattern.namespace) if pattern.namespace else namespaces
            yield from walk(pattern.url_patterns, inner, route + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield ":".join((*namespaces, pattern.name or "")), route + str(pattern.pattern), pattern.callback


def verify(urlpatterns: list[Any]) -> None:
    """Raise ImproperlyConfigured naming every view that declares no door."""
    missing = [
        f"{name or '(no name)'} at {route}"
        for name, route, view in walk(urlpatterns)
        if name not in OPEN_URLS and door_of(view) is None and name.split(":")[0] not in (TENANT_ADMIN, PLATFORM_ADMIN)
    ]
    if missing:
        raise ImproperlyConfigured("Views without a declared door: " + ", ".join(missing))


def is_open(url_name: str) -> bool:
    """Tell whether the URL is reached without signing in."""
    return url_name in OPEN_URLS
