"""The log book: list, one log with its evidence, its photos, and replacing a log that was wrong."""

from __future__ import annotations

import mimetypes
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.audit.queries import events_of
from apps.cleaning_logs import actions, queries
from apps.cleaning_logs.forms import SupersedeForm, initial_of
from apps.cleaning_logs.log_list import local, log_spec
from apps.cleaning_logs.models import CleaningLog, LogPhoto
from apps.cleaning_logs.moments import delay_in_words
from apps.compliance.corrective.views import opened_by
from apps.compliance.models import Result
from apps.compliance.steps import answer_in_words, limits_in_words
from apps.tenants.doors import requires
from apps.tenants.listing import build, csv_response
from apps.tenants.permissions import Permission, allowed


def result_status(log: CleaningLog) -> dict[str, str]:
    """Return a log's result as the status component reads it."""
    colour = "green" if log.result == Result.SATISFACTORY else "red"
    return {"colour": colour, "words": str(log.get_result_display())}


def _zone(request: HttpRequest) -> ZoneInfo:
    return ZoneInfo(request.organization.time_zone)  # type: ignore[attr-defined]


@require_safe
@requires(Permission.LOGS_VIEW)
def log_list(request: HttpRequest) -> HttpResponse:
    """List the logs, the newest first."""
    listing = build(log_spec(_zone(request)), request, queries.list_logs())
    for log in listing.rows:
        log.done_local = local(log, "performed_at")
        log.delay = delay_in_words(log.performed_at, log.recorded_at)
        log.status = result_status(log)
    return render(request, "cleaning_logs/log_list.html", listing.context())


@require_safe
@requires(Permission.EXPORT)
def log_export(request: HttpRequest) -> HttpResponseBase:
    """Download the logs that the list shows."""
    return csv_response(log_spec(_zone(request)), request, queries.list_logs())


@require_safe
@requires(Permission.LOGS_VIEW)
def log_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one log with its answers, limits, photos, corrections and trail."""
    log = queries.get_log(pk)
    photos = list(log.photos.all())
    chain = queries.chain_of(log)
    position = chain.index(log)
    context = {
        "log": log,
        "status": result_status(log),
        "facts": _facts(log),
        "answers": [_answer(answer, photos) for answer in log.answers],
        "photos": [_photo(photo, log) for photo in photos],
        "earlier": chain[position - 1] if position else None,
        "later": chain[position + 1] if position + 1 < len(chain) else None,
        "chain": [
            {
                "who": version.performer_name,
                "what": _("First log") if version.supersedes_id is None else _("Correction"),
                "note": version.supersede_reason,
                "when": local(version, "recorded_at"),
                "url": "" if version.pk == log.pk else reverse("cleaning_logs:log_detail", args=[version.pk]),
            }
            for version in reversed(chain)
        ]
        if len(chain) > 1
        else [],
        "may_supersede": queries.may_supersede(log) and position + 1 == len(chain),
        "opened": opened_by(log.completion_id),
        "entries": _trail(log) if allowed(Permission.AUDIT_VIEW) else None,
        "crumbs": [
            {"label": _("Logs"), "url": reverse("cleaning_logs:log_list")},
            {"label": str(log)},
        ],
    }
    return render(request, "cleaning_logs/log_detail.html", context)


def _facts(log: CleaningLog) -> list[dict[str, Any]]:
    delay = delay_in_words(log.performed_at, log.recorded_at)
    facts: list[dict[str, Any]] = [
        {"label": _("Done"), "when": local(log, "performed_at")},
        {"label": _("Recorded"), "when": local(log, "recorded_at"), "relative": delay},
        {"label": _("Who"), "value": log.performer_name},
        {"label": _("Known by"), "value": log.get_via_display()},
    ]
    url = reverse("facilities:facility_detail", args=[log.facility_id])
    facts.append({"label": _("Facility"), "value": log.facility.name, "url": url})
    if log.area:
        url = reverse("facilities:area_detail", args=[log.area_id])
        facts.append({"label": _("Area"), "value": log.area.path, "url": url})
    if log.equipment:
        url = reverse("equipment:equipment_detail", args=[log.equipment_id])
        facts.append({"label": _("Machine"), "value": log.equipment.name, "url": url})
    if log.requirement:
        url = reverse("compliance:requirement_detail", args=[log.requirement_id])
        facts.append({"label": _("Requirement"), "value": log.requirement.name, "url": url})
    if log.protocol_version:
        facts.append({"label": _("Protocol version"), "value": str(log.protocol_version.number)})
    if log.label:
        facts.append({"label": _("Label"), "value": log.label.code})
    return facts


def _answer(answer: dict[str, Any], photos: list[LogPhoto]) -> dict[str, Any]:
    ok = answer["ok"]
    words = {True: _("Right"), False: _("Not right")}.get(ok, "")
    return {
        "text": answer["text"],
        "answer": answer_in_words(answer),
        "limits": limits_in_words(answer),
        "status": {"colour": "green" if ok else "red", "words": words} if ok is not None else None,
        "colour": "red" if ok is False else "",
    }


def _photo(photo: LogPhoto, log: CleaningLog) -> dict[str, str]:
    caption = next((a["text"] for a in log.answers if a["key"] == photo.step), "")
    alt = _("Photo: %(what)s") % {"what": caption or log.subject_name}
    return {"url": reverse("cleaning_logs:log_photo", args=[photo.pk]), "alt": alt, "caption": caption}


def _trail(log: CleaningLog) -> list[dict[str, Any]]:
    zone = ZoneInfo(log.facility.time_zone)
    words = {"log.create": _("recorded this log"), "log.supersede": _("recorded this correction")}
    return [
        {"who": e.actor, "what": words.get(e.action, e.action), "note": e.reason, "when": e.at.astimezone(zone)}
        for e in events_of(log)
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.LOGS_CREATE)
def log_supersede(request: HttpRequest, pk: int) -> HttpResponse:
    """Replace a log by a corrected one."""
    log = queries.get_log(pk)
    if not queries.may_supersede(log):
        raise PermissionDenied
    later = queries.replacement_of(log)
    if later is not None and request.method != "POST":
        messages.info(request, _("This log was replaced already. This is the newer one."))
        return redirect("cleaning_logs:log_detail", pk=later.pk)
    zone = ZoneInfo(log.facility.time_zone)
    form = SupersedeForm(
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
        log=log,
        photos=list(log.photos.all()),
        zone=zone,
        initial=initial_of(log, zone),
    )
    if request.method == "POST":
        if form.is_valid():
            try:
                logged = actions.supersede_log(log, form.entry(), reason=form.cleaned_data["reason"])
            except ValidationError as error:
                form.take_errors(error)
            else:
                messages.success(request, _("Correction saved. The earlier log stays, marked as replaced."))
                return redirect("cleaning_logs:log_detail", pk=logged.log.pk)
        form.keep_photos()
    detail_url = reverse("cleaning_logs:log_detail", args=[log.pk])
    context = {
        "log": log,
        "form": form,
        "cancel_url": detail_url,
        "crumbs": [
            {"label": _("Logs"), "url": reverse("cleaning_logs:log_list")},
            {"label": str(log), "url": detail_url},
            {"label": _("Correct this log")},
        ],
    }
    return render(request, "cleaning_logs/log_supersede.html", context)


@require_safe
@requires(Permission.LOGS_VIEW)
def log_photo(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send a photo to somebody who may see its log; never from a public address."""
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
    # Should the bytes ever be something else than a picture, nothing in them may run.
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
