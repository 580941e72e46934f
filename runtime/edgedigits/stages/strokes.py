"""Strokes: the connected pieces of ink, and what can be measured on each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from edgedigits.finding.light import REACH, Level, spread_tiles
from edgedigits.stages.ruling import Ruling, find_ruling

_FAINTEST = 10
"""Ink values below this are paper, however quiet the paper is."""
_NOISE = 4.0
"""So many standard deviations of the paper's noise are paper, too."""
SHARE, SHARE_OF_GRAINS = 0.34, 0.27
"""A stroke ends where its ink falls below this share of the strongest ink nearby: the edge of a blurred stroke, and
fainter ruled lines and shadows that cross it, are no part of it. Between dark grains there is less ink."""
_ASLANT = 1.12
"""How much longer the way out of a stroke is along rows and columns, on average over all directions of strokes."""


@dataclass(frozen=True)
class Strokes:
    """The connected pieces of ink of one level; piece i is labelled i + 1.

    Attributes:
        level: where they lie.
        labels: int32, (H, W); 0 is paper.
        boxes: int, (N, 4); x, y, width, height in pixels of the level.
        area: float, (N,), pixels of ink.
        width: float, (N,), mean width of the stroke in pixels.
        thickest: float, (N,), width at the widest place.
        contrast: float, (N,), mean ink value, 0 to 255.
        ruling: the lines that were taken out of the ink; None where there are none.
    """

    level: Level
    labels: npt.NDArray[np.int32]
    boxes: npt.NDArray[np.int32]
    area: npt.NDArray[np.float64]
    width: npt.NDArray[np.float64]
    thickest: npt.NDArray[np.float64]
    contrast: npt.NDArray[np.float64]
    ruling: Ruling | None

    @property
    def frame(self) -> npt.NDArray[np.uint8] | None:
        """Return where the frame of a row of boxes was taken out of the ink, uint8 (H, W); None where there is none."""
        return self.ruling.mask if self.ruling is not None and self.ruling.of_boxes else None

    @cached_property
    def frame_ink(self) -> float:
        """Return the ink value up to which four fifths of the frame are; 0 where there is none."""
        return 0.0 if self.frame is None else float(np.percentile(self.level.ink[self.frame.view(bool)], 80))

    @property
    def mass(self) -> float:
        """Return how much ink all pieces are: pixels of the image times ink value."""
        return float(self.area @ self.contrast) * self.level.shrink**2


def least_ink(level: Level) -> npt.NDArray[np.uint8]:
    """Return the ink value, uint8 (H, W), below which there is paper."""
    return spread_tiles(np.clip(_NOISE * level.noise, _FAINTEST, 255).astype(np.uint8), level.ink.shape)


def find_strokes(level: Level, share: float = SHARE, tilt: float = 0.0) -> Strokes:
    """Return the connected pieces of ink of a level.

    Args:
        level: where they lie.
        share: of the strongest ink nearby, below which a stroke ends.
        tilt: by how much ruled lines are turned, in radians, clockwise.
    """
    import cv2

    ink = level.ink
    strongest = cv2.dilate(ink, np.ones((REACH, REACH), np.uint8))
    least = least_ink(level)
    bound = np.maximum(np.asarray(cv2.convertScaleAbs(strongest, alpha=share)), least)
    mask = (ink >= bound).view(np.uint8)
    ruling = find_ruling(mask, (ink >= least).view(np.uint8), ink, tilt)
    if ruling is not None:
        mask &= ~ruling.mask
    # this algorithm is three times as fast in one thread as OpenCV's default
    count, raw_labels, raw_stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(mask, 8, cv2.CV_32S, cv2.CCL_GRANA)
    labels, stats = np.asarray(raw_labels, np.int32), np.asarray(raw_stats, np.int32)
    # in rows and columns, not as the crow flies: bytes instead of floats, and a third of the time
    depths = np.asarray(cv2.distanceTransform(mask, cv2.DIST_L1, 3, dstType=cv2.CV_8U), np.uint8)

    at = np.flatnonzero(mask.view(bool))
    owner = labels.ravel()[at]
    area = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    area[0] = 1
    depth = depths.ravel()[at]
    mean = np.bincount(owner, ink.ravel()[at], count) / area
    thickest = np.zeros(count, np.uint8)
    np.maximum.at(thickest, owner, depth)
    # the depth rises from the edge to the middle of the stroke and falls again: its mean is about (width + 1) / 4
    width = np.maximum(4 * np.bincount(owner, depth, count) / (_ASLANT * area) - 1, 1)
    across = 2 / _ASLANT * thickest[1:].astype(np.float64)
    return Strokes(level, labels, stats[1:, :4], area[1:], width[1:], across, mean[1:], ruling)
