"""``manage.py prune_imports``: uploads go after a day, row details after a month."""

from __future__ import annotations

import datetime
import os
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.test import Client

from apps.operations.models import ImportLine, ImportRun
from apps.operations.tests.helpers import carry_out, last_run, preview
from apps.tenants.scope import system
from tests.cast import Cast


def age(cast: Cast, run: ImportRun, **ago: int) -> None:
    """Make an import older than it is."""
    moment = run.created_at - datetime.timedelta(**ago)
    with system(cast.northgate.organization):
        ImportRun.objects.filter(pk=run.pk).update(created_at=moment)
        ImportRun.objects.filter(pk=run.pk, applied_at__isnull=False).update(applied_at=moment)


def prune() -> str:
    """Run the command."""
    out = StringIO()
    call_command("prune_imports", stdout=out)
    return out.getvalue()


def test_an_upload_left_open(marek: Client, cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    """Kept for 23 hours, gone after 25, and the page says what happened."""
    run = preview(marek, cast.northgate)
    age(cast, run, hours=23)
    assert "0 imports pruned" in prune()
    assert default_storage.exists(run.stored)
    age(cast, run, hours=25)
    with django_capture_on_commit_callbacks(execute=True):
        assert "1 imports pruned" in prune()
    assert not default_storage.exists(run.stored)
    assert last_run(cast.northgate).state == "discarded"
    assert "was discarded" in marek.get(f"/import/{run.pk}/result/").content.decode()
    assert "0 imports pruned" in prune()


def test_row_details_of_an_old_import(marek: Client, cast: Cast) -> None:
    """The counts stay; the undo says that it is too late."""
    run = carry_out(marek, cast.northgate)
    age(cast, run, days=29)
    assert "0 imports pruned" in prune()
    age(cast, run, days=31)
    assert "1 imports pruned" in prune()
    with system(cast.northgate.organization):
        assert not ImportLine.objects.exists()
    assert "too old to be undone" in marek.get(f"/import/{run.pk}/undo/").content.decode()


def test_a_stray_file(cast: Cast) -> None:
    """An upload whose request failed half-way is deleted by its age."""
    folder = Path(settings.MEDIA_ROOT) / "imports" / "1"
    folder.mkdir(parents=True)
    old, new = folder / "old", folder / "new"
    for path in (old, new):
        path.write_text("x")
    before = datetime.datetime.now(datetime.UTC).timestamp() - 25 * 3600
    os.utime(old, (before, before))
    assert "1 stray files deleted" in prune()
    assert not old.exists()
    assert new.exists()
