"""Ruling: the printed or drawn lines of ruled and squared paper, of tables and forms, taken out of the ink."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.uint8]

_RUN = 51
"""Pixels: a straight run this long may be part of a line; a digit as large is looked at where the image is smaller."""
_SPAN, _FEWEST = 0.3, 3
"""Share of the image's side that a line must span, and how many such lines make a ruling."""
_FULL_SPAN = 0.85
"""Share of the image's side from which one line is enough; no digit is as straight and as large."""
_THICKEST = 8
"""Pixels: thicker lines are things, not ruling."""
_STRONGER = 2.0
"""Factor by which ink is stronger than a line's usual from which it is a stroke that lies on it."""
_SHIFT = 0.05
"""Share of their length by which the ends of two lines may be shifted that are the two edges of a row of boxes."""
_LOWEST_BOX = 12
"""Pixels between the two edges; in lower boxes nothing is written."""
_POST = 0.9
"""Share of the boxes' height that the line between two of them goes through at least; a digit leaves room."""


@dataclass(frozen=True, eq=False)
class Ruling:
    """The lines of a level.

    Attributes:
        mask: uint8, (H, W), 0 or 1, a pixel wider than the lines, without the strokes that cross them or lie on them.
        of_boxes: whether they are the frame of a row of boxes.
    """

    mask: Mask
    of_boxes: bool


def find_ruling(mask: Mask, faint: Mask, ink: npt.NDArray[np.uint8], tilt: float = 0.0) -> Ruling | None:
    """Return the long straight lines of a mask, without the strokes that cross them, or lie on them.

    A pixel of a line counts where the ink is no thicker across the line than the line itself, and not much stronger:
    where it is, there is a stroke. Of a row of boxes, as forms have them, the lines between the boxes count as well.

    Args:
        mask: uint8, (H, W), 0 or 1: the strokes.
        faint: uint8, (H, W), 0 or 1: the strokes and whatever is fainter: there, lines are not interrupted.
        ink: uint8, (H, W), 0 is paper.
        tilt: by how much the lines are turned, in radians, clockwise.

    Returns:
        The lines; None where there are none.
    """
    return _turned_ruling(mask, faint, ink, tilt) if tilt else _straight_ruling(mask, faint, ink)


def _turned_ruling(mask: Mask, faint: Mask, ink: npt.NDArray[np.uint8], tilt: float) -> Ruling | None:
    """Return the lines of a level, looked for with everything turned back by the tilt."""
    import cv2

    height, width = mask.shape
    cos, sin = math.cos(tilt), math.sin(tilt)
    wide, high = math.ceil(width * cos + height * abs(sin)), math.ceil(height * cos + width * abs(sin))
    middle, turned_middle = np.array([width, height]) / 2, np.array([wide, high]) / 2
    turn = np.array([[cos, sin], [-sin, cos]])
    there = np.column_stack([turn, turned_middle - turn @ middle])
    turned = (
        np.asarray(cv2.warpAffine(picture, there, (wide, high), flags=cv2.INTER_NEAREST), np.uint8)
        for picture in (mask, faint, ink)
    )
    ruling = _straight_ruling(*turned)
    if ruling is None:
        return None
    how = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    back = np.asarray(cv2.warpAffine(ruling.mask, there, (width, height), flags=how), np.uint8)
    return Ruling(back, ruling.of_boxes)


def _straight_ruling(mask: Mask, faint: Mask, ink: npt.NDArray[np.uint8]) -> Ruling | None:
    """Return the lines of a level that run along its rows and columns."""
    import cv2

    upright = np.asarray(cv2.transpose(faint), np.uint8)
    across, down = _level_lines(faint, ink), _level_lines(upright, ink.T)
    if across is None and down is None:
        return None
    ruling = np.zeros_like(mask)
    if across is not None:
        ruling |= across.less_crossings(mask)
        if across.boxes is not None:
            left, top, right, bottom = across.boxes
            posts = _posts(upright[left:right, top:bottom], ink[top:bottom, left:right].T)
            ruling[top:bottom, left:right] |= posts.less_crossings(mask[top:bottom, left:right].T).T
    if down is not None:
        ruling |= down.less_crossings(mask.T).T
    if across is not None and down is not None:
        # thicker than either line, yet no stroke
        ruling |= across.mask & down.mask.T
    return Ruling(ruling, across is not None and across.boxes is not None)


@dataclass(frozen=True, eq=False)
class _Lines:
    """Nearly horizontal lines.

    Attributes:
        mask: where they are, uint8 (H, W), thickened by a pixel above and below.
        thickness: of the usual one, in pixels.
        boxes: left, top, right, bottom of what lies between two lines that are the edges of a row of boxes.
    """

    mask: Mask
    thickness: float
    boxes: tuple[int, int, int, int] | None = None

    def less_crossings(self, mask: Mask) -> Mask:
        """Return the lines without the places where a mask (H, W) is thicker than they are."""
        import cv2

        across = round(max(self.thickness, 1)) + 3
        crossing = cv2.morphologyEx(np.ascontiguousarray(mask), cv2.MORPH_OPEN, np.ones((across, 1), np.uint8))
        return np.asarray(self.mask & ~np.asarray(crossing, np.uint8) & 1, np.uint8)


def _level_lines(faint: Mask, ink: npt.NDArray[np.uint8]) -> _Lines | None:
    """Return the nearly horizontal lines of a ruling, or of a row of boxes; None where there are none."""
    import cv2

    height, width = faint.shape
    if width < 2 * _RUN or height < 8:
        return None
    # thickened, so that a run goes on where a sloping line steps up or down by a pixel
    thick = np.asarray(cv2.dilate(faint, np.ones((3, 1), np.uint8)), np.uint8)
    if not _may_hold_lines(thick):
        return None
    labels, stats, thickness = _runs(thick, _RUN)
    spans = stats[:, cv2.CC_STAT_WIDTH]
    is_line = (spans >= max(_SPAN * width, 2 * _RUN)) & (thickness <= _THICKEST)
    is_line[0] = False
    boxes = None
    if np.count_nonzero(is_line) < _FEWEST:
        boxes = _between(stats[is_line])
        if boxes is None:
            is_line &= spans >= _FULL_SPAN * width
    if not is_line.any():
        return None
    lines = _no_stronger(is_line, labels, faint, ink)
    return _Lines(lines, float(np.median(thickness[is_line])), boxes)


def _runs(thick: Mask, length: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    """Return the runs of a thickened mask (H, W): labels (H, W), OpenCV's statistics (N, 5), and thickness (N,)."""
    import cv2

    runs = cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(runs, 8, cv2.CV_32S, cv2.CCL_GRANA)
    # the thickening added a pixel above and below
    thickness = stats[:, cv2.CC_STAT_AREA] / np.maximum(stats[:, cv2.CC_STAT_WIDTH], 1) - 2
    return np.asarray(labels, np.int32), np.asarray(stats, np.int32), thickness


def _between(stats: npt.NDArray[np.int32]) -> tuple[int, int, int, int] | None:
    """Return what lies between two lines that begin and end alike, themselves included; None where they do not."""
    if len(stats) != 2:
        return None
    (x, y, width, _, _), (other_x, other_y, other_width, other_height, _) = sorted(
        stats.tolist(), key=lambda line: line[1]
    )
    shift = max(abs(x - other_x), abs(x + width - other_x - other_width))
    if shift > _SHIFT * width or not _LOWEST_BOX <= other_y - y <= width:
        return None
    # the outer posts stand on the ends
    return (
        max(min(x, other_x) - _THICKEST, 0),
        y,
        max(x + width, other_x + other_width) + _THICKEST,
        other_y + other_height,
    )


def _posts(upright: Mask, ink: npt.NDArray[np.uint8]) -> _Lines:
    """Return the lines between the boxes of a row, and its ends, as lines of the transposed mask (W, H)."""
    import cv2

    thick = np.asarray(cv2.dilate(np.ascontiguousarray(upright), np.ones((3, 1), np.uint8)), np.uint8)
    labels, _, thickness = _runs(thick, round(_POST * upright.shape[1]))
    is_line = thickness <= _THICKEST
    is_line[0] = False
    usual = float(np.median(thickness[is_line])) if is_line.any() else 1.0
    return _Lines(_no_stronger(is_line, labels, upright, ink), usual)


def _no_stronger(
    is_line: npt.NDArray[np.bool_], labels: npt.NDArray[np.int32], faint: Mask, ink: npt.NDArray[np.uint8]
) -> Mask:
    """Return where lines are, uint8 (H, W), without the strokes on them, whose ink is much stronger than their own.

    Args:
        is_line: which labels are lines, (N,).
        labels: (H, W).
        faint: where there is ink at all, (H, W).
        ink: (H, W).
    """
    lines = is_line[labels]
    at = np.nonzero(lines & faint.view(bool))
    # lines are few among the labels, and a table for all of these may be large
    number = np.cumsum(is_line) - 1
    histograms = np.bincount(number[labels[at]] * 256 + ink[at], minlength=256 * int(is_line.sum())).reshape(-1, 256)
    running = histograms.cumsum(axis=1)
    usual = (running < running[:, -1:] / 2).sum(axis=1)
    strongest = np.zeros(len(is_line), np.uint8)
    strongest[is_line] = np.minimum(_STRONGER * usual, 255).astype(np.uint8)
    return np.asarray((lines & (ink <= strongest[labels])).view(np.uint8))


def _may_hold_lines(mask: npt.NDArray[np.uint8]) -> bool:
    """Return False where a mask (H, W) surely holds no line; eight pixels are compared at once."""
    import cv2

    width = mask.shape[1] // 8 * 8
    full = np.ascontiguousarray(mask[:, :width]).view(np.uint64) == 0x0101_0101_0101_0101
    # of a run, up to seven pixels at each end are in no full group
    groups = _RUN // 8 - 1
    runs = cv2.erode(full.view(np.uint8), np.ones((1, groups), np.uint8))
    if not runs.any():
        return False
    joined = cv2.dilate(runs, np.ones((1, groups + 2), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(joined, 8, cv2.CV_32S, cv2.CCL_GRANA)
    return bool((8 * stats[1:, cv2.CC_STAT_WIDTH] >= max(_SPAN * width, 2 * _RUN) - 8).any())
