"""Typing a code by hand."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.cast import House


def test_anybody_may_type_a_code(anonymous: Client, tess: Client, northgate: House) -> None:
    """In any writing; the page itself shows nothing of an organization's things."""
    for client in (anonymous, tess):
        assert "Code under the label" in client.get("/q/").content.decode()
        code = northgate.label.code
        response = client.get("/q/", {"code": f" {code[:5].lower()}-{code[5:].lower()} "})
        assert response.status_code == 302
        assert response["Location"] == f"/q/{code}"


@pytest.mark.parametrize("typed", ["", "123", "x" * 201, "KMZ4RP7QK!"])
def test_what_is_no_code_is_said_at_the_field(tess: Client, typed: str) -> None:
    """And kept."""
    html = tess.get("/q/", {"code": typed}).content.decode()
    assert "There is a problem" in html
    assert 'href="#id_code"' in html
    assert f'value="{typed}"' in html or not typed


def test_only_reading(tess: Client) -> None:
    """A code is looked up, not sent."""
    assert tess.post("/q/", {"code": "x"}).status_code == 405
