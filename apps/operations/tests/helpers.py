"""What the tests of the import share."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.operations.models import ImportRun
from apps.tenants.scope import system
from tests.cast import House

FACILITIES_CSV = (
    "Name,External code,Town or city,Postcode\nSouth Clinic,S1,Leeds,LS1 1AA\nEast Clinic,E9,York,YO1 7HH\n"
)


def upload(text: str | bytes, name: str = "list.csv") -> SimpleUploadedFile:
    """Return a file as a browser sends it."""
    return SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text, "text/csv")


def start(client: Client, text: str | bytes = FACILITIES_CSV, kind: str = "facilities", name: str = "list.csv") -> Any:
    """Upload a file and return the answer."""
    return client.post("/import/", {"kind": kind, "file": upload(text, name)})


def columns(client: Client, run: ImportRun, **changes: str) -> Any:
    """Confirm the guessed columns, with some changed."""
    return client.post(f"/import/{run.pk}/columns/", {**run.mapping, **changes})


def preview(client: Client, house: House, text: str | bytes = FACILITIES_CSV, kind: str = "facilities") -> ImportRun:
    """Upload a file, confirm its columns, and return the import, ready to be carried out."""
    response = start(client, text, kind)
    assert response.status_code == 302, response.content.decode()
    run = last_run(house)
    response = columns(client, run)
    assert response.status_code == 302, response.content.decode()
    return last_run(house)


def carry_out(
    client: Client, house: House, text: str | bytes = FACILITIES_CSV, kind: str = "facilities", **data: str
) -> ImportRun:
    """Bring a file all the way in."""
    run = preview(client, house, text, kind)
    response = client.post(f"/import/{run.pk}/", data)
    assert response.status_code == 302, response.content.decode()
    return last_run(house)


def last_run(house: House) -> ImportRun:
    """Return the newest import of a house."""
    with system(house.organization):
        run = ImportRun.objects.order_by("-id").first()
    assert run is not None
    return run
