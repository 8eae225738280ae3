"""Rows for measuring: 200 organizations, one with 1,000 requirements, one with 100,000, the others with 500 each.

Written set-based in SQL, in platform scope, for speed; the shapes are those that the actions write.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db import connection

from apps.accounts.models import User
from apps.tenants.models import Domain, Membership, Organization
from apps.tenants.scope import platform

OTHERS, OTHER_SIZE = 198, 500
FACILITIES = 20


@dataclass(frozen=True)
class Size:
    """One organization to measure."""

    slug: str
    requirements: int

    @property
    def host(self) -> str:
        """Its host name."""
        return f"{self.slug}.localhost"


SMALL, LARGE = Size("bench-1k", 1_000), Size("bench-100k", 100_000)

# %(org)s the organization, %(n)s how many. Every tenth duty is overdue, every fifth in its warning window.
ROWS = """
INSERT INTO facilities_facility (organization_id, name, kind, external_code, address, city, county, postcode, country,
  time_zone, phone, email, website, functional_risk, notes, pin_hash, created_at)
SELECT %(org)s, 'Facility ' || i, 'hospital', 'F' || i, '', '', '', '', 'GB', 'Europe/London', '', '', '', '', '', '',
  now()
FROM generate_series(1, %(facilities)s) i;

INSERT INTO equipment_equipmenttype (organization_id, name, description)
SELECT %(org)s, 'Type ' || i, '' FROM generate_series(1, 10) i;

INSERT INTO equipment_equipment (organization_id, facility_id, type_id, name, category, serial_number, external_code,
  maker, model, status, status_since, notes, photo, created_at)
SELECT %(org)s, f.ids[1 + i %% %(facilities)s], t.ids[1 + i %% 10], 'Machine ' || lpad(i::text, 7, '0'), 'cleaning',
  'SN' || i, 'E' || i, 'Maker', 'Model', 'in_service', now(), '', '', now()
FROM generate_series(1, %(n)s) i,
  (SELECT array_agg(id ORDER BY id) ids FROM facilities_facility WHERE organization_id = %(org)s) f,
  (SELECT array_agg(id ORDER BY id) ids FROM equipment_equipmenttype WHERE organization_id = %(org)s) t;

INSERT INTO compliance_protocol (organization_id, name, description, created_at) VALUES (%(org)s, 'Clean', '', now());
INSERT INTO compliance_protocolversion (organization_id, protocol_id, number, steps, created_at)
SELECT %(org)s, id, 1, '[{"key": "rinse", "kind": "yes_no", "text": "Rinse", "required": true}]', now()
FROM compliance_protocol WHERE organization_id = %(org)s;

INSERT INTO compliance_requirement (organization_id, facility_id, equipment_id, protocol_id, name, category, evidence,
  reference, notes, starts_at, extend_at, created_at)
SELECT %(org)s, e.facility_id, e.id, p.id, 'Duty ' || e.name, 'cleaning', 'log', '', '', now() - interval '60 days',
  '9999-01-01 00:00+00', now()
FROM equipment_equipment e, compliance_protocol p WHERE e.organization_id = %(org)s AND p.organization_id = %(org)s;

INSERT INTO compliance_schedule (organization_id, requirement_id, effective_at, spec, recorded_at)
SELECT %(org)s, id, starts_at, '{"mode": "interval_after_completion", "interval": "P30D", "warn": ["P5D"]}', now()
FROM compliance_requirement WHERE organization_id = %(org)s;

INSERT INTO compliance_completion (organization_id, uuid, requirement_id, facility_id, kind, result, performed_at,
  recorded_at, reason, voided_reason, by_name)
SELECT %(org)s, gen_random_uuid(), id, facility_id, 'completion', 'satisfactory', moment, moment, '', '', 'Tess'
FROM (SELECT id, facility_id, now() - interval '1 day' * CASE WHEN id %% 10 = 0 THEN 40 WHEN id %% 5 = 0 THEN 28
  ELSE 1 + id %% 20 END AS moment FROM compliance_requirement WHERE organization_id = %(org)s) r;

INSERT INTO compliance_occurrence (organization_id, requirement_id, facility_id, opens_at, warn_at, due_at, overdue_at,
  closes_at, completed_at, completed_recorded_at, completion_id, waived, missed_before, ever_completed)
SELECT %(org)s, c.requirement_id, c.facility_id, r.starts_at, r.starts_at, r.starts_at, r.starts_at, c.performed_at,
  c.performed_at, c.performed_at, c.id, false, 0, false
FROM compliance_completion c JOIN compliance_requirement r ON r.id = c.requirement_id WHERE c.organization_id = %(org)s;

INSERT INTO compliance_occurrence (organization_id, requirement_id, facility_id, opens_at, warn_at, due_at, overdue_at,
  closes_at, waived, missed_before, ever_completed, last_completed_at)
SELECT %(org)s, requirement_id, facility_id, performed_at, performed_at + interval '25 days',
  performed_at + interval '30 days', performed_at + interval '30 days', '9999-01-01 00:00+00', false, 0, true,
  performed_at
FROM compliance_completion WHERE organization_id = %(org)s;

INSERT INTO equipment_label (organization_id, code, facility_id, equipment_id, claimed_at, revoked_reason, created_at)
SELECT %(org)s, translate(lpad(id::text, 10, '0'), '0123456789', 'ABCDEFGHJK'), facility_id, id, now(), '', now()
FROM equipment_equipment WHERE organization_id = %(org)s ORDER BY id LIMIT 1000;
"""


def fill(organization_id: int, requirements: int) -> None:
    """Give an organization its rows. Needs the platform scope."""
    values = {"org": organization_id, "n": requirements, "facilities": FACILITIES}
    with connection.cursor() as cursor:
        for statement in ROWS.split(";\n"):
            if statement.strip():
                cursor.execute(statement, values)
                # Check keys while the tables are as the planner knows them; at the commit they would be large.
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def make(size: Size) -> None:
    """Make one organization with a technician and a manager, and fill it."""
    verified = datetime.datetime.now(datetime.UTC)
    users = {
        role: User.objects.create_user(f"{role}@{size.slug}.test", None, name=role.title())
        for role in ("manager", "technician")
    }
    with platform("benchmark data"):
        organization = Organization.objects.create(name=size.slug, slug=size.slug)
        Domain.objects.create(organization=organization, host=size.host, verified_at=verified)
        for role, user in users.items():
            Membership.objects.create(organization=organization, user=user, role=role, all_facilities=True)
        fill(organization.pk, size.requirements)


def seed() -> None:
    """Make everything once."""
    if _is_seeded():
        return
    for number in range(OTHERS):
        make(Size(f"other-{number}", OTHER_SIZE))
    make(SMALL)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    make(LARGE)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _is_seeded() -> bool:
    with platform("benchmark data"):
        return Organization.objects.filter(slug=LARGE.slug).exists()
