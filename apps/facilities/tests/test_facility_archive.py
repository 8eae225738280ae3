"""/facilities/<id>/archive/ and restore/."""

from apps.audit.models import AuditEvent
from apps.equipment.models import Equipment
from apps.facilities.models import Area, Facility
from apps.tenants.scope import system


def test_the_page_names_what_goes_with_it(marek, northgate):
    page = marek.get(f"/facilities/{northgate.hospital.pk}/archive/").content.decode()
    for words in ("Archive Northgate General?", "archive 1 area", "archive 1 machine", "1 label"):
        assert words in page, words
    with system(northgate.organization):
        assert Facility.objects.filter(archived_at=None).count() == 2


def test_archives_everything_in_it_and_brings_it_back_together(marek, northgate, frozen):
    with system(northgate.organization):
        old = Equipment.objects.create(
            facility=northgate.hospital, type=northgate.kind, name="Old", archived_at=northgate.hospital.created_at
        )
    marek.post(f"/facilities/{northgate.hospital.pk}/archive/", {"reason": "Sold"})
    with system(northgate.organization):
        assert Facility.objects.get(pk=northgate.hospital.pk).archived_at is not None
        assert Area.objects.get(pk=northgate.ward.pk).archived_at is not None
        assert Equipment.objects.get(pk=northgate.washer.pk).archived_at is not None
        assert Equipment.objects.get(pk=northgate.trolley.pk).archived_at is None
        assert AuditEvent.objects.get(action="facility.archive").reason == "Sold"
        assert AuditEvent.objects.filter(action="equipment.archive", object_id=northgate.washer.pk).count() == 1
    page = marek.get(f"/facilities/{northgate.hospital.pk}/").content.decode()
    assert "This facility is archived" in page
    marek.post(f"/facilities/{northgate.hospital.pk}/restore/")
    with system(northgate.organization):
        assert Facility.objects.get(pk=northgate.hospital.pk).archived_at is None
        assert Area.objects.get(pk=northgate.ward.pk).archived_at is None
        assert Equipment.objects.get(pk=northgate.washer.pk).archived_at is None
        assert Equipment.objects.get(pk=old.pk).archived_at is not None


def test_twice_is_once(marek, northgate):
    marek.post(f"/facilities/{northgate.hospital.pk}/archive/")
    marek.post(f"/facilities/{northgate.hospital.pk}/archive/")
    with system(northgate.organization):
        assert AuditEvent.objects.filter(action="facility.archive").count() == 1


def test_an_archived_facility_takes_nothing_new(marek, northgate):
    marek.post(f"/facilities/{northgate.hospital.pk}/archive/")
    response = marek.post(f"/facilities/{northgate.hospital.pk}/areas/new/", {"name": "Late"})
    assert "This facility is archived" in response.content.decode()
    response = marek.post(
        "/equipment/new/",
        {
            "name": "Late",
            "facility": northgate.hospital.pk,
            "type": northgate.kind.pk,
            "category": "other",
            "status": "in_service",
        },
    )
    assert response.status_code == 200
    with system(northgate.organization):
        assert not Equipment.objects.filter(name="Late").exists()


def test_roles_that_may_not(*, tess, audrey, oscar, northgate, southbank, marek):
    for client, status in ((tess, 403), (audrey, 403), (oscar, 404)):
        for verb in ("archive", "restore"):
            assert client.post(f"/facilities/{northgate.hospital.pk}/{verb}/").status_code == status
    assert marek.post(f"/facilities/{southbank.hospital.pk}/archive/").status_code == 404
    with system(southbank.organization):
        assert Facility.objects.get(pk=southbank.hospital.pk).archived_at is None
