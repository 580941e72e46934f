"""What is a 1 and what only looks like one: mere bars, lines that go on, and strokes that stand alone."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edgedigits import Reader
from edgedigits.finding.light import ink_levels
from edgedigits.stages.context import page_evidence
from edgedigits.stages.hypotheses import Hypothesis, single_hypotheses
from edgedigits.stages.strokes import find_strokes
from tests.runtime.samples import draw_text

Picture = npt.NDArray[np.uint8]


def strokes_of(picture: Picture) -> list[Hypothesis]:
    """Return the connected strokes of a picture in its full size, from left to right."""
    found = single_hypotheses(find_strokes(next(iter(ink_levels(picture)))))
    return sorted(found, key=lambda stroke: stroke.box[0])


def draw(*lines: list[tuple[int, int]], pen: int = 6) -> Picture:
    """Return a page with lines in pen strokes on it."""
    page = np.full((200, 400), 220, np.uint8)
    for line in lines:
        cv2.polylines(page, [np.array(line)], False, 40, pen, cv2.LINE_AA)
    return page


def turned(page: Picture, degrees: float) -> Picture:
    height, width = page.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return np.asarray(cv2.warpAffine(page, turn, (width, height), borderValue=220), np.uint8)


@pytest.mark.parametrize("degrees", [-20, -10, 0, 10, 20])
def test_a_flag_or_a_foot_makes_a_one_more_than_a_bar_at_any_slant(degrees: float) -> None:
    flagged = draw([(180, 80), (205, 60), (205, 140)])
    footed = draw([(200, 60), (200, 140)], [(180, 140), (220, 140)])
    bar = draw([(200, 60), (200, 140)])
    assert [strokes_of(turned(page, degrees))[0].is_bar for page in (flagged, footed, bar)] == [False, False, True]


def test_a_rough_edge_makes_a_bar_no_more_than_a_bar() -> None:
    page, rng = draw(), np.random.default_rng(0)
    for y in range(60, 150):
        left, right = rng.integers(0, 4, 2)
        page[y, 200 - left : 206 + right] = 40
    (stroke,) = strokes_of(page)
    assert stroke.is_bar


def ruled_upright(page: Picture) -> Picture:
    """Slanted lines across the whole page whose ink is now stronger, now fainter, so that they fall into pieces."""
    height, width = page.shape
    lines = np.zeros(page.shape, np.float32)
    for x in range(-40, width + 40, 60):
        cv2.line(lines, (x, 0), (x + height // 8, height), 1, 2, cv2.LINE_AA)
    strength = 14 + 14 * (np.sin(np.arange(height) / 14) > -0.3)
    return np.clip(page - lines * strength[:, np.newaxis], 0, 255).astype(np.uint8)


def test_pieces_of_a_line_that_goes_on_are_no_ones(reader: Reader) -> None:
    page = draw_text("203", size=(640, 480), ink=120)
    assert reader.read(page).text == "203"
    assert reader.read(ruled_upright(page)).text == "203"


def test_ones_in_a_row_and_in_a_column_end_and_are_read(reader: Reader) -> None:
    assert reader.read(draw_text("2111", size=(480, 240))).text == "2111"
    column = np.vstack([draw_text("2", size=(240, 130)), *[draw_text("1", size=(240, 130))] * 3])
    assert reader.read(column).text.split() == ["2", "1", "1", "1"]


@pytest.mark.parametrize("start", [(100, 150), (112, 135), (105, 120)])
def test_a_one_whose_upstroke_comes_from_the_line_is_read(reader: Reader, start: tuple[int, int]) -> None:
    page = draw([start, (135, 70), (140, 150)])
    for middle in (200, 270):
        cv2.ellipse(page, (middle, 110), (22, 40), 0, 0, 360, 40, 6, cv2.LINE_AA)
    assert reader.read(page).text == "100"


def test_digits_in_the_same_row_or_column_are_company_and_others_are_not() -> None:
    page = np.full((400, 900), 220, np.uint8)
    places = {(60, 90): "in the row", (160, 90): "in the row", (60, 190): "below it", (800, 350): "far from it"}
    for x, y in places:
        cv2.putText(page, "5", (x, y), cv2.FONT_HERSHEY_SIMPLEX, 2, 40, 5, cv2.LINE_AA)
    strokes = strokes_of(page)
    scores, values = np.full(len(strokes), 3.0), np.full(len(strokes), 5)
    gains = page_evidence(strokes, scores, values, []) - scores
    # from left to right: the two of the column, which also has the row's, the other of the row, and the distant one
    assert len(gains) == len(places)
    assert gains[:3].min() > 0
    assert gains[3] == pytest.approx(0)
