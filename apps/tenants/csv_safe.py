"""CSV that is safe to open in a spreadsheet and that reads back as the same text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal

CHUNK_CHARS = 64 * 1024
# A spreadsheet may run a cell that begins so, also behind spaces, quotation marks and invisible characters; the
# full-width forms count because some locales fold them.
DANGEROUS = re.compile(r"[\s'\"\ufeff\u200b-\u200f\u2060]*[=+\-@\t\r\n＝＋－＠]")
# Left alone because no formula can be made of them: a number, or a phone number in digits, spaces and brackets.
HARMLESS = re.compile(r"[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?|\+\d[\d ()]*", re.ASCII)


def _is_dangerous(text: str) -> bool:
    return DANGEROUS.match(text) is not None and HARMLESS.fullmatch(text) is None


def safe_cell(value: object) -> str:
    """The text of a value for a CSV cell; text that a spreadsheet could run is given a leading apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    text = str(value)
    return "'" + text if _is_dangerous(text) else text


def restore_cell(text: str) -> str:
    """Undo `safe_cell`: take away the apostrophe where `safe_cell` would have put one, and nowhere else."""
    return text[1:] if text.startswith("'") and _is_dangerous(text[1:]) else text


def write_csv(columns: Sequence[object], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """Stream a CSV file: UTF-8 with a byte order mark (Excel needs it), commas, CRLF, every cell made safe."""
    buffer = io.StringIO()
    buffer.write("\ufeff")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([safe_cell(column) for column in columns])
    for row in rows:
        writer.writerow([safe_cell(value) for value in row])
        if buffer.tell() >= CHUNK_CHARS:
            yield _take(buffer)
    yield _take(buffer)


def _take(buffer: io.StringIO) -> bytes:
    data = buffer.getvalue().encode("utf-8", errors="replace")
    buffer.seek(0)
    buffer.truncate()
    return data
