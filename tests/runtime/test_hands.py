"""What a page's own hand promises: where sevens are crossed, bare ones that look like sevens are ones."""

from __future__ import annotations

import numpy as np
import pytest

from edgedigits import Reader
from edgedigits.finding.hands import tell_ones_from_sevens
from edgedigits.finding.page import Found
from edgedigits_train.handwriting import Conditions, render_scene


def _seven(bar: bool, width: int = 14) -> Found:
    glyph = np.zeros((28, 28), np.uint8)
    left = 14 - width // 2
    glyph[4:6, left : left + width] = glyph[4:24, left + width - 3 : left + width - 1] = 255
    if bar:
        glyph[13:15, left + width - 8 : left + width + 4] = 255
    probabilities = np.full(10, 0.01, np.float32)
    probabilities[7] = 0.91
    return Found("7", (0.0, 0.0, float(width), 20.0), probabilities, 3.0, glyph)


def test_slim_sevens_without_a_bar_are_ones_among_crossed_ones() -> None:
    page = [_seven(True), _seven(True), _seven(False, width=9)]
    read = tell_ones_from_sevens(page)
    assert [digit.label for digit in read] == ["7", "7", "1"]
    assert read[2].probabilities.argmax() == 1


@pytest.mark.parametrize(
    "page",
    [
        [_seven(False), _seven(False, width=9), _seven(False)],
        [_seven(True), _seven(False, width=9)],
        [_seven(True), _seven(True), _seven(False)],
    ],
    ids=["none is crossed", "one is crossed", "as wide as the crossed ones"],
)
def test_other_sevens_stay(page: list[Found]) -> None:
    assert [digit.label for digit in tell_ones_from_sevens(page)] == ["7"] * len(page)


def test_a_hand_that_crosses_its_sevens_is_read(reader: Reader) -> None:
    scene = render_scene(700_003, "upstrokes", Conditions())
    assert sorted(d.value for d in reader.read(scene.image).digits) == sorted(d.value for d in scene.digits)
