"""Brackets, colons and the slashes of a date are no ones."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edgedigits import Reader
from tests.conftest import LabelledGlyphs

Picture = npt.NDArray[np.uint8]

_DIGIT = 60
"""Height of a digit in pixels."""

SIGNS = {
    "/": [[(0.45, -0.08), (0.0, 1.05)]],
    "(": [[(0.25, -0.1), (0.04, 0.25), (0.04, 0.75), (0.25, 1.1)]],
    ")": [[(0.0, -0.1), (0.21, 0.25), (0.21, 0.75), (0.0, 1.1)]],
    ":": [[(0.05, 0.3), (0.08, 0.33)], [(0.05, 0.8), (0.08, 0.83)]],
    "-": [[(0.0, 0.55), (0.45, 0.53)]],
    "1": [[(0.1, -0.12), (0.05, 1.05)]],
    "l": [[(0.12, -0.12), (0.02, 0.25), (0.02, 0.75), (0.12, 1.05)]],
}
"""Strokes from point to point, in heights of a digit; ones that are higher than the digits beside them, to compare."""


def written(text: str, digits: Picture) -> Picture:
    """Return a line of MNIST digits, one for each "d" of a text, and of signs between them; uint8 (H, W)."""
    ink = np.zeros((2 * _DIGIT, (len(text) + 2) * _DIGIT), np.uint8)
    top, left, glyphs = _DIGIT // 2, _DIGIT, iter(digits)
    for character in text:
        if character == "d":
            glyph = next(glyphs)
            rows, columns = (np.flatnonzero((glyph > 60).any(axis=axis)) for axis in (1, 0))
            glyph = glyph[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            wide = max(8, round(glyph.shape[1] * _DIGIT / glyph.shape[0]))
            ink[top : top + _DIGIT, left : left + wide] = cv2.resize(glyph, (wide, _DIGIT))
            left += wide + 16
        else:
            for stroke in SIGNS[character]:
                points = np.round(np.array(stroke) * _DIGIT + (left, top)).astype(np.int32)
                cv2.polylines(ink, [points], False, 230, 6, cv2.LINE_AA)
            left += round(max(x for stroke in SIGNS[character] for x, _ in stroke) * _DIGIT) + 18
    return np.clip(210 - 0.65 * cv2.GaussianBlur(ink, (3, 3), 0).astype(np.float32), 0, 255).astype(np.uint8)


def lines_read(reader: Reader, mnist: LabelledGlyphs, text: str, upright: bool = False) -> int:
    """Return how many of twenty lines are read as the digits in them, and nothing else."""
    right = 0
    # MNIST's ones, each of another writer, lean as they like: as much as slashes
    chosen = np.flatnonzero(mnist.labels != 1) if upright else np.arange(len(mnist.labels))
    count = text.count("d")
    for part in np.split(chosen[: 20 * count], 20):
        values = "".join(map(str, mnist.labels[part].tolist()))
        expected = "".join(values[text[:at].count("d")] if c == "d" else "1" for at, c in enumerate(text) if c in "d1l")
        right += reader.read(written(text, mnist.images[part])).text == expected
    return right


@pytest.mark.parametrize("text", ["(ddd)ddd", "d)", "dd:dd", "ddd-ddd"])
def test_signs_are_left_out(reader: Reader, mnist_test: LabelledGlyphs, text: str) -> None:
    assert lines_read(reader, mnist_test, text) >= 16


@pytest.mark.parametrize("text", ["dd/dd/dddd", "d/d/dd", "dddd/dd/dd"])
def test_the_slashes_of_a_date_are_left_out(reader: Reader, mnist_test: LabelledGlyphs, text: str) -> None:
    assert lines_read(reader, mnist_test, text, upright=True) >= 14


@pytest.mark.parametrize("text", ["d1d", "dd1dd1dd", "1ddd", "dldd", "ldd"])
def test_a_high_one_is_none_of_these(reader: Reader, mnist_test: LabelledGlyphs, text: str) -> None:
    assert lines_read(reader, mnist_test, text) >= 16
