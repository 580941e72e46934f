"""Cuts: the parts of one stroke that may be several touching digits.

A cut is a seam from the top of the stroke to its bottom that crosses as little ink as possible, found by dynamic
programming as in seam carving (Avidan, Shamir: "Seam Carving for Content-Aware Image Resizing", 2007): it follows the
gap between slanted digits and crosses only where they touch.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import overload

import numpy as np
import numpy.typing as npt

from edgedigits.stages.hypotheses import Hypothesis, part_hypothesis

_MOST_CUTS = 7
"""Places at which one stroke is tried to be cut."""
_ROWS = 48
"""Rows at which seams are looked for: where a cut goes, need not be known to the pixel."""
_CROSSED_AT = (0.3, 0.5, 0.7)
"""Heights, as shares of the stroke's, at which the cheapest seams are looked for: each has its own."""
_ASIDE = 0.3
"""What a step to the side costs, in pixels of ink."""
_DEEP = 0.6
"""Distance to paper, in widths of the stroke, that a single stroke does not reach."""
_SOFT = 0.3
"""What a pixel costs there."""
_ENCLOSED = 0.3
"""What a pixel of enclosed paper costs."""
_TIE = 1e-4
_LONGEST = 0.6
"""Ink that a seam may cross, in heights of the stroke, or in its widths where that is more."""
_LONGEST_ACROSS = 3.0
_USUAL_WIDTH = 0.65
"""Width over height of a digit among touching ones."""
_NARROWEST, _WIDEST = 0.12, 1.5
"""Width over height of a part that may be a digit."""

_Seam = npt.NDArray[np.intp]
"""The first column right of a cut, in each row."""


class Cuts(Sequence[list[Hypothesis | None]]):
    """The places at which a stroke that may be several touching digits can be cut, and what lies between them.

    Entry [i][j - i - 1] is what lies between cut i and cut j, the outer edges being cuts as well; None where that is no
    digit by its shape. What begins at a cut is made when it is asked for: of most strokes, little is.

    Args:
        whole: the stroke.
        edges: the first column right of each cut in each row of the stroke's box, the outer edges included.
        corner: column and row of that box in the extent of the stroke.
    """

    def __init__(self, whole: Hypothesis, edges: Sequence[_Seam], corner: tuple[int, int]) -> None:
        self._whole, self._edges, self._corner = whole, edges, corner

    def __len__(self) -> int:
        return max(len(self._edges) - 1, 0)

    @overload
    def __getitem__(self, index: int) -> list[Hypothesis | None]: ...

    @overload
    def __getitem__(self, index: slice) -> list[list[Hypothesis | None]]: ...

    def __getitem__(self, index: int | slice) -> list[Hypothesis | None] | list[list[Hypothesis | None]]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        start, *ends = self._edges[range(len(self))[index] :]
        left, top = self._corner
        first = left + int(start.min())
        own = self._whole.mask()[top : top + len(start), first:]
        columns = np.arange(own.shape[1]) + (first - left)
        rest = own & (columns >= start[:, np.newaxis])
        parts = []
        for end in ends:
            last = max(0, left + int(end.max()) - first)
            left_of_end = columns[:last] < end[:, np.newaxis]
            parts.append(_part(self._whole, rest[:, :last] & left_of_end, (first, top)))
        return parts


def cut_hypotheses(whole: Hypothesis) -> Cuts:
    """Return the cuts of a stroke that may be several touching digits; empty where there is nothing to cut."""
    import cv2

    own = whole.mask()
    left, top, width, height = cv2.boundingRect(own.view(np.uint8))
    shrink = whole.strokes.level.shrink
    seams = _seams(own[top : top + height, left : left + width], whole.stroke_width / shrink)
    edges = [np.zeros(height, np.intp), *seams, np.full(height, width)] if seams else []
    return Cuts(whole, edges, (left, top))


def _seams(own: npt.NDArray[np.bool_], stroke_width: float) -> list[_Seam]:
    """Return the best cuts of a mask (H, W), from left to right."""
    import cv2

    height, width = own.shape
    zoom = min(1.0, _ROWS / height)
    size = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    margin = max(2, round(_NARROWEST * size[1]))
    if size[0] <= 2 * margin:
        return []
    ink = np.asarray(cv2.resize(_hardness(own, stroke_width), size, interpolation=cv2.INTER_AREA), np.float32)
    # downwards and upwards at once: on so few pixels, it is the calls that take the time
    least = _least_ink(np.stack([ink, ink[::-1]], axis=1))
    through = least[:, 0] + least[::-1, 1] - ink
    ways = _ways(least)
    down, up = ways[:, 0], ways[::-1, 1]
    longest = max(_LONGEST * height, _LONGEST_ACROSS * stroke_width) * zoom
    found: list[tuple[float, _Seam]] = []
    for share in _CROSSED_AT:
        row = min(int(share * size[1]), size[1] - 1)
        lows = _lows(through[row], margin)
        lows = lows[through[row, lows] <= longest]
        found += zip(through[row, lows].tolist(), _trace(down, up, row, lows), strict=True)
    best: list[_Seam] = []
    for _, seam in sorted(found, key=lambda one: one[0]):
        if len(best) < _MOST_CUTS and _is_new(seam, best, margin):
            best.append(seam)
    # where two digits share the ink of a whole stroke, no seam stands out: equal parts are tried as well
    parts = min(max(round(width / (_USUAL_WIDTH * height)), 2), _MOST_CUTS)
    middle = size[1] // 2
    equal = [round(size[0] * k / parts) for k in range(1, parts)]
    apart = [column for column in equal if all(abs(column - seam[middle]) > margin for seam in best)]
    best += _trace(down, up, middle, np.array(apart, np.intp))
    rows = np.minimum((np.arange(height) * zoom).astype(np.intp), size[1] - 1)
    return [np.rint(seam[rows] / zoom).astype(np.intp) for seam in sorted(best, key=np.mean)]


def _hardness(own: npt.NDArray[np.bool_], stroke_width: float) -> npt.NDArray[np.float32]:
    """Return how much a cut through each pixel of a mask (H, W) costs.

    It is less in the middle of what is thicker than a stroke, since there two lie side by side, or cross. Paper that
    strokes enclose is rather the inside of a digit than a gap between two.
    """
    import cv2

    outlined = np.pad(own.view(np.uint8), 1)
    depth = np.asarray(cv2.distanceTransform(outlined, cv2.DIST_L2, 3), np.float32)[1:-1, 1:-1]
    outside = 1 - outlined
    cv2.floodFill(outside, None, (0, 0), 2)
    enclosed = np.where(outside[1:-1, 1:-1] == 1, np.float32(_ENCLOSED), np.float32(0))
    return np.where(own, np.where(depth > _DEEP * stroke_width, np.float32(_SOFT), np.float32(1)), enclosed)


def _lows(costs: npt.NDArray[np.float32], margin: int) -> npt.NDArray[np.intp]:
    """Return where the costs (N,) are as low as anywhere within a margin: the middle of each such run."""
    import cv2

    low = costs <= np.asarray(cv2.erode(costs[np.newaxis], np.ones((1, 2 * margin + 1), np.uint8)))[0] + _TIE
    low[:margin] = low[-margin:] = False
    changes = np.flatnonzero(low[1:] != low[:-1])
    return np.asarray((changes[::2] + 1 + changes[1::2]) // 2, np.intp)


def _is_new(seam: _Seam, others: list[_Seam], margin: int) -> bool:
    return all(float(np.abs(seam - other).mean()) > margin / 2 for other in others)


def _least_ink(ink: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return, for each pixel of some images (H, N, W), the least ink on a way to it from the first row."""
    least = ink.copy()
    for above, row in pairwise(least):
        way, aside = above.copy(), above + np.float32(_ASIDE)
        np.minimum(way[:, 1:], aside[:, :-1], out=way[:, 1:])
        np.minimum(way[:, :-1], aside[:, 1:], out=way[:, :-1])
        np.add(row, way, out=row)
    return least


def _ways(least: npt.NDArray[np.float32]) -> npt.NDArray[np.intp]:
    """Return, for each pixel of the rows that follow (H, N, W), from which column of a row the cheapest seam comes."""
    aside = np.full((*least.shape[:-1], least.shape[-1] + 2), np.inf, np.float32)
    aside[..., 1:-1] = least + np.float32(_ASIDE)
    steps = np.argmin([aside[..., :-2], least, aside[..., 2:]], axis=0) - 1
    return np.asarray(steps + np.arange(least.shape[-1]), np.intp)


def _trace(
    down: npt.NDArray[np.intp], up: npt.NDArray[np.intp], row: int, columns: npt.NDArray[np.intp]
) -> list[_Seam]:
    """Return the seams with the least ink through some pixels of a row, by the ways to take: columns in each row."""
    seams = np.empty((len(down), len(columns)), np.intp)
    seams[row] = at = columns
    for next_row in range(row - 1, -1, -1):
        seams[next_row] = at = down[next_row, at]
    at = columns
    for next_row in range(row + 1, len(up)):
        seams[next_row] = at = up[next_row, at]
    return list(seams.T)


def _part(whole: Hypothesis, own: npt.NDArray[np.bool_], corner: tuple[int, int]) -> Hypothesis | None:
    """Return a part of a stroke whose pixels lie from a corner of its extent on; None where it is no digit by shape."""
    if not own.any():
        return None
    part = part_hypothesis(whole, own, corner)
    _, _, width, height = part.box
    return part if _NARROWEST * height <= width <= _WIDEST * height else None
