"""Delimited text (CSV): its encoding, its delimiter, and its records as a stream."""

import codecs
import csv
import io
import re
from collections.abc import Generator, Iterator
from functools import partial
from typing import BinaryIO, NamedTuple

from .errors import TableError
from .shape import Limits, Record, Table, make_table

CHUNK = 256 * 1024
SAMPLE_CHARS = 256 * 1024
SAMPLE_RECORDS = 500
MAX_LINE = 1_000_000
PREFERRED = ",;\t|¬"
# Characters that stand inside ordinary headers and values and so never serve as a delimiter.
NEVER = frozenset("_-.'\"()/\r\n \u00a0\ufeff&@+%<>[]{}\\£$€")
CONTROL = re.compile(r"[\x01-\x08\x0e-\x19\x7f]")
CHECK_ACCENTS = (
    "The text is not UTF-8 and was read as Windows Western European (cp1252). Check names with accents in the preview."
)
SAVE_UTF8 = "Save it as “CSV UTF-8” and try again."

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16 LE"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16 BE"),
)


# What a sender may choose when the guess is wrong.
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": "Windows Western European (cp1252)",
    "cp1250": "Windows Central European (cp1250)",
    "cp1251": "Windows Cyrillic (cp1251)",
    "cp1253": "Windows Greek (cp1253)",
    "cp1254": "Windows Turkish (cp1254)",
    "cp1256": "Windows Arabic (cp1256)",
    "iso-8859-1": "ISO 8859-1",
    "iso-8859-2": "ISO 8859-2",
    "iso-8859-15": "ISO 8859-15",
    "mac_roman": "Mac Roman",
}


class Dialect(NamedTuple):
    """How the records are written: the delimiter, spaces before a quotation mark, lines to skip at the top."""

    delimiter: str
    skip_space: bool = False
    skip_lines: int = 0


def read_delimited(
    stream: BinaryIO, limits: Limits, *, encoding: str | None = None, delimiter: str | None = None
) -> Table:
    """Read delimited text; the whole stream is decoded once beforehand, so that a guess never fails half-way."""
    codec, words = _chosen_encoding(encoding) if encoding else _guess_encoding(stream)
    _check_decodable(stream, codec, words)
    dialect = _dialect(_sample(stream, codec), delimiter)
    notes = (CHECK_ACCENTS,) if codec == "cp1252" and not encoding else ()
    shown = {"\t": "tab", " ": "space"}.get(dialect.delimiter, f'"{dialect.delimiter}"')
    return make_table(partial(_records, stream, codec, dialect), f"CSV, {words}, delimiter {shown}", notes, limits)


def _chosen_encoding(encoding: str) -> tuple[str, str]:
    """Codec and words for an encoding chosen by the sender."""
    if encoding not in ENCODINGS:
        raise TableError(f"“{encoding}” is not an encoding that can be chosen. Choose one of: {', '.join(ENCODINGS)}.")
    return {"utf-8": "utf-8-sig"}.get(encoding, encoding), f"{ENCODINGS[encoding]} as chosen"


def _guess_encoding(stream: BinaryIO) -> tuple[str, str]:
    """Codec and its name in words: byte order mark, then UTF-16 by its zero bytes, then UTF-8, then cp1252."""
    stream.seek(0)
    head = stream.read(CHUNK)
    for mark, codec, words in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return codec, words
    if b"\x00" in head:
        return _guess_utf16(head)
    plain, broken = _utf8_until(stream)
    if broken is None:
        return "utf-8", "UTF-8" if plain else "plain ASCII"
    return "cp1252", "cp1252"


def _guess_utf16(head: bytes) -> tuple[str, str]:
    """Tell UTF-16 without a mark from bytes that are no text: ASCII characters leave zeros on one side only."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    for codec, words, many, few in (
        ("utf-16-le", "UTF-16 LE without a mark", odd, even),
        ("utf-16-be", "UTF-16 BE without a mark", even, odd),
    ):
        if many > max(3, len(head) // 20) and few * 20 < many:
            return codec, words
    line = head[: head.index(0)].count(b"\n") + 1
    raise TableError(
        f"Line {line} contains a NUL byte, so this is not a plain table of text, or it was damaged on the way. "
        "Export it again as CSV (UTF-8) or as an Excel workbook (.xlsx)."
    )


def _utf8_until(stream: BinaryIO) -> tuple[int, int | None]:
    """Count of non-ASCII characters decoded as UTF-8, and the line of the first byte that is not (None: all is)."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    stream.seek(0)
    accents, line = 0, 1
    while True:
        chunk = stream.read(CHUNK)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode("utf-8")
            accents += sum(character > "\x7f" for character in before)
            line += before.count("\n")
            if accents >= 3:
                # cp1252 text breaks at its first accent; text that got this far is UTF-8 with a damaged spot, and
                # reading it as cp1252 would silently turn every "é" into "Ã©".
                raise TableError(
                    f"The text is UTF-8 but line {line} has a byte that is not. The file was probably put together "
                    f"from two files. {SAVE_UTF8}"
                ) from error
            return accents, line
        if not chunk:
            return accents, None
        if not text.isascii():
            accents += sum(character > "\x7f" for character in text)
        line += text.count("\n")


def _check_decodable(stream: BinaryIO, codec: str, words: str) -> None:
    """Decode all of it strictly, without keeping it; refuse what does not decode, NUL, and binary data."""
    decoder = codecs.getincrementaldecoder(codec)("strict")
    stream.seek(0)
    line, controls, size = 1, 0, 0
    while True:
        chunk = stream.read(CHUNK)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeError:
            raise TableError(f"The text cannot be read as {words} (near line {line}). {SAVE_UTF8}") from None
        if "\x00" in text:
            line += text[: text.index("\x00")].count("\n")
            raise TableError(f"Line {line} contains a NUL character. Remove it, or export the file again.")
        controls += len(CONTROL.findall(text))
        size += len(text)
        line += text.count("\n")
        if not chunk:
            break
    if controls > max(20, size // 100):
        raise TableError(
            "This is not a table of text: it is full of control characters. Save it as CSV (UTF-8) or as an Excel "
            "workbook (.xlsx)."
        )


def _sample(stream: BinaryIO, codec: str) -> str:
    """The beginning of the text, cut at the end of a line where there is one."""
    stream.seek(0)
    decoder = codecs.getincrementaldecoder(codec)("strict")
    data = stream.read(SAMPLE_CHARS)
    text = decoder.decode(data).removeprefix("\ufeff")
    if len(data) == SAMPLE_CHARS and (end := max(text.rfind("\n"), text.rfind("\r"))) > 0:
        text = text[: end + 1]
    return text


def _dialect(sample: str, wanted: str | None) -> Dialect:
    """Decide the delimiter from the sample, not counting what stands inside quotation marks."""
    first_line = re.match(r"[^\r\n]*", sample)
    named = re.fullmatch(r"sep=(.)", first_line.group().strip(" ") if first_line else "", re.IGNORECASE)
    skip = 1 if named else 0
    if named or wanted:
        delimiter = wanted or (named.group(1) if named else ",")
    else:
        delimiter = _best_delimiter(sample)
    quoted_after_space = re.search(rf'(?m)(?:^|{re.escape(delimiter)}) +"', _without_quoted(sample, keep_spaces=True))
    return Dialect(delimiter, bool(quoted_after_space), skip)


def _without_quoted(sample: str, *, keep_spaces: bool = False) -> str:
    """Put a stand-in for each quoted cell, so that delimiters and line ends inside it do not count."""
    stand_in = r'\1\2"' if keep_spaces else r"\1Q"
    return re.sub(r'(^|[^\w\s"]|[\t\r\n])( *)"[^"]*(?:""[^"]*)*"', stand_in, sample)


def _best_delimiter(sample: str) -> str:
    """The character that cuts the records into the same number of cells as the header most often."""
    lines = [line for line in re.split(r"\r\n|\r|\n", _without_quoted(sample)) if line.strip()][:SAMPLE_RECORDS]
    for start in range(min(5, len(lines))):
        header, records = lines[start], lines[start:]
        best: tuple[float, bool, int, int, str] | None = None
        for character in dict.fromkeys(header):
            if character in NEVER or character.isalnum():
                continue
            count = header.count(character)
            # A title line above the header has no delimiter; only a real table of three columns is looked for there.
            if start and (count < 2 or len(records) < 3):
                continue
            rank = PREFERRED.find(character)
            score = sum(_agreement(line.count(character), count) for line in records) / len(records)
            if score < (0.5 if rank >= 0 else 0.9) or (rank < 0 and len(records) < 2):
                continue
            # Punctuation in prose is followed by a space, a delimiter seldom is.
            dense = sum(line.count(character + " ") * 2 <= line.count(character) for line in records) * 2 > len(records)
            candidate = (round(score, 1) + (0.3 if rank >= 0 else 0), dense, count, -rank, character)
            best = max(best, candidate) if best else candidate
        if best:
            return best[-1]
    return ","


def _agreement(found: int, expected: int) -> float:
    if found == expected:
        return 1.0
    return 0.5 if found > 0 else 0.0


def _records(stream: BinaryIO, codec: str, dialect: Dialect) -> Generator[Record]:
    """Stream the records; a record that breaks the rules of quoting is an error and reading goes on after it."""
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding=codec, errors="strict", newline="")
    try:
        for _ in range(dialect.skip_lines):
            text.readline(MAX_LINE)
        reader = csv.reader(_lines(text), delimiter=dialect.delimiter, skipinitialspace=dialect.skip_space, strict=True)
        while True:
            line = reader.line_num + 1 + dialect.skip_lines
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Record(line, [], _explain(error))
                continue
            yield Record(line, cells)
    finally:
        # Without this the wrapper would close the caller's stream when it is collected.
        text.detach()


def _explain(error: csv.Error) -> str:
    """The parser's complaint in words for the sender."""
    words = str(error)
    if "field larger than field limit" in words or "unexpected end of data" in words:
        return "A quotation mark is opened on this line and never closed."
    if "expected after" in words:
        return (
            "A quotation mark stands in the middle of a quoted cell. Double it, or remove the quotation marks around "
            "the cell."
        )
    return f"The row cannot be read: {words}."


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    number = 0
    while line := text.readline(MAX_LINE):
        number += 1
        if len(line) >= MAX_LINE:
            raise TableError(f"Line {number} is longer than {MAX_LINE:,} characters, so this is not a table of rows.")
        yield line
