"""Areas: list, page, adding, moving, archiving, many at once."""

import time

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from apps.audit.models import AuditEvent
from apps.facilities import actions
from apps.facilities.models import Area, Facility, FacilityAccess
from apps.facilities.queries import area_tree
from apps.tenants.scope import member, system


def make(house, *names):
    """Nest areas, the outermost first; return them all."""
    parent, made = None, []
    for name in names:
        parent = actions.create_area(house.hospital, name=name, parent=parent)
        made.append(parent)
    return made


def test_adds_an_area_inside_another(marek, northgate):
    response = marek.post(
        f"/facilities/{northgate.hospital.pk}/areas/new/", {"name": "Bay 2", "parent": northgate.ward.pk}
    )
    with system(northgate.organization):
        bay = Area.objects.get(name="Bay 2")
    assert response["Location"] == f"/areas/{bay.pk}/"
    assert bay.path == "Ward 7 > Bay 2"
    page = marek.get(f"/facilities/{northgate.hospital.pk}/areas/new/?inside={northgate.ward.pk}").content.decode()
    assert f'<option value="{northgate.ward.pk}" selected>' in page


def test_page_with_its_place_in_the_tree(marek, northgate, own_panels, django_assert_num_queries):
    with system(northgate.organization):
        bay = make(northgate, "Block", "Floor", "Room")[-1]
    marek.get(f"/areas/{bay.pk}/")
    with django_assert_num_queries(18):
        page = marek.get(f"/areas/{bay.pk}/").content.decode()
    assert "Block &gt; Floor &gt; Room" in page


def test_list_and_csv(marek, tess, northgate, own_panels, django_assert_num_queries):
    marek.get("/areas/")
    with django_assert_num_queries(14):
        assert "Ward 7" in marek.get("/areas/").content.decode()
    assert b"Ward 7" in b"".join(marek.get("/areas/export.csv").streaming_content)
    assert tess.get("/areas/").status_code == 200
    assert tess.get("/areas/export.csv").status_code == 403


def test_renaming_carries_the_paths_inside_along(in_northgate):
    block, floor, room = make(in_northgate, "Block", "Floor", "Room")
    actions.update_area(block, name="Tower")
    assert [Area.objects.get(pk=a.pk).path for a in (block, floor, room)] == [
        "Tower",
        "Tower > Floor",
        "Tower > Floor > Room",
    ]
    assert AuditEvent.objects.filter(action="area.update", object_id=room.pk).count() == 1


def test_moving_too(in_northgate):
    _block, floor, room = make(in_northgate, "Block", "Floor", "Room")
    actions.update_area(floor, parent=None)
    assert Area.objects.get(pk=room.pk).path == "Floor > Room"


def test_no_circles(in_northgate):
    block, floor, room = make(in_northgate, "Block", "Floor", "Room")
    for parent in (block, floor, room):
        with pytest.raises(ValidationError, match="inside itself"):
            actions.update_area(block, parent=parent)
    assert Area.objects.get(pk=block.pk).parent_id is None


def test_the_form_does_not_offer_circles(marek, northgate):
    with system(northgate.organization):
        block, floor = make(northgate, "Block", "Floor")
    page = marek.get(f"/areas/{block.pk}/edit/").content.decode()
    assert f'value="{northgate.ward.pk}"' in page
    assert f'value="{floor.pk}"' not in page
    assert marek.post(f"/areas/{block.pk}/edit/", {"name": "Block", "parent": floor.pk}).status_code == 200


def test_eight_deep_and_no_deeper(in_northgate):
    areas = make(in_northgate, *"12345678")
    with pytest.raises(ValidationError, match="8 deep"):
        actions.create_area(in_northgate.hospital, name="9", parent=areas[-1])
    other = make(in_northgate, "a", "b")[0]
    with pytest.raises(ValidationError, match="8 deep"):
        actions.update_area(other, parent=areas[6])
    assert Area.objects.get(pk=other.pk).path == "a"


def test_a_parent_of_another_facility_or_organization_is_refused(marek, northgate, southbank):
    with system(northgate.organization):
        far = actions.create_area(northgate.annex, name="Far")
        with pytest.raises(ValidationError, match="same facility"):
            actions.create_area(northgate.hospital, name="X", parent=far)
    for pk in (far.pk, southbank.ward.pk, "x", 10**30):
        response = marek.post(f"/facilities/{northgate.hospital.pk}/areas/new/", {"name": "X", "parent": pk})
        assert response.status_code == 200
        assert "Select a valid choice" in response.content.decode()


@pytest.mark.parametrize("name", ["", "   ", "Ward 7", "ward 7", "A > B", "x" * 201])
def test_bad_names(marek, northgate, name):
    response = marek.post(f"/facilities/{northgate.hospital.pk}/areas/new/", {"name": name})
    assert response.status_code == 200
    assert "name" in response.context["form"].errors


def test_archiving_takes_what_is_inside_along_but_no_machine(marek, northgate):
    with system(northgate.organization):
        bay = actions.create_area(northgate.hospital, name="Bay", parent=northgate.ward)
    page = marek.get(f"/areas/{northgate.ward.pk}/archive/").content.decode()
    assert "archive 1 area inside it" in page
    assert "1 machine in use" in page
    marek.post(f"/areas/{northgate.ward.pk}/archive/")
    with system(northgate.organization):
        northgate.washer.refresh_from_db()
        bay.refresh_from_db()
        assert northgate.washer.archived_at is None
        assert bay.archived_at is not None
    page = marek.post(f"/areas/{bay.pk}/restore/").content.decode()
    assert "Restore “Ward 7” first" in page
    marek.post(f"/areas/{northgate.ward.pk}/restore/")
    with system(northgate.organization):
        bay.refresh_from_db()
        assert bay.archived_at is None


def test_roles_and_organizations(*, tess, audrey, rosa, oscar, marek, northgate, southbank):
    ward = northgate.ward.pk
    for client in (tess, audrey):
        assert client.get(f"/areas/{ward}/").status_code == 200
        assert client.get(f"/areas/{ward}/edit/").status_code == 403
        assert client.post(f"/areas/{ward}/archive/").status_code == 403
        assert client.post(f"/areas/{ward}/restore/").status_code == 403
        assert client.post(f"/facilities/{northgate.hospital.pk}/areas/new/", {"name": "X"}).status_code == 403
    for url in (
        f"/areas/{southbank.ward.pk}/",
        f"/areas/{southbank.ward.pk}/edit/",
        f"/areas/{southbank.ward.pk}/archive/",
    ):
        assert marek.get(url).status_code == 404
    assert rosa.get(f"/areas/{ward}/").status_code == 404
    assert oscar.get(f"/areas/{ward}/").status_code == 404


def test_many_at_once_work_out_their_paths(in_northgate):
    block = Area(facility=in_northgate.hospital, name="Block")
    floor = Area(facility=in_northgate.hospital, name="Floor", parent=block)
    room = Area(facility=in_northgate.hospital, name="Room", parent=floor)
    desk = Area(facility=in_northgate.hospital, name="Desk", parent=in_northgate.ward)
    assert actions.bulk_save_areas([block, floor, room, desk], [(in_northgate.ward, {"name": "Ward 8"})]) == (4, 1)
    paths = dict(Area.objects.values_list("name", "path"))
    assert paths["Room"] == "Block > Floor > Room"
    assert paths["Desk"] == "Ward 8 > Desk"
    assert AuditEvent.objects.filter(action="area.create").count() == 4


def test_many_facilities_at_once(in_northgate):
    new = [Facility(name=f"F{n}", external_code=f"N{n}") for n in range(50)]
    assert actions.bulk_save_facilities(new, [(in_northgate.annex, {"name": "Annexe", "city": "York"})]) == (50, 1)
    event = AuditEvent.objects.get(action="facility.update")
    assert event.changes == {"name": ["Northgate General Annex", "Annexe"]}
    assert AuditEvent.objects.filter(action="facility.create", facility_ref=new[7].pk).count() == 1


def test_many_at_once_stay_inside_the_scope(northgate, southbank):
    with system(southbank.organization):
        other = Facility.objects.get(pk=southbank.annex.pk)
    with system(northgate.organization), pytest.raises(PermissionDenied):
        actions.bulk_save_facilities([], [(other, {"name": "Ours now"})])
    with system(northgate.organization):
        FacilityAccess.objects.create(membership=northgate.manager, facility=northgate.annex)
        northgate.manager.all_facilities = False
        northgate.manager.save(update_fields=["all_facilities"])
    with member(northgate.manager):
        with pytest.raises(PermissionDenied):
            actions.bulk_save_facilities([Facility(name="X")])
        with pytest.raises(PermissionDenied):
            actions.bulk_save_areas([Area(facility=northgate.hospital, name="X")])


def test_the_tree_of_a_thousand_areas_is_quick():
    areas = [Area(pk=n, name=f"{n:04}", parent_id=n // 2 or None) for n in range(1, 1001)]
    start = time.perf_counter()
    rows = area_tree(areas)
    assert len(rows) == 1000
    assert [row.depth for row in rows[:3]] == [0, 1, 2]
    assert time.perf_counter() - start < 1
