"""The front door: host to organization, session to membership, and the scope around the whole response."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost, PermissionDenied
from django.db import transaction
from django.dispatch import Signal
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import Resolver404, ResolverMatch, resolve, reverse
from django.utils.http import urlencode

from apps.tenants import doors, interrupted, request_info
from apps.tenants.models import Membership
from apps.tenants.permissions import Permission, allowed
from apps.tenants.queries import Identity, identify
from apps.tenants.scope import Scope, current, enter

SESSION_ORGANIZATION = "organization_id"
SESSION_PLATFORM = "platform_entered"
# Sent in the platform scope at the first page of a session; the audit room records it (this room may not import that).
platform_entered = Signal()
GetResponse = Callable[[HttpRequest], HttpResponseBase]


class HostMiddleware:
    """Answers only for hosts that are ours; everything else is 404, before anything reads the request.

    Sets ``request.tenant_host``: "" on a shared host, else the host name to look up. Stands first, so that
    ``ALLOWED_HOSTS`` may be open: Django itself cannot know our customers' domains.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Find the host, or answer 404."""
        try:
            host = request.get_host().lower()
        except DisallowedHost:
            return HttpResponse("Unknown host.", status=404, content_type="text/plain")
        host = host.rsplit(":", 1)[0].rstrip(".") if not host.endswith("]") else host
        request.tenant_host = "" if host in settings.SHARED_HOSTS else host  # type: ignore[attr-defined]
        info = request_info.note(request)
        try:
            response = self.get_response(request)
        finally:
            request_info.forget()
        response["X-Request-ID"] = info.request_id
        return response


class ScopeMiddleware:
    """Opens the scope that the URL needs and keeps it open until the response is rendered.

    The transaction is owned here, not by the view: Django renders template responses after the view has returned. An
    exception or a 5xx answer rolls everything back.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pick the scope, or answer instead."""
        try:
            match = resolve(request.path_info)
        except Resolver404:
            match = None
        request.scope = request.organization = request.membership = None  # type: ignore[attr-defined]
        user_id = request.user.pk if request.user.is_authenticated else None
        who = identify(user_id=user_id, host=request.tenant_host)  # type: ignore[attr-defined]
        request.identity = who  # type: ignore[attr-defined]
        if request.tenant_host and who.organization is None:  # type: ignore[attr-defined]
            return HttpResponse("Unknown host.", status=404, content_type="text/plain")
        request.organization = who.organization  # type: ignore[attr-defined]
        if match is None or doors.is_open(match.view_name):
            return self.get_response(request)
        try:
            picked = self.pick(request, match, who)
        except Http404:
            return render(request, "404.html", status=404)
        except PermissionDenied:
            return render(request, "403.html", status=403)
        if isinstance(picked, HttpResponseBase):
            return picked
        if picked is None:
            return self.get_response(request)
        with enter(picked):
            request.scope = picked  # type: ignore[attr-defined]
            if picked.kind == "platform" and not request.session.get(SESSION_PLATFORM):
                platform_entered.send(sender=type(self), scope=picked)
                request.session[SESSION_PLATFORM] = True
            response = self.get_response(request)
            if response.status_code >= 500:
                transaction.set_rollback(True)
        return response

    def pick(self, request: HttpRequest, match: ResolverMatch, who: Identity) -> Scope | HttpResponseBase | None:
        """Return the scope for the URL, a response instead of the view, or None for pages outside organizations."""
        door = doors.door_of(match.func)
        if door is not None and door.resolver is not None:
            return door.resolver(request, **match.kwargs)
        namespace = match.namespaces[0] if match.namespaces else ""
        if namespace == doors.PLATFORM_ADMIN:
            return self.pick_platform(request, match)
        if not request.user.is_authenticated:
            return to_login(request)
        if door is not None and door.kind == "signed_in":
            return None
        scope = pick_membership(request, who)
        if isinstance(scope, HttpResponseBase):
            return scope
        if namespace == doors.TENANT_ADMIN:
            if not allowed(Permission.ADMIN_ENTER, scope):
                raise PermissionDenied
            return scope
        if door is None or door.permission is None or not allowed(door.permission, scope):
            raise PermissionDenied
        return scope

    def pick_platform(self, request: HttpRequest, match: ResolverMatch) -> Scope | HttpResponseBase | None:
        """Open every organization to platform staff, on a shared host only; to all others the place does not exist."""
        if not request.user.is_authenticated:
            return to_login(request)
        if request.tenant_host or not request.user.is_platform_staff:  # type: ignore[attr-defined]
            raise Http404
        return Scope(
            "platform",
            user_id=request.user.pk,
            role="platform",
            actor=str(request.user),
            all_facilities=True,
            reason="platform admin",
        )

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Roll back: exceptions reach ``__call__`` as responses."""
        if current() is not None:
            transaction.set_rollback(True)


def to_login(request: HttpRequest) -> HttpResponseBase:
    """Send an anonymous visitor to the login page, to come back afterwards.

    A form that was sent from one of our own pages is answered with the login page itself (401), which carries what was
    typed; see interrupted.py.
    """
    url = reverse("accounts:login")
    if request.method in ("GET", "HEAD"):
        url = f"{url}?{urlencode({'next': request.get_full_path()})}"
    if request.headers.get("HX-Request"):
        response = HttpResponse(status=401)
        response["HX-Redirect"] = url
        return response
    entries = interrupted.take(request)
    if entries is not None:
        request.interrupted = entries  # type: ignore[attr-defined]
        # The page belongs to a room that this one may not import.
        page: HttpResponseBase = resolve(url).func(request)
        return page
    return HttpResponseRedirect(url)


def pick_membership(request: HttpRequest, who: Identity) -> Scope | HttpResponseBase:
    """Return the scope of the membership that host or session choose; raise Http404 for an outsider on a host."""
    membership: Membership | None
    if who.organization is not None:
        membership = who.membership_in(who.organization.pk)
        if membership is None:
            raise Http404
    else:
        membership = who.membership_in(request.session.get(SESSION_ORGANIZATION))
        if membership is None and len(who.memberships) == 1:
            membership = who.memberships[0]
        if membership is None:
            return HttpResponseRedirect(reverse("accounts:organization_list"))
    request.membership = membership  # type: ignore[attr-defined]
    request.organization = membership.organization  # type: ignore[attr-defined]
    return who.scope(membership, str(request.user))
