"""axe on every page, as the admin: light and dark, phone and desktop; nothing refused, nothing wider than 320 px."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import NoReverseMatch, reverse

from apps.audit.models import AuditEvent
from apps.tenants.admin_sites import tenant_site
from apps.tenants.scope import system
from tests.cast import Cast, House
from tests.isolation.table import PAGES, value_of
from tests.journeys.conftest import DESKTOP, PHONE, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

EVERYTHING = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What colour decides; the rest is the same in both themes.
COLOURS = ["color-contrast", "link-in-text-block"]
# Pictures, not pages.
PICTURES = {"equipment:equipment_photo", "cleaning_logs:log_photo", "compliance:corrective_photo"}
ROOMS = sorted({name.split(":")[0] for name in PAGES if ":" in name})


def address_of(name: str, house: House) -> str | None:
    """Return the address of a page with the house's objects; None where it needs what the cast has not got."""
    expected = PAGES[name]
    try:
        return reverse(name, kwargs={key: value_of(house, path) for key, path in expected.kwargs.items()})
    except (AttributeError, NoReverseMatch):
        return None


def pages_of(room: str, house: House) -> Iterator[tuple[str, str]]:
    """Yield (name, address) of each page of a room that answers a GET."""
    for name, expected in PAGES.items():
        if name.split(":")[0] == room and expected.get == 200 and name not in PICTURES:
            address = address_of(name, house)
            if address is not None:
                yield name, address


def problems_of(visitor: Visitor, axe: Axe) -> Iterator[str]:
    """Yield what axe finds on the page that is open, and whether it is too wide."""
    page = visitor.page
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type,unused-ignore]
        for width, height in (PHONE, DESKTOP):
            page.set_viewport_size({"width": width, "height": height})
            only = {"type": "tag", "values": EVERYTHING} if scheme == "light" else {"type": "rule", "values": COLOURS}
            found = axe.run(page, options={"runOnly": only, "resultTypes": ["violations"]})
            for violation in found.response["violations"]:
                nodes = [" ".join(map(str, node["target"])) for node in violation["nodes"]]
                yield f"{scheme} {width}: {violation['id']}: {violation['help']}: {', '.join(nodes[:3])}"
    page.set_viewport_size({"width": 320, "height": 640})
    if wide := visitor.too_wide():
        yield f"wider than 320 px: {', '.join(wide)}"


@pytest.mark.parametrize("room", ROOMS)
def test_every_page_of_a_room(room: str, visit: Callable[..., Visitor], stage: Cast) -> None:
    house = stage.northgate
    with system(house.organization):
        house.event = AuditEvent.objects.order_by("id").first()  # type: ignore[attr-defined]
    visitor = visit((390, 844))
    visitor.sign_in(house.admin)
    axe, found, seen = Axe(), [], 0
    for name, address in pages_of(room, house):
        if not visitor.fetch(address)[0].startswith("text/html"):
            continue
        assert visitor.goto(address).status == 200, address
        seen += 1
        found += [f"{name} ({address}) {problem}" for problem in problems_of(visitor, axe)]
    assert not found, "\n".join(found)
    assert seen or room == "operations"


def test_pages_of_a_visitor(visit: Callable[..., Visitor], stage: Cast) -> None:
    visitor = visit((390, 844))
    axe, found = Axe(), []
    for address, status in (("/login/", 200), ("/password/reset/", 200), ("/q/2222222222", 404), ("/nowhere/", 404)):
        assert visitor.goto(address).status == status, address
        found += [f"{address} {problem}" for problem in problems_of(visitor, axe)]
    assert not found, "\n".join(found)


def test_the_admin(visit: Callable[..., Visitor], stage: Cast) -> None:
    visitor = visit(DESKTOP)
    visitor.sign_in(stage.northgate.admin)
    axe, found = Axe(), []
    for address in (
        "/admin/",
        *(reverse(f"admin:{m._meta.app_label}_{m._meta.model_name}_changelist") for m in tenant_site._registry),
    ):
        assert visitor.goto(address).status == 200, address
        found += [f"{address} {problem}" for problem in problems_of(visitor, axe)]
    assert not found, "\n".join(found)
