"""Underlines: the line under a number, taken off the digits that touch it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgedigits.stages.hypotheses import SMALLEST_HEIGHT, Hypothesis, part_hypothesis

_LONG = 1.2
"""Width over height from which strokes are more than one digit, and may be a number with its underline."""
_STRAIGHT = 0.3
"""How far, in widths of the stroke, the lower edge of an underline may lie from a straight line, but for a pixel."""
_SPANS = 0.85
"""Share of the strokes' width that an underline spans."""
_BOX_SPANS = 0.65
"""Share that the line above spans in a row of boxes, which what is written in them interrupts."""
_EVEN, _BARE = 0.3, 0.6
"""How far its thickness may differ from its usual one, as a share, but for a pixel, and where: over this share of the
strokes' width at least, nothing touches it. The feet of round digits are thin at one place only."""
_BELOW = 0.15
"""Share of the ink that may lie below it: the tail of a 9; a line of a ruling is crossed."""
_THICKEST = 1.7
"""Thickness of an underline over the width of the stroke."""
_MARGIN = 0.25
"""What is taken off above it, in widths of the stroke: its edge is soft and uneven."""
_STEEPEST = 0.25
"""Slope; a steeper line leaves no room for digits above it."""
_MERE_LINE = 1.15
"""Ink over what a straight stroke from corner to corner would have, up to which it is no more than that."""
_LOWEST = 0.4
"""Height of what was written above an underline, in heights of the strokes."""


def may_be_underlined(whole: Hypothesis) -> bool:
    """Tell whether a connected stroke is long enough for a number with its underline."""
    return whole.box[2] >= _LONG * whole.box[3]


def above_underline(whole: Hypothesis) -> list[Hypothesis]:
    """Return what a connected stroke consists of above a long straight line at its foot; empty without such a line."""
    import cv2

    if not may_be_underlined(whole):
        return []
    own = whole.mask()
    left, top, width, height = cv2.boundingRect(own.view(np.uint8))
    inside = own[top : top + height, left : left + width]
    stroke = whole.stroke_width / whole.strokes.level.shrink
    foot = _foot(inside, stroke, _SPANS)
    if foot is None or _foot(inside[::-1], stroke, _BOX_SPANS) is not None:
        return []  # with a line above as well, it is a box
    rows = np.arange(height)[:, np.newaxis]
    rest = inside & (rows < foot)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(rest.view(np.uint8))
    lowest = max(_LOWEST * height, SMALLEST_HEIGHT)
    parts = []
    for piece in np.flatnonzero(stats[1:, cv2.CC_STAT_HEIGHT] >= lowest).tolist():
        part = np.zeros_like(own)
        part[top : top + height, left : left + width] = np.asarray(labels) == piece + 1
        parts.append(part_hypothesis(whole, part))
    # lines on lines are corners of a ruling
    return [] if all(part.over_a_line <= _MERE_LINE for part in parts) else parts


def _foot(own: npt.NDArray[np.bool_], stroke: float, spans: float) -> npt.NDArray[np.float64] | None:
    """Return the upper edge of the underline of a mask (H, W) in each column, (W,); None where it has none."""
    height, width = own.shape
    columns = np.flatnonzero(own.any(axis=0))
    lower = height - own[::-1].argmax(axis=0)[columns]
    slope, start = _line_through(columns, lower)
    on_line = np.abs(lower - (slope * columns + start)) <= max(_STRAIGHT * stroke, 1.0)
    if abs(slope) > _STEEPEST or np.count_nonzero(on_line) < spans * width:
        return None
    thickness = _thickness(own[:, columns], lower)
    usual = float(np.median(thickness[on_line]))
    bare = on_line & (np.abs(thickness - usual) <= max(_EVEN * usual, 1.0))
    below = np.arange(height)[:, np.newaxis] >= slope * np.arange(width) + start + stroke
    if (
        usual > _THICKEST * stroke
        or np.count_nonzero(bare) < _BARE * width
        or np.count_nonzero(own & below) > _BELOW * np.count_nonzero(own)
    ):
        return None
    return np.asarray(slope * np.arange(width) + start - usual - max(_MARGIN * stroke, 1.0), np.float64)


def _thickness(own: npt.NDArray[np.bool_], lower: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return how far the ink of each column of a mask (H, W) reaches upwards without a gap from its lower end, (W,)."""
    rows = np.arange(len(own))[:, np.newaxis]
    last_gap = np.where(~own & (rows < lower), rows, -1).max(axis=0)
    return np.asarray(lower - 1 - last_gap, np.intp)


def _line_through(x: npt.NDArray[np.intp], y: npt.NDArray[np.intp]) -> tuple[float, float]:
    """Return slope and start of a line through most points (N,) each: that of the pairs half of them apart.

    Theil (1950), Sen (1968): the median of slopes withstands a third of points that lie elsewhere.
    """
    half = len(x) // 2
    slope = float(np.median((y[-half:] - y[:half]) / (x[-half:] - x[:half])))
    return slope, float(np.median(y - slope * x))
