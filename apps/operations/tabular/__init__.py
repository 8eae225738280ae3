"""Tables as people really send them: reading CSV and XLSX, matching columns, parsing values, writing safe CSV.

Pure: no models, no database, no request. Reading streams, so memory does not grow with the file.
"""

from .matching import Target, match_columns
from .reading import ENCODINGS, Row, Table, TableError, read_table
from .values import (
    is_ambiguous_date,
    parse_boolean,
    parse_choice,
    parse_date,
    parse_decimal,
    parse_integer,
    parse_latitude,
    parse_longitude,
    parse_text,
    parse_time_zone,
)
from .writing import restore_cell, safe_cell, write_csv

__all__ = [
    "ENCODINGS",
    "Row",
    "Table",
    "TableError",
    "Target",
    "is_ambiguous_date",
    "match_columns",
    "parse_boolean",
    "parse_choice",
    "parse_date",
    "parse_decimal",
    "parse_integer",
    "parse_latitude",
    "parse_longitude",
    "parse_text",
    "parse_time_zone",
    "read_table",
    "restore_cell",
    "safe_cell",
    "write_csv",
]
