"""Both admin sites: every registered model × every page × everybody, with foreign ids wherever one fits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.audit.models import AuditEvent, PlatformEvent
from apps.compliance.models import Requirement, Schedule
from apps.equipment.models import Equipment, EquipmentType
from apps.facilities.models import Area, Facility, FacilityAccess
from apps.operations.models import ImportLine, ImportRun
from apps.tenants.admin_sites import platform_site, tenant_site
from apps.tenants.base import TenantModel
from apps.tenants.models import Domain, Membership
from apps.tenants.permissions import ROLE_PERMISSIONS, Permission
from apps.tenants.scope import platform, system
from cleantrack import urls
from tests.cast import SOUTHBANK_MARK, Cast, House
from tests.isolation.walker import Page, Walker

# Where a house has an object of each model. A model that is registered but not listed here fails.
OBJECTS: dict[str, str] = {
    "tenants.organization": "organization",
    "tenants.domain": "domain",
    "tenants.membership": "technician",
    "facilities.facility": "hospital",
    "facilities.area": "ward",
    "equipment.equipmenttype": "kind",
    "equipment.equipment": "washer",
    "equipment.label": "label",
    "compliance.protocol": "protocol",
    "compliance.protocolversion": "version",
    "compliance.requirement": "requirement",
    "compliance.schedule": "schedule",
    "compliance.completion": "completion",
    "compliance.occurrence": "occurrence",
    "cleaning_logs.cleaninglog": "log",
    "cleaning_logs.logphoto": "photo",
    "audit.auditevent": "event",
    "operations.importrun": "import_run",
    "operations.importline": "import_line",
}
READ_ONLY = {
    "operations.importrun",
    "operations.importline",
    "audit.auditevent",
    "cleaning_logs.cleaninglog",
    "cleaning_logs.logphoto",
    "compliance.completion",
    "compliance.occurrence",
    "compliance.schedule",
    "compliance.protocolversion",
    "equipment.label",
}
# What restricted members see whole: it belongs to the organization, not to a facility.
OF_THE_ORGANIZATION = {
    "tenants.organization",
    "tenants.domain",
    "tenants.membership",
    "equipment.equipmenttype",
    "compliance.protocol",
    "compliance.protocolversion",
}
NOT_IN_THE_ADMIN = {"facilities.facilityaccess"}  # on the membership's page
assert urls.urlpatterns, "importing the addresses registers the admin classes"
TENANT = {model._meta.label_lower: model for model in tenant_site._registry}
PLATFORM = {model._meta.label_lower: model for model in platform_site._registry}
ENTERING = ("admin", "manager", "restricted_manager")
BARRED = ("technician", "auditor", "restricted")


@pytest.fixture
def walker(cast: Cast, record_property: Any) -> Iterator[Walker]:
    """Return a walker whose houses have one of everything, and hand its count of probes to the summary."""
    walker = Walker(cast)
    for house in (cast.northgate, cast.southbank):
        with system(house.organization):
            house.domain = Domain.objects.get()  # type: ignore[attr-defined]
            house.schedule = Schedule.objects.get()  # type: ignore[attr-defined]
            run = ImportRun.objects.create(
                kind="areas", file_name=f"{house.hospital.name}.csv", size=9, sha256="0" * 64
            )
            house.import_run = run  # type: ignore[attr-defined]
            house.import_line = ImportLine.objects.create(run=run, line=2, outcome="create", name=house.ward.name)  # type: ignore[attr-defined]
    yield walker
    record_property("isolation_probes", walker.probes)


def pk(house: House, label: str) -> int:
    """Return the key of a house's object of a model."""
    return int(getattr(house, OBJECTS[label]).pk)


def url(model: type[models.Model], page: str, *args: Any, site: str = "admin") -> str:
    """Return the address of an admin page."""
    return reverse(f"{site}:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def admin_of(model: type[models.Model], site: admin.AdminSite = tenant_site) -> Any:
    """Return the model's admin class as registered."""
    return site._registry[model]


def may(who: str, walker: Walker, model: type[models.Model], what: str) -> bool:
    """Tell what the registered class grants somebody, by role and facilities alone."""
    options = admin_of(model)
    permission = options.view_permission if what == "view" else options.edit_permission
    if permission is None or permission not in ROLE_PERMISSIONS[walker.role(who)]:
        return False
    return what == "view" or not (who.startswith("restricted") and options.needs_all_facilities)


def test_every_tenant_model_is_registered_on_both_sites() -> None:
    """And the table above names an object of each; users and platform events are for the platform alone."""
    expected = {
        model._meta.label_lower for model in apps.get_models() if issubclass(model, TenantModel)
    } - NOT_IN_THE_ADMIN | {"tenants.organization"}
    assert set(TENANT) == expected
    assert set(PLATFORM) == expected | {"accounts.user", "audit.platformevent"}
    assert set(OBJECTS) == expected, "add the model to OBJECTS in tests/isolation/test_admin.py"


@pytest.mark.parametrize("label", sorted(TENANT))
def test_reading(walker: Walker, label: str) -> None:
    """Lists, searches, filters, forms and histories show one's own organization, to those who may look."""
    model, cast = TENANT[label], walker.cast
    own, foreign = pk(cast.northgate, label), pk(cast.southbank, label)
    listed = url(model, "changelist")
    filters = {"organization__id__exact": cast.southbank.organization.pk, "q": "ZQX", "id__exact": foreign}
    for spec in admin_of(model).list_filter:
        if isinstance(spec, tuple) and spec[0] in ("facility", "type"):
            filters[f"{spec[0]}__id__exact"] = getattr(
                cast.southbank, {"facility": "hospital", "type": "kind"}[spec[0]]
            ).pk
    for who in ENTERING:
        if not may(who, walker, model, "view"):
            for page in (listed, url(model, "change", own), url(model, "history", own)):
                walker.probe(who, "get", page, expected={403})
            continue
        walker.probe(who, "get", listed, expected={200})
        for name, value in filters.items():
            response = walker.probe(who, "get", f"{listed}?{name}={value}", expected={200, 302})
            assert f"/{foreign}/change/" not in response.page or foreign == own
        sees_own = not who.startswith("restricted") or label in OF_THE_ORGANIZATION
        for name in ("change", "history"):
            walker.probe(who, "get", url(model, name, own), expected={200 if sees_own else 302})
            response = walker.probe(who, "get", url(model, name, foreign), expected={302})
            assert response["Location"] == "/admin/"


@pytest.mark.parametrize("label", sorted(TENANT))
def test_writing(walker: Walker, label: str) -> None:
    """Foreign rows cannot be changed or deleted; read-only models have no form at all; deletion is for types alone."""
    model, cast = TENANT[label], walker.cast
    own, foreign = pk(cast.northgate, label), pk(cast.southbank, label)
    for who in ENTERING:
        edits = may(who, walker, model, "edit") and label != "tenants.domain"
        for number, answers in ((foreign, {302, 403}), (own, {200, 302} if edits else {403, 302})):
            for page, sent in (("change", {"name": "Taken over"}), ("delete", {"post": "yes"})):
                with walker.nothing_changes(cast.southbank, f"{who} {page} {label} {number}"):
                    expected = answers if page == "change" else {200, 302, 403}
                    walker.probe(who, "post", url(model, page, number), expected=expected, data=sent)
        with walker.nothing_changes(cast.southbank, f"{who} deletes selected {label}"):
            sent = {"action": "delete_selected", "_selected_action": foreign, "post": "yes"}
            walker.probe(who, "post", url(model, "changelist"), expected={200, 302, 403}, data=sent)
    can_delete = [who for who in ENTERING if admin_of(model).may_delete and may(who, walker, model, "edit")]
    assert bool(can_delete) == (label == "equipment.equipmenttype")
    if label in READ_ONLY:
        response = walker.probe("admin", "get", url(model, "change", own), expected={200})
        assert 'name="_save"' not in response.page
        walker.probe("admin", "get", url(model, "add"), expected={403})
        walker.probe("admin", "get", url(model, "delete", own), expected={403})
        walker.probe("admin", "post", url(model, "change", own), expected={403})


def foreign_key_fields(model: type[models.Model], site: admin.AdminSite) -> list[str]:
    """Return the editable foreign keys of a model's form, inlines included."""
    options = admin_of(model, site)
    shown = {name for name in options.fields or () if name not in options.readonly_fields}
    names = [f.name for f in model._meta.fields if f.name in shown and isinstance(f, models.ForeignKey)]
    for inline in options.inlines:
        if inline.edit_permission is not None:
            prefix = inline.model._meta.get_field("membership").remote_field.related_name
            names += [f"{prefix}-0-{name}" for name in inline.autocomplete_fields]
    return names


REFERRING = sorted(
    label
    for label, model in TENANT.items()
    if admin_of(model).edit_permission is not None and foreign_key_fields(model, tenant_site)
)


@pytest.mark.parametrize("label", REFERRING)
def test_foreign_ids_in_forms(walker: Walker, label: str) -> None:
    """A form refuses another organization's object in each of its foreign keys, on both sites."""
    model, cast = TENANT[label], walker.cast
    extra = {"facility_access-TOTAL_FORMS": "1", "facility_access-INITIAL_FORMS": "0", "facility_access-0-id": ""}
    names = foreign_key_fields(model, tenant_site)
    own = pk(cast.northgate, label)
    pages = [("admin", "northgate.localhost", url(model, "change", own))]
    if admin_of(model).may_add:
        pages.append(("admin", "northgate.localhost", url(model, "add")))
    pages.append(("staff", "localhost", url(model, "change", own, site="platform")))
    for who, host, page in pages:
        text = walker.probe(who, "get", page, expected={200}, host=host).page
        forms = [form for form in Page(text).forms if form.method == "post"]
        readonly = set() if page.endswith("/add/") else {"facility"} if label == "facilities.area" else set()
        for name in names:
            # Rows of an inline are added by the organization, not by platform staff.
            if name not in readonly and not (who == "staff" and "-0-" in name):
                walker.try_forms(who, page, forms, [name], {**extra, "name": "Anything"}, expected={200}, host=host)


def autocompletes() -> list[tuple[type[models.Model], str]]:
    """Return (model, field) of every autocomplete of both sites."""
    found = []
    for model, options in tenant_site._registry.items():
        found += [(model, name) for name in options.autocomplete_fields]
        for inline in options.inlines:
            found += [(inline.model, name) for name in inline.autocomplete_fields]
    return found


@pytest.mark.parametrize(("model", "name"), autocompletes(), ids=lambda v: v if isinstance(v, str) else v.__name__)
def test_autocomplete(walker: Walker, model: type[models.Model], name: str) -> None:
    """Choices are the organization's own, and for restricted members their facilities' own."""
    cast = walker.cast
    query = f"app_label={model._meta.app_label}&model_name={model._meta.model_name}&field_name={name}&term="
    for who in ENTERING:
        response = walker.probe(who, "get", f"/admin/autocomplete/?{query}", expected={200})
        rows = json.loads(response.page)["results"]
        assert rows or (who.startswith("restricted") and name in ("area", "parent"))
        if who.startswith("restricted") and name == "facility":
            assert [row["id"] for row in rows] == [str(cast.northgate.annex.pk)]
        walker.probe(who, "get", f"/admin/autocomplete/?{query}ZQX", expected={200})
    for who in BARRED:
        walker.probe(who, "get", f"/admin/autocomplete/?{query}", expected={403})
    narrow = f"/platform/autocomplete/?organization={cast.northgate.organization.pk}&{query}"
    assert json.loads(walker.probe("staff", "get", narrow, expected={200}, host="localhost").page)["results"]


def every_page(site: admin.AdminSite) -> list[str]:
    """Return the name of every URL of a site."""
    return [pattern.name for pattern in _patterns(site.get_urls()) if pattern.name]


def _patterns(urls: list[Any]) -> Iterator[Any]:
    for pattern in urls:
        if hasattr(pattern, "url_patterns"):
            yield from _patterns(pattern.url_patterns)
        else:
            yield pattern


def address(site: str, name: str, house: House) -> str:
    """Return the address of a named page with a house's object in it."""
    from django.urls import NoReverseMatch

    try:
        return reverse(f"{site}:{name}")
    except NoReverseMatch:
        pass
    if name == "app_list":
        return reverse(f"{site}:app_list", args=["equipment"])
    head = name.rsplit("_", 1)[0]
    label = next((key for key in OBJECTS if key.replace(".", "_") == head), None)
    number = pk(house, label) if label else house.technician.user_id
    return reverse(f"{site}:{name}", args=[number])


def test_who_enters_the_organizations_admin(walker: Walker) -> None:
    """Admins and managers; nobody else, on any page, for reading or writing."""
    for name in every_page(tenant_site):
        page = address("admin", name, walker.cast.northgate)
        for who in BARRED:
            walker.probe(who, "get", page, expected={403})
            walker.probe(who, "post", page, expected={403})
        for who, host, answer in (
            ("anonymous", "northgate.localhost", 302),
            ("outsider", "northgate.localhost", 404),
            ("staff", "northgate.localhost", 404),
            ("staff", "localhost", 302),
        ):
            walker.probe(who, "get", page, expected={answer}, host=host)
        walker.probe("outsider", "post", page, expected={404})


def test_who_enters_the_platform_admin(walker: Walker) -> None:
    """Platform staff on a shared host; for everybody else the place does not exist."""
    ours = {"autocomplete", "login", "logout", "password_change", "password_change_done", "jsi18n"}
    for name in every_page(platform_site):
        page = address("platform", name, walker.cast.northgate)
        for who in (*ENTERING, *BARRED, "outsider"):
            walker.probe(who, "get", page, expected={404}, host="localhost")
        for who in ("admin", "staff"):
            walker.probe(who, "get", page, expected={404})
        walker.probe("admin", "post", page, expected={404}, host="localhost")
        walker.probe("anonymous", "get", page, expected={302}, host="localhost")
        if name not in ours:
            walker.probe("staff", "get", page, expected={200, 302, 403}, host="localhost", has_samples=True)


@pytest.mark.parametrize("label", sorted(PLATFORM))
def test_platform_staff_see_all_organizations(walker: Walker, label: str) -> None:
    """Lists name the organization and can be narrowed to one; forms and histories open."""
    model, cast = PLATFORM[label], walker.cast
    listed = url(model, "changelist", site="platform")
    wide = walker.probe("staff", "get", listed, expected={200}, host="localhost", has_samples=True)
    assert "Southbank" in wide.page or label in ("accounts.user", "audit.platformevent")
    if issubclass(model, TenantModel):
        narrow = f"{listed}?organization__id__exact={cast.northgate.organization.pk}"
        response = walker.probe("staff", "get", narrow, expected={200}, host="localhost", has_samples=True)
        assert f"/{pk(cast.northgate, label)}/change/" in response.page
        assert f"/{pk(cast.southbank, label)}/change/" not in response.page
    if label in OBJECTS:
        for house in (cast.northgate, cast.southbank):
            for name in ("change", "history"):
                page = url(model, name, pk(house, label), site="platform")
                walker.probe("staff", "get", page, expected={200}, host="localhost", has_samples=True)


# --- What the forms do ---


def filled(client: Client, page: str, **values: Any) -> dict[str, Any]:
    """Return a form as a browser would send it, with some values changed."""
    response = client.get(page)
    assert response.status_code == 200, response
    form = next(form for form in Page(response.content.decode()).forms if form.method == "post" and not form.action)
    sent = {name: value for name, value in form.filled().items() if not name.startswith("_")}
    return {**sent, **values}


def test_a_manager_edits_places_but_not_people(marek: Client, northgate: House) -> None:
    """Managers change facilities; members and the organization they only see."""
    page = f"/admin/facilities/facility/{northgate.hospital.pk}/change/"
    assert marek.post(page, filled(marek, page, city="Hull")).status_code == 302
    for path in ("tenants/membership", "tenants/organization", "tenants/domain"):
        assert marek.get(f"/admin/{path}/").status_code == 200
    assert (
        marek.post(f"/admin/tenants/membership/{northgate.technician.pk}/change/", {"role": "admin"}).status_code == 403
    )
    assert marek.post(f"/admin/tenants/organization/{northgate.organization.pk}/change/", {}).status_code == 403
    with system(northgate.organization):
        assert Facility.objects.get(pk=northgate.hospital.pk).city == "Hull"
        assert Membership.objects.get(pk=northgate.technician.pk).role == "technician"


def test_a_change_is_recorded_with_who_before_and_after(amara: Client, northgate: House) -> None:
    """The trail of the admin is the trail of the pages, and History shows it."""
    page = f"/admin/facilities/facility/{northgate.hospital.pk}/change/"
    assert amara.post(page, filled(amara, page, city="Hull")).status_code == 302
    with system(northgate.organization):
        event = AuditEvent.objects.get()
        assert (event.action, event.actor, event.role) == ("facility.update", "Amara", "admin")
        assert event.changes == {"city": ["Leeds", "Hull"]}
    history = amara.get(f"/admin/facilities/facility/{northgate.hospital.pk}/history/").content.decode()
    assert "Leeds → Hull" in history
    assert "Amara" in history


def test_an_area_is_renamed_by_the_rooms_rules(amara: Client, northgate: House) -> None:
    """Paths of what is inside follow; the facility of an area and its path are no fields."""
    with system(northgate.organization):
        bay = Area.objects.create(facility=northgate.hospital, parent=northgate.ward, name="Bay", path="Ward 7 > Bay")
    page = f"/admin/facilities/area/{northgate.ward.pk}/change/"
    sent = filled(amara, page, name="Ward 8", path="Forged", facility=northgate.annex.pk)
    assert amara.post(page, sent).status_code == 302
    with system(northgate.organization):
        bay.refresh_from_db()
        assert bay.path == "Ward 8 > Bay"
        assert Area.objects.get(pk=northgate.ward.pk).facility_id == northgate.hospital.pk


def test_what_an_action_refuses_comes_back_on_the_form(amara: Client, northgate: House) -> None:
    """A circle of areas is refused at its field, with what was typed, and nothing is written."""
    page = f"/admin/facilities/area/{northgate.ward.pk}/change/"
    response = amara.post(page, filled(amara, page, name="Ward 9", parent=northgate.ward.pk))
    assert response.status_code == 200
    assert "An area cannot be inside itself." in response.content.decode()
    assert 'value="Ward 9"' in response.content.decode()
    with system(northgate.organization):
        assert Area.objects.get(pk=northgate.ward.pk).name == "Ward 7"


def test_a_machine_cannot_stand_in_another_facilitys_area(amara: Client, northgate: House) -> None:
    """The form says so before PostgreSQL does."""
    page = f"/admin/equipment/equipment/{northgate.trolley.pk}/change/"
    response = amara.post(page, filled(amara, page, area=northgate.ward.pk))
    assert response.status_code == 200
    assert "This belongs to another facility." in response.content.decode()


def test_derived_fields_are_not_editable(amara: Client, northgate: House) -> None:
    """Path, code and the moment to extend are shown, never asked for."""
    for page, field in (
        (f"/admin/facilities/area/{northgate.ward.pk}/change/", "path"),
        (f"/admin/equipment/label/{northgate.label.pk}/change/", "code"),
        (f"/admin/compliance/requirement/{northgate.requirement.pk}/change/", "extend_at_0"),
        (f"/admin/equipment/equipment/{northgate.washer.pk}/change/", "photo"),
    ):
        assert f'name="{field}"' not in amara.get(page).content.decode()


def test_the_only_admin_cannot_demote_herself(amara: Client, northgate: House) -> None:
    """The admin keeps the rule of the members page."""
    page = f"/admin/tenants/membership/{northgate.admin.pk}/change/"
    response = amara.post(page, filled(amara, page, role="technician"))
    assert response.status_code == 200
    assert "only admin with all facilities" in response.content.decode()


def test_facilities_of_a_member_are_recorded(amara: Client, northgate: House) -> None:
    """Rows of the inline are added and removed with a line in the trail each."""
    page = f"/admin/tenants/membership/{northgate.restricted.pk}/change/"
    sent = filled(amara, page)
    sent |= {"facility_access-TOTAL_FORMS": "2", "facility_access-1-facility": northgate.hospital.pk}
    sent |= {"facility_access-1-membership": northgate.restricted.pk, "facility_access-0-DELETE": "on"}
    assert amara.post(page, sent).status_code == 302
    with system(northgate.organization):
        rows = FacilityAccess.objects.filter(membership=northgate.restricted)
        assert [row.facility_id for row in rows] == [northgate.hospital.pk]
        actions = set(AuditEvent.objects.values_list("action", flat=True))
        assert {"facilityaccess.create", "facilityaccess.delete"} <= actions


def test_a_restricted_admin_cannot_widen_herself(cast: Cast, as_user: Any) -> None:
    """Members and the organization need a member with all facilities."""
    house = cast.northgate
    with system(house.organization):
        Membership.objects.filter(pk=house.restricted.pk).update(role="admin")
    client = as_user(house.restricted)
    page = f"/admin/tenants/membership/{house.restricted.pk}/change/"
    assert client.get(page).status_code == 200
    assert client.post(page, {"role": "admin", "all_facilities": "on", "is_active": "on"}).status_code == 403


def test_a_type_in_use_cannot_be_deleted_and_an_unused_one_can(amara: Client, northgate: House) -> None:
    """The confirmation lists what is in the way, the trail keeps what is gone."""
    page = f"/admin/equipment/equipmenttype/{northgate.kind.pk}/delete/"
    response = amara.get(page)
    assert response.status_code == 200
    assert "Washer 1" in response.content.decode()
    assert SOUTHBANK_MARK.strip() not in response.content.decode()
    amara.post(page, {"post": "yes"})
    with system(northgate.organization):
        spare = EquipmentType.objects.create(name="Spare")
        assert EquipmentType.objects.filter(pk=northgate.kind.pk).exists()
    assert amara.post(f"/admin/equipment/equipmenttype/{spare.pk}/delete/", {"post": "yes"}).status_code == 302
    with system(northgate.organization):
        assert not EquipmentType.objects.filter(pk=spare.pk).exists()
        assert AuditEvent.objects.filter(action="equipmenttype.delete", object_name="Spare").exists()


def test_an_organization_cannot_verify_its_own_domain(amara: Client, northgate: House) -> None:
    """It may state one; ours are refused, and a verified one stays what it is."""
    page = "/admin/tenants/domain/add/"
    assert 'name="verified_at_0"' not in amara.get(page).content.decode()
    assert amara.post(page, {"host": "southbank.localhost", "verified_at_0": "2026-01-01"}).status_code == 200
    assert (
        amara.post(
            page, {"host": "Clean.Example.org", "verified_at_0": "2026-01-01", "verified_at_1": "10:00"}
        ).status_code
        == 302
    )
    with system(northgate.organization):
        domain = Domain.objects.get(host="clean.example.org")
        assert domain.verified_at is None
    assert amara.post(f"/admin/tenants/domain/{domain.pk}/change/", {"host": "other.example.org"}).status_code == 403


# --- Platform staff ---


@pytest.fixture
def stan(cast: Cast, as_user: Any) -> Client:
    """Return platform staff, signed in on the shared host."""
    return as_user(cast.staff, host=None)


def events(action: str) -> list[Any]:
    """Return the events of this action in every trail."""
    with platform("test"):
        return [*AuditEvent.objects.filter(action=action), *PlatformEvent.objects.filter(action=action)]


def test_entering_and_looking_are_recorded_once(stan: Client, northgate: House, southbank: House) -> None:
    """One line a session for entering, one a session and organization for looking into it: in that one's own trail."""
    for _ in range(2):
        stan.get("/platform/")
        stan.get("/platform/equipment/equipment/")
        stan.get(f"/platform/equipment/equipment/?organization__id__exact={northgate.organization.pk}")
        stan.get(f"/platform/equipment/equipment/{northgate.washer.pk}/change/")
    assert len(events("platform.enter")) == 1
    assert [(e.organization_id, e.actor, e.role) for e in events("platform.look")] == [
        (northgate.organization.pk, "Stan", "platform")
    ]
    stan.get(f"/platform/facilities/facility/{southbank.hospital.pk}/change/")
    assert len(events("platform.look")) == 2


@pytest.mark.parametrize(
    ("path", "attribute", "values", "action"),
    [
        ("facilities/facility", "hospital", {"city": "Hull"}, "facility.update"),
        ("facilities/area", "ward", {"name": "Ward 8"}, "area.update"),
        ("equipment/equipment", "washer", {"maker": "Acme"}, "equipment.update"),
        ("equipment/equipmenttype", "kind", {"name": "Washer"}, "equipment_type.update"),
        ("compliance/requirement", "requirement", {"reference": "HTM 01-05"}, "requirement.update"),
        ("compliance/protocol", "protocol", {"description": "Daily"}, "protocol.update"),
        ("tenants/membership", "technician", {"role": "manager"}, "member.edit"),
        ("tenants/organization", "organization", {"name": "Northgate Trust"}, "organization.update"),
    ],
)
def test_a_change_by_staff_stands_in_the_organizations_trail(  # noqa: PLR0917 - fixtures and parameters
    stan: Client, northgate: House, path: str, attribute: str, values: dict[str, str], action: str
) -> None:
    """Every editable model can be edited in platform scope, and the customer sees who did it."""
    page = f"/platform/{path}/{getattr(northgate, attribute).pk}/change/"
    response = stan.post(page, filled(stan, page, **values))
    assert response.status_code == 302, response.content.decode()[:3000]
    (event,) = events(action)
    assert (event.organization_id, event.actor, event.role) == (northgate.organization.pk, "Stan", "platform")


def test_staff_cannot_mix_organizations(stan: Client, northgate: House, southbank: House) -> None:
    """The platform scope sees both, the form offers one."""
    page = f"/platform/equipment/equipment/{northgate.washer.pk}/change/"
    for field, value in (("type", southbank.kind.pk), ("facility", southbank.hospital.pk)):
        response = stan.post(page, filled(stan, page, **{field: value}))
        assert response.status_code == 200
        assert "valid choice" in response.content.decode()


def test_staff_add_organizations_and_deactivate_people(stan: Client, northgate: House) -> None:
    """Provisioning is recorded in the new organization's trail, people in the platform's."""
    sent = filled(stan, "/platform/tenants/organization/add/", name="Eastgate", slug="eastgate")
    assert stan.post("/platform/tenants/organization/add/", sent).status_code == 302
    assert len(events("organization.create")) == 1
    page = f"/platform/accounts/user/{northgate.technician.user_id}/change/"
    sent = filled(stan, page)
    del sent["is_active"]
    assert stan.post(page, sent).status_code == 302
    assert [event.changes for event in events("user.update")] == [{"is_active": [True, False]}]
    assert not User.objects.get(pk=northgate.technician.user_id).is_active


# --- Cost ---


@pytest.mark.parametrize(
    ("path", "queries"), [("equipment/equipment/", 16), ("tenants/membership/", 14), ("compliance/requirement/", 15)]
)
def test_lists_cost_the_same_however_long(
    amara: Client, northgate: House, django_assert_num_queries: Any, path: str, queries: int
) -> None:
    """No query per row; of these, twelve open session, identity and scope."""
    with system(northgate.organization):
        for number in range(15):
            Equipment.objects.create(
                facility=northgate.hospital, area=northgate.ward, type=northgate.kind, name=f"M{number}"
            )
            Requirement.objects.create(
                facility=northgate.hospital,
                equipment=northgate.washer,
                owner=northgate.technician,
                name=f"R{number}",
                starts_at=northgate.requirement.starts_at,
            )
    amara.get(f"/admin/{path}")
    with django_assert_num_queries(queries):
        assert amara.get(f"/admin/{path}").status_code == 200


def test_who_may_enter_agrees_with_the_permissions() -> None:
    """The roles that the tests above let in and keep out are those of permissions.py."""
    entering = {role for role, granted in ROLE_PERMISSIONS.items() if Permission.ADMIN_ENTER in granted}
    assert entering == {"admin", "manager", "system", "platform"}
