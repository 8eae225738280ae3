"""Photos of a form that came back with a question: kept for the next try, for a browser does not send them again.

They lie in the media storage under ``held/<day>/`` until ``purge_held_photos`` takes them away. The form carries their
names signed, bound to the organization and to the form's own id.
"""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from apps.tenants.scope import require_tenant

ROOT = "held"
MAX_AGE = datetime.timedelta(days=2)
if TYPE_CHECKING:
    Picture = ContentFile[bytes]
else:
    Picture = ContentFile
Photos = Mapping[str, Sequence[Picture]]


def _salt(uuid: UUID) -> str:
    return f"cleaning_logs.held:{require_tenant().organization_id}:{uuid}"


def hold(photos: Photos, uuid: UUID) -> str:
    """Keep cleaned photos, by step, and return the text that brings them back; "" for none."""
    folder = f"{ROOT}/{timezone.now():%Y-%m-%d}"
    names: dict[str, list[str]] = {}
    for step, files in photos.items():
        for photo in files:
            photo.seek(0)
            name = default_storage.save(f"{folder}/{secrets.token_hex(16)}.jpg", photo)
            names.setdefault(step, []).append(name)
    return signing.dumps(names, salt=_salt(uuid), compress=True) if names else ""


def take(text: str, uuid: UUID) -> dict[str, list[Picture]]:
    """Return the photos behind ``text``. What is altered, too old or gone is left out: the photo is asked for again."""
    if not text:
        return {}
    try:
        names: dict[str, list[str]] = signing.loads(text, salt=_salt(uuid), max_age=MAX_AGE)
    except signing.BadSignature:
        return {}
    found: dict[str, list[Picture]] = {}
    for step, kept in names.items():
        for name in kept:
            try:
                with default_storage.open(name) as stored:
                    found.setdefault(step, []).append(ContentFile(stored.read(), name=name.rsplit("/", 1)[-1]))
            except OSError:
                continue
    return found


def purge(now: datetime.datetime | None = None) -> int:
    """Delete what has been held longer than MAX_AGE. Returns how many photos."""
    limit = ((now or timezone.now()) - MAX_AGE).date()
    try:
        days = default_storage.listdir(ROOT)[0]
    except OSError:
        return 0
    done = 0
    for day in days:
        if not _is_before(day, limit):
            continue
        for name in default_storage.listdir(f"{ROOT}/{day}")[1]:
            default_storage.delete(f"{ROOT}/{day}/{name}")
            done += 1
        default_storage.delete(f"{ROOT}/{day}")
    return done


def _is_before(day: str, limit: datetime.date) -> bool:
    try:
        return datetime.date.fromisoformat(day) < limit
    except ValueError:
        return False


def count(photos: Mapping[str, Sequence[Any]]) -> int:
    """Return how many photos there are in all."""
    return sum(len(files) for files in photos.values())
