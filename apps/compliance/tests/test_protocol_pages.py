"""Protocol pages: list, detail, add, edit with versions, archive."""

from __future__ import annotations

from typing import Any

from django.test import Client

from apps.compliance.models import Protocol
from apps.tenants.scope import system
from tests.cast import Cast, House


def steps(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    data: dict[str, Any] = {
        "name": "Fridge check",
        "description": "Morning",
        "steps-TOTAL_FORMS": str(len(rows)),
        "steps-INITIAL_FORMS": "0",
        **more,
    }
    for number, row in enumerate(rows):
        data |= {f"steps-{number}-{key}": value for key, value in {"kind": "yes_no", "required": "on", **row}.items()}
    return data


def test_list_and_detail(tess: Client, northgate: House) -> None:
    assert "Washer deep clean" in tess.get("/protocols/").content.decode()
    html = tess.get(f"/protocols/{northgate.protocol.pk}/").content.decode()
    for words in ("Rinse the drum", "≥ 60", "≤ 95", "°C", "Deep clean"):
        assert words in html
    assert "Edit" not in html


def test_another_organizations_protocol_is_not_found(marek: Client, cast: Cast) -> None:
    for tail in ("", "edit/", "archive/"):
        assert marek.get(f"/protocols/{cast.southbank.protocol.pk}/{tail}").status_code == 404


def test_add_with_steps_in_the_order_given(marek: Client, northgate: House) -> None:
    data = steps(
        {"text": "Read the thermometer", "kind": "number", "min": "1", "max": "5", "unit": "°C", "ORDER": "2"},
        {"text": "Open the door", "ORDER": "1"},
        {"text": ""},
    )
    response = marek.post("/protocols/new/", data)
    assert response.status_code == 302
    with system(northgate.organization):
        version = Protocol.objects.get(name="Fridge check").versions.get()
    assert [step["text"] for step in version.steps] == ["Open the door", "Read the thermometer"]
    assert version.steps[1]["max"] == 5


def test_add_names_the_fault_and_keeps_the_steps(marek: Client) -> None:
    data = steps({"text": "Pick", "kind": "choice", "choices": "only one"})
    response = marek.post("/protocols/new/", data)
    assert response.status_code == 400
    assert "Give 2 to" in response.content.decode()
    assert 'value="Pick"' in response.content.decode()


def test_a_name_in_use_is_refused(marek: Client) -> None:
    response = marek.post("/protocols/new/", steps({"text": "x"}, name="Washer deep clean"))
    assert response.status_code == 400
    assert "There is a protocol of this name already" in response.content.decode()


def test_more_steps_keeps_what_was_typed(marek: Client) -> None:
    html = marek.post("/protocols/new/", steps({"text": "First"}, more="1")).content.decode()
    assert 'value="First"' in html
    assert html.count("<legend>Step") == 4


def test_changed_steps_make_the_next_version(marek: Client, northgate: House) -> None:
    address = f"/protocols/{northgate.protocol.pk}/edit/"
    assert 'value="Rinse the drum"' in marek.get(address).content.decode()
    assert (
        marek.post(address, steps({"text": "Rinse twice", "key": "rinse"}, name="Washer deep clean")).status_code == 302
    )
    with system(northgate.organization):
        first, second = northgate.protocol.versions.order_by("number")
    assert (first.steps[0]["text"], second.number, second.steps[0]["text"]) == ("Rinse the drum", 2, "Rinse twice")
    assert marek.post(address, steps({"text": "Rinse twice", "key": "rinse"}, name="Renamed")).status_code == 302
    with system(northgate.organization):
        assert northgate.protocol.versions.count() == 2


def test_technicians_and_auditors_change_nothing(tess: Client, audrey: Client, northgate: House) -> None:
    for client in (tess, audrey):
        for path in ("new/", f"{northgate.protocol.pk}/edit/", f"{northgate.protocol.pk}/archive/"):
            assert client.get(f"/protocols/{path}").status_code == 403


def test_archive_and_restore(marek: Client, northgate: House) -> None:
    pk = northgate.protocol.pk
    assert "1 requirement that uses it keeps it" in marek.get(f"/protocols/{pk}/archive/").content.decode()
    marek.post(f"/protocols/{pk}/archive/")
    assert "Washer deep clean" not in marek.get("/protocols/").content.decode()
    marek.post(f"/protocols/{pk}/restore/")
    assert "Washer deep clean" in marek.get("/protocols/").content.decode()
