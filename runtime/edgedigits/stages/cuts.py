"""Cuts: the parts of one stroke that may be several touching digits.

A cut is a seam from the top of the stroke to its bottom that crosses as little ink as possible, found by dynamic
programming as in seam carving (Avidan, Shamir: "Seam Carving for Content-Aware Image Resizing", 2007): it follows the
gap between slanted digits and crosses only where they touch.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from edgedigits.stages.hypotheses import Hypothesis, own_pixels
from edgedigits.stages.strokes import Strokes

_MOST_CUTS = 7
"""Places at which one stroke is tried to be cut."""
_ROWS = 48
"""Rows at which seams are looked for: where a cut goes, need not be known to the pixel."""
_ASIDE = 0.3
"""What a step to the side costs, in pixels of ink."""
_LONGEST = 0.6
"""Ink that a seam may cross, in heights of the stroke, or in its widths where that is more."""
_LONGEST_ACROSS = 3.0
_USUAL_WIDTH = 0.65
"""Width over height of a digit among touching ones."""
_NARROWEST, _WIDEST = 0.12, 1.5
"""Width over height of a part that may be a digit."""

_Seam = npt.NDArray[np.intp]
"""The first column right of a cut, in each row."""


def cut_hypotheses(strokes: Strokes, piece: int) -> list[list[Hypothesis | None]]:
    """Return the parts into which one stroke that may be several touching digits can be cut.

    Returns:
        A table whose entry [i][j - i - 1] is what lies between cut i and cut j, the outer edges being cuts as well;
        None where that is no digit by its shape. Empty where there is nothing to cut.
    """
    left, top, width, height = (int(v) for v in strokes.boxes[piece])
    own = own_pixels(strokes, (piece,), left, top, left + width, top + height)
    seams = _seams(own, float(strokes.width[piece]))
    if not seams:
        return []
    edges = [np.zeros(height, np.intp), *seams, np.full(height, width)]
    columns = np.arange(width)
    right_of = [columns >= seam[:, np.newaxis] for seam in edges]
    return [
        [_part(strokes, piece, own & right_of[i] & ~right_of[j], left, top) for j in range(i + 1, len(edges))]
        for i in range(len(edges) - 1)
    ]


def _seams(own: npt.NDArray[np.bool_], stroke_width: float) -> list[_Seam]:
    """Return the best cuts of a mask (H, W), from left to right."""
    import cv2

    height, width = own.shape
    zoom = min(1.0, _ROWS / height)
    size = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    small = cv2.resize(own.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA)
    ink = np.asarray(small, np.float32) / np.float32(255)
    down, up = _least_ink(ink), _least_ink(ink[::-1])[::-1]
    through = down + up - ink
    middle = size[1] // 2
    costs = through[middle]

    margin = max(2, round(_NARROWEST * size[1]))
    columns = np.arange(margin, size[0] - margin)
    if columns.size == 0:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(costs, 2 * margin + 1)
    longest = max(_LONGEST * height, _LONGEST_ACROSS * stroke_width) * zoom
    low = columns[(costs[columns] <= windows.min(axis=1)[: columns.size]) & (costs[columns] <= longest)]
    lows = [int(run.mean()) for run in np.split(low, np.flatnonzero(np.diff(low) > 1) + 1) if run.size]
    best = sorted(lows, key=lambda column: costs[column])[:_MOST_CUTS]
    # the rims of two rings that touch are thick: there, equal parts are tried as well
    parts = min(max(round(width / (_USUAL_WIDTH * height)), 2), _MOST_CUTS)
    equal = [round(size[0] * k / parts) for k in range(1, parts)]
    best += [column for column in equal if all(abs(column - other) > margin for other in best)]
    rows = np.minimum((np.arange(height) * zoom).astype(np.intp), size[1] - 1)
    return [np.rint(_trace(down, up, middle, column)[rows] / zoom).astype(np.intp) for column in sorted(best)]


def _least_ink(ink: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return, for each pixel, the least ink on a way to it from the first row."""
    least = ink.copy()
    for above, row in pairwise(least):
        way = above.copy()
        np.minimum(way[1:], above[:-1] + _ASIDE, out=way[1:])
        np.minimum(way[:-1], above[1:] + _ASIDE, out=way[:-1])
        np.add(row, way, out=row)
    return least


def _trace(
    down: npt.NDArray[np.float32], up: npt.NDArray[np.float32], middle: int, column: int
) -> npt.NDArray[np.intp]:
    """Return the seam with the least ink through one pixel of the middle row: its column in each row."""
    seam = np.full(len(down), column, np.intp)
    for table, rows in ((down, range(middle - 1, -1, -1)), (up, range(middle + 1, len(down)))):
        at = column
        for row in rows:
            first = max(at - 1, 0)
            ways = table[row, first : at + 2].copy()
            ways += _ASIDE
            ways[at - first] -= _ASIDE
            at = first + int(ways.argmin())
            seam[row] = at
    return seam


def _part(strokes: Strokes, piece: int, own: npt.NDArray[np.bool_], left: int, top: int) -> Hypothesis | None:
    rows, columns = np.flatnonzero(own.any(axis=1)), np.flatnonzero(own.any(axis=0))
    if not rows.size:
        return None
    first, last, start, end = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    width, height = end - start, last - first
    if not _NARROWEST * height <= width <= _WIDEST * height:
        return None
    shrink = strokes.level.shrink
    return Hypothesis(
        strokes,
        (piece,),
        own[first:last, start:end],
        (left + start, top + first, left + end, top + last),
        ((left + start) * shrink, (top + first) * shrink, width * shrink, height * shrink),
        float(own.sum()) * shrink**2,
        float(strokes.width[piece]) * shrink,
        float(strokes.contrast[piece]),
    )
