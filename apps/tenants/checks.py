"""Static checks: a model that forgets isolation stops the process. The live database is checked by ``audit_tenancy``."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core import checks
from django.db import models

from apps.tenants.base import TenantForeignKey, TenantManager, TenantModel


def isolated_models() -> list[type[models.Model]]:
    """Return every model whose rows belong to an organization, the organization itself included."""
    from apps.tenants.models import Organization

    return [m for m in apps.get_models() if issubclass(m, TenantModel)] + [Organization]


def check_models(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Check every model: tenant or declared global, scoped manager, composite keys, uniqueness per organization."""
    from apps.tenants.models import GLOBAL_TABLES, Organization

    found: list[checks.CheckMessage] = []

    def error(number: int, text: str, obj: Any) -> None:
        found.append(checks.Error(text, obj=obj, id=f"tenants.E{number:03}"))

    for model in apps.get_models(include_auto_created=True):
        is_tenant = issubclass(model, TenantModel)
        if not is_tenant and model is not Organization and model._meta.label != "accounts.User":
            if model._meta.db_table not in GLOBAL_TABLES:
                error(1, "Neither a tenant model nor listed in GLOBAL_TABLES.", model)
            continue
        if not is_tenant:
            continue
        if not isinstance(model._default_manager, TenantManager) or not isinstance(model._base_manager, TenantManager):
            error(3, "The default and base manager must be a TenantManager.", model)
        for field in model._meta.local_fields:
            target = field.related_model if isinstance(field, models.ForeignKey) else None
            if (
                isinstance(target, type)
                and issubclass(target, TenantModel)
                and not isinstance(field, TenantForeignKey)
            ):
                error(4, f"{field.name}: a foreign key to a tenant model must be a TenantForeignKey.", model)
            if field.unique and not field.primary_key and model._meta.label not in GLOBALLY_UNIQUE:
                error(5, f"{field.name}: unique across organizations tells one about another; add the organization.", model)
        for many in model._meta.local_many_to_many:
            if many.remote_field.through._meta.auto_created:
                error(2, f"{many.name}: needs an explicit through model that is a tenant model.", model)
    return found


# Unique over all organizations on purpose: a host name, and the unguessable code printed on a label.
GLOBALLY_UNIQUE = {"tenants.Domain", "equipment.Label"}


def register_all() -> None:
    """Register the static checks with Django."""
    checks.register(check_models, checks.Tags.models)
