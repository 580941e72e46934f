"""Pictures of readings: labels that can be read on photos of any size, and colours that tell how sure a digit is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edgedigits import Digit, Reader, Reading
from edgedigits.drawing import SURENESS, draw_reading, sureness
from edgedigits.explaining import explain_reading
from tests.runtime.samples import draw_text

GREEN, ORANGE, RED = (band.colour for band in SURENESS)


def drawn(size: tuple[int, int], *digits: Digit) -> np.ndarray:
    """Return grey paper of a width and height with a reading drawn in."""
    return draw_reading(np.full((size[1], size[0], 3), 200, np.uint8), Reading(digits, size))


def has(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return (picture == colour).all(axis=2)


def white(picture: np.ndarray) -> np.ndarray:
    return (picture > 225).all(axis=2)


@pytest.mark.parametrize("size", [(200, 150), (640, 480), (4000, 3000), (3000, 4000), (200, 2000)])
@pytest.mark.parametrize("share", [0.02, 0.3])
def test_a_label_can_be_read_where_the_whole_picture_is_looked_at(size: tuple[int, int], share: float) -> None:
    height = round(share * min(size))
    picture = drawn(size, Digit(7, 0.99, (size[0] // 3, size[1] // 2, height, height)))
    longer = max(picture.shape)
    letters = white(picture)[: round(0.7 * picture.shape[0])]  # not the strip below the picture
    x, y, width, tall = cv2.boundingRect(letters.astype(np.uint8))
    assert tall >= max(longer / 80, 9)
    assert longer >= 640
    assert width > 2 * tall  # there is room for the confidence
    assert has(picture[y : y + tall, x : x + width], GREEN).mean() > 0.25  # light letters on a dark plate


def plates(picture: np.ndarray, top: int, bottom: int) -> list[int]:
    """Return the widths of what is green between two rows, from left to right."""
    green = np.pad(has(picture[top:bottom], GREEN).any(axis=0), 1)
    edges = np.flatnonzero(green[1:] != green[:-1])
    return (edges[1::2] - edges[::2]).tolist()


def test_labels_that_would_cover_each_other_say_only_the_digit() -> None:
    row = [Digit(value, 0.99, (100 + 40 * value, 200, 30, 50)) for value in range(10)]
    close, far = plates(drawn((640, 480), *row), 0, 195), plates(drawn((640, 480), *row[::4]), 0, 195)
    assert (len(close), len(far)) == (10, 3)
    assert max(close) < 40
    assert min(far) > 60


def test_close_rows_at_the_upper_edge_keep_their_labels_apart() -> None:
    places = [(100 + 60 * value, y) for y in (25, 110) for value in range(8)]
    picture = drawn((640, 480), *(Digit(7, 0.99, (x, y, 45, 55)) for x, y in places))
    assert len(plates(picture, 0, 20)) == 8
    assert len(plates(picture, 85, 105)) == 8


@pytest.mark.parametrize("box", [(0, 0, 20, 30), (620, 450, 20, 30), (0, 470, 20, 10), (630, 0, 10, 480)])
def test_labels_stay_on_the_picture(box: tuple[int, int, int, int]) -> None:
    picture = drawn((640, 480), Digit(8, 0.99, box))[:480]
    x, y, width, tall = cv2.boundingRect(white(picture).astype(np.uint8))
    assert width > 2 * tall > 16
    assert 0 < x < x + width < 640
    assert 0 < y < y + tall < 480


def test_a_right_answer_of_87_percent_is_not_red() -> None:
    box = (10, 10, 40, 60)
    assert sureness(Digit(7, 0.87, box)).colour == ORANGE
    assert sureness(Digit(7, 0.9, box)).colour == GREEN
    assert sureness(Digit(7, 0.4, box)).colour == RED
    assert sureness(Digit(None, 0.95, box)).colour == RED


def test_what_the_colours_mean_stands_on_the_picture() -> None:
    sure, unsure = Digit(7, 0.99, (100, 100, 40, 60)), Digit(3, 0.6, (300, 100, 40, 60))
    below = drawn((640, 480), sure, unsure)[480:]
    assert has(below, ORANGE).any()
    assert has(below, GREEN).any()
    assert not has(drawn((640, 480), sure)[480:], GREEN).any()
    explained = explain_reading(cv2.cvtColor(draw_text("7"), cv2.COLOR_GRAY2BGR), Reader())
    for colour in (GREEN, ORANGE, RED):
        assert has(explained[:90], colour).any()


def test_a_long_line_fits_below_the_picture() -> None:
    row = [Digit(value % 10, 0.99, (5 + 9 * value, 100, 8, 12)) for value in range(60)]
    below = drawn((640, 200), *row)[200:]
    assert (below[:, -3:] == 255).all()
    many = [Digit(1, 0.99, (5, 30 * line, 20, 25), line) for line in range(15)]
    assert drawn((640, 480), *many).shape[0] < 1.7 * 480
