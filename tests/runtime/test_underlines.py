"""A number is read although its underline touches it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edgedigits import Reader
from edgedigits.finding.light import ink_levels
from edgedigits.stages.hypotheses import Hypothesis, whole_hypothesis
from edgedigits.stages.strokes import find_strokes
from edgedigits.stages.underlines import above_underline
from tests.conftest import LabelledGlyphs

Picture = npt.NDArray[np.uint8]


def underlined(glyphs: Picture, slope: float, zoom: int = 4) -> Picture:
    """Return MNIST digits on a line that runs through the lowest pixel of ink of each, as thick as their strokes."""
    high = 28 * zoom
    ink = np.zeros((2 * high, (len(glyphs) + 2) * high), np.uint8)
    foot = high * 3 // 2
    for place, glyph in enumerate(glyphs, start=1):
        lowest = int(np.flatnonzero((glyph > 100).any(axis=1))[-1]) + 1
        big = cv2.resize(glyph, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
        top = round(foot + slope * (place + 0.5) * high) - lowest * zoom
        ink[top : top + high, place * high : (place + 1) * high] = big
    line = np.zeros_like(ink)
    start, end = ((x, round(foot + slope * x)) for x in (high * 3 // 4, ink.shape[1] - high * 3 // 4))
    cv2.line(line, start, end, 255, 2 * zoom, cv2.LINE_AA)
    return np.clip(210 - 0.65 * np.maximum(ink, line).astype(np.float32), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("slope", [0.0, 0.08, -0.08])
def test_an_underlined_number_is_read(reader: Reader, mnist_test: LabelledGlyphs, slope: float) -> None:
    numbers = [slice(3 * i, 3 * i + 3) for i in range(25)]
    read = [reader.read(underlined(mnist_test.images[number], slope)).text for number in numbers]
    written = ["".join(map(str, mnist_test.labels[number])) for number in numbers]
    assert sum(map(str.__eq__, read, written)) >= 20


def stroke_of(mask: Picture) -> Hypothesis:
    """Return the only stroke of a drawing, uint8 (H, W), 1 where there is ink."""
    strokes = find_strokes(next(iter(ink_levels(np.asarray(220 - 180 * mask, np.uint8)))))
    assert len(strokes.area) == 1
    return whole_hypothesis(strokes, 0)


def drawing(*lines: tuple[int, int, int, int]) -> Picture:
    mask = np.zeros((160, 300), np.uint8)
    for x, y, end_x, end_y in lines:
        cv2.line(mask, (x, y), (end_x, end_y), 1, 6)
    return mask


def test_what_stands_on_a_line_is_parted_from_it() -> None:
    seven = ((90, 50, 120, 50), (120, 50, 100, 112))
    four = ((170, 50, 165, 85), (165, 85, 200, 85), (195, 50, 190, 112))
    parts = above_underline(stroke_of(drawing((50, 115, 250, 115), *seven, *four)))
    assert [part.is_part for part in parts] == [True, True]
    assert all(part.box[1] + part.box[3] <= 113 for part in parts)
    assert sorted(round(part.box[0], -1) for part in parts) == [90, 160]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([(50, 115, 250, 115), (150, 40, 150, 115)], id="a corner of a ruling"),
        pytest.param([(50, 115, 250, 115), (150, 50, 150, 115), (120, 50, 120, 150)], id="a crossing of a ruling"),
        pytest.param([(50, 40, 250, 40), (50, 115, 250, 115), (50, 40, 50, 115), (150, 40, 150, 115)], id="boxes"),
        pytest.param([(50, 60, 90, 115), (90, 115, 170, 50), (170, 50, 210, 115)], id="no straight line"),
        pytest.param([(100, 30, 180, 30), (180, 30, 100, 115), (100, 115, 185, 115)], id="a Z"),
    ],
)
def test_other_strokes_have_no_underline(lines: list[tuple[int, int, int, int]]) -> None:
    assert not above_underline(stroke_of(drawing(*lines)))


def test_round_digits_that_touch_have_no_underline() -> None:
    mask = np.zeros((160, 300), np.uint8)
    for x in (100, 156, 212):
        cv2.ellipse(mask, (x, 80), (28, 35), 0, 0, 360, 1, 6)
    assert not above_underline(stroke_of(mask))
