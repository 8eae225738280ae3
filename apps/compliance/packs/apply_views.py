"""Applying a rule pack: choose facilities, answer what decides, see what will be made, confirm.

The address carries the choice, so each step can be gone back to, and looking changes nothing.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from apps.compliance.packs import actions, queries
from apps.compliance.packs.facts import QUESTIONS
from apps.compliance.packs.forms import FactsForm, HeadOfficeForm
from apps.compliance.packs.loader import Duty, Pack
from apps.compliance.packs.plan import EVERY, MATCHING, Outlook, Place, Row, Subject, World, outlook, plan, selectors
from apps.compliance.packs.views import crumbs, duty_facts
from apps.facilities.models import Facility
from apps.tenants.doors import requires
from apps.tenants.permissions import Permission
from apps.tenants.scope import require

FACILITY_ROWS = 50
FACTS_ROWS = 30
# With more, one tick stands for a duty at all facilities.
SINGLE_ROWS = 400


@dataclass(frozen=True)
class Choice:
    """The facilities that an address names, and the rest of it."""

    facilities: list[Facility]
    query: str
    everything: bool
    search: str


def read_choice(request: HttpRequest) -> Choice:
    """Return the facilities that the address chooses: named ones, or all that a search finds. Raises Http404."""
    search = request.GET.get("q", "").strip()[:200]
    if request.GET.get("all") == "1":
        found = list(queries.facilities_to_choose(search))
        return Choice(found, urlencode({"all": "1", "q": search}), True, search)
    ids = []
    for value in request.GET.getlist("facility"):
        if not value.isdigit() or len(value) > 18:
            raise Http404
        ids.append(int(value))
    found = queries.get_facilities(ids)
    return Choice(found, urlencode([("facility", facility.pk) for facility in found]), False, search)


@requires(Permission.COMPLIANCE_EDIT)
@require_GET
def pack_apply(request: HttpRequest, pack_id: str) -> HttpResponse:
    """First step: choose the facilities."""
    pack = queries.get_pack(pack_id)
    choice = read_choice(request)
    ticked = {facility.pk for facility in choice.facilities} if not choice.everything else set()
    found = queries.facilities_to_choose(choice.search)
    shown = list(found[: FACILITY_ROWS + 1])
    applied = set(queries.applied_facilities(pack).values_list("facility_id", flat=True))
    return render(
        request,
        "compliance/pack_apply.html",
        {
            "pack": pack,
            "search": choice.search,
            "rows": [
                {"facility": facility, "ticked": facility.pk in ticked, "applied": facility.pk in applied}
                for facility in shown[:FACILITY_ROWS]
            ],
            "more": len(shown) > FACILITY_ROWS,
            "total": found.count() if len(shown) > FACILITY_ROWS else len(shown),
            "kept": [f for f in choice.facilities if ticked and f.pk not in {s.pk for s in shown[:FACILITY_ROWS]}],
            "none_chosen": request.GET.get("none") == "1",
            "crumbs": [*crumbs(pack), {"label": _("Apply")}],
        },
    )


def _facts_wanted(pack: Pack) -> list[str]:
    asked = {name for duty in pack.duties for name in duty.asks}
    return [name for name in QUESTIONS if name in asked]


def _needs(pack: Pack, place: Place, wanted: Sequence[str]) -> list[str]:
    """Return what is not answered and would decide something at a place, given what is known there."""
    if pack.country and place.country and place.country != pack.country:
        return []
    return [name for name in wanted if name not in place.answers]


@requires(Permission.COMPLIANCE_EDIT)
@require_http_methods(["GET", "POST"])
def pack_facts(request: HttpRequest, pack_id: str) -> HttpResponse:
    """Second step: answer what decides which duties apply, once for all chosen facilities or one by one."""
    pack = queries.get_pack(pack_id)
    choice = read_choice(request)
    if not choice.facilities:
        return redirect(f"{reverse('compliance:pack_apply', args=[pack.id])}?none=1")
    wanted = _facts_wanted(pack)
    places = {place.id: place for place in queries.world(pack, choice.facilities).places}
    asked = [(f, needs) for f in choice.facilities if (needs := _needs(pack, places[f.pk], wanted))]
    onward = f"{reverse('compliance:pack_preview', args=[pack.id])}?{choice.query}"
    if not asked:
        return redirect(onward)
    data = request.POST if request.method == "POST" else None
    shared = FactsForm([n for n in wanted if any(n in needs for _f, needs in asked)], data, prefix="all")
    one_by_one = (
        [] if len(asked) == 1 else [FactsForm(needs, data, prefix=f"f{f.pk}") for f, needs in asked[:FACTS_ROWS]]
    )
    # Every form says what is wrong with it, not only the first.
    valid = [form.is_valid() for form in (shared, *one_by_one)]
    if request.method == "POST" and all(valid):
        own = {f.pk: form.answers() for (f, _n), form in zip(asked, one_by_one, strict=False)}
        with transaction.atomic():
            for facility, needs in asked:
                answers = {n: v for n, v in shared.answers().items() if n in needs} | own.get(facility.pk, {})
                if answers:
                    actions.answer_facts(facility, answers)
        return redirect(onward)
    return render(
        request,
        "compliance/pack_facts.html",
        {
            "pack": pack,
            "form": shared,
            "single": asked[0][0] if len(asked) == 1 else None,
            "one_by_one": [{"facility": f, "form": form} for (f, _n), form in zip(asked, one_by_one, strict=False)],
            "unlisted": max(0, len(asked) - FACTS_ROWS),
            "extra_errors": [
                {"url": f"#{form[name].auto_id}", "message": f"{form[name].label}: {error}"}
                for form in one_by_one
                for name, errors in form.errors.items()
                for error in errors
            ],
            "preview_url": onward,
            "back_url": f"{reverse('compliance:pack_apply', args=[pack.id])}?{choice.query}",
            "crumbs": [*crumbs(pack), {"label": _("Apply")}],
        },
        status=400 if request.method == "POST" else 200,
    )


def _where(request: HttpRequest, pack: Pack) -> dict[str, frozenset[str]]:
    """Return what was chosen as "where" for each duty on areas or machines; nothing chosen yet: what matches."""
    if request.GET.get("where") != "1":
        return {}
    return {
        duty.id: frozenset(request.GET.getlist(f"on-{duty.id}")) for duty in pack.duties if duty.place != "facility"
    }


def _offers(duty: Duty, subjects: Sequence[Subject], chosen: frozenset[str]) -> list[dict[str, Any]]:
    """Return the choices of "where" for a duty, with how many subjects each takes in."""
    counts: dict[str, int] = {MATCHING: 0, EVERY: 0}
    for subject in subjects:
        if subject.place == duty.place:
            for name in selectors(duty, subject):
                counts[name] = counts.get(name, 0) + 1
    offers = []
    for name in [MATCHING, EVERY, *sorted(set(counts) - {MATCHING, EVERY})]:
        what, _colon, value = name.partition(":")
        words = {
            MATCHING: _("what fits this duty"),
            EVERY: _("every area") if duty.place == "area" else _("every machine"),
            "kind": value,
            "risk": value,
            "category": _("category %(name)s") % {"name": value},
        }[what]
        if counts[name]:
            offers.append({"value": name, "label": words, "count": counts[name], "ticked": name in chosen})
    return offers


class _Outlooks:
    """How a new requirement would stand: worked out once for each duty, variant and time zone."""

    def __init__(self, now: datetime.datetime) -> None:
        self.now = now
        self.known: dict[tuple[str, str, str], Outlook] = {}

    def of(self, row: Row) -> Outlook:
        key = (row.duty.id, row.variant, str(row.place.zone))
        if key not in self.known:
            self.known[key] = outlook(row.duty, row.variant, row.place.zone, self.now)
        return self.known[key]


def _head(request: HttpRequest, pack: Pack, choice: Choice) -> tuple[HeadOfficeForm | None, Facility | None, str]:
    """Return the form that asks for the head office, the one chosen, and the one that carries the duties already."""
    if not any(duty.subject == "organisation" for duty in pack.duties) or not require().all_facilities:
        return None, None, ""
    known = queries.head_office(pack)
    if known is not None:
        carrier = next((f for f in choice.facilities if f.pk == known), None)
        return None, carrier, carrier.name if carrier else Facility.objects.values_list("name", flat=True).get(pk=known)
    value = request.GET.get("head", "")
    if value and (not value.isdigit() or int(value) not in {f.pk for f in choice.facilities}):
        raise Http404
    form = HeadOfficeForm(choice.facilities, initial={"head": value})
    return form, next((f for f in choice.facilities if str(f.pk) == value), None), ""


@requires(Permission.COMPLIANCE_EDIT)
@require_http_methods(["GET", "POST"])
def pack_preview(request: HttpRequest, pack_id: str) -> HttpResponse:
    """Last step: everything that will be created and what will not, each with the reason; POST creates it."""
    pack = queries.get_pack(pack_id)
    choice = read_choice(request)
    if not choice.facilities:
        return redirect(f"{reverse('compliance:pack_apply', args=[pack.id])}?none=1")
    now = timezone.now()
    world = queries.world(pack, choice.facilities)
    head_form, head, carrier = _head(request, pack, choice)
    where = _where(request, pack)
    rows = plan(pack, world, now=now, head_office=head.pk if head else None, where=where)
    takes = [row for row in rows if row.takes]
    single = len(takes) <= SINGLE_ROWS
    problem = ""
    if request.method == "POST":
        ticked = set(request.POST.getlist("take"))
        _refuse_strangers(ticked, choice)
        wanted = [row for row in takes if (row.key if single else row.duty.id) in ticked]
        try:
            done = actions.apply_pack(pack, choice.facilities, wanted, head_office=head, now=now)
        except ValidationError as error:
            problem = " ".join(error.messages)
        else:
            messages.success(request, _said(done))
            return redirect("compliance:pack_detail", pack.id)
    context = {
        "pack": pack,
        "chosen": choice.facilities,
        "takes": len(takes),
        "too_many": len(takes) > actions.MOST,
        "most": actions.MOST,
        "problem": problem,
        "head_form": head_form,
        "head_carrier": carrier,
        "organisation_left_out": any(d.subject == "organisation" for d in pack.duties) and head is None and not carrier,
        "hidden": _pairs(choice),
        "where_rows": _where_rows(pack, world, where),
        "action_url": request.get_full_path(),
        "facts_url": f"{reverse('compliance:pack_facts', args=[pack.id])}?{choice.query}",
        "back_url": f"{reverse('compliance:pack_apply', args=[pack.id])}?{choice.query}",
        "crumbs": [*crumbs(pack), {"label": _("Apply")}],
    }
    outlooks = _Outlooks(now)
    if single:
        context["places"] = _by_place(rows, outlooks, request)
    else:
        context["duty_rows"] = _by_duty(pack, rows, outlooks)
    return render(request, "compliance/pack_preview.html", context, status=400 if problem else 200)


def _refuse_strangers(ticked: set[str], choice: Choice) -> None:
    """A row of a facility that was not chosen was not on the page."""
    ids = {str(facility.pk) for facility in choice.facilities}
    if any("|" in key and key.split("|")[1] not in ids for key in ticked):
        raise Http404


def _pairs(choice: Choice) -> list[tuple[str, str]]:
    if choice.everything:
        return [("all", "1"), ("q", choice.search)]
    return [("facility", str(facility.pk)) for facility in choice.facilities]


def _said(done: actions.Applied) -> str:
    if not done.created and not done.restored:
        return _("Nothing was missing: no requirement was added.")
    said = ngettext("%(n)s requirement added.", "%(n)s requirements added.", done.created) % {"n": done.created}
    if done.restored:
        back = ngettext("%(n)s brought back.", "%(n)s brought back.", done.restored) % {"n": done.restored}
        said = f"{said} {back}"
    return said


def _where_rows(pack: Pack, world: World, where: dict[str, frozenset[str]]) -> list[dict[str, Any]]:
    rows = []
    for duty in pack.duties:
        if duty.place != "facility":
            offers = _offers(duty, world.subjects, where.get(duty.id, frozenset({MATCHING})))
            goes = ", ".join(f"{offer['label']}: {offer['count']}" for offer in offers if offer["ticked"])
            rows.append({"duty": duty, "name": f"on-{duty.id}", "offers": offers, "goes": goes or _("nowhere")})
    return rows


def _shown(row: Row, outlooks: _Outlooks, ticked: set[str] | None) -> dict[str, Any]:
    shown: dict[str, Any] = {"row": row, "duty": row.duty}
    if row.takes:
        seen = outlooks.of(row)
        shown.update(
            ticked=ticked is None or row.key in ticked,
            schedule=seen.schedule,
            first_due=seen.first_due,
            missing=row.duty.missing_is_red,
            status={"colour": seen.colour, "words": seen.words},
        )
    return shown


def _by_place(rows: Sequence[Row], outlooks: _Outlooks, request: HttpRequest) -> list[dict[str, Any]]:
    """Return the preview facility by facility: what will be made, and what will not."""
    ticked = set(request.POST.getlist("take")) if request.method == "POST" else None
    places: dict[int, dict[str, Any]] = {}
    for row in rows:
        place = places.setdefault(row.place.id, {"place": row.place, "takes": [], "others": []})
        place["takes" if row.takes else "others"].append(_shown(row, outlooks, ticked))
    return list(places.values())


def _by_duty(pack: Pack, rows: Sequence[Row], outlooks: _Outlooks) -> list[dict[str, Any]]:
    """Return the preview duty by duty, for more rows than anybody would read."""
    shown = []
    for duty in pack.duties:
        own = [row for row in rows if row.duty is duty]
        takes = [row for row in own if row.takes]
        if not own:
            continue
        reasons: dict[str, int] = {}
        for row in own:
            if not row.takes:
                reasons[row.reason] = reasons.get(row.reason, 0) + 1
        schedules = list(dict.fromkeys(outlooks.of(row).schedule for row in takes))
        shown.append(
            {
                "duty": duty,
                "count": len(takes),
                "schedules": schedules[:4],
                "status": _first_status(takes, outlooks),
                "others": sorted(reasons.items(), key=lambda pair: -pair[1])[:4],
                "facts": duty_facts(duty),
            }
        )
    return shown


def _first_status(takes: Sequence[Row], outlooks: _Outlooks) -> dict[str, str] | None:
    if not takes:
        return None
    seen = outlooks.of(takes[0])
    return {"colour": seen.colour, "words": seen.words}
