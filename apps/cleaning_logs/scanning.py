"""The door behind a label: from the code in the address to the scope of whoever stands in front of it."""

from __future__ import annotations

import time
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import resolve, reverse
from django.utils.crypto import salted_hmac

from apps.cleaning_logs.queries import organization_behind
from apps.equipment.codes import normalize_code
from apps.equipment.queries import LabelPlace, locate_label
from apps.tenants import limits
from apps.tenants.limits import Limit
from apps.tenants.middleware import to_login
from apps.tenants.models import LabelLogging
from apps.tenants.queries import Identity
from apps.tenants.request_info import client_ip
from apps.tenants.scope import Scope, label_scope

# Without an account: this often from one label by one address, and by one address in all.
LABEL_LIMIT, ADDRESS_LIMIT, LIMIT_SECONDS = 10, 60, 60
# Codes that nobody printed: enough for typing errors, too few for guessing.
UNKNOWN_LIMIT = 30
PIN_TRIES, PIN_SECONDS = 5, 15 * 60


def resolve_label(request: HttpRequest, code: str, **kwargs: Any) -> Scope | HttpResponseBase:
    """Find the scope for a label's address, or answer instead of the view.

    A member whose facilities cover it comes as that member; anybody else as the label itself, where the organization
    lets people log without signing in. Unknown, another organization's host and an outsider look all the same.
    """
    canonical = normalize_code(code)
    if canonical is None:
        return unknown(request, code)
    if canonical != code and request.method in ("GET", "HEAD"):
        match = resolve(request.path_info)
        query = request.META.get("QUERY_STRING", "")
        url = reverse(match.view_name, kwargs={**match.kwargs, "code": canonical})
        return HttpResponseRedirect(f"{url}?{query}" if query else url)
    located = locate_label(canonical)
    who: Identity = request.identity  # type: ignore[attr-defined]
    if located is None or (who.organization is not None and who.organization.pk != located.organization_id):
        return unknown(request, code)
    return _member_scope(request, who, located) or _label_scope(request, located) or _refuse(request, code)


def _member_scope(request: HttpRequest, who: Identity, located: LabelPlace) -> Scope | None:
    membership = who.membership_in(located.organization_id)
    if membership is None:
        return None
    scope = who.scope(membership, str(request.user))
    if not scope.covers_facility(located.facility_id):
        return None
    request.membership, request.organization = membership, membership.organization  # type: ignore[attr-defined]
    return scope


def _label_scope(request: HttpRequest, located: LabelPlace) -> Scope | None:
    if located.facility_id is None:
        return None
    scope = label_scope(located.organization_id, located.facility_id, located.code)
    organization = organization_behind(scope)
    if organization.label_logging == LabelLogging.OFF:
        return None
    request.membership, request.organization = None, organization  # type: ignore[attr-defined]
    if request.method == "POST":
        # Counted here, for the cache may be a table that no scope can touch. The view answers with what was typed.
        request.label_limit = _count(request, located.code)  # type: ignore[attr-defined]
    return scope


def _refuse(request: HttpRequest, code: str) -> HttpResponseBase:
    return unknown(request, code) if request.user.is_authenticated else to_login(request)


def unknown(request: HttpRequest, typed: str) -> HttpResponse:
    """Answer kindly that there is no such label (404), or that it was tried too often (429)."""
    limit = limits.hit(f"label:unknown:{client_ip(request)}", limit=UNKNOWN_LIMIT, seconds=60)
    if not limit.allowed:
        return limits.refuse(request, limit.retry_after)
    return render(request, "cleaning_logs/scan_unknown.html", {"typed": typed[:40]}, status=404)


def open_to_all(request: HttpRequest, **kwargs: Any) -> None:
    """Let a page run without a scope: it shows nothing of any organization."""


# --- Limits for logging without an account ---


def _count(request: HttpRequest, code: str) -> Limit:
    address = client_ip(request)
    locked = _locked_for(code, address)
    if locked:
        return Limit(False, locked)
    first = limits.hit(f"label:log:{code}:{address}", limit=LABEL_LIMIT, seconds=LIMIT_SECONDS)
    second = limits.hit(f"label:log:{address}", limit=ADDRESS_LIMIT, seconds=LIMIT_SECONDS)
    return Limit(first.allowed and second.allowed, max(first.retry_after, second.retry_after))


def _lock_key(code: str, address: str | None) -> str:
    return "label-lock:" + salted_hmac("apps.cleaning_logs.scanning", f"{code}:{address}").hexdigest()


def _locked_for(code: str, address: str | None) -> int:
    try:
        until = float(cache.get(_lock_key(code, address), 0))
    except Exception:  # noqa: BLE001 - a cache that is down locks nobody out; the limits hold without it
        return 0
    return max(0, round(until - time.time()))


def count_wrong_pin(request: HttpRequest, code: str) -> None:
    """Count a wrong PIN; after PIN_TRIES from one address at one label, logging there rests for PIN_SECONDS.

    Waits for the end of the transaction: inside a scope the cache's table may be out of reach.
    """
    address = client_ip(request)

    def count() -> None:
        if not limits.hit(f"label:pin:{code}:{address}", limit=PIN_TRIES - 1, seconds=PIN_SECONDS).allowed:
            cache.set(_lock_key(code, address), time.time() + PIN_SECONDS, PIN_SECONDS)

    transaction.on_commit(count, robust=True)
