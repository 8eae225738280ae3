"""Pages about a past moment: reading it from the address, saying so on the page, keeping it in the links."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from apps.compliance import moment as moments
from apps.compliance.forms import AsOfForm
from apps.compliance.moment import Moment


def zone_of(request: HttpRequest) -> ZoneInfo:
    """Return the organization's time zone: the clock of pages over several facilities."""
    return ZoneInfo(request.organization.time_zone)  # type: ignore[attr-defined]


def moment_of(request: HttpRequest) -> Moment:
    """Return the moment that the address asks about."""
    return moments.read(request.GET, zone_of(request))


def as_of(request: HttpRequest, moment: Moment) -> dict[str, Any]:
    """What templates/compliance/_as_of.html shows: the form, and the banner of a page about the past."""
    zone = zone_of(request)
    return {
        "moment": moment,
        "as_of": None if moment.is_now else moment.at.astimezone(zone),
        "known_as_of": moment.known_at.astimezone(zone) if moment.known_at else None,
        "as_of_form": AsOfForm(initial={"at": request.GET.get("at", ""), "known_at": request.GET.get("known_at", "")}),
        "as_of_kept": [(k, v) for k, v in request.GET.items() if k not in ("at", "known_at", "after", "before")],
    }


def list_url(request: HttpRequest, **filters: str) -> str:
    """The list of requirements with these filters, at the moment that this page is about."""
    kept = {key: value for key in ("at", "known_at") if (value := request.GET.get(key))}
    query = urlencode({**filters, **kept})
    return reverse("compliance:requirement_list") + (f"?{query}" if query else "")
