"""Parse one cell. Each parser returns a value or raises `ValueError` in words that fit behind a column's name."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import available_timezones

EXCEL_EPOCH = date(1899, 12, 30)
EXCEL_SERIALS = range(10_000, 110_000)
FIRST_YEAR, LAST_YEAR = 1900, 2199
TWO_DIGIT_PIVOT = 70
TRUE_WORDS = frozenset({"yes", "y", "true", "t", "1", "1.0", "on"})
FALSE_WORDS = frozenset({"no", "n", "false", "f", "0", "0.0", "off"})
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAY_MONTH_YEAR = re.compile(r"(\d{1,2})([/.\- ])(\d{1,2})\2(\d{4}|\d{2})")
ISO_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
TIME_OF_DAY = re.compile(r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\s*([ap]m|Z|[+-]\d{2}:?\d{2})?$", re.IGNORECASE)
SPOOFING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def parse_text(value: str, *, max_length: int | None = None, multiline: bool = False) -> str:
    """Text without surrounding or doubled spaces; with `multiline`, line ends are kept."""
    text = unicodedata.normalize("NFC", value).replace("\r\n", "\n").replace("\r", "\n")
    for character in text:
        category = unicodedata.category(character)
        if (category == "Cc" and character not in "\n\t") or category == "Cs" or character in SPOOFING:
            raise ValueError(f"contains an invisible control character (U+{ord(character):04X}); delete it.")
    lines = [re.sub(r"\s+", " ", line).strip() for line in text.split("\n")]
    text = "\n".join(lines).strip() if multiline else " ".join(line for line in lines if line)
    text = text.strip("\ufeff\u200b ")
    if max_length is not None and len(text) > max_length:
        raise ValueError(f"has {len(text):,} characters; at most {max_length:,} are allowed.")
    return text


def parse_decimal(value: str) -> Decimal:
    """A number: "1,234.5", "1 234,5", "1.234,5", "-3.06E-2". A lone comma before three digits parts thousands."""
    text = _compact(value)
    if "," in text and "." in text:
        thousands, point = (",", ".") if text.rfind(".") > text.rfind(",") else (".", ",")
        valid = re.fullmatch(rf"[+-]?\d{{1,3}}(\{thousands}\d{{3}})+\{point}\d*", text)
        text = text.replace(thousands, "").replace(point, ".") if valid else ""
    elif "," in text:
        grouped = re.fullmatch(r"[+-]?[1-9]\d{0,2}(,\d{3})+", text)
        text = text.replace(",", "" if grouped else ".")
    return _number(text, value)


def parse_integer(value: str) -> int:
    """A whole number; "3.0" and "1,231" are whole numbers too."""
    number = parse_decimal(value)
    if number != number.to_integral_value():
        raise ValueError(f"{_quote(value)} is not a whole number.")
    return int(number)


def parse_latitude(value: str) -> Decimal:
    """Degrees north, from -90 to 90."""
    return _coordinate(value, 90, "latitude")


def parse_longitude(value: str) -> Decimal:
    """Degrees east, from -180 to 180."""
    return _coordinate(value, 180, "longitude")


def parse_date(value: str, *, day_first: bool = True) -> date:
    """A date: ISO, "31/01/2026" (day first unless told otherwise), "31 Jan 2026", or an Excel serial number."""
    text = TIME_OF_DAY.sub("", parse_text(value)).strip().removesuffix(",")
    if not text:
        raise ValueError("is empty; write a date such as 2026-01-31.")
    if re.fullmatch(r"\d{5}(\.\d+)?", text) and int(float(text)) in EXCEL_SERIALS:
        return EXCEL_EPOCH + timedelta(days=int(float(text)))
    if match := ISO_DATE.fullmatch(text) or re.fullmatch(r"(\d{4})(\d{2})(\d{2})", text):
        return _date(value, int(match[1]), int(match[2]), int(match[3]))
    if match := DAY_MONTH_YEAR.fullmatch(text):
        first, second = int(match[1]), int(match[3])
        day, month = (first, second) if day_first else (second, first)
        if month > 12 >= day:
            order = "day first, then month" if day_first else "month first, then day"
            raise ValueError(f"{_quote(value)} has no month {month}: dates are read {order}.")
        return _date(value, _year(match[4]), month, day)
    if named := _named_month(text):
        return _date(value, *named)
    raise ValueError(f"{_quote(value)} is not a date; write it as 2026-01-31 or 31/01/2026.")


def is_ambiguous_date(value: str) -> bool:
    """Whether a date would be another day if month and day changed places ("03/04/2026")."""
    match = DAY_MONTH_YEAR.fullmatch(TIME_OF_DAY.sub("", value.strip()).strip())
    return bool(match and int(match[1]) <= 12 and int(match[3]) <= 12 and int(match[1]) != int(match[3]))


def parse_boolean(value: str) -> bool:
    """Yes or no, in the usual spellings."""
    word = parse_text(value).casefold()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise ValueError(f"{_quote(value)} is neither yes nor no.")


def parse_time_zone(value: str) -> str:
    """The proper name of a time zone; a city that belongs to one zone only will do ("London")."""
    word = re.sub(r"\s+", "_", parse_text(value)).casefold()
    if name := _time_zones().get(word):
        return name
    raise ValueError(f"{_quote(value)} is not a time zone; write one such as Europe/London.")


def parse_choice(value: str, choices: Mapping[str, str]) -> str:
    """The key of a choice, given its key or its label in any spelling of case and punctuation."""
    wanted = _fold(value)
    for key, label in choices.items():
        if wanted and wanted in (_fold(key), _fold(str(label))):
            return key
    allowed = ", ".join(str(label) for label in choices.values())
    raise ValueError(f"{_quote(value)} is not one of: {allowed}.")


def _compact(value: str) -> str:
    """A number's characters only: no spaces or apostrophes between thousands, ASCII digits, an ASCII minus."""
    text = unicodedata.normalize("NFKC", value).replace("−", "-").strip()
    text = re.sub(r"(?<=\d)[\s'’](?=\d{3}(?!\d))", "", text)
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


def _number(text: str, value: str) -> Decimal:
    if not value.strip():
        raise ValueError("is empty; write a number.")
    match = re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE]([+-]?\d{1,3}))?", text, re.ASCII)
    # Larger exponents are no quantities, and turning them into integers would take for ever.
    if not match or len(text) > 60 or abs(int(match[3] or 0)) > 30:
        raise ValueError(f"{_quote(value)} is not a number.")
    return Decimal(text)


def _coordinate(value: str, limit: int, word: str) -> Decimal:
    text = _compact(value)
    # No coordinate has thousands, so a lone comma is a decimal comma.
    number = _number(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text, value)
    if abs(number) > limit:
        raise ValueError(f"{_quote(value)} is not a {word}: it must lie between -{limit} and {limit}.")
    return number


def _named_month(text: str) -> tuple[int, int, int] | None:
    """Year, month, day from "31 Jan 2026", "31-January-26" or "January 31, 2026"."""
    day_first = re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)?[ \-/.]+([A-Za-z]{3,9})\.?[ \-/.,]+(\d{4}|\d{2})", text)
    month_first = re.fullmatch(r"([A-Za-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})", text)
    if day_first:
        day, name, year = day_first.groups()
    elif month_first:
        name, day, year = month_first.groups()
    else:
        return None
    month = name[:3].lower()
    return (_year(year), MONTHS.index(month) + 1, int(day)) if month in MONTHS else None


def _year(digits: str) -> int:
    year = int(digits)
    return year if len(digits) == 4 else year + (2000 if year < TWO_DIGIT_PIVOT else 1900)


def _date(value: str, year: int, month: int, day: int) -> date:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"{_quote(value)} lies outside the years {FIRST_YEAR} to {LAST_YEAR}.")
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"{_quote(value)} is not a day in the calendar.") from None


@cache
def _time_zones() -> dict[str, str]:
    """Zone names by folded name, and by city where only one zone has it."""
    zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("posix", "right")))
    cities: dict[str, list[str]] = {}
    for zone in zones:
        cities.setdefault(zone.rsplit("/", 1)[1].casefold(), []).append(zone)
    named = {city: found[0] for city, found in cities.items() if len(found) == 1 and not city.startswith("gmt")}
    return named | {zone.casefold(): zone for zone in zones} | {"utc": "UTC", "gmt": "Etc/GMT"}


def _fold(value: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", value).casefold())


def _quote(value: str) -> str:
    text = value.strip()
    return f"“{text[:40]}…”" if len(text) > 40 else f"“{text}”"
