"""Wires the tenants room into Django: database preparation around ``migrate``, and the static checks."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


def _before(*, using: str, **kwargs: Any) -> None:
    from apps.tenants.database import prepare

    prepare(using)


def _after(*, using: str, **kwargs: Any) -> None:
    from apps.tenants.database import grant_globals

    grant_globals(using)


class TenantsConfig(AppConfig):
    """Organization, membership, scope and isolation."""

    name = "apps.tenants"
    label = "tenants"

    def ready(self) -> None:
        from apps.tenants import checks

        checks.register_all()
        pre_migrate.connect(_before, sender=self, dispatch_uid="tenants.prepare")
        post_migrate.connect(_after, sender=self, dispatch_uid="tenants.grant_globals")
