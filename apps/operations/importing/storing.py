"""Uploads: refused early when they are too large, kept under random names in the private storage, then deleted."""

from __future__ import annotations

import datetime
import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.utils import timezone

FOLDER = "imports"
# What a form adds to the file: its other fields and the lines between the parts.
FORM_BYTES = 1024 * 1024
BLOCK = 1024 * 1024


class ImportUploadHandler(FileUploadHandler):
    """Skips a file larger than an import may be: at once when the request says its size, else at the limit.

    What is skipped is read off the wire and dropped, neither kept in memory nor written to disk, so that the page can
    answer. Stands first in FILE_UPLOAD_HANDLERS and sets ``request.upload_refused``.
    """

    announced = 0
    received = 0

    def handle_raw_input(self, input_data, META, content_length, boundary, encoding=None):  # type: ignore[no-untyped-def]  # noqa: N803
        """Note how large the request says it is."""
        self.announced = content_length or 0

    def new_file(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        """Skip the file before its first byte when the request to the import page is too large to hold a good one."""
        super().new_file(*args, **kwargs)
        self.received = 0
        path = self.request.path_info if self.request else ""
        if path.startswith("/import/") and self.announced > settings.MAX_IMPORT_BYTES + FORM_BYTES:
            self._refuse()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Pass the data on up to the limit, which no other upload comes near."""
        self.received += len(raw_data)
        if self.received > settings.MAX_IMPORT_BYTES:
            self._refuse()
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the making of the file to the handlers behind this one."""

    def _refuse(self) -> None:
        self.request.upload_refused = True  # type: ignore[union-attr]
        raise SkipFile


def keep(upload: File[bytes], organization_id: int) -> tuple[str, str]:
    """Store an upload under a random name; return where, and its SHA-256."""
    digest = hashlib.sha256()
    upload.seek(0)
    while block := upload.read(BLOCK):
        digest.update(block)
    upload.seek(0)
    stored = default_storage.save(f"{FOLDER}/{organization_id}/{uuid.uuid4().hex}", upload)
    return stored, digest.hexdigest()


def digest_of(stream: BinaryIO) -> str:
    """Return the SHA-256 of a stream, which is then at its beginning again."""
    digest = hashlib.sha256()
    stream.seek(0)
    while block := stream.read(BLOCK):
        digest.update(block)
    stream.seek(0)
    return digest.hexdigest()


@contextmanager
def opened(stored: str) -> Iterator[BinaryIO]:
    """Open a stored upload; raises FileNotFoundError when it is gone."""
    if not stored or not default_storage.exists(stored):
        raise FileNotFoundError(stored)
    with default_storage.open(stored, "rb") as file:
        yield cast(BinaryIO, file.file)


def forget(stored: str) -> None:
    """Delete a stored upload, if it is still there."""
    if stored:
        default_storage.delete(stored)


def old_uploads(age: datetime.timedelta) -> Iterator[str]:
    """Yield every stored upload that is older than ``age``, also those whose request failed half-way."""
    try:
        folders, _files = default_storage.listdir(FOLDER)
    except FileNotFoundError:
        return
    limit = timezone.now() - age
    for folder in folders:
        _folders, files = default_storage.listdir(f"{FOLDER}/{folder}")
        for name in files:
            stored = f"{FOLDER}/{folder}/{name}"
            if default_storage.get_modified_time(stored) < limit:
                yield stored
