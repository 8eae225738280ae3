"""/equipment/<id>/, archive and restore."""

from apps.audit.models import AuditEvent
from apps.equipment.models import Equipment
from apps.tenants.scope import system


def test_shows_facts_label_and_history(marek, northgate, own_panels, django_assert_num_queries):
    url = f"/equipment/{northgate.washer.pk}/"
    marek.get(url)
    with django_assert_num_queries(15):
        page = marek.get(url).content.decode()
    code = northgate.label.code
    for words in ("Washer 1", "SN-1", "Ward 7", "Bed pan washer", f"{code[:5]}-{code[5:]}", f"/q/{code}", "History"):
        assert words in page, words


def test_technicians_see_the_code_but_no_buttons(tess, northgate):
    page = tess.get(f"/equipment/{northgate.washer.pk}/").content.decode()
    assert northgate.label.code in page
    for words in ("Make another label", "/edit/", "/archive/", "History", "Add a photo"):
        assert words not in page, words


def test_not_yours_is_not_found(marek, rosa, northgate, southbank):
    assert marek.get(f"/equipment/{southbank.washer.pk}/").status_code == 404
    assert rosa.get(f"/equipment/{northgate.washer.pk}/").status_code == 404
    assert rosa.get(f"/equipment/{northgate.trolley.pk}/").status_code == 200
    assert marek.get("/equipment/99999999999999999999999/").status_code == 404


def test_archive_and_restore(marek, northgate):
    page = marek.get(f"/equipment/{northgate.washer.pk}/archive/").content.decode()
    assert "its 1 label" in page
    marek.post(f"/equipment/{northgate.washer.pk}/archive/", {"reason": "Scrapped"})
    assert "This machine is archived" in marek.get(f"/equipment/{northgate.washer.pk}/").content.decode()
    assert [row.name for row in marek.get("/equipment/").context["rows"]] == ["Trolley 2"]
    with system(northgate.organization):
        assert AuditEvent.objects.get(action="equipment.archive").reason == "Scrapped"
    marek.post(f"/equipment/{northgate.washer.pk}/restore/")
    with system(northgate.organization):
        assert Equipment.objects.get(pk=northgate.washer.pk).archived_at is None


def test_no_restore_into_an_archived_facility(marek, northgate):
    marek.post(f"/facilities/{northgate.hospital.pk}/archive/")
    response = marek.post(f"/equipment/{northgate.washer.pk}/restore/")
    assert "Restore the facility first" in response.content.decode()


def test_a_get_changes_nothing(marek, northgate):
    for verb in ("archive", "restore", "edit", "photo/edit", "photo/remove"):
        marek.get(f"/equipment/{northgate.washer.pk}/{verb}/")
    with system(northgate.organization):
        assert not AuditEvent.objects.exists()


def test_roles_that_may_not(*, tess, audrey, oscar, marek, northgate, southbank):
    for client, status in ((tess, 403), (audrey, 403), (oscar, 404)):
        for verb in ("archive", "restore"):
            assert client.post(f"/equipment/{northgate.washer.pk}/{verb}/").status_code == status
    assert marek.post(f"/equipment/{southbank.washer.pk}/archive/").status_code == 404
