"""Tilt: by how much the lines of a ruled sheet, a table or a form are turned in a photo that is not held straight."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgedigits.boxes import FloatBox
from edgedigits.finding.light import Level
from edgedigits.stages.strokes import least_ink

_SIDE = 480
"""Pixels of a level's longer side, up to which lines are looked at: there they are thin, and their tilt still shows."""
_SPAN = 0.25
"""Share of the level's shorter side that a piece with lines spans at least."""
_THIN = 0.35
"""Share of its box that its ink covers at most: what is fuller is a thing."""
_MOST = 2000
"""Pixels of lines that tell as much as all."""
_ANGLES = np.deg2rad(np.arange(-20.0, 21.0, 2.0))
"""Radians: how far photos are turned that are meant to be straight."""
_LEAST = np.deg2rad(3)
"""Radians: lines that are turned by less are found without turning them back."""
_FAR_SHARPER = 1.3
"""Factor by which lines must be more in line at an angle than without."""


def tilt_of(levels: Sequence[Level]) -> float:
    """Return by how much lines are turned, in radians, clockwise; 0 where they are not, or there are none.

    The angle at which most ink lies in the fewest rows and columns (a projection profile: Postl, "Detection of linear
    oblique structures and skew scan in digitized documents", 1986).

    Args:
        levels: the ink of an image at its sizes, the finest first.
    """
    level = next((level for level in levels if max(level.ink.shape) <= _SIDE), levels[-1])
    places = _long_and_thin(level)
    if not len(places):
        return 0.0
    sharpness = np.array([_sharpness(places, angle) for angle in _ANGLES.tolist()])
    best = int(sharpness.argmax())
    angle = float(_ANGLES[best])
    if abs(angle) < _LEAST or sharpness[best] < _FAR_SHARPER * sharpness[len(_ANGLES) // 2]:
        return 0.0
    return angle


def levelled(boxes: Sequence[FloatBox], tilt: float) -> list[FloatBox]:
    """Return boxes with their middles where they lie when the sheet is turned back by its tilt.

    Args:
        boxes: x, y, width, height of each, in pixels.
        tilt: as `tilt_of` returns it.
    """
    cos, sin = math.cos(tilt), math.sin(tilt)
    middles = ((x + width / 2, y + height / 2) for x, y, width, height in boxes)
    return [
        (cos * x + sin * y - width / 2, cos * y - sin * x - height / 2, width, height)
        for (x, y), (_, _, width, height) in zip(middles, boxes, strict=True)
    ]


def _long_and_thin(level: Level) -> npt.NDArray[np.float32]:
    """Return where there is ink in pieces that may be lines or hold some: x and y, (N, 2)."""
    import cv2

    ink = (level.ink >= least_ink(level)).view(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(ink, 8, cv2.CV_32S, cv2.CCL_GRANA)
    width, height, area = (stats[:, column] for column in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA))
    lines = (np.maximum(width, height) >= _SPAN * min(ink.shape)) & (area <= _THIN * width * height)
    lines[0] = False
    if not lines.any():
        return np.zeros((0, 2), np.float32)
    y, x = np.nonzero(lines[labels])
    step = 1 + len(x) // _MOST
    return np.stack([x[::step], y[::step]], axis=1).astype(np.float32)


def _sharpness(places: npt.NDArray[np.float32], angle: float) -> float:
    """Return how unevenly places are spread over rows and columns that are turned by an angle: the sum of squares."""
    x, y = places.T
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return sum(
        float(np.square(np.bincount((along - along.min()).astype(np.intp))).sum())
        for along in (cos * y - sin * x, cos * x + sin * y)
    )
