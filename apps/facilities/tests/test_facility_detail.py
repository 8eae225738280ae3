"""/facilities/<id>/."""

from apps.facilities.models import Area
from apps.tenants import panels
from apps.tenants.scope import system


def test_shows_facts_areas_machines_labels_and_history(marek, northgate, own_panels, django_assert_num_queries):
    with system(northgate.organization):
        Area.objects.create(facility=northgate.hospital, parent=northgate.ward, name="Bay 2", path="Ward 7 > Bay 2")
    url = f"/facilities/{northgate.hospital.pk}/"
    marek.get(url)
    with django_assert_num_queries(17):
        page = marek.get(url).content.decode()
    for words in (
        "Northgate General",
        "Leeds, GB",
        "Not answered",
        "Ward 7",
        "Bay 2",
        "Washer 1",
        "No PIN is set",
        "No label yet",
    ):
        assert words in page, words


def test_other_rooms_show_panels_in_order(marek, northgate):
    def first(request, facility):
        return "components/badge.html", {"label": f"first of {facility.name}"}

    def second(request, facility):
        return "components/badge.html", {"label": "second <b>"}

    def silent(request, facility):
        return None

    try:
        panels.register("facility", "head", second, order=90)
        panels.register("facility", "head", first, order=10)
        panels.register("facility", "head", first, order=10)
        panels.register("facility", "head", silent)
        page = marek.get(f"/facilities/{northgate.hospital.pk}/").content.decode()
    finally:
        for each in (first, second, silent):
            panels.unregister("facility", "head", each)
    assert page.count("first of Northgate General") == 1
    assert page.index("first of Northgate General") < page.index("second &lt;b&gt;")


def test_technicians_see_it_without_history_and_buttons(tess, northgate):
    page = tess.get(f"/facilities/{northgate.hospital.pk}/").content.decode()
    assert "Ward 7" in page
    assert "History" not in page
    assert "/edit/" not in page
    assert "/archive/" not in page


def test_not_yours_is_not_found(marek, rosa, northgate, southbank):
    assert marek.get(f"/facilities/{southbank.hospital.pk}/").status_code == 404
    assert rosa.get(f"/facilities/{northgate.hospital.pk}/").status_code == 404
    assert rosa.get(f"/facilities/{northgate.annex.pk}/").status_code == 200
    assert marek.get("/facilities/99999999999999999999999/").status_code == 404


def test_a_website_is_a_link_only_if_it_is_a_web_address(marek, northgate):
    with system(northgate.organization):
        northgate.hospital.website = "javascript:alert(1)"
        northgate.hospital.save(update_fields=["website"])
    page = marek.get(f"/facilities/{northgate.hospital.pk}/").content.decode()
    assert 'href="javascript' not in page
