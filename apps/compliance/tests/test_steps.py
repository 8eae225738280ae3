"""Protocol steps: what the editor may store, and how answers are read."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from apps.compliance.steps import (
    answer_in_words,
    limits_in_words,
    options_of,
    parse_answers,
    validate_steps,
)

RINSE = {"key": "rinse", "kind": "yes_no", "text": "Rinse the drum", "required": True}
TEMP = {"key": "temp", "kind": "number", "text": "Temperature", "required": True, "unit": "°C", "min": 60, "max": 95.5}
FLUID = {
    "key": "fluid",
    "kind": "choice",
    "text": "Fluid",
    "required": True,
    "choices": ["Full", "Low"],
    "fails": ["Low"],
}
NOTE = {"key": "note", "kind": "text", "text": "Note", "required": False}
PHOTO = {"key": "photo", "kind": "photo", "text": "Photo of the drum", "required": True}
ALL = [RINSE, TEMP, FLUID, NOTE, PHOTO]
GOOD = {"rinse": "yes", "temp": "64.5", "fluid": "Full"}


def problems(steps: Any) -> list[str]:
    """Return what validate_steps finds wrong."""
    with pytest.raises(ValidationError) as caught:
        validate_steps(steps)
    return caught.value.messages


def errors(
    steps: list[dict[str, Any]], data: dict[str, Any], files: dict[str, list[Any]] | None = None
) -> dict[str, list[str]]:
    """Return what parse_answers finds wrong, by step."""
    with pytest.raises(ValidationError) as caught:
        parse_answers(steps, data, files or {})
    return caught.value.message_dict


def test_good_steps_are_stored_as_they_are() -> None:
    """Every kind, with all it can say."""
    assert validate_steps(ALL) == ALL
    assert validate_steps([]) == []


def test_the_key_is_made_from_the_text() -> None:
    """Twice the same text gives two keys; a given key is never taken away by a made one."""
    steps = validate_steps(
        [
            {"kind": "yes_no", "text": "  Rinse   the drum "},
            {"kind": "yes_no", "text": "Rinse the drum", "required": False},
            {"kind": "text", "text": "3 things"},
            {"kind": "text", "text": "清掃"},
            {"kind": "text", "text": "Other", "key": "step"},
        ]
    )
    assert [s["key"] for s in steps] == ["rinse_the_drum", "rinse_the_drum_2", "step_3_things", "step_2", "step"]
    assert steps[0] == {"key": "rinse_the_drum", "kind": "yes_no", "text": "Rinse the drum", "required": True}
    assert steps[1]["required"] is False


def test_limits_may_come_as_text_from_a_form() -> None:
    """Numbers are stored as numbers, empty limits not at all."""
    (step,) = validate_steps([{"kind": "number", "text": "pH", "min": "6,5", "max": "8", "unit": " pH "}])
    assert (step["min"], step["max"], step["unit"]) == (6.5, 8, "pH")
    (step,) = validate_steps([{"kind": "number", "text": "pH", "min": "", "max": None}])
    assert "min" not in step
    assert "max" not in step


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("text", "not a step"),
        ({"kind": "yes_no", "text": "x", "colour": "red"}, "not part of a step"),
        ({"kind": "slider", "text": "x"}, "Choose the kind"),
        ({"kind": "yes_no", "text": "  "}, "Say what to do"),
        ({"kind": "yes_no"}, "Say what to do"),
        ({"kind": "yes_no", "text": "x" * 301}, "longer than 300"),
        ({"kind": "yes_no", "text": "x", "required": "yes"}, "Required"),
        ({"kind": "yes_no", "text": "x", "key": "Rinse!"}, "lower-case letters"),
        ({"kind": "yes_no", "text": "x", "key": "x" * 41}, "lower-case letters"),
        ({"kind": "yes_no", "text": "x", "key": 7}, "lower-case letters"),
        ({"kind": "number", "text": "x", "min": "warm"}, "must be a number"),
        ({"kind": "number", "text": "x", "min": True}, "must be a number"),
        ({"kind": "number", "text": "x", "max": float("nan")}, "must be a number"),
        ({"kind": "number", "text": "x", "max": "1e9"}, "must be a number"),
        ({"kind": "number", "text": "x", "min": 9, "max": 8}, "above the upper"),
        ({"kind": "number", "text": "x", "unit": "y" * 21}, "at most 20"),
        ({"kind": "choice", "text": "x"}, "must be a list"),
        ({"kind": "choice", "text": "x", "choices": ["one"]}, "Give 2 to 20"),
        ({"kind": "choice", "text": "x", "choices": ["one", " "]}, "Give 2 to 20"),
        ({"kind": "choice", "text": "x", "choices": ["One", "one"]}, "the same"),
        ({"kind": "choice", "text": "x", "choices": ["a", "b"], "fails": ["c"]}, "must be one of"),
        ({"kind": "choice", "text": "x", "choices": ["a", "b"], "fails": ["a", "b"]}, "At least one"),
        ({"kind": "text", "text": "x", "fails": ["no"]}, "Only a yes-or-no"),
    ],
)
def test_a_wrong_step_is_refused_with_its_number(step: Any, words: str) -> None:
    """The message names the step and what is wrong with it."""
    (message,) = problems([RINSE, step])
    assert message.startswith("Step 2: ")
    assert words in message


def test_all_wrong_steps_are_named_at_once() -> None:
    """One round of corrections is enough."""
    assert len(problems([{"kind": "x"}, RINSE, {"kind": "text"}, dict(RINSE)])) == 3


def test_steps_must_be_a_list_of_bearable_length() -> None:
    """Neither a dict nor a thousand steps."""
    assert problems({"a": 1}) == ["Steps must be a list."]
    assert "at most 60" in problems([{"kind": "text", "text": f"s{n}"} for n in range(61)])[0]


def test_answers_keep_the_words_and_limits_of_their_step() -> None:
    """A log can be read when the protocol has changed; the key order is that of the steps."""
    answers, failures = parse_answers(ALL, {**GOOD, "note": " fine "}, {"photo": ["p1", "p2"]})
    assert failures == []
    assert [a["key"] for a in answers] == ["rinse", "temp", "fluid", "note", "photo"]
    assert answers[1] == {
        "key": "temp", "kind": "number", "text": "Temperature", "unit": "°C", "min": 60, "max": 95.5,
        "answer": "64.5", "ok": True,
    }  # fmt: skip
    assert [a["answer"] for a in answers] == ["yes", "64.5", "Full", "fine", 2]
    assert [a["ok"] for a in answers] == [True, True, True, None, None]


@pytest.mark.parametrize(
    ("key", "value"),
    [("rinse", "no"), ("temp", "59.999"), ("temp", "95.6"), ("temp", "-70"), ("fluid", "Low")],
)
def test_a_failing_answer_is_kept_and_named(key: str, value: str) -> None:
    """A failure is no error: the work was done, the result is bad."""
    answers, failures = parse_answers(ALL, {**GOOD, key: value}, {"photo": ["p"]})
    assert failures == [key]
    assert next(a for a in answers if a["key"] == key)["ok"] is False


@pytest.mark.parametrize("value", ["60", "95.5", " 64,5 ", "64.5 °C", "64.5°C", "+64.5"])
def test_readings_on_the_limit_and_in_local_writing_pass(value: str) -> None:
    """Limits belong to the good side; a comma and the unit are understood."""
    assert parse_answers([TEMP], {"temp": value}, {}).failures == []


@pytest.mark.parametrize("value", ["hot", "6O", "1e2", "nan", "inf", "6.5.1", "1,000.5", "٦٥", "9" * 10, "--5", "0x10"])
def test_what_is_not_a_number_is_an_error_at_its_step(value: str) -> None:
    """Never guessed at: a wrong reading is worse than none."""
    assert "as a number" in errors([RINSE, TEMP], {"rinse": "yes", "temp": value})["temp"][0]


def test_digits_are_kept_as_given() -> None:
    """65.50 says more than 65.5."""
    assert parse_answers([TEMP], {"temp": "65.50"}, {}).answers[0]["answer"] == "65.50"


def test_every_step_left_out_is_named() -> None:
    """Optional steps may be left out, the others are each told at their place."""
    assert errors(ALL, {}) == {
        "rinse": ["Answer yes or no."],
        "temp": ["Write the reading."],
        "fluid": ["Choose one of the answers."],
        "photo": ["Take a photo for this step."],
    }
    optional = [{**step, "required": False} for step in ALL]
    answers, failures = parse_answers(optional, {}, {})
    assert failures == []
    assert [a["answer"] for a in answers] == [None, None, None, None, 0]


def test_zero_is_an_answer() -> None:
    """0 is a reading, not nothing."""
    assert parse_answers([{**TEMP, "min": -5}], {"temp": "0"}, {}).answers[0]["answer"] == "0"


def test_made_up_answers_are_refused() -> None:
    """What the form does not offer, a long text, a NUL byte, too many photos."""
    found = errors(ALL, {"rinse": "maybe", "temp": "70", "fluid": "full", "note": "x" * 2001}, {"photo": [1] * 5})
    assert set(found) == {"rinse", "fluid", "note", "photo"}
    assert "cannot be stored" in errors([NOTE], {"note": "a\x00b"})["note"][0]


def test_which_answer_is_bad_can_be_turned_round() -> None:
    """“Any damage?” fails on yes."""
    damage = {**RINSE, "fails": ["yes"]}
    assert validate_steps([damage]) == [damage]
    assert parse_answers([damage], {"rinse": "yes"}, {}).failures == ["rinse"]
    assert parse_answers([damage], {"rinse": "no"}, {}).failures == []


def test_in_words() -> None:
    """Limits, choices and answers as people read them."""
    assert limits_in_words(TEMP) == "60 to 95.5 °C"
    assert limits_in_words({"min": 0}) == "at least 0"
    assert limits_in_words({"max": 5, "unit": "min"}) == "at most 5 min"
    assert limits_in_words({}) == ""
    assert options_of(RINSE) == [("yes", "Yes"), ("no", "No")]
    assert options_of(FLUID) == [("Full", "Full"), ("Low", "Low")]
    answers = parse_answers(ALL, {**GOOD, "rinse": "no"}, {"photo": ["p"]}).answers
    assert [answer_in_words(a) for a in answers] == ["No", "64.5 °C", "Full", "Left out", "1 photo"]
    assert answer_in_words({"kind": "photo", "answer": 3}) == "3 photos"
    assert answer_in_words({"kind": "photo", "answer": 0}) == "No photo"
