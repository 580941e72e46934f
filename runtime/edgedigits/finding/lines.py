"""Lines: the order in which a person would read what was found."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edgedigits.boxes import FloatBox

_GUTTER = 2.0
"""Width of the gap between columns, in heights of a digit; the gaps within a line are smaller."""
_FEWEST_LINES = 2
"""Lines of a column: of one line, a gap only parts words."""
_LEVEL = 0.5
"""Difference in height of the middles of two boxes in one line, in heights of the higher one."""
_APART = 0.3
"""Height by which lines must be shifted, in heights of a digit, so that they do not run on across a gap."""


def reading_lines(boxes: Sequence[FloatBox]) -> list[list[int]]:
    """Group boxes into lines from top to bottom, each from left to right, column by column where there are several.

    A box continues the line whose last box it stands beside: their middles differ in height by less than half
    of the larger one, and no other line fits better. So lines may slope and bend.

    Columns are blocks of lines side by side, with a gap between them that no line crosses, and whose lines are not
    level: where they are, they are the rows of a table and are read across.

    Args:
        boxes: x, y, width, height of each.

    Returns:
        Indices of the boxes, line by line.
    """
    return [line for column in _columns(boxes, list(range(len(boxes)))) for line in _lines(boxes, column)]


def lines_across(boxes: Sequence[FloatBox]) -> list[list[int]]:
    """Group boxes into lines as `reading_lines` does, but across all columns."""
    return _lines(boxes, range(len(boxes)))


def _columns(boxes: Sequence[FloatBox], members: list[int]) -> list[list[int]]:
    """Part boxes into columns, from left to right, at the widest gaps first."""
    if len(members) < 2 * _FEWEST_LINES:
        return [members]
    height = float(np.median([boxes[i][3] for i in members]))
    order = sorted(members, key=lambda i: boxes[i][0])
    ends = np.maximum.accumulate([boxes[i][0] + boxes[i][2] for i in order])
    gaps = np.array([boxes[i][0] for i in order[1:]]) - ends[:-1]
    for at in np.argsort(-gaps, kind="stable").tolist():
        if gaps[at] < _GUTTER * height:
            break
        left, right = order[: at + 1], order[at + 1 :]
        if _are_columns(boxes, _lines(boxes, left), _lines(boxes, right), height):
            return [*_columns(boxes, left), *_columns(boxes, right)]
    return [members]


def _are_columns(boxes: Sequence[FloatBox], left: list[list[int]], right: list[list[int]], height: float) -> bool:
    """Tell whether two blocks of lines have enough lines that do not run on from one to the other."""
    if min(len(left), len(right)) < _FEWEST_LINES:
        return False
    # where lines run on, the end of each on the left is level with the beginning of one on the right
    ends, starts = ([_middle(boxes[line[k]]) for line in lines] for lines, k in ((left, -1), (right, 0)))
    shifts = [min(abs(end - start) for start in starts) for end in ends]
    return float(np.median(shifts)) > _APART * height


def _lines(boxes: Sequence[FloatBox], members: Sequence[int]) -> list[list[int]]:
    lines: list[list[int]] = []
    ends: list[tuple[float, float]] = []  # middle and height of the last box of each
    for i in sorted(members, key=lambda i: boxes[i][0] + boxes[i][2] / 2):
        end = middle, height = _middle(boxes[i]), boxes[i][3]
        # how far the box is from continuing each line
        misfits = [abs(middle - other) / max(height, high) for other, high in ends]
        least = min(misfits, default=math.inf)
        if least < _LEVEL:
            at = misfits.index(least)
            lines[at].append(i)
            ends[at] = end
        else:
            lines.append([i])
            ends.append(end)
    return sorted(lines, key=lambda line: sum(_middle(boxes[i]) for i in line) / len(line))


def _middle(box: FloatBox) -> float:
    return box[1] + box[3] / 2
