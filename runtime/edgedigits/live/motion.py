"""Motion: how what was in one picture lies in another, after the camera or the sheet was moved."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits.arrays import Float32Array, Float64Array, UInt8Array
from edgedigits.boxes import Box

_MOST_CORNERS, _QUALITY, _APART = 100, 0.01, 8
"""Corners that are followed: how many at most, how clear beside the clearest, and how many pixels from each other."""
_WINDOW, _LEVELS = (13, 13), 2
_NEAR = 1.0
"""Pixels by which a corner may miss the place where the motion brings it."""
_FEWEST, _LEAST_SHARE, _BY_FAR = 12, 0.4, 0.6
"""Corners that must agree on a motion, their share of all, and the share from which no other motion is looked for."""
_TRIES = 200
"""Handfuls of corners that are asked for the motion: where it is none of a plane, more find none either."""
_LARGEST_ZOOM = 1.5

Corners = Float32Array


@dataclass(frozen=True, eq=False)
class Motion:
    """A plane's motion.

    Attributes:
        matrix: float64 (3, 3), takes homogeneous pixels of the one picture to those of the other.
    """

    matrix: Float64Array

    @classmethod
    def none(cls) -> Motion:
        """Return the motion of what stands still."""
        return cls(np.eye(3))

    @property
    def is_none(self) -> bool:
        """Whether nothing moves."""
        return np.array_equal(self.matrix, np.eye(3))

    def scaled(self, scale: float) -> Motion:
        """Return the motion in pixels of pictures that are larger by a factor."""
        by = np.diag([scale, scale, 1.0])
        return Motion(by @ self.matrix @ np.linalg.inv(by))

    def moved(self, box: Box) -> Box:
        """Return where a box comes to lie, upright as before, in whole pixels.

        Example:
            >>> Motion(np.array([[1, 0, 5], [0, 1, -2], [0, 0, 1.0]])).moved((10, 10, 20, 30))
            (15, 8, 20, 30)
        """
        if self.is_none:
            return box
        x, y, w, h = box
        places = np.array([[x, y + h / 2], [x + w, y + h / 2], [x + w / 2, y], [x + w / 2, y + h]])
        left, right, top, bottom = _places(self.matrix, places)
        width, height = np.hypot(*(right - left)), np.hypot(*(bottom - top))
        middle = (left + right + top + bottom) / 4
        return (
            round(float(middle[0] - width / 2)),
            round(float(middle[1] - height / 2)),
            max(1, round(float(width))),
            max(1, round(float(height))),
        )


def corners_of(grey: UInt8Array) -> Corners:
    """Return places that can be found again in another picture: (N, 1, 2)."""
    corners = cv2.goodFeaturesToTrack(grey, _MOST_CORNERS, _QUALITY, _APART)
    return np.zeros((0, 1, 2), np.float32) if corners is None else np.asarray(corners, np.float32)


def motion_between(before: UInt8Array, corners: Corners, now: UInt8Array, guess: Motion) -> Motion | None:
    """Return how most of a picture has moved; None where no motion of a plane says so.

    Args:
        before: uint8, (H, W).
        corners: places in it.
        now: the other picture, of the same size.
        guess: a motion that may be near, such as that to the picture just before.
    """
    if len(corners) < _FEWEST:
        return None
    start = _places(guess.matrix, corners.reshape(-1, 2)).astype(np.float32).reshape(-1, 1, 2)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 12, 0.03)
    found, known, _ = cv2.calcOpticalFlowPyrLK(
        before,
        now,
        corners,
        start,
        winSize=_WINDOW,
        maxLevel=_LEVELS,
        criteria=criteria,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    at = known[:, 0] == 1
    if np.count_nonzero(at) < _FEWEST:
        return None
    matrix = _likeliest(corners[at], found[at])
    if matrix is None:
        return None
    area = float(np.linalg.det(matrix[:2, :2]))
    if not _LARGEST_ZOOM**-2 < area < _LARGEST_ZOOM**2:
        return None
    return Motion(matrix)


def _likeliest(before: Corners, now: Corners) -> Float64Array | None:
    """Return the motion, (3, 3), under which enough corners come to lie where they were found; None for none.

    Turning, shifting and zooming are tried first: few corners tell their four numbers better than the eight of a plane
    that tilts.
    """
    simple, agree = cv2.estimateAffinePartial2D(before, now, ransacReprojThreshold=_NEAR, maxIters=_TRIES)
    if simple is not None and _enough(agree, _BY_FAR):
        return np.vstack([simple, [0, 0, 1]])
    matrix, agree = cv2.findHomography(before, now, cv2.RANSAC, _NEAR, maxIters=_TRIES)
    return np.asarray(matrix, np.float64) if matrix is not None and _enough(agree, _LEAST_SHARE) else None


def _enough(agree: npt.ArrayLike, share: float) -> bool:
    agreeing = np.asarray(agree)
    return bool(np.count_nonzero(agreeing) >= max(_FEWEST, share * len(agreeing)))


def _places(matrix: Float64Array, places: npt.NDArray[np.floating]) -> Float64Array:
    """Return where places (N, 2) come to lie."""
    moved = np.column_stack([places, np.ones(len(places))]) @ matrix.T
    result: Float64Array = moved[:, :2] / moved[:, 2:]
    return result
