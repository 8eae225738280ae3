"""load_demo: two organizations with a believable past, loaded once, never in production."""

from __future__ import annotations

import datetime
import io
import re

import pytest
import time_machine
from django.contrib.auth.password_validation import validate_password
from django.core.management import CommandError, call_command
from django.db.models import F
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.models import AuditEvent
from apps.cleaning_logs.models import CleaningLog
from apps.compliance import queries
from apps.compliance.models import Completion, Requirement
from apps.equipment.models import Equipment, Label
from apps.facilities.models import Facility
from apps.operations import demo
from apps.tenants.models import Membership, Organization
from apps.tenants.scope import platform, system

pytestmark = pytest.mark.django_db


def run() -> str:
    out = io.StringIO()
    call_command("load_demo", stdout=out)
    return out.getvalue()


def reasons(slug: str) -> tuple[dict[str, int], set[str]]:
    """Return how many duties have each colour, and the reasons of the red ones."""
    with platform("test"):
        organization = Organization.objects.get(slug=slug)
    colours: dict[str, int] = {"red": 0, "amber": 0, "green": 0}
    red: set[str] = set()
    with system(organization):
        for requirement in Requirement.objects.select_related("facility", "area", "equipment"):
            row = queries.row_of(requirement)
            if row is not None:
                colours[row.colour] += 1
                red |= {str(row.status.reason)} if row.colour == "red" else set()
    return colours, red


@pytest.mark.slow
def test_it_works() -> None:
    first = run()
    assert "Loaded the demo in" in first

    _it_shows_a_believable_mixture()
    _its_past_is_in_the_past()
    _its_people_can_sign_in(first)
    _its_labels_are_of_every_kind(first)
    call_command("audit_tenancy", stdout=io.StringIO(), stderr=io.StringIO())

    with platform("test"):
        before = {model: model.objects.count() for model in (Organization, CleaningLog, Label, AuditEvent)}
    second = run()
    assert "The demo is already loaded." in second
    assert second.split("\n", 1)[1] == first.split("\n", 2)[2]
    with platform("test"):
        assert {model: model.objects.count() for model in before} == before


def _it_shows_a_believable_mixture() -> None:
    for slug, least in (("northgate", 50), ("southbank", 15)):
        colours, red = reasons(slug)
        assert sum(colours.values()) >= least
        assert red >= {"overdue", "missed", "missing", "failed"}, slug
        assert colours["amber"] >= 2, slug
        assert colours["green"] > colours["red"] + colours["amber"], slug
    with platform("test"):
        assert Facility.objects.filter(organization__slug="northgate").count() == 3
        assert Facility.objects.filter(organization__slug="southbank").count() == 6
        northgate = Equipment.objects.filter(organization__slug="northgate")
        assert northgate.count() >= 40
        assert northgate.values("type").distinct().count() >= 8
        assert not Requirement.objects.filter(organization__slug="northgate", name="").exists()


def _its_past_is_in_the_past() -> None:
    now = timezone.now()
    with platform("test"):
        logs = CleaningLog.objects.all()
        assert logs.count() > 1000
        assert not logs.filter(recorded_at__gt=now).exists()
        assert not logs.filter(performed_at__gt=F("recorded_at")).exists()
        assert logs.filter(performed_at__lt=now - datetime.timedelta(days=55)).exists()
        assert not logs.filter(completion=None).exists()
        assert {via for (via,) in logs.values_list("via").distinct()} == {"signed_in", "name", "pin"}
        assert not Completion.objects.filter(performed_at__gt=F("recorded_at")).exists()
        # Each fact and each log has its line in the trail.
        assert AuditEvent.objects.filter(action="log.create").count() == logs.count()
        assert AuditEvent.objects.filter(action="requirement.completion").count() == Completion.objects.count()


def _its_people_can_sign_in(printed: str) -> None:
    validate_password(demo.PASSWORD)
    for login in demo.logins():
        assert login.email in printed
        user = User.objects.get(email=login.email)
        assert user.check_password(demo.PASSWORD)
        assert user.is_platform_staff is (login.role == "platform staff")
    with platform("test"):
        roles = sorted(Membership.objects.filter(organization__slug="northgate").values_list("role", "all_facilities"))
    assert roles == [
        ("admin", True),
        ("auditor", True),
        ("manager", True),
        ("technician", False),
        ("technician", True),
    ]
    client = Client(HTTP_HOST="northgate.localhost")
    client.force_login(User.objects.get(email="manager@northgate.example"), "django.contrib.auth.backends.ModelBackend")
    assert client.get("/").status_code == 200
    client.force_login(User.objects.get(email="admin@southbank.example"), "django.contrib.auth.backends.ModelBackend")
    assert client.get("/").status_code == 404


def _its_labels_are_of_every_kind(printed: str) -> None:
    found = re.search(r"/q/(\w+)", printed)
    assert found is not None
    response = Client(HTTP_HOST="localhost").get(f"/q/{found[1]}/", follow=True)
    assert response.status_code == 200
    assert "Bed pan washer Ward 4" in response.content.decode()
    with platform("test"):
        labels = Label.objects.filter(organization__slug="northgate")
        assert labels.filter(claimed_at=None).count() == 1
        assert labels.exclude(revoked_at=None).count() == 1
        assert labels.exclude(area=None).exists()
        assert labels.exclude(equipment=None).exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(datetime.datetime(2026, 3, 29, 0, 30, tzinfo=datetime.UTC), id="the night the clocks go forward"),
        pytest.param(datetime.datetime(2028, 2, 29, 23, 50, tzinfo=datetime.UTC), id="the end of a leap day"),
    ],
)
def test_it_looks_alike_at_any_moment(moment: datetime.datetime) -> None:
    with time_machine.travel(moment, tick=False):
        demo.load()
        for slug in demo.SLUGS:
            colours, red = reasons(slug)
            assert red >= {"overdue", "missed", "missing", "failed"}
            assert colours["green"] > colours["red"]


def test_it_refuses_in_production(settings) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="never loads in production"):
        run()
    with pytest.raises(demo.DemoRefused):
        demo.load()
    assert not User.objects.exists()


def test_it_is_all_or_nothing(monkeypatch) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("in the middle")

    monkeypatch.setattr(demo.southbank, "load", fail)
    monkeypatch.setattr(demo.northgate, "load", lambda *args: None)
    with pytest.raises(RuntimeError, match="in the middle"):
        demo.load()
    assert not User.objects.exists()
    assert not demo.is_loaded()
