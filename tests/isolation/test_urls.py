"""The isolation matrix: every URL × everybody × own and foreign objects, in the path, the query and the form."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path, reverse

from apps.compliance.closures.models import ClosedDay
from apps.compliance.corrective.models import CorrectivePhoto
from apps.facilities.models import Facility
from apps.tenants.doors import OPEN_URLS, PLATFORM_ADMIN, TENANT_ADMIN, door_of, requires, walk
from apps.tenants.models import Role
from apps.tenants.permissions import ROLE_PERMISSIONS, Permission
from apps.tenants.scope import platform, require
from cleantrack import urls
from tests.cast import Cast, House
from tests.isolation.table import HOW_TO_ADD, IN_ANNEX, OPEN, PAGES, RESOLVED, SIGNED_IN, Page, in_annex, value_of
from tests.isolation.walker import Form, Leak, Walker
from tests.isolation.walker import Page as Html

VIEWS = {
    name: (route, view)
    for name, route, view in walk(urls.urlpatterns)
    if name.split(":")[0] not in (TENANT_ADMIN, PLATFORM_ADMIN)
}
MEMBERS = (*Role.values, "restricted", "restricted_manager")
# Who tries foreign ids in every parameter and field: one of each kind of scope that may write.
TRY_EVERYTHING = ("anonymous", "admin", "restricted_manager", "restricted")
REFUSED = {302, 401, 403, 404}


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_every_url_is_listed(name: str) -> None:
    """A URL that the table does not know is not tested, so it fails here."""
    route, view = VIEWS[name]
    if name in PAGES:
        return
    door = door_of(view)
    permission = door.permission.name if door and door.permission else "X"
    kwargs = ', {"pk": "hospital.pk"}' if "<" in route else ""
    pytest.fail(HOW_TO_ADD.format(name=name, route=route, permission=permission, kwargs=kwargs))


@pytest.mark.parametrize("name", sorted(PAGES))
def test_the_table_lists_what_exists(name: str) -> None:
    """A line of a URL that is gone, or whose door is another now, is wrong."""
    assert name in VIEWS, f"{name} does not exist any more; delete its line"
    door = door_of(VIEWS[name][1])
    if name in OPEN_URLS:
        assert PAGES[name].door == OPEN
    else:
        assert door is not None
        assert PAGES[name].door == (door.permission or door.kind)


def address(name: str, page: Page, house: House, **swapped: str) -> str:
    """Return the address with a house's values; ``swapped`` names other paths for some."""
    return assemble(name, page, {key: value_of(house, swapped.get(key, where)) for key, where in places(page).items()})


def mixed_addresses(name: str, page: Page, cast: Cast) -> list[str]:
    """Return the addresses with Southbank's object in one place each, Northgate's elsewhere, and with all of them."""
    own = {key: value_of(cast.northgate, where) for key, where in places(page).items()}
    theirs = {key: value_of(cast.southbank, where) for key, where in page.owned.items()}
    found = [assemble(name, page, {**own, key: value}) for key, value in theirs.items()]
    return found if len(theirs) < 2 else [*found, assemble(name, page, {**own, **theirs})]


def places(page: Page) -> dict[str, str]:
    """Return where the values of arguments and of needed parameters come from."""
    return {**page.kwargs, **page.asks}


def assemble(name: str, page: Page, values: dict[str, Any]) -> str:
    """Return the address with these values."""
    path = reverse(name, kwargs={key: values[key] for key in page.kwargs})
    return f"{path}?{urlencode({key: values[key] for key in page.asks})}" if page.asks else path


@pytest.mark.parametrize("name", sorted(PAGES.keys() & VIEWS.keys()))
def test_url(walker: Walker, name: str) -> None:
    """Everybody gets what the table says, nobody anything of another organization."""
    page = PAGES[name]
    before = walker.checksum(walker.cast.southbank)
    if page.door == OPEN:
        walk_open(walker, name, page)
    elif page.door == SIGNED_IN:
        walk_signed_in(walker, name, page)
    elif page.door == RESOLVED:
        walk_resolved(walker, name, page)
    else:
        walk_members(walker, name, page)
    assert walker.checksum(walker.cast.southbank) == before


def walk_open(walker: Walker, name: str, page: Page) -> None:
    """Open pages answer everybody alike and know nothing of anybody."""
    url = address(name, page, walker.cast.northgate)
    for who in ("anonymous", "technician", "outsider"):
        response = walker.probe(who, "get", url, expected={page.get, 302}, has_samples=page.has_samples)
        if page.has_samples:
            continue
        walker.try_forms(who, url, Html(response.page).forms, {}, {})


def walk_signed_in(walker: Walker, name: str, page: Page) -> None:
    """One's own pages: for everybody who signed in, on any host, without a scope."""
    url = address(name, page, walker.cast.northgate)
    walker.probe("anonymous", "get", url, expected={302})
    for who in (*MEMBERS, "staff"):
        response = walker.probe(who, "get", url, expected={page.get}, host="localhost")
        forms = Html(response.page).forms or [Form("post", "")]
        if who in ("admin", "restricted"):
            walker.try_forms(who, url, forms, page.form, page.data)


def walk_resolved(walker: Walker, name: str, page: Page) -> None:
    """Pages that find their scope themselves (labels): the foreign object is as unknown as one that does not exist."""
    cast = walker.cast
    own = address(name, page, cast.northgate)
    for who in ("anonymous", *MEMBERS):
        response = walker.probe(who, "get", own, at_label=True)
        if who in TRY_EVERYTHING:
            walker.try_queries(who, own, {*page.query, *Html(response.page).parameters(own)}, at_label=True)
            walker.try_forms(
                who, own, Html(response.page).forms or [Form("post", "")], page.form, page.data, at_label=True
            )
        for url in mixed_addresses(name, page, cast):
            walker.probe(who, "get", url, expected={404})
            with walker.nothing_changes(f"{who} POST {url}", cast.northgate, cast.southbank):
                walker.probe(who, "post", url, expected={404, 403, 405}, data=dict(page.data))


def walk_members(walker: Walker, name: str, page: Page) -> None:
    """Pages of an organization."""
    cast = walker.cast
    own, foreign = address(name, page, cast.northgate), address(name, page, cast.southbank)
    outsiders(walker, page, own, foreign)
    assert isinstance(page.door, Permission)
    for who in MEMBERS:
        permitted = page.door in ROLE_PERMISSIONS[walker.role(who)]
        limited = who.startswith("restricted")
        expected = (page.restricted_get if limited else page.get) if permitted else 403
        if page.get == 405 and expected == 404:
            expected = 405
        response = walker.probe(who, "get", own, expected={expected})
        if limited and permitted:
            restricted(walker, who, name, page, own)
        if not permitted:
            with walker.nothing_changes(f"{who} POST {own}", cast.northgate):
                walker.probe(who, "post", own, expected={403}, data=dict(page.data))
        for mixed in mixed_addresses(name, page, cast):
            foreign_path(walker, who, page, mixed, permitted=permitted)
        if permitted and expected in (200, 302, 405):
            html = Html(response.page)
            if who in TRY_EVERYTHING:
                names = {*page.query, *page.asks, *html.parameters(urlsplit(own).path)}
                walker.try_queries(who, own, names, page.data, writes={*page.query, *page.asks})
                walker.try_forms(who, own, html.forms or [Form("post", "")], page.form, page.data)


def outsiders(walker: Walker, page: Page, own: str, foreign: str) -> None:
    """Strangers, the other organization's admin, and platform staff without a membership."""
    cast = walker.cast
    walker.probe("anonymous", "get", own, expected={302})
    walker.probe("outsider", "get", own, expected={404})
    walker.probe("outsider", "get", foreign, expected={404})
    walker.probe("staff", "get", own, expected={404})
    walker.probe("staff", "get", own, expected={302}, host="localhost")
    for who in ("anonymous", "outsider", "staff"):
        with walker.nothing_changes(f"{who} POST {own}", cast.northgate, cast.southbank):
            walker.probe(who, "post", own, expected=REFUSED, data=dict(page.data))
    # In his own organization, asking for Northgate's objects.
    if page.owned:
        answer = {404, 405} if page.get == 405 else {404}
        walker.probe("outsider", "get", own, expected=answer, hidden=cast.northgate, host="localhost")
        with walker.nothing_changes(f"outsider POST localhost{own}", cast.northgate):
            walker.probe(
                "outsider",
                "post",
                own,
                expected={404, 405},
                hidden=cast.northgate,
                host="localhost",
                data=dict(page.data),
            )
    else:
        walker.probe("outsider", "get", own, expected={page.get}, hidden=cast.northgate, host="localhost")


def foreign_path(walker: Walker, who: str, page: Page, url: str, *, permitted: bool) -> None:
    """A foreign object does not exist, for reading and for writing."""
    walker.probe(who, "get", url, expected=({405} if page.get == 405 else {404}) if permitted else {403})
    with walker.nothing_changes(f"{who} POST {url}", walker.cast.southbank):
        walker.probe(who, "post", url, expected={404, 405} if permitted else {403}, data=dict(page.data))


def restricted(walker: Walker, who: str, name: str, page: Page, own: str) -> None:
    """Members of the annex reach the annex; the hospital's objects do not exist for them, and do not change."""
    cast = walker.cast
    near = {key: in_annex(where) for key, where in page.owned.items()}
    if near and all(near.values()):
        walker.probe(
            who, "get", address(name, page, cast.northgate, **{k: v for k, v in near.items() if v}), expected={page.get}
        )
    if page.restricted_get == 404:
        with walker.nothing_changes(f"{who} POST {own}", cast.northgate):
            walker.probe(who, "post", own, expected={404, 405}, data=dict(page.data))


# --- The walker itself must be able to fail ---


@requires(Permission.FACILITIES_VIEW)
def leaks_in_the_path(request: HttpRequest, pk: int) -> HttpResponse:
    """Show any facility by number: the bug that the matrix is there to find."""
    return HttpResponse(Facility._base_manager.model.__name__ + unscoped_name(pk))


@requires(Permission.FACILITIES_VIEW)
def leaks_in_the_query(request: HttpRequest) -> HttpResponse:
    """Take a facility from the address without looking whose it is."""
    return HttpResponse(unscoped_name(int(request.GET["facility"])) if "facility" in request.GET else "ok")


@requires(Permission.FACILITIES_EDIT)
def leaks_in_the_form(request: HttpRequest) -> HttpResponse:
    """Change whatever facility the form names."""
    if request.method == "POST" and request.POST.get("facility"):
        unscoped_name(int(request.POST["facility"]), rename=True)
    return HttpResponse('<form method="post"><input type="hidden" name="facility" value="1"></form>')


@requires(Permission.FACILITIES_EDIT)
def forgets_the_facilities(request: HttpRequest, pk: int) -> HttpResponse:
    """Open a wider scope than the member has."""
    return HttpResponse("ok")


@requires(Permission.FACILITIES_VIEW)
def forgets_the_facilities_in_the_query(request: HttpRequest) -> HttpResponse:
    """Show the areas of any facility of the organization, seen by the member or not."""
    return HttpResponse(areas_of(int(request.GET["facility"])) if "facility" in request.GET else "ok")


@requires(Permission.FACILITIES_EDIT)
def forgets_the_facilities_in_the_form(request: HttpRequest) -> HttpResponse:
    """Change any facility of the organization, seen by the member or not."""
    if request.method == "POST" and areas_of(int(request.POST.get("facility") or 0)):
        unscoped_name(int(request.POST["facility"]), rename=True)
    return HttpResponse('<form method="post"><input type="hidden" name="facility" value="1"></form>')


def areas_of(facility_id: int) -> str:
    """Read past the manager, which knows the member's facilities, but not past row-level security."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(path, ', ') FROM facilities_area WHERE facility_id = %s", [facility_id])
        return cursor.fetchone()[0] or ""


def unscoped_name(pk: int, *, rename: bool = False) -> str:
    """Read past every net, as a raw query in a scope opened by mistake would."""
    from django.db import connection

    from apps.tenants import scope as scopes

    token = scopes._scope.set(None)
    try:
        with platform("a seeded bug"), connection.cursor() as cursor:
            if rename:
                cursor.execute("UPDATE facilities_facility SET name = name || '!' WHERE id = %s", [pk])
            cursor.execute("SELECT name FROM facilities_facility WHERE id = %s", [pk])
            row = cursor.fetchone()
            return str(row[0]) if row else ""
    finally:
        scopes._scope.reset(token)
        scopes._arm(require(), "default")


urlpatterns = [
    *urls.urlpatterns,
    path("leak/<int:pk>/", leaks_in_the_path, name="leak_path"),
    path("leak/query/", leaks_in_the_query, name="leak_query"),
    path("leak/form/", leaks_in_the_form, name="leak_form"),
    path("leak/facility/<int:pk>/", forgets_the_facilities, name="leak_facility"),
    path("leak/facility/query/", forgets_the_facilities_in_the_query, name="leak_facility_query"),
    path("leak/facility/form/", forgets_the_facilities_in_the_form, name="leak_facility_form"),
]
SEEDED = {
    "leak_path": (Page(Permission.FACILITIES_VIEW, {"pk": "hospital.pk"}), "expected"),
    "leak_query": (Page(Permission.FACILITIES_VIEW, query={"facility": "hospital.pk"}), "shows"),
    "leak_form": (Page(Permission.FACILITIES_EDIT), "changed rows of Southbank Lettings in facilities_facility"),
    "leak_facility": (Page(Permission.FACILITIES_EDIT, {"pk": "annex.pk"}), "expected"),
    "leak_facility_query": (
        Page(Permission.FACILITIES_VIEW, query={"facility": "hospital.pk"}),
        "shows 'Ward 7' of a facility that restricted",
    ),
    "leak_facility_form": (
        Page(Permission.FACILITIES_EDIT),
        "restricted_manager POST .* changed rows of Northgate General in facilities_facility",
    ),
}


@pytest.mark.parametrize("name", sorted(SEEDED))
def test_the_walker_finds_a_seeded_leak(walker: Walker, name: str) -> None:
    """In the path, in the query, in a form, and between facilities."""
    page, words = SEEDED[name]
    with override_settings(ROOT_URLCONF=__name__), pytest.raises(Leak, match=words):
        walk_members(walker, name, page)


def test_a_url_that_is_not_listed_fails() -> None:
    """The message says how to add it."""
    VIEWS["leak_path"] = ("leak/<int:pk>/", leaks_in_the_path)
    try:
        with pytest.raises(pytest.fail.Exception, match="Add a line to PAGES"):
            test_every_url_is_listed("leak_path")
    finally:
        del VIEWS["leak_path"]


def test_the_annex_stands_for_the_hospital(walker: Walker) -> None:
    """What is swapped is in the annex, what it stands for in the hospital: otherwise the restricted prove nothing."""
    house = walker.cast.northgate
    for ours, near in IN_ANNEX.items():
        assert facility_of(getattr(house, ours)) == house.hospital.pk, ours
        assert facility_of(getattr(house, near)) == house.annex.pk, near


def facility_of(found: Any) -> int:
    """Return the facility that an object of any model belongs to."""
    if isinstance(found, CorrectivePhoto):
        found = found.event.action
    name = {Facility: "pk", ClosedDay: "site_id"}.get(type(found), "facility_id")
    return int(getattr(found, name))
