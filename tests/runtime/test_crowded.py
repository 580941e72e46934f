"""Crowded pictures: how much of a picture is looked at closely has a bound, and the reader says where it bites."""

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits import Reader
from edgedigits.finding.light import ink_levels
from edgedigits.hints import find_hints
from edgedigits.reading import Classification
from edgedigits.stages.hypotheses import single_hypotheses, with_most_ink
from edgedigits.stages.recognition import recognise
from edgedigits.stages.strokes import find_strokes
from tests.runtime.samples import draw_text


def scribbles(rows: int, columns: int) -> npt.NDArray[np.uint8]:
    """Return a page of zigzags, each of which could be several digits that touch."""
    page = np.full((80 * rows, 100 * columns), 230, np.uint8)
    for row in range(rows):
        for column in range(columns):
            x, y = 100 * column + 15, 80 * row + 20
            corners = [(x + 14 * i, y + 40 * (i % 2)) for i in range(6)]
            cv2.polylines(page, [np.array(corners, np.int32)], False, 40, 4, cv2.LINE_AA)
    return page


def glyphs_looked_at(reader: Reader, picture: npt.NDArray[np.uint8]) -> int:
    """Return how many glyphs the model is asked about while a picture is read."""
    counts: list[int] = []

    def classify(glyphs: npt.NDArray[np.uint8]) -> Classification:
        counts.append(len(glyphs))
        return reader.classify_glyphs(glyphs)

    recognise(picture, 1.0, classify)
    return sum(counts)


def test_what_is_cut_of_a_crowded_picture_does_not_grow_with_it(reader: Reader) -> None:
    some, many = glyphs_looked_at(reader, scribbles(6, 10)), glyphs_looked_at(reader, scribbles(12, 15))
    strokes = 60, 180
    # each stroke is still looked at by itself, at two sizes and turned
    assert many - some < 5 * (strokes[1] - strokes[0])


def test_the_reader_says_that_a_picture_is_crowded(reader: Reader) -> None:
    page = scribbles(12, 15)
    page[:240, :400] = draw_text("352", size=(400, 240), paper=230)
    hints = find_hints(reader.examine(page)[1])
    assert "crowded" in [hint.kind for hint in hints]


def test_a_page_of_digits_is_not_crowded(reader: Reader) -> None:
    _, page = reader.examine(draw_text("0123456789"))
    assert not page.crowded


def test_the_strokes_with_most_ink_are_kept_in_their_order() -> None:
    page = np.full((120, 400), 230, np.uint8)
    for x, height in ((30, 30), (120, 80), (210, 50), (300, 90)):
        cv2.line(page, (x, 15), (x, 15 + height), 30, 6)
    lines = single_hypotheses(find_strokes(next(iter(ink_levels(page)))))
    kept = with_most_ink(lines, 2)
    assert sorted(round(h.box[0]) // 90 for h in kept) == [1, 3]
    assert kept == [line for line in lines if line in kept]
