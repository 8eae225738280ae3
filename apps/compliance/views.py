"""Pages of the compliance room: the dashboard, requirements and protocols."""

from __future__ import annotations

import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.audit.queries import events_of
from apps.compliance import actions, queries
from apps.compliance import moment as moments
from apps.compliance import schedule as pure
from apps.compliance.as_of import as_of, moment_of
from apps.compliance.corrective.queries import with_acknowledgements
from apps.compliance.forms import (
    EffectiveForm,
    FacilityChoiceForm,
    ProtocolForm,
    ReasonForm,
    RequirementForm,
    StartForm,
    StepFormSet,
    initial_steps,
    steps_of,
)
from apps.compliance.listing import (
    IDLE_LIST,
    PROTOCOL_LIST,
    idle,
    place_of,
    protocols,
    ranked,
    why_idle,
)
from apps.compliance.listing import requirement_list as requirement_list_spec
from apps.compliance.models import Protocol, Requirement
from apps.compliance.schedule_form import ScheduleForm
from apps.equipment.models import Equipment
from apps.facilities.models import Area, Facility
from apps.tenants.doors import requires
from apps.tenants.listing import build, csv_response
from apps.tenants.permissions import Permission, allowed

DASHBOARD_ROWS = 25
DASHBOARD_FACILITIES = 15
SUBJECTS: dict[str, Any] = {"equipment": Equipment, "area": Area, "facility": Facility}


@requires(Permission.COMPLIANCE_VIEW)
@require_GET
def requirement_list(request: HttpRequest) -> HttpResponse:
    """List requirements, red first, with filters in the address."""
    moment = moment_of(request)
    listing = build(requirement_list_spec(moment), request, ranked(moment), keep=("at", "known_at"))
    context = {
        **listing.context(),
        **as_of(request, moment),
        "rows": with_acknowledgements(queries.to_rows(listing.rows, moment), moment.at),
        "can_bulk": allowed(Permission.COMPLIANCE_EDIT) and moment.is_now,
        "idle": moment.is_now and idle(moment.at).exists(),
        "can_edit": allowed(Permission.COMPLIANCE_EDIT),
        "can_log": allowed(Permission.LOGS_CREATE),
    }
    return render(request, "compliance/requirement_list.html", context)


@requires(Permission.EXPORT)
@require_GET
def requirement_csv(request: HttpRequest) -> HttpResponseBase:
    """Stream the requirements that the list shows, with their status at the moment asked about."""
    moment = moment_of(request)
    return csv_response(requirement_list_spec(moment), request, ranked(moment))


@requires(Permission.COMPLIANCE_VIEW)
@require_GET
def requirement_idle_list(request: HttpRequest) -> HttpResponse:
    """List the requirements that do not count now, and why."""
    now = timezone.now()
    listing = build(IDLE_LIST, request, idle(now))
    rows = [{"requirement": r, "why": why_idle(r, now), "place": place_of(r)} for r in listing.rows]
    context = {
        **listing.context(),
        "rows": rows,
        "crumbs": [
            {"label": _("Requirements"), "url": reverse("compliance:requirement_list")},
            {"label": _("Not counting now")},
        ],
    }
    return render(request, "compliance/requirement_idle_list.html", context)


@requires(Permission.COMPLIANCE_VIEW)
@require_GET
def requirement_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one requirement: status, schedule, what is due next, its history and its trail."""
    requirement = queries.get_requirement(pk)
    zone = ZoneInfo(requirement.facility.time_zone)
    moment = moments.read(request.GET, zone)
    row = queries.row_of(requirement, moment)
    schedule = queries.schedule_in_force(requirement, moment.at)
    return render(
        request,
        "compliance/requirement_detail.html",
        {
            **as_of(request, moment),
            "requirement": requirement,
            "row": row,
            "schedule_words": schedule.describe(),
            "version": queries.version_in_force(requirement.protocol),
            "history": [_history_entry(occurrence, zone) for occurrence in queries.history(requirement)],
            "events": events_of(requirement),
            "can_edit": allowed(Permission.COMPLIANCE_EDIT),
            "can_log": allowed(Permission.LOGS_CREATE) and requirement.archived_at is None,
            "zone": zone,
            "crumbs": [
                {"label": _("Requirements"), "url": reverse("compliance:requirement_list")},
                {"label": requirement.name},
            ],
        },
    )


def _history_entry(occurrence: Any, zone: ZoneInfo) -> dict[str, Any]:
    now = timezone.now()
    completion = occurrence.completion
    if occurrence.completed_at and occurrence.waived:
        outcome, colour = _("Waived"), "green"
    elif occurrence.completed_at:
        late = occurrence.overdue_at is not None and occurrence.completed_at > occurrence.overdue_at
        outcome, colour = (_("Done late"), "amber") if late else (_("Done"), "green")
    elif occurrence.closes_at <= now:
        outcome, colour = (_("Missed"), "red") if occurrence.due_at else (_("Nothing was due"), "green")
    else:
        outcome, colour = _("Open"), None
    return {
        "opens_at": occurrence.opens_at.astimezone(zone),
        "due_at": queries.due_when(occurrence.due_at, zone),
        "completed_at": occurrence.completed_at.astimezone(zone) if occurrence.completed_at else None,
        "who": completion.by_name if completion else "",
        "reason": completion.reason if completion else "",
        "outcome": {"words": outcome, "colour": colour},
    }


def _subject(request: HttpRequest) -> Facility | Area | Equipment | None:
    for name, model in SUBJECTS.items():
        value = request.GET.get(name) or request.POST.get(name)
        if not value:
            continue
        if not value.isdigit() or len(value) > 18:
            raise Http404
        subject = model.objects.filter(pk=int(value)).first()
        if subject is None:
            raise Http404
        return subject  # type: ignore[no-any-return]
    return None


@requires(Permission.COMPLIANCE_EDIT)
@require_http_methods(["GET", "POST"])
def requirement_create(request: HttpRequest) -> HttpResponse:
    """Add a duty to the facility, area or machine that the address names, or to a facility chosen here."""
    subject = _subject(request)
    data = request.POST or None
    form, schedule_form, start_form = RequirementForm(data), ScheduleForm(data), StartForm(data)
    choice = None if subject else FacilityChoiceForm(data)
    forms = [f for f in (choice, form, schedule_form, start_form) if f is not None]
    dates: list[datetime.date | None] = []
    if request.method == "POST" and _all_valid(*forms):
        target = subject or choice.cleaned_data["facility"]  # type: ignore[union-attr]
        zone = ZoneInfo((target if isinstance(target, Facility) else target.facility).time_zone)
        fields = {**form.cleaned_data, **_subject_fields(target)}
        if start_form.cleaned_data["starts_on"]:
            fields["starts_at"] = pure.wall(start_form.cleaned_data["starts_on"], 0, zone)
        if "preview" in request.POST:
            dates = _preview(schedule_form, fields.get("starts_at") or timezone.now(), zone)
        else:
            try:
                requirement = actions.create_requirement(spec=schedule_form.spec(), **fields)
            except ValidationError as error:
                _add_errors(form, error)
            else:
                messages.success(request, _("Requirement added."))
                return redirect("compliance:requirement_detail", requirement.pk)
    return render(
        request,
        "compliance/requirement_create.html",
        {
            "form": form,
            "schedule_form": schedule_form,
            "start_form": start_form,
            "choice": choice,
            "forms": forms,
            "subject": subject,
            "subject_name": next((n for n, m in SUBJECTS.items() if isinstance(subject, m)), ""),
            "dates": dates,
            "previewed": "preview" in request.POST and not any(each.errors for each in forms),
            "extra_errors": _summary(*forms),
        },
        status=400 if any(each.errors for each in forms) else 200,
    )


def _preview(form: ScheduleForm, starts_at: datetime.datetime, zone: ZoneInfo) -> list[datetime.date | None]:
    schedule = pure.Schedule.from_dict(form.spec())
    return [queries.due_when(moment, zone) for moment in pure.preview(schedule, starts_at=starts_at, zone=zone)]


def _subject_fields(target: Facility | Area | Equipment) -> dict[str, Any]:
    if isinstance(target, Equipment):
        return {"equipment": target}
    return {"area": target} if isinstance(target, Area) else {"facility": target}


def _all_valid(*forms: Any) -> bool:
    """Check every form: each says what is wrong with it, not only the first."""
    results = [form.is_valid() for form in forms]
    return all(results)


def _summary(*forms: Any) -> list[dict[str, str]]:
    """Return every error of several forms on one page, for the one summary on top."""
    found = []
    for form in forms:
        if not form.is_bound:
            continue
        for name, errors in form.errors.items():
            url = "" if name == "__all__" else f"#{form[name].auto_id}"
            found += [{"url": url, "message": str(error)} for error in errors]
    return found


def _add_errors(form: Any, error: ValidationError) -> None:
    """Put an action's errors at the fields that this form shows, the others on top."""
    for name, errors in error.update_error_dict({}).items():
        form.add_error(name if name in form.fields else None, [message for e in errors for message in e.messages])


@requires(Permission.COMPLIANCE_EDIT)
@require_http_methods(["GET", "POST"])
def requirement_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what a duty says of itself."""
    requirement = queries.get_requirement(pk)
    form = RequirementForm(request.POST or None, instance=Requirement.objects.get(pk=pk))
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_requirement(requirement, **form.cleaned_data)
        except ValidationError as error:
            _add_errors(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("compliance:requirement_detail", pk)
    return render(
        request,
        "compliance/requirement_edit.html",
        {"form": form, "requirement": requirement, "crumbs": _crumbs(requirement, _("Edit"))},
        status=400 if form.errors else 200,
    )


def _crumbs(requirement: Requirement, label: str) -> list[dict[str, str]]:
    return [
        {"label": _("Requirements"), "url": reverse("compliance:requirement_list")},
        {"label": requirement.name, "url": reverse("compliance:requirement_detail", args=[requirement.pk])},
        {"label": label},
    ]


@requires(Permission.COMPLIANCE_EDIT)
@require_http_methods(["GET", "POST"])
def requirement_schedule(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a new schedule in force from a day on; the past keeps the one it had."""
    requirement = queries.get_requirement(pk)
    current = queries.schedule_in_force(requirement)
    zone = ZoneInfo(requirement.facility.time_zone)
    form, effective = ScheduleForm(request.POST or None, base=current), EffectiveForm(request.POST or None)
    dates: list[datetime.date | None] = []
    if request.method == "POST" and _all_valid(form, effective):
        day = effective.cleaned_data["effective_on"]
        start = pure.wall(day, 0, zone) if day and day > timezone.now().astimezone(zone).date() else timezone.now()
        if "preview" in request.POST:
            dates = _preview(form, start, zone)
        else:
            try:
                changed = actions.change_schedule(requirement, form.spec(), effective_at=start)
            except ValidationError as error:
                _add_errors(form, error)
            else:
                messages.success(
                    request, _("New schedule saved.") if changed else _("The schedule is the same as before.")
                )
                return redirect("compliance:requirement_detail", pk)
    return render(
        request,
        "compliance/requirement_schedule.html",
        {
            "schedule_form": form,
            "effective_form": effective,
            "requirement": requirement,
            "schedule_words": current.describe(),
            "dates": dates,
            "previewed": "preview" in request.POST and not (form.errors or effective.errors),
            "extra_errors": _summary(form, effective),
            "crumbs": _crumbs(requirement, _("Change schedule")),
        },
        status=400 if form.errors or effective.errors else 200,
    )


@requires(Permission.COMPLIANCE_EDIT)
@require_http_methods(["GET", "POST"])
def requirement_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then end a duty."""
    requirement = queries.get_requirement(pk)
    if request.method == "POST":
        actions.archive_requirement(requirement)
        messages.success(request, _("Archived. Its history stays."))
        return redirect("compliance:requirement_detail", pk)
    return render(
        request,
        "compliance/requirement_archive.html",
        {"requirement": requirement, "crumbs": _crumbs(requirement, _("Archive"))},
    )


@requires(Permission.COMPLIANCE_EDIT)
@require_POST
def requirement_restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring an archived duty back."""
    actions.restore_requirement(queries.get_requirement(pk))
    messages.success(request, _("Restored, with what was missed meanwhile."))
    return redirect("compliance:requirement_detail", pk)


@requires(Permission.COMPLIANCE_EDIT)
@require_http_methods(["GET", "POST"])
def requirement_waive(request: HttpRequest, pk: int) -> HttpResponse:
    """Waive the live occurrence, with a reason."""
    requirement = queries.get_requirement(pk)
    row = queries.row_of(requirement)
    if row is None:
        raise Http404
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.waive_occurrence(row.occurrence, form.cleaned_data["reason"])
        except ValidationError as error:
            _add_errors(form, error)
        else:
            messages.success(request, _("Waived, with your reason."))
            return redirect("compliance:requirement_detail", pk)
    return render(
        request,
        "compliance/requirement_waive.html",
        {"form": form, "requirement": requirement, "row": row, "crumbs": _crumbs(requirement, _("Waive"))},
        status=400 if form.errors else 200,
    )


@requires(Permission.COMPLIANCE_VIEW)
@require_GET
def protocol_list(request: HttpRequest) -> HttpResponse:
    """List protocols."""
    listing = build(PROTOCOL_LIST, request, protocols())
    context = {**listing.context(), "can_edit": allowed(Permission.COMPLIANCE_EDIT)}
    return render(request, "compliance/protocol_list.html", context)


@requires(Permission.COMPLIANCE_VIEW)
@require_GET
def protocol_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a protocol's steps in force, its versions, and where it is used."""
    protocol = queries.get_protocol(pk)
    versions = list(protocol.versions.select_related("created_by__user")[:20])
    return render(
        request,
        "compliance/protocol_detail.html",
        {
            "protocol": protocol,
            "version": versions[0] if versions else None,
            "versions": versions,
            "used_by": list(
                Requirement.objects.filter(protocol=protocol, archived_at=None)
                .select_related("facility", "area", "equipment")
                .order_by("name", "id")[:20]
            ),
            "events": events_of(protocol),
            "can_edit": allowed(Permission.COMPLIANCE_EDIT),
            "crumbs": [
                {"label": _("Protocols"), "url": reverse("compliance:protocol_list")},
                {"label": protocol.name},
            ],
        },
    )


def _protocol_page(request: HttpRequest, protocol: Protocol | None) -> HttpResponse:
    version = queries.version_in_force(protocol)
    initial = {"name": protocol.name, "description": protocol.description} if protocol else None
    form = ProtocolForm(request.POST or None, initial=initial)
    formset = StepFormSet(
        request.POST or None, initial=initial_steps(version.steps) if version else None, prefix="steps"
    )
    problems: list[str] = []
    if request.method == "POST" and _all_valid(form, formset):
        if "more" in request.POST:
            return render(request, "compliance/protocol_form.html", _more_steps(protocol, form, formset))
        try:
            steps = steps_of(formset)
        except ValidationError as error:
            problems = error.messages
        else:
            try:
                if protocol is None:
                    protocol = actions.create_protocol(**form.cleaned_data, steps=steps)
                else:
                    actions.update_protocol(protocol, **form.cleaned_data, steps=steps)
            except ValidationError as error:
                _add_errors(form, error)
            else:
                messages.success(request, _("Protocol saved."))
                return redirect("compliance:protocol_detail", protocol.pk)
    context = {
        "form": form,
        "formset": formset,
        "protocol": protocol,
        "extra_errors": [*_summary(form, *formset.forms), *({"url": "", "message": p} for p in problems)],
    }
    return render(request, "compliance/protocol_form.html", context, status=400 if request.method == "POST" else 200)


def _more_steps(protocol: Protocol | None, form: ProtocolForm, formset: Any) -> dict[str, Any]:
    """Show the page again with what was typed and three more empty steps."""
    kept = [
        {k: v for k, v in f.cleaned_data.items() if k != "DELETE"} for f in formset.forms if f.cleaned_data.get("text")
    ]
    return {
        "form": ProtocolForm(initial=form.cleaned_data),
        "formset": StepFormSet(initial=kept, prefix="steps"),
        "protocol": protocol,
    }


@requires(Permission.COMPLIANCE_EDIT)
@require_http_methods(["GET", "POST"])
def protocol_create(request: HttpRequest) -> HttpResponse:
    """Add a protocol with its steps."""
    return _protocol_page(request, None)


@requires(Permission.COMPLIANCE_EDIT)
@require_http_methods(["GET", "POST"])
def protocol_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a protocol; changed steps become its next version."""
    return _protocol_page(request, queries.get_protocol(pk))


@requires(Permission.COMPLIANCE_EDIT)
@require_http_methods(["GET", "POST"])
def protocol_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then take a protocol out of use."""
    protocol = queries.get_protocol(pk)
    if request.method == "POST":
        actions.archive_protocol(protocol)
        messages.success(request, _("Archived. Requirements that use it keep it."))
        return redirect("compliance:protocol_detail", pk)
    used = Requirement.objects.filter(protocol=protocol, archived_at=None).count()
    return render(request, "compliance/protocol_archive.html", {"protocol": protocol, "used": used})


@requires(Permission.COMPLIANCE_EDIT)
@require_POST
def protocol_restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring an archived protocol back."""
    actions.restore_protocol(queries.get_protocol(pk))
    messages.success(request, _("Restored."))
    return redirect("compliance:protocol_detail", pk)
