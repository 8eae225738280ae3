"""Static checks: a model that forgets isolation stops the process. ``audit_tenancy`` checks the live database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core import checks
from django.db import models

from apps.tenants.base import TenantForeignKey, TenantManager, TenantModel
from apps.tenants.isolation import RowSecurity, SameOrganization

# Unique over all organizations on purpose: a host name, and the unguessable code printed on a label.
GLOBALLY_UNIQUE = {"tenants.Domain.host", "equipment.Label.code"}


def isolated_models() -> list[type[models.Model]]:
    """Return every model whose rows belong to an organization, the organization itself included."""
    from apps.tenants.models import Organization

    return [m for m in apps.get_models() if issubclass(m, TenantModel)] + [Organization]


def check_models(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Check every model of the project."""
    found: list[checks.CheckMessage] = []
    for model in apps.get_models(include_auto_created=True):
        found += check_model(model)
    return found


def check_model(model: type[models.Model]) -> list[checks.CheckMessage]:
    """Check one model: tenant or declared global, scoped manager, composite keys, uniqueness per organization."""
    from apps.tenants.models import GLOBAL_TABLES, Organization

    if issubclass(model, TenantModel):
        return [
            checks.Error(text, obj=model, id=f"tenants.E{number:03}")
            for part in (_managers, _foreign_keys, _many_to_many, _uniqueness, _facility, _constraints)
            for number, text in part(model)
        ]
    if model is Organization or model._meta.label == "accounts.User" or model._meta.db_table in GLOBAL_TABLES:
        return []
    return [checks.Error("Neither a tenant model nor listed in GLOBAL_TABLES.", obj=model, id="tenants.E001")]


Found = Iterator[tuple[int, str]]


def _is_tenant(target: Any) -> bool:
    return isinstance(target, type) and issubclass(target, TenantModel)


def _many_to_many(model: type[models.Model]) -> Found:
    for many in model._meta.local_many_to_many:
        through = many.remote_field.through
        if not isinstance(through, type) or through._meta.auto_created or not _is_tenant(through):
            yield 2, f"{many.name}: needs an explicit through model that is a tenant model."


def _managers(model: type[models.Model]) -> Found:
    if not isinstance(model._default_manager, TenantManager) or not isinstance(model._base_manager, TenantManager):
        yield 3, "The default and base manager must be a TenantManager."


def _foreign_keys(model: type[models.Model]) -> Found:
    for field in model._meta.local_fields:
        if not isinstance(field, models.ForeignKey) or not _is_tenant(field.related_model):
            continue
        if not isinstance(field, TenantForeignKey):
            yield 4, f"{field.name}: a foreign key to a tenant model must be a TenantForeignKey."
        if isinstance(field, models.OneToOneField):
            yield 4, f"{field.name}: one-to-one with a tenant model would be unique without the organization."


def _uniqueness(model: type[models.Model]) -> Found:
    words = "unique across organizations tells one about another; add the organization."
    for field in model._meta.local_fields:
        if field.unique and not field.primary_key and f"{model._meta.label}.{field.name}" not in GLOBALLY_UNIQUE:
            yield 5, f"{field.name}: {words}"
    groups = [tuple(group) for group in model._meta.unique_together]
    groups += [tuple(c.fields) for c in model._meta.constraints if isinstance(c, models.UniqueConstraint)]
    for group in groups:
        if "organization" not in group:
            yield 5, f"{', '.join(group) or 'unique expressions'}: {words}"


def _facility(model: type[models.Model]) -> Found:
    names = {field.name for field in model._meta.local_fields}
    path = getattr(model, "facility_path", "")
    if "facility" in names and not path:
        yield 6, "Has a facility but no facility_path: members restricted to facilities would see all rows."
    for field in model._meta.local_fields:
        if isinstance(field, TenantForeignKey) and field.within_facility and "facility" not in names:
            yield 7, f"{field.name}: within_facility needs a facility field on this model."


def _constraints(model: type[models.Model]) -> Found:
    declared = model._meta.constraints
    if not any(isinstance(constraint, RowSecurity) for constraint in declared):
        yield 8, "No RowSecurity: a Meta without the base's constraints, or a model made around TenantModelBase."
    guarded = {constraint.field for constraint in declared if isinstance(constraint, SameOrganization)}
    for field in model._meta.local_fields:
        if isinstance(field, TenantForeignKey) and field.name not in guarded:
            yield 9, f"{field.name}: no composite key; fields of an abstract base must be repeated on the model."


def register_all() -> None:
    """Register the static checks with Django."""
    checks.register(check_models, checks.Tags.models)
