"""/facilities/ and its CSV."""

from apps.facilities.models import Facility
from apps.tenants.scope import system


def names(response):
    return [row.name for row in response.context["rows"]]


def test_shows_the_facilities_of_the_organization_only(marek, own_panels, django_assert_num_queries):
    marek.get("/facilities/")
    with django_assert_num_queries(16):
        response = marek.get("/facilities/")
    assert names(response) == ["Northgate General", "Northgate General Annex"]
    assert "Riverside" not in response.content.decode()


def test_needs_no_more_queries_for_more_rows(marek, northgate, own_panels, django_assert_num_queries):
    with system(northgate.organization):
        Facility.objects.bulk_create([Facility(name=f"Clinic {n:02}", kind="clinic") for n in range(60)])
    marek.get("/facilities/")
    with django_assert_num_queries(17):
        response = marek.get("/facilities/")
    assert len(response.context["rows"]) == 50
    assert response.context["total"] == "62"
    assert len(marek.get(response.context["next_url"]).context["rows"]) == 12


def test_hides_archived_ones_unless_asked(marek, northgate):
    marek.post(f"/facilities/{northgate.annex.pk}/archive/")
    assert names(marek.get("/facilities/")) == ["Northgate General"]
    assert names(marek.get("/facilities/?archived=yes")) == ["Northgate General Annex"]
    assert len(names(marek.get("/facilities/?archived=all"))) == 2


def test_filters_by_kind_and_finds_by_town(marek):
    assert names(marek.get("/facilities/?kind=clinic")) == ["Northgate General Annex"]
    assert names(marek.get("/facilities/?q=leeds")) == ["Northgate General"]
    assert names(marek.get("/facilities/?gas=no")) == []
    assert len(names(marek.get("/facilities/?gas=unknown"))) == 2


def test_counts_the_machines_in_use(marek):
    assert [row.equipment_count for row in marek.get("/facilities/").context["rows"]] == [1, 1]


def test_a_restricted_member_sees_the_named_facilities_only(rosa):
    assert names(rosa.get("/facilities/")) == ["Northgate General Annex"]


def test_a_technician_sees_no_button_that_leads_nowhere(tess):
    page = tess.get("/facilities/").content.decode()
    assert "/facilities/new/" not in page
    assert "export.csv" not in page


def test_visitors_and_outsiders_do_not_get_in(anonymous, oscar):
    assert anonymous.get("/facilities/").status_code == 302
    assert oscar.get("/facilities/").status_code == 404


def test_csv_has_the_filtered_rows(marek, tess):
    response = marek.get("/facilities/export.csv?kind=clinic")
    lines = b"".join(response.streaming_content).decode("utf-8-sig").split("\r\n")
    assert [line.split(",")[0] for line in lines] == ["Facility", "Northgate General Annex", ""]
    assert tess.get("/facilities/export.csv").status_code == 403


def test_an_empty_list_teaches_the_first_step(marek, northgate):
    with system(northgate.organization):
        Facility.objects.filter(pk=northgate.annex.pk).update(archived_at=northgate.hospital.created_at)
        Facility.objects.filter(pk=northgate.hospital.pk).update(archived_at=northgate.hospital.created_at)
    assert "Add the first site" in marek.get("/facilities/").content.decode()
