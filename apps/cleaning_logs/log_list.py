"""What the list of logs offers: columns, filters, orders, CSV."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from apps.cleaning_logs.models import CleaningLog
from apps.cleaning_logs.moments import delay_in_words
from apps.compliance.models import Result
from apps.compliance.steps import answer_in_words
from apps.equipment.models import Equipment
from apps.facilities.models import Area, Facility
from apps.tenants.keyset import Sort
from apps.tenants.listing import ChoiceFilter, Chosen, Column, ListSpec, ObjectFilter
from apps.tenants.models import Membership


class DayFilter(ChoiceFilter):
    """A filter by a day; ``condition`` maps the day in ISO form to rows. What is no day counts as absent."""

    def choose(self, raw: str, params: Mapping[str, str]) -> tuple[Chosen | None, forms.Field]:
        """Read the day."""
        try:
            day = datetime.date.fromisoformat(raw)
            # The edges of the calendar have no midnight in every zone.
            valid = 1900 <= day.year <= 9000 and raw == day.isoformat()
        except ValueError:
            valid = False
        field = forms.DateField(
            label=str(self.label),
            required=False,
            initial=raw if valid else None,
            widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        )
        if not valid or not callable(self.condition):
            return None, field
        return Chosen(self.condition(raw), date_format(day, "j M Y"), raw), field


def _midnight(raw: str, zone: ZoneInfo, days: int = 0) -> datetime.datetime:
    day = datetime.date.fromisoformat(raw) + datetime.timedelta(days=days)
    return datetime.datetime.combine(day, datetime.time(), tzinfo=zone)


def _decorate(logs: QuerySet[CleaningLog]) -> QuerySet[CleaningLog]:
    later = CleaningLog.objects.filter(supersedes=OuterRef("pk"))
    return logs.select_related("facility").annotate(is_replaced=Exists(later))


def local(log: CleaningLog, field: str) -> datetime.datetime:
    """Return an instant of a log on its facility's clock."""
    moment: datetime.datetime = getattr(log, field)
    return moment.astimezone(ZoneInfo(log.facility.time_zone))


def _stamp(log: CleaningLog, field: str) -> str:
    return local(log, field).isoformat(timespec="minutes")


def _answers(log: CleaningLog) -> str:
    return "; ".join(f"{a['text']}: {answer_in_words(a)}" for a in log.answers)


def _is_id(params: Mapping[str, str], key: str) -> bool:
    raw = params.get(key, "")
    return raw.isascii() and raw.isdigit() and len(raw) < 19


_WHICH: dict[str, Any] = {"current": Q(superseded_by=None), "replaced": Q(superseded_by__isnull=False)}


def log_spec(zone: ZoneInfo) -> ListSpec:
    """Return the list's offer; days are those of ``zone``, the organization's."""
    return ListSpec(
        name="cleaning-logs",
        columns=[
            Column(_("Task"), lambda log: log.task),
            Column(_("Of what"), lambda log: log.subject_name),
            Column(_("Facility"), lambda log: log.facility.name),
            Column(_("Done"), lambda log: _stamp(log, "performed_at"), sort="done"),
            Column(_("Recorded"), lambda log: _stamp(log, "recorded_at"), sort="recorded", on_page=False),
            Column(_("Delay"), lambda log: delay_in_words(log.performed_at, log.recorded_at), on_page=False),
            Column(_("Who"), lambda log: log.performer_name),
            Column(_("Known by"), lambda log: log.get_via_display(), on_page=False),
            Column(_("Result"), lambda log: log.get_result_display()),
            Column(_("Steps"), _answers, on_page=False),
            Column(_("Notes"), lambda log: log.notes, on_page=False),
            Column(_("Replaced"), lambda log: _("Yes") if log.is_replaced else "", on_page=False),
        ],
        sorts=[
            Sort("done", "performed_at", "instant", descending_first=True),
            Sort("recorded", "recorded_at", "instant", descending_first=True),
        ],
        filters=[
            ObjectFilter("facility", _("Facility"), "facility", lambda: Facility.objects.order_by("name")),
            ObjectFilter(
                "equipment",
                _("Machine"),
                "equipment",
                lambda: Equipment.objects.order_by("name"),
                within=lambda found, params: (
                    found.filter(facility_id=int(params["facility"])) if _is_id(params, "facility") else found
                ),
            ),
            # Named by links from an area's page only: a list of all areas would offer too much.
            ObjectFilter(
                "area",
                _("Area"),
                "area",
                lambda: Area.objects.order_by("path"),
                name_field="path",
                within=lambda found, params: found.filter(pk=int(params["area"])) if _is_id(params, "area") else None,
            ),
            ObjectFilter(
                "person",
                _("Person"),
                "performed_by",
                lambda: Membership.objects.order_by("user__name"),
                name_field="user__name",
                none_label=_("Without an account"),
            ),
            ChoiceFilter("result", _("Result"), list(Result.choices), "result"),
            ChoiceFilter(
                "which",
                _("Corrections"),
                [("current", _("Without replaced logs")), ("replaced", _("Replaced logs only"))],
                lambda which: _WHICH[which],
                any_label=_("All logs"),
            ),
            DayFilter("from", _("From"), (), lambda raw: Q(performed_at__gte=_midnight(raw, zone))),
            DayFilter("to", _("To"), (), lambda raw: Q(performed_at__lt=_midnight(raw, zone, 1))),
        ],
        search=("task", "subject_name", "performer_name", "notes"),
        search_label=_("Task, machine, person or note"),
        decorate=_decorate,
        csv_url_name="cleaning_logs:log_export",
    )
