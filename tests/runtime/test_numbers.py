"""What numbers promise: as written, signs among them, and a doubtful sign makes a number doubtful."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest
from click.testing import CliRunner

from edgedigits.cli import commands
from edgedigits.digit import Digit
from edgedigits.numbers import Sign, read_numbers
from edgedigits.reading import Reading
from tests.runtime.samples import draw_text

WIDE = {",": 4, ".": 4, ":": 4, "/": 8, "-": 10, "+": 10, "%": 14, "×": 10, "=": 10}


def line(text: str, confidence: float = 0.9) -> tuple[list[Digit], list[Sign]]:
    """Set a line: digits 10 pixels wide and 20 high, 3 pixels apart; a space is 12 wide."""
    digits, signs, x = [], [], 0
    for character in text:
        if character == " ":
            x += 12
        elif character.isdigit():
            digits.append(Digit(int(character), confidence, (x, 0, 10, 20)))
            x += 13
        else:
            signs.append(Sign(character, confidence, (x, 5, WIDE[character], 10)))
            x += WIDE[character] + 3
    return digits, signs


@pytest.mark.parametrize(
    ("written", "numbers"),
    [
        ("95", ["95"]),
        ("9,5", ["9,5"]),
        ("12:30", ["12:30"]),
        ("3/4", ["3/4"]),
        ("-17", ["-17"]),
        ("50%", ["50%"]),
        ("3+4=7", ["3", "4", "7"]),
        ("8-3", ["8", "3"]),
        ("12-3-21", ["12-3-21"]),
        ("1.2.2021", ["1.2.2021"]),
        ("1  000", ["1 000"]),
        ("1   234   567", ["1 234 567"]),
        ("12   34", ["12", "34"]),
        ("7,", ["7"]),
    ],
)
def test_numbers_are_read_as_they_are_written(written: str, numbers: list[str]) -> None:
    assert [number.text for number in read_numbers(*line(written))] == numbers


def test_the_confidence_of_a_number_is_that_of_all_of_it() -> None:
    (number,) = read_numbers(*line("9,5", confidence=0.9))
    assert number.confidence == pytest.approx(0.9**3)
    assert number.box == (0, 0, 30, 20)


def test_a_doubtful_sign_is_left_out_and_makes_the_number_doubtful() -> None:
    digits, signs = line("9,5", confidence=0.9)
    doubtful = [Sign(sign.label, 0.3, sign.box) for sign in signs]
    (number,) = read_numbers(digits, doubtful)
    assert number.text == "95"
    assert number.confidence == pytest.approx(0.9**2 * 0.7)


def test_an_unreadable_digit_is_a_question_mark_in_its_number() -> None:
    digits = (Digit(None, 0.2, (0, 0, 10, 20), alternatives=((3, 0.2),)), Digit(4, 0.9, (13, 0, 10, 20)))
    assert Reading(digits, (40, 20)).numbers[0][0].text == "?4"


def test_json_holds_the_numbers_of_each_line() -> None:
    digits, signs = line("9,5")
    plain = Reading(tuple(digits), (40, 20), signs=tuple(signs)).as_dict()
    assert [[number["text"] for number in row] for row in plain["numbers"]] == [["9,5"]]


def test_nothing_read_has_no_numbers() -> None:
    assert Reading((), (40, 20)).numbers == ()


def test_predict_prints_numbers_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    cv2.imwrite(str(path), draw_text("20    21", size=(520, 160), height=60))
    result = CliRunner().invoke(commands, ["predict", str(path), "--numbers"])
    assert result.exit_code == 0
    assert result.output == f"{path}: 20  21\n"
