"""What the audit trail records of a request: address and request id, carried in a context variable."""

from __future__ import annotations

import secrets
from contextvars import ContextVar
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest


@dataclass(frozen=True)
class RequestInfo:
    """Where a change came from. Empty outside requests."""

    request_id: str = ""
    ip: str | None = None


_NONE = RequestInfo()
_info: ContextVar[RequestInfo] = ContextVar("cleantrack_request", default=_NONE)


def current_request() -> RequestInfo:
    """Return the running request's facts, or empty ones in a command."""
    return _info.get()


def client_ip(request: HttpRequest) -> str | None:
    """Return the client's address: the peer's, or the hop before our TRUSTED_PROXIES (a count; 0 = trust no header)."""
    hops = [h.strip() for h in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if h.strip()]
    trusted = settings.TRUSTED_PROXIES
    if trusted and len(hops) >= trusted:
        return _address(hops[-trusted])
    return _address(request.META.get("REMOTE_ADDR", ""))


def _address(text: str) -> str | None:
    import ipaddress

    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def note(request: HttpRequest) -> RequestInfo:
    """Remember the request for the audit trail and return what was remembered."""
    info = RequestInfo(secrets.token_hex(8), client_ip(request))
    _info.set(info)
    return info


def forget() -> None:
    """Forget the request, at its end."""
    _info.set(_NONE)
