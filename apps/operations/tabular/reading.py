"""The door: decide by content what a file is, and hand it to the reader that understands it."""

import re
import tempfile
from typing import IO, BinaryIO, cast

from . import delimited, workbook
from .delimited import ENCODINGS
from .errors import TableError
from .shape import Limits, Row, Table

__all__ = ["ENCODINGS", "Row", "Table", "TableError", "read_table"]

MEBIBYTE = 1024 * 1024
SPOOL_IN_MEMORY = 2 * MEBIBYTE
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SAVE_AS = "Open it in the program it came from and save it as CSV (UTF-8) or as an Excel workbook (.xlsx)."

SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a bitmap picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"\x1f\x8b", "a compressed file (gzip); unpack it first"),
    (b"7z\xbc\xaf", "a compressed file (7-Zip); unpack it first"),
    (b"Rar!", "a compressed file (RAR); unpack it first"),
    (b"BZh", "a compressed file (bzip2); unpack it first"),
    (b"{\\rtf", "a text document (RTF)"),
    (b"SQLite format 3", "a SQLite database"),
    (b"PAR1", "a Parquet file"),
)


def read_table(
    stream: BinaryIO,
    *,
    filename: str = "",
    max_bytes: int = 50 * MEBIBYTE,
    max_rows: int = 200_000,
    max_columns: int = 200,
    max_cell: int = 10_000,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Table:
    """Read a CSV or XLSX table from an open binary stream; the content decides what it is, never the name.

    The stream must stay open while rows are read. `encoding` and `delimiter` override the guess for CSV. Raises
    `TableError` when the file as a whole cannot be read; an error in one row is on that `Row`.
    """
    stream = _bounded(stream, max_bytes)
    stream.seek(0)
    head = stream.read(8192)
    if not head.strip(b"\x00\t\r\n \xef\xbb\xbf\xff\xfe"):
        raise TableError("The file is empty. Choose a file with a header row and at least one row under it.")
    limits = Limits(max_rows, max_columns, max_cell)
    if head.startswith(b"PK\x03\x04"):
        return workbook.read_workbook(stream, limits)
    _refuse_other_types(stream, head, filename)
    return delimited.read_delimited(stream, limits, encoding=encoding, delimiter=delimiter)


def _bounded(stream: BinaryIO, max_bytes: int) -> BinaryIO:
    """A seekable stream of at most `max_bytes`; a larger one is refused after reading no more than that."""
    too_large = TableError(
        f"The file is larger than {max_bytes / MEBIBYTE:,.0f} MB. Split it, or delete the sheets, pictures and columns "
        "that are not needed."
    )
    if stream.seekable():
        if stream.seek(0, 2) > max_bytes:
            raise too_large
        return stream
    spool = cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=SPOOL_IN_MEMORY))  # noqa: SIM115 (the table keeps it)
    size = 0
    while chunk := stream.read(MEBIBYTE):
        size += len(chunk)
        if size > max_bytes:
            spool.close()
            raise too_large
        spool.write(chunk)
    return spool


def _refuse_other_types(stream: IO[bytes], head: bytes, filename: str) -> None:
    """Raise a `TableError` that names the type, when the content is a known type that is not a table of text."""
    called = f"“{filename}”" if filename else "The file"
    if head.startswith(OLE):
        raise TableError(f"{called} is {_describe_ole(stream)}")
    for signature, words in SIGNATURES:
        # Two letters are a thin signature: a CSV may well begin with "BM", so text is let through.
        if head.startswith(signature) and (len(signature) > 2 or b"\x00" in head[:64]):
            raise TableError(f"{called} is {words}, not a table. {SAVE_AS}")
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        raise TableError(f"{called} is a WebP picture, not a table. {SAVE_AS}")
    if head[4:8] == b"ftyp":
        raise TableError(f"{called} is a picture or a film (HEIC or MP4), not a table. {SAVE_AS}")
    start = head.lstrip(b"\xef\xbb\xbf\r\n\t ")[:2048].lower()
    if re.match(rb"<!doctype html|<html|<head|<meta|<table|<!--", start) or (b"<html" in start and start[:1] == b"<"):
        raise TableError(
            f"{called} is a web page (HTML), though it may be named .xls or .csv. Open it in Excel or LibreOffice and "
            "save it as CSV (UTF-8) or as an Excel workbook (.xlsx)."
        )
    if start.startswith(b"<?xml"):
        raise TableError(f"{called} is an XML file, not a table. {SAVE_AS}")
    if re.match(rb"[\[{]\s*[\[{\"]", start):
        raise TableError(f"{called} is a JSON file, not a table. Export it as CSV (UTF-8) or as an Excel workbook.")


def _describe_ole(stream: IO[bytes]) -> str:
    """What an OLE container holds, from the names in its directory, which may stand anywhere in the file."""
    stream.seek(0)
    tail, names = b"", {"EncryptedPackage": False, "Workbook": False, "Book": False, "WordDocument": False}
    while chunk := stream.read(MEBIBYTE):
        for name in names:
            names[name] = names[name] or name.encode("utf-16-le") in tail + chunk
        tail = chunk[-64:]
    if names["EncryptedPackage"]:
        return "protected by a password. Open it in Excel, remove the password (File, Info), and save it again."
    if names["Workbook"] or names["Book"]:
        return (
            "an old Excel file (.xls). Open it in Excel or LibreOffice and save it as an Excel workbook (.xlsx) or as "
            "CSV (UTF-8)."
        )
    if names["WordDocument"]:
        return f"a Word document, not a table. {SAVE_AS}"
    return f"an old Office file, not a table. {SAVE_AS}"
