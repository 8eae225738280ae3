"""Each static check fires on a model that forgets something, and on nothing else."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.management import call_command
from django.db import models
from django.test.utils import isolate_apps

from apps.tenants.base import TenantForeignKey, TenantManager, TenantModel
from apps.tenants.checks import GLOBALLY_UNIQUE, check_model, check_models

# Models made below belong to this room, whatever name the test runner imports the file under.
__name__ = "apps.tenants.tests.test_checks"


def ids(model: type[models.Model]) -> list[str]:
    """Return the ids of what the checks find."""
    return [message.id or "" for message in check_model(model)]


def test_the_project_is_clean() -> None:
    """No model of ours breaks a rule, and ``manage.py check`` runs the rules."""
    assert check_models(None) == []
    call_command("check")


@isolate_apps("apps.tenants")
def test_a_sound_model_passes() -> None:
    """The shape that CONTRIBUTING shows has nothing to complain about."""

    class Facility(TenantModel):
        facility_path: ClassVar[str] = "id"

    class Sound(TenantModel):
        facility_path: ClassVar[str] = "facility_id"
        facility = TenantForeignKey(Facility)
        name = models.CharField(max_length=10)

        class Meta:
            constraints = [models.UniqueConstraint(fields=["organization", "name"], name="sound_once")]

    assert ids(Facility) == ids(Sound) == []


@isolate_apps("apps.tenants")
def test_e001_a_table_of_nobody() -> None:
    """A model is a tenant model or a declared global table."""

    class Stray(models.Model):
        name = models.CharField(max_length=10)

    assert ids(Stray) == ["tenants.E001"]


@isolate_apps("apps.tenants")
def test_e002_many_to_many_without_a_through_model() -> None:
    """The automatic join table has no organization."""

    class Tag(TenantModel):
        pass

    class Tagged(TenantModel):
        tags = models.ManyToManyField(Tag)

    assert "tenants.E002" in ids(Tagged)


@isolate_apps("apps.tenants")
def test_e002_through_a_model_that_is_no_tenant_model() -> None:
    """An explicit join table needs its organization too."""

    class Tag(TenantModel):
        pass

    class Join(models.Model):
        tag = models.ForeignKey(Tag, models.CASCADE)
        tagged = models.ForeignKey("Tagged", models.CASCADE)

    class Tagged(TenantModel):
        tags: Any = models.ManyToManyField(Tag, through=Join)

    assert "tenants.E002" in ids(Tagged)


@isolate_apps("apps.tenants")
def test_e003_a_manager_without_scope() -> None:
    """``objects`` may not be replaced by a plain manager."""

    class Loose(TenantModel):
        objects = models.Manager()  # type: ignore[assignment]

    assert ids(Loose) == ["tenants.E003"]


@isolate_apps("apps.tenants")
def test_e003_allows_a_manager_of_a_subclass() -> None:
    """A room may add methods."""

    class Better(TenantManager):
        pass

    class Fine(TenantModel):
        objects = Better()

    assert ids(Fine) == []


@isolate_apps("apps.tenants")
def test_e004_a_plain_foreign_key() -> None:
    """Between tenant models only a composite key will do."""

    class Target(TenantModel):
        pass

    class Pointing(TenantModel):
        target = models.ForeignKey(Target, models.PROTECT)

    assert ids(Pointing) == ["tenants.E004"]


@isolate_apps("apps.tenants")
def test_e004_one_to_one() -> None:
    """A one-to-one field is a plain key and unique without the organization."""

    class Target(TenantModel):
        pass

    class Pointing(TenantModel):
        target = models.OneToOneField(Target, models.PROTECT)

    assert {"tenants.E004", "tenants.E005"} <= set(ids(Pointing))


@isolate_apps("apps.tenants")
def test_e005_unique_over_all_organizations() -> None:
    """A unique field, constraint or unique_together without the organization tells one about another."""

    class Field(TenantModel):
        code = models.CharField(max_length=10, unique=True)

    class Constraint(TenantModel):
        code = models.CharField(max_length=10)

        class Meta:
            constraints = [models.UniqueConstraint(fields=["code"], name="code_once")]

    class Together(TenantModel):
        code = models.CharField(max_length=10)
        kind = models.CharField(max_length=10)

        class Meta:
            unique_together = [("code", "kind")]

    assert ids(Field) == ids(Constraint) == ids(Together) == ["tenants.E005"]


def test_e005_exceptions_name_fields_that_exist() -> None:
    """The list of exceptions does not outlive its fields."""
    from django.apps import apps

    for entry in GLOBALLY_UNIQUE:
        label, _, field = entry.rpartition(".")
        assert apps.get_model(label)._meta.get_field(field).unique


@isolate_apps("apps.tenants")
def test_e006_a_facility_that_restricts_nobody() -> None:
    """A facility column without facility_path would show everything to restricted members."""

    class Place(TenantModel):
        facility_path: ClassVar[str] = "id"

    class Thing(TenantModel):
        facility = TenantForeignKey(Place)

    assert ids(Thing) == ["tenants.E006"]


@isolate_apps("apps.tenants")
def test_e007_within_facility_without_a_facility() -> None:
    """A composite key over the facility needs the column."""

    class Place(TenantModel):
        facility_path: ClassVar[str] = "id"

    class Thing(TenantModel):
        place = TenantForeignKey(Place, within_facility=True)

    assert ids(Thing) == ["tenants.E007"]


@isolate_apps("apps.tenants")
def test_e008_constraints_taken_away() -> None:
    """Row security cannot be lost by rewriting the constraints."""

    class Bare(TenantModel):
        pass

    Bare._meta.constraints = []
    assert ids(Bare) == ["tenants.E008"]


@isolate_apps("apps.tenants")
def test_e009_a_foreign_key_of_an_abstract_base() -> None:
    """A key inherited from an abstract model gets no composite key by itself, so the check says so."""

    class Target(TenantModel):
        pass

    class Base(TenantModel):
        target = TenantForeignKey(Target)

        class Meta:
            abstract = True

    class Child(Base):
        pass

    assert ids(Child) == ["tenants.E009"]
