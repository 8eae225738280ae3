"""Photos of logs: for those who may see the log, never from a public address."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.cleaning_logs.models import LogPhoto
from apps.cleaning_logs.tests.helpers import form, log_url, photo
from apps.tenants.scope import system
from tests.cast import Cast

pytestmark = pytest.mark.usefixtures("frozen")


def test_who_may_see_it(tess: Client, rosa: Client, anonymous: Client, cast: Cast, as_user: Any) -> None:
    """Members of the site, with headers that keep it a picture and private; others 404 or the login."""
    northgate = cast.northgate
    tess.post(log_url(northgate), form(photos=[photo()]))
    with system(northgate.organization):
        picture = LogPhoto.objects.get()
    url = f"/logs/photos/{picture.pk}/"
    for client in (tess, as_user(northgate.auditor)):
        response: Any = client.get(url)
        assert response.status_code == 200
        assert response["Content-Type"] == "image/jpeg"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Cache-Control"].startswith("private")
        assert "sandbox" in response["Content-Security-Policy"]
        assert b"".join(response.streaming_content)[:2] == b"\xff\xd8"
    assert rosa.get(url).status_code == 404
    assert as_user(cast.southbank.admin).get(url).status_code == 404
    assert anonymous.get(url).status_code == 302
    assert tess.get(f"/logs/photos/{10**9}/").status_code == 404
    assert anonymous.get(f"/media/{picture.image.name}").status_code == 404


def test_a_picture_that_is_gone_is_404(tess: Client, cast: Cast) -> None:
    """The row without its file is no server error."""
    tess.post(log_url(cast.northgate), form(photos=[photo()]))
    with system(cast.northgate.organization):
        picture = LogPhoto.objects.get()
        picture.image.storage.delete(str(picture.image.name))
    assert tess.get(f"/logs/photos/{picture.pk}/").status_code == 404
