"""``audit_tenancy`` is quiet on a sound database and names each seeded fault."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.tenants.scope import platform
from tests.cast import Cast


def run(*args: str) -> tuple[int, str]:
    """Run the command; return its exit code and what it printed."""
    out = io.StringIO()
    try:
        call_command("audit_tenancy", *args, stdout=out)
    except SystemExit as stop:
        return int(str(stop.code)), out.getvalue()
    return 0, out.getvalue()


def sql(*statements: str) -> None:
    """Run statements in maintenance mode; pending foreign-key checks are done first, or DDL would be refused."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED; SET LOCAL app.maintenance = 'on'")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("SET LOCAL app.maintenance = ''")


def test_a_sound_database_has_no_findings(cast: Cast) -> None:
    """Exit 0 and one summary line (a superuser's login is a warning, no more)."""
    code, out = run()
    assert code == 0, out
    assert "finding [" not in out
    assert "audit_tenancy: 0 findings" in out


FAULTS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "dropped policy": (
        "missing-policy",
        "equipment_equipment",
        ("DROP POLICY tenant_rows ON equipment_equipment",),
    ),
    "extra permissive policy": (
        "extra-policy",
        "facilities_area",
        ("CREATE POLICY support ON facilities_area TO cleantrack_tenant USING (true)",),
    ),
    "weakened policy": (
        "wrong-policy",
        "facilities_facility",
        ("ALTER POLICY tenant_rows ON facilities_facility USING (organization_id > 0)",),
    ),
    "policy for everybody": (
        "wrong-policy",
        "facilities_facility",
        ("ALTER POLICY platform_rows ON facilities_facility TO PUBLIC",),
    ),
    "row security off": (
        "rls-disabled",
        "compliance_requirement",
        ("ALTER TABLE compliance_requirement DISABLE ROW LEVEL SECURITY",),
    ),
    "row security not forced": (
        "rls-not-forced",
        "tenants_membership",
        ("ALTER TABLE tenants_membership NO FORCE ROW LEVEL SECURITY",),
    ),
    "dropped composite key": (
        "missing-composite-key",
        "equipment_equipment",
        ("ALTER TABLE equipment_equipment DROP CONSTRAINT equipment_equipment_type_same",),
    ),
    "composite key without the organization": (
        "wrong-composite-key",
        "equipment_equipment",
        (
            "ALTER TABLE equipment_equipment DROP CONSTRAINT equipment_equipment_type_same",
            (
                "ALTER TABLE equipment_equipment ADD CONSTRAINT equipment_equipment_type_same "
                "FOREIGN KEY (type_id) REFERENCES equipment_equipmenttype (id)"
            ),
        ),
    ),
    "plain key beside the composite one": (
        "plain-key",
        "equipment_equipment",
        (
            (
                "ALTER TABLE equipment_equipment ADD CONSTRAINT plain "
                "FOREIGN KEY (type_id) REFERENCES equipment_equipmenttype (id)"
            ),
        ),
    ),
    "index without the organization": (
        "index-without-organization",
        "equipment_equipment",
        ("CREATE INDEX by_name ON equipment_equipment (name)",),
    ),
    "dropped key index": (
        "missing-key",
        "cleaning_logs_logphoto",
        ("DROP INDEX cleaning_logs_logphoto_key0",),
    ),
    "stray table": (
        "stray-table",
        "equipment_copy",
        ("CREATE TABLE equipment_copy AS SELECT 1::bigint AS organization_id",),
    ),
    "undeclared table": ("undeclared-table", "scratch", ("CREATE TABLE scratch (id int)",)),
    "view with its owner's rights": (
        "view",
        "all_equipment",
        ("CREATE VIEW all_equipment AS SELECT id FROM equipment_equipment",),
    ),
    "grant beyond the declaration": (
        "extra-grant",
        "audit_auditevent",
        ("GRANT UPDATE ON audit_auditevent TO cleantrack_tenant",),
    ),
    "grant on one column": (
        "extra-grant",
        "accounts_user",
        ("GRANT UPDATE (is_platform_staff) ON accounts_user TO cleantrack_tenant",),
    ),
    "grant to everybody": ("extra-grant", "django_session", ("GRANT SELECT ON django_session TO PUBLIC",)),
    "revoked grant": ("missing-grant", "equipment_label", ("REVOKE UPDATE ON equipment_label FROM cleantrack_tenant",)),
    "trigger gone": (
        "append-only",
        "audit_auditevent",
        ("DROP TRIGGER audit_auditevent_append_only_rows ON audit_auditevent",),
    ),
    "trigger not always": (
        "append-only",
        "cleaning_logs_cleaninglog",
        ("ALTER TABLE cleaning_logs_cleaninglog ENABLE TRIGGER cleaning_logs_append_only_rows",),
    ),
    "guard replaced": (
        "changed-function",
        "tenancy_no_scope",
        (
            (
                "CREATE OR REPLACE FUNCTION tenancy_no_scope() RETURNS boolean LANGUAGE plpgsql STABLE AS "
                "$$ BEGIN RETURN true; END $$"
            ),
        ),
    ),
    "function with its owner's rights": (
        "definer-function",
        "peek",
        ("CREATE FUNCTION peek() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",),
    ),
    "login that inherits": (
        "inherits",
        "cleantrack_test_heir",
        ("CREATE ROLE cleantrack_test_heir LOGIN INHERIT", "GRANT cleantrack_tenant TO cleantrack_test_heir"),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_the_catalogue_is_named(cast: Cast, fault: str) -> None:
    """One line with the kind and the table, and a non-zero exit."""
    kind, subject, statements = FAULTS[fault]
    sql(*statements)
    code, out = run()
    assert code == 1
    assert any(line.startswith(f"finding [{kind}] {subject}:") for line in out.splitlines()), out
    assert "audit_tenancy: 0 findings" not in out


def cross_organization(cast: Cast) -> tuple[str, str]:
    """Give Northgate's machine a type of Southbank's."""
    sql("ALTER TABLE equipment_equipment DROP CONSTRAINT equipment_equipment_type_same")
    with platform("test"):
        sql(f"UPDATE equipment_equipment SET type_id = {cast.southbank.kind.pk} WHERE id = {cast.northgate.washer.pk}")  # noqa: S608
    return "equipment_equipment", f"type_id: 1 pointing at rows of another tenant (id {cast.northgate.washer.pk})"


def cross_facility(cast: Cast) -> tuple[str, str]:
    """Stand a machine of the annex in a ward of the hospital."""
    sql("ALTER TABLE equipment_equipment DROP CONSTRAINT equipment_equipment_area_same")
    with platform("test"):
        sql(f"UPDATE equipment_equipment SET area_id = {cast.northgate.ward.pk} WHERE id = {cast.northgate.trolley.pk}")  # noqa: S608
    return "equipment_equipment", f"area_id: 1 pointing at rows of another tenant (id {cast.northgate.trolley.pk})"


def dangling(cast: Cast) -> tuple[str, str]:
    """Point a machine at a type that does not exist."""
    sql("ALTER TABLE equipment_equipment DROP CONSTRAINT equipment_equipment_type_same")
    with platform("test"):
        sql(f"UPDATE equipment_equipment SET type_id = 999999999 WHERE id = {cast.northgate.washer.pk}")  # noqa: S608
    return "equipment_equipment", "type_id: 1 pointing"


@pytest.mark.parametrize("seed", [cross_organization, cross_facility, dangling], ids=lambda seed: seed.__name__)
def test_rows_that_point_across_are_named(cast: Cast, seed: Callable[[Cast], tuple[str, str]]) -> None:
    """The row is found even where the key that would have refused it is gone."""
    table, text = seed(cast)
    code, out = run()
    assert code == 1
    assert f"finding [crossing-rows] {table}: {text}" in out, out


def test_the_data_part_can_be_limited_to_one_organization(cast: Cast) -> None:
    """Another organization's crossing row is not listed; the catalogue is always checked."""
    cross_organization(cast)
    code, out = run("--organization", "southbank")
    assert code == 1
    assert "crossing-rows" not in out
    assert "missing-composite-key" in out
    assert "crossing-rows" in run("--organization", "northgate")[1]


def test_an_unknown_organization_is_an_error(cast: Cast) -> None:
    """A typing error does not pass for a clean result."""
    with pytest.raises(CommandError, match="no organization"):
        run("--organization", "nothgate")


def test_it_leaves_nothing_behind(cast: Cast) -> None:
    """Two runs say the same, and no temporary table remains."""
    assert run() == run()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND relkind = 'r'")
        assert cursor.fetchone()[0] == 0
