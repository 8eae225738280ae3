"""Make the pictures of README.md from the demo: start 'make run', then .venv/bin/python -m scripts.screenshots

The address is http://localhost:$PORT (8000). Pictures go to docs/images/, each below 200 kB.
"""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import LAUNCH_ARGUMENTS, find_chromium

IMAGES = Path(__file__).resolve().parent.parent / "docs/images"
MOST_BYTES = 200_000
PASSWORD = "harbour-lantern-42"  # noqa: S105 - the demo's, which 'make run' prints
PORT = os.environ.get("PORT", "8000")
BASE = f"http://northgate.localhost:{PORT}"


def open_page(browser: Browser, email: str, *, width: int, height: int) -> Page:
    """Return a page of somebody who has signed in."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=1.5, reduced_motion="reduce", locale="en-GB"
    )
    page = context.new_page()
    page.goto(f"{BASE}/login/")
    page.fill("[name=username]", email)
    page.fill("[name=password]", PASSWORD)
    with page.expect_navigation():
        page.press("[name=password]", "Enter")
    if "/login/" in page.url:
        sys.exit(f"{email} cannot sign in at {BASE}. Is the demo loaded?")
    return page


def save(page: Page, name: str) -> None:
    """Take a picture of what is in the window, with as few colours as the size allows."""
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        plain = picture.convert("RGB")
    for colours in (256, 128, 64, 32):
        stored = io.BytesIO()
        plain.quantize(colours, dither=Image.Dither.NONE).save(stored, "PNG", optimize=True)
        if stored.tell() < MOST_BYTES:
            break
    IMAGES.mkdir(parents=True, exist_ok=True)
    (IMAGES / f"{name}.png").write_bytes(stored.getvalue())
    print(f"docs/images/{name}.png  {stored.tell() // 1000} kB  {page.url}")


def main() -> None:
    """Take the dashboard, a requirement, and the scan page of a label on a phone."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=LAUNCH_ARGUMENTS)
        manager = open_page(browser, "manager@northgate.example", width=1280, height=860)
        manager.goto(f"{BASE}/")
        save(manager, "dashboard")
        manager.goto(f"{BASE}/requirements/?status=red")
        manager.get_by_role("link", name="Weekly check").first.click()
        manager.wait_for_url(re.compile(r"/requirements/\d+/"))
        save(manager, "requirement")
        manager.goto(f"{BASE}/equipment/?q=Bed+pan+washer+Ward+4")
        manager.locator("main table").get_by_role("link", name="Bed pan washer Ward 4").first.click()
        manager.wait_for_url(re.compile(r"/equipment/\d+/"))
        code = re.search(r"/q/(\w+)", manager.content())
        if code is None:
            sys.exit("The machine has no label.")
        technician = open_page(browser, "technician@northgate.example", width=390, height=844)
        technician.goto(f"{BASE}/q/{code[1]}")
        save(technician, "scan")
        technician.get_by_role("link", name="Start").first.click()
        technician.wait_for_url(re.compile(r"/log/"))
        save(technician, "scan-log")
        browser.close()


if __name__ == "__main__":
    main()
