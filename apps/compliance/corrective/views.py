"""Pages of corrective actions: list, detail, report, edit, fix, close, reopen."""

from __future__ import annotations

import datetime
import mimetypes
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.audit.queries import events_of as audit_events_of
from apps.compliance import moment as moments
from apps.compliance import queries as compliance_queries
from apps.compliance import schedule as pure
from apps.compliance.as_of import as_of, moment_of
from apps.compliance.corrective import actions, queries
from apps.compliance.corrective.forms import AssignForm, CloseForm, CorrectiveForm, FixForm, ReopenForm
from apps.compliance.corrective.listing import corrective_list as corrective_list_spec
from apps.compliance.corrective.listing import ranked
from apps.compliance.corrective.models import CorrectiveAction, CorrectiveEvent, EventKind, State
from apps.compliance.corrective.state import standing, status
from apps.compliance.models import Requirement
from apps.compliance.steps import limits_in_words
from apps.equipment.models import Equipment
from apps.facilities.models import Area, Facility
from apps.tenants.doors import requires
from apps.tenants.listing import build, csv_response
from apps.tenants.permissions import Permission, allowed
from apps.tenants.queries import get_own_membership
from apps.tenants.scope import require

SUBJECTS: dict[str, Any] = {
    "requirement": Requirement,
    "equipment": Equipment,
    "area": Area,
    "facility": Facility,
}


def add_errors(form: Any, error: ValidationError) -> None:
    """Put an action's errors at the fields that this form shows, the others on top."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, list(error.messages))
        return
    for name, errors in error.message_dict.items():
        form.add_error(name if name in form.fields else None, errors)


def crumbs(action: CorrectiveAction | None, label: str = "") -> list[dict[str, str]]:
    """Return the way to a page about an action."""
    found = [{"label": _("Corrective actions"), "url": reverse("compliance:corrective_list")}]
    if action is not None:
        entry = {"label": action.title}
        if label:
            entry["url"] = reverse("compliance:corrective_detail", args=[action.pk])
        found.append(entry)
    return [*found, {"label": label}] if label else found


@requires(Permission.COMPLIANCE_VIEW)
@require_GET
def corrective_list(request: HttpRequest) -> HttpResponse:
    """List corrective actions, red first; what is closed only when asked for."""
    moment = moment_of(request)
    listing = build(corrective_list_spec(moment), request, ranked(moment), keep=("at", "known_at"))
    context = {
        **listing.context(),
        **as_of(request, moment),
        "rows": [action.row for action in listing.rows],
        "can_create": allowed(Permission.LOGS_CREATE),
    }
    return render(request, "compliance/corrective_list.html", context)


@requires(Permission.EXPORT)
@require_GET
def corrective_csv(request: HttpRequest) -> HttpResponseBase:
    """Stream the corrective actions that the list shows."""
    moment = moment_of(request)
    return csv_response(corrective_list_spec(moment), request, ranked(moment))


@requires(Permission.COMPLIANCE_VIEW)
@require_GET
def corrective_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one action at a moment: status, whose, by when, what happened, with evidence."""
    action = queries.get_action(pk)
    zone = ZoneInfo(action.facility.time_zone)
    moment = moments.read(request.GET, zone)
    events = queries.events_of(action, moment)
    stands = standing(events, moment.at, moment.known_at)
    if stands is None:
        raise Http404
    owners = {event.owner_id: event.owner for event in events if event.owner is not None}
    owner = owners.get(stands.owner_id)
    context = {
        **as_of(request, moment),
        "action": action,
        "status": status(stands.state, stands.deadline, moment.at, zone),
        "facts": _facts(action, stands, str(owner.user) if owner else "", zone),
        "failing": _failing(action),
        "entries": [_entry(event, zone) for event in reversed(events)],
        "photos": [_photo(photo, zone, event) for event in events for photo in event.photos.all()],
        "events": audit_events_of(action) if moment.is_now and allowed(Permission.AUDIT_VIEW) else None,
        "crumbs": crumbs(action),
        "steps": _steps(action) if moment.is_now else {},
    }
    return render(request, "compliance/corrective_detail.html", context)


def _steps(action: CorrectiveAction) -> dict[str, bool]:
    """What the person asking may do now."""
    can_edit = allowed(Permission.COMPLIANCE_EDIT)
    fixed_by_me = action.fixed_by_id is not None and action.fixed_by_id == require().membership_id
    return {
        "edit": can_edit and action.state != State.CLOSED,
        "fix": queries.may_fix(action),
        "close": queries.may_close(action),
        "reopen": can_edit and action.state != State.OPEN,
        "needs_other": can_edit and action.state == State.FIXED and fixed_by_me,
    }


def _facts(action: CorrectiveAction, stands: Any, owner: str, zone: ZoneInfo) -> list[dict[str, Any]]:
    labels = dict(CorrectiveAction._meta.get_field("severity").flatchoices)
    facts: list[dict[str, Any]] = [
        {"label": _("Severity"), "value": labels[stands.severity]},
        {"label": _("Owner"), "value": owner or _("Nobody")},
        {"label": _("Put right by"), "value": _deadline(stands.deadline, zone)},
        {"label": _("Opened"), "when": action.opened_at.astimezone(zone)},
    ]
    url = reverse("facilities:facility_detail", args=[action.facility_id])
    facts.append({"label": _("Facility"), "value": action.facility.name, "url": url})
    if action.area:
        url = reverse("facilities:area_detail", args=[action.area_id])
        facts.append({"label": _("Area"), "value": action.area.path, "url": url})
    if action.equipment:
        url = reverse("equipment:equipment_detail", args=[action.equipment_id])
        facts.append({"label": _("Machine"), "value": action.equipment.name, "url": url})
    if action.requirement:
        url = reverse("compliance:requirement_detail", args=[action.requirement_id])
        facts.append({"label": _("Requirement"), "value": action.requirement.name, "url": url})
    return facts


def _deadline(deadline: datetime.datetime, zone: ZoneInfo) -> str:
    """Say a deadline: nearly always the end of a day."""
    local = deadline.astimezone(zone)
    day = pure.due_day(deadline, zone)
    if day != local.date():
        return _("End of %(day)s") % {"day": date_format(day, "D j M Y")}
    return date_format(local, "D j M Y, H:i")


def _failing(action: CorrectiveAction) -> str:
    """The limits that the step's protocol states now, for an action about a reading."""
    if not action.step or action.requirement is None:
        return ""
    version = compliance_queries.version_in_force(action.requirement.protocol)
    steps = version.steps if version else []
    return next((limits_in_words(step) for step in steps if step.get("key") == action.step), "")


def _entry(event: CorrectiveEvent, zone: ZoneInfo) -> dict[str, Any]:
    what = str(event.get_kind_display())
    if event.kind == EventKind.ASSIGNED:
        what = _("gave it to %(who)s") % {"who": event.owner.user} if event.owner else _("took it from its owner")
    if event.kind == EventKind.EDITED and event.severity:
        what = _("set the severity to %(severity)s") % {"severity": event.get_severity_display().lower()}
    if event.kind in (EventKind.DEADLINE, EventKind.REOPENED) and event.deadline:
        what = f"{what}: {_deadline(event.deadline, zone)}"
    late = event.recorded_at - event.at > datetime.timedelta(minutes=5)
    colours = {State.OPEN: "amber", State.CLOSED: "green"}
    recorded = event.recorded_at.astimezone(zone)
    note = event.note
    if late:
        told = _("Recorded %(when)s.") % {"when": date_format(recorded, "D j M Y, H:i")}
        note = f"{note} {told}".strip()
    return {
        "who": event.by_name,
        "what": what,
        "note": note,
        "when": event.at.astimezone(zone),
        "colour": colours.get(event.state, ""),  # type: ignore[call-overload]
    }


def _photo(photo: Any, zone: ZoneInfo, event: CorrectiveEvent) -> dict[str, str]:
    when = date_format(event.at.astimezone(zone), "D j M Y, H:i")
    return {
        "url": reverse("compliance:corrective_photo", args=[photo.pk]),
        "alt": _("Photo by %(who)s, %(when)s") % {"who": event.by_name, "when": when},
    }


@requires(Permission.COMPLIANCE_VIEW)
@require_GET
def corrective_photo(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send a photo to somebody who may see its action; never from a public address."""
    photo = queries.get_photo(pk)
    try:
        stored = photo.image.open("rb")
    except OSError:
        raise Http404 from None
    kind = mimetypes.guess_type(str(photo.image.name))[0] or "application/octet-stream"
    response = FileResponse(stored, content_type=kind if kind.startswith("image/") else "application/octet-stream")
    response["Content-Disposition"] = f'inline; filename="photo-{photo.pk}.jpg"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, max-age=3600"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _subject(request: HttpRequest) -> tuple[str, Any]:
    """What the address names; nothing, and nobody else's, is a 404."""
    for name, model in SUBJECTS.items():
        raw = request.GET.get(name) or request.POST.get(name)
        if raw:
            if not (raw.isascii() and raw.isdigit() and len(raw) < 19):
                raise Http404
            joined = {
                "requirement": ("facility", "area", "equipment__facility", "equipment__area"),
                "equipment": ("facility", "area"),
                "area": ("facility",),
            }.get(name, ())
            found = model.objects.select_related(*joined).filter(pk=int(raw)).first()
            if found is None:
                raise Http404
            return name, found
    return "", None


@requires(Permission.LOGS_CREATE)
@require_http_methods(["GET", "POST"])
def corrective_create(request: HttpRequest) -> HttpResponse:
    """Report what is wrong with a facility, an area or a machine."""
    name, target = _subject(request)
    if target is None:
        places = Facility.objects.filter(archived_at=None).order_by("name", "id")[:200]
        return render(request, "compliance/corrective_start.html", {"places": places, "crumbs": crumbs(None)})
    subject = target.subject if name == "requirement" else target
    facility = subject if isinstance(subject, Facility) else subject.facility
    assigning = allowed(Permission.COMPLIANCE_EDIT)
    form = CorrectiveForm(request.POST or None, facility=facility, assigning=assigning)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        requirement = target if name == "requirement" else None
        try:
            action, _new = actions.open_action(
                subject=subject,
                requirement=requirement,
                title=data["title"],
                description=data["description"],
                severity=data["severity"],
                owner=data.get("owner"),
                deadline=data.get("deadline"),
                uuid=data["uuid"],
                by=get_own_membership(),
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Reported. It stays open until somebody has fixed and checked it."))
            return redirect("compliance:corrective_detail", action.pk)
    context = {
        "form": form,
        "target": target,
        "target_name": name,
        "subject": subject,
        "cancel_url": _url_of(name, target),
        "crumbs": crumbs(None, _("Report a problem")),
    }
    return render(request, "compliance/corrective_create.html", context, status=400 if form.errors else 200)


def _url_of(name: str, target: Any) -> str:
    room = {"requirement": "compliance", "equipment": "equipment"}.get(name, "facilities")
    return reverse(f"{room}:{name}_detail", args=[target.pk])


@requires(Permission.COMPLIANCE_EDIT)
@require_http_methods(["GET", "POST"])
def corrective_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what it says, how bad it is, whose it is and by when."""
    action = queries.get_action(pk)
    form = CorrectiveForm(request.POST or None, facility=action.facility, assigning=True, action=action)
    if request.method == "POST" and form.is_valid():
        return _attempt(request, action, form, lambda: actions.edit_action(action, **form.cleaned_data), _("Saved."))
    return _page(request, action, form, "compliance/corrective_edit.html", _("Edit"))


def _attempt(request: HttpRequest, action: CorrectiveAction, form: Any, act: Any, done: str) -> HttpResponse:
    try:
        act()
    except ValidationError as error:
        add_errors(form, error)
        name = request.resolver_match.url_name if request.resolver_match else ""
        return _page(request, action, form, f"compliance/{name}.html", "")
    messages.success(request, done)
    return redirect("compliance:corrective_detail", action.pk)


def _page(request: HttpRequest, action: CorrectiveAction, form: Any, template: str, label: str) -> HttpResponse:
    zone = ZoneInfo(action.facility.time_zone)
    context = {
        "action": action,
        "form": form,
        "status": status(action.state, action.deadline, timezone.now(), zone),
        "crumbs": crumbs(action, label or _("Change")),
    }
    return render(request, template, context, status=400 if form.errors else 200)


def opened_by(completion_id: int | None) -> list[dict[str, Any]]:
    """Return what templates/compliance/corrective_opened.html shows: the actions of a log, for managers with a form."""
    assigning = allowed(Permission.COMPLIANCE_EDIT)
    now = timezone.now()
    return [
        {
            "action": action,
            "status": status(action.state, action.deadline, now, ZoneInfo(action.facility.time_zone)),
            "form": AssignForm(action=action) if assigning and action.state != State.CLOSED else None,
        }
        for action in queries.actions_of(completion_id)
    ]


@requires(Permission.COMPLIANCE_EDIT)
@require_POST
def corrective_assign(request: HttpRequest, pk: int) -> HttpResponse:
    """Set severity and owner from the page that a log ends on, and go back there."""
    action = queries.get_action(pk)
    form = AssignForm(request.POST, action=action)
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = reverse("compliance:corrective_detail", args=[pk])
    if form.is_valid():
        try:
            actions.edit_action(action, **form.cleaned_data)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            messages.success(request, _("Saved."))
    else:
        messages.error(request, _("Choose the severity and the owner from the lists."))
    return redirect(back)


@requires(Permission.LOGS_CREATE)
@require_http_methods(["GET", "POST"])
def corrective_fix(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark an action as fixed, with evidence."""
    action = queries.get_action(pk)
    if action.state == State.OPEN and not queries.may_fix(action):
        raise PermissionDenied
    files = request.FILES if request.method == "POST" else None
    form = FixForm(request.POST or None, files, zone=ZoneInfo(action.facility.time_zone))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        return _attempt(
            request,
            action,
            form,
            lambda: actions.fix_action(action, note=data["note"], photos=data["photos"], at=data["fixed_at"]),
            _("Marked as fixed. Somebody else checks and closes it."),
        )
    return _page(request, action, form, "compliance/corrective_fix.html", _("Mark as fixed"))


@requires(Permission.COMPLIANCE_EDIT)
@require_http_methods(["GET", "POST"])
def corrective_close(request: HttpRequest, pk: int) -> HttpResponse:
    """Close what somebody else has fixed."""
    action = queries.get_action(pk)
    form = CloseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        note = form.cleaned_data["note"]
        return _attempt(
            request, action, form, lambda: actions.close_action(action, note=note), _("Checked and closed.")
        )
    return _page(request, action, form, "compliance/corrective_close.html", _("Close"))


@requires(Permission.COMPLIANCE_EDIT)
@require_http_methods(["GET", "POST"])
def corrective_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Open again what is not right."""
    action = queries.get_action(pk)
    form = ReopenForm(request.POST or None, zone=ZoneInfo(action.facility.time_zone))
    if request.method == "POST" and form.is_valid():
        return _attempt(
            request, action, form, lambda: actions.reopen_action(action, **form.cleaned_data), _("Reopened.")
        )
    return _page(request, action, form, "compliance/corrective_reopen.html", _("Reopen"))
