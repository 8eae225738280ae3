"""From nothing to a printed label: an admin adds a machine, makes its label, and the print leads to the machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typst
import zxingcpp
from PIL import Image

from tests.cast import Cast
from tests.journeys.conftest import DESKTOP, PHONE, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def codes_in(pdf: bytes, folder: Path) -> list[str]:
    """Return what the QR codes on the first page of a PDF say."""
    (folder / "labels.pdf").write_bytes(pdf)
    (folder / "page.typ").write_text('#set page(width: auto, height: auto, margin: 0pt)\n#image("labels.pdf")\n')
    typst.compile(str(folder / "page.typ"), output=str(folder / "page.png"), format="png", ppi=203)
    with Image.open(folder / "page.png") as picture:
        return [found.text for found in zxingcpp.read_barcodes(picture.convert("L"))]


def test_a_new_machine_gets_a_label_that_leads_to_it(
    visit: Callable[..., Visitor], stage: Cast, tmp_path: Path, live_server: Any
) -> None:
    house = stage.northgate
    admin = visit(DESKTOP)
    admin.sign_in(house.admin)
    page = admin.page

    admin.goto("/equipment/new/")
    page.get_by_label("Name").first.fill("Washer 9")
    page.get_by_label("Type", exact=True).select_option(label="Bed pan washer")
    page.get_by_label("Facility", exact=True).select_option(label="Northgate General")
    page.get_by_label("Serial number").fill("SN-999")
    page.locator("main form button.button-primary").first.click()
    page.wait_for_url("**/equipment/*/")
    assert page.get_by_role("heading", level=1).inner_text() == "Washer 9"
    machine = page.url

    page.get_by_role("button", name="Make a label").click()
    page.get_by_role("link", name="Print").first.wait_for()
    page.goto(machine)
    page.get_by_role("link", name="Print").first.click()
    page.wait_for_url("**/labels/print/**")
    form = page.locator("form[action='/labels/sheet.pdf']")
    query = form.evaluate("form => new URLSearchParams(new FormData(form)).toString()")
    kind, pdf = admin.fetch(f"/labels/sheet.pdf?{query}")
    assert kind == "application/pdf"
    assert pdf.startswith(b"%PDF-")

    (address,) = codes_in(pdf, tmp_path)
    assert address.startswith(live_server.url + "/q/")
    phone = visit(PHONE, host="localhost")
    phone.page.goto(address)
    phone.sign_in(house.technician)
    phone.page.goto(address)
    assert phone.page.get_by_role("heading", level=1).inner_text() == "Washer 9"
    assert phone.too_wide() == []
