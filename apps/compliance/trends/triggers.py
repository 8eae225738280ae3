"""How the database itself notes which days must be counted again: no writer can forget to."""

from __future__ import annotations

from typing import Any

from django.db.backends.ddl_references import Statement

from apps.tenants.isolation import _SqlConstraint

# The day an occurrence falls due, on the facility's calendar: local midnight belongs to the day it ends.
DUE_DAY = "((o.due_at - interval '1 microsecond') AT TIME ZONE f.time_zone)::date"

_MARK = f"""
    INSERT INTO compliance_dirtyday (organization_id, facility_id, first_day, last_day)
    SELECT DISTINCT o.organization_id, o.facility_id, {DUE_DAY}, {DUE_DAY}
    FROM {{rows}} o JOIN facilities_facility f ON f.organization_id = o.organization_id AND f.id = o.facility_id
    WHERE o.due_at IS NOT NULL;
"""  # noqa: S608 - made of constants

# With the owner's rights, in maintenance for as long as the function runs. When a machine moves, its occurrences follow
# by ON UPDATE CASCADE, which PostgreSQL does as the owner: from 18 on a trigger of that change runs as the owner too,
# and the owner sees no row outside maintenance. What is written comes from the changed rows alone.
_RIGHTS = "SECURITY DEFINER SET search_path = public, pg_temp"
_ENTER = "before := current_setting('app.maintenance', true); PERFORM set_config('app.maintenance', 'on', true);"
_LEAVE = "PERFORM set_config('app.maintenance', coalesce(before, ''), true);"

# Occurrences: their own days, in the facility they were in and the one they are in.
_OCCURRENCES = f"""
CREATE OR REPLACE FUNCTION compliance_dirty_occurrences() RETURNS trigger LANGUAGE plpgsql {_RIGHTS} AS $$
DECLARE before text;
BEGIN
  {_ENTER}
  IF TG_OP <> 'INSERT' THEN {_MARK.format(rows="old_rows")} END IF;
  IF TG_OP <> 'DELETE' THEN {_MARK.format(rows="new_rows")} END IF;
  {_LEAVE}
  RETURN NULL;
END $$;
CREATE TRIGGER compliance_dirty_insert AFTER INSERT ON compliance_occurrence REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION compliance_dirty_occurrences();
CREATE TRIGGER compliance_dirty_update AFTER UPDATE ON compliance_occurrence
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION compliance_dirty_occurrences();
CREATE TRIGGER compliance_dirty_delete AFTER DELETE ON compliance_occurrence REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION compliance_dirty_occurrences();
"""

# What decides whether an occurrence counts (see rollup.py): from the moment that changed on, in its facility.
_IN_FORCE = f"""
CREATE OR REPLACE FUNCTION compliance_dirty_in_force() RETURNS trigger LANGUAGE plpgsql {_RIGHTS} AS $$
DECLARE
  since timestamptz := 'infinity';
  first date;
  place bigint;
  before text;
BEGIN
  IF OLD.archived_at IS DISTINCT FROM NEW.archived_at THEN
    since := least(OLD.archived_at, NEW.archived_at);
  END IF;
  IF TG_TABLE_NAME = 'equipment_equipment' THEN
    IF (OLD.status, OLD.status_since) IS DISTINCT FROM (NEW.status, NEW.status_since) THEN
      since := least(since, OLD.status_since, NEW.status_since);
    END IF;
  END IF;
  first := (since AT TIME ZONE 'UTC')::date;
  first := CASE WHEN isfinite(first) THEN first - 1 ELSE NULL END;
  IF TG_TABLE_NAME = 'facilities_facility' THEN
    place := NEW.id;
    IF OLD.time_zone <> NEW.time_zone THEN first := '0001-01-01'; END IF;
  ELSE
    place := NEW.facility_id;
  END IF;
  IF first IS NOT NULL THEN
    {_ENTER}
    INSERT INTO compliance_dirtyday (organization_id, facility_id, first_day, last_day)
    VALUES (NEW.organization_id, place, first, '9999-12-31');
    {_LEAVE}
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER compliance_dirty_requirement AFTER UPDATE ON compliance_requirement FOR EACH ROW
  WHEN (OLD.archived_at IS DISTINCT FROM NEW.archived_at) EXECUTE FUNCTION compliance_dirty_in_force();
CREATE TRIGGER compliance_dirty_area AFTER UPDATE ON facilities_area FOR EACH ROW
  WHEN (OLD.archived_at IS DISTINCT FROM NEW.archived_at) EXECUTE FUNCTION compliance_dirty_in_force();
CREATE TRIGGER compliance_dirty_equipment AFTER UPDATE ON equipment_equipment FOR EACH ROW
  WHEN (OLD.archived_at IS DISTINCT FROM NEW.archived_at OR OLD.status IS DISTINCT FROM NEW.status
    OR OLD.status_since IS DISTINCT FROM NEW.status_since)
  EXECUTE FUNCTION compliance_dirty_in_force();
CREATE TRIGGER compliance_dirty_facility AFTER UPDATE ON facilities_facility FOR EACH ROW
  WHEN ((OLD.archived_at, OLD.time_zone) IS DISTINCT FROM (NEW.archived_at, NEW.time_zone))
  EXECUTE FUNCTION compliance_dirty_in_force();
"""  # noqa: S608 - made of constants

TRIGGERS = {
    "compliance_dirty_insert": "compliance_occurrence",
    "compliance_dirty_update": "compliance_occurrence",
    "compliance_dirty_delete": "compliance_occurrence",
    "compliance_dirty_requirement": "compliance_requirement",
    "compliance_dirty_area": "facilities_area",
    "compliance_dirty_equipment": "equipment_equipment",
    "compliance_dirty_facility": "facilities_facility",
}
FUNCTIONS = ("compliance_dirty_occurrences", "compliance_dirty_in_force")


class RollupTriggers(_SqlConstraint):
    """Triggers that add a DirtyDay whenever a stored occurrence, or whether it counts, changes.

    Rows are only ever added, without a unique key, so that two people who log at one facility never wait for one
    another.
    """

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        return Statement("%(body)s", body=_OCCURRENCES + _IN_FORCE)

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        sql = [f"DROP TRIGGER IF EXISTS {trigger} ON {table}" for trigger, table in TRIGGERS.items()]
        sql += [f"DROP FUNCTION IF EXISTS {function}()" for function in FUNCTIONS]
        return Statement("%(body)s", body="; ".join(sql))
