"""What the database needs around the tables: roles, functions, grants. Made before and after every ``migrate``."""

from __future__ import annotations

from typing import Any

from django.db import connections

from apps.tenants.scope import DATABASE_ROLES

FUNCTIONS = """
CREATE OR REPLACE FUNCTION tenancy_no_scope() RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF current_setting('app.maintenance', true) = 'on' THEN RETURN true; END IF;
  RAISE EXCEPTION 'tenant data asked for without a scope' USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE OR REPLACE FUNCTION tenancy_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;

-- Late bound: the users table is created before the memberships table.
CREATE OR REPLACE FUNCTION tenancy_knows_user(wanted bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN EXISTS (SELECT FROM tenants_membership m
                 WHERE m.organization_id = current_setting('app.organization_id')::bigint AND m.user_id = wanted);
END $$;

-- The one door through which a scope may find or make a user of another organization: by exact email, id only.
CREATE OR REPLACE FUNCTION tenancy_ensure_user(wanted_email text, wanted_name text, unusable_password text)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE found bigint;
BEGIN
  SELECT id INTO found FROM accounts_user WHERE lower(email) = lower(wanted_email);
  IF found IS NULL THEN
    INSERT INTO accounts_user (email, name, password, is_active, is_platform_staff, language, date_joined)
    VALUES (lower(wanted_email), wanted_name, unusable_password, true, false, '', now())
    ON CONFLICT DO NOTHING RETURNING id INTO found;
    IF found IS NULL THEN SELECT id INTO found FROM accounts_user WHERE lower(email) = lower(wanted_email); END IF;
  END IF;
  RETURN found;
END $$;
"""

ROLE = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role} NOLOGIN; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- another database of this cluster made it meanwhile
END $$
"""


def _member(cursor: Any, role: str, columns: str) -> bool:
    cursor.execute(
        f"SELECT {columns} FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid "  # noqa: S608 - columns: constants below
        "JOIN pg_roles m ON m.oid = a.member WHERE r.rolname = %s AND m.rolname = session_user",
        [role],
    )
    return any(all(row) for row in cursor.fetchall())


def prepare(using: str = "default") -> None:
    """Create the three roles and the functions that policies call. Safe to repeat and to run on several databases of
    one cluster at once.

    On PostgreSQL 16 and newer the login is granted each role without inheriting it. On 15 the login itself must be
    NOINHERIT (``ALTER ROLE … NOINHERIT``); ``audit_tenancy`` says so when it is not.
    """
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, current_setting('server_version_num')::int FROM pg_roles WHERE rolname = session_user"
        )
        is_superuser, version = cursor.fetchone()
        for role in DATABASE_ROLES.values():
            cursor.execute(ROLE.format(role=role))
            if is_superuser:
                continue
            if version >= 160000 and not _member(cursor, role, "a.set_option, NOT a.inherit_option"):
                cursor.execute(f"GRANT {role} TO SESSION_USER WITH INHERIT FALSE, SET TRUE")
            if version < 160000 and not _member(cursor, role, "true"):
                cursor.execute(f"GRANT {role} TO SESSION_USER")
        cursor.execute("SELECT has_schema_privilege('public', 'CREATE')")
        if not cursor.fetchone()[0]:
            # PostgreSQL 15, where the login must be NOINHERIT and so does not inherit the owner's right either.
            cursor.execute("SET ROLE pg_database_owner; GRANT ALL ON SCHEMA public TO SESSION_USER; RESET ROLE")
        cursor.execute(FUNCTIONS)


def grant_globals(using: str = "default") -> None:
    """Let scopes use the schema, its sequences, and the global tables that belong to no organization."""

    from apps.tenants.models import GLOBAL_TABLES

    tenant, platform, identity = (DATABASE_ROLES[kind] for kind in ("tenant", "platform", "identity"))
    existing = set(connections[using].introspection.table_names())
    with connections[using].cursor() as cursor:
        for role in DATABASE_ROLES.values():
            cursor.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {tenant}, {platform}")
        cursor.execute(f"GRANT UPDATE ON ALL SEQUENCES IN SCHEMA public TO {platform}")
        for table, (tenant_grants, platform_grants) in GLOBAL_TABLES.items():
            if table not in existing:
                continue
            if tenant_grants:
                cursor.execute(f"GRANT {tenant_grants} ON {table} TO {tenant}")
            if platform_grants:
                cursor.execute(f"GRANT {platform_grants} ON {table} TO {platform}")
        if "accounts_user" in existing:
            cursor.execute(f"GRANT SELECT ON accounts_user TO {identity}")
