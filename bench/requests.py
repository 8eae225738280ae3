"""How much a page costs above its own SQL, and how that grows: scan post, dashboard, equipment list.

    .venv/bin/python -m bench.requests

Each page is requested in process; then a bare Django view repeats exactly the SQL that the page sent (the floor).
Printed are medians in ms and ratios, page to floor and 100,000 requirements to 1,000, all from one run. Writes are
rolled back. The database ``bench_cleantrack`` beside the configured one is made on first use and kept.
"""

from __future__ import annotations

import os
import re
import statistics
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cleantrack.settings")
os.environ["CLEANTRACK_ENV"] = "test"

ROUNDS = 15


def main() -> None:
    """Seed if need be, measure, print."""
    import django
    from django.conf import settings

    settings.DATABASES["default"]["TEST"]["NAME"] = "bench_cleantrack"
    django.setup()
    from django.db import connection

    connection.creation.create_test_db(verbosity=0, autoclobber=True, keepdb=True, serialize=False)
    from bench.seed import LARGE, SMALL, seed

    started = time.perf_counter()
    seed()
    print(f"data ready after {time.perf_counter() - started:.0f} s", file=sys.stderr)
    print(f"{'page':<22}{'size':>8}{'page ms':>10}{'floor ms':>10}{'ratio':>8}{'queries':>9}")
    for name, call in (("scan post", scan_post), ("dashboard", dashboard), ("equipment list", equipment_list)):
        costs = {}
        for size in (SMALL, LARGE):
            page, floor, queries = measure(call(size.host))
            costs[size.slug] = page
            print(f"{name:<22}{size.requirements:>8}{page:>10.1f}{floor:>10.1f}{page / floor:>8.2f}{queries:>9}")
        print(f"{name:<22}{'growth':>8}{costs[LARGE.slug] / costs[SMALL.slug]:>10.2f}")


def client_for(host: str, role: str) -> Any:
    """Return a client signed in as the organization's member of this role."""
    from django.test import Client

    from apps.accounts.models import User

    client = Client(HTTP_HOST=host, raise_request_exception=True)
    user = User.objects.get(email=f"{role}@{host.removesuffix('.localhost')}.test")
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def dashboard(host: str) -> Callable[[], Any]:
    """Return a request for the dashboard."""
    client = client_for(host, "manager")
    return lambda: client.get("/")


def equipment_list(host: str) -> Callable[[], Any]:
    """Return a request for the first page of the equipment list."""
    client = client_for(host, "manager")
    return lambda: client.get("/equipment/")


def scan_post(host: str) -> Callable[[], Any]:
    """Return the post of a log from the label of a machine."""
    from apps.compliance.models import Requirement
    from apps.equipment.models import Label
    from apps.tenants.scope import platform

    client = client_for(host, "technician")
    with platform("benchmark"):
        label = Label.objects.filter(organization__slug=host.removesuffix(".localhost")).order_by("-id").first()
        assert label is not None
        requirement = Requirement.objects.get(equipment_id=label.equipment_id)
    url = f"/q/{label.code}/log/{requirement.pk}/"
    form = client.get(url).content.decode()
    fields = dict(re.findall(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form))

    def post() -> Any:
        return client.post(url, {**fields, "uuid": str(uuid.uuid4()), "step_rinse": "yes", "rinse": "yes"})

    return post


def measure(call: Callable[[], Any]) -> tuple[float, float, int]:
    """Return median milliseconds of the page and of its floor, and how many statements it sends."""
    from django.db import connection, transaction
    from django.http import HttpResponse
    from django.test import RequestFactory

    statements: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            statements.append((sql, params))
        return execute(sql, params, many, context)

    def rolled_back(work: Callable[[], Any]) -> float:
        with transaction.atomic():
            started = time.perf_counter()
            answer = work()
            elapsed = time.perf_counter() - started
            transaction.set_rollback(True)
        assert answer.status_code in (200, 302), (answer.status_code, answer.content[:2000])
        return elapsed * 1000

    def bare(request: Any) -> HttpResponse:
        with transaction.atomic(), connection.cursor() as cursor:
            for sql, params in statements:
                cursor.execute(sql, params)
                if cursor.description:
                    cursor.fetchall()
        return HttpResponse("ok")

    rolled_back(call)
    with connection.execute_wrapper(note):
        rolled_back(call)
    pages, floors = [], []
    for _round in range(ROUNDS):
        pages.append(rolled_back(call))
        floors.append(rolled_back(lambda: bare(RequestFactory().get("/"))))
    return statistics.median(pages), statistics.median(floors), len(statements)


if __name__ == "__main__":
    main()
