"""/equipment/ and its CSV."""

import time

from apps.equipment.actions import bulk_save_equipment
from apps.equipment.models import Equipment
from apps.tenants.scope import system


def names(response):
    return [row.name for row in response.context["rows"]]


def test_lists_with_place_and_type_in_a_fixed_number_of_queries(
    marek, northgate, own_panels, django_assert_num_queries
):
    with system(northgate.organization):
        Equipment.objects.bulk_create(
            [
                Equipment(facility=northgate.hospital, area=northgate.ward, type=northgate.kind, name=f"Pump {n:02}")
                for n in range(58)
            ]
        )
    marek.get("/equipment/")
    with django_assert_num_queries(17):
        response = marek.get("/equipment/")
    assert len(response.context["rows"]) == 50
    assert response.context["total"] == "60"
    assert "Ward 7" in response.content.decode()


def test_filters(marek, northgate):
    for query, found in (
        (f"facility={northgate.annex.pk}", ["Trolley 2"]),
        (f"area={northgate.ward.pk}", ["Washer 1"]),
        (f"facility={northgate.hospital.pk}&area=none", []),
        (f"type={northgate.kind.pk}", ["Trolley 2", "Washer 1"]),
        ("category=fire", []),
        ("service=in_service", ["Trolley 2", "Washer 1"]),
        ("archived=yes", []),
    ):
        assert names(marek.get(f"/equipment/?{query}")) == found, query


def test_offers_areas_once_a_facility_is_chosen(marek, northgate):
    assert "area" not in marek.get("/equipment/").context["filter_form"].fields
    form = marek.get(f"/equipment/?facility={northgate.hospital.pk}").context["filter_form"]
    assert (str(northgate.ward.pk), "Ward 7") in form.fields["area"].choices


def test_a_restricted_member_and_an_outsider(rosa, oscar, anonymous):
    assert names(rosa.get("/equipment/")) == ["Trolley 2"]
    assert oscar.get("/equipment/").status_code == 404
    assert anonymous.get("/equipment/").status_code == 302


def test_without_machines_the_page_teaches_the_first_step(marek, tess, northgate):
    with system(northgate.organization):
        Equipment.objects.all().update(archived_at=northgate.hospital.created_at)
    assert "Add the first machine" in marek.get("/equipment/").content.decode()
    assert "as soon as a manager adds them" in tess.get("/equipment/").content.decode()
    assert "Nothing matches" in marek.get("/equipment/?q=x").content.decode()


def test_many_at_once_are_recorded_one_by_one_and_quickly(in_northgate):
    from apps.audit.models import AuditEvent

    new = [
        Equipment(
            facility=in_northgate.hospital,
            area=in_northgate.ward,
            type=in_northgate.kind,
            name=f"M {n}",
            serial_number=f"B-{n}",
        )
        for n in range(2000)
    ]
    start = time.process_time()
    assert bulk_save_equipment(
        new, [(in_northgate.trolley, {"name": "Trolley 3", "facility": in_northgate.hospital})]
    ) == (2000, 1)
    assert time.process_time() - start < 2
    assert AuditEvent.objects.filter(action="equipment.create").count() == 2000
    event = AuditEvent.objects.get(action="equipment.update")
    assert event.changes["name"] == ["Trolley 2", "Trolley 3"]
    assert event.facility_ref == in_northgate.hospital.pk
    assert Equipment.objects.filter(search_text__contains="b-1999").get().name == "M 1999"
