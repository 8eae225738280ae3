"""Pages of labels: make, claim, replace, revoke, print."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.audit.history import history_of
from apps.equipment import label_actions as actions
from apps.equipment.codes import spell
from apps.equipment.forms import RevokeForm, SheetForm, UnclaimedForm
from apps.equipment.label_sheets import LAYOUTS, LabelError, LabelFace, render_pdf
from apps.equipment.lists import LABELS, STATE_WORDS, label_state
from apps.equipment.models import Label
from apps.equipment.queries import get_equipment, get_label, label_url, labels_by_id, list_labels
from apps.equipment.subjects import find_subjects, missing_subjects, parse_subject, subject_url, unlabelled_count
from apps.equipment.views import write
from apps.facilities.forms import ConfirmForm
from apps.facilities.queries import get_area, get_facility
from apps.tenants.action_forms import attempt, posted
from apps.tenants.doors import requires
from apps.tenants.listing import build, csv_response
from apps.tenants.permissions import Permission, demand
from apps.tenants.queries import get_organization
from apps.tenants.scope import require

MAX_SHEET = 1_000
_RANGE = re.compile(r"(\d{1,18})(?:-(\d{1,18}))?")


def crumbs(*steps: tuple[Any, str]) -> list[dict[str, Any]]:
    """Return the way down to a page, the list of labels first."""
    first = {"label": _("Labels"), "url": reverse("equipment:label_list")}
    return [first, *({"label": label, "url": url} for label, url in steps)]


def detail_url(label: Label) -> str:
    """Return the address of a label's page."""
    return reverse("equipment:label_detail", args=[label.pk])


@requires(Permission.LABELS_PRINT)
@require_safe
def label_list(request: HttpRequest) -> HttpResponse:
    """List the labels."""
    listing = build(LABELS, request, list_labels())
    for row in listing.rows:
        row.state = label_state(row)
        row.state_words = STATE_WORDS[row.state]
    context = listing.context()
    context["can_make"] = require().all_facilities
    return render(request, "equipment/label_list.html", context)


@requires(Permission.LABELS_PRINT)
@require_safe
def label_export(request: HttpRequest) -> HttpResponseBase:
    """Download the labels that the list shows."""
    return csv_response(LABELS, request, list_labels())


@requires(Permission.LABELS_PRINT)
@require_safe
def label_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a label: its code, what it stands for, what became of it."""
    label = get_label(pk)
    state = label_state(label)
    subject = label.subject
    facts = [
        {"label": _("State"), "value": STATE_WORDS[state]},
        {"label": _("Stands for"), "value": str(subject or ""), "url": subject_url(subject) if subject else ""},
        {"label": _("Facility"), "value": label.facility.name if label.facility else ""},
        {"label": _("Address"), "value": label_url(label)},
        {"label": _("Made"), "when": label.created_at},
    ]
    if label.revoked_at:
        facts += [
            {"label": _("Revoked"), "when": label.revoked_at},
            {"label": _("Why revoked"), "value": label.revoked_reason},
        ]
    replacement = list_labels().filter(pk=label.replaced_by_id).first() if label.replaced_by_id else None
    if replacement is not None:
        facts.append({"label": _("Replaced by"), "value": spell(replacement.code), "url": detail_url(replacement)})
    context = {
        "label": label,
        "state": state,
        "spelled": spell(label.code),
        "code_url": label_url(label),
        "facts": facts,
        "entries": history_of(label),
        "crumbs": crumbs((spell(label.code), "")),
    }
    return render(request, "equipment/label_detail.html", context)


def _posted_subject(request: HttpRequest) -> Any:
    """Return the subject that a detail page's button names, or None."""
    doors = {"equipment": get_equipment, "area": get_area, "facility": get_facility}
    for name, door in doors.items():
        value = request.POST.get(name, "")
        if value:
            if not (value.isascii() and value.isdigit() and len(value) < 19):
                raise Http404
            return door(int(value))
    return None


@requires(Permission.LABELS_PRINT)
@write
def label_create(request: HttpRequest) -> HttpResponse:
    """Make a label for the subject posted from its page, or a number of unclaimed ones to print in advance."""
    subject = _posted_subject(request) if request.method == "POST" else None
    if subject is not None:
        try:
            label = actions.create_label(subject)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            messages.success(request, _("Label %(code)s is made. Print it next.") % {"code": spell(label.code)})
        return redirect(f"{subject_url(subject)}#labels")
    form = UnclaimedForm(posted(request))
    if request.method == "POST":
        done, labels = attempt(form, lambda: actions.create_unclaimed(form.cleaned_data["number"]))
        if done:
            words = ngettext(
                "%s label is made. Choose the paper.", "%s labels are made. Choose the paper.", len(labels)
            )
            messages.success(request, words % len(labels))
            return redirect(f"{reverse('equipment:label_print')}?{selection_query(labels)}")
    context = {"form": form, "crumbs": crumbs((_("Make labels"), ""))}
    return render(request, "equipment/label_create.html", context)


@requires(Permission.LABELS_PRINT)
@write
def label_create_missing(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a label for everything in a facility that has none, and go on to print them."""
    facility = get_facility(pk)
    form = ConfirmForm(posted(request))
    if request.method == "POST":
        done, labels = attempt(form, lambda: actions.create_labels(missing_subjects(facility, MAX_SHEET)))
        if done and labels:
            words = ngettext(
                "%s label is made. Choose the paper.", "%s labels are made. Choose the paper.", len(labels)
            )
            messages.success(request, words % len(labels))
            return redirect(f"{reverse('equipment:label_print')}?{selection_query(labels)}")
        if done:
            messages.info(request, _("Everything here has a label already."))
            return redirect(subject_url(facility))
    number = unlabelled_count(facility)
    context = {
        "form": form,
        "facility": facility,
        "title": _("Make the missing labels of %s?") % facility,
        "text": ngettext(
            "%s place or machine here has no label. It gets one, and you choose the paper next.",
            "%s places and machines here have no label. They get one each, and you choose the paper next.",
            number,
        )
        % number,
        "cancel_url": subject_url(facility),
        "crumbs": crumbs((_("Make the missing labels"), "")),
    }
    return render(request, "equipment/label_create_missing.html", context)


@requires(Permission.LABELS_PRINT)
@write
def label_claim(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose what an unclaimed label stands for: search, pick one, claim."""
    label = get_label(pk)
    if label.revoked_at or label.claimed_at:
        messages.info(request, _("This label is not waiting to be claimed."))
        return redirect(detail_url(label))
    text = "".join(c for c in request.GET.get("q", "")[:100] if c.isprintable()).strip()
    found = find_subjects(text)
    form = _ClaimForm(posted(request), found=found)
    if request.method == "POST":
        done, _result = attempt(form, lambda: actions.claim_label(label, form.cleaned_data["subject"]))
        if done:
            messages.success(
                request,
                _("Label %(code)s now stands for %(subject)s.") % {"code": spell(label.code), "subject": label.subject},
            )
            return redirect(detail_url(label))
    context = {
        "label": label,
        "spelled": spell(label.code),
        "form": form,
        "text": text,
        "found": found,
        "crumbs": crumbs((spell(label.code), detail_url(label)), (_("Claim"), "")),
    }
    return render(request, "equipment/label_claim.html", context)


class _AnyChoice(forms.ChoiceField):
    """Takes values that were not shown: what was found may change between search and choice; the form looks it up."""

    def valid_value(self, value: Any) -> bool:
        """Leave the check to the form."""
        return True


class _ClaimForm(forms.Form):
    """One of the subjects found."""

    def __init__(self, *args: Any, found: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["subject"] = _AnyChoice(label=_("This label stands for"), choices=found, widget=forms.RadioSelect)

    def clean_subject(self) -> Any:
        """Return the object."""
        subject = parse_subject(self.cleaned_data["subject"])
        if subject is None:
            raise ValidationError(_("Choose one of those found."))
        return subject


@requires(Permission.LABELS_PRINT)
@write
def label_replace(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a new label for the same subject; the old code ends."""
    label = get_label(pk)
    if label_state(label) != "active":
        messages.info(request, _("Only a label in use can be replaced."))
        return redirect(detail_url(label))
    form = ConfirmForm(posted(request))
    if request.method == "POST":
        done, new = attempt(form, lambda: actions.replace_label(label))
        if done:
            messages.success(request, _("Label %(code)s takes its place. Print it next.") % {"code": spell(new.code)})
            return redirect(detail_url(new))
    context = {
        "form": form,
        "label": label,
        "title": _("Replace label %s?") % spell(label.code),
        "removes": [
            _("make a new label for %s") % label.subject,
            _("end this code: whoever scans the old print is told so"),
            _("keep every log made with the old label"),
        ],
        "cancel_url": detail_url(label),
        "crumbs": crumbs((spell(label.code), detail_url(label)), (_("Replace"), "")),
    }
    return render(request, "equipment/label_replace.html", context)


@requires(Permission.LABELS_PRINT)
@write
def label_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End a label, with a reason."""
    label = get_label(pk)
    if label.revoked_at is not None:
        messages.info(request, _("This label is revoked already."))
        return redirect(detail_url(label))
    form = RevokeForm(posted(request))
    if request.method == "POST":
        done, _result = attempt(form, lambda: actions.revoke_label(label, reason=form.cleaned_data["reason"]))
        if done:
            messages.success(request, _("Label %s is revoked.") % spell(label.code))
            return redirect(detail_url(label))
    context = {
        "form": form,
        "label": label,
        "title": _("Revoke label %s?") % spell(label.code),
        "removes": [_("end this code for good: it cannot be brought back"), _("keep every log made with it")],
        "cancel_url": detail_url(label),
        "crumbs": crumbs((spell(label.code), detail_url(label)), (_("Revoke"), "")),
    }
    return render(request, "equipment/label_revoke.html", context)


# --- Printing ---


def selection_query(labels: list[Label]) -> str:
    """Write labels as ``labels=12-40,55``: a thousand of one batch stay a short address."""
    ids = sorted(label.pk for label in labels)
    runs: list[list[int]] = []
    for pk in ids:
        if runs and pk == runs[-1][1] + 1:
            runs[-1][1] = pk
        else:
            runs.append([pk, pk])
    return "labels=" + ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def selected_ids(request: HttpRequest) -> list[int]:
    """Read ``label=`` (repeated) and ``labels=`` (runs), at most MAX_SHEET + 1.

    What is no id, or a longer run, is ignored.
    """
    parts = [*request.GET.getlist("label")[: MAX_SHEET + 1], *request.GET.get("labels", "")[:20_000].split(",")]
    ids: list[int] = []
    for part in parts:
        found = _RANGE.fullmatch(part.strip()) if part.isascii() else None
        if found is None or len(ids) > MAX_SHEET:
            continue
        first, last = int(found[1]), int(found[2] or found[1])
        if last - first <= MAX_SHEET:
            ids += range(first, last + 1)
    return ids[: MAX_SHEET + 1]


def selected_labels(request: HttpRequest) -> list[Label]:
    """Return the labels chosen by id, or those in use of ``facility=``; at most MAX_SHEET + 1."""
    facility = request.GET.get("facility", "")
    if facility:
        if not (facility.isascii() and facility.isdigit() and len(facility) < 19):
            raise Http404
        labels = list_labels().filter(facility=get_facility(int(facility)), revoked_at=None).order_by("id")
        return labels_by_id(list(labels.values_list("pk", flat=True)[: MAX_SHEET + 1]))
    return labels_by_id(selected_ids(request))


def face_of(label: Label, organization: str) -> LabelFace:
    """Return what is printed on a label."""
    subject = label.subject
    title, place = "", ""
    if label.equipment is not None:
        around = [label.equipment.facility.name, label.equipment.area.path if label.equipment.area else ""]
        title, place = label.equipment.name, ", ".join(part for part in around if part)
    elif label.area is not None:
        title, place = label.area.name, ", ".join([label.area.facility.name, *label.area.path.split(" > ")[:-1]])
    elif subject is not None:
        title = str(subject)
    return LabelFace(label.code, label_url(label), title, place, organization)


@requires(Permission.LABELS_PRINT)
@require_safe
def label_print(request: HttpRequest) -> HttpResponse:
    """Choose paper and start position for the chosen labels."""
    labels = selected_labels(request)
    form = SheetForm({**SheetForm().initial, **request.GET.dict()} if "layout" in request.GET else None)
    if "layout" in request.GET:
        form.is_valid()
    context = {
        "labels": labels[:12],
        "number": min(len(labels), MAX_SHEET),
        "too_many": len(labels) > MAX_SHEET,
        "more": max(0, min(len(labels), MAX_SHEET) - 12),
        "query": selection_query(labels[:MAX_SHEET]).removeprefix("labels="),
        "form": form,
        "crumbs": crumbs((_("Print"), "")),
    }
    return render(request, "equipment/label_print.html", context)


@requires(Permission.LABELS_PRINT)
@require_safe
def label_sheet(request: HttpRequest) -> HttpResponse:
    """Answer the PDF of the chosen labels; back to the print page, in words, when that cannot be."""
    demand(Permission.LABELS_PRINT)
    labels = selected_labels(request)
    form = SheetForm({"layout": request.GET.get("layout", "a4-3x7"), "start": request.GET.get("start") or 1})
    if not labels or len(labels) > MAX_SHEET or not form.is_valid():
        words = (
            _("Choose labels to print first.")
            if not labels
            else _("At most %s labels fit in one file. Choose fewer.") % f"{MAX_SHEET:,}"
        )
        if labels and len(labels) <= MAX_SHEET:
            words = " ".join(str(error) for errors in form.errors.values() for error in errors)
        messages.error(request, words)
        return redirect(f"{reverse('equipment:label_print')}?{selection_query(labels[:MAX_SHEET])}")
    organization = get_organization()
    faces = [face_of(label, organization.name) for label in labels]
    layout = LAYOUTS[form.cleaned_data["layout"]]
    try:
        pdf = render_pdf(
            faces, layout, title=_("Labels"), language=get_language() or "en", start_at=form.cleaned_data["start"]
        )
    except LabelError as error:
        messages.error(request, str(error))
        return redirect(f"{reverse('equipment:label_print')}?{selection_query(labels)}")
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = 'inline; filename="labels.pdf"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
