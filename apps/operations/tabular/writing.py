"""Writing tables: the safe CSV writer that every room uses (`apps/tenants/csv_safe.py`), under this package's name."""

from apps.tenants.csv_safe import restore_cell, safe_cell, write_csv

__all__ = ["restore_cell", "safe_cell", "write_csv"]
