"""What PostgreSQL really enforces, compared with what the models declare. ``audit_tenancy`` prints it.

Run on a connection outside every scope, as the login that owns the tables. Nothing here reads rows of tenants, but for
``crossing_rows``, which runs in platform scope.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, connection, models, transaction

from apps.tenants.base import TenantForeignKey, TenantModel
from apps.tenants.checks import isolated_models
from apps.tenants.database import FUNCTIONS
from apps.tenants.isolation import AppendOnly, RowSecurity, SameOrganization
from apps.tenants.models import GLOBAL_TABLES
from apps.tenants.scope import DATABASE_ROLES

# Indexes of tenant tables that do not lead with the organization: (table, first column). Each is a decision.
LEADING_EXCEPTIONS: dict[tuple[str, str], str] = {
    ("tenants_organization", "id"): "the organization itself",
    ("tenants_organization", "slug"): "short names are unique over all organizations",
    ("tenants_domain", "host"): "looked up before the organization is known",
    ("tenants_membership", "user_id"): "own memberships, looked up before the organization is known",
    ("facilities_facilityaccess", "membership_id"): "looked up before the organization is known",
    ("equipment_label", "code"): "the code on a label names no organization",
}
# Functions that may run with their owner's rights: one finds a user by exact email and answers the id alone; two are
# triggers that note, from the changed row alone, which days must be counted again.
DEFINER_FUNCTIONS = frozenset({"tenancy_ensure_user", "compliance_dirty_in_force", "compliance_dirty_occurrences"})
EXAMPLES = 5


@dataclass(frozen=True)
class Finding:
    """One thing that is not as declared. ``code`` names its kind; warnings do not fail the command."""

    code: str
    subject: str
    text: str
    is_warning: bool = False

    def __str__(self) -> str:
        return f"{'warning' if self.is_warning else 'finding'} [{self.code}] {self.subject}: {self.text}"


def _rows(sql: str, params: Any = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def secured_models() -> dict[str, tuple[type[models.Model], RowSecurity]]:
    """Return table name to model and declared row security, users included."""
    from django.contrib.auth import get_user_model

    found = {}
    for model in (*isolated_models(), get_user_model()):
        for constraint in model._meta.constraints:
            if isinstance(constraint, RowSecurity):
                found[model._meta.db_table] = (model, constraint)
    return found


def check_catalog() -> Iterator[Finding]:
    """Yield every difference between catalogue and declaration."""
    secured = secured_models()
    yield from _roles()
    yield from _functions()
    yield from _stray_relations(secured)
    existing = {name for (name,) in _rows("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")}
    for table, (model, declared) in secured.items():
        if table not in existing:
            yield Finding("missing-table", table, "the table does not exist; run migrate")
            continue
        yield from _row_security(table, declared)
        yield from _policies(table, model, declared)
        if issubclass(model, TenantModel) or table == "tenants_organization":
            yield from _indexes(table, declared)
        yield from _foreign_keys(table, model)
    yield from _triggers(secured)
    yield from _grants(secured)


# --- Logins and roles ---


def _roles() -> Iterator[Finding]:
    names = list(DATABASE_ROLES.values())
    present = {
        name: (login, superuser, bypass)
        for name, login, superuser, bypass in _rows(
            "SELECT rolname, rolcanlogin, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = ANY(%s)", [names]
        )
    }
    for name in names:
        if name not in present:
            yield Finding("missing-role", name, "the role does not exist; run migrate")
            continue
        login, superuser, bypass = present[name]
        if login or superuser or bypass:
            yield Finding("strong-role", name, "must be NOLOGIN, not superuser and without BYPASSRLS")
        for (member,) in _rows(
            "SELECT rolname FROM pg_roles WHERE rolcanlogin AND NOT rolsuper AND pg_has_role(oid, %s, 'USAGE')", [name]
        ):
            yield Finding(
                "inherits",
                member,
                f"inherits {name}, so its policies hold outside every scope; "
                "GRANT … WITH INHERIT FALSE (PostgreSQL 15: ALTER ROLE … NOINHERIT)",
            )
    for login, superuser, bypass in _rows(
        "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = session_user "
        "OR oid IN (SELECT relowner FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r') "
        "ORDER BY 1"
    ):
        if superuser or bypass:
            power = "a superuser" if superuser else "BYPASSRLS"
            yield Finding(
                "strong-login", login, f"is {power}: row-level security holds inside scopes only", is_warning=True
            )


def _functions() -> Iterator[Finding]:
    declared = dict(re.findall(r"FUNCTION (\w+)\(.*?AS \$\$(.*?)\$\$", FUNCTIONS, re.DOTALL))
    stored = _rows(
        "SELECT proname, prosrc, prosecdef FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
        "AND (proname LIKE 'tenancy\\_%%' OR prosecdef) ORDER BY 1",
        [],
    )
    for name in sorted(declared.keys() - {row[0] for row in stored}):
        yield Finding("missing-function", name, "the function does not exist; run migrate")
    for name, source, definer in stored:
        if name in declared and source != declared[name]:
            yield Finding("changed-function", name, "its body is not the one this version declares; run migrate")
        if definer and name not in DEFINER_FUNCTIONS:
            yield Finding("definer-function", name, "runs with its owner's rights and is not declared")


# --- Tables ---


def _stray_relations(secured: dict[str, Any]) -> Iterator[Finding]:
    known = {*secured, *GLOBAL_TABLES}
    for name, kind, has_organization, options in _rows(
        "SELECT c.relname, c.relkind, EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid "
        "AND a.attname = 'organization_id' AND NOT a.attisdropped), coalesce(c.reloptions, '{}') "
        "FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'f', 'v', 'm') "
        "ORDER BY 1"
    ):
        if kind == "v":
            if not {"security_invoker=true", "security_invoker=on"} & set(options):
                yield Finding("view", name, "a view without security_invoker reads with its owner's rights")
        elif kind == "m":
            yield Finding("view", name, "a materialized view knows no row-level security")
        elif name not in known and has_organization:
            yield Finding("stray-table", name, "has organization_id but no model declares its row-level security")
        elif name not in known:
            yield Finding("undeclared-table", name, "is neither a tenant model's table nor in GLOBAL_TABLES")


def _row_security(table: str, declared: RowSecurity) -> Iterator[Finding]:
    ((enabled, forced),) = _rows(
        "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", [f"public.{table}"]
    )
    if not enabled:
        yield Finding("rls-disabled", table, "row-level security is not enabled")
    if declared.force and not forced:
        yield Finding("rls-not-forced", table, "row-level security is not forced on the owner")


Policy = tuple[str, str, bool, tuple[str, ...], str | None, str | None]
POLICIES = (
    "SELECT p.polname, p.polcmd::text, p.polpermissive, "
    "ARRAY(SELECT CASE WHEN r = 0 THEN 'public' WHEN r = c.relowner THEN 'owner' ELSE r::regrole::text END "
    "FROM unnest(p.polroles) r), pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid) "
    "FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE p.polrelid = %s::regclass"
)


def _policies_of(relation: str) -> dict[str, Policy]:
    return {row[0]: (*row[:3], tuple(sorted(row[3])), *row[4:]) for row in _rows(POLICIES, [relation])}


def _policies(table: str, model: type[models.Model], declared: RowSecurity) -> Iterator[Finding]:
    stored = _policies_of(f"public.{table}")
    wanted = _declared_policies(table, declared)
    for name in sorted(wanted.keys() - stored.keys()):
        yield Finding("missing-policy", table, f"the policy {name} is missing")
    for name in sorted(stored.keys() - wanted.keys()):
        yield Finding("extra-policy", table, f"the policy {name} is not declared")
    for name in sorted(stored.keys() & wanted.keys()):
        if stored[name] != wanted[name]:
            parts = ("name", "command", "permissive", "roles", "USING", "WITH CHECK")
            wrong = [part for part, a, b in zip(parts, stored[name], wanted[name], strict=True) if a != b]
            yield Finding("wrong-policy", table, f"the policy {name} differs in {', '.join(wrong)}")


def _declared_policies(table: str, declared: RowSecurity) -> dict[str, Policy]:
    """Let PostgreSQL itself write the declared conditions the way it shows stored ones.

    A temporary table of the same name and columns gets the declared policies; all of it is rolled back.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TEMPORARY TABLE {table} (LIKE public.{table})")
            for statement in declared.policy_sql():
                cursor.execute(statement % {"t": f"pg_temp.{table}"})
        try:
            return _policies_of(f"pg_temp.{table}")
        finally:
            transaction.set_rollback(True)


def _indexes(table: str, declared: RowSecurity) -> Iterator[Finding]:
    unique: set[tuple[str, ...]] = set()
    for name, primary, is_unique, valid, partial, columns in _rows(
        "SELECT i.indexrelid::regclass::text, i.indisprimary, i.indisunique, i.indisvalid, i.indpred IS NOT NULL, "
        "ARRAY(SELECT coalesce(a.attname, '(expression)') FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(n, o) "
        "LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.n ORDER BY k.o)::text[] "
        "FROM pg_index i WHERE i.indrelid = %s::regclass ORDER BY 1",
        [f"public.{table}"],
    ):
        if not valid:
            yield Finding("invalid-index", name, "is invalid; REINDEX it")
        if is_unique and valid and not partial:
            unique.add(tuple(columns))
        if not primary and columns[0] != "organization_id" and (table, columns[0]) not in LEADING_EXCEPTIONS:
            yield Finding("index-without-organization", table, f"the index {name} leads with {columns[0]}")
    for columns_text in declared.keys:
        columns = tuple(part.strip() for part in columns_text.split(","))
        if columns not in unique:
            yield Finding("missing-key", table, f"no unique index on ({columns_text}), which composite keys need")


def _foreign_keys(table: str, model: type[models.Model]) -> Iterator[Finding]:
    stored = {
        name: (target, tuple(columns), tuple(target_columns), on_update, valid)
        for name, target, columns, target_columns, on_update, valid in _rows(
            "SELECT conname, confrelid::regclass::text, "
            "ARRAY(SELECT attname FROM unnest(conkey) WITH ORDINALITY k(n, o) "
            "JOIN pg_attribute ON attrelid = conrelid AND attnum = n ORDER BY o)::text[], "
            "ARRAY(SELECT attname FROM unnest(confkey) WITH ORDINALITY k(n, o) "
            "JOIN pg_attribute ON attrelid = confrelid AND attnum = n ORDER BY o)::text[], "
            "confupdtype::text, convalidated "
            "FROM pg_constraint WHERE contype = 'f' AND conrelid = %s::regclass",
            [f"public.{table}"],
        )
    }
    tenant_tables = {m._meta.db_table for m in isolated_models()} - {"tenants_organization"}
    declared = {c.name: c for c in model._meta.constraints if isinstance(c, SameOrganization)}
    for name, constraint in declared.items():
        found = stored.pop(name, None)
        if found is None:
            yield Finding("missing-composite-key", table, f"{name} on {constraint.field} does not exist")
            continue
        field: Any = model._meta.get_field(constraint.field)
        inner = ["facility_id"] if constraint.within_facility else []
        wanted = (
            field.related_model._meta.db_table,
            ("organization_id", *inner, field.column),
            ("organization_id", *inner, "id"),
            "c" if constraint.within_facility else "a",
        )
        if found[:4] != wanted:
            yield Finding("wrong-composite-key", table, f"{name} does not say what {constraint.field} declares")
        if not found[4]:
            yield Finding("unvalidated-key", table, f"{name} is NOT VALID: older rows were never checked")
    for name, (target, columns, *_rest) in stored.items():
        if target in tenant_tables:
            yield Finding(
                "plain-key", table, f"{name} ({', '.join(columns)}) points at {target} without the organization"
            )
    organization = [name for name, found in stored.items() if found[0] == "tenants_organization"]
    if issubclass(model, TenantModel) and not organization:
        yield Finding("missing-organization-key", table, "organization_id has no foreign key")


def _triggers(secured: dict[str, Any]) -> Iterator[Finding]:
    from django.apps import apps

    stored = {
        (table, name): enabled
        for table, name, enabled in _rows(
            "SELECT c.relname, t.tgname, t.tgenabled::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE c.relnamespace = 'public'::regnamespace"
        )
    }
    for model in apps.get_models():
        table = model._meta.db_table
        for constraint in model._meta.constraints:
            if isinstance(constraint, AppendOnly):
                for part in ("rows", "table"):
                    if stored.get((table, f"{constraint.name}_{part}")) != "A":
                        text = f"the trigger {constraint.name}_{part} is missing or not ENABLE ALWAYS"
                        yield Finding("append-only", table, text)
    disabled = sorted(
        {table for (table, _name), enabled in stored.items() if enabled in ("D", "R") and table in secured}
    )
    for table in disabled:
        yield Finding("disabled-trigger", table, "triggers are disabled, so foreign keys are not enforced")


# --- Grants ---


def _words(grants: str) -> frozenset[str]:
    return frozenset(word.strip().upper() for word in grants.split(",") if word.strip())


def _declared_grants(secured: dict[str, Any]) -> dict[tuple[str, str], frozenset[str]]:
    tenant, platform, identity = (DATABASE_ROLES[kind] for kind in ("tenant", "platform", "identity"))
    wanted: dict[tuple[str, str], frozenset[str]] = {}
    for table, (_model, declared) in secured.items():
        if declared.tenant:
            wanted[table, tenant] = _words(declared.grants)
        wanted[table, platform] = _words(declared.platform_grants or declared.grants)
        if declared.identity:
            wanted[table, identity] = _words("SELECT")
    for table, (tenant_grants, platform_grants) in GLOBAL_TABLES.items():
        wanted[table, tenant] = _words(tenant_grants)
        wanted[table, platform] = _words(platform_grants)
    return wanted


def _grants(secured: dict[str, Any]) -> Iterator[Finding]:
    wanted = _declared_grants(secured)
    stored: dict[tuple[str, str], set[str]] = {}
    for table, grantee, privilege in _rows(
        "SELECT c.relname, CASE WHEN a.grantee = 0 THEN 'public' ELSE a.grantee::regrole::text END, a.privilege_type "
        "FROM pg_class c, aclexplode(c.relacl) a WHERE c.relnamespace = 'public'::regnamespace "
        "AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND a.grantee <> c.relowner "
        "UNION SELECT c.relname, CASE WHEN a.grantee = 0 THEN 'public' ELSE a.grantee::regrole::text END, "
        "a.privilege_type || ' (' || t.attname || ')' FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, "
        "aclexplode(t.attacl) a WHERE c.relnamespace = 'public'::regnamespace AND a.grantee <> c.relowner"
    ):
        stored.setdefault((table, grantee), set()).add(privilege)
    for (table, grantee), privileges in sorted(stored.items()):
        more = privileges - wanted.get((table, grantee), frozenset())
        if more:
            yield Finding("extra-grant", table, f"{grantee} may {', '.join(sorted(more))}, which is not declared")
    existing = {name for (name,) in _rows("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")}
    for (table, grantee), declared in sorted(wanted.items()):
        fewer = declared - stored.get((table, grantee), set())
        if fewer and table in existing:
            yield Finding("missing-grant", table, f"{grantee} may not {', '.join(sorted(fewer))}, which is declared")


# --- Data ---


def crossing_rows(organization_id: int | None = None) -> Iterator[Finding]:
    """Yield one finding per foreign key with rows that point across organizations, facilities, or at nothing.

    Runs in platform scope. PostgreSQL counts; no row is held in memory but the examples.
    """
    for model in isolated_models():
        if not issubclass(model, TenantModel):
            continue
        table = model._meta.db_table
        yield from _crossing(
            table,
            "organization_id",
            "tenants_organization",
            wrong="p.id IS NULL",
            organization_id=organization_id,
            words="no such organization",
        )
        for field in model._meta.local_fields:
            if not isinstance(field, TenantForeignKey):
                continue
            wrong = "p.id IS NULL OR p.organization_id IS DISTINCT FROM t.organization_id"
            if field.within_facility:
                wrong += " OR p.facility_id IS DISTINCT FROM t.facility_id"
            yield from _crossing(
                table,
                field.column,
                field.related_model._meta.db_table,
                wrong=wrong,
                organization_id=organization_id,
                words="rows of another tenant",
            )


def _crossing(
    table: str, column: str, target: str, *, wrong: str, organization_id: int | None, words: str
) -> Iterator[Finding]:
    limit = "" if organization_id is None else f" AND t.organization_id = {int(organization_id)}"
    joined = (
        f"FROM {table} t LEFT JOIN {target} p ON p.id = t.{column} WHERE t.{column} IS NOT NULL AND ({wrong}){limit}"
    )
    try:
        with transaction.atomic():
            examples = [str(pk) for (pk,) in _rows(f"SELECT t.id {joined} ORDER BY t.id LIMIT {EXAMPLES}")]
            if not examples:
                return
            ((count,),) = _rows(f"SELECT count(*) {joined}")
    except DatabaseError as error:
        yield Finding("unreadable", table, f"{column} could not be checked: {str(error).splitlines()[0]}")
        return
    more = ", …" if count > len(examples) else ""
    yield Finding("crossing-rows", table, f"{column}: {count} pointing at {words} (id {', '.join(examples)}{more})")


def count_keys() -> int:
    """Return how many foreign keys ``crossing_rows`` follows."""
    return sum(
        1 + sum(isinstance(field, TenantForeignKey) for field in model._meta.local_fields)
        for model in isolated_models()
        if issubclass(model, TenantModel)
    )
