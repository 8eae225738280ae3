"""What the documents state about the code is true."""

from __future__ import annotations

import re

from django.conf import settings
from django.core.management import get_commands

from apps.tenants.permissions import ROLE_PERMISSIONS, Permission

DOCUMENTS = sorted(
    [*settings.BASE_DIR.glob("*.md"), *settings.BASE_DIR.glob("docs/**/*.md")], key=lambda path: path.as_posix()
)


def test_the_table_of_permissions_is_that_of_the_code() -> None:
    lines = (settings.BASE_DIR / "docs/permissions.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    roles = rows[0][2:]
    written = {row[0].strip("`"): {role for role, cell in zip(roles, row[2:], strict=True) if cell} for row in rows[2:]}
    decided = {
        str(permission): {role for role in roles if permission in ROLE_PERMISSIONS[role]} for permission in Permission
    }
    assert written == decided


def test_links_and_paths_lead_somewhere() -> None:
    broken = []
    for document in DOCUMENTS:
        text = document.read_text()
        links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text)
        broken += [f"{document.name}: {link}" for link in links if not (document.parent / link).exists()]
        for path in re.findall(r"`((?:apps|docs|scripts|templates|tests|static|cleantrack)/[\w./-]+\.\w+)`", text):
            if not (settings.BASE_DIR / path).exists():
                broken.append(f"{document.name}: {path}")
    assert broken == []


def test_commands_exist() -> None:
    known = get_commands()
    named = {
        (document.name, command)
        for document in [*DOCUMENTS, settings.BASE_DIR / "render.yaml"]
        for command in re.findall(r"manage\.py ([a-z_]+)", document.read_text())
    }
    assert {name for name in named if name[1] not in known} == set()
    assert ("render.yaml", "audit_tenancy") in named
