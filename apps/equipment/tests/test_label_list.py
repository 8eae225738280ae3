"""Labels: list, making, claiming, replacing, revoking, printing, finding."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from apps.audit.models import AuditEvent
from apps.equipment import label_actions as actions
from apps.equipment.codes import spell
from apps.equipment.models import Equipment, Label
from apps.equipment.queries import find_label, label_url, locate_label
from apps.facilities.models import FacilityAccess
from apps.tenants.scope import NoScope, member, system


def unclaimed(house, number=1):
    with system(house.organization):
        return actions.create_unclaimed(number)


def fresh(label):
    with system(label.organization_id):
        return Label.objects.get(pk=label.pk)


def restrict(house):
    with system(house.organization):
        FacilityAccess.objects.create(membership=house.manager, facility=house.annex)
        house.manager.all_facilities = False
        house.manager.save(update_fields=["all_facilities"])


def test_list_and_filters(marek, northgate, own_panels, django_assert_num_queries):
    waiting = unclaimed(northgate)[0]
    marek.get("/labels/")
    with django_assert_num_queries(14):
        response = marek.get("/labels/")
    assert [row.pk for row in response.context["rows"]] == [waiting.pk, northgate.label.pk]
    for query, found in (
        ("state=active", [northgate.label.pk]),
        ("state=unclaimed", [waiting.pk]),
        ("state=revoked", []),
        ("q=washer", [northgate.label.pk]),
        (f"q={spell(waiting.code).lower()}", [waiting.pk]),
        (f"facility={northgate.hospital.pk}", [northgate.label.pk]),
    ):
        assert [row.pk for row in marek.get(f"/labels/?{query}").context["rows"]] == found, query


def test_makes_labels_for_each_kind_of_subject(marek, northgate):
    for field, subject in (("equipment", northgate.trolley), ("area", northgate.ward), ("facility", northgate.annex)):
        response = marek.post("/labels/new/", {field: subject.pk})
        assert response.status_code == 302
        with system(northgate.organization):
            label = Label.objects.latest("id")
            assert label.subject == subject
            assert label.claimed_at is not None
            assert label.created_by_id == northgate.manager.pk
        page = marek.get(response["Location"].partition("#")[0]).content.decode()
        assert spell(label.code) in page


def test_no_label_for_what_is_archived(marek, northgate):
    marek.post(f"/equipment/{northgate.trolley.pk}/archive/")
    response = marek.post("/labels/new/", {"equipment": northgate.trolley.pk}, follow=True)
    assert "is archived. Restore it first" in response.content.decode()
    with system(northgate.organization):
        assert Label.objects.count() == 1


def test_makes_labels_in_advance_and_goes_on_to_print(marek, northgate):
    response = marek.post("/labels/new/", {"number": "30"}, follow=True)
    assert "30 labels are chosen" in response.content.decode()
    with system(northgate.organization):
        assert Label.objects.filter(claimed_at=None).count() == 30
        assert AuditEvent.objects.filter(action="label.create").count() == 30
    for number in ("0", "1001", "x", ""):
        assert marek.post("/labels/new/", {"number": number}).status_code == 200


def test_makes_the_missing_labels_of_a_facility(marek, northgate):
    url = f"/labels/missing/{northgate.hospital.pk}/"
    assert "1 place or machine here has no label" in marek.get(url).content.decode()
    assert "1 label is chosen" in marek.post(url, follow=True).content.decode()
    assert "has a label already" in marek.post(url, follow=True).content.decode()


def test_claims_an_unclaimed_label_once(marek, northgate):
    label = unclaimed(northgate)[0]
    url = f"/labels/{label.pk}/claim/"
    page = marek.get(f"{url}?q=troll").content.decode()
    assert "Trolley 2, machine in Northgate General Annex" in page
    assert "Washer 1" not in page
    marek.post(f"{url}?q=troll", {"subject": f"equipment-{northgate.trolley.pk}"})
    assert fresh(label).equipment_id == northgate.trolley.pk
    assert fresh(label).facility_id == northgate.annex.pk
    marek.post(url, {"subject": f"equipment-{northgate.washer.pk}"})
    assert fresh(label).equipment_id == northgate.trolley.pk
    with system(northgate.organization), pytest.raises(ValidationError, match="claimed already"):
        actions.claim_label(label, northgate.washer)


@pytest.mark.parametrize(
    "value", ["", "x", "equipment-", "equipment-0", "user-1", "equipment-99999999999999999999", "other"]
)
def test_claiming_nonsense(marek, northgate, southbank, value):
    label = unclaimed(northgate)[0]
    value = f"equipment-{southbank.washer.pk}" if value == "other" else value
    response = marek.post(f"/labels/{label.pk}/claim/", {"subject": value})
    assert response.status_code == 200
    assert response.context["form"].errors
    assert fresh(label).claimed_at is None


def test_replacing_ends_the_old_code_and_points_to_the_new(marek, northgate):
    response = marek.post(f"/labels/{northgate.label.pk}/replace/")
    old = fresh(northgate.label)
    new = old.replaced_by_id
    assert response["Location"] == f"/labels/{new}/"
    assert old.revoked_at is not None
    with system(northgate.organization):
        assert Label.objects.get(pk=new).equipment_id == northgate.washer.pk
        northgate.log.refresh_from_db()
        assert northgate.log.label_id == northgate.label.pk
        with pytest.raises(ValidationError, match="revoked already"):
            actions.replace_label(northgate.label)
    assert "Replaced by" in marek.get(f"/labels/{northgate.label.pk}/").content.decode()


def test_revoking_needs_a_reason_and_is_for_good(marek, northgate):
    url = f"/labels/{northgate.label.pk}/revoke/"
    for reason in ("", "   ", "x" * 201):
        assert marek.post(url, {"reason": reason}).status_code == 200
    assert fresh(northgate.label).revoked_at is None
    marek.post(url, {"reason": "Fell into the drum"})
    assert fresh(northgate.label).revoked_reason == "Fell into the drum"
    page = marek.get(f"/labels/{northgate.label.pk}/").content.decode()
    assert "Fell into the drum" in page
    assert "/claim/" not in page
    assert "/replace/" not in page


def test_the_address_outlives_names_and_domains(settings, northgate, in_northgate):
    settings.PUBLIC_URL = "https://clean.example"
    assert label_url(northgate.label) == f"https://clean.example/q/{northgate.label.code}"


def test_prints_a_sheet(marek, northgate):
    page = marek.get(f"/labels/print/?label={northgate.label.pk}").content.decode()
    assert "1 label is chosen" in page
    response = marek.get(f"/labels/sheet.pdf?labels={northgate.label.pk}&layout=a4-3x7&start=5")
    assert response["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF-")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert marek.get(f"/labels/sheet.pdf?facility={northgate.hospital.pk}&layout=zebra-50x25").content.startswith(
        b"%PDF-"
    )


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "Choose labels to print first"),
        ("labels=x,-1,5-", "Choose labels to print first"),
        ("labels=999999999999999999", "Choose labels to print first"),
        ("label={pk}&layout=nope", "Select a valid choice"),
        ("label={pk}&layout=a4-3x7&start=22", "positions 1 to 21"),
        ("label={pk}&layout=a4-3x7&start=-1", "greater than or equal to 1"),
        ("label={pk}&layout=a4-3x7&start=x", "whole number"),
        ("labels=1-999999999999999999", "Choose labels to print first"),
    ],
)
def test_a_sheet_that_cannot_be_says_why(marek, northgate, query, words):
    response = marek.get("/labels/sheet.pdf?" + query.format(pk=northgate.label.pk), follow=True)
    assert response.status_code == 200
    assert response["Content-Type"].startswith(("text/html", "application/pdf"))
    assert words in response.content.decode(errors="replace")


def test_no_more_than_a_thousand(marek, northgate):
    unclaimed(northgate, 1000)
    with system(northgate.organization):
        ids = list(Label.objects.order_by("id").values_list("pk", flat=True))
    response = marek.get(f"/labels/print/?labels={ids[0]},{ids[1]}-{ids[-1]}")
    assert "holds the first 1,000" in response.content.decode()
    assert len(response.context["query"]) < 40


def test_labels_of_others_are_left_out(marek, northgate, southbank):
    assert "No labels are chosen" in marek.get(f"/labels/print/?label={southbank.label.pk}").content.decode()
    assert marek.get(f"/labels/sheet.pdf?facility={southbank.hospital.pk}").status_code == 404
    for verb in ("", "claim/", "replace/", "revoke/"):
        assert marek.get(f"/labels/{southbank.label.pk}/{verb}").status_code == 404
    for field in ("equipment", "area", "facility"):
        subject = {"equipment": southbank.washer, "area": southbank.ward, "facility": southbank.hospital}[field]
        assert marek.post("/labels/new/", {field: subject.pk}).status_code == 404
    assert marek.post("/labels/new/", {"equipment": "x"}).status_code == 404


def test_roles_that_may_not(tess, audrey, oscar, northgate):
    urls = ["/labels/", "/labels/export.csv", "/labels/new/", "/labels/print/", "/labels/sheet.pdf"]
    urls += [f"/labels/{northgate.label.pk}/{verb}" for verb in ("", "claim/", "replace/", "revoke/")]
    urls += [f"/labels/missing/{northgate.hospital.pk}/"]
    for url in urls:
        assert tess.get(url).status_code == 403, url
        assert audrey.get(url).status_code == 403, url
        assert oscar.get(url).status_code == 404, url
    assert tess.post("/labels/new/", {"equipment": northgate.washer.pk}).status_code == 403
    assert tess.post(f"/labels/{northgate.label.pk}/revoke/", {"reason": "x"}).status_code == 403
    assert fresh(northgate.label).revoked_at is None


def test_a_restricted_manager_makes_no_unclaimed_labels(marek, northgate):
    waiting = unclaimed(northgate)[0]
    restrict(northgate)
    assert marek.get(f"/labels/{waiting.pk}/").status_code == 404
    assert marek.get(f"/labels/{northgate.label.pk}/").status_code == 404
    assert marek.post("/labels/new/", {"number": "3"}).status_code == 403
    assert marek.post("/labels/new/", {"equipment": northgate.washer.pk}).status_code == 404
    assert marek.post("/labels/new/", {"equipment": northgate.trolley.pk}).status_code == 302
    with member(northgate.manager), pytest.raises(PermissionDenied):
        actions.revoke_label(northgate.label, reason="x")


def test_finds_a_label_by_its_code_in_scope_and_its_organization_before(northgate, southbank):
    typed = spell(northgate.label.code).lower()
    place = locate_label(typed)
    assert place is not None
    assert (place.organization_id, place.facility_id) == (northgate.organization.pk, northgate.hospital.pk)
    assert (place.is_claimed, place.is_revoked, place.replaced_by_id) == (True, False, None)
    assert locate_label("nonsense") is None
    assert locate_label("2222222222") is None
    with system(northgate.organization):
        found = find_label(f"https://x.example/q/{northgate.label.code}")
        assert found is not None
        assert found.subject == northgate.washer
    with system(southbank.organization):
        assert find_label(typed) is None
    with pytest.raises(NoScope):
        find_label(typed)


def test_a_moved_machine_takes_its_label_along(in_northgate):
    Equipment.objects.filter(pk=in_northgate.washer.pk).update(facility=in_northgate.annex, area=None)
    assert Label.objects.get(pk=in_northgate.label.pk).facility_id == in_northgate.annex.pk
