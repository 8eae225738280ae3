"""From raw records to a table: header, padding, and the errors that belong to one row."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from .errors import TableError
from .writing import restore_cell

BLANK = " \t\r\n\v\f\x1a\xa0\ufeff\u200b"
TITLE_LINES = 5


class Limits(NamedTuple):
    """How large a table may be before it is refused."""

    rows: int
    columns: int
    cell: int


class Record(NamedTuple):
    """One record as the file has it, before it is fitted to the header."""

    line: int
    cells: list[str]
    error: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One data row: its line number in the file, one cell per column, and what is wrong with it, if anything.

    A row with an `error` carries what cells could be read; it must not be imported.
    """

    line: int
    cells: list[str]
    error: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A readable table. `rows()` may be called again, but only one iteration may be under way at a time."""

    columns: list[str]
    format: str
    notes: tuple[str, ...]
    header_line: int
    _records: Callable[[], Iterator[Record]] = field(repr=False)
    _limits: Limits = field(repr=False)

    def rows(self) -> Iterator[Row]:
        """Stream the data rows from the beginning; wholly blank rows are left out, line numbers stay true."""
        width, limits, count = len(self.columns), self._limits, 0
        for raw in self._records():
            record = _restored(raw)
            if record.line <= self.header_line or not (record.error or _has_text(record.cells)):
                continue
            count += 1
            if count > limits.rows:
                raise TableError(
                    f"The file has more than {limits.rows:,} rows. Split it into smaller files and import them in turn."
                )
            yield _fit(record, width, limits)


def make_table(
    records: Callable[[], Iterator[Record]], description: str, notes: tuple[str, ...], limits: Limits
) -> Table:
    """Find the header, check that at least one row follows it, and return the table."""
    filled = (record for record in map(_restored, records()) if record.error or _has_text(record.cells))
    first = list(islice(filled, TITLE_LINES + 2))
    filled.close()
    if not first:
        raise TableError("The file is empty. Choose a file with a header row and at least one row under it.")
    header = first[_header_index(first)]
    if header.error:
        raise TableError(f"The header on line {header.line} cannot be read: {header.error}")
    cells = [clean_header(cell) for cell in header.cells]
    while len(cells) > limits.columns and not cells[-1]:
        cells.pop()
    if len(cells) > limits.columns:
        raise TableError(
            f"The header on line {header.line} has {len(cells):,} columns; at most {limits.columns} can be read. "
            "Delete the columns you do not need."
        )
    if header is first[-1]:
        raise TableError("The file has a header but no rows under it. Add the rows and try again.")
    return Table(_distinct(cells), description, notes, header.line, records, limits)


def _restored(record: Record) -> Record:
    """The record without the apostrophes that `safe_cell` puts before text a spreadsheet could run."""
    if any(cell.startswith("'") for cell in record.cells):
        return record._replace(cells=[restore_cell(cell) for cell in record.cells])
    return record


def clean_header(cell: str) -> str:
    """A header cell as a person would read it: no byte order mark, no invisible or doubled spaces."""
    cell = cell.replace("\ufeff", "").replace("\u200b", "").replace("\xa0", " ")
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", cell)).strip()


def _header_index(first: list[Record]) -> int:
    """Index of the header: the first record, unless one or more one-cell title lines stand above a real table."""
    widths = [sum(bool(cell.strip(BLANK)) for cell in record.cells) for record in first]
    start = next((index for index, width in enumerate(widths) if width != 1), 0)
    below = widths[start + 1 :]
    return start if widths[start] >= 3 and below and min(below) >= 2 else 0


def _distinct(cells: list[str]) -> list[str]:
    """Names for blank headers, and a number behind names that occur more than once."""
    taken = {cell.casefold() for cell in cells if cell}
    seen: set[str] = set()
    names = []
    for position, cell in enumerate(cells, start=1):
        name = base = cell or f"column {position}"
        number = 2
        while name.casefold() in seen or (name != cell and name.casefold() in taken):
            name = f"{base} ({number})"
            number += 1
        seen.add(name.casefold())
        names.append(name)
    return names


def _fit(record: Record, width: int, limits: Limits) -> Row:
    """Fit one record to the header: short rows are padded, a row with too many filled cells is an error."""
    line, cells, error = record
    if len(cells) < width:
        cells = cells + [""] * (width - len(cells))
    elif len(cells) > width:
        if not error and _has_text(cells[width:]):
            error = (
                f"The row has {len(cells)} cells but the header has {width}. "
                "A cell that contains the delimiter must stand in quotation marks."
            )
        cells = cells[:width]
    if not error and max(map(len, cells), default=0) > limits.cell:
        position = next(index for index, cell in enumerate(cells, start=1) if len(cell) > limits.cell)
        error = f"Cell {position} is longer than {limits.cell:,} characters."
    return Row(line, cells, error)


def _has_text(cells: list[str]) -> bool:
    return bool("".join(cells).strip(BLANK))
