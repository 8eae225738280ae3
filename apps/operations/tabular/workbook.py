"""Excel workbooks (XLSX): guarded before they are opened, then read as a stream of rows."""

import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Generator, Iterable
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, BinaryIO, NamedTuple
from xml.etree.ElementTree import Element, ParseError, iterparse

from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._reader import FORMULA_TAG, ROW_TAG, WorkSheetParser

from .errors import TableError
from .shape import BLANK, Limits, Record, Table, make_table

MEBIBYTE = 1024 * 1024
MAX_UNPACKED = 600 * MEBIBYTE
MAX_SHARED_STRINGS = 100 * MEBIBYTE
MAX_RATIO = 200
MAX_MEMBERS = 10_000
MAX_SHEET_ROWS = 1_048_576
SAVE_AGAIN = "Open it in Excel or LibreOffice and save it again as an Excel workbook (.xlsx) or as CSV (UTF-8)."
DAMAGED = f"The workbook is damaged and cannot be read. {SAVE_AGAIN}"
BREAKAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ParseError,
    InvalidFileException,
    KeyError,
    ValueError,
    TypeError,
    IndexError,
    AttributeError,
    NotImplementedError,
    OSError,
    EOFError,
    RuntimeError,
)

# Drawings, validations and extensions that openpyxl leaves out do not concern a reader of cells.
warnings.filterwarnings("ignore", category=UserWarning, module=r"openpyxl\.")


class _Sheet(NamedTuple):
    title: str
    path: str


class _Opened(NamedTuple):
    """A workbook's parts that all sheets share, and its sheets in order."""

    archive: zipfile.ZipFile
    workbook: Any
    strings: list[str]
    sheets: list[_Sheet]


def read_workbook(stream: BinaryIO, limits: Limits) -> Table:
    """Read the first visible sheet that has anything in it."""
    names = _guard(stream)
    try:
        opened = _open(stream)
    except BREAKAGE as error:
        raise TableError(DAMAGED) from error
    filled = [sheet for sheet in opened.sheets if _has_rows(opened, sheet, limits)]
    if not filled:
        raise TableError("The workbook has no sheet with anything in it. Choose a file with a header row and rows.")
    title = filled[0].title
    notes: tuple[str, ...] = ()
    if len(filled) > 1:
        others = ", ".join(f"“{sheet.title}”" for sheet in filled[1:4])
        notes = (f"Only the first sheet with content, “{title}”, is read; not read: {others}.",)
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        notes += ("The workbook has macros; they are ignored.",)
    return make_table(partial(_records, opened, filled[0], limits), f'XLSX, sheet "{title}"', notes, limits)


def _guard(stream: BinaryIO) -> list[str]:
    """Refuse other zip files, and anything that would unpack to far more than it should, before it is unpacked."""
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
            names = [member.filename for member in members]
            _refuse_other_archives(archive, names)
            unpacked = sum(member.file_size for member in members)
            packed = sum(member.compress_size for member in members)
            strings = sum(m.file_size for m in members if m.filename.lower().endswith("sharedstrings.xml"))
            if (
                len(members) > MAX_MEMBERS
                or unpacked > MAX_UNPACKED
                or strings > MAX_SHARED_STRINGS
                or (unpacked > 10 * MEBIBYTE and unpacked > MAX_RATIO * packed)
            ):
                raise TableError(
                    f"The workbook would unpack to {unpacked / MEBIBYTE:,.0f} MB, which is too much to be a list. "
                    "Copy the rows into a new workbook, or save them as CSV (UTF-8)."
                )
            for member in members:
                # Entities can blow up a small file; no program that writes workbooks declares any.
                if member.filename.lower().endswith((".xml", ".rels")) and _declares_doctype(archive, member):
                    raise TableError(f"The workbook contains XML that is not allowed in a workbook. {SAVE_AGAIN}")
    except BREAKAGE as error:
        raise TableError(DAMAGED) from error
    return names


def _declares_doctype(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    with archive.open(member) as part:
        start = part.read(4096)
    return b"<!DOCTYPE" in start.replace(b"\x00", b"").upper()


def _refuse_other_archives(archive: zipfile.ZipFile, names: list[str]) -> None:
    """Raise a `TableError` that names the kind of file, when the zip is not an Excel workbook."""
    if "xl/workbook.xml" in names:
        return
    kind = "a compressed folder (zip), not a workbook. Unpack it and choose the file inside."
    if "mimetype" in names:
        mimetype = archive.read("mimetype")[:200]
        if b"spreadsheet" in mimetype:
            kind = (
                "an OpenDocument spreadsheet (.ods). Open it in LibreOffice or Excel and save it as an Excel workbook "
                "(.xlsx) or as CSV (UTF-8)."
            )
        elif b"opendocument" in mimetype:
            kind = "an OpenDocument file, but not a spreadsheet."
        elif b"epub" in mimetype:
            kind = "a book (EPUB), not a workbook."
    elif "xl/workbook.bin" in names:
        kind = "a binary Excel workbook (.xlsb). Open it in Excel and save it as an Excel workbook (.xlsx)."
    elif any(name.startswith("word/") for name in names):
        kind = "a Word document. Copy the table into Excel and save it as an Excel workbook (.xlsx)."
    elif any(name.startswith("ppt/") for name in names):
        kind = "a PowerPoint presentation, not a workbook."
    elif any(name.endswith(".iwa") for name in names):
        kind = "an Apple Numbers, Pages or Keynote file. In Numbers choose File, Export To, Excel or CSV."
    elif "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names):
        kind = f"an unusual kind of Excel workbook that cannot be read. {SAVE_AGAIN}"
    raise TableError(f"The file is {kind}")


def _open(stream: BinaryIO) -> _Opened:
    """Read what all sheets share. Not by `load_workbook`: it parses a sheet without a stated size to its end."""
    stream.seek(0)
    reader: Any = ExcelReader(stream, read_only=True, data_only=True, keep_links=False)
    reader.read_manifest()
    reader.read_strings()
    reader.read_workbook()
    apply_stylesheet(reader.archive, reader.wb)
    found = [
        (_Sheet(sheet.name, relation.target), sheet.state == "visible")
        for sheet, relation in reader.parser.find_sheets()
        if relation.target in reader.valid_files and "chartsheet" not in relation.Type
    ]
    # Hidden sheets mostly hold lists for drop-downs.
    sheets = [sheet for sheet, visible in found if visible] or [sheet for sheet, _ in found]
    return _Opened(reader.archive, reader.wb, reader.shared_strings, sheets)


def _has_rows(opened: _Opened, sheet: _Sheet, limits: Limits) -> bool:
    return any(record.error or "".join(record.cells).strip(BLANK) for record in _records(opened, sheet, limits))


class _RowParser(WorkSheetParser):
    """openpyxl's parser of cells, told to mark a formula whose result the file does not hold."""

    def parse_cell(self, element: Element) -> dict[str, Any]:
        """Parse one cell; data type "f" means a formula without a stored result."""
        cell: dict[str, Any] = super().parse_cell(element)
        if cell["value"] is None and element.get("t") != "str" and element.find(FORMULA_TAG) is not None:
            cell["data_type"] = "f"
        return cell


def _records(opened: _Opened, sheet: _Sheet, limits: Limits) -> Generator[Record]:
    """Stream the rows of a sheet.

    Not through `iter_rows`: that keeps every row's emptied XML element, believes a row number of ten digits and fills
    the gap, and cannot tell a formula without a result from an empty cell.
    """
    workbook = opened.workbook
    try:
        with opened.archive.open(sheet.path) as source:
            parser = _RowParser(
                source,
                opened.strings,
                data_only=True,
                epoch=workbook.epoch,
                date_formats=workbook._date_formats,
                timedelta_formats=workbook._timedelta_formats,
            )
            container: Element | None = None
            for event, element in iterparse(source, events=("start", "end")):  # noqa: S314 (_guard refuses entities)
                if event == "start":
                    container = element if element.tag.endswith("}sheetData") else container
                elif element.tag == ROW_TAG:
                    line, cells = parser.parse_row(element)
                    if line > MAX_SHEET_ROWS:
                        raise TableError(DAMAGED)
                    yield _record(line, cells, limits)
                    parser.row_dimensions.clear()
                    if container is not None:
                        container.clear()
    except BREAKAGE as error:
        raise TableError(DAMAGED) from error


def _record(line: int, cells: Iterable[dict[str, Any]], limits: Limits) -> Record:
    """One row of cells as text; the first cell that cannot be read is the row's error."""
    texts: list[str] = []
    error = ""
    for cell in cells:
        value, column = cell["value"], cell["column"]
        kind = cell["data_type"]
        if kind == "f":
            error = error or (
                f"Cell {get_column_letter(column)}{line} holds a formula whose result is not stored in the file. Open "
                "it in Excel and save it, or paste the values over the formulas."
            )
        elif kind == "e":
            error = error or f"Cell {get_column_letter(column)}{line} shows the error {value}. Correct it."
        if value is None:
            continue
        if column > limits.columns:
            if str(value).strip(BLANK):
                error = error or (
                    f"Cell {get_column_letter(column)}{line} stands beyond column {limits.columns}, the last that can "
                    "be read."
                )
            continue
        if column > len(texts):
            texts.extend([""] * (column - len(texts)))
        texts[column - 1] = _text(value)
    return Record(line, texts, error)


def _text(value: object) -> str:
    """A cell's value as a person sees it: whole numbers without ".0", dates as ISO, fifteen digits as Excel shows."""
    if isinstance(value, str):
        # Excel writes control characters as _x000D_ and the like.
        return re.sub(r"_x000D_(?=\n)|\x00", "", value) if "_x000D_" in value or "\x00" in value else value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else format(value, ".15g")
    if isinstance(value, datetime):
        if value.time() == time(0):
            return value.date().isoformat()
        return value.isoformat(timespec="minutes" if not value.second and not value.microsecond else "seconds")
    if isinstance(value, time):
        return value.isoformat(timespec="minutes" if not value.second else "seconds")
    if isinstance(value, (date, timedelta)):
        return value.isoformat() if isinstance(value, date) else str(value)
    return str(value)
