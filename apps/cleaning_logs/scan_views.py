"""The page behind a label: what this is, what is due, and the log in one tap. The product, for most people."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.cleaning_logs import actions, queries
from apps.cleaning_logs.forms import CodeForm, ScanForm
from apps.cleaning_logs.models import CleaningLog
from apps.cleaning_logs.moments import ago_in_words, delay_in_words
from apps.cleaning_logs.queries import Subject
from apps.cleaning_logs.scan_event import event_buttons
from apps.cleaning_logs.scanning import count_wrong_pin, open_to_all, resolve_label
from apps.compliance.corrective.views import opened_by
from apps.compliance.events.queries import triggers_by_requirement, unmet
from apps.compliance.models import ProtocolVersion, Requirement
from apps.compliance.queries import StatusRow, get_requirement, row_of
from apps.compliance.steps import answer_in_words, limits_in_words
from apps.equipment.codes import normalize_code
from apps.equipment.models import Label
from apps.tenants import limits
from apps.tenants.doors import requires, resolved_by
from apps.tenants.limits import Limit
from apps.tenants.models import LabelLogging
from apps.tenants.permissions import Permission, allowed
from apps.tenants.request_info import client_ip


@dataclass(frozen=True)
class Stand:
    """Where somebody stands: the label in front of them, and what it stands for. Without a label: on a page of it."""

    label: Label | None
    subject: Subject
    replaced: bool = False
    page_url: str = ""

    @property
    def code(self) -> str:
        """The code that was scanned; "" without a label."""
        return self.label.code if self.label else ""

    @property
    def scan_url(self) -> str:
        """The label's own page, or the page they came from."""
        return reverse("cleaning_logs:scan", args=[self.code]) if self.label else self.page_url


def stand_at(request: HttpRequest, code: str) -> Stand | HttpResponse:
    """Return where the person stands, or the page that says why there is nothing to log."""
    label = queries.get_label(normalize_code(code) or "")
    current = queries.successor_of(label)
    if current.revoked_at is not None:
        if limits.local.hit(f"revoked:{label.pk}:{client_ip(request)}", 1, 60).allowed:
            actions.record_dead_scan(label)
        return render(request, "cleaning_logs/scan_revoked.html", {"label": label}, status=410)
    subject = queries.subject_behind(current) or queries.subject_behind(label)
    if subject is None:
        return render(request, "cleaning_logs/scan_unclaimed.html", {"label": label, "claim_url": _claim_url(label)})
    return Stand(label, subject, replaced=current.pk != label.pk)


def _claim_url(label: Label) -> str:
    return reverse("equipment:label_claim", args=[label.pk]) if allowed(Permission.LABELS_PRINT) else ""


def context_of(request: HttpRequest, stand: Stand) -> dict[str, Any]:
    """What every page behind a label shows."""
    return {
        "stand": stand,
        "subject": stand.subject,
        "subject_kind": _kind(stand.subject),
        "subject_url": _detail_url(stand.subject) if request.membership else "",  # type: ignore[attr-defined]
        "can_log": allowed(Permission.LOGS_CREATE) and not stand.subject.closed,
        "by_label": request.membership is None,  # type: ignore[attr-defined]
    }


def _kind(subject: Subject) -> str:
    if subject.equipment is not None:
        return _("Machine")
    return _("Area") if subject.area is not None else _("Facility")


def _detail_url(subject: Subject) -> str:
    thing = subject.thing
    return reverse(f"{thing._meta.app_label}:{thing._meta.model_name}_detail", args=[thing.pk])


@require_safe
@resolved_by(open_to_all)
def scan_enter(request: HttpRequest) -> HttpResponse:
    """Take a code typed by hand to its page."""
    if "code" not in request.GET:
        return render(request, "cleaning_logs/scan_enter.html", {"form": CodeForm()})
    form = CodeForm(request.GET)
    if form.is_valid():
        return redirect("cleaning_logs:scan", code=form.cleaned_data["code"])
    return render(request, "cleaning_logs/scan_enter.html", {"form": form})


@require_safe
@resolved_by(resolve_label)
def scan(request: HttpRequest, code: str) -> HttpResponse:
    """Say what this is and what is due, the most urgent first."""
    stand = stand_at(request, code)
    if isinstance(stand, HttpResponse):
        return stand
    now = timezone.now()
    due = queries.due_first(stand.subject, now)
    events = triggers_by_requirement([row.requirement for row in due]) if allowed(Permission.LOGS_CREATE) else {}
    rows = [_due_row(stand, row, events.get(row.requirement.pk, [])) for row in due]
    last = queries.last_log(stand.subject)
    context = {
        **context_of(request, stand),
        "rows": rows,
        "any_open": any(row["start_url"] for row in rows),
        "free_url": reverse("cleaning_logs:scan_free", args=[stand.code]),
        "last": last,
        "last_when": last.performed_at.astimezone(stand.subject.zone) if last else None,
        "last_ago": ago_in_words(last.performed_at, now) if last else "",
    }
    return render(request, "cleaning_logs/scan.html", context)


def _due_row(stand: Stand, row: StatusRow, triggers: list[str]) -> dict[str, Any]:
    requirement = row.requirement
    start_url = ""
    if queries.is_loggable(requirement):
        start_url = reverse("cleaning_logs:scan_log", args=[stand.code, requirement.pk])
    return {
        "name": requirement.name,
        "status": {"colour": row.colour, "words": row.words},
        "urgent": row.colour in ("red", "amber"),
        "start_url": start_url,
        "events": event_buttons(stand.code, requirement.pk, triggers),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@resolved_by(resolve_label)
def scan_log(request: HttpRequest, code: str, requirement_id: int) -> HttpResponse:
    """Log the task of one requirement."""
    stand = stand_at(request, code)
    if isinstance(stand, HttpResponse):
        return stand
    requirement = get_requirement(requirement_id)
    if not stand.subject.is_of(requirement):
        raise Http404
    if stand.subject.closed or not queries.is_loggable(requirement):
        return redirect(stand.scan_url)
    return _log(request, stand, requirement)


@require_http_methods(["GET", "HEAD", "POST"])
@resolved_by(resolve_label)
def scan_free(request: HttpRequest, code: str) -> HttpResponse:
    """Log something that no requirement asks for."""
    stand = stand_at(request, code)
    if isinstance(stand, HttpResponse):
        return stand
    if stand.subject.closed:
        return redirect(stand.scan_url)
    return _log(request, stand, None)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.LOGS_CREATE)
def log_create(request: HttpRequest, requirement_id: int) -> HttpResponse:
    """Log the task of one requirement from its page, without a label at hand."""
    requirement = get_requirement(requirement_id)
    page_url = reverse("compliance:requirement_detail", args=[requirement.pk])
    stand = Stand(None, queries.subject_of(requirement), page_url=page_url)
    if stand.subject.closed or not queries.is_loggable(requirement):
        messages.warning(request, stand.subject.closed or _("This is proved by a document, not by a log."))
        return redirect(page_url)
    return _log(request, stand, requirement)


def _log(request: HttpRequest, stand: Stand, requirement: Requirement | None) -> HttpResponse:
    if not allowed(Permission.LOGS_CREATE):
        raise PermissionDenied
    organization, membership = request.organization, request.membership  # type: ignore[attr-defined]
    by_label = membership is None
    limit: Limit = getattr(request, "label_limit", Limit(True))
    refused = not limit.allowed
    sent = request.method == "POST" and not refused
    form = ScanForm(
        request.POST if sent else None,
        request.FILES if sent else None,
        # Over the limit nothing is read, let alone decoded; what was typed stands in the form again.
        initial=request.POST.dict() if refused else None,
        version=_version(request, requirement),
        zone=stand.subject.zone,
        free=requirement is None,
        ask_name=by_label,
        ask_pin=by_label and organization.label_logging == LabelLogging.PIN,
    )
    context = {
        **context_of(request, stand),
        "form": form,
        "requirement": requirement,
        "title": requirement.name if requirement else _("Log a cleaning"),
        "zone_now": timezone.now().astimezone(stand.subject.zone),
        "unmet": unmet(requirement) if requirement else [],
    }
    if refused:
        context["wait"] = limits.words(limit.retry_after)
        response = render(request, "cleaning_logs/scan_log.html", context, status=429)
        response["Retry-After"] = str(limit.retry_after)
        return response
    if request.method != "POST":
        return render(request, "cleaning_logs/scan_log.html", context)
    if form.is_valid():
        try:
            logged = actions.log_cleaning(
                stand.subject,
                form.entry(),
                organization=organization,
                membership=membership,
                requirement=requirement,
                label=stand.label,
                confirmed="log_again" in request.POST,
            )
        except actions.AlreadyLogged as question:
            context["similar"] = _similar(question.log, by_label=by_label)
        except ValidationError as error:
            form.take_errors(error)
            if actions.is_wrong_pin(error):
                count_wrong_pin(request, stand.code)
        else:
            return _saved(request, stand, logged)
    form.keep_photos()
    return render(request, "cleaning_logs/scan_log.html", context)


def _version(request: HttpRequest, requirement: Requirement | None) -> ProtocolVersion | None:
    """Return the version on the screen when the form was opened, else the one in force."""
    if requirement is None or requirement.protocol_id is None:
        return None
    versions = ProtocolVersion.objects.filter(protocol_id=requirement.protocol_id)
    stated = request.POST.get("version", "")
    if stated.isascii() and stated.isdigit() and len(stated) < 19:
        found: ProtocolVersion | None = versions.filter(pk=int(stated)).first()
        if found is not None:
            return found
    latest: ProtocolVersion | None = versions.order_by("-number").first()
    return latest


def _similar(log: CleaningLog, *, by_label: bool) -> str:
    ago = ago_in_words(log.performed_at, timezone.now())
    who = _("Somebody") if by_label else log.performer_name
    return _("%(who)s logged this %(ago)s.") % {"who": who, "ago": ago}


def _saved(request: HttpRequest, stand: Stand, logged: actions.Logged) -> HttpResponse:
    if not logged.created:
        if logged.same:
            messages.info(request, _("This was saved already. Nothing was stored twice."))
        else:
            messages.warning(
                request,
                _("This form was saved before with other entries. Those are kept; correct the log if they are wrong."),
            )
    if stand.label is None:
        if logged.created:
            messages.success(request, _("Saved."))
        return redirect("cleaning_logs:log_detail", logged.log.pk)
    return redirect("cleaning_logs:scan_done", code=stand.code, uuid=logged.log.uuid)


@require_safe
@resolved_by(resolve_label)
def scan_done(request: HttpRequest, code: str, uuid: uuids.UUID) -> HttpResponse:
    """Confirm what was saved, flag what was not right, and show the status as it is now."""
    stand = stand_at(request, code)
    if isinstance(stand, HttpResponse):
        return stand
    log = queries.get_log_at_label(uuid, queries.get_label(stand.code))
    row = row_of(log.requirement) if log.requirement else None
    context = {
        **context_of(request, stand),
        "log": log,
        "performed": log.performed_at.astimezone(stand.subject.zone),
        "delay": delay_in_words(log.performed_at, log.recorded_at),
        "failures": [
            {"text": a["text"], "answer": answer_in_words(a), "limits": limits_in_words(a)}
            for a in log.answers
            if a["ok"] is False
        ],
        "status": {"colour": row.colour, "words": row.words} if row else None,
        "photo_count": log.photos.count(),
        "may_supersede": queries.may_supersede(log),
        "opened": opened_by(log.completion_id),
    }
    return render(request, "cleaning_logs/scan_done.html", context)
