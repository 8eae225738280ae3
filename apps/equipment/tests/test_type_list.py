"""/equipment/types/ and what can be done to a type."""

from apps.equipment.models import EquipmentType
from apps.facilities.models import FacilityAccess
from apps.tenants.scope import system


def test_list_add_change_archive_restore(marek, northgate, own_panels, django_assert_num_queries):
    kind = northgate.kind.pk
    marek.get("/equipment/types/")
    with django_assert_num_queries(13):
        assert "Bed pan washer" in marek.get("/equipment/types/").content.decode()
    assert marek.post("/equipment/types/new/", {"name": "Hoist"}).status_code == 302
    assert marek.post(f"/equipment/types/{kind}/edit/", {"name": "Washer-disinfector"}).status_code == 302
    assert "2 machines" in marek.get(f"/equipment/types/{kind}/archive/").content.decode()
    marek.post(f"/equipment/types/{kind}/archive/")
    assert [row.name for row in marek.get("/equipment/types/").context["rows"]] == ["Hoist"]
    marek.post(f"/equipment/types/{kind}/restore/")
    with system(northgate.organization):
        assert EquipmentType.objects.get(pk=kind).archived_at is None
    assert b"Hoist" in b"".join(marek.get("/equipment/types/export.csv").streaming_content)


def test_a_name_once(marek):
    assert (
        "There is an equipment type of this name"
        in marek.post("/equipment/types/new/", {"name": "Bed pan washer"}).content.decode()
    )
    assert "This field is required" in marek.post("/equipment/types/new/", {"name": " "}).content.decode()


def test_roles_that_may_not(tess, audrey, marek, northgate, southbank):
    for client in (tess, audrey):
        assert client.get("/equipment/types/").status_code == 200
        assert client.post("/equipment/types/new/", {"name": "X"}).status_code == 403
        for verb in ("edit", "archive", "restore"):
            assert client.post(f"/equipment/types/{northgate.kind.pk}/{verb}/", {"name": "X"}).status_code == 403
    for verb in ("edit", "archive", "restore"):
        assert marek.post(f"/equipment/types/{southbank.kind.pk}/{verb}/", {"name": "X"}).status_code == 404


def test_a_restricted_manager_changes_no_type_of_all(marek, northgate):
    with system(northgate.organization):
        FacilityAccess.objects.create(membership=northgate.manager, facility=northgate.annex)
        northgate.manager.all_facilities = False
        northgate.manager.save(update_fields=["all_facilities"])
    assert marek.post(f"/equipment/types/{northgate.kind.pk}/archive/").status_code == 403
    assert marek.post("/equipment/types/new/", {"name": "New one"}).status_code == 302
