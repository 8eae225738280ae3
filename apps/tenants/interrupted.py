"""A form whose session ended before it was sent: what was typed travels, signed, through the login page.

The entries are bound to the browser (its CSRF secret) and to the host, so that nobody can hand a stranger prepared
entries to send. Files cannot travel, and what looks like a secret must not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware, get_token
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.http import url_has_allowed_host_and_scheme

SALT = "apps.tenants.interrupted"
MAX_AGE = 60 * 60
MAX_BYTES = 200_000
_SECRET = re.compile(r"passw|passphrase|(?:\A|[_-])(?:pin|secret|token|otp)\d*(?:\Z|[_-])", re.IGNORECASE)


class NotKept(ValueError):
    """The entries cannot be taken up again: too old, altered, or from another browser or host."""


@dataclass(frozen=True)
class Entries:
    """What was typed into one form: where it goes, the fields in order, and what must be given again."""

    path: str
    fields: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...] = ()
    secrets: tuple[str, ...] = ()
    too_long: bool = False

    def signed(self, request: HttpRequest) -> str:
        """Return the entries as text that only this browser can bring back, for an hour."""
        value = [self.path, self.fields, self.files, self.secrets, self.too_long, *_binding(request)]
        return signing.dumps(value, salt=SALT, compress=True)


def take(request: HttpRequest) -> Entries | None:
    """Return what an anonymous POST carries; None for other methods, without valid CSRF token or with nothing typed."""
    if request.method != "POST" or not _from_own_page(request):
        return None
    fields, secrets, size = [], [], 0
    for name, values in request.POST.lists():
        if name == "csrfmiddlewaretoken":
            continue
        if _SECRET.search(name):
            secrets.append(name)
            continue
        for value in values:
            size += len(name.encode()) + len(value.encode("utf-8", "surrogatepass"))
            fields.append((name, value))
    files = [(name, file.name or "") for name, many in request.FILES.lists() for file in many if file]
    if not fields and not files:
        return None
    too_long = size > MAX_BYTES
    return Entries(request.get_full_path(), () if too_long else tuple(fields), tuple(files), tuple(secrets), too_long)


def restore(request: HttpRequest, signed: str) -> Entries:
    """Return the entries behind ``signed``; raise NotKept unless they are this browser's, this host's, of this hour."""
    return _load(request, signed, same_browser=True)


def reopen(request: HttpRequest, signed: str) -> Entries:
    """Return entries that ``restore`` has let into the session; raise NotKept when they are too old by now.

    Signing in changes the browser's CSRF secret, so the session itself is the binding here.
    """
    return _load(request, signed, same_browser=False)


def _load(request: HttpRequest, signed: str, *, same_browser: bool) -> Entries:
    try:
        path, fields, files, secrets, too_long, host, browser = signing.loads(signed, salt=SALT, max_age=MAX_AGE)
    except (signing.BadSignature, ValueError) as error:
        raise NotKept(str(error)) from error
    here, this_browser = _binding(request)
    if same_browser and not constant_time_compare(browser, this_browser):
        raise NotKept("another browser")
    if host != here or not url_has_allowed_host_and_scheme(path, allowed_hosts=None):
        raise NotKept("another host")
    return Entries(path, _pairs(fields), _pairs(files), tuple(secrets), bool(too_long))


def _pairs(rows: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in rows)


def _binding(request: HttpRequest) -> tuple[str, str]:
    get_token(request)  # makes the secret where the browser has none yet
    return request.get_host(), salted_hmac(SALT, request.META["CSRF_COOKIE"], algorithm="sha256").hexdigest()


def _nothing(request: HttpRequest) -> HttpResponseBase:
    return HttpResponse()


def _from_own_page(request: HttpRequest) -> bool:
    """Run the CSRF check now: the scope middleware answers before Django would come to it."""
    return CsrfViewMiddleware(_nothing).process_view(request, _nothing, (), {}) is None
