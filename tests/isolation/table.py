"""Every address of CleanTrack, and what each may show to whom.

A new URL needs one line here: ``"room:name": Page(Permission.X, …)``. Write what differs from the defaults.

- ``door``: what the view declares: a Permission, OPEN, SIGNED_IN or RESOLVED. It must agree with the view.
- ``kwargs``: for each URL argument, where a House has its value: ``{"pk": "hospital.pk"}``. The walker puts another
  organization's value there as well.
- ``get``: the answer to a permitted GET of an own object; 405 where the view is POST only.
- ``restricted``: the answer to a permitted member who sees the annex only, for the hospital's object. Default: 404
  where kwargs or asks name an object, else the same as ``get``.
- ``asks``: query parameters without which the page has no object, each with where a House has the value. They are
  treated like ``kwargs``: with another organization's value the page is 404.
- ``query``, ``form``: parameters and fields that hold ids, each with where a House has the value. Those that the page
  itself links to, or has in its forms, are found without being listed. ``query`` is tried on POST too.
- ``data``: other values that make a POST valid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.tenants.permissions import Permission
from tests.cast import House
from tests.isolation.furniture import OPEN_DUTY, PACK, TRIGGER

P = Permission
OPEN, SIGNED_IN, RESOLVED = "open", "signed_in", "resolver"

# The hospital's things, and what stands for each in the annex, which the restricted members do see.
IN_ANNEX = {
    "hospital": "annex",
    "washer": "trolley",
    "requirement": "near_requirement",
    "suspension": "near_suspension",
    "closed_day": "near_closed_day",
    "corrective": "near_corrective",
    "corrective_photo": "near_corrective_photo",
    "not_applicable": "near_not_applicable",
}


@dataclass(frozen=True)
class Page:
    """What is expected of one URL name."""

    door: Permission | str
    kwargs: Mapping[str, str] = field(default_factory=dict)
    asks: Mapping[str, str] = field(default_factory=dict)
    get: int = 200
    restricted: int | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    # Sample texts of its own, among them names of the cast.
    has_samples: bool = False
    # The answer to a GET with another organization's object in the path.
    foreign: int = 404

    @property
    def restricted_get(self) -> int:
        """Return what a restricted member gets for the hospital's object."""
        if self.restricted is not None:
            return self.restricted
        return 404 if self.owned else self.get

    @property
    def owned(self) -> dict[str, str]:
        """Return the arguments and parameters that name somebody's object: those in quotes are everybody's."""
        return {name: where for name, where in {**self.kwargs, **self.asks}.items() if not where.startswith("'")}


def value_of(house: House, path: str) -> Any:
    """Return what ``path`` names in a house ("hospital.pk"); a text in quotes stands for itself."""
    if path.startswith("'"):
        return path.strip("'")
    value: Any = house
    for name in path.split("."):
        value = getattr(value, name)
    return value


def in_annex(path: str) -> str | None:
    """Return the path of the like thing in the annex, if there is one; a text in quotes stands for itself."""
    if path.startswith("'"):
        return path
    head, _, rest = path.partition(".")
    return f"{IN_ANNEX[head]}.{rest}" if head in IN_ANNEX else None


FACILITY = {"pk": "hospital.pk"}
AREA = {"pk": "ward.pk"}
MACHINE = {"pk": "washer.pk"}
KIND = {"pk": "kind.pk"}
LABEL = {"pk": "label.pk"}
PROTOCOL = {"pk": "protocol.pk"}
REQUIREMENT = {"pk": "requirement.pk"}
LOG = {"pk": "log.pk"}
MEMBER = {"pk": "technician.pk"}
IMPORT_RUN = {"pk": "import_run.pk"}
CODE = {"code": "label.code"}
LOGGED = {"uuid": "0b9d5b2e-56a5-4d8c-9a4c-1f2f5d1c0a11", "name": "Somebody", "task": "Mopped", "notes": ""}
CORRECTIVE = {"pk": "corrective.pk"}
IN_PACK = {"pack_id": f"'{PACK}'"}
CHOSEN = {"facility": "hospital.pk"}
REASON = {"reason": "Because"}
PLACES = {"facility": "hospital.pk", "area": "ward.pk", "equipment": "washer.pk"}

PAGES: dict[str, Page] = {
    # operations
    "operations:health_live": Page(OPEN),
    "operations:health_ready": Page(OPEN),
    "operations:robots": Page(OPEN),
    "operations:import_start": Page(P.IMPORT, restricted=403),
    "operations:import_list": Page(P.IMPORT, restricted=403),
    "operations:import_template": Page(P.IMPORT, {"kind": "'areas'"}),
    "operations:import_preview": Page(P.IMPORT, IMPORT_RUN, restricted=403),
    "operations:import_map": Page(P.IMPORT, IMPORT_RUN, restricted=403),
    "operations:import_result": Page(P.IMPORT, IMPORT_RUN, restricted=403),
    "operations:import_errors": Page(P.IMPORT, IMPORT_RUN, restricted=403),
    "operations:import_undo": Page(P.IMPORT, IMPORT_RUN, restricted=403),
    "operations:import_discard": Page(P.IMPORT, IMPORT_RUN, get=405, restricted=405),
    "styleguide": Page(OPEN, has_samples=True),
    # accounts
    "accounts:login": Page(OPEN),
    "accounts:password_reset": Page(OPEN),
    "accounts:password_reset_done": Page(OPEN),
    "accounts:password_reset_complete": Page(OPEN),
    "accounts:password_reset_confirm": Page(OPEN, {"uidb64": "'MQ'", "token": "'x-y'"}),
    "accounts:logout": Page(SIGNED_IN),
    "accounts:account": Page(SIGNED_IN),
    "accounts:password_change": Page(SIGNED_IN),
    "accounts:kept_entries": Page(SIGNED_IN, get=302),
    "accounts:kept_entries_discard": Page(SIGNED_IN, get=405),
    "accounts:organization_list": Page(SIGNED_IN),
    "accounts:organization_switch": Page(SIGNED_IN, get=405, form={"organization": "organization.pk"}),
    "accounts:saved_view_create": Page(
        P.FACILITIES_VIEW, get=405, data={"list_name": "equipment:equipment_list", "name": "Mine", "query": "q=washer"}
    ),
    "accounts:saved_view_delete": Page(P.FACILITIES_VIEW, {"pk": "saved_view.pk"}, get=405),
    # facilities
    "facilities:facility_list": Page(P.FACILITIES_VIEW),
    "facilities:facility_export": Page(P.EXPORT),
    "facilities:facility_create": Page(P.FACILITIES_EDIT, restricted=403),
    "facilities:facility_detail": Page(P.FACILITIES_VIEW, FACILITY),
    "facilities:facility_edit": Page(P.FACILITIES_EDIT, FACILITY),
    "facilities:facility_archive": Page(P.FACILITIES_EDIT, FACILITY),
    "facilities:facility_restore": Page(P.FACILITIES_EDIT, FACILITY, get=302),
    "facilities:facility_pin": Page(P.FACILITIES_EDIT, FACILITY),
    "facilities:facility_pin_clear": Page(P.FACILITIES_EDIT, FACILITY, get=302),
    "facilities:area_list": Page(P.FACILITIES_VIEW, query={"facility": "hospital.pk"}),
    "facilities:area_export": Page(P.EXPORT, query={"facility": "hospital.pk"}),
    "facilities:area_create": Page(
        P.FACILITIES_EDIT, FACILITY, query={"inside": "ward.pk"}, form={"parent": "ward.pk"}
    ),
    "facilities:area_detail": Page(P.FACILITIES_VIEW, AREA),
    "facilities:area_edit": Page(P.FACILITIES_EDIT, AREA, form={"parent": "ward.pk"}),
    "facilities:area_archive": Page(P.FACILITIES_EDIT, AREA),
    "facilities:area_restore": Page(P.FACILITIES_EDIT, AREA, get=302),
    "facilities:member_list": Page(P.MEMBERS_VIEW),
    "facilities:member_export": Page(P.MEMBERS_VIEW),
    "facilities:member_create": Page(P.MEMBERS_EDIT, form={"facilities": "hospital.pk"}),
    "facilities:member_edit": Page(P.MEMBERS_EDIT, MEMBER, form={"facilities": "hospital.pk"}),
    "facilities:member_deactivate": Page(P.MEMBERS_EDIT, MEMBER),
    "facilities:member_reactivate": Page(P.MEMBERS_EDIT, MEMBER),
    "facilities:member_invite": Page(P.MEMBERS_EDIT, MEMBER, get=405),
    # audit
    "audit:event_list": Page(P.AUDIT_VIEW),
    "audit:event_export": Page(P.AUDIT_VIEW),
    "audit:event_detail": Page(P.AUDIT_VIEW, {"pk": "event.pk"}),
    # cleaning logs
    "cleaning_logs:scan_enter": Page(RESOLVED),
    "cleaning_logs:scan": Page(RESOLVED, CODE),
    "cleaning_logs:scan_free": Page(RESOLVED, CODE, data=LOGGED),
    "cleaning_logs:scan_log": Page(
        RESOLVED, {**CODE, "requirement_id": "requirement.pk"}, form={"version": "version.pk"}, data=LOGGED
    ),
    "cleaning_logs:scan_event": Page(
        RESOLVED, {**CODE, "requirement_id": "waiting.pk"}, data={"trigger": TRIGGER, "name": "Somebody"}
    ),
    "cleaning_logs:scan_done": Page(RESOLVED, {**CODE, "uuid": "log.uuid"}),
    "compliance:requirement_bulk": Page(
        P.COMPLIANCE_EDIT, form={"pk": "requirement.pk", "owner": "technician.pk"}, data={"action": "assign"}, get=405
    ),
    "cleaning_logs:log_create": Page(
        P.LOGS_CREATE, {"requirement_id": "requirement.pk"}, form={"version": "version.pk"}, data=LOGGED
    ),
    "cleaning_logs:log_list": Page(P.LOGS_VIEW, query=PLACES),
    "cleaning_logs:log_export": Page(P.EXPORT, query=PLACES),
    "cleaning_logs:log_detail": Page(P.LOGS_VIEW, LOG),
    "cleaning_logs:log_supersede": Page(P.LOGS_CREATE, LOG),
    "cleaning_logs:log_photo": Page(P.LOGS_VIEW, {"pk": "photo.pk"}),
    # equipment
    "equipment:equipment_list": Page(P.EQUIPMENT_VIEW, query={**PLACES, "type": "kind.pk"}),
    "equipment:equipment_export": Page(P.EXPORT, query={**PLACES, "type": "kind.pk"}),
    "equipment:equipment_create": Page(
        P.EQUIPMENT_EDIT,
        query={**PLACES, "type": "kind.pk"},
        form={"facility": "hospital.pk", "area": "ward.pk", "type": "kind.pk"},
        data={"name": "New machine", "category": "other", "status": "in_service"},
    ),
    "equipment:equipment_detail": Page(P.EQUIPMENT_VIEW, MACHINE),
    "equipment:equipment_edit": Page(
        P.EQUIPMENT_EDIT, MACHINE, form={"facility": "hospital.pk", "area": "ward.pk", "type": "kind.pk"}
    ),
    "equipment:equipment_archive": Page(P.EQUIPMENT_EDIT, MACHINE),
    "equipment:equipment_restore": Page(P.EQUIPMENT_EDIT, MACHINE, get=302),
    "equipment:equipment_photo": Page(P.EQUIPMENT_VIEW, MACHINE),
    "equipment:equipment_photo_edit": Page(P.EQUIPMENT_EDIT, MACHINE),
    "equipment:equipment_photo_remove": Page(P.EQUIPMENT_EDIT, MACHINE),
    "equipment:type_list": Page(P.EQUIPMENT_VIEW),
    "equipment:type_export": Page(P.EXPORT),
    "equipment:type_create": Page(P.EQUIPMENT_EDIT),
    "equipment:type_edit": Page(P.EQUIPMENT_EDIT, KIND, restricted=403),
    "equipment:type_archive": Page(P.EQUIPMENT_EDIT, KIND, restricted=403),
    "equipment:type_restore": Page(P.EQUIPMENT_EDIT, KIND, restricted=403),
    "equipment:label_list": Page(P.LABELS_PRINT, query=PLACES),
    "equipment:label_export": Page(P.LABELS_PRINT, query=PLACES),
    "equipment:label_create": Page(P.LABELS_PRINT, query=PLACES, form=PLACES),
    "equipment:label_create_missing": Page(P.LABELS_PRINT, FACILITY),
    "equipment:label_print": Page(
        P.LABELS_PRINT, query={"label": "label.pk", "labels": "label.pk", "facility": "hospital.pk"}
    ),
    "equipment:label_sheet": Page(
        P.LABELS_PRINT, get=302, query={"label": "label.pk", "labels": "label.pk", "facility": "hospital.pk"}
    ),
    "equipment:label_detail": Page(P.LABELS_PRINT, LABEL),
    "equipment:label_claim": Page(P.LABELS_PRINT, {"pk": "blank.pk"}, form={"subject": "washer.pk"}),
    "equipment:label_replace": Page(P.LABELS_PRINT, LABEL),
    "equipment:label_revoke": Page(P.LABELS_PRINT, LABEL),
    # compliance
    "compliance:dashboard": Page(P.COMPLIANCE_VIEW),
    "compliance:board": Page(P.COMPLIANCE_VIEW, query=CHOSEN),
    "compliance:my_work": Page(P.COMPLIANCE_VIEW),
    "compliance:calendar": Page(P.COMPLIANCE_VIEW, query={"facility": "hospital.pk", "owner": "technician.pk"}),
    "compliance:trends": Page(P.COMPLIANCE_VIEW, query={"facility": "hospital.pk"}),
    "compliance:requirement_list": Page(P.COMPLIANCE_VIEW, query=PLACES),
    "compliance:requirement_csv": Page(P.EXPORT, query=PLACES),
    "compliance:requirement_idle_list": Page(P.COMPLIANCE_VIEW),
    "compliance:requirement_create": Page(
        P.COMPLIANCE_EDIT,
        query=PLACES,
        form={**PLACES, "protocol": "protocol.pk", "owner": "technician.pk"},
        data={
            "name": "New duty",
            "category": "cleaning",
            "evidence": "log",
            "mode": "interval_after_completion",
            "interval": "7",
            "interval_unit": "D",
            "every": "1",
            "every_unit": "WEEKLY",
        },
    ),
    "compliance:requirement_detail": Page(P.COMPLIANCE_VIEW, REQUIREMENT),
    "compliance:requirement_edit": Page(
        P.COMPLIANCE_EDIT, REQUIREMENT, form={"protocol": "protocol.pk", "owner": "technician.pk"}
    ),
    "compliance:requirement_schedule": Page(P.COMPLIANCE_EDIT, REQUIREMENT),
    "compliance:requirement_waive": Page(P.COMPLIANCE_EDIT, REQUIREMENT),
    "compliance:requirement_archive": Page(P.COMPLIANCE_EDIT, REQUIREMENT),
    "compliance:requirement_restore": Page(P.COMPLIANCE_EDIT, REQUIREMENT, get=405),
    "compliance:protocol_list": Page(P.COMPLIANCE_VIEW),
    "compliance:protocol_create": Page(P.COMPLIANCE_EDIT),
    "compliance:protocol_detail": Page(P.COMPLIANCE_VIEW, PROTOCOL, restricted=200),
    "compliance:protocol_edit": Page(P.COMPLIANCE_EDIT, PROTOCOL, restricted=200),
    "compliance:protocol_archive": Page(P.COMPLIANCE_EDIT, PROTOCOL, restricted=200),
    "compliance:protocol_restore": Page(P.COMPLIANCE_EDIT, PROTOCOL, get=405, restricted=405),
    "compliance:requirement_acknowledge": Page(P.LOGS_CREATE, REQUIREMENT, data={"note": "A part is ordered"}),
    "compliance:requirement_resume": Page(P.COMPLIANCE_EDIT, REQUIREMENT, get=405),
    "compliance:prerequisite_edit": Page(P.COMPLIANCE_EDIT, REQUIREMENT, form={"needs": "requirement.pk"}),
    # what makes a duty due
    "compliance:event_record": Page(P.LOGS_CREATE, {"pk": "waiting.pk"}, data={"trigger": TRIGGER}),
    "compliance:event_take_back": Page(P.COMPLIANCE_EDIT, {"pk": "happening.pk"}, data=REASON),
    # when nothing is asked for
    "compliance:closure_list": Page(P.COMPLIANCE_VIEW, query=CHOSEN),
    "compliance:closure_create": Page(
        P.COMPLIANCE_EDIT, asks=CHOSEN, query={"requirement": "requirement.pk"}, data=REASON
    ),
    "compliance:closure_end": Page(P.COMPLIANCE_EDIT, {"pk": "suspension.pk"}, data=REASON),
    "compliance:closed_day_create": Page(
        P.COMPLIANCE_EDIT, query=CHOSEN, form=CHOSEN, data={"name": "Holiday", "first_on": "2026-12-25"}
    ),
    "compliance:closed_day_remove": Page(P.COMPLIANCE_EDIT, {"pk": "closed_day.pk"}, data=REASON),
    # corrective actions
    "compliance:corrective_list": Page(P.COMPLIANCE_VIEW, query={**PLACES, "owner": "technician.pk"}),
    "compliance:corrective_csv": Page(P.EXPORT, query={**PLACES, "owner": "technician.pk"}),
    "compliance:corrective_create": Page(
        P.LOGS_CREATE,
        asks={"equipment": "washer.pk"},
        query={**PLACES, "requirement": "requirement.pk"},
        form={"owner": "technician.pk"},
        data={"title": "Seal is torn", "severity": "high"},
    ),
    "compliance:corrective_detail": Page(P.COMPLIANCE_VIEW, CORRECTIVE),
    "compliance:corrective_edit": Page(
        P.COMPLIANCE_EDIT,
        CORRECTIVE,
        form={"owner": "technician.pk"},
        data={"title": "Seal is torn", "severity": "high"},
    ),
    "compliance:corrective_assign": Page(
        P.COMPLIANCE_EDIT, CORRECTIVE, get=405, form={"owner": "technician.pk"}, data={"severity": "high"}
    ),
    "compliance:corrective_fix": Page(P.LOGS_CREATE, CORRECTIVE, data={"note": "New seal"}),
    "compliance:corrective_close": Page(P.COMPLIANCE_EDIT, CORRECTIVE),
    "compliance:corrective_reopen": Page(P.COMPLIANCE_EDIT, CORRECTIVE, data=REASON),
    "compliance:corrective_photo": Page(P.COMPLIANCE_VIEW, {"pk": "corrective_photo.pk"}),
    # rule packs, which are shipped with the product: the same for everybody
    "compliance:pack_list": Page(P.COMPLIANCE_VIEW),
    "compliance:pack_detail": Page(P.COMPLIANCE_VIEW, IN_PACK),
    "compliance:pack_facility": Page(P.COMPLIANCE_VIEW, {**IN_PACK, **FACILITY}),
    "compliance:pack_apply": Page(P.COMPLIANCE_EDIT, IN_PACK, query=CHOSEN),
    "compliance:pack_facts": Page(P.COMPLIANCE_EDIT, IN_PACK, asks=CHOSEN),
    "compliance:pack_preview": Page(
        P.COMPLIANCE_EDIT, IN_PACK, asks=CHOSEN, query={"head": "hospital.pk"}, form={"take": "applied_duty.pk"}
    ),
    "compliance:pack_upgrade": Page(P.COMPLIANCE_EDIT, IN_PACK, form={"take": "applied_duty.pk"}),
    "compliance:not_applicable_create": Page(
        P.COMPLIANCE_EDIT,
        {**IN_PACK, **FACILITY, "duty_id": f"'{OPEN_DUTY}'"},
        data={"reason": "No gas", "review_on": "2026-12-01"},
    ),
    "compliance:not_applicable_end": Page(P.COMPLIANCE_EDIT, {"pk": "not_applicable.pk"}),
}

HOW_TO_ADD = """
{name!r} ({route}) is not in the isolation table. Add a line to PAGES in tests/isolation/table.py, for example

    "{name}": Page(Permission.{permission}{kwargs}),

Its docstring says what else a line can state. The walker then tries the address as everybody, with everybody's objects.
"""
