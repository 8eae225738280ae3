"""Reading, matching, parsing and writing tables (apps/operations/tabular)."""

import io
import itertools
import tracemalloc
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from apps.operations.tabular import (
    Table,
    TableError,
    Target,
    is_ambiguous_date,
    match_columns,
    parse_boolean,
    parse_choice,
    parse_date,
    parse_decimal,
    parse_integer,
    parse_latitude,
    parse_longitude,
    parse_text,
    parse_time_zone,
    read_table,
    restore_cell,
    safe_cell,
    write_csv,
)

EXCERPT = [
    ["OrganisationID", "OrganisationName", "Address1", "Postcode", "Latitude", "Longitude"],
    ["17970", "Hôpital Saint-André", "", "KT12 3LD", "51.379997253417969", "-0.40604206919670105"],
    ["18142", "Müller “House”", "12; Old Road", "SG8 5JP", "52.078121185302734", "-3.0604055151343346E-2"],
]


def read(data: bytes, **options) -> Table:
    return read_table(io.BytesIO(data), **options)


def cells(table: Table) -> list[list[str]]:
    return [row.cells for row in table.rows()]


def refusal(data: bytes, **options) -> str:
    with pytest.raises(TableError) as caught:
        list(read(data, **options).rows())
    return str(caught.value)


def xlsx(rows: Sequence[Sequence[object]], *, before: Sequence[str] = ()) -> bytes:
    workbook = openpyxl.Workbook()
    for title in before:
        workbook.create_sheet(title)
    if before:
        workbook.remove(workbook.worksheets[0])
        workbook.create_sheet("Sites")
    for row in rows:
        workbook.worksheets[-1].append(list(row))
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def archive(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return stream.getvalue()


def replace_in_archive(data: bytes, name: str, old: bytes, new: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        files = {member: source.read(member) for member in source.namelist()}
    assert old in files[name]
    return archive(files | {name: files[name].replace(old, new)})


class TestDelimited:
    @pytest.mark.parametrize("newline", ["\r\n", "\n", "\r"])
    @pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
    @pytest.mark.parametrize("delimiter", list(",;\t|¬~^§:#"))
    def test_delimiters_encodings_line_ends(self, delimiter, encoding, newline):
        lines = [delimiter.join(f'"{c}"' if delimiter in c else c for c in row) for row in EXCERPT]
        table = read((newline.join(lines) + newline).encode(encoding))
        assert table.columns == EXCERPT[0]
        assert cells(table) == EXCERPT[1:]

    @pytest.mark.parametrize(
        ("encoding", "words"),
        [
            ("utf-8", "UTF-8"),
            ("utf-8-sig", "UTF-8"),
            ("cp1252", "cp1252"),
            ("utf-16", "UTF-16 LE"),
            ("utf-16-be", "UTF-16 BE without a mark"),
        ],
    )
    def test_says_what_it_read(self, encoding, words):
        table = read("naïve;b\né;2\n".encode(encoding))
        assert table.format == f'CSV, {words}, delimiter ";"'
        assert bool(table.notes) == (encoding == "cp1252")

    def test_encoding_and_delimiter_can_be_chosen(self):
        data = "nazwa;opis, x\nŁódź;a, b\n".encode("cp1250")
        assert cells(read(data)) != [["Łódź", "a, b"]]
        assert cells(read(data, encoding="cp1250")) == [["Łódź", "a, b"]]
        assert read(data, delimiter=",").columns == ["nazwa;opis", "x"]
        assert "cannot be read as UTF-8" in refusal(data, encoding="utf-8")
        assert "is not an encoding that can be chosen" in refusal(data, encoding="zlib")

    def test_rows_can_be_read_twice_and_stream_stays_open(self):
        stream = io.BytesIO(b"a,b\n1,2\n3,4\n")
        table = read_table(stream)
        next(table.rows())
        assert cells(table) == cells(table) == [["1", "2"], ["3", "4"]]
        assert not stream.closed

    def test_quoted_line_ends_and_quotation_marks(self):
        table = read(b'name,note\r\n"a ""b"" c","line 1\r\nline 2, still"\r\n5" pipe,x\r\n')
        assert [(row.line, row.cells) for row in table.rows()] == [
            (2, ['a "b" c', "line 1\r\nline 2, still"]),
            (4, ['5" pipe', "x"]),
        ]

    def test_delimiter_inside_quotation_marks_does_not_count(self):
        table = read(b'name;address\n"Smith, Jones, and, sons";"1, A, B"\n"Doe, x, y, z";"2, C, D"\n')
        assert table.columns == ["name", "address"]

    def test_space_before_quotation_mark(self):
        assert cells(read(b'a, b\n1, "x, y"\n2, "z"\n')) == [["1", "x, y"], ["2", "z"]]

    def test_ragged_rows(self):
        table = read(b"a,b,c\n1\n1,2,3,,\n1,2,3,4\n\n,,\n7,8,9\n\n\n")
        rows = list(table.rows())
        assert [row.line for row in rows] == [2, 3, 4, 7]
        assert [row.cells for row in rows] == [["1", "", ""], ["1", "2", "3"], ["1", "2", "3"], ["7", "8", "9"]]
        assert [bool(row.error) for row in rows] == [False, False, True, False]
        assert "4 cells but the header has 3" in rows[2].error

    def test_broken_quoting_is_an_error_of_its_row_only(self):
        rows = list(read(b'a,b\n"x" y,1\nok,2\n"never closed,3\nlost,4\n').rows())
        assert [(row.line, bool(row.error)) for row in rows] == [(2, True), (3, False), (4, True)]
        assert "middle of a quoted cell" in rows[0].error
        assert "never closed" in rows[2].error

    def test_long_cell_is_an_error_of_its_row(self):
        rows = list(read(b"a,b\n1," + b"x" * 10_001 + b"\n2,3\n").rows())
        assert "longer than 10,000" in rows[0].error
        assert not rows[1].error

    def test_headers_are_cleaned_and_distinct(self):
        table = read("\ufeff Name\xa0,,name,Site   code,\n1,2,3,4,5\n".encode())
        assert table.columns == ["Name", "column 2", "name (2)", "Site code", "column 5"]

    def test_title_lines_above_the_header_and_sep_line(self):
        table = read(b"List of sites\n\nname;code;city\nA;1;x\nB;2;y\n")
        assert table.columns == ["name", "code", "city"]
        assert [row.line for row in table.rows()] == [4, 5]
        table = read(b"sep=|\na|b\n1|2\n")
        assert (table.columns, [row.line for row in table.rows()]) == (["a", "b"], [3])

    def test_one_column(self):
        assert cells(read(b"name\nLeeds\nYork\n")) == [["Leeds"], ["York"]]

    def test_decimal_commas_do_not_make_a_delimiter(self):
        assert read(b"a;b\n1,5;2,5\n3,5;4,5\n").columns == ["a", "b"]

    @pytest.mark.parametrize("data", [b"", b"\n\n  \n", b"\xef\xbb\xbf", b"\xff\xfe", b",,\n,,\n"])
    def test_empty(self, data):
        assert "empty" in refusal(data)

    def test_header_only(self):
        assert "no rows under it" in refusal(b"name,code\n\n")

    def test_nul(self):
        assert "Line 2 contains a NUL" in refusal(b"a,b\n1\x00,2\n")
        assert "NUL" in refusal("a,b\n1\x00,2\n".encode("utf-16"))

    def test_damaged_utf8_is_not_read_as_cp1252(self):
        words = refusal("n,o\né,1\nü,2\nö,3\n".encode() + b"\xe9,4\n")
        assert "line 5" in words
        assert "UTF-8" in words

    def test_limits(self):
        assert "more than 2 rows" in refusal(b"a,b\n1,1\n2,2\n3,3\n", max_rows=2)
        assert "5 columns; at most 4" in refusal(b"a,b,c,d,e\n1,2,3,4,5\n", max_columns=4)
        assert "not a table of rows" in refusal(b"a,b\n" + b"x" * 1_500_000)

    def test_large_file_is_refused_without_reading_it(self):
        class Large(io.BytesIO):
            def seek(self, offset: int, whence: int = 0) -> int:
                return 200 * 1024 * 1024 if whence == 2 else super().seek(offset, whence)

            def read(self, size: int | None = -1) -> bytes:
                raise AssertionError("read")

        with pytest.raises(TableError, match="larger than 50 MB"):
            read_table(Large())

    def test_stream_that_cannot_seek(self):
        class Pipe(io.RawIOBase):
            taken = 0

            def readable(self) -> bool:
                return True

            def read(self, size: int = -1) -> bytes:
                self.taken += size
                return b"a,b\n" + b"1,2\n" * ((size - 4) // 4)

        pipe = Pipe()
        with pytest.raises(TableError, match="larger than 2 MB"):
            read_table(pipe, max_bytes=2 * 1024 * 1024)  # type: ignore[arg-type]
        assert pipe.taken <= 4 * 1024 * 1024

    def test_binary_without_nul(self):
        data = bytes(itertools.islice(itertools.cycle(b"\x01\x02,\x03\n\x05a"), 4000))
        assert "control characters" in refusal(data)


class TestOtherTypes:
    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"%PDF-1.7\n", "PDF document"),
            (b"\x89PNG\r\n\x1a\n\x00", "PNG picture"),
            (b"\xff\xd8\xff\xe0\x00", "JPEG"),
            (b"<html><body><table><tr><td>a", "web page"),
            (b"\xef\xbb\xbf\r\n<!DOCTYPE html><html>", "web page"),
            (b'<?xml version="1.0"?><Workbook>', "XML"),
            (b'[{"name": 1}]', "JSON"),
            (b"\x1f\x8b\x08\x00", "unpack it"),
            (archive({"a.csv": b"a,b"}), "Unpack it"),
            (archive({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}), ".ods"),
            (archive({"[Content_Types].xml": b"", "word/document.xml": b""}), "Word document"),
            (archive({"xl/workbook.bin": b""}), ".xlsb"),
            (archive({"xl/workbook.xml": b"<oops", "[Content_Types].xml": b"x"}), "damaged"),
            (b"PK\x03\x04 not really", "damaged"),
        ],
    )
    def test_named(self, data, words):
        assert words in refusal(data, filename="list.csv")

    @pytest.mark.parametrize(
        ("inside", "words"),
        [("EncryptedPackage", "password"), ("Workbook", "old Excel file"), ("WordDocument", "Word document")],
    )
    def test_ole(self, inside, words):
        data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000_000) + inside.encode("utf-16-le")
        assert words in refusal(data, filename="list.xlsx")

    def test_wrong_extension_does_not_matter(self):
        assert read(b"a,b\n1,2\n", filename="list.xlsx").columns == ["a", "b"]
        assert read(xlsx([["a"], ["b"]]), filename="list.csv").format == 'XLSX, sheet "Sheet"'


class TestWorkbook:
    def test_values_as_people_see_them(self):
        table = read(
            xlsx(
                [
                    ["text", "whole", "float", "sum", "date", "moment", "yes", "none"],
                    ["Łódź", 3.0, 2.5, 0.1 + 0.2, date(2026, 1, 31), datetime(2026, 1, 31, 8, 30), True, None],  # noqa: DTZ001
                    ["x", 1231, -0.40604206919670105, 1e20, None, None, False, "y"],
                ]
            )
        )
        assert cells(table) == [
            ["Łódź", "3", "2.5", "0.3", "2026-01-31", "2026-01-31T08:30", "TRUE", ""],
            ["x", "1231", "-0.406042069196701", "1e+20", "", "", "FALSE", "y"],
        ]

    def test_first_sheet_with_content(self):
        table = read(xlsx([["a", "b"], [1, 2]], before=["Empty", "Also empty"]))
        assert table.format == 'XLSX, sheet "Sites"'

    def test_hidden_sheet_is_passed_over(self):
        workbook = openpyxl.Workbook()
        workbook.worksheets[0].append(["choice"])
        workbook.worksheets[0].sheet_state = "hidden"
        workbook.create_sheet("Sites").append(["a", "b"])
        workbook["Sites"].append([1, 2])
        workbook.active = 1
        stream = io.BytesIO()
        workbook.save(stream)
        assert read(stream.getvalue()).format == 'XLSX, sheet "Sites"'

    def test_line_numbers_blank_and_long_rows(self):
        table = read(xlsx([["Title"], [], ["a", "b", "c"], [1, 2, 3], [None], [4, 5, 6, 7]]))
        assert table.columns == ["a", "b", "c"]
        assert [(row.line, bool(row.error)) for row in table.rows()] == [(4, False), (6, True)]

    def test_formula_without_result_and_error_value(self):
        rows = list(read(xlsx([["a", "b"], [1, "=A2+1"], [1, 2]])).rows())
        assert "Cell B2 holds a formula" in rows[0].error
        assert not rows[1].error
        data = replace_in_archive(
            xlsx([["a", "b"], [1, 77]]),
            "xl/worksheets/sheet1.xml",
            b'<c r="B2" t="n"><v>77',
            b'<c r="B2" t="e"><v>#REF!',
        )
        assert "Cell B2 shows the error #REF!" in next(read(data).rows()).error

    def test_formula_with_result(self):
        data = replace_in_archive(
            xlsx([["a", "b"], [1, 77]]),
            "xl/worksheets/sheet1.xml",
            b'<c r="B2" t="n"><v>77',
            b'<c r="B2" t="n"><f>A2*77</f><v>77',
        )
        assert cells(read(data)) == [["1", "77"]]

    def test_zip_bomb(self):
        files = {"xl/workbook.xml": b"x", "xl/worksheets/sheet1.xml": bytes(40 * 1024 * 1024)}
        assert "would unpack to 40 MB" in refusal(archive(files))

    def test_entities(self):
        data = replace_in_archive(
            xlsx([["a"], [1]]),
            "xl/worksheets/sheet1.xml",
            b"<worksheet ",
            b'<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet ',
        )
        assert "XML that is not allowed" in refusal(data)

    def test_hostile_row_and_column_numbers(self):
        data = xlsx([["a", "b"], [1, 77]])
        far = replace_in_archive(data, "xl/worksheets/sheet1.xml", b'<row r="2"', b'<row r="9999999999"')
        assert "damaged" in refusal(far)
        wide = replace_in_archive(data, "xl/worksheets/sheet1.xml", b'r="B2"', b'r="XFD2"')
        assert "Cell XFD2 stands beyond column 200" in next(read(wide).rows()).error

    def test_truncated(self):
        data = xlsx([["a", "b"], *[[i, i] for i in range(500)]])
        assert "damaged" in refusal(data[: len(data) // 2])

    def test_empty_workbook_and_header_only(self):
        assert "no sheet with anything in it" in refusal(xlsx([]))
        assert "no rows under it" in refusal(xlsx([["a", "b"]]))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_memory_does_not_grow_with_the_file(kind, tmp_path):
    def peak(count: int) -> int:
        path = tmp_path / f"{count}.{kind}"
        if kind == "csv":
            path.write_bytes(b"".join(write_csv(["a", "b", "c"], ([f"row {i}", i, "x"] for i in range(count)))))
        else:
            workbook = openpyxl.Workbook(write_only=True)
            sheet = workbook.create_sheet("Data")
            for i in range(count):
                sheet.append([i, i / 3, i * 2])
            workbook.save(path)
        with path.open("rb") as stream:
            tracemalloc.start()
            assert sum(1 for _ in read_table(stream).rows()) >= count - 1
            measured = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return measured

    assert peak(16_000) < peak(1_000) + 1_500_000


class TestMatching:
    targets = (
        Target("name", "Name", ("site name", "organisation name"), required=True),
        Target("code", "External code", ("ods code", "organisation code"), required=True),
        Target("address", "Address", ("address line 1",)),
        Target("postcode", "Postcode", ("zip", "post code")),
        Target("latitude", "Latitude", ("lat",)),
        Target("country", "Country"),
    )

    def test_published_headers(self):
        columns = ["ParentODSCode", "ParentName", "OrganisationCode", "OrganisationName", "Address1", "Address2"]
        assert match_columns([*columns, "County", "Postcode", "Latitude"], self.targets) == {
            "name": "OrganisationName",
            "code": "OrganisationCode",
            "address": "Address1",
            "postcode": "Postcode",
            "latitude": "Latitude",
            "country": None,
        }

    def test_exact_before_alias_before_likeness(self):
        assert match_columns(["Site name", "NAME", "Other name"], self.targets)["name"] == "NAME"
        assert match_columns(["Other name", "site_name"], self.targets)["name"] == "site_name"
        assert match_columns(["x", "Other name"], self.targets)["name"] == "Other name"
        assert match_columns(["Post-Code", "Lattitude"], self.targets) == {
            "name": None,
            "code": None,
            "address": None,
            "postcode": "Post-Code",
            "latitude": "Lattitude",
            "country": None,
        }

    @given(st.lists(st.text(max_size=12), unique=True, max_size=8))
    def test_each_column_is_used_once(self, columns):
        used = [column for column in match_columns(columns, self.targets).values() if column is not None]
        assert len(used) == len(set(used))
        assert set(used) <= set(columns)


class TestValues:
    def test_text(self):
        assert parse_text("  a \xa0 b\n c ") == "a b c"
        assert parse_text(" a \r\n b ", multiline=True) == "a\nb"
        for bad in ("a\x07", "a\u202eb"):
            with pytest.raises(ValueError, match="control character"):
                parse_text(bad)
        with pytest.raises(ValueError, match="has 4 characters"):
            parse_text("abcd", max_length=3)

    @pytest.mark.parametrize(
        ("text", "number"),
        [
            ("1,234.5", "1234.5"),
            ("1.234,5", "1234.5"),
            ("1 234,5", "1234.5"),
            ("1'234", "1234"),
            ("1,234", "1234"),
            ("12,5", "12.5"),
            ("-3.0604055151343346E-2", "-0.030604055151343346"),
            ("−4", "-4"),
            (" .5", "0.5"),
            ("१२", "12"),
        ],
    )
    def test_decimal(self, text, number):
        assert parse_decimal(text) == Decimal(number)

    @pytest.mark.parametrize(
        "text", ["", "x", "1e999", "NaN", "inf", "1,2,3", "1.2.3", "--1", "0x10", "1_000", "9" * 70]
    )
    def test_not_a_decimal(self, text):
        with pytest.raises(ValueError, match=r"not a number|is empty"):
            parse_decimal(text)

    def test_integer(self):
        assert (parse_integer("3.0"), parse_integer("1,231")) == (3, 1231)
        with pytest.raises(ValueError, match="not a whole number"):
            parse_integer("3.5")

    def test_coordinates(self):
        assert parse_latitude("51,379") == Decimal("51.379")
        assert parse_longitude("-180") == -180
        with pytest.raises(ValueError, match="between -90 and 90"):
            parse_latitude("90.1")

    @pytest.mark.parametrize(
        "text",
        [
            "2026-01-31",
            "31/01/2026",
            "31.1.26",
            "2026-01-31T10:30:00Z",
            "31/01/2026 10:30",
            "20260131",
            "31 Jan 2026",
            "January 31st, 2026",
            "31-Jan-26",
            "46053",
            "46053.75",
        ],
    )
    def test_date(self, text):
        assert parse_date(text) == date(2026, 1, 31)

    @pytest.mark.parametrize("text", ["", "31/02/2026", "01/31/2026", "tomorrow", "12", "2026-13-01", "0001-01-01"])
    def test_not_a_date(self, text):
        with pytest.raises(ValueError, match=r"^.{8,}"):
            parse_date(text)

    def test_month_first_only_when_told(self):
        assert parse_date("03/04/2026") == date(2026, 4, 3)
        assert parse_date("03/04/2026", day_first=False) == date(2026, 3, 4)
        assert is_ambiguous_date("03/04/2026")
        assert not is_ambiguous_date("03/03/2026")
        assert not is_ambiguous_date("2026-03-04")

    def test_boolean(self):
        assert [parse_boolean(word) for word in ("Yes", "y", "TRUE", "1")] == [True] * 4
        assert [parse_boolean(word) for word in ("no", "N", "False", "0")] == [False] * 4
        with pytest.raises(ValueError, match="neither yes nor no"):
            parse_boolean("maybe")

    def test_time_zone(self):
        assert parse_time_zone("europe/london") == "Europe/London"
        assert parse_time_zone("London") == "Europe/London"
        assert parse_time_zone("new york") == "America/New_York"
        with pytest.raises(ValueError, match="Europe/London"):
            parse_time_zone("Mars/Base")

    def test_choice(self):
        choices = {"in_service": "In service", "retired": "Retired"}
        assert parse_choice("IN-SERVICE", choices) == "in_service"
        with pytest.raises(ValueError, match="not one of: In service, Retired"):
            parse_choice("broken", choices)


class TestWriting:
    @pytest.mark.parametrize(
        "text",
        [
            "=1+1",
            "+cmd",
            "-2+3",
            "@SUM(A1)",
            "\tx",
            "\rx",
            " =1",
            "'=1",
            '"=1',
            "\ufeff=1",
            "＝1",
            "+44-20-7946",
            "-A1",
        ],
    )
    def test_dangerous_text_gets_an_apostrophe(self, text):
        assert safe_cell(text) == "'" + text
        assert restore_cell(safe_cell(text)) == text

    @pytest.mark.parametrize("text", ["-5", "-1.5E-2", "+44 (0)20 7946 0958", "O'Brien", "'quoted'", "a=b", "", "1-2"])
    def test_harmless_text_is_left_alone(self, text):
        assert safe_cell(text) == restore_cell(text) == text

    def test_other_values(self):
        values = [None, True, -5, 1.5, Decimal("-1.50"), date(2026, 1, 31)]
        assert [safe_cell(value) for value in values] == ["", "yes", "-5", "1.5", "-1.50", "2026-01-31"]

    def test_streams(self):
        def rows():
            yield ["x"] * 3
            yield from itertools.repeat(["y" * 100] * 3, 1000)

        chunks = list(write_csv(["a", "b", "c"], rows()))
        assert len(chunks) > 2
        assert chunks[0].startswith(b"\xef\xbb\xbfa,b,c\r\nx,x,x\r\n")

    @settings(max_examples=300, deadline=None)
    @given(
        st.lists(
            st.lists(
                st.text(
                    st.one_of(
                        st.sampled_from("=+-@'\"\t\r\n ,;|¬ \ufeff1a"),
                        st.characters(exclude_categories=["Cs", "Cc"]),
                    ),
                    max_size=8,
                ),
                min_size=3,
                max_size=3,
            ),
            min_size=1,
            max_size=6,
        )
    )
    @example([["", "", "0"], ["", "", "\r"]])
    @example([["'", "''=", "\r\n="], [' "a', "'=\"", "a\rb"]])
    def test_round_trip(self, rows):
        expected = [row for row in rows if "".join(row).strip(" \t\r\n\v\f\x1a\xa0\ufeff\u200b")]
        data = b"".join(write_csv(["name", "code", "=note"], rows))
        assume(expected)
        table = read(data)
        assert table.columns == ["name", "code", "=note"]
        assert cells(table) == expected
        assert not [row for row in table.rows() if row.error]
