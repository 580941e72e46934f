"""Strokes: the connected pieces of ink, and what can be measured on each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgedigits.stages.light import REACH, Level
from edgedigits.stages.ruling import without_ruling

_FAINTEST = 10
"""Ink values below this are paper, however quiet the paper is."""
_NOISE = 4.0
"""So many standard deviations of the paper's noise are paper, too."""
_SHARE = 0.42
"""A stroke ends where its ink falls below this share of the strongest ink nearby: the edge of a blurred stroke, and
fainter ruled lines and shadows that cross it, are no part of it."""


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
    """

    level: Level
    labels: npt.NDArray[np.int32]
    boxes: npt.NDArray[np.int32]
    area: npt.NDArray[np.float64]
    width: npt.NDArray[np.float64]
    thickest: npt.NDArray[np.float64]
    contrast: npt.NDArray[np.float64]


def find_strokes(level: Level) -> Strokes:
    """Return the connected pieces of ink of a level."""
    import cv2

    ink = level.ink
    strongest = cv2.dilate(ink, np.ones((REACH, REACH), np.uint8))
    least = np.uint8(min(max(_FAINTEST, _NOISE * level.noise), 255))
    bound = np.asarray(cv2.LUT(strongest, np.maximum(np.arange(256) * _SHARE, least).astype(np.uint8)))
    mask = without_ruling((ink >= bound).view(np.uint8), (ink >= least).view(np.uint8))
    # this algorithm is three times as fast in one thread as OpenCV's default
    count, raw_labels, raw_stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(mask, 8, cv2.CV_32S, cv2.CCL_GRANA)
    labels, stats = np.asarray(raw_labels, np.int32), np.asarray(raw_stats, np.int32)
    half_widths = np.asarray(cv2.distanceTransform(mask, cv2.DIST_L2, 3), np.float32)

    at = np.flatnonzero(mask)
    owner = labels.ravel()[at]
    area = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    area[0] = 1
    values = ink.ravel()[at].astype(np.float64)
    reach = half_widths.ravel()[at]
    mean = np.bincount(owner, values, count) / area
    thickest = np.zeros(count, np.float32)
    np.maximum.at(thickest, owner, reach)
    # the distance to the edge rises from 0.5 to half the width and falls again: its mean is (width + 1) / 4
    width = np.maximum(4 * np.bincount(owner, reach, count) / area - 1, 1)
    return Strokes(level, labels, stats[1:, :4], area[1:], width[1:], 2 * thickest[1:].astype(np.float64), mean[1:])
