"""/facilities/<id>/pin/ and pin/clear/."""

import pytest
from django.contrib.auth.hashers import check_password

from apps.audit.models import AuditEvent
from apps.facilities.models import Facility
from apps.tenants.scope import system


def pin_hash(house):
    with system(house.organization):
        return Facility.objects.get(pk=house.hospital.pk).pin_hash


def test_keeps_a_hash_and_never_shows_or_records_the_pin(marek, northgate):
    marek.post(f"/facilities/{northgate.hospital.pk}/pin/", {"pin": "739104"})
    assert check_password("739104", pin_hash(northgate))
    with system(northgate.organization):
        event = AuditEvent.objects.get(action="facility.pin_set")
    assert event.changes == {"pin_hash": ["•", "•"]}
    page = marek.get(f"/facilities/{northgate.hospital.pk}/").content.decode()
    assert "A PIN is set" in page
    assert "739104" not in page
    assert pin_hash(northgate) not in page


@pytest.mark.parametrize(
    "pin", ["", "123", "12345678a", "abcd", "١٢٣٤", "7391047391", "1111", "1234", "98765", " 7391 4"]
)
def test_refuses_what_is_no_good_pin(marek, northgate, pin):
    response = marek.post(f"/facilities/{northgate.hospital.pk}/pin/", {"pin": pin})
    assert response.status_code == 200
    assert response.context["form"].errors
    assert pin_hash(northgate) == ""


def test_clears_it(marek, northgate):
    marek.post(f"/facilities/{northgate.hospital.pk}/pin/", {"pin": "7391"})
    assert "Clear the PIN" in marek.get(f"/facilities/{northgate.hospital.pk}/pin/clear/").content.decode()
    assert pin_hash(northgate)
    marek.post(f"/facilities/{northgate.hospital.pk}/pin/clear/")
    assert pin_hash(northgate) == ""


def test_roles_that_may_not(tess, audrey, marek, northgate, southbank):
    for client in (tess, audrey):
        assert client.get(f"/facilities/{northgate.hospital.pk}/pin/").status_code == 403
        assert client.post(f"/facilities/{northgate.hospital.pk}/pin/clear/").status_code == 403
    assert marek.post(f"/facilities/{southbank.hospital.pk}/pin/", {"pin": "7391"}).status_code == 404
