"""Both admin sites: every registered model × every page × everybody, with foreign ids wherever one fits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.urls import reverse

from apps.tenants.admin_sites import platform_site, tenant_site
from apps.tenants.base import TenantModel
from apps.tenants.permissions import ROLE_PERMISSIONS, Permission
from cleantrack import urls
from tests.cast import House
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
    "compliance.suspension": "suspension",
    "compliance.closedday": "closed_day",
    "compliance.correctiveaction": "corrective",
    "compliance.correctiveevent": "corrective_event",
    "compliance.correctivephoto": "corrective_photo",
    "compliance.acknowledgement": "acknowledgement",
    "compliance.prerequisite": "prerequisite",
    "compliance.facilityfacts": "facts",
    "compliance.appliedpack": "applied_pack",
    "compliance.packprotocol": "pack_protocol",
    "compliance.appliedduty": "applied_duty",
    "compliance.notapplicable": "not_applicable",
    "compliance.dailycount": "daily_count",
    "compliance.dirtyday": "dirty_day",
    "cleaning_logs.cleaninglog": "log",
    "cleaning_logs.logphoto": "photo",
    "audit.auditevent": "event",
    "accounts.savedview": "saved_view",
    "operations.importrun": "import_run",
    "operations.importline": "import_line",
}
READ_ONLY = {
    "accounts.savedview",
    "operations.importrun",
    "operations.importline",
    "audit.auditevent",
    "cleaning_logs.cleaninglog",
    "cleaning_logs.logphoto",
    "compliance.completion",
    "compliance.occurrence",
    "compliance.schedule",
    "compliance.protocolversion",
    "compliance.suspension",
    "compliance.closedday",
    "compliance.correctiveaction",
    "compliance.correctiveevent",
    "compliance.correctivephoto",
    "compliance.acknowledgement",
    "compliance.prerequisite",
    "compliance.facilityfacts",
    "compliance.appliedpack",
    "compliance.packprotocol",
    "compliance.appliedduty",
    "compliance.notapplicable",
    "compliance.dailycount",
    "compliance.dirtyday",
    "equipment.label",
}
# What restricted members see whole: it belongs to the organization, not to a facility.
OF_THE_ORGANIZATION = {
    "accounts.savedview",
    "tenants.organization",
    "tenants.domain",
    "tenants.membership",
    "equipment.equipmenttype",
    "compliance.protocol",
    "compliance.protocolversion",
    "compliance.packprotocol",
}
NOT_IN_THE_ADMIN = {"facilities.facilityaccess"}  # on the membership's page
assert urls.urlpatterns, "importing the addresses registers the admin classes"
TENANT = {model._meta.label_lower: model for model in tenant_site._registry}
PLATFORM = {model._meta.label_lower: model for model in platform_site._registry}
ENTERING = ("admin", "manager", "restricted_manager")
BARRED = ("technician", "auditor", "restricted")


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
        if isinstance(spec, tuple) and spec[0] in ("facility", "site", "type"):
            filters[f"{spec[0]}__id__exact"] = getattr(
                cast.southbank, {"facility": "hospital", "site": "hospital", "type": "kind"}[spec[0]]
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
                with walker.nothing_changes(f"{who} {page} {label} {number}", cast.southbank):
                    expected = answers if page == "change" else {200, 302, 403}
                    walker.probe(who, "post", url(model, page, number), expected=expected, data=sent)
        with walker.nothing_changes(f"{who} deletes selected {label}", cast.southbank):
            sent = {"action": "delete_selected", "_selected_action": str(foreign), "post": "yes"}
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


def test_who_may_enter_agrees_with_the_permissions() -> None:
    """The roles that the tests above let in and keep out are those of permissions.py."""
    entering = {role for role, granted in ROLE_PERMISSIONS.items() if Permission.ADMIN_ENTER in granted}
    assert entering == {"admin", "manager", "system", "platform"}
