"""Pages of members: the list, adding, editing, deactivating."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.addresses import mail_base
from apps.audit.queries import events_of
from apps.facilities import member_actions as actions
from apps.facilities.member_forms import MemberForm, NewMemberForm
from apps.facilities.member_queries import facilities_of, get_member, list_members, offered_facilities, with_people
from apps.tenants.doors import requires
from apps.tenants.keyset import Sort
from apps.tenants.listing import ChoiceFilter, Column, ListSpec, build, csv_response
from apps.tenants.models import Membership, Role
from apps.tenants.permissions import Permission, allowed, demand_all_facilities
from apps.tenants.scope import require

read_or_write = require_http_methods(["GET", "HEAD", "POST"])
STATES = {"active": Q(is_active=True), "inactive": Q(is_active=False), "all": Q()}


def facility_words(member: Membership) -> str:
    """Return where a membership holds, in words."""
    if member.all_facilities:
        return _("All facilities")
    return ", ".join(access.facility.name for access in member.facility_access.all())


def state_words(member: Membership) -> str:
    """Return whether a member is active, inactive, or has yet to set a password."""
    if not member.is_active:
        return _("Inactive")
    return _("Active") if member.user.has_usable_password() else _("Invited")


def _last_login(member: Membership) -> str:
    return timezone.localtime(member.user.last_login).isoformat(" ", "minutes") if member.user.last_login else ""


MEMBER_LIST = ListSpec(
    name="members",
    columns=[
        Column(gettext_lazy("Name"), lambda m: m.user.name, sort="name"),
        Column(gettext_lazy("Email"), lambda m: m.user.email, on_page=False),
        Column(gettext_lazy("Role"), lambda m: m.get_role_display(), sort="role"),
        Column(gettext_lazy("Facilities"), facility_words),
        Column(gettext_lazy("State"), state_words),
        Column(gettext_lazy("Last signed in (UTC)"), _last_login, sort="last-login"),
        Column(gettext_lazy("Edit"), hidden=True),
    ],
    sorts=[
        Sort("name", "user__name"),
        Sort("role", "role"),
        Sort("last-login", "user__last_login", kind="instant", nullable=True, descending_first=True),
    ],
    filters=[
        ChoiceFilter("role", gettext_lazy("Role"), Role.choices, "role"),
        ChoiceFilter(
            "state",
            gettext_lazy("State"),
            [("active", gettext_lazy("Active")), ("inactive", gettext_lazy("Inactive")), ("all", gettext_lazy("All"))],
            STATES.__getitem__,
            default="active",
        ),
    ],
    search=["user__name", "user__email"],
    search_label=gettext_lazy("Search by name or email"),
    decorate=with_people,
    csv_url_name="facilities:member_export",
)


def _may_edit() -> bool:
    return allowed(Permission.MEMBERS_EDIT) and require().all_facilities


@requires(Permission.MEMBERS_VIEW)
@require_GET
def member_list(request: HttpRequest) -> HttpResponse:
    """Show who has access, with which role, where."""
    listing = build(MEMBER_LIST, request, list_members())
    for member in listing.rows:
        member.facility_words, member.state_words = facility_words(member), state_words(member)
    return render(request, "facilities/member_list.html", {**listing.context(), "may_edit": _may_edit()})


@requires(Permission.MEMBERS_VIEW)
@require_GET
def member_export(request: HttpRequest) -> HttpResponseBase:
    """Stream the members that the list shows."""
    return csv_response(MEMBER_LIST, request, list_members())


def _put_errors(form: Form, error: ValidationError) -> None:
    """Show an action's refusal at its fields."""
    form.add_error(None, error)


@requires(Permission.MEMBERS_EDIT)
@read_or_write
def member_create(request: HttpRequest) -> HttpResponse:
    """Add a member and send the invitation."""
    demand_all_facilities()
    form = NewMemberForm(request.POST if request.method == "POST" else None, offered=offered_facilities())
    if request.method == "POST" and form.is_valid():
        try:
            member = actions.create_member(**form.cleaned_data, base=mail_base(request))
        except ValidationError as error:
            _put_errors(form, error)
        else:
            messages.success(request, _("%s is a member now. The invitation is on its way.") % member.user)
            return redirect("facilities:member_list")
    context = {"form": form, "list_url": reverse("facilities:member_list")}
    return render(request, "facilities/member_create.html", context)


@requires(Permission.MEMBERS_EDIT)
@read_or_write
def member_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a member's role and facilities; see the history of the membership."""
    demand_all_facilities()
    member = get_member(pk)
    initial = {
        "role": member.role,
        "all_facilities": member.all_facilities,
        "facilities": [] if member.all_facilities else [facility.pk for facility in facilities_of(member)],
    }
    data = request.POST if request.method == "POST" else None
    form = MemberForm(data, initial=initial, offered=offered_facilities(member))
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_member(member, **form.cleaned_data)
        except ValidationError as error:
            member.refresh_from_db()
            _put_errors(form, error)
        else:
            messages.success(request, _("%s is saved.") % member.user)
            return _back(member)
    context = {
        "member": member,
        "form": form,
        "list_url": reverse("facilities:member_list"),
        "is_invited": member.is_active and not member.user.has_usable_password(),
        "state_words": state_words(member),
        "events": events_of(member),
    }
    return render(request, "facilities/member_edit.html", context)


def _back(member: Membership) -> HttpResponse:
    """Return to the list; who has just given up their own right to see it, to the front page."""
    own = require().membership_id == member.pk
    may_see = member.is_active and member.role in (Role.ADMIN, Role.MANAGER)
    return redirect("/" if own and not may_see else "facilities:member_list")


def _confirm(request: HttpRequest, pk: int, act: Callable[[Membership], object], **page: Any) -> HttpResponse:
    demand_all_facilities()
    member = get_member(pk)
    form = Form(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            act(member)
        except ValidationError as error:
            member.refresh_from_db()
            _put_errors(form, error)
        else:
            messages.success(request, cast(str, page["done"]) % member.user)
            return _back(member)
    context = {
        "member": member,
        "form": form,
        "title": page["title"] % member.user,
        "text": page["text"],
        "submit_label": page["button"],
        "danger": page["danger"],
        "cancel_url": reverse("facilities:member_edit", args=[pk]),
    }
    return render(request, "facilities/member_confirm.html", context)


@requires(Permission.MEMBERS_EDIT)
@read_or_write
def member_deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then take a member's access away."""
    return _confirm(
        request,
        pk,
        actions.deactivate_member,
        title=_("Deactivate %s?"),
        text=_("They lose access at once, also where they are signed in now. What they logged stays."),
        button=_("Deactivate member"),
        done=_("%s has no access any more."),
        danger=True,
    )


@requires(Permission.MEMBERS_EDIT)
@read_or_write
def member_reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then give a member's access back."""
    return _confirm(
        request,
        pk,
        actions.reactivate_member,
        title=_("Reactivate %s?"),
        text=_("They get the same role and facilities as before."),
        button=_("Reactivate member"),
        done=_("%s has access again."),
        danger=False,
    )


@requires(Permission.MEMBERS_EDIT)
@require_POST
def member_invite(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the invitation again."""
    demand_all_facilities()
    member = get_member(pk)
    try:
        actions.invite_member(member, base=mail_base(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("A new invitation is on its way to %s.") % member.user.email)
    return redirect("facilities:member_edit", pk=pk)
