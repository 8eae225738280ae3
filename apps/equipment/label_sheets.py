"""Sheets and rolls of labels as PDF: QR code, name, place, code to type by hand, organization and logo."""

import hashlib
import io
import json
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import segno
import typst
from PIL import Image, UnidentifiedImageError
from segno.encoder import DataOverflowError

from .codes import spell

TEMPLATE: Final = Path(__file__).with_name("label_sheets.typ")
# Fonts put here are used besides those of the system and those inside typst.
FONT_FOLDER: Final = Path(__file__).with_name("fonts")
# The first of each script that is at hand is used. Typst itself brings Libertinus, with which Hindi lacks conjuncts.
SANS: Final = (
    "Noto Sans",
    "Liberation Sans",
    "Arial",
    "DejaVu Sans",
    "Noto Sans Devanagari",
    "Lohit Devanagari",
    "Kohinoor Devanagari",
    "Nirmala UI",
    "Libertinus Serif",
)
MAX_LABELS: Final = 5000
KEEP_IN_CACHE: Final = 30
MAX_URL: Final = 300
MAX_TEXT: Final = 300
MAX_LOGO_BYTES: Final = 5 * 1024 * 1024
MAX_LOGO_PIXELS: Final = 25_000_000
LOGO_SIDE: Final = 480
# Below a third of a millimetre, phone cameras and thermal printers begin to lose squares.
LEAST_MODULE: Final = 0.33
GOOD_MODULE: Final = 0.37
LARGEST_MODULE: Final = 1.5
QUIET: Final = 4
# A larger code than the address needs survives more: dirt spoils whole groups of eight squares, and the smaller the
# groups the less is lost at its edge. With a square fifth covered, version 6 was read in half of the trials and
# version 10 in all; versions beyond 10 did no better.
STURDY_VERSIONS: Final = (10, 7)
# Trying all eight masks takes segno 6 ms a code instead of 1, and readers do not care which one it is.
MASK: Final = 3
_BITS: Final = bytes.maketrans(b"\x00\x01", b"01")
UNSHOWABLE: Final = "\U0010fffd"


class LabelError(Exception):
    """Labels that cannot be made; the message says why and what to do, in words for the person printing."""


@dataclass(frozen=True, slots=True)
class LabelFace:
    """What is printed on one label. `url` is what the QR code holds; `code` is its part to type by hand."""

    code: str
    url: str
    title: str
    place: str
    organization: str
    logo: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where labels stand on a page; lengths in millimetres. Padding is what must stay unprinted inside a label."""

    name: str
    description: str
    page_width: float
    page_height: float
    columns: int = 1
    rows: int = 1
    cell_width: float
    cell_height: float
    margin_left: float = 0.0
    margin_top: float = 0.0
    gutter_x: float = 0.0
    gutter_y: float = 0.0
    pad_x: float = 3.0
    pad_y: float = 3.0
    dpi: int = 600
    cut_lines: bool = False

    @property
    def beside(self) -> bool:
        """Whether the words stand beside the code; on narrow labels they stand under it."""
        return self.cell_width >= 1.25 * self.cell_height

    def module(self, size: int) -> float:
        """Side of one square of a code of that many squares, in mm: whole dots of the printer, or 0.

        A square of three dots and a half would come out as three here and as four there.
        """
        width, height, whole = self.cell_width, self.cell_height, size + 2 * QUIET
        if self.beside:
            room = min((height - 2 * self.pad_y) / size, height / whole, width * 0.52 / whole)
        else:
            room = min((width - 2 * self.pad_x) / size, width / whole, height * 0.6 / whole)
        dot = 25.4 / self.dpi
        return max(0, int(min(room, LARGEST_MODULE) / dot + 1e-6)) * dot

    @property
    def per_page(self) -> int:
        """How many labels a page holds."""
        return self.columns * self.rows

    def origin(self, index: int) -> tuple[float, float]:
        """Left and top of a position on the page, counted from 0 along the rows."""
        row, column = divmod(index, self.columns)
        return (
            self.margin_left + column * (self.cell_width + self.gutter_x),
            self.margin_top + row * (self.cell_height + self.gutter_y),
        )


def custom_grid(
    rows: int,
    columns: int,
    *,
    page_width: float = 210.0,
    page_height: float = 297.0,
    margin_x: float = 8.0,
    margin_y: float = 8.0,
    gutter_x: float = 0.0,
    gutter_y: float = 0.0,
    cut_lines: bool = True,
) -> Layout:
    """Equal labels on a page, as large as margins and gutters leave room for."""
    if not (1 <= rows <= 40 and 1 <= columns <= 20):
        raise LabelError("A sheet can have 1 to 40 rows and 1 to 20 columns of labels.")
    if not (20 <= page_width <= 900 and 20 <= page_height <= 900):
        raise LabelError("A page must be between 20 and 900 mm wide and high.")
    if min(margin_x, margin_y, gutter_x, gutter_y) < 0:
        raise LabelError("Margins and gutters cannot be negative.")
    width = (page_width - 2 * margin_x - (columns - 1) * gutter_x) / columns
    height = (page_height - 2 * margin_y - (rows - 1) * gutter_y) / rows
    if width < 15 or height < 15:
        raise LabelError(
            f"{rows} rows and {columns} columns leave {max(width, 0):.0f} × {max(height, 0):.0f} mm for a label. "
            "A label needs at least 15 × 15 mm: use fewer rows or columns, or smaller margins."
        )
    return Layout(
        name="custom",
        description=f"{columns} × {rows} labels of {width:.1f} × {height:.1f} mm",
        page_width=page_width,
        page_height=page_height,
        columns=columns,
        rows=rows,
        cell_width=width,
        cell_height=height,
        margin_left=margin_x,
        margin_top=margin_y,
        gutter_x=gutter_x,
        gutter_y=gutter_y,
        pad_x=max(2.0, 4.5 - margin_x),
        pad_y=max(2.0, 4.5 - margin_y),
        cut_lines=cut_lines,
    )


def _a4(name: str, words: str, grid: tuple[int, int], cell: tuple[float, float], **rest: float) -> Layout:
    """An A4 sheet whose labels stand in the middle of the page, as bought sheets have them."""
    columns, rows = grid
    width, height = cell
    left = (210 - columns * width - (columns - 1) * rest.get("gutter_x", 0)) / 2
    top = (297 - rows * height) / 2
    layout = Layout(
        name=name,
        description=words,
        page_width=210,
        page_height=297,
        columns=columns,
        rows=rows,
        cell_width=width,
        cell_height=height,
        margin_left=left,
        margin_top=top,
    )
    return replace(layout, **rest)  # type: ignore[arg-type]


def _roll(name: str, words: str, size: tuple[float, float], *, dpi: int, pad: tuple[float, float]) -> Layout:
    (width, length), (pad_x, pad_y) = size, pad
    return Layout(
        name=name,
        description=words,
        page_width=width,
        page_height=length,
        cell_width=width,
        cell_height=length,
        pad_x=pad_x,
        pad_y=pad_y,
        dpi=dpi,
    )


LAYOUTS: Final[dict[str, Layout]] = {
    layout.name: layout
    for layout in (
        _a4("a4-2x4", "A4, 2 × 4 of 99.1 × 67.7 mm (Avery L7165, L7993)", (2, 4), (99.1, 67.7), gutter_x=2.5, pad_x=4),
        _a4("a4-3x7", "A4, 3 × 7 of 63.5 × 38.1 mm (Avery L7160)", (3, 7), (63.5, 38.1), gutter_x=2.5, pad_x=2.5),
        # These reach the edge of the paper, where most printers cannot print the last 4.2 mm.
        _a4("a4-3x8", "A4, 3 × 8 of 70 × 37 mm (Avery Zweckform 3474)", (3, 8), (70, 37), pad_x=4.5, pad_y=4),
        _a4("a4-3x8-l7159", "A4, 3 × 8 of 63.5 × 33.9 mm (Avery L7159)", (3, 8), (63.5, 33.9), gutter_x=2.5, pad_x=2.5),
        # Brother QL prints 25.9, 35 and 58.9 mm of these tapes at 300 dpi and leaves 3 mm at each cut.
        _roll("brother-29", "Brother roll 29 mm (DK-22210), 29 × 62 mm", (29, 62), dpi=300, pad=(1.6, 3)),
        _roll("brother-38", "Brother roll 38 mm (DK-22225), 38 × 72 mm", (38, 72), dpi=300, pad=(1.6, 3)),
        _roll("brother-62", "Brother roll 62 mm (DK-22205), 62 × 38 mm", (62, 38), dpi=300, pad=(1.6, 3)),
        _roll("zebra-50x25", "Zebra 50 × 25 mm", (50, 25), dpi=203, pad=(1.5, 1.5)),
        _roll("zebra-57x32", "Zebra 57 × 32 mm", (57, 32), dpi=203, pad=(1.5, 1.5)),
        _roll("zebra-102x51", "Zebra 102 × 51 mm", (102, 51), dpi=203, pad=(2, 2)),
    )
}


def render_pdf(
    faces: Sequence[LabelFace], layout: Layout, *, title: str, language: str = "en", start_at: int = 1
) -> bytes:
    """Render labels as a tagged PDF (PDF/UA-1); the same input gives the same bytes on the same machine.

    `start_at` is the first free position on a part-used sheet, counted from 1 along the rows.
    """
    with tempfile.TemporaryDirectory(prefix="labels-") as folder:
        sheet = _sheet(faces, layout, title=title, language=language, start_at=start_at, folder=Path(folder))
        try:
            tagged: bytes = _compile(folder, sheet, format="pdf", pdf_standards=["ua-1"])
            return tagged
        except typst.TypstError as error:
            # A ligature without a glyph escapes the check of single characters; such a sheet prints all the same.
            if "could not be displayed" not in str(error):
                raise
            plain: bytes = _compile(folder, sheet, format="pdf")
            return plain


def render_pages(
    faces: Sequence[LabelFace],
    layout: Layout,
    *,
    title: str,
    language: str = "en",
    start_at: int = 1,
    ppi: float = 203,
) -> list[bytes]:
    """Render the same sheet as PNG pictures, one a page: for a preview, and for reading the codes back in tests."""
    with tempfile.TemporaryDirectory(prefix="labels-") as folder:
        sheet = _sheet(faces, layout, title=title, language=language, start_at=start_at, folder=Path(folder))
        pages: bytes | list[bytes] = _compile(folder, sheet, format="png", ppi=ppi)
    return pages if isinstance(pages, list) else [pages]


def unshowable_characters(texts: Iterable[str]) -> frozenset[str]:
    """Characters among the texts for which no font at hand has a shape."""
    known = _glyphs()
    used = {character for text in texts for character in _clean(text) if character > "\u024f"}
    asked = sorted(used - known.keys())
    if asked:
        # A character without a glyph is drawn exactly as one that no font can have.
        pages = typst.compile(
            b"#set page(width: 20pt, height: 20pt, margin: 0pt)\n#set text(font: json(bytes(sys.inputs.fonts)))\n"
            b"#for character in json(bytes(sys.inputs.characters)) { page(text(character)) }",
            sys_inputs={"characters": json.dumps([UNSHOWABLE, *asked]), "fonts": json.dumps(_families())},
            font_paths=_fonts(),
            format="svg",
        )
        known.update(zip(asked, (page != pages[0] for page in pages[1:]), strict=True))
    return frozenset(character for character in used if not known[character])


def _compile(folder: str, sheet: dict[str, Any], **options: Any) -> Any:
    try:
        return typst.compile(
            TEMPLATE.read_bytes(),
            root=folder,
            sys_inputs={"sheet": json.dumps(sheet)},
            font_paths=_fonts(),
            **options,
        )
    finally:
        if sum(map(len, sheet["pages"])) > KEEP_IN_CACHE:
            # typst keeps what it made for the next ten compilations, 0.2 MB a label: empty ones push it out.
            for _ in range(11):
                typst.compile(b"", font_paths=_fonts(), format="svg")


def _sheet(
    faces: Sequence[LabelFace], layout: Layout, *, title: str, language: str, start_at: int, folder: Path
) -> dict[str, Any]:
    """Everything the template needs, measured and placed."""
    if not faces:
        raise LabelError("There are no labels to print.")
    if len(faces) > MAX_LABELS:
        raise LabelError(f"At most {MAX_LABELS:,} labels can be printed at once; choose fewer.")
    if not 1 <= start_at <= layout.per_page:
        raise LabelError(f"This sheet has positions 1 to {layout.per_page}; it cannot start at {start_at}.")
    faces = list(faces)
    missing = unshowable_characters([text for face in faces for text in (face.title, face.place, face.organization)])
    logos: dict[bytes, dict[str, Any]] = {}
    positions: list[dict[str, Any] | None] = [None] * (start_at - 1)
    for face in faces:
        if face.logo and face.logo not in logos:
            logos[face.logo] = _save_logo(face.logo, folder)
        placed = _place(face, layout, len(positions) % layout.per_page)
        positions.append(placed | _texts(face, missing) | {"logo": logos[face.logo] if face.logo else None})
    pages = [positions[start : start + layout.per_page] for start in range(0, len(positions), layout.per_page)]
    tag, _, region = language.replace("_", "-").partition("-")
    cells = [layout.origin(index) for index in range(layout.per_page)] if layout.cut_lines else []
    return {
        "title": _clean(title) or "Labels",
        "language": tag.lower() if re.fullmatch(r"[A-Za-z]{2,3}", tag) else "en",
        "region": region.upper() if re.fullmatch(r"[A-Za-z]{2}", region) else None,
        "fonts": _families(),
        "width": layout.page_width,
        "height": layout.page_height,
        "pages": [[face for face in page if face] for page in pages],
        "cut-lines": [{"x": x, "y": y, "width": layout.cell_width, "height": layout.cell_height} for x, y in cells],
    }


def _place(face: LabelFace, layout: Layout, index: int) -> dict[str, Any]:
    """Where the code and the words of one label stand on the page."""
    size, module, drawing = _fitting_code(face.url, layout)
    width, height = layout.cell_width, layout.cell_height
    pad_x, pad_y = layout.pad_x, layout.pad_y
    dot = 25.4 / layout.dpi
    side, quiet = module * size, module * QUIET
    x, y = layout.origin(index)
    if layout.beside:
        code_x, code_y = max(pad_x, quiet), (height - side) / 2
        text_x = code_x + side + max(quiet, 2.0)
        text_y = max(pad_y, min(code_y, height / 4))
        text_width, text_height = width - pad_x - text_x, height - 2 * text_y
    else:
        code_x, code_y = (width - side) / 2, max(pad_y, quiet)
        text_x, text_y = pad_x, code_y + side + max(quiet, 1.5)
        text_width, text_height = width - 2 * pad_x, height - pad_y - text_y
    return {
        "code": {
            "x": round((x + code_x) / dot) * dot,
            "y": round((y + code_y) / dot) * dot,
            "size": side,
            "svg": drawing,
        },
        "text": {
            "x": x + text_x,
            "y": y + text_y,
            "width": text_width,
            "height": text_height,
            "base": max(7.0, min(text_height * 0.34, text_width * 0.36, 20.0)),
            "centred": not layout.beside,
        },
    }


def _texts(face: LabelFace, missing: frozenset[str]) -> dict[str, str]:
    """The words of one label. A name in letters that no font has gives way to the code."""
    spelled = spell(face.code)
    title = _showable(face.title, missing) or spelled
    place = _showable(face.place, missing)
    organization = _showable(face.organization, missing)
    return {
        "alt": f"QR code {spelled}: {title}",
        "spelled": spelled,
        "host": urlsplit(face.url).netloc.rpartition("@")[2],
        "title": title,
        "title-dir": _direction(title),
        "place": place,
        "place-dir": _direction(place),
        "organization": organization,
        "organization-dir": _direction(organization),
    }


def _showable(text: str, missing: frozenset[str]) -> str:
    """The text without symbols that cannot be shown, or nothing where letters cannot be shown."""
    clean = _clean(text)
    lost = missing & set(clean)
    if any(unicodedata.category(character)[0] in "LMN" for character in lost):
        return ""
    # An emoji may be several characters joined; what hangs on a lost one goes with it.
    return _clean(re.sub(f"[{re.escape(''.join(sorted(lost)))}](?:\u200d.)*", "", clean)) if lost else clean


def _clean(text: str) -> str:
    """One line of at most 300 characters, without control characters and overrides of direction."""
    kept = "".join(
        " " if unicodedata.category(character) in {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"} else character
        for character in unicodedata.normalize("NFC", text[: 2 * MAX_TEXT])
        if character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufe0e\ufe0f"
    )
    return " ".join(kept.split())[:MAX_TEXT].strip("\u200d\u200b ")


def _direction(text: str) -> str:
    """Direction of writing, by the first letter that has one."""
    strong = next((unicodedata.bidirectional(c) for c in text if unicodedata.bidirectional(c) in {"L", "R", "AL"}), "L")
    return "ltr" if strong == "L" else "rtl"


def _fitting_code(url: str, layout: Layout) -> tuple[int, float, str]:
    """Squares to a side, the side of one in mm, and the drawing of the sturdiest code that the label has room for."""
    parts = urlsplit(url)
    if parts.scheme.lower() not in {"http", "https"} or not parts.netloc or len(url) > MAX_URL:
        raise LabelError(f"{_shorten(url)} is not a web address of at most {MAX_URL} characters.")
    for version in STURDY_VERSIONS:
        size = 17 + 4 * version
        if (module := layout.module(size)) >= GOOD_MODULE and (matrix := _matrix(url, version)):
            return size, module, _drawing(matrix)
    matrix = _matrix(url, None)
    if not matrix:
        raise LabelError(f"The address {_shorten(url)} does not fit into a QR code.")
    size = len(matrix)
    module = layout.module(size)
    if module < LEAST_MODULE:
        raise LabelError(
            f"The address {_shorten(url)} needs a code of {size} × {size} squares, and on a label of "
            f"{layout.cell_width:g} × {layout.cell_height:g} mm each would be under {LEAST_MODULE} mm, too small "
            "to scan. Use larger labels or a shorter domain."
        )
    return size, module, _drawing(matrix)


def _matrix(url: str, version: int | None) -> Sequence[bytearray] | None:
    """The squares of a code with error correction H; None if the address does not fit into that version."""
    try:
        code = segno.make(url, error="h", version=version, micro=False, boost_error=False, mask=MASK)
    except (DataOverflowError, ValueError):
        return None
    matrix: Sequence[bytearray] = code.matrix
    return matrix


def _drawing(matrix: Sequence[bytearray]) -> str:
    """An SVG with one path around the dark squares.

    One outline has no seams, which the rows of lines that segno draws show in some viewers and printers.
    """
    size = len(matrix)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}">'
        f'<path fill-rule="evenodd" d="{_outline(matrix)}"/></svg>'
    )


def _outline(matrix: Sequence[bytearray]) -> str:
    """One SVG path around the dark squares: from corner to corner, by turns along a row and along a column.

    Where two squares meet at a corner only, the path goes straight on; the even-odd rule makes that right.
    """
    width = len(matrix) + 1
    rows = [0, *(int(bytes(row).translate(_BITS), 2) for row in matrix), 0]
    across: dict[int, int] = {}
    down: dict[int, int] = {}
    above: list[int | None] = [None] * width
    for y in range(width):
        # Ones where the square above differs from the one below; a corner is where a run of ones begins or ends.
        change = rows[y] ^ rows[y + 1]
        corners = [x for x, bit in enumerate(f"{change ^ (change << 1):0{width}b}") if bit == "1"]
        for left, right in zip(corners[::2], corners[1::2], strict=True):
            across[y * width + left], across[y * width + right] = y * width + right, y * width + left
        for x in corners:
            here, upper = y * width + x, above[x]
            if upper is None:
                above[x] = here
            else:
                down[here], down[upper], above[x] = upper, here, None
    path: list[str] = []
    while across:
        start = here = next(iter(across))
        path.append(f"M{start % width} {start // width}")
        while True:
            there = across.pop(here)
            del across[there]
            here = down[there]
            path.append(f"H{there % width}V{here // width}")
            if here == start:
                break
        path.append("Z")
    return "".join(path)


def _save_logo(data: bytes, folder: Path) -> dict[str, Any]:
    """Put a small PNG of the logo where the template may read it; returns its name and its width by its height."""
    try:
        if len(data) > MAX_LOGO_BYTES:
            raise LabelError("The logo is larger than 5 MB. Upload a smaller picture.")
        with Image.open(io.BytesIO(data)) as picture:
            if picture.width * picture.height > MAX_LOGO_PIXELS:
                raise LabelError("The logo has too many pixels. Upload a smaller picture.")
            small = picture.convert("RGBA")
            small.thumbnail((LOGO_SIDE * 2, LOGO_SIDE))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise LabelError("The logo is not a picture that can be read. Upload a PNG or JPEG.") from error
    name = f"{hashlib.sha256(data).hexdigest()[:16]}.png"
    small.save(folder / name, format="PNG")
    return {"name": name, "ratio": small.width / small.height}


def _shorten(url: str) -> str:
    return f"“{url[:60]}…”" if len(url) > 60 else f"“{url}”"


@cache
def _fonts() -> typst.Fonts:
    """Fonts of the folder, of the system and inside typst; looking through the system takes a while, so once."""
    return typst.Fonts(font_paths=[FONT_FOLDER] if FONT_FOLDER.is_dir() else [])


@cache
def _families() -> list[str]:
    at_hand = {family.casefold() for family in _fonts().families()}
    return [family for family in SANS if family.casefold() in at_hand]


@cache
def _glyphs() -> dict[str, bool]:
    """What is known so far about which characters can be shown."""
    return {}
