"""Held photos go away by themselves."""

from __future__ import annotations

import io
import uuid
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command

from apps.cleaning_logs import held
from tests.cast import House


def run() -> str:
    """Run the command."""
    out = io.StringIO()
    call_command("purge_held_photos", stdout=out)
    return out.getvalue()


@pytest.mark.usefixtures("in_northgate")
def test_only_old_ones_are_deleted(frozen: Any) -> None:
    """After two days; nothing to do is no error, nor is a stranger's folder."""
    assert "Deleted 0" in run()
    form = uuid.uuid4()
    token = held.hold({"": [ContentFile(b"x", name="x.jpg")]}, form)
    default_storage.save("held/readme/x.txt", ContentFile(b"x"))
    frozen.shift(2 * 24 * 3600)
    assert "Deleted 0" in run()
    assert held.count(held.take(token, form)) == 1
    frozen.shift(24 * 3600)
    # Too old for the form already, and then gone from the disk.
    assert held.take(token, form) == {}
    assert "Deleted 1" in run()
    assert "Deleted 0" in run()
    assert default_storage.exists("held/readme/x.txt")


def test_what_is_held_belongs_to_one_form_of_one_organization(in_northgate: House) -> None:
    """Another form, or a token that was touched, brings nothing; a file that is gone is left out."""
    form = uuid.uuid4()
    token = held.hold({"a": [ContentFile(b"1", name="1.jpg")], "": [ContentFile(b"2", name="2.jpg")]}, form)
    kept = held.take(token, form)
    assert {key: [f.read() for f in files] for key, files in kept.items()} == {"a": [b"1"], "": [b"2"]}
    assert held.take(token, uuid.uuid4()) == {}
    assert held.take(token + "x", form) == {}
    assert held.take("", form) == {}
    assert held.hold({}, form) == ""
    day = default_storage.listdir("held")[0][0]
    for name in default_storage.listdir(f"held/{day}")[1]:
        default_storage.delete(f"held/{day}/{name}")
    assert held.take(token, form) == {}
