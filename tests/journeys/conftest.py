"""The stage for browser journeys: Chromium, a live server with the cast, and an eye on everything that goes wrong."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, connections
from django.db.backends.base.operations import BaseDatabaseOperations
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, sync_playwright

from apps.tenants.isolation import AppendOnly
from apps.tenants.models import Membership
from tests.browser import LAUNCH_ARGUMENTS, find_chromium
from tests.cast import PASSWORD, Cast

PHONE, DESKTOP = (390, 844), (1280, 800)
# Chromium logs each answer of 400 and above as an error of the console; the journey checks those itself.
ANSWERED = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")


@pytest.fixture(scope="module", autouse=True)
def _flushable() -> Iterator[None]:
    """Let the flush after a journey empty the append-only tables, which refuse TRUNCATE to everybody.

    The refusing triggers are off only inside the flush's own transaction. At every other moment, in the journeys too,
    both they and the triggers for each row are on.
    """
    operations = type(connection.ops)
    original = operations.execute_sql_flush

    def flush(self: BaseDatabaseOperations, sql_list: Sequence[str]) -> None:
        tables = append_only_tables()
        off = [f"ALTER TABLE {table} DISABLE TRIGGER {trigger}" for table, trigger in tables]
        on = [f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}" for table, trigger in tables]
        original(self, [*off, *sql_list, *on])

    operations.execute_sql_flush = flush  # type: ignore[method-assign,assignment]
    yield
    operations.execute_sql_flush = original  # type: ignore[method-assign]


def append_only_tables() -> list[tuple[str, str]]:
    """Return each append-only table with the name of its trigger against TRUNCATE."""
    return [
        (model._meta.db_table, f"{constraint.name}_table")
        for model in apps.get_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, AppendOnly)
    ]


@pytest.fixture(scope="module")
def chromium(django_db_setup: None, django_db_blocker: Any) -> Iterator[Browser]:
    """Start Chromium; skip where there is none, which in CI is a failure.

    One for each file: while Playwright's loop runs in this thread, Django takes the tests for asynchronous code and
    gives them database connections of their own, which end here too.
    """
    path = find_chromium()
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("No Chromium. Set CHROMIUM, or run: make test")
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=LAUNCH_ARGUMENTS)
        yield browser
        browser.close()
        with django_db_blocker.unblock():
            connections.close_all()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
    else:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@dataclass
class Visitor:
    """Somebody with a browser. Every console error, page error and refused resource is kept in ``problems``."""

    page: Page
    context: BrowserContext
    port: int
    host: str = "northgate.localhost"
    problems: list[str] = field(default_factory=list)
    taps: int = 0

    def __post_init__(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))

    def _console(self, message: ConsoleMessage) -> None:
        found = ANSWERED.match(message.text)
        own_page = found and message.location.get("url", "").split("?")[0] == self.page.url.split("?")[0]
        if message.type == "error" and not own_page:
            self.problems.append(f"{self.page.url}: {message.text} ({message.location.get('url')})")

    def url(self, path: str) -> str:
        """Return the full address of a path on this visitor's host."""
        return f"http://{self.host}:{self.port}{path}"

    def goto(self, path: str) -> Response:
        """Open a path; returns the answer."""
        response = self.page.goto(self.url(path))
        assert response is not None
        return response

    def fetch(self, path: str) -> tuple[str, bytes]:
        """Return content type and body of an address, asked for by the page that is open."""
        kind, body = self.page.evaluate(
            """async path => {
                const answer = await fetch(path);
                const bytes = new Uint8Array(await answer.arrayBuffer());
                const body = btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(""));
                return [answer.headers.get("content-type") || "", body];
            }""",
            path,
        )
        return kind, base64.b64decode(body)

    def sign_in(self, who: Membership | str) -> None:
        """Fill in the login form that is shown, or the one at /login/."""
        if not self.page.locator("input[name=username]").count():
            self.goto("/login/")
        email = who if isinstance(who, str) else who.user.email
        self.page.fill("input[name=username]", email)
        self.page.fill("input[name=password]", PASSWORD)
        with self.page.expect_navigation():
            self.page.press("input[name=password]", "Enter")

    def tap(self, role: Any, name: str | re.Pattern[str], *, exact: bool = False) -> None:
        """Press a control by its role and name, as people know it, and count it."""
        self.page.get_by_role(role, name=name, exact=exact).first.click()
        self.taps += 1

    def choose(self, group: str, answer: str) -> None:
        """Choose an answer of a group of radio buttons by what stands beside it, and count it."""
        self.page.get_by_role("group", name=group).get_by_text(answer, exact=True).click()
        self.taps += 1

    def too_wide(self) -> list[str]:
        """Return what sticks out of the window, innermost first; nothing where the page fits."""
        found: list[str] = self.page.evaluate(
            """() => {
                const wide = document.documentElement.clientWidth;
                if (document.documentElement.scrollWidth <= wide) return [];
                return [...document.querySelectorAll("main *, header *, footer *")]
                    .filter(e => e.getBoundingClientRect().right > wide + 1)
                    .map(e => `${e.tagName.toLowerCase()}.${e.className} “${e.textContent.trim().slice(0, 30)}”`)
                    .reverse().slice(0, 4).concat("(page)");
            }"""
        )
        return found


@pytest.fixture
def stage(transactional_db: None, live_server: Any, cast: Cast, settings: Any) -> Cast:
    """Commit the cast for the live server, and let printed labels lead to it."""
    settings.PUBLIC_URL = live_server.url
    return cast


@pytest.fixture
def visit(chromium: Browser, stage: Cast, live_server: Any) -> Iterator[Callable[..., Visitor]]:
    """Return ``visit(size=PHONE, host=…)``: a new browser profile. At the end nobody may have seen a problem."""
    visitors: list[Visitor] = []

    def open_browser(size: tuple[int, int] = PHONE, host: str = "northgate.localhost", **options: Any) -> Visitor:
        phone = size[0] < 600
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            is_mobile=phone,
            has_touch=phone,
            reduced_motion="reduce",
            locale="en-GB",
            **options,
        )
        context.set_default_timeout(20_000)
        visitor = Visitor(context.new_page(), context, live_server.thread.port, host)
        visitors.append(visitor)
        return visitor

    yield open_browser
    for visitor in visitors:
        visitor.context.close()
    assert [problem for visitor in visitors for problem in visitor.problems] == []
