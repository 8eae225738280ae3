"""A newcomer brings in a list of hospitals as it was published: cp1252, an odd delimiter, Windows line ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from apps.facilities.models import Facility
from apps.tenants.scope import system
from tests.cast import Cast
from tests.journeys.conftest import DESKTOP, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ROWS = (
    "OrganisationCode¬OrganisationName¬Address1¬City¬Postcode¬Latitude¬Longitude",
    "ZX901¬Saint Brígid’s Hospital¬1 Abbey Road¬Leeds¬ZZ99 1AA¬53.8¬-1.55",
    "ZX902¬The “Old” Infirmary¬2 Mill Lane¬York¬ZZ99 1AB¬53.96¬-1.08",
    "ZX903¬Café Ward Annexe¬¬York¬ZZ99 1AC¬5.39E+01¬-1.1E+00",
)


def codes(cast: Cast) -> set[str]:
    """Return the external codes of facilities in use: what an undo takes back is archived."""
    with system(cast.northgate.organization):
        return set(Facility.objects.filter(archived_at=None).values_list("external_code", flat=True))


def test_an_admin_imports_hospitals_twice_and_undoes_it(
    visit: Callable[..., Visitor], stage: Cast, tmp_path: Path
) -> None:
    file = tmp_path / "hospitals.csv"
    file.write_bytes("\r\n".join([*ROWS, ""]).encode("cp1252"))
    before = codes(stage)
    admin = visit(DESKTOP)
    admin.sign_in(stage.northgate.admin)
    page = admin.page

    def upload() -> None:
        admin.goto("/import/?kind=facilities")
        page.set_input_files("input[type=file]", file)
        page.get_by_role("button", name="Upload and choose columns").click()
        page.get_by_role("heading", level=1, name="Choose columns").wait_for()
        page.get_by_role("button", name="Show what happens to each row").click()
        page.get_by_role("heading", level=1, name="Preview of the import").wait_for()

    upload()
    assert "Saint Brígid’s Hospital" in page.inner_text("main")
    assert codes(stage) == before  # a preview writes nothing
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_role("heading", level=1, name="Result of the import").wait_for()
    assert codes(stage) - before == {"ZX901", "ZX902", "ZX903"}
    with system(stage.northgate.organization):
        assert Facility.objects.get(external_code="ZX902").name == "The “Old” Infirmary"
    with system(stage.southbank.organization):
        assert not Facility.objects.filter(external_code__startswith="ZX9").exists()

    # The same file again changes nothing.
    upload()
    assert "everything is here already" in page.inner_text("main")

    admin.goto("/import/")
    page.get_by_role("link", name="Undo this import").click()
    page.locator("main form[method=post] button").first.click()
    page.get_by_role("heading", level=1, name="Result of the import").wait_for()
    assert codes(stage) == before
