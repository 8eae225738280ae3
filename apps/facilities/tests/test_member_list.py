"""Who is a member: everybody, and for a restricted manager the people of the shared facilities."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.facilities.models import FacilityAccess
from apps.tenants.models import Membership
from apps.tenants.scope import system
from tests.cast import Cast, make_user

PEOPLE = {"Amara", "Marek", "Tess", "Audrey", "Rosa"}


def names(client: Client, url: str = "/members/") -> set[str]:
    """Return who is on the page."""
    text = client.get(url).content.decode()
    body = text[text.index("<tbody>") : text.index("</tbody>")] if "<tbody>" in text else ""
    return {name for name in {*PEOPLE, "Oscar", "Hal"} if f"{name}<span" in body}


def test_admins_and_managers_see_everybody(amara: Client, marek: Client, cast: Cast) -> None:
    """Name, email, role, facilities; only the admin may edit."""
    assert names(amara) == names(marek) == PEOPLE
    text = amara.get("/members/").content.decode()
    for words in ("rosa@northgate.test", "Technician", "All facilities", "Northgate General Annex", "Add member"):
        assert words in text
    assert "southbank" not in text.lower()
    assert f"/members/{cast.northgate.manager.pk}/edit/" in text
    managers = marek.get("/members/").content.decode()
    assert "/edit/" not in managers
    assert "Add member" not in managers


def test_others_are_refused(tess: Client, audrey: Client, rosa: Client, oscar: Client, anonymous: Client) -> None:
    """403 for who is a member without the right, 404 for outsiders, the login page for visitors."""
    codes = [client.get("/members/").status_code for client in (tess, audrey, rosa, oscar, anonymous)]
    assert codes == [403, 403, 403, 404, 302]


@pytest.fixture
def hal(cast: Cast, as_user: Any) -> Client:
    """Return a manager of the hospital only, signed in. Rosa is of the annex only."""
    user = make_user("hal@northgate.test", "Hal")
    with system(cast.northgate.organization):
        membership = Membership.objects.create(user=user, role="manager")
        FacilityAccess.objects.create(membership=membership, facility=cast.northgate.hospital)
    return as_user(membership)


def test_a_restricted_manager_sees_the_people_of_the_shared_facilities(hal: Client, cast: Cast) -> None:
    """Members with all facilities and himself, not Rosa, in list and CSV alike."""
    assert names(hal) == PEOPLE - {"Rosa"} | {"Hal"}
    csv = b"".join(hal.get("/members/export.csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert "rosa@" not in csv
    assert "hal@" in csv
    with system(cast.northgate.organization):
        FacilityAccess.objects.create(membership=cast.northgate.restricted, facility=cast.northgate.hospital)
    assert "Rosa" in names(hal)
    # Of her facilities he sees the shared one only.
    text = hal.get("/members/?q=rosa").content.decode()
    assert "Northgate General" in text
    assert "Annex" not in text


def test_search_filters_and_sort(amara: Client, cast: Cast) -> None:
    """All in the address; nonsense is ignored."""
    with system(cast.northgate.organization):
        cast.northgate.technician.is_active = False
        cast.northgate.technician.save()
    assert names(amara) == PEOPLE - {"Tess"}
    assert names(amara, "/members/?state=inactive") == {"Tess"}
    assert names(amara, "/members/?state=all") == PEOPLE
    assert names(amara, "/members/?role=technician") == {"Rosa"}
    assert names(amara, "/members/?q=AUDREY@") == {"Audrey"}
    assert names(amara, "/members/?role=xx&state=xx&sort=xx&after=xx&q=") == PEOPLE - {"Tess"}
    assert "No member matches" in amara.get("/members/?q=nobody-at-all").content.decode()
    text = amara.get("/members/?sort=-name").content.decode()
    assert text.index("Rosa<span") < text.index("Marek<span") < text.index("Amara<span")


def test_last_login_sorts_with_those_who_never_came_last(amara: Client) -> None:
    """Both ways."""
    for sort in ("last-login", "-last-login"):
        text = amara.get(f"/members/?sort={sort}").content.decode()
        assert text.index("Amara<span") < text.index("Rosa<span")


def test_pages_follow_each_other(amara: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keyset: nobody twice, nobody left out."""
    import dataclasses
    import re
    from html import unescape

    from apps.facilities import member_views

    monkeypatch.setattr(member_views, "MEMBER_LIST", dataclasses.replace(member_views.MEMBER_LIST, page_size=2))
    seen: list[str] = []
    url = "/members/"
    for _page in range(3):
        seen += sorted(names(amara, url))
        found = re.search(r'rel="next" href="([^"]+)"', amara.get(url).content.decode())
        url = unescape(found[1]) if found else ""
    assert sorted(seen) == sorted(PEOPLE)
    assert url == ""


def test_the_number_of_queries_does_not_grow(amara: Client, cast: Cast, django_assert_num_queries: Any) -> None:
    """The same with twice the members."""

    def count() -> int:
        with django_assert_num_queries(14) as captured:
            amara.get("/members/")
        return len(captured)

    before = count()
    users = [make_user(f"x{number}@northgate.test", f"X{number}") for number in range(10)]
    with system(cast.northgate.organization):
        for user in users:
            membership = Membership.objects.create(user=user, role="technician")
            FacilityAccess.objects.create(membership=membership, facility=cast.northgate.annex)
    assert count() == before


def test_csv_of_what_is_shown(amara: Client, marek: Client, audrey: Client) -> None:
    """The same rows; without formulas; not for auditors, who may export but not see members."""
    response = amara.get("/members/export.csv?role=technician")
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    assert "Tess,tess@northgate.test,Technician,All facilities" in text
    assert "Amara" not in text
    assert marek.get("/members/export.csv").status_code == 200
    assert audrey.get("/members/export.csv").status_code == 403
