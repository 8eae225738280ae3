"""Label sheets (apps/equipment/label_sheets.py): rendered to pictures and read back by an independent decoder."""

import io
import math
import random
from itertools import pairwise

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from apps.equipment.label_sheets import (
    LAYOUTS,
    LabelError,
    LabelFace,
    Layout,
    _fitting_code,
    _place,
    custom_grid,
    render_pages,
    render_pdf,
    unshowable_characters,
)

PPI = 203
TEXTS = [
    ("Bedpan washer 2", "Ward 3 · Sluice room, Level 2"),
    (
        "Washer-disinfector Getinge 46-5, serial 4711-0815-XX, behind the second door on the left " * 3,
        "Endoscopy " * 30,
    ),
    ("Łazienka – żółć", "Piętro 2"),
    ("Spălătorie ștțș", ""),
    ("हिन्दी: संचालन कक्ष", "सफ़ाई क्षेत्र"),
    ("غرفة العمليات", "חדר ניתוח 3"),
    ('#eval("1+1") $x$ *bold* _it_ \\ <tag> @ref "q"', "`raw` // c /* d */ [x] {y} #panic()"),
    ("🧹 Cleaning trolley 👩‍⚕️", "部屋"),
    ("Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft", "x" * 300),
    ("\x00\u202e\ud800", "\n\t"),
    ("", ""),
]


def face(number: int = 0, *, logo: bytes | None = None, host: str = "northgate.cleantrack.example") -> LabelFace:
    title, place = TEXTS[number % len(TEXTS)]
    code = "".join(random.Random(number).choices("23456789ABCDEFGHJKMNPQRSTVWXYZ", k=10))
    return LabelFace(code, f"https://{host}/q/{code}", title, place, "Northgate University Hospitals NHS Trust", logo)


def picture(width: int = 300, height: int = 120) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), (0, 94, 184)).save(stream, "PNG")
    return stream.getvalue()


def open_page(page: bytes) -> Image.Image:
    return Image.open(io.BytesIO(page)).convert("L")


def decode(image: Image.Image) -> set[str]:
    found = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    return {barcode.text for barcode in found}


@pytest.mark.parametrize("layout", [*LAYOUTS.values(), custom_grid(8, 4), custom_grid(1, 1)], ids=lambda it: it.name)
def test_every_label_decodes_at_203_dpi(layout):
    faces = [face(number, logo=picture() if number % 2 else None) for number in range(max(len(TEXTS), layout.per_page))]
    pages = render_pages(faces, layout, title="Labels", ppi=PPI)
    assert len(pages) == math.ceil(len(faces) / layout.per_page)
    decoded = set().union(*(decode(open_page(page)) for page in pages))
    assert decoded == {one.url for one in faces}


class TestCovered:
    """A fifth of a code's area covered, in white, black and grey."""

    def covered(self, layout: Layout, shapes, trials: int) -> list[bool]:
        outcomes = []
        for number in range(trials):
            one = face(number)
            size, module, _ = _fitting_code(one.url, layout)
            image = open_page(render_pages([one], layout, title="Labels", ppi=PPI)[0])
            code, scale = _place(one, layout, 0)["code"], PPI / 25.4
            for colour in (255, 0, 128):
                for left, top, width, height in shapes(size, random.Random(number)):
                    hidden = image.copy()
                    corner = [(code["x"] + left * module) * scale, (code["y"] + top * module) * scale]
                    opposite = [corner[0] + width * module * scale, corner[1] + height * module * scale]
                    ImageDraw.Draw(hidden).rectangle([*corner, *opposite], fill=colour)
                    outcomes.append(one.url in decode(hidden))
        return outcomes

    @staticmethod
    def squares(size: int, chance: random.Random):
        """Squares of a fifth of the code anywhere but on the three finder patterns, and three fixed places."""
        side = math.sqrt(0.2) * size
        yield size - side, size - side, side, side
        yield (size - side) / 2, (size - side) / 2, side, side
        yield size - size / 5, 8, size / 5, size - 8
        found = 0
        while found < 3:
            x, y = chance.uniform(0, size - side), chance.uniform(0, size - side)
            if not ((x < 9 and (y < 9 or y + side > size - 8)) or (x + side > size - 8 and y < 9)):
                found += 1
                yield x, y, side, side

    @pytest.mark.parametrize("name", ["zebra-50x25", "brother-29", "a4-3x8"])
    def test_a_square_fifth(self, name):
        assert all(self.covered(LAYOUTS[name], self.squares, trials=6))

    def test_a_band_down(self):
        assert all(self.covered(LAYOUTS["zebra-57x32"], lambda n, _: [(n * 0.4, 0, n / 5, n)], trials=6))

    def test_a_band_across_mostly(self):
        # Groups of eight squares stand upright, so a band across touches more of them: not all codes survive it.
        outcomes = self.covered(LAYOUTS["zebra-57x32"], lambda n, r: [(0, r.uniform(9, n * 0.65), n, n / 5)], trials=20)
        assert sum(outcomes) >= len(outcomes) * 0.4

    def test_a_finder_pattern_is_needed(self):
        assert not any(self.covered(LAYOUTS["zebra-57x32"], lambda n, _: [(0, 0, n * 0.45, n * 0.45)], trials=2))


class TestGeometry:
    @pytest.mark.parametrize("layout", [*LAYOUTS.values(), custom_grid(10, 5, gutter_x=3)], ids=lambda it: it.name)
    def test_labels_stand_on_the_page_and_codes_in_their_label(self, layout):
        for index in range(layout.per_page):
            x, y = layout.origin(index)
            assert x >= 0
            assert y >= 0
            assert x + layout.cell_width <= layout.page_width + 0.01
            assert y + layout.cell_height <= layout.page_height + 0.01
            placed = _place(face(), layout, index)
            code, text = placed["code"], placed["text"]
            _size, module, _drawing = _fitting_code(face().url, layout)
            assert module >= 0.33
            dots = module * layout.dpi / 25.4
            assert dots == pytest.approx(round(dots))
            quiet = 4 * module - 25.4 / layout.dpi
            assert code["x"] - quiet >= x - 0.01
            assert code["y"] - quiet >= y - 0.01
            assert code["x"] + code["size"] + quiet <= x + layout.cell_width + 0.01
            assert code["y"] + code["size"] + quiet <= y + layout.cell_height + 0.01
            assert text["width"] > 10
            assert text["height"] > 8
            assert text["x"] + text["width"] <= x + layout.cell_width
            assert text["y"] + text["height"] <= y + layout.cell_height

    def test_bought_sheets(self):
        l7165, wide = LAYOUTS["a4-2x4"], LAYOUTS["a4-3x8"]
        assert l7165.origin(0) == pytest.approx((4.65, 13.1))
        assert l7165.origin(3) == pytest.approx((4.65 + 101.6, 13.1 + 67.7))
        assert wide.origin(23) == pytest.approx((140, 0.5 + 7 * 37))

    def test_start_at_skips_used_positions(self):
        layout = LAYOUTS["a4-3x8"]
        faces = [face(number) for number in range(3)]
        pages = render_pages(faces, layout, title="Labels", start_at=23, ppi=PPI)
        assert len(pages) == 2
        first, second = (open_page(page) for page in pages)
        assert decode(first) == {faces[0].url, faces[1].url}
        assert decode(second) == {faces[2].url}
        assert first.crop((0, 0, first.width, first.height * 7 // 8)).getextrema() == (255, 255)
        for bad in (0, 25):
            with pytest.raises(LabelError, match="positions 1 to 24"):
                render_pdf(faces, layout, title="Labels", start_at=bad)

    def test_custom_grids(self):
        layout = custom_grid(3, 2, margin_x=10, margin_y=15, gutter_x=4, gutter_y=2)
        assert (layout.cell_width, layout.cell_height) == pytest.approx((93, 263 / 3))
        assert "2 × 3 labels" in layout.description
        for rows, columns, margin in ((0, 1, 8), (30, 15, 8), (1, 1, -1)):
            with pytest.raises(LabelError):
                custom_grid(rows, columns, margin_x=margin)


class TestPdf:
    def test_same_input_same_bytes(self):
        faces = [face(number, logo=picture()) for number in range(12)]
        first, second = (render_pdf(faces, LAYOUTS["a4-2x4"], title="Labels", language="pt-br") for _ in range(2))
        assert first == second
        assert first.startswith(b"%PDF-1.7")
        assert b"pdfuaid" in first
        assert b"/Lang" in first

    def test_language_that_is_no_tag(self):
        assert render_pdf([face()], LAYOUTS["zebra-57x32"], title="", language='en"#x').startswith(b"%PDF")

    def test_page_size(self):
        width, height = open_page(render_pages([face()], LAYOUTS["brother-29"], title="x", ppi=300)[0]).size
        assert abs(width - 29 / 25.4 * 300) <= 1
        assert abs(height - 62 / 25.4 * 300) <= 1


class TestBadInput:
    def test_nothing_and_too_much(self):
        with pytest.raises(LabelError, match="no labels"):
            render_pdf([], LAYOUTS["a4-2x4"], title="x")
        with pytest.raises(LabelError, match="At most 5,000"):
            render_pdf([face()] * 5001, LAYOUTS["a4-2x4"], title="x")

    def test_url_too_long_for_the_label(self):
        long = face(host="a-very-long-name-of-a-hospital-trust." * 5 + "example")
        with pytest.raises(LabelError, match=r"under 0\.33 mm, too small to scan"):
            render_pdf([long], LAYOUTS["zebra-50x25"], title="x")
        assert decode(open_page(render_pages([long], LAYOUTS["zebra-102x51"], title="x")[0])) == {long.url}

    @pytest.mark.parametrize("url", ["", "ftp://a/q/x", "javascript:alert(1)", "https://", "https://a/" + "x" * 300])
    def test_not_a_web_address(self, url):
        with pytest.raises(LabelError, match="web address"):
            render_pdf([LabelFace("K7Q2M9FMX4", url, "", "", "")], LAYOUTS["a4-2x4"], title="x")

    @pytest.mark.parametrize("logo", [b"not a picture", b"\x89PNG\r\n\x1a\n", picture()[:60], b"<svg/>"])
    def test_logo_that_is_no_picture(self, logo):
        with pytest.raises(LabelError, match="logo"):
            render_pdf([face(logo=logo)], LAYOUTS["a4-2x4"], title="x")

    @pytest.mark.parametrize("size", [(1, 1), (2000, 4), (4, 2000)])
    def test_logo_of_odd_shape(self, size):
        assert render_pdf([face(logo=picture(*size))], LAYOUTS["zebra-57x32"], title="x").startswith(b"%PDF")

    def test_characters_without_a_shape(self):
        assert unshowable_characters(["部屋 Room ș कक्ष"]) >= {"部", "屋"}
        assert not unshowable_characters(["Łazienka żółć ștțș Éö – “x” कमरा"])


def test_markup_is_text():
    """What looks like markup is drawn as it stands: two such labels differ where their texts do."""
    layout = LAYOUTS["zebra-102x51"]
    base = face(0)
    drawn = [
        render_pages([LabelFace(base.code, base.url, title, "", "")], layout, title="x")[0]
        for title in ("#(1+1)", "2", "*2*", "\\2", "$2$")
    ]
    assert all(left != right for left, right in pairwise(drawn))
    assert len(set(drawn)) == len(drawn)
