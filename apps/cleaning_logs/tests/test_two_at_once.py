"""Two phones at the same moment, in two real transactions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client

from apps.cleaning_logs.models import CleaningLog
from apps.cleaning_logs.tests.helpers import form, log_url, scan_url
from apps.compliance.models import Completion, Occurrence
from apps.tenants.isolation import AppendOnly
from apps.tenants.models import Membership
from apps.tenants.scope import system
from tests.cast import House, make_cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("frozen")]


@pytest.fixture(scope="module", autouse=True)
def _flushable(django_db_setup: None) -> Iterator[None]:
    """Let the flush after a test empty the append-only tables, which refuse TRUNCATE to everybody, at no other time."""
    operations = connection.ops
    original = operations.execute_sql_flush
    names = [
        (model._meta.db_table, f"{constraint.name}_table")
        for model in apps.get_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, AppendOnly)
    ]

    def flush(sql_list: Iterable[str]) -> None:
        off = [f"ALTER TABLE {table} DISABLE TRIGGER {trigger}" for table, trigger in names]
        on = [f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}" for table, trigger in names]
        original([*off, *sql_list, *on])

    operations.execute_sql_flush = flush  # type: ignore[method-assign]
    yield
    operations.execute_sql_flush = original  # type: ignore[method-assign]


@pytest.fixture
def house(transactional_db: None) -> House:
    """Return Northgate, committed."""
    return make_cast().northgate


def at_once(*sends: Callable[[], Any]) -> list[Any]:
    """Run the requests from threads that start together; each has a connection of its own."""
    barrier = threading.Barrier(len(sends))
    answers: list[Any] = [None] * len(sends)

    def run(number: int, send: Callable[[], Any]) -> None:
        try:
            barrier.wait(timeout=10)
            answers[number] = send()
        except BaseException as error:  # noqa: BLE001 - shown by the asserting thread
            answers[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n, send)) for n, send in enumerate(sends)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return answers


def signed_in(house: House, who: Membership) -> Client:
    """Return a phone."""
    client = Client(HTTP_HOST=house.host)
    client.force_login(who.user, "django.contrib.auth.backends.ModelBackend")
    return client


def facts(house: House) -> tuple[int, int, int]:
    """Return how many logs and completions there are beside the cast's, and completed occurrences in all."""
    with system(house.organization):
        return (
            CleaningLog.objects.exclude(pk=house.log.pk).count(),
            Completion.objects.exclude(pk=house.completion.pk).count(),
            Occurrence.objects.filter(completed_at__isnull=False, completion__isnull=False)
            .exclude(completion=house.completion)
            .count(),
        )


def test_of_two_technicians_the_second_is_asked(house: House) -> None:
    """One log, one question, whoever was first."""
    phones = [signed_in(house, house.technician), signed_in(house, house.manager)]
    answers = at_once(*[lambda phone=phone: phone.post(log_url(house), form()) for phone in phones])
    assert sorted(answer.status_code for answer in answers) == [200, 302]
    question = next(a for a in answers if a.status_code == 200)
    assert "Log it again?" in question.content.decode()
    assert facts(house)[:2] == (1, 1)


def test_two_technicians_who_both_mean_it_are_both_kept(house: House) -> None:
    """Two logs, two facts; the live occurrence is completed by one of them, at most one new one is open."""
    phones = [signed_in(house, house.technician), signed_in(house, house.manager)]
    answers = at_once(*[lambda phone=phone: phone.post(log_url(house), form(log_again="1")) for phone in phones])
    assert [answer.status_code for answer in answers] == [302, 302]
    assert facts(house)[:2] == (2, 2)
    with system(house.organization):
        due = Occurrence.objects.filter(requirement=house.requirement, due_at=house.occurrence.due_at)
        assert [occurrence.completion_id is not None for occurrence in due] == [True]
        live = Occurrence.objects.filter(requirement=house.requirement, closes_at__gt=house.occurrence.opens_at)
        assert sum(1 for o in live if o.closes_at.year == 9999) == 1


def test_one_form_sent_twice_at_once_is_stored_once(house: House) -> None:
    """A nervous thumb: both answers lead to the same confirmation."""
    phone = [signed_in(house, house.technician) for _ in range(4)]
    sent = form()
    answers = at_once(*[lambda client=client: client.post(log_url(house), sent) for client in phone])
    assert {answer.status_code for answer in answers} == {302}
    assert len({answer["Location"] for answer in answers}) == 1
    assert facts(house)[:2] == (1, 1)


def test_a_free_form_sent_twice_at_once_is_stored_once(house: House) -> None:
    """Also without a requirement's lock."""
    phone = [signed_in(house, house.technician) for _ in range(4)]
    sent = form(task="Wiped", log_again="1")
    answers = at_once(*[lambda client=client: client.post(f"{scan_url(house)}/log/", sent) for client in phone])
    assert {answer.status_code for answer in answers} == {302}
    assert facts(house)[:2] == (1, 0)


def test_two_corrections_at_once(house: House) -> None:
    """One replaces the log, the other is told; what was completed is taken back once."""
    phones = [signed_in(house, house.technician), signed_in(house, house.manager)]
    url = f"/logs/{house.log.pk}/supersede/"
    sent = {"reason": "Wrong reading", "performed_at": "2026-06-01T09:00"}
    answers = at_once(*[lambda phone=phone: phone.post(url, form(**sent)) for phone in phones])
    assert sorted(answer.status_code for answer in answers) == [200, 302]
    refused = next(a for a in answers if a.status_code == 200)
    assert "replaced already" in refused.content.decode()
    assert facts(house)[:2] == (1, 1)
