"""What the tests of this room share: photos, forms as a browser would send them, label logging switched on."""

from __future__ import annotations

import io
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from apps.facilities.models import Facility
from apps.tenants.models import Organization
from apps.tenants.scope import platform, system
from tests.cast import House, new_uuid

GOOD = {"step_rinse": "yes", "step_temp": "64.5"}


def photo(name: str = "drum.jpg", colour: str = "teal", size: tuple[int, int] = (64, 48)) -> SimpleUploadedFile:
    """Return a small real JPEG."""
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "JPEG")
    return SimpleUploadedFile(name, buffer.getvalue(), "image/jpeg")


def form(**changes: Any) -> dict[str, Any]:
    """Return a complete log form with a fresh id; None leaves a field out."""
    data = {"uuid": new_uuid(), "notes": "", "performed_at": "", "held": "", "version": "", **GOOD, **changes}
    return {name: value for name, value in data.items() if value is not None}


def scan_url(house: House) -> str:
    """Return the address on the washer's label."""
    return f"/q/{house.label.code}"


def log_url(house: House) -> str:
    """Return the address of the log form for the washer's deep clean."""
    return f"/q/{house.label.code}/log/{house.requirement.pk}/"


def allow_label_logging(house: House, how: str = "name", pin: str = "") -> None:
    """Let people log at this house's labels without an account."""
    with platform("test"):
        Organization.objects.filter(pk=house.organization.pk).update(label_logging=how)
    if pin:
        with system(house.organization):
            Facility.objects.filter(pk=house.hospital.pk).update(pin_hash=make_password(pin))


def hidden(html: str, name: str) -> str:
    """Return the value of a hidden field in a page."""
    for part in html.split("<input")[1:]:
        tag = part.split(">")[0]
        if f'name="{name}"' in tag:
            return tag.split('value="')[1].split('"')[0] if 'value="' in tag else ""
    raise AssertionError(f"no field {name}")
