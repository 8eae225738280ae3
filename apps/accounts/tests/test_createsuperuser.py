"""``manage.py createsuperuser`` makes platform staff, and refuses a weak password."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from apps.accounts.models import User
from tests.cast import PASSWORD

ARGUMENTS = {"email": "Stella@CleanTrack.test", "name": "Stella", "interactive": False, "verbosity": 0}


@pytest.mark.django_db
def test_it_makes_platform_staff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Email, name, password."""
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", **ARGUMENTS)
    user = User.objects.get()
    assert (user.email, user.name, user.is_platform_staff) == ("stella@cleantrack.test", "Stella", True)
    assert user.check_password(PASSWORD)


@pytest.mark.django_db
@pytest.mark.parametrize("password", ["short", "123456789012345", "password1234", "stella@cleantrack"])
def test_a_weak_password_is_refused(monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    """Nobody is made."""
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", password)
    with pytest.raises(CommandError):
        call_command("createsuperuser", **ARGUMENTS)
    assert not User.objects.exists()
