"""How fast a file is imported, against a bare bulk_create of the same rows, and how memory grows with the file.

    .venv/bin/python -m bench.imports

For each size, in a process of its own: rows/s of planning and writing a generated CSV of equipment, of importing the
same file again (nothing changes), and of the floor (the same Equipment objects through ``bulk_create`` in a bare
transaction, without audit, validation, matching or undo); then, in one more process, the peak of Python's own memory.
Everything is rolled back. Needs a database that the configured login may create: ``bench_imports``.
"""

from __future__ import annotations

import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cleantrack.settings")
os.environ["CLEANTRACK_ENV"] = "test"

SIZES = (20_000, 60_000)
FACILITIES = 50
COLUMNS = [
    "Asset number",
    "Serial number",
    "Name",
    "Site code",
    "Equipment type",
    "Category",
    "Manufacturer",
    "Model",
    "Notes",
]


def row(number: int) -> list[str]:
    """Return one generated machine."""
    return [
        f"EQ-{number:06}",
        f"SN-{number * 7919:09}",
        f"Bed pan washer {number}",
        f"F{number % FACILITIES}",
        f"Type {number % 20}",
        "cleaning",
        "Meiko",
        f"TopLine {number % 9}",
        "Serviced yearly by the maker",
    ]


def main() -> None:
    """Measure each size in fresh processes, so that one peak does not hide the other."""
    print(f"{'rows':>8}{'import/s':>10}{'again/s':>10}{'floor/s':>10}{'ratio':>8}{'python MB':>11}{'RSS MB':>8}")
    for size in SIZES:
        speed = _child("speed", size)
        memory = _child("memory", size)
        print(
            f"{size:>8}{speed[0]:>10.0f}{speed[1]:>10.0f}{speed[2]:>10.0f}{speed[2] / speed[0]:>8.2f}"
            f"{memory[0]:>11.1f}{memory[1]:>8.0f}"
        )


def _child(what: str, size: int) -> list[float]:
    command = [sys.executable, "-m", "bench.imports", what, str(size)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(word) for word in done.stdout.split()]


def child(what: str, size: int) -> None:
    """Measure in this process, and print the figures."""
    organization = _prepare()
    from django.db import transaction

    from apps.tenants.scope import system

    with tempfile.TemporaryDirectory() as folder, system(organization):
        path = Path(folder) / "equipment.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(row(number) for number in range(size))
        _facilities()
        if what == "memory":
            tracemalloc.start()
            _import(path)
            peak = tracemalloc.get_traced_memory()[1] / 1e6
            tracemalloc.stop()
            print(peak, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        else:
            with transaction.atomic():
                first, again = _import(path), _import(path)
                transaction.set_rollback(True)
            with transaction.atomic():
                floor = _floor(size)
                transaction.set_rollback(True)
            print(size / first, size / again, size / floor)
        transaction.set_rollback(True)


def _prepare() -> Any:
    import django
    from django.conf import settings

    settings.DATABASES["default"]["TEST"]["NAME"] = "bench_imports"
    django.setup()
    from django.db import connection

    connection.creation.create_test_db(verbosity=0, autoclobber=True, keepdb=True, serialize=False)
    from apps.tenants.models import Organization
    from apps.tenants.scope import platform

    with platform("benchmark data"):
        return Organization.objects.get_or_create(slug="bench-imports", defaults={"name": "Bench"})[0]


def _facilities() -> None:
    from apps.facilities.models import Facility

    Facility.objects.bulk_create([Facility(name=f"Site {n}", external_code=f"F{n}") for n in range(FACILITIES)])


def _import(path: Path) -> float:
    from apps.operations.importing.actions import import_file

    started = time.perf_counter()
    with path.open("rb") as stream:
        _run, counts = import_file("equipment", stream, path.name, mapping={}, mode="all", report=lambda planned: None)
    took = time.perf_counter() - started
    assert counts.create + counts.unchanged > 0
    assert not counts.error
    assert not counts.update
    return took


def _floor(size: int) -> float:
    from apps.equipment.models import Equipment, EquipmentType
    from apps.facilities.models import Facility

    sites = {f.external_code: f for f in Facility.objects.all()}
    kinds = EquipmentType.objects.bulk_create([EquipmentType(name=f"Type {n}") for n in range(20)])
    started = time.perf_counter()
    for start in range(0, size, 1_000):
        machines = []
        for number in range(start, min(start + 1_000, size)):
            code, serial, name, site, _kind, category, maker, model, notes = row(number)
            machines.append(
                Equipment(
                    external_code=code,
                    serial_number=serial,
                    name=name,
                    facility=sites[site],
                    type=kinds[number % 20],
                    category=category,
                    maker=maker,
                    model=model,
                    notes=notes,
                )
            )
        Equipment.objects.bulk_create(machines, batch_size=1_000)
    return time.perf_counter() - started


if __name__ == "__main__":
    if len(sys.argv) == 3:
        child(sys.argv[1], int(sys.argv[2]))
    else:
        main()
