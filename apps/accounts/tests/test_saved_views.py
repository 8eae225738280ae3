"""Saved views: a list as it is shown, under a name of one's own."""

from __future__ import annotations

from django.test import Client

from apps.accounts.models import SavedView
from apps.tenants.scope import system
from tests.cast import Cast, House

LIST = "compliance:requirement_list"


def save(client: Client, name: str = "My reds", query: str = "status=red&after=xyz", list_name: str = LIST) -> object:
    return client.post("/views/save/", {"list_name": list_name, "name": name, "query": query})


def stored(house: House) -> list[tuple[str, str]]:
    with system(house.organization):
        return list(SavedView.objects.values_list("name", "query"))


def test_it_works(marek: Client, northgate: House) -> None:
    response = save(marek)
    assert response["Location"] == "/requirements/?status=red"  # type: ignore[index]
    assert stored(northgate) == [("My reds", "status=red")]
    html = marek.get("/requirements/").content.decode()
    assert 'href="/requirements/?status=red"' in html
    assert "My reds" in html


def test_the_same_name_takes_the_new_filters(marek: Client, northgate: House) -> None:
    save(marek)
    save(marek, query="status=amber")
    assert stored(northgate) == [("My reds", "status=amber")]


def test_views_are_ones_own(marek: Client, amara: Client, tess: Client) -> None:
    save(marek)
    assert "My reds" not in amara.get("/requirements/").content.decode()
    assert "My reds" not in tess.get("/requirements/").content.decode()


def test_remove(marek: Client, amara: Client, northgate: House) -> None:
    save(marek)
    with system(northgate.organization):
        pk = SavedView.objects.get().pk
    assert amara.post(f"/views/{pk}/delete/").status_code == 404
    assert marek.get(f"/views/{pk}/delete/").status_code == 405
    assert marek.post(f"/views/{pk}/delete/").status_code == 302
    assert stored(northgate) == []


def test_bad_input_saves_nothing(marek: Client, northgate: House) -> None:
    assert save(marek, list_name="admin:index").status_code == 404  # type: ignore[attr-defined]
    save(marek, name="")
    save(marek, name="x" * 81)
    assert stored(northgate) == []


def test_a_name_with_markup_is_text(marek: Client) -> None:
    save(marek, name="<b>bold</b>")
    assert "<b>bold</b>" not in marek.get("/requirements/").content.decode()


def test_another_organizations_view_is_not_found(marek: Client, cast: Cast) -> None:
    with system(cast.southbank.organization):
        view = SavedView.objects.create(membership=cast.southbank.manager, list_name=LIST, name="Theirs")
    assert marek.post(f"/views/{view.pk}/delete/").status_code == 404
