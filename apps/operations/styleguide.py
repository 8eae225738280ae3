"""Every component in every state, and whole sample pages, from made-up data. DEBUG only; reads no database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

NOW = datetime(2026, 8, 3, 9, 12, tzinfo=UTC)
RED = {"colour": "red", "words": "Overdue by 3 days"}
AMBER = {"colour": "amber", "words": "Due in 5 days, Sat 8 Aug"}
GREEN = {"colour": "green", "words": "Done, next on Mon 2 Nov"}
NONE: dict[str, str] = {}
COLOURS = [("", _("Any status")), ("red", _("Red")), ("amber", _("Amber")), ("green", _("Green"))]
FACILITIES = [("", _("All facilities")), ("1", "Northgate General"), ("2", "St Anne’s Day Surgery")]
PHOTO = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 40 40'%3E%3Crect width='40' height='40' "
    "fill='%238fa3b8'/%3E%3Cpath d='M0 40 14 18l9 12 6-7 11 17z' fill='%23566a80'/%3E%3C/svg%3E"
)


class FilterForm(forms.Form):
    q = forms.CharField(label=_("Search equipment"), required=False)
    facility = forms.ChoiceField(label=_("Facility"), choices=FACILITIES, required=False)
    status = forms.ChoiceField(label=_("Status"), choices=COLOURS, required=False)


class EquipmentForm(forms.Form):
    name = forms.CharField(label=_("Name"), help_text=_("As staff call it, such as “Washer-disinfector 2”."))
    serial_number = forms.CharField(label=_("Serial number"), max_length=12)
    facility = forms.ChoiceField(label=_("Facility"), choices=FACILITIES)
    category = forms.ChoiceField(
        label=_("Category"),
        widget=forms.RadioSelect,
        choices=[("1", _("Patient care")), ("2", _("Building")), ("3", _("Catering"))],
    )
    tags = forms.MultipleChoiceField(
        label=_("Needs"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[("water", _("Water supply")), ("power", _("Power supply"))],
    )
    bought_on = forms.DateField(
        label=_("Bought on"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    opens_at = forms.TimeField(label=_("In use from"), required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    warning_days = forms.IntegerField(label=_("Warn this many days before"), min_value=0, max_value=365, initial=14)
    notes = forms.CharField(label=_("Notes"), required=False, widget=forms.Textarea(attrs={"rows": 4}))
    photo = forms.FileField(label=_("Photo"), required=False, help_text=_("JPEG or PNG, at most 10 MB."))
    in_service = forms.BooleanField(label=_("In service now"), required=False, initial=True)

    def clean(self) -> dict[str, Any] | None:
        if self.data.get("facility") == "2":
            raise forms.ValidationError(_("St Anne’s Day Surgery is archived. Choose another facility."))
        return self.cleaned_data


class ScanForm(forms.Form):
    wiped = forms.ChoiceField(
        label=_("1. Surfaces wiped with chlorine 1,000 ppm"),
        widget=forms.RadioSelect,
        choices=[("yes", _("Yes")), ("no", _("No"))],
    )
    temperature = forms.DecimalField(
        label=_("2. Rinse temperature, °C"),
        help_text=_("Between 80 and 95."),
        widget=forms.NumberInput(attrs={"inputmode": "decimal"}),
    )
    photo = forms.FileField(
        label=_("3. Photo of the chamber"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/*", "capture": "environment"}),
    )
    note = forms.CharField(label=_("Anything to report"), required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def clean_temperature(self) -> Any:
        value = self.cleaned_data["temperature"]
        if not 80 <= value <= 95:
            raise forms.ValidationError(
                _("%(value)s is outside 80 to 95. Check the reading, or report a fault.") % {"value": value}
            )
        return value


class LoginForm(forms.Form):
    email = forms.EmailField(label=_("Email address"), widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    password = forms.CharField(
        label=_("Password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


ROWS = [
    (
        "Washer-disinfector 2",
        "WD-88213",
        "Northgate General",
        "Endoscopy, room 2.14",
        RED,
        "Weekly protein test",
        "A. Okafor",
        "Log it",
    ),
    (
        "Passenger lift B",
        "KONE-5521",
        "Northgate General",
        "Main building",
        {"colour": "red", "words": "Certificate missing"},
        "LOLER thorough examination",
        "",
        "Upload",
    ),
    (
        "Gas boiler 1",
        "VL-2210-9",
        "St Anne’s Day Surgery",
        "Plant room",
        AMBER,
        "Gas safety check",
        "R. Iyer",
        "Plan it",
    ),
    ("Autoclave 4", "AC-0044", "Northgate General", "Theatres", AMBER, "Quarterly validation", "A. Okafor", "Plan it"),
    ("Ice machine", "HZ-100-7731", "Northgate General", "Ward 6 kitchen", GREEN, "Monthly descale", "Ward 6 team", ""),
    ("Hoist 12", "AR-12", "St Anne’s Day Surgery", "Recovery", NONE, "", "", ""),
]


def _rows() -> list[dict[str, Any]]:
    names = ("name", "serial_number", "facility", "place", "status", "requirement", "owner", "fix_label")
    return [dict(zip(names, row, strict=True), url="?sample=detail", fix_url="?sample=scan") for row in ROWS]


def _navigation(current: str) -> list[dict[str, Any]]:
    items = [
        ("dashboard", _("Dashboard"), "squares-2x2", None),
        ("facilities", _("Facilities"), "building-office-2", None),
        ("list", _("Equipment"), "wrench-screwdriver", None),
        ("requirements", _("Requirements"), "clipboard-document-check", None),
        ("logs", _("Cleaning logs"), "sparkles", None),
        ("actions", _("Corrective actions"), "exclamation-triangle", 3),
        ("labels", _("Labels"), "qr-code", None),
        ("people", _("People"), "users", None),
    ]
    return [
        {"label": label, "url": f"?sample={name}", "icon": icon, "count": count, "current": name == current}
        for name, label, icon, count in items
    ]


def _timeline() -> list[dict[str, Any]]:
    return [
        {
            "when": NOW - timedelta(hours=2),
            "relative": "2 hours ago",
            "who": "Amara Okafor",
            "what": "logged a cleaning",
            "url": "?sample=detail",
            "note": "Done 07:05, recorded 07:12. All 6 steps passed; rinse 84 °C.",
            "colour": "green",
        },
        {
            "when": NOW - timedelta(days=3),
            "relative": "3 days ago",
            "what": "Weekly protein test was not done by its due date",
            "colour": "red",
        },
        {
            "when": NOW - timedelta(days=20),
            "relative": "20 days ago",
            "who": "Ravi Iyer",
            "what": "changed the place",
            "changes": [
                {"field": "Area", "old": "Room 2.11", "new": "Room 2.14"},
                {"field": "Notes", "old": "", "new": "Moved for the new drain"},
            ],
        },
    ]


def _columns() -> list[dict[str, Any]]:
    return [
        {"label": _("Equipment"), "sort_url": "?sample=list&sort=name"},
        {"label": _("Status"), "sort_url": "?sample=list&sort=-status", "sorted": "ascending"},
        {"label": _("What is due")},
        {"label": _("Place"), "sort_url": "?sample=list&sort=place"},
        {"label": _("Owner")},
        {"label": _("Action"), "hidden": True},
    ]


def _frame(current: str) -> dict[str, Any]:
    organization = SimpleNamespace(pk=1, name="Northgate NHS Trust", logo_url="")
    return {
        "organization": organization,
        "organizations": [organization, SimpleNamespace(pk=2, name="Southbank Lettings", logo_url="")],
        "organization_switch_url": "?",
        "navigation": _navigation(current),
        "user": SimpleNamespace(email="manager@northgate.test", is_authenticated=True),
        "membership_role": _("Manager"),
        "dashboard_url": "?sample=dashboard",
        "search_url": "?sample=list",
        "account_url": "?sample=form",
        "logout_url": "?sample=login",
    }


def _dashboard(request: HttpRequest) -> dict[str, Any]:
    columns = [{"label": _("Facility")}, {"label": _("Status")}, {"label": _("On time, 90 days"), "number": True}]
    facilities = [
        {"name": "Northgate General", "red": 2, "amber": 9, "green": 181, "on_time": "94.1%"},
        {"name": "St Anne’s Day Surgery", "red": 0, "amber": 3, "green": 40, "on_time": "98.8%"},
        {"name": "Riverside Clinic", "red": 0, "amber": 0, "green": 22, "on_time": "100%"},
    ]
    return {
        "rows": _rows()[:4],
        "columns": _columns(),
        "facilities": facilities,
        "facility_columns": columns,
        "entries": _timeline(),
    }


def _list(request: HttpRequest) -> dict[str, Any]:
    chips = [
        {"label": _("Facility"), "value": "Northgate General", "remove_url": "?sample=list&status=red"},
        {"label": _("Status"), "value": _("Red"), "remove_url": "?sample=list&facility=1"},
    ]
    return {
        "rows": _rows(),
        "columns": _columns(),
        "filter_form": FilterForm({"facility": "1", "status": ""}),
        "chips": chips,
        "clear_url": "?sample=list",
        "shown": 6,
        "total": 214,
        "previous_url": "?sample=list&before=x",
        "next_url": "?sample=list&after=x",
        "crumbs": [{"label": "Northgate General", "url": "?sample=detail"}, {"label": _("Equipment")}],
    }


def _form(request: HttpRequest) -> dict[str, Any]:
    if request.GET.get("errors"):
        data = {"name": "Hoist 13", "serial_number": "AR-13-0000-99887", "facility": "2", "warning_days": "400"}
        return {"form": EquipmentForm(data), "cancel_url": "?sample=list"}
    return {"form": EquipmentForm(), "cancel_url": "?sample=list"}


def _detail(request: HttpRequest) -> dict[str, Any]:
    return {
        "facts": [
            {"label": _("Serial number"), "value": "WD-88213"},
            {"label": _("Type"), "value": "Washer-disinfector, Getinge 46-5"},
            {"label": _("Place"), "value": "Northgate General › Endoscopy › Room 2.14", "url": "?sample=list"},
            {"label": _("Next due"), "when": NOW + timedelta(days=5), "relative": "in 5 days"},
            {"label": _("Gas check"), "status": AMBER},
            {"label": _("Notes"), "value": ""},
        ],
        "status": RED,
        "entries": _timeline(),
        "photos": [{"url": PHOTO, "alt": f"Chamber, photo {n}", "caption": "3 Aug, 07:05"} for n in (1, 2)],
        "tabs": [
            {"label": _("Overview"), "url": "?sample=detail", "current": True},
            {"label": _("Requirements"), "url": "?sample=list", "count": 4},
            {"label": _("History"), "url": "?sample=detail", "count": 128},
        ],
        "crumbs": [
            {"label": "Northgate General", "url": "?sample=list"},
            {"label": "Endoscopy", "url": "?sample=list"},
            {"label": "Washer-disinfector 2"},
        ],
        "rows": _rows()[:3],
        "columns": _columns(),
    }


def _scan(request: HttpRequest) -> dict[str, Any]:
    form = ScanForm({"wiped": "yes", "temperature": "61"}) if request.GET.get("errors") else ScanForm()
    return {"form": form, "status": RED, "facts": [{"label": _("Place"), "value": "Endoscopy, room 2.14"}]}


def _login(request: HttpRequest) -> dict[str, Any]:
    form = LoginForm({"email": "manager"}) if request.GET.get("errors") else LoginForm()
    return {"form": form, "organization": None}


def _confirm(request: HttpRequest) -> dict[str, Any]:
    return {"removes": [_("stop its 4 requirements"), _("revoke its label 7KQ4-9XMT"), _("take it off every round")]}


def _scan_done(request: HttpRequest) -> dict[str, Any]:
    return {"status": GREEN}


def _plain(request: HttpRequest) -> dict[str, Any]:
    return {}


def _guide(request: HttpRequest) -> dict[str, Any]:
    messages.success(request, _("Washer-disinfector 2 is logged. It is green until Mon 10 Aug."))
    messages.warning(request, _("The gas certificate ends in 5 days."))
    messages.error(request, _("The file could not be read. Nothing was imported."))
    messages.info(request, _("You are seeing the status as of 1 July 2026."))
    statuses = [RED, AMBER, GREEN, NONE]
    return {**_list(request), **_detail(request), **_form(request), "statuses": statuses, "moment": NOW, "crumbs": None}


SAMPLES = {
    "guide": _guide,
    "dashboard": _dashboard,
    "list": _list,
    "empty": _plain,
    "form": _form,
    "detail": _detail,
    "confirm": _confirm,
    "scan": _scan,
    "scan_done": _scan_done,
    "login": _login,
}


def styleguide(request: HttpRequest) -> HttpResponse:
    """`?sample=list` shows a whole page; without it, every component."""
    sample = request.GET.get("sample", "guide")
    if sample not in SAMPLES:
        raise Http404
    context = _frame(sample) | SAMPLES[sample](request) | {"samples": list(SAMPLES)[1:]}
    template = "styleguide.html" if sample == "guide" else f"styleguide_parts/{sample}.html"
    return render(request, template, context)
