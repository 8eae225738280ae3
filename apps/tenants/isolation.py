"""Isolation in PostgreSQL, written as model constraints so that ``makemigrations`` carries it.

``RowSecurity`` enables and forces row-level security with one policy per kind of access; ``SameOrganization`` makes a
foreign key that cannot point into another organization (foreign-key checks bypass row-level security, so a policy
alone would not stop it).
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.ddl_references import Statement, Table
from django.db.models.constraints import BaseConstraint

from apps.tenants.scope import DATABASE_ROLES

TENANT_ROW = "organization_id = current_setting('app.organization_id')::bigint"


class _SqlConstraint(BaseConstraint):
    """A constraint that is SQL only: PostgreSQL checks it, Django's validation has nothing to do.

    The methods that give SQL answer Any: the stubs say str, where Django itself answers Statement or None.
    """

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        raise TypeError(f"{type(self).__name__} must say its SQL")

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Nothing to validate in Python."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash((type(self), self.name))


class RowSecurity(_SqlConstraint):
    """Row-level security of one table: a policy for each kind of access, and one that raises outside a scope.

    ``tenant`` and ``identity`` are SQL conditions ("" = no access); ``force=False`` leaves the owning login free
    outside a scope, for the one global table that login itself must read (users).
    """

    def __init__(
        self,
        *,
        name: str,
        tenant: str = TENANT_ROW,
        tenant_check: str = "",
        grants: str = "SELECT, INSERT, UPDATE, DELETE",
        platform_grants: str = "",
        identity: str = "",
        force: bool = True,
        keys: tuple[str, ...] = ("organization_id, id",),
    ) -> None:
        super().__init__(name=name)
        self.tenant, self.tenant_check, self.grants = tenant, tenant_check, grants
        self.platform_grants = platform_grants
        self.identity, self.force, self.keys = identity, force, tuple(keys)

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        return (
            f"{self.__class__.__module__}.{self.__class__.__name__}",
            (),
            {
                "name": self.name,
                "tenant": self.tenant,
                "tenant_check": self.tenant_check,
                "grants": self.grants,
                "platform_grants": self.platform_grants,
                "identity": self.identity,
                "force": self.force,
                "keys": self.keys,
            },
        )

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        # Before any deferred foreign key: a composite one needs the unique index made here.
        schema_editor.deferred_sql.insert(0, self.create_sql(model, schema_editor))

    def policy_sql(self) -> list[str]:
        """Return the statements that create the policies; ``%(t)s`` stands for the table."""
        tenant, platform, identity = (DATABASE_ROLES[kind] for kind in ("tenant", "platform", "identity"))
        check = self.tenant_check or self.tenant
        sql = []
        if self.force:
            sql.append("CREATE POLICY no_scope ON %(t)s TO CURRENT_USER USING (tenancy_no_scope())")
        if self.tenant:
            sql.append(f"CREATE POLICY tenant_rows ON %(t)s TO {tenant} USING ({self.tenant}) WITH CHECK ({check})")
        sql.append(f"CREATE POLICY platform_rows ON %(t)s TO {platform} USING (true)")
        if self.identity:
            sql.append(f"CREATE POLICY identity_rows ON %(t)s FOR SELECT TO {identity} USING ({self.identity})")
        return sql

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        tenant, platform, identity = (DATABASE_ROLES[kind] for kind in ("tenant", "platform", "identity"))
        sql = ["ALTER TABLE %(t)s ENABLE ROW LEVEL SECURITY"]
        if self.force:
            sql.append("ALTER TABLE %(t)s FORCE ROW LEVEL SECURITY")
        sql += self.policy_sql()
        if self.tenant:
            sql.append(f"GRANT {self.grants} ON %(t)s TO {tenant}")
        sql.append(f"GRANT {self.platform_grants or self.grants} ON %(t)s TO {platform}")
        if self.identity:
            sql.append(f"GRANT SELECT ON %(t)s TO {identity}")
        for number, columns in enumerate(self.keys):
            sql.append(f"CREATE UNIQUE INDEX {self._index(model, number)} ON %(t)s ({columns})")
        return Statement("; ".join(sql), t=Table(model._meta.db_table, schema_editor.quote_name))

    def _index(self, model: type[models.Model], number: int) -> str:
        return f"{model._meta.db_table[:50]}_key{number}"

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        sql = [
            f"DROP POLICY IF EXISTS {policy} ON %(t)s"
            for policy in ("no_scope", "tenant_rows", "platform_rows", "identity_rows")
        ]
        sql += [f"REVOKE ALL ON %(t)s FROM {role}" for role in DATABASE_ROLES.values()]
        sql += ["ALTER TABLE %(t)s NO FORCE ROW LEVEL SECURITY", "ALTER TABLE %(t)s DISABLE ROW LEVEL SECURITY"]
        sql += [f"DROP INDEX IF EXISTS {self._index(model, number)}" for number in range(len(self.keys))]
        return Statement("; ".join(sql), t=Table(model._meta.db_table, schema_editor.quote_name))


class SameOrganization(_SqlConstraint):
    """A composite foreign key: ``(organization_id[, facility_id], <field>_id)`` must exist together in the target.

    With ``within_facility`` the facility of the referring row always equals that of the target, and follows it when
    the target moves (ON UPDATE CASCADE).
    """

    def __init__(self, *, name: str, field: str, to: str, within_facility: bool = False) -> None:
        super().__init__(name=name)
        self.field, self.to, self.within_facility = field, to, within_facility

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        kwargs = {"name": self.name, "field": self.field, "to": self.to, "within_facility": self.within_facility}
        return f"{self.__class__.__module__}.{self.__class__.__name__}", (), kwargs

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        self.create_sql(model, schema_editor)

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        """Defer to the end of the migration: the target's unique index may be made after this key."""
        target = model if self.to == "self" else model._meta.apps.get_model(self.to)
        column = model._meta.get_field(self.field).column
        facility = "facility_id, " if self.within_facility else ""
        cascade = " ON UPDATE CASCADE" if self.within_facility else ""
        schema_editor.deferred_sql.append(
            Statement(
                f"ALTER TABLE %(t)s ADD CONSTRAINT {self.name} FOREIGN KEY (organization_id, {facility}{column}) "
                f"REFERENCES %(r)s (organization_id, {facility}id){cascade} DEFERRABLE INITIALLY DEFERRED",
                t=Table(model._meta.db_table, schema_editor.quote_name),
                r=Table(target._meta.db_table, schema_editor.quote_name),
            )
        )

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        return Statement(
            f"ALTER TABLE %(t)s DROP CONSTRAINT IF EXISTS {self.name}",
            t=Table(model._meta.db_table, schema_editor.quote_name),
        )


class AppendOnly(_SqlConstraint):
    """Triggers that refuse UPDATE, DELETE and TRUNCATE for every role the application uses, the owner included."""

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        rows, table = f"{self.name}_rows", f"{self.name}_table"
        return Statement(
            f"CREATE TRIGGER {rows} BEFORE UPDATE OR DELETE ON %(t)s "
            f"FOR EACH ROW EXECUTE FUNCTION tenancy_append_only(); "
            f"CREATE TRIGGER {table} BEFORE TRUNCATE ON %(t)s EXECUTE FUNCTION tenancy_append_only(); "
            f"ALTER TABLE %(t)s ENABLE ALWAYS TRIGGER {rows}; ALTER TABLE %(t)s ENABLE ALWAYS TRIGGER {table}",
            t=Table(model._meta.db_table, schema_editor.quote_name),
        )

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        return Statement(
            f"DROP TRIGGER IF EXISTS {self.name}_rows ON %(t)s; DROP TRIGGER IF EXISTS {self.name}_table ON %(t)s",
            t=Table(model._meta.db_table, schema_editor.quote_name),
        )
