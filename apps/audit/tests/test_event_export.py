"""The CSV of the trail: exactly what is shown, without live formulas."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.test import Client

from apps.audit import actions as audit
from apps.tenants.permissions import ROLE_PERMISSIONS, Permission
from apps.tenants.scope import member, system
from tests.cast import Cast


def rows(client: Client, query: str = "") -> list[dict[str, str]]:
    """Read the CSV."""
    response: Any = client.get(f"/audit/export.csv{query}")
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def trail(cast: Cast) -> Cast:
    """Write two events here and one elsewhere."""
    with member(cast.northgate.admin):
        audit.update(cast.northgate.washer, {"notes": "=2+2"}, "equipment.edit", reason="=HYPERLINK(1)")
        audit.record("facility.archive", cast.northgate.annex)
    with member(cast.southbank.admin):
        audit.record("facility.archive", cast.southbank.annex)
    return cast


def test_what_is_shown_is_what_is_written(trail: Cast, amara: Client, audrey: Client) -> None:
    """Newest first, with before and after; the filters hold."""
    for client in (amara, audrey):
        assert [row["Action"] for row in rows(client)] == ["facility.archive", "equipment.edit"]
    (edit,) = rows(amara, "?type=equipment.equipment")
    assert edit["Who"] == "Amara"
    assert edit["Changes"] == '{"notes": ["", "=2+2"]}'
    assert edit["Reason"] == "'=HYPERLINK(1)"


def test_others_are_refused(
    trail: Cast, tess: Client, oscar: Client, anonymous: Client, amara: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading the trail is not enough, exporting is a right of its own."""
    assert [c.get("/audit/export.csv").status_code for c in (tess, oscar, anonymous)] == [403, 404, 302]
    monkeypatch.setitem(ROLE_PERMISSIONS, "admin", ROLE_PERMISSIONS["admin"] - {Permission.EXPORT})
    assert amara.get("/audit/export.csv").status_code == 403
    assert "Download CSV" not in amara.get("/audit/").content.decode()


def test_many_rows(cast: Cast, amara: Client) -> None:
    """Past the chunk size."""
    with system(cast.northgate.organization):
        from apps.audit.models import AuditEvent

        AuditEvent.objects.bulk_create(
            AuditEvent(actor="x", role="system", action="a.edit", object_type="x.y", object_name=str(n))
            for n in range(2100)
        )
    assert len(rows(amara)) == 2100
