""".env.production.example names every variable that the settings read, and no other, each with its meaning."""

from __future__ import annotations

import ast
import re
from itertools import pairwise

from django.conf import settings

EXAMPLE = settings.BASE_DIR / ".env.production.example"
# Read by the settings through env(), env.bool() and the like.
READERS = {"env", "bool", "int", "list", "email_url", "str", "float", "json", "db", "cache_url", "url"}


def names_read() -> set[str]:
    """Return the names in env(…) and env.kind(…) calls of the settings module."""
    tree = ast.parse((settings.BASE_DIR / "cleantrack/settings.py").read_text())
    found: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.args[0]
        if not isinstance(name, ast.Constant) or not isinstance(name.value, str):
            continue
        called = node.func
        if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "env":
            found |= {name.value} if called.attr in READERS else set()
        elif isinstance(called, ast.Name) and called.id == "env":
            found.add(name.value)
    return found


def names_explained() -> dict[str, str]:
    """Return each name in the example with the line above it."""
    lines = EXAMPLE.read_text().splitlines()
    found = {}
    for above, line in pairwise(lines):
        if match := re.match(r"#?([A-Z][A-Z0-9_]*)=", line):
            found[match[1]] = above
    return found


def test_every_variable_is_explained_and_none_is_left_over() -> None:
    assert names_read() == set(names_explained())


def test_each_has_a_line_of_meaning() -> None:
    names = names_explained()
    assert {"SECRET_KEY", "DATABASE_URL", "S3_BUCKET"} <= set(names)
    for name, above in names.items():
        group = name.startswith("S3_")  # explained together, above the first
        assert above.startswith("# ") or (group and above.startswith("#S3_")), name


def test_it_holds_no_secret() -> None:
    for line in EXAMPLE.read_text().splitlines():
        if match := re.match(r"#?(SECRET_KEY|S3_SECRET_KEY|S3_ACCESS_KEY|SENTRY_DSN)=(.*)", line):
            assert match[2] == "", line
