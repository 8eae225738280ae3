"""Choosing a file: what is refused, in which words, and how little of a huge one is read."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.test import Client

from apps.operations.models import ImportRun
from apps.operations.tests.helpers import FACILITIES_CSV, last_run, start
from apps.tenants.models import Membership
from apps.tenants.scope import system
from tests.cast import PASSWORD, Cast


def test_a_file_is_kept_privately_under_a_random_name(marek: Client, cast: Cast) -> None:
    """The next page is the choice of columns; the stored file is nowhere to be had."""
    response = start(marek, name="../../Our list.csv")
    run = last_run(cast.northgate)
    assert (response.status_code, response["Location"]) == (302, f"/import/{run.pk}/columns/")
    assert run.file_name == "Our list.csv"
    assert run.by_id == cast.northgate.manager.pk
    assert "list" not in run.stored
    assert run.stored.startswith(f"imports/{cast.northgate.organization.pk}/")
    assert default_storage.open(run.stored).read().decode() == FACILITIES_CSV
    assert (Path(settings.MEDIA_ROOT) / run.stored).stat().st_mode & 0o077 == 0
    assert marek.get(f"/media/{run.stored}").status_code == 404


def xlsx_of_word() -> bytes:
    """Return a zip that is a Word document."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
        archive.writestr("[Content_Types].xml", "<x/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty"),
        (b"   \r\n ", "The file is empty"),
        (b"Name,Code\r\n", "a header but no rows"),
        (b"%PDF-1.7 something", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n0000", "a PNG picture"),
        (xlsx_of_word(), "a Word document"),
        (b"PK\x03\x04 broken", "damaged"),
    ],
)
def test_what_is_no_table_is_refused_and_the_choice_kept(amara: Client, cast: Cast, content: bytes, words: str) -> None:
    """The message says what the file is; what was chosen beside it stays chosen; nothing is kept."""
    response = start(amara, content, "equipment", "list.csv")
    page = response.content.decode()
    assert response.status_code == 200
    assert words in page
    assert "There is a problem" in page
    assert 'value="equipment" required id="id_kind_2" checked' in page.replace("  ", " ")
    with system(cast.northgate.organization):
        assert not ImportRun.objects.exists()
    assert not default_storage.exists("imports")


def test_no_file_at_all(amara: Client) -> None:
    """Say so."""
    assert "Choose a file." in amara.post("/import/", {"kind": "areas"}).content.decode()


class Endless(io.RawIOBase):
    """A request body of 200 MB that is never in memory: the beginning of a form, then zeros."""

    def __init__(self, head: bytes, tail: bytes, size: int) -> None:
        self.head, self.tail, self.size, self.at = head, tail, size, 0

    def read(self, count: int = -1) -> bytes:
        """Return the next bytes."""
        count = min(count if count >= 0 else 65_536, self.size - self.at)
        if self.at < len(self.head):
            data = self.head[self.at : self.at + count]
        elif self.at >= self.size - len(self.tail):
            start = self.at - (self.size - len(self.tail))
            data = self.tail[start : start + count]
        else:
            data = b"a" * min(count, self.size - len(self.tail) - self.at)
        self.at += len(data)
        return data


def test_200_megabytes_are_refused_without_being_kept(amara: Client, cast: Cast, tmp_path: Path, settings: Any) -> None:
    """The page answers in words; neither memory nor disk has taken the file."""
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    head = (
        b'--B\r\nContent-Disposition: form-data; name="kind"\r\n\r\nareas\r\n'
        b'--B\r\nContent-Disposition: form-data; name="file"; filename="big.csv"\r\nContent-Type: text/csv\r\n\r\n'
    )
    size = 200 * 1024 * 1024
    body = Endless(head, b"\r\n--B--\r\n", size)
    environ: dict[str, Any] = {
        "wsgi.input": body,
        "CONTENT_LENGTH": str(size),
        "CONTENT_TYPE": "multipart/form-data; boundary=B",
    }
    amara.get("/import/")  # templates are compiled once
    tracemalloc.start()
    response = amara.generic("POST", "/import/", b"", "multipart/form-data; boundary=B", **environ)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    page = response.content.decode()
    assert response.status_code == 413
    assert "The file is larger than 50 MB" in page
    assert 'id="id_kind_1" checked' in page
    assert peak < 20_000_000
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []
    with system(cast.northgate.organization):
        assert not ImportRun.objects.exists()


def test_a_file_without_announced_size_stops_at_the_limit(amara: Client, settings: Any) -> None:
    """The limit holds for the file itself too."""
    settings.MAX_IMPORT_BYTES = 1_000
    response = start(amara, "Name,External code\n" + "Clinic,1\n" * 500)
    assert response.status_code == 413
    assert "The file is larger than" in response.content.decode()


def test_a_session_that_ended_keeps_what_was_chosen(anonymous: Client) -> None:
    """The choice comes back after signing in; the file has to be chosen again, and the page says so."""
    response = start(anonymous, kind="equipment")
    assert response.status_code == 401
    assert "Your entries are kept" in response.content.decode()
    entries = response.context["signed_entries"]
    login = {"username": "marek@northgate.test", "password": PASSWORD, "entries": entries}
    page = anonymous.post("/login/", login, follow=True).content.decode()
    assert "list.csv" in page
    assert 'value="equipment"' in page


def test_only_managers_of_all_facilities(
    tess: Client, rosa: Client, anonymous: Client, cast: Cast, as_user: Any
) -> None:
    """Technicians and auditors may not import, nor a manager of the annex."""
    for client in (tess, rosa, as_user(cast.northgate.auditor)):
        assert client.get("/import/").status_code == 403
        assert start(client).status_code == 403
    assert anonymous.get("/import/").status_code == 302
    with system(cast.northgate.organization):
        Membership.objects.filter(pk=cast.northgate.manager.pk).update(all_facilities=False)
    restricted = as_user(cast.northgate.manager)
    assert restricted.get("/import/").status_code == 403
    assert start(restricted).status_code == 403
    with system(cast.northgate.organization):
        assert not ImportRun.objects.exists()


@pytest.mark.parametrize("kind", ["facilities", "areas", "equipment"])
def test_the_template_fits(amara: Client, kind: str) -> None:
    """Every column of a template is recognized."""
    response = amara.get(f"/import/template/{kind}.csv")
    text = response.getvalue()
    assert response["Content-Disposition"] == f'attachment; filename="{kind}-template.csv"'
    page = amara.get(start(amara, text, kind)["Location"]).content.decode()
    assert "Every column of the file is used." in page


def test_an_unknown_template(amara: Client) -> None:
    """There is no such file."""
    assert amara.get("/import/template/people.csv").status_code == 404
