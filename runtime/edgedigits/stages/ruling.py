"""Ruling: the printed or drawn lines of ruled and squared paper, of tables and forms, taken out of the ink."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_RUN = 51
"""Pixels: a straight run this long may be part of a line; a digit as large is looked at where the image is smaller."""
_SPAN, _FEWEST = 0.3, 3
"""Share of the image's side that a line must span, and how many such lines make a ruling."""
_FULL_SPAN = 0.85
"""Share of the image's side from which one line is enough; no digit is as straight and as large."""
_THICKEST = 8
"""Pixels: thicker lines are things, not ruling."""


def without_ruling(mask: npt.NDArray[np.uint8], faint: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return a mask without its long straight lines; the strokes that cross them stay whole.

    A pixel of a line goes where the ink is no thicker across the line than the line itself: where it is thicker, a
    stroke crosses.

    Args:
        mask: uint8, (H, W), 0 or 1: the strokes.
        faint: uint8, (H, W), 0 or 1: the strokes and whatever is fainter: there, lines are not interrupted.

    Returns:
        uint8, (H, W); the mask itself where there are no such lines.
    """
    import cv2

    across = _rows_ruling(mask, faint)
    down = _rows_ruling(mask.T, np.asarray(cv2.transpose(faint), np.uint8))
    if across is not None:
        mask = mask & ~across
    if down is not None:
        mask = mask & ~down.T
    return np.asarray(mask, np.uint8)


def _rows_ruling(mask: npt.NDArray[np.uint8], faint: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8] | None:
    """Return the pixels of nearly horizontal lines, crossings left out; None where there are none."""
    import cv2

    height, width = mask.shape
    if width < 2 * _RUN or height < 8:
        return None
    # thickened, so that a run goes on where a sloping line steps up or down by a pixel
    thick = np.asarray(cv2.dilate(faint, np.ones((3, 1), np.uint8)), np.uint8)
    if not _may_hold_lines(thick):
        return None
    runs = cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, _RUN), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(runs, 8, cv2.CV_32S, cv2.CCL_GRANA)
    spans, area = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_AREA]
    # the thickening added a pixel above and below
    thickness = area / np.maximum(spans, 1) - 2
    is_line = (spans >= max(_SPAN * width, 2 * _RUN)) & (thickness <= _THICKEST)
    is_line[0] = False
    if np.count_nonzero(is_line) < _FEWEST:
        is_line &= spans >= _FULL_SPAN * width
    if not is_line.any():
        return None
    lines = is_line[labels].view(np.uint8)
    across = round(max(float(np.median(thickness[is_line])), 1)) + 3
    crossing = cv2.morphologyEx(np.ascontiguousarray(mask), cv2.MORPH_OPEN, np.ones((across, 1), np.uint8))
    return np.asarray(lines & ~np.asarray(crossing, np.uint8) & 1, np.uint8)


def _may_hold_lines(mask: npt.NDArray[np.uint8]) -> bool:
    """Return False where a mask (H, W) surely holds no line; eight pixels are compared at once."""
    import cv2

    width = mask.shape[1] // 8 * 8
    full = np.ascontiguousarray(mask[:, :width]).view(np.uint64) == 0x0101_0101_0101_0101
    # of a run, up to seven pixels at each end are in no full group
    groups = np.ones((1, _RUN // 8 - 1), np.uint8)
    runs = cv2.morphologyEx(full.view(np.uint8), cv2.MORPH_OPEN, groups)
    joined = cv2.dilate(runs, np.ones((1, 3), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(joined, 8, cv2.CV_32S, cv2.CCL_GRANA)
    return bool((8 * stats[1:, cv2.CC_STAT_WIDTH] >= max(_SPAN * width, 2 * _RUN) - 8).any())
