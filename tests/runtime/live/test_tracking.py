"""Digits followed from reading to reading, and what of them is published."""

from __future__ import annotations

import numpy as np
import pytest

from edgedigits import Digit, Expectation, Reading
from edgedigits.live.publishing import Plausibility, Published, Publisher, Status
from edgedigits.live.tracking import Tracker

SIZE = (640, 480)


def number(
    text: str, *, x: int = 100, y: int = 100, confidence: float = 0.97, line: int = 0, without: tuple[int, ...] = ()
) -> tuple[Digit, ...]:
    """The digits of a number, 40 pixels apart; those at the places in `without` are not found."""
    digits = []
    for place, character in enumerate(text):
        narrow = character == "1"
        box = (x + 40 * place + 10 * narrow, y, 8 if narrow else 28, 44)
        others = (((int(character) + 1) % 10, round(1 - confidence, 3)),)
        if place not in without:
            digits.append(Digit(int(character), confidence, box, line, others))
    return tuple(digits)


class Steps:
    """Readings one after the other, ten a second."""

    def __init__(self, plausibility: Plausibility | None = None) -> None:
        self.tracker, self.publisher, self.seconds = Tracker(), Publisher(plausibility), 0.0

    def see(self, *digits: Digit, times: int = 1, pause: float = 0.1) -> Published:
        for _ in range(times):
            published = self.publisher.update(self.tracker.update(Reading(digits, SIZE), self.seconds), self.seconds)
            self.seconds += pause
        return published


def test_a_number_is_published_when_it_was_read_three_times_and_for_long_enough() -> None:
    steps = Steps()
    texts = [steps.see(*number("2021")).text for _ in range(5)]
    assert texts == ["", "", "", "2021", "2021"]
    slow = Steps()
    assert [slow.see(*number("2021"), pause=0.5).text for _ in range(3)] == ["", "", "2021"]


def test_what_is_read_once_is_never_published() -> None:
    steps = Steps()
    for _ in range(10):
        assert steps.see(*number("7")).text == ""
        assert steps.see(times=3).text == ""


def test_a_value_that_wavers_is_a_question_mark_and_no_wrong_number() -> None:
    steps = Steps()
    texts = []
    for step in range(20):
        wavering = number("5", x=180, confidence=0.55) if step % 2 else number("6", x=180, confidence=0.55)
        texts.append(steps.see(*number("20"), *wavering).text)
    assert set(texts) == {"", "20?"}


def test_a_single_misreading_changes_nothing() -> None:
    steps = Steps()
    steps.see(*number("2021"), times=6)
    assert steps.see(*number("2027", confidence=0.9)).text == "2021"
    assert steps.see(*number("2021")).text == "2021"


def test_a_digit_that_is_missed_now_and_then_stays() -> None:
    steps = Steps()
    steps.see(*number("2021"), times=6)
    for _ in range(6):
        assert steps.see(*number("2021", without=(1,))).text == "2021"
        assert steps.see(*number("2021")).text == "2021"


def test_part_of_a_number_that_is_hidden_for_long_is_not_another_number() -> None:
    steps = Steps()
    steps.see(*number("2021"), times=6)
    held = steps.see(*number("2021", without=(3,)), times=8)
    assert held == Published("2021", Status.HELD)
    assert steps.see(*number("2021", without=(3,)), times=8).text == "202?"
    assert steps.see(*number("2021"), times=2).text == "2021"


def test_a_digit_that_is_half_hidden_is_not_the_one_that_its_rest_looks_like() -> None:
    """A finger before a 6 leaves a stroke, which alone is a 1."""
    steps = Steps()
    steps.see(*number("206"), times=8)
    half = Digit(1, 0.95, (182, 100, 20, 30))
    piece = Digit(7, 0.95, (184, 120, 10, 12))
    assert {steps.see(*number("20"), half).text for _ in range(5)} == {"206"}
    assert {steps.see(*number("20"), half, piece).text for _ in range(3)} == {"206"}
    assert steps.see(*number("206"), times=3).text == "206"
    steps.see(*number("20"), half, times=45)
    assert steps.see(*number("20"), half).text == "201", "what stays so long is what it is"


def test_smaller_digits_in_the_same_place_are_another_sheet() -> None:
    steps = Steps()
    steps.see(*number("206"), times=8)
    small = tuple(Digit(v, 0.97, (104 + 40 * i, 104, 14, 22)) for i, v in enumerate((4, 7, 3)))
    assert [steps.see(*small).text for _ in range(8)][-1] == "473"


def test_a_number_that_is_gone_is_taken_back() -> None:
    steps = Steps()
    steps.see(*number("2021"), times=6)
    assert steps.see(times=5) == Published("2021", Status.HELD)
    assert steps.see(times=10) == Published("", Status.NOTHING)


def test_another_number_in_the_same_place_takes_over_without_a_wrong_one_between() -> None:
    steps = Steps()
    steps.see(*number("2021"), times=10)
    texts = [steps.see(*number("2048")).text for _ in range(8)]
    assert texts[-1] == "2048"
    assert set(texts) <= {"2021", "20??", "202?", "20?1", "2048"}
    assert texts.index("2048") <= 5


def test_another_sheet_elsewhere_does_not_mix_with_the_old_one() -> None:
    steps = Steps()
    steps.see(*number("11", x=60, y=60), times=8)
    texts = [steps.see(*number("2718", x=300, y=300)).text for _ in range(8)]
    assert texts[-1] == "2718"
    assert set(texts) <= {"11", "", "2718"}


@pytest.mark.parametrize("pixels", [3, 12, 25, 40])
def test_a_sheet_that_moves_is_the_same_sheet(pixels: int) -> None:
    """At 40 pixels a step each digit stands where its neighbour stood."""
    steps = Steps()
    texts = [steps.see(*number("2021", x=60 + pixels * step)).text for step in range(8)]
    assert texts == ["", "", "", "2021", "2021", "2021", "2021", "2021"]


def test_lines_that_are_grouped_otherwise_for_a_moment_stay() -> None:
    steps = Steps()
    together = (*number("40"), *number("91", x=180))
    apart = (*number("40"), *number("91", x=180, line=1))
    steps.see(*together, times=6)
    assert steps.see(*apart).text == "4091"
    assert steps.see(*together).text == "4091"
    assert steps.see(*apart, times=5).text == "40\n91"


def test_plausibility_withholds_and_never_alters() -> None:
    steps = Steps(Plausibility(Expectation(length=4), monotonic="up", max_step=10))
    assert steps.see(*number("1050"), times=6) == Published("1050", Status.STEADY)
    shorter = steps.see(*number("105"), times=35)
    assert (shorter.text, shorter.status, shorter.withheld) == ("1050", Status.WITHHELD, "105")
    assert steps.see(*number("1049"), times=10) == Published("1050", Status.WITHHELD, "1049")
    assert steps.see(*number("1061"), times=10) == Published("1050", Status.WITHHELD, "1061")
    assert steps.see(*number("1059"), times=10) == Published("1059", Status.STEADY)
    steps.publisher.reset()
    steps.tracker.forget()
    assert steps.see(*number("1000"), times=10) == Published("1000", Status.STEADY)


def test_many_digits_cost_little() -> None:
    """A reading takes tens of milliseconds; following sixty digits may not add to that what is felt."""
    rng = np.random.default_rng(1)
    steps = Steps()
    rows = [number("".join(map(str, rng.integers(0, 10, 10))), y=60 * row, line=row) for row in range(6)]
    digits = tuple(digit for row in rows for digit in row)
    published = steps.see(*digits, times=6)
    assert published.text.count("\n") == 5
    assert "?" not in published.text


@pytest.mark.parametrize(
    ("value", "box"),
    [
        pytest.param(1, (218, 92, 14, 32), id="a rest of it that looks like a 1"),
        pytest.param(6, (218, 98, 60, 80), id="it and a finger, in one box"),
        pytest.param(1, (220, 100, 46, 44), id="it and a finger, in its place"),
    ],
)
def test_what_a_hand_makes_of_a_digit_never_stands_beside_it(value: int, box: tuple[int, int, int, int]) -> None:
    steps = Steps()
    assert steps.see(*number("2026"), times=6).text == "2026"
    touched = (*number("202"), Digit(value, 0.97, box))
    texts = {steps.see(*touched).text for _ in range(4)} | {steps.see(*number("2026")).text for _ in range(12)}
    assert texts <= {"2026", "202?"}
    assert steps.see(*number("2026")).text == "2026"


def test_what_left_the_picture_is_not_waited_for() -> None:
    steps = Steps()
    for x in range(300, -120, -30):
        sheet = number("20", x=x) + number("47", x=x + 160)
        steps.see(*[digit for digit in sheet if digit.box[0] >= 0])
    assert steps.see(*number("47", x=40)).text == "47"
