"""The wall board and the live dashboard: silent while nothing changes, a fragment when something does."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest
import time_machine
from django.test import Client

from apps.compliance import actions
from apps.tenants.scope import system
from tests.cast import NOW, Cast, House


def live_url(html: str) -> str:
    found = re.search(r'hx-get="([^"]+)"', html[html.index('id="live"') :])
    assert found
    return found[1].replace("&amp;", "&")


@pytest.mark.parametrize("address", ["/", "/board/"])
def test_it_follows_a_new_log(frozen: time_machine.Traveller, marek: Client, northgate: House, address: str) -> None:
    page = marek.get(address).content.decode()
    url = live_url(page)
    assert marek.get(url).status_code == 204
    with system(northgate.organization):
        actions.record_fact(northgate.requirement, performed_at=NOW, by_name="Tess")
    fragment = marek.get(url)
    assert fragment.status_code == 200
    html = fragment.content.decode()
    assert "<html" not in html
    assert "Deep clean" not in html
    assert marek.get(live_url(html)).status_code == 204


def test_time_alone_turns_it_too(frozen: time_machine.Traveller, marek: Client, northgate: House) -> None:
    url = live_url(marek.get("/board/").content.decode())
    frozen.move_to(NOW + datetime.timedelta(minutes=1))
    assert marek.get(url).status_code == 200


def test_another_organizations_changes_do_not_wake_it(frozen: object, marek: Client, cast: Cast) -> None:
    url = live_url(marek.get("/board/").content.decode())
    with system(cast.southbank.organization):
        actions.record_fact(cast.southbank.requirement, performed_at=NOW, by_name="Olga")
    assert marek.get(url).status_code == 204


def test_a_question_without_news_costs_little(
    frozen: object, marek: Client, northgate: House, django_assert_max_num_queries: Any
) -> None:
    """Session, user, identity and scope take all but one of these."""
    url = live_url(marek.get("/board/").content.decode())
    with django_assert_max_num_queries(14):
        assert marek.get(url).status_code == 204


def test_a_past_moment_is_not_live(frozen: object, marek: Client) -> None:
    assert "data-live" not in marek.get("/?at=2026-06-05").content.decode()


def test_who_may_not(anonymous: Client, oscar: Client) -> None:
    assert anonymous.get("/board/").status_code == 302
    assert oscar.get("/board/").status_code == 404
