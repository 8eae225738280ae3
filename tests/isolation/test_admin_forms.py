"""What the admin's forms do: what they write, refuse and record, on both sites, and what lists cost."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.audit.models import AuditEvent, PlatformEvent
from apps.compliance.models import Requirement
from apps.equipment.models import Equipment, EquipmentType
from apps.facilities.models import Area, Facility, FacilityAccess
from apps.tenants.models import Domain, Membership
from apps.tenants.scope import platform, system
from tests.cast import SOUTHBANK_MARK, Cast, House
from tests.isolation.walker import Page


def filled(client: Client, page: str, **values: Any) -> dict[str, Any]:
    """Return a form as a browser would send it, with some values changed."""
    response = client.get(page)
    assert response.status_code == 200, response
    form = next(form for form in Page(response.content.decode()).forms if form.method == "post" and not form.action)
    sent = {name: value for name, value in form.filled().items() if not name.startswith("_")}
    return {**sent, **values}


def test_a_manager_edits_places_but_not_people(marek: Client, northgate: House) -> None:
    """Managers change facilities; members and the organization they only see."""
    page = f"/admin/facilities/facility/{northgate.hospital.pk}/change/"
    assert marek.post(page, filled(marek, page, city="Hull")).status_code == 302
    for path in ("tenants/membership", "tenants/organization", "tenants/domain"):
        assert marek.get(f"/admin/{path}/").status_code == 200
    assert (
        marek.post(f"/admin/tenants/membership/{northgate.technician.pk}/change/", {"role": "admin"}).status_code == 403
    )
    assert marek.post(f"/admin/tenants/organization/{northgate.organization.pk}/change/", {}).status_code == 403
    with system(northgate.organization):
        assert Facility.objects.get(pk=northgate.hospital.pk).city == "Hull"
        assert Membership.objects.get(pk=northgate.technician.pk).role == "technician"


def test_a_change_is_recorded_with_who_before_and_after(amara: Client, northgate: House) -> None:
    """The trail of the admin is the trail of the pages, and History shows it."""
    page = f"/admin/facilities/facility/{northgate.hospital.pk}/change/"
    assert amara.post(page, filled(amara, page, city="Hull")).status_code == 302
    with system(northgate.organization):
        event = AuditEvent.objects.get()
        assert (event.action, event.actor, event.role) == ("facility.update", "Amara", "admin")
        assert event.changes == {"city": ["Leeds", "Hull"]}
    history = amara.get(f"/admin/facilities/facility/{northgate.hospital.pk}/history/").content.decode()
    assert "Leeds → Hull" in history
    assert "Amara" in history


def test_an_area_is_renamed_by_the_rooms_rules(amara: Client, northgate: House) -> None:
    """Paths of what is inside follow; the facility of an area and its path are no fields."""
    with system(northgate.organization):
        bay = Area.objects.create(facility=northgate.hospital, parent=northgate.ward, name="Bay", path="Ward 7 > Bay")
    page = f"/admin/facilities/area/{northgate.ward.pk}/change/"
    sent = filled(amara, page, name="Ward 8", path="Forged", facility=northgate.annex.pk)
    assert amara.post(page, sent).status_code == 302
    with system(northgate.organization):
        bay.refresh_from_db()
        assert bay.path == "Ward 8 > Bay"
        assert Area.objects.get(pk=northgate.ward.pk).facility_id == northgate.hospital.pk


def test_what_an_action_refuses_comes_back_on_the_form(amara: Client, northgate: House) -> None:
    """A circle of areas is refused at its field, with what was typed, and nothing is written."""
    page = f"/admin/facilities/area/{northgate.ward.pk}/change/"
    response = amara.post(page, filled(amara, page, name="Ward 9", parent=northgate.ward.pk))
    assert response.status_code == 200
    assert "An area cannot be inside itself." in response.content.decode()
    assert 'value="Ward 9"' in response.content.decode()
    with system(northgate.organization):
        assert Area.objects.get(pk=northgate.ward.pk).name == "Ward 7"


def test_a_machine_cannot_stand_in_another_facilitys_area(amara: Client, northgate: House) -> None:
    """The form says so before PostgreSQL does."""
    page = f"/admin/equipment/equipment/{northgate.trolley.pk}/change/"
    response = amara.post(page, filled(amara, page, area=northgate.ward.pk))
    assert response.status_code == 200
    assert "This belongs to another facility." in response.content.decode()


def test_derived_fields_are_not_editable(amara: Client, northgate: House) -> None:
    """Path, code and the moment to extend are shown, never asked for."""
    for page, field in (
        (f"/admin/facilities/area/{northgate.ward.pk}/change/", "path"),
        (f"/admin/equipment/label/{northgate.label.pk}/change/", "code"),
        (f"/admin/compliance/requirement/{northgate.requirement.pk}/change/", "extend_at_0"),
        (f"/admin/equipment/equipment/{northgate.washer.pk}/change/", "photo"),
    ):
        assert f'name="{field}"' not in amara.get(page).content.decode()


def test_the_only_admin_cannot_demote_herself(amara: Client, northgate: House) -> None:
    """The admin keeps the rule of the members page."""
    page = f"/admin/tenants/membership/{northgate.admin.pk}/change/"
    response = amara.post(page, filled(amara, page, role="technician"))
    assert response.status_code == 200
    assert "only admin with all facilities" in response.content.decode()


def test_facilities_of_a_member_are_recorded(amara: Client, northgate: House) -> None:
    """Rows of the inline are added and removed with a line in the trail each."""
    page = f"/admin/tenants/membership/{northgate.restricted.pk}/change/"
    sent = filled(amara, page)
    sent |= {"facility_access-TOTAL_FORMS": "2", "facility_access-1-facility": northgate.hospital.pk}
    sent |= {"facility_access-1-membership": northgate.restricted.pk, "facility_access-0-DELETE": "on"}
    assert amara.post(page, sent).status_code == 302
    with system(northgate.organization):
        rows = FacilityAccess.objects.filter(membership=northgate.restricted)
        assert [row.facility_id for row in rows] == [northgate.hospital.pk]
        actions = set(AuditEvent.objects.values_list("action", flat=True))
        assert {"facilityaccess.create", "facilityaccess.delete"} <= actions


def test_a_restricted_admin_cannot_widen_herself(cast: Cast, as_user: Any) -> None:
    """Members and the organization need a member with all facilities."""
    house = cast.northgate
    with system(house.organization):
        Membership.objects.filter(pk=house.restricted.pk).update(role="admin")
    client = as_user(house.restricted)
    page = f"/admin/tenants/membership/{house.restricted.pk}/change/"
    assert client.get(page).status_code == 200
    assert client.post(page, {"role": "admin", "all_facilities": "on", "is_active": "on"}).status_code == 403


def test_a_type_in_use_cannot_be_deleted_and_an_unused_one_can(amara: Client, northgate: House) -> None:
    """The confirmation lists what is in the way, the trail keeps what is gone."""
    page = f"/admin/equipment/equipmenttype/{northgate.kind.pk}/delete/"
    response = amara.get(page)
    assert response.status_code == 200
    assert "Washer 1" in response.content.decode()
    assert SOUTHBANK_MARK.strip() not in response.content.decode()
    amara.post(page, {"post": "yes"})
    with system(northgate.organization):
        spare = EquipmentType.objects.create(name="Spare")
        assert EquipmentType.objects.filter(pk=northgate.kind.pk).exists()
    assert amara.post(f"/admin/equipment/equipmenttype/{spare.pk}/delete/", {"post": "yes"}).status_code == 302
    with system(northgate.organization):
        assert not EquipmentType.objects.filter(pk=spare.pk).exists()
        assert AuditEvent.objects.filter(action="equipmenttype.delete", object_name="Spare").exists()


def test_an_organization_cannot_verify_its_own_domain(amara: Client, northgate: House) -> None:
    """It may state one; ours are refused, and a verified one stays what it is."""
    page = "/admin/tenants/domain/add/"
    assert 'name="verified_at_0"' not in amara.get(page).content.decode()
    assert amara.post(page, {"host": "southbank.localhost", "verified_at_0": "2026-01-01"}).status_code == 200
    assert (
        amara.post(
            page, {"host": "Clean.Example.org", "verified_at_0": "2026-01-01", "verified_at_1": "10:00"}
        ).status_code
        == 302
    )
    with system(northgate.organization):
        domain = Domain.objects.get(host="clean.example.org")
        assert domain.verified_at is None
    assert amara.post(f"/admin/tenants/domain/{domain.pk}/change/", {"host": "other.example.org"}).status_code == 403


# --- Platform staff ---


@pytest.fixture
def stan(cast: Cast, as_user: Any) -> Client:
    """Return platform staff, signed in on the shared host."""
    return as_user(cast.staff, host=None)


def events(action: str) -> list[Any]:
    """Return the events of this action in every trail."""
    with platform("test"):
        return [*AuditEvent.objects.filter(action=action), *PlatformEvent.objects.filter(action=action)]


def test_entering_and_looking_are_recorded_once(stan: Client, northgate: House, southbank: House) -> None:
    """One line a session for entering, one a session and organization for looking into it: in that one's own trail."""
    for _ in range(2):
        stan.get("/platform/")
        stan.get("/platform/equipment/equipment/")
        stan.get(f"/platform/equipment/equipment/?organization__id__exact={northgate.organization.pk}")
        stan.get(f"/platform/equipment/equipment/{northgate.washer.pk}/change/")
    assert len(events("platform.enter")) == 1
    assert [(e.organization_id, e.actor, e.role) for e in events("platform.look")] == [
        (northgate.organization.pk, "Stan", "platform")
    ]
    stan.get(f"/platform/facilities/facility/{southbank.hospital.pk}/change/")
    assert len(events("platform.look")) == 2


@pytest.mark.parametrize(
    ("path", "attribute", "values", "action"),
    [
        ("facilities/facility", "hospital", {"city": "Hull"}, "facility.update"),
        ("facilities/area", "ward", {"name": "Ward 8"}, "area.update"),
        ("equipment/equipment", "washer", {"maker": "Acme"}, "equipment.update"),
        ("equipment/equipmenttype", "kind", {"name": "Washer"}, "equipment_type.update"),
        ("compliance/requirement", "requirement", {"reference": "HTM 01-05"}, "requirement.update"),
        ("compliance/protocol", "protocol", {"description": "Daily"}, "protocol.update"),
        ("tenants/membership", "technician", {"role": "manager"}, "member.edit"),
        ("tenants/organization", "organization", {"name": "Northgate Trust"}, "organization.update"),
    ],
)
def test_a_change_by_staff_stands_in_the_organizations_trail(
    stan: Client, northgate: House, path: str, attribute: str, values: dict[str, str], action: str
) -> None:
    """Every editable model can be edited in platform scope, and the customer sees who did it."""
    page = f"/platform/{path}/{getattr(northgate, attribute).pk}/change/"
    response = stan.post(page, filled(stan, page, **values))
    assert response.status_code == 302, response.content.decode()[:3000]
    (event,) = events(action)
    assert (event.organization_id, event.actor, event.role) == (northgate.organization.pk, "Stan", "platform")


def test_staff_cannot_mix_organizations(stan: Client, northgate: House, southbank: House) -> None:
    """The platform scope sees both, the form offers one."""
    page = f"/platform/equipment/equipment/{northgate.washer.pk}/change/"
    for field, value in (("type", southbank.kind.pk), ("facility", southbank.hospital.pk)):
        response = stan.post(page, filled(stan, page, **{field: value}))
        assert response.status_code == 200
        assert "valid choice" in response.content.decode()


def test_staff_add_organizations_and_deactivate_people(stan: Client, northgate: House) -> None:
    """Provisioning is recorded in the new organization's trail, people in the platform's."""
    sent = filled(stan, "/platform/tenants/organization/add/", name="Eastgate", slug="eastgate")
    assert stan.post("/platform/tenants/organization/add/", sent).status_code == 302
    assert len(events("organization.create")) == 1
    page = f"/platform/accounts/user/{northgate.technician.user_id}/change/"
    sent = filled(stan, page)
    del sent["is_active"]
    assert stan.post(page, sent).status_code == 302
    assert [event.changes for event in events("user.update")] == [{"is_active": [True, False]}]
    assert not User.objects.get(pk=northgate.technician.user_id).is_active


# --- Cost ---


@pytest.mark.parametrize(
    ("path", "queries"), [("equipment/equipment/", 16), ("tenants/membership/", 14), ("compliance/requirement/", 15)]
)
def test_lists_cost_the_same_however_long(
    amara: Client, northgate: House, django_assert_num_queries: Any, path: str, queries: int
) -> None:
    """No query per row; of these, twelve open session, identity and scope."""
    with system(northgate.organization):
        for number in range(15):
            Equipment.objects.create(
                facility=northgate.hospital, area=northgate.ward, type=northgate.kind, name=f"M{number}"
            )
            Requirement.objects.create(
                facility=northgate.hospital,
                equipment=northgate.washer,
                owner=northgate.technician,
                name=f"R{number}",
                starts_at=northgate.requirement.starts_at,
            )
    amara.get(f"/admin/{path}")
    with django_assert_num_queries(queries):
        assert amara.get(f"/admin/{path}").status_code == 200
