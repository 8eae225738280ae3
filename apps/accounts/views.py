"""Signing in and out, passwords, one's own account, and the choice of organization. All outside every scope."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views as auth_views
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts import actions, mail
from apps.accounts.addresses import base_of, mail_base
from apps.accounts.forms import AccountForm, PasswordChangeForm, PasswordResetForm, SetPasswordForm, SignInForm
from apps.accounts.models import User
from apps.accounts.queries import find_user, main_host
from apps.accounts.tokens import SetPasswordTokens
from apps.tenants import interrupted, limits
from apps.tenants.doors import signed_in
from apps.tenants.middleware import SESSION_ORGANIZATION
from apps.tenants.models import Membership
from apps.tenants.queries import Identity, identify
from apps.tenants.request_info import client_ip

SESSION_ENTRIES = "kept_entries"
RESETS_PER_HOUR = 3
HOUR = 60 * 60
read_or_write = require_http_methods(["GET", "HEAD", "POST"])


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)


def _identity(request: HttpRequest) -> Identity:
    return cast(Identity, request.identity)  # type: ignore[attr-defined]


def _next(request: HttpRequest) -> str:
    """Return the page to come back to, on this very host; "" for anything else."""
    wanted = request.POST.get("next", "") or request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else ""


# --- Signing in and out ---


@never_cache
@sensitive_post_parameters("password")
@read_or_write
def login(request: HttpRequest) -> HttpResponse:
    """Sign in with email and password; take up the page, or the interrupted form, that asked for it."""
    entries: interrupted.Entries | None = getattr(request, "interrupted", None)
    if entries is not None:
        return _login_page(request, SignInForm(request), entries, entries.signed(request), status=401)
    signed = request.POST.get("entries", "")
    form = SignInForm(request, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        kept = _keep(request, signed)
        user = form.get_user()
        actions.sign_in(request, user)
        if kept:
            request.session[SESSION_ENTRIES] = signed
            response = redirect("accounts:kept_entries")
        else:
            response = redirect(_next(request) or _home(request, user))
        return _with_language(response, user)
    if form.is_bound and {"username", "password"} <= form.cleaned_data.keys():
        actions.record_failed_sign_in(form.cleaned_data["username"])
    try:
        entries = interrupted.restore(request, signed) if signed else None
    except interrupted.NotKept:
        entries, signed = None, ""
    return _login_page(request, form, entries, signed)


def _login_page(
    request: HttpRequest, form: SignInForm, entries: interrupted.Entries | None, signed: str, status: int = 200
) -> HttpResponse:
    context = {"form": form, "entries": entries, "signed_entries": signed, "next": "" if entries else _next(request)}
    return render(request, "accounts/login.html", context, status=status)


def _keep(request: HttpRequest, signed: str) -> bool:
    """Tell whether the entries may go on; must be asked before signing in, which changes the CSRF secret."""
    if not signed:
        return False
    try:
        interrupted.restore(request, signed)
    except interrupted.NotKept:
        messages.warning(request, _("What you had typed could not be kept: it was too old. Please type it again."))
        return False
    return True


def _home(request: HttpRequest, user: User) -> str:
    """Return where a user without a wish goes: platform staff who are members of nothing have their own place."""
    on_shared_host = not request.tenant_host  # type: ignore[attr-defined]
    if user.is_platform_staff and on_shared_host and not identify(user_id=user.pk).memberships:
        return reverse("platform:index")
    return str(settings.LOGIN_REDIRECT_URL)


def _with_language(response: HttpResponse, user: User) -> HttpResponse:
    if user.language:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            user.language,
            max_age=365 * 24 * HOUR,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response


def locked_out(request: HttpRequest, response: HttpResponse | None = None, credentials: Any = None) -> HttpResponse:
    """Answer for django-axes: this account is locked for this address."""
    return limits.refuse(request, round(HOUR * settings.AXES_COOLOFF_TIME))


@never_cache
@signed_in
@read_or_write
def logout(request: HttpRequest) -> HttpResponse:
    """Ask, then end the session."""
    if request.method != "POST":
        return render(request, "accounts/logout.html", {"cancel_url": "/"})
    actions.sign_out(request)
    messages.success(request, _("You are signed out."))
    return redirect("accounts:login")


# --- A form that was interrupted ---


@never_cache
@signed_in
@read_or_write
def kept_entries(request: HttpRequest) -> HttpResponse:
    """Show what was typed before the session ended; on POST send it on to where it was going, once."""
    try:
        entries = interrupted.reopen(request, request.session.get(SESSION_ENTRIES, ""))
    except interrupted.NotKept:
        request.session.pop(SESSION_ENTRIES, None)
        messages.info(request, _("There are no kept entries any more."))
        return redirect(settings.LOGIN_REDIRECT_URL)
    if request.method == "POST":
        del request.session[SESSION_ENTRIES]
        # 307 keeps method and body: the browser sends the page's own fields, with a fresh token, to the form's address.
        response = HttpResponse(status=307)
        response["Location"] = entries.path
        return response
    context = {
        "entries": entries,
        "rows": [{"label": _label(name), "value": _shown(value)} for name, value in entries.fields if value],
        "files": [{"label": _label(name), "value": value} for name, value in entries.files],
        "secrets": [_label(name) for name in entries.secrets],
        "goes_to": _goes_to(request),
    }
    return render(request, "accounts/kept_entries.html", context)


def _shown(value: str) -> str:
    """Return a value as a reader knows it: a ticked box is sent as "on"."""
    return _("Yes") if value == "on" else value


def _label(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").strip().capitalize()


def _goes_to(request: HttpRequest) -> Membership | None:
    """Return the membership in which the entries would arrive; None where it has to be chosen first."""
    who = _identity(request)
    chosen = who.organization.pk if who.organization else request.session.get(SESSION_ORGANIZATION)
    return who.membership_in(chosen) or (who.memberships[0] if len(who.memberships) == 1 else None)


@signed_in
@require_POST
def kept_entries_discard(request: HttpRequest) -> HttpResponse:
    """Throw the kept entries away."""
    request.session.pop(SESSION_ENTRIES, None)
    messages.success(request, _("Your kept entries are discarded."))
    return redirect(settings.LOGIN_REDIRECT_URL)


# --- Passwords ---


@never_cache
@signed_in
@sensitive_post_parameters()
@read_or_write
def password_change(request: HttpRequest) -> HttpResponse:
    """Set a new password, knowing the old one."""
    user = _user(request)
    form = PasswordChangeForm(user, request.POST if request.method == "POST" else None)
    if request.method == "POST":
        tries = limits.hit(f"password-change:{user.pk}", limit=10, seconds=HOUR // 4)
        if not tries.allowed:
            return limits.refuse(request, tries.retry_after)
        if form.is_valid():
            actions.change_password(request, user, form.cleaned_data["new_password1"])
            messages.success(request, _("Your password is changed. Other devices are signed out."))
            return redirect("accounts:account")
    return render(request, "accounts/password_change.html", {"form": form})


class _ThenMail(HttpResponseRedirect):
    """A redirect that sends its mail after the answer has left, so that the wait does not tell which accounts exist."""

    def __init__(self, url: str, send: Callable[[], object]) -> None:
        super().__init__(url)
        self._send = send

    def close(self) -> None:
        """Send, then close. The server calls it once the answer is out."""
        try:
            self._send()
        finally:
            super().close()


@never_cache
@read_or_write
def password_reset(request: HttpRequest) -> HttpResponse:
    """Take an email address and answer the same whether or not it has an account."""
    form = PasswordResetForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "accounts/password_reset.html", {"form": form})
    email = form.cleaned_data["email"]
    for key in (f"password-reset-client:{client_ip(request)}", f"password-reset-email:{email}"):
        asked = limits.hit(key, limit=RESETS_PER_HOUR, seconds=HOUR)
        if not asked.allowed:
            return limits.refuse(request, asked.retry_after)
    base = mail_base(request)

    def send() -> None:
        user = find_user(email)
        if user is not None:
            mail.send_password_reset(user, base)

    return _ThenMail(reverse("accounts:password_reset_done"), send)


@read_or_write
def password_reset_done(request: HttpRequest) -> HttpResponse:
    """Say that a mail is on its way, if there is an account."""
    return render(request, "accounts/password_reset_done.html")


class PasswordResetConfirm(auth_views.PasswordResetConfirmView):
    """Set a password by the link in a mail. The token moves into the session, out of the address."""

    template_name = "accounts/password_reset_confirm.html"
    form_class = SetPasswordForm
    token_generator = SetPasswordTokens()
    success_url = reverse_lazy("accounts:password_reset_complete")

    def form_valid(self, form: Any) -> HttpResponse:
        """Save and record the new password, and use up the token."""
        actions.reset_password(cast(User, form.user), form.cleaned_data["new_password1"])
        self.request.session.pop(auth_views.INTERNAL_RESET_SESSION_TOKEN, None)
        return redirect(str(self.success_url))


password_reset_confirm = PasswordResetConfirm.as_view()


@read_or_write
def password_reset_complete(request: HttpRequest) -> HttpResponse:
    """Say that the new password is set."""
    return render(request, "accounts/password_reset_complete.html")


# --- One's own account and organizations ---


@signed_in
@read_or_write
def account(request: HttpRequest) -> HttpResponse:
    """Show and edit one's own name and language."""
    user = _user(request)
    initial = {"name": user.name, "language": user.language}
    form = AccountForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        language = form.cleaned_data.get("language", user.language)
        if actions.update_account(user, name=form.cleaned_data["name"], language=language):
            messages.success(request, _("Your account is saved."))
        return _with_language(redirect("accounts:account"), user)
    shown = get_language_info(user.language or settings.LANGUAGE_CODE)["name_local"]
    facts = [{"label": _("Email"), "value": user.email}, {"label": _("Language"), "value": shown}]
    memberships = _identity(request).memberships
    return render(request, "accounts/account.html", {"form": form, "facts": facts, "memberships": memberships})


@signed_in
@read_or_write
def organization_list(request: HttpRequest) -> HttpResponse:
    """Show the organizations one is a member of, with one's role in each."""
    who = _identity(request)
    here = _goes_to(request)
    rows = [{"membership": m, "current": m == here} for m in who.memberships]
    columns = [{"label": _("Organization")}, {"label": _("Your role")}, {"label": _("Open"), "hidden": True}]
    context = {"rows": rows, "columns": columns, "next": _next(request)}
    return render(request, "accounts/organization_list.html", context)


@signed_in
@require_POST
def organization_switch(request: HttpRequest) -> HttpResponse:
    """Choose the organization to work in: in the session on the shared host, by its own host elsewhere."""
    wanted = request.POST.get("organization", "")
    who = _identity(request)
    membership = who.membership_in(int(wanted)) if wanted.isascii() and wanted.isdigit() else None
    if membership is None:
        raise Http404
    if who.organization is None:
        request.session[SESSION_ORGANIZATION] = membership.organization_id
        return redirect(_next(request) or settings.LOGIN_REDIRECT_URL)
    if who.organization == membership.organization:
        return redirect(_next(request) or settings.LOGIN_REDIRECT_URL)
    host = main_host(membership)
    url = base_of(host) + "/" if host else settings.PUBLIC_URL + reverse("accounts:organization_list")
    # A page, not a redirect: the policy form-action 'self' also stops a form's redirect to another host.
    return render(request, "accounts/organization_switch.html", {"url": url, "target": membership.organization})
