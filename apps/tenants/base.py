"""The base that every tenant model derives from: organization field, scoped manager, composite foreign keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import models
from django.db.models import F, Q
from django.db.models.base import ModelBase
from django.db.models.lookups import Lookup

from apps.tenants.isolation import RowSecurity, SameOrganization
from apps.tenants.scope import NoScope, WrongTenant, require, require_organization_id

Row_co = TypeVar("Row_co", bound=models.Model, covariant=True)


class _ScopeLookup(Lookup):
    """A condition whose value is the active scope, looked up when the query compiles.

    Late evaluation keeps querysets made at import time, in form fields or in admin options safe.
    """

    prepare_rhs = False

    def __init__(self, lhs: Any) -> None:
        super().__init__(lhs, 0)

    def get_source_expressions(self) -> list[Any]:
        return [self.lhs]

    def set_source_expressions(self, new_exprs: Sequence[Any]) -> None:
        (self.lhs,) = new_exprs


class InOrganization(_ScopeLookup):
    """Rows of the scope's organization; every row in platform scope; NoScope otherwise."""

    lookup_name = "in_organization"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        scope = require()
        if scope.kind == "platform":
            raise FullResultSet
        if scope.kind != "tenant":
            raise NoScope("Tenant data is not readable in an identity scope.")
        lhs, params = self.process_lhs(compiler, connection)
        return f"{lhs} = %s", (*params, require_organization_id())


class InFacilities(_ScopeLookup):
    """Rows of the facilities that the scope covers (InOrganization stands beside it)."""

    lookup_name = "in_facilities"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        scope = require()
        if scope.all_facilities:
            raise FullResultSet
        if not scope.facility_ids:
            raise EmptyResultSet
        lhs, params = self.process_lhs(compiler, connection)
        ids = sorted(scope.facility_ids)
        return f"{lhs} IN ({', '.join(['%s'] * len(ids))})", (*params, *ids)


class TenantQuerySet(models.QuerySet[Row_co]):
    """The queryset of tenant models; room for chained filters of a room's own."""


_FromTenantQuerySet = models.Manager.from_queryset(TenantQuerySet)


class TenantManager(_FromTenantQuerySet[Row_co]):
    """Filters by the active scope, organization and facilities; raises NoScope when there is none."""

    def get_queryset(self) -> models.QuerySet[Row_co]:
        """Return the rows that the scope active at execution may see."""
        queryset = super().get_queryset()
        model: Any = self.model  # Organization names its paths too, and is no TenantModel.
        queryset.query.add_q(Q(InOrganization(F(model.organization_path))))
        if model.facility_path:
            queryset.query.add_q(Q(InFacilities(F(model.facility_path))))
        return queryset


class IdentityManager(models.Manager[Row_co]):
    """Reads in an identity scope, where PostgreSQL's identity policy alone decides; any other scope is refused."""

    def get_queryset(self) -> models.QuerySet[Row_co]:
        """Return what the identity policy shows."""
        if require().kind != "identity":
            raise NoScope("This manager works in an identity scope only.")
        return super().get_queryset()


class OrganizationField(models.ForeignKey):
    """The owning organization: filled in from the scope on every save and bulk_create, never taken on trust."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.update(to="tenants.Organization", on_delete=models.PROTECT, editable=False)
        # Every index of a tenant table leads with the organization already.
        kwargs.setdefault("db_index", False)
        kwargs.setdefault("related_name", "+")
        super().__init__(**kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for key in ("to", "on_delete", "editable"):
            kwargs.pop(key, None)
        return name, path, args, kwargs

    def pre_save(self, model_instance: models.Model, add: bool) -> int:
        """Return the organization id; raise NoScope without a scope and WrongTenant for another organization."""
        scope, value = require(), getattr(model_instance, self.attname)
        if scope.kind == "platform":
            if value is None:
                raise NoScope("In platform scope a new row must name its organization.")
            return int(value)
        wanted = require_organization_id()
        if value is None:
            setattr(model_instance, self.attname, wanted)
        elif value != wanted:
            raise WrongTenant(f"{model_instance._meta.label} of organization {value} saved in that of {wanted}.")
        return wanted


class TenantForeignKey(models.ForeignKey):
    """A foreign key to a tenant model, enforced by a composite key with the organization in it.

    ``within_facility=True`` puts the facility in too: both rows then always belong to the same facility.
    """

    def __init__(
        self, to: Any, on_delete: Any = models.PROTECT, *, within_facility: bool = False, **kwargs: Any
    ) -> None:
        self.within_facility = within_facility
        kwargs["db_constraint"] = False
        kwargs.setdefault("db_index", False)
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_constraint", None)
        if self.within_facility:
            kwargs["within_facility"] = True
        return name, path, args, kwargs


def _meta_attributes(meta: type | None) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for klass in reversed(meta.__mro__ if meta else ()):
        attributes.update({k: v for k, v in vars(klass).items() if not k.startswith("__")})
    return attributes


class TenantModelBase(ModelBase):
    """Gives each concrete tenant model its managers, row security and composite foreign keys."""

    def __new__(mcs, name: str, bases: tuple[type, ...], attrs: dict[str, Any], **kwargs: Any) -> Any:
        meta = _meta_attributes(attrs.get("Meta"))
        if not meta.get("abstract"):
            table = meta.get("db_table") or f"{attrs['__module__'].split('.')[1]}_{name.lower()}"
            isolation = dict(attrs.get("isolation", {}))
            keys = ["organization_id, id"]
            if "facility" in attrs:
                keys.append("organization_id, facility_id, id")
            constraints = [
                *meta.get("constraints", []),
                RowSecurity(name=f"{table}_isolation", keys=tuple(keys), **isolation),
            ]
            for key, value in attrs.items():
                if isinstance(value, TenantForeignKey):
                    target: Any = value.remote_field.model  # a name until that model is known
                    label = target if isinstance(target, str) else target._meta.label
                    if label != "self" and "." not in label:
                        label = f"{attrs['__module__'].split('.')[1]}.{label}"
                    constraints.append(
                        SameOrganization(
                            name=f"{table}_{key}_same"[:60], field=key, to=label, within_facility=value.within_facility
                        )
                    )
            meta.update(constraints=constraints, base_manager_name="objects", default_manager_name="objects")
            attrs["Meta"] = type("Meta", (), meta)
        return super().__new__(mcs, name, bases, attrs, **kwargs)


class TenantModel(models.Model, metaclass=TenantModelBase):
    """Base of every model whose rows belong to one organization.

    ``facility_path`` names the column that holds the facility ("" = the rows belong to no facility);
    ``isolation`` holds arguments for :class:`RowSecurity` that differ from its defaults.
    """

    organization_path: ClassVar[str] = "organization_id"
    facility_path: ClassVar[str] = ""
    isolation: ClassVar[dict[str, Any]] = {}

    organization = OrganizationField()

    objects = TenantManager()

    class Meta:
        abstract = True

    def validate_constraints(self, exclude: Any = None) -> None:
        """Check unique constraints with the organization in them, although no form shows that field."""
        if self.organization_id is None:
            # The stubs take a filled column for granted; a row without one has not been saved yet.
            self.organization_id = require_organization_id()  # type: ignore[unreachable]
        super().validate_constraints(exclude=set(exclude or ()) - {"organization"})
