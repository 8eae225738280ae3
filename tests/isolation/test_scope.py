"""The three nets, each tried alone: the ORM filter, row-level security, and composite keys."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from apps.equipment.models import Equipment
from apps.facilities.models import Facility
from apps.tenants.checks import isolated_models
from apps.tenants.scope import NoScope, WrongTenant, enter, identity, member, platform, stream, system
from tests.cast import Cast


def count_raw(table: str) -> int:
    """Count a table's rows in plain SQL."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - a table's own name
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize("model", isolated_models(), ids=lambda m: m._meta.label)
def test_without_a_scope_every_way_in_refuses(cast: Cast, model: type[Any]) -> None:
    """Every manager method raises, and raw SQL of the application's login gets no row."""
    for use in (
        lambda: list(model.objects.all()),
        model.objects.exists,
        model.objects.count,
        model.objects.first,
        lambda: model.objects.exclude(pk=1).exists(),
        lambda: model.objects.filter(pk=1).update(id=1),
        lambda: model.objects.filter(pk=1).delete(),
        lambda: model.objects.in_bulk([1]),
        lambda: list(model.objects.values_list("pk")),
        lambda: model._base_manager.get(pk=1),
    ):
        with pytest.raises(NoScope):
            use()
    with pytest.raises(DatabaseError), transaction.atomic():
        count_raw(model._meta.db_table)


@pytest.mark.parametrize("model", isolated_models(), ids=lambda m: m._meta.label)
def test_raw_sql_in_a_scope_sees_its_own_organization_only(cast: Cast, model: type[Any]) -> None:
    """Row-level security filters what the ORM never saw."""
    table, column = model._meta.db_table, model.organization_path
    with platform("test"):
        everything = count_raw(table)
    seen = 0
    for house in (cast.northgate, cast.southbank):
        with system(house.organization), connection.cursor() as cursor:
            cursor.execute(
                f"SELECT count(*), count(*) FILTER (WHERE {column} <> %s) FROM {table}",  # noqa: S608 - own names
                [house.organization.pk],
            )
            own, foreign = cursor.fetchone()
            assert foreign == 0
            seen += own
    assert seen == everything


def test_insert_for_another_organization_is_refused_by_the_orm(cast: Cast) -> None:
    """A row that names another organization does not leave Python."""
    with system(cast.northgate.organization):
        foreign = Facility(name="x", organization_id=cast.southbank.organization.pk)
        with pytest.raises(WrongTenant):
            foreign.save()
        with pytest.raises(WrongTenant):
            Facility.objects.bulk_create([foreign])


def test_insert_for_another_organization_is_refused_by_postgresql(cast: Cast) -> None:
    """WITH CHECK refuses what bypasses the ORM."""
    with system(cast.northgate.organization), pytest.raises(DatabaseError), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE facilities_facility SET organization_id = %s WHERE id = %s",
                [cast.southbank.organization.pk, cast.northgate.hospital.pk],
            )


@pytest.mark.parametrize("kind", ["tenant", "platform"])
def test_a_reference_across_organizations_is_refused_by_postgresql(cast: Cast, kind: str) -> None:
    """Composite keys hold in every scope, row-level security or not."""
    scope = system(cast.northgate.organization) if kind == "tenant" else platform("test")
    with scope, pytest.raises(IntegrityError), transaction.atomic():
        Equipment.objects.filter(pk=cast.northgate.washer.pk).update(type_id=cast.southbank.kind.pk)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_reference_across_facilities_is_refused_by_postgresql(cast: Cast) -> None:
    """A machine cannot stand in an area of another facility."""
    house = cast.northgate
    with system(house.organization), pytest.raises(IntegrityError), transaction.atomic():
        Equipment.objects.filter(pk=house.trolley.pk).update(area_id=house.ward.pk)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_duties_and_labels_follow_a_machine_that_moves(cast: Cast) -> None:
    """The facility of a requirement and its occurrences is that of its subject, kept by PostgreSQL."""
    house = cast.northgate
    with system(house.organization):
        Equipment.objects.filter(pk=house.washer.pk).update(facility_id=house.annex.pk, area_id=None)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for row in (house.requirement, house.occurrence, house.label):
            row.refresh_from_db()
            assert row.facility_id == house.annex.pk
        house.log.refresh_from_db()
        assert house.log.facility_id == house.hospital.pk


def test_a_scope_cannot_be_widened_or_switched(cast: Cast) -> None:
    """Inside one organization neither another one nor the platform opens."""
    with system(cast.northgate.organization):
        for other in (system(cast.southbank.organization), platform("no"), identity(user_id=1)):
            with pytest.raises(WrongTenant):
                other.__enter__()


def test_a_restricted_member_sees_named_facilities_only(cast: Cast) -> None:
    """Lists, look-ups and related managers all obey the membership's facilities."""
    house = cast.northgate
    with member(house.restricted):
        assert list(Facility.objects.all()) == [house.annex]
        assert list(Equipment.objects.all()) == [house.trolley]
        assert not Equipment.objects.filter(pk=house.washer.pk).exists()
        assert list(house.kind.equipment.all()) == [house.trolley]


def test_an_empty_list_of_facilities_means_none(cast: Cast) -> None:
    """A membership that names no facility sees nothing, not everything."""
    house = cast.northgate
    with system(house.organization):
        house.restricted.facility_access.all().delete()
    with member(house.restricted):
        assert list(Facility.objects.all()) == []


def test_platform_needs_a_reason(cast: Cast) -> None:
    """All organizations are never opened in silence."""
    with pytest.raises(ValueError, match="reason"):
        platform(" ")


def test_stream_reenters_the_scope_and_leaves_none_behind(cast: Cast) -> None:
    """A streamed body reads in its scope after the request has closed it."""
    with system(cast.northgate.organization):
        rows = stream(lambda: (f.name for f in Facility.objects.order_by("id")))
    assert next(rows) == "Northgate General"
    with pytest.raises(NoScope):
        Facility.objects.count()
    rows.close()


def test_the_database_role_is_given_back(cast: Cast) -> None:
    """After a scope the connection is the login's own again."""
    with system(cast.northgate.organization), connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone()[0] == "cleantrack_tenant"
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user = session_user")
        assert cursor.fetchone()[0]


def test_an_import_time_queryset_is_filtered_when_it_runs(cast: Cast) -> None:
    """Querysets may be made before any scope exists."""
    everything = Facility.objects.all()
    with system(cast.northgate.organization):
        assert everything.all().count() == 2
    with platform("test"):
        assert everything.all().count() == 4


def test_enter_same_scope_twice_is_one_scope(cast: Cast) -> None:
    """Re-entering the scope that is active changes nothing."""
    with system(cast.northgate.organization) as scope, enter(scope) as again:
        assert again is scope
