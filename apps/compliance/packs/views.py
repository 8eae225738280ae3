"""Pages of the rule packs: what they hold, how far they cover each facility, what does not apply, upgrading."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from apps.compliance import schedule as pure
from apps.compliance.packs import actions, queries
from apps.compliance.packs.facts import QUESTIONS
from apps.compliance.packs.forms import NotApplicableForm, UpgradeForm
from apps.compliance.packs.loader import Duty, Pack, all_packs
from apps.compliance.packs.models import AppliedDuty
from apps.compliance.packs.plan import FACILITY, Decision, Row, plan
from apps.compliance.packs.upgrade import diff
from apps.compliance.packs.wording import warnings_in_words
from apps.compliance.steps import limits_in_words
from apps.facilities.models import Facility
from apps.facilities.queries import get_facility
from apps.tenants.action_forms import attempt
from apps.tenants.doors import requires
from apps.tenants.permissions import Permission, allowed
from apps.tenants.scope import require

PAGE = 50


def crumbs(pack: Pack | None = None) -> list[dict[str, str]]:
    """Return the way to a pack's pages."""
    found = [{"label": _("Rule packs"), "url": reverse("compliance:pack_list")}]
    if pack is not None:
        found.append({"label": pack.title, "url": reverse("compliance:pack_detail", args=[pack.id])})
    return found


def subject_words(duty: Duty) -> str:
    """Say what a duty stands on."""
    words = {
        "facility": _("Facility"),
        "area": _("Area"),
        "equipment": _("Equipment"),
        "organisation": _("Organization, on its head office"),
        "tenancy": _("Tenancy, on the facility"),
    }
    return words[duty.subject]


def duty_facts(duty: Duty) -> dict[str, Any]:
    """Return a duty as a page shows it: when, warning, limits, and what decides."""
    variants = duty.variants
    schedule = duty.schedule(variants[0] if variants else "")
    return {
        "duty": duty,
        "on": subject_words(duty),
        "schedules": [(name, duty.schedule(name).describe()) for name in variants] or [("", schedule.describe())],
        "decided_by": QUESTIONS[duty.variant_by].label if duty.variant_by else "",
        "warning": warnings_in_words(schedule),
        "limits": [(limit["text"], limits_in_words(limit), limit.get("source", "")) for limit in duty.limits],
        "evidence": [item["text"] for item in duty.evidence],
        "event": schedule.mode in (pure.Mode.EVENT, pure.Mode.PER_USE),
    }


@requires(Permission.COMPLIANCE_VIEW)
@require_GET
def pack_list(request: HttpRequest) -> HttpResponse:
    """List the shipped packs, what was applied of each, and whether a newer version is there."""
    uses = queries.uses()
    return render(
        request,
        "compliance/pack_list.html",
        {
            "rows": [{"pack": pack, "use": uses[pack.id], "duties": len(pack.duties)} for pack in all_packs().values()],
            "columns": [
                {"label": _("Rule pack")},
                {"label": _("Duties"), "number": True},
                {"label": _("Country")},
                {"label": _("Applied to")},
                {"label": _("Next step"), "hidden": True},
            ],
            "can_edit": allowed(Permission.COMPLIANCE_EDIT),
        },
    )


@requires(Permission.COMPLIANCE_VIEW)
@require_GET
def pack_detail(request: HttpRequest, pack_id: str) -> HttpResponse:
    """Show a pack: where it is applied and what is not covered there, red first; then every duty with its sources."""
    pack = queries.get_pack(pack_id)
    applied = queries.applied_facilities(pack)
    page = request.GET.get("page", "1")
    number = int(page) if page.isdigit() and 0 < len(page) < 6 else 1
    total = applied.count()
    shown = list(applied[(max(number, 1) - 1) * PAGE : max(number, 1) * PAGE])
    covered = queries.coverage(pack, shown) if shown else {}
    rows = [_facility_row(pack, row.facility, covered[row.facility_id]) for row in shown]
    rows.sort(key=lambda row: (-len(row["gaps"]), row["facility"].name))
    needs_head = total and any(d.subject == "organisation" for d in pack.duties) and require().all_facilities
    return render(
        request,
        "compliance/pack_detail.html",
        {
            "pack": pack,
            "rows": rows,
            "total": total,
            "previous_url": f"?page={number - 1}" if number > 1 else "",
            "next_url": f"?page={number + 1}" if total > number * PAGE else "",
            "columns": [{"label": _("Facility")}, {"label": _("Covered")}, {"label": _("Not covered")}],
            "duties": [duty_facts(duty) for duty in pack.duties],
            "outdated": queries.outdated(pack).count() if total else 0,
            "no_head": bool(needs_head) and queries.head_office(pack) is None,
            "can_edit": allowed(Permission.COMPLIANCE_EDIT),
            "crumbs": [crumbs()[0], {"label": pack.title}],
        },
    )


def _facility_row(pack: Pack, facility: Facility, rows: Sequence[Row]) -> dict[str, Any]:
    gaps = list(dict.fromkeys(row.duty.name for row in rows if row.is_gap))
    count = sum(row.is_gap for row in rows)
    standing = sum(row.decision is Decision.EXISTS for row in rows)
    words = ngettext("%(n)s not covered", "%(n)s not covered", count) % {"n": count} if count else _("Covered")
    return {
        "facility": facility,
        "url": reverse("compliance:pack_facility", args=[pack.id, facility.pk]),
        "gaps": gaps[:3],
        "more": max(0, len(gaps) - 3),
        "standing": standing,
        "status": {"colour": "red" if count else "green", "words": words},
    }


@requires(Permission.COMPLIANCE_VIEW)
@require_GET
def pack_facility(request: HttpRequest, pack_id: str, pk: int) -> HttpResponse:
    """Show how every duty of a pack stands at one facility: not covered first, then covered, then not applicable."""
    pack, facility = queries.get_pack(pack_id), get_facility(pk)
    applied = queries.applied_facilities(pack).filter(facility=facility).first()
    rows = queries.coverage(pack, [applied])[facility.pk] if applied else []
    can_edit = allowed(Permission.COMPLIANCE_EDIT)
    gaps = [_duty_row(row) for row in rows if row.is_gap]
    chosen = f"facility={facility.pk}"
    return render(
        request,
        "compliance/pack_facility.html",
        {
            "pack": pack,
            "facility": facility,
            "applied": applied,
            "gaps": gaps,
            "standing": [_duty_row(row) for row in rows if row.decision is Decision.EXISTS],
            "others": [_duty_row(row) for row in rows if not row.is_gap and row.decision is not Decision.EXISTS],
            "columns": [
                {"label": _("Duty")},
                {"label": _("Status")},
                {"label": _("Why")},
                {"label": _("Next step"), "hidden": True},
            ],
            "can_edit": can_edit,
            "apply_url": f"{reverse('compliance:pack_facts', args=[pack.id])}?{chosen}",
            "crumbs": [*crumbs(pack), {"label": facility.name}],
        },
    )


def _duty_row(row: Row) -> dict[str, Any]:
    words = {
        Decision.CREATE: ("red", _("Not covered")),
        Decision.RESTORE: ("red", _("Not covered: archived")),
        Decision.NOT_ANSWERED: ("red", _("Not answered yet")),
        Decision.REVIEW_DUE: ("red", _("Review due")),
        Decision.EXISTS: ("green", _("Covered")),
        Decision.EXEMPT: (None, _("Not applicable")),
        Decision.DOES_NOT_APPLY: (None, _("Does not apply")),
        Decision.NO_SUBJECT: (None, _("Nothing of this kind yet")),
    }[row.decision]
    return {"row": row, "duty": row.duty, "status": {"colour": words[0], "words": words[1]}}


def _open_subjects(pack: Pack, duty: Duty, facility: Facility) -> dict[str, str]:
    """Return the areas or machines of a facility that the duty is about and that nothing covers, by key."""
    if duty.place == FACILITY:
        return {}
    world = queries.world(pack, [facility])
    rows = plan(pack, world, now=timezone.now())
    return {
        row.subject.key: row.subject.name for row in rows if row.duty is duty and row.subject is not None and row.is_gap
    }


@requires(Permission.COMPLIANCE_EDIT)
@require_http_methods(["GET", "POST"])
def not_applicable_create(request: HttpRequest, pack_id: str, pk: int, duty_id: str) -> HttpResponse:
    """State that a duty does not apply here: the reason, and the day on which that is looked at again."""
    pack, facility = queries.get_pack(pack_id), get_facility(pk)
    duty = queries.get_duty(pack, duty_id)
    if facility.archived_at is not None:
        raise Http404
    today = timezone.now().astimezone(ZoneInfo(facility.time_zone)).date()
    subjects = _open_subjects(pack, duty, facility)
    form = NotApplicableForm(subjects, request.POST if request.method == "POST" else None)

    def state() -> Any:
        chosen = {key: subjects[key] for key in form.cleaned_data.get("subjects", [])}
        return actions.state_not_applicable(
            pack,
            duty,
            facility,
            reason=form.cleaned_data["reason"],
            review_on=form.cleaned_data["review_on"],
            subjects=chosen or None,
            today=today,
        )

    done, _made = attempt(form, state)
    back = reverse("compliance:pack_facility", args=[pack.id, facility.pk])
    if done:
        messages.success(request, _("Kept as not applicable. It comes back for review on the day you gave."))
        return redirect(back)
    return render(
        request,
        "compliance/not_applicable_create.html",
        {
            "pack": pack,
            "facility": facility,
            "duty": duty,
            "form": form,
            "cancel_url": back,
            "crumbs": [*crumbs(pack), {"label": facility.name, "url": back}, {"label": _("Not applicable")}],
        },
        status=400 if request.method == "POST" else 200,
    )


@requires(Permission.COMPLIANCE_EDIT)
@require_http_methods(["GET", "POST"])
def not_applicable_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back that a duty does not apply."""
    statement = queries.get_not_applicable(pk)
    back = reverse("compliance:pack_facility", args=[statement.pack, statement.facility_id])
    if request.method == "POST":
        actions.end_not_applicable(statement)
        messages.success(request, _("It applies again. Apply the rule pack to add the requirement."))
        return redirect(back)
    return render(request, "compliance/not_applicable_end.html", {"statement": statement, "back": back})


@requires(Permission.COMPLIANCE_EDIT)
@require_http_methods(["GET", "POST"])
def pack_upgrade(request: HttpRequest, pack_id: str) -> HttpResponse:
    """Show what the shipped version changes on requirements that an older one made; POST takes the ticked ones."""
    pack = queries.get_pack(pack_id)
    rows = list(queries.outdated(pack))
    found = diff(pack, rows)
    now = timezone.now()
    first = min((now.astimezone(ZoneInfo(r.requirement.facility.time_zone)).date() for r in rows), default=now.date())
    form = UpgradeForm(first, request.POST if request.method == "POST" else None)
    ticked = set(request.POST.getlist("take"))
    if request.method == "POST" and form.is_valid():
        chosen = [upgrade.row for upgrade in found.upgrades if str(upgrade.row.pk) in ticked]
        if unknown := ticked - {str(upgrade.row.pk) for upgrade in found.upgrades}:
            _refuse_strangers(unknown)
        try:
            number = actions.upgrade_duties(
                pack, [row.pk for row in chosen], effective_at=_moments(form.cleaned_data["effective_on"], rows)
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            said = ngettext("%(n)s requirement brought", "%(n)s requirements brought", number) % {"n": number}
            messages.success(request, _("%(said)s to version %(version)s.") % {"said": said, "version": pack.version})
            return redirect("compliance:pack_detail", pack.id)
    return render(
        request,
        "compliance/pack_upgrade.html",
        {
            "pack": pack,
            "form": form,
            "diff": found,
            "rows": [
                {
                    "upgrade": upgrade,
                    "ticked": str(upgrade.row.pk) in ticked if request.method == "POST" else not upgrade.edited,
                }
                for upgrade in found.upgrades
            ],
            "nothing": not rows,
            "crumbs": [*crumbs(pack), {"label": _("Upgrade")}],
        },
        status=400 if request.method == "POST" else 200,
    )


def _refuse_strangers(ids: set[str]) -> None:
    """What the scope does not see does not exist; what somebody else brought up meanwhile is passed over."""
    numbers = {int(value) for value in ids if value.isdigit() and len(value) < 19}
    if len(numbers) != len(ids) or AppliedDuty.objects.filter(pk__in=numbers).count() != len(numbers):
        raise Http404


def _moments(day: datetime.date | None, rows: Sequence[Any]) -> dict[int, datetime.datetime] | None:
    """Return when a local day begins, facility by facility; a day that has begun already counts from now."""
    if day is None:
        return None
    now = timezone.now()
    return {row.facility_id: max(now, pure.wall(day, 0, ZoneInfo(row.requirement.facility.time_zone))) for row in rows}
