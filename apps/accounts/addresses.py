"""Addresses in mails and redirects: never taken from a Host header that nobody has verified."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest


def base_of(host: str) -> str:
    """Return the address of a verified host: scheme and port are those of PUBLIC_URL."""
    public = urlsplit(settings.PUBLIC_URL)
    port = f":{public.port}" if public.port else ""
    return f"{public.scheme}://{host}{port}"


def mail_base(request: HttpRequest) -> str:
    """Return where links in a mail lead: the organization's subdomain that was asked, else the shared host.

    Not a customer's own domain: whoever holds its DNS could point it elsewhere and collect the links of people who
    belong to other organizations too.
    """
    host: str = getattr(request, "tenant_host", "")
    if host.endswith(f".{settings.BASE_DOMAIN}") and getattr(request, "organization", None) is not None:
        return base_of(host)
    return str(settings.PUBLIC_URL)
