"""Pieces of a broken line are joined along the line, gap by gap, and only those that one pen left."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits.finding.light import ink_levels
from edgedigits.stages.gaps import Group, find_groups
from edgedigits.stages.strokes import Strokes, find_strokes


def strokes_of(page: npt.NDArray[np.uint8]) -> Strokes:
    return find_strokes(next(iter(ink_levels(page))))


def groups_of(page: npt.NDArray[np.uint8]) -> list[Group]:
    strokes = strokes_of(page)
    return find_groups(strokes, np.arange(len(strokes.area)))


def dashed(page: npt.NDArray[np.uint8], x: int, *, ink: int = 40, pen: int = 4) -> None:
    """Draw an upright line of five dashes."""
    for top in range(40, 140, 24):
        cv2.line(page, (x, top), (x, top + 12), ink, pen)


def test_dashes_are_joined_along_the_line_before_they_are_joined_across() -> None:
    page = np.full((200, 200), 220, np.uint8)
    dashed(page, 80)
    dashed(page, 92)
    strokes = strokes_of(page)
    lines = [tuple(np.flatnonzero((strokes.boxes[:, 0] > 85) == right).tolist()) for right in (False, True)]
    found = {group.pieces for group in groups_of(page)}
    assert [len(line) for line in lines] == [5, 5]
    assert found.issuperset(lines)


def test_a_gap_lies_between_the_two_pieces_that_it_parts() -> None:
    page = np.full((200, 200), 220, np.uint8)
    dashed(page, 80)
    line = max(groups_of(page), key=lambda group: len(group.pieces))
    assert len(line.gaps) == len(line.pieces) - 1
    for gap in line.gaps:
        assert abs(gap.start[0] - 80) <= 4
        assert abs(gap.end[0] - 80) <= 4
        assert 5 <= abs(gap.end[1] - gap.start[1]) <= 12


def test_a_ring_of_dashes_is_closed() -> None:
    page = np.full((200, 200), 220, np.uint8)
    for start in range(0, 360, 45):
        cv2.ellipse(page, (100, 100), (30, 45), 0, start, start + 30, 40, 4)
    ring = max(groups_of(page), key=lambda group: len(group.pieces))
    assert (len(ring.pieces), len(ring.gaps)) == (8, 8)


def test_pieces_of_another_pen_and_pieces_far_away_stay_alone() -> None:
    page = np.full((200, 200), 220, np.uint8)
    dashed(page, 60)
    dashed(page, 74, ink=180)
    dashed(page, 150)
    sides = strokes_of(page).boxes[:, 0]
    of_one_line = [{int(sides[piece]) // 10 for piece in group.pieces} for group in groups_of(page)]
    assert of_one_line
    assert max(map(len, of_one_line)) == 1
