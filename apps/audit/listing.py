"""What the list of events shows: columns, filters, search and CSV."""

from __future__ import annotations

import datetime
import json
import re
import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django import forms
from django.db.models import Q
from django.http import HttpRequest
from django.utils.dateparse import parse_date
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.audit.queries import seen
from apps.audit.words import action_words, object_type_words, role_words
from apps.tenants.keyset import BIGGEST, Sort
from apps.tenants.listing import ChoiceFilter, Chosen, Column, ListSpec

_NAME = re.compile(r"[a-z_]+(?:\.[a-z_]+)*")


@dataclass(frozen=True)
class DayFilter:
    """Events from a day on, or until its end, in the organization's time zone."""

    key: str
    label: str | Promise
    zone: zoneinfo.ZoneInfo
    until: bool = False

    def choose(self, raw: str, params: Mapping[str, str]) -> tuple[Chosen | None, forms.Field]:
        """Read a date such as 2026-06-10; anything else counts as absent."""
        try:
            day = parse_date(raw)
        except ValueError:
            day = None
        widget = forms.DateInput(attrs={"type": "date"})
        field = forms.CharField(label=str(self.label), required=False, initial=str(day or ""), widget=widget)
        if day is None or not 2000 <= day.year < 3000:
            return None, field
        first = day + datetime.timedelta(days=1) if self.until else day
        instant = datetime.datetime.combine(first, datetime.time(), tzinfo=self.zone)
        condition = Q(at__lt=instant) if self.until else Q(at__gte=instant)
        return Chosen(condition, day.isoformat(), day.isoformat()), field


@dataclass(frozen=True)
class ObjectNumberFilter:
    """Events of one object, by its number; reached by the links on objects' pages, so it offers no field."""

    key: str
    label: str | Promise

    def choose(self, raw: str, params: Mapping[str, str]) -> tuple[Chosen | None, forms.Field | None]:
        """Read the number."""
        if not (raw.isascii() and raw.isdigit() and int(raw) <= BIGGEST):
            return None, None
        field = forms.CharField(initial=raw, widget=forms.HiddenInput)
        return Chosen(Q(object_id=int(raw)), str(_("no. %s")) % raw, raw), field


def _choices(values: Iterable[str], asked: str) -> list[str]:
    """Return the values to offer; one that the address asks for counts too, however old its events are."""
    known = set(values)
    return sorted(known | {asked}) if _NAME.fullmatch(asked) else sorted(known)


def event_list_spec(request: HttpRequest, zone: zoneinfo.ZoneInfo) -> ListSpec:
    """Return the list for this request: its choices are what the reader's latest events hold."""
    found = seen()
    actions = _choices(found.actions, request.GET.get("action", ""))
    types = _choices(found.object_types, request.GET.get("type", ""))
    return ListSpec(
        name="audit-events",
        columns=[
            Column(_("When"), lambda e: e.at.astimezone(zone), sort="at"),
            Column(_("Who"), lambda e: e.actor),
            Column(_("Role"), lambda e: role_words(e.role), on_page=False),
            Column(_("Action"), lambda e: e.action),
            Column(_("Object type"), lambda e: e.object_type, on_page=False),
            Column(_("Object id"), lambda e: e.object_id, on_page=False),
            Column(_("Object"), lambda e: e.object_name),
            Column(_("Changes"), lambda e: json.dumps(e.changes, ensure_ascii=False, sort_keys=True), on_page=False),
            Column(_("Reason"), lambda e: e.reason, on_page=False),
            Column(_("Address"), lambda e: e.ip, on_page=False),
            Column(_("Request id"), lambda e: e.request_id, on_page=False),
        ],
        # The id follows the order of writing, and the index.
        sorts=[Sort("at", "id", kind="integer", descending_first=True)],
        filters=[
            ChoiceFilter("action", _("Action"), [(a, action_words(a)) for a in actions], "action"),
            ChoiceFilter("type", _("Object type"), [(t, object_type_words(t)) for t in types], "object_type"),
            ChoiceFilter("person", _("Person"), [(str(pk), name) for pk, name in found.people], "actor_id"),
            DayFilter("from", _("From"), zone),  # type: ignore[list-item]
            DayFilter("until", _("To"), zone, until=True),  # type: ignore[list-item]
            ObjectNumberFilter("object", _("Object")),  # type: ignore[list-item]
        ],
        search=["object_name", "actor", "reason"],
        search_label=_("Search by object, person or reason"),
        csv_url_name="audit:event_export",
        page_size=50,
    )
