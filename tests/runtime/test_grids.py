"""What squares of a puzzle promise: their lines and crossings are not written, and a column is no long digit."""

from __future__ import annotations

from edgedigits import Reader
from edgedigits_train.handwriting import render_scene


def test_a_column_of_squares_is_not_read_as_one_long_digit(reader: Reader) -> None:
    scene = render_scene(700_003, "sudoku")
    boxes = [digit.box for digit in reader.read(scene.image).digits]
    assert max(box[3] for box in boxes) < 2 * max(digit.box[3] for digit in scene.digits)
    assert len(boxes) >= 0.95 * len(scene.digits)
