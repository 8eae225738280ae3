"""Label codes (apps/equipment/codes.py)."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.equipment.codes import ALPHABET, LENGTH, new_code, normalize_code, spell

CODE = "K7Q2M9FMX4"


def test_new_codes_are_long_enough_and_distinct():
    assert math.log2(len(ALPHABET)) * LENGTH > 49
    assert not set(ALPHABET) & set("01ILOU")
    codes = {new_code() for _ in range(5000)}
    assert len(codes) == 5000
    assert all(normalize_code(code) == code for code in codes)


def test_spell():
    assert spell(CODE) == "K7Q2M-9FMX4"
    assert spell("") == ""


@pytest.mark.parametrize(
    "typed",
    [
        "K7Q2M9FMX4",
        "k7q2m-9fmx4",
        " k7q2m 9fmx4 ",
        "k7q2m–9fmx4\n",
        "K 7 Q 2 M 9 F M X 4",
        "K702M9FMX4",
        "k7o2m9fmx4",
        "Ｋ７Ｑ２Ｍ９ＦＭＸ４",
        "К7Q2М9FМХ4",
        "https://northgate.cleantrack.example/q/K7Q2M9FMX4",
        "http://localhost:8000/q/k7q2m-9fmx4/?utm=1#x",
        "northgate.cleantrack.example/Q/K7Q2M9FMX4",
    ],
)
def test_what_people_type(typed):
    assert normalize_code(typed) == CODE


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "K7Q2M9FMX",
        "K7Q2M9FMX44",
        "K7Q2M9FM14",
        "K7Q2M9FMÉ4",
        "https://example.org/K7Q2M9FMX4",
        "/q/",
        "K7Q2M9FMX4\x00",
        "😀",
        "x" * 5000,
    ],
)
def test_what_cannot_be_a_code(typed):
    assert normalize_code(typed) is None


@given(st.text())
def test_anything_gives_a_code_or_none(typed):
    code = normalize_code(typed)
    assert code is None or normalize_code(spell(code).lower()) == code
