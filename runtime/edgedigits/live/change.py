"""Change: where a frame shows anything else than the one that was read last.

Frames are compared in cells about as wide as a few strokes. What counts is a cell's brightness beside that of what lies
round it: lamps that dim and cameras that adapt change all alike. Where a frame differs, it is asked first whether the
camera or the sheet was moved: what only moved is no change.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edgedigits.arrays import BoolArray, Float32Array, UInt8Array
from edgedigits.live.framing import Region
from edgedigits.live.motion import Corners, Motion, corners_of, motion_between

_SIDE = 320
"""Pixels of the longer side at which frames are compared; smaller ones stay as they are."""
_CELL = 4
"""Pixels of a cell's side there."""
_ROUND, _DARK = 9, 12.0
"""Cells of the side of what is looked at round one, and grey levels added to it, so that noise in the dark is none."""
_DIFFERENCE, _AFTER_MOTION = 8.0, 16.0
"""Shares, in 255ths, of the brightness round a cell by which it must differ: a stroke changes it by 25, a sensor's
noise by less than 4. Pictures that were moved onto each other miss by up to half a pixel."""
_RIM = 2
"""Cells along the rim in which what comes into view does not count: no digit fits into these."""


@dataclass(frozen=True)
class Change:
    """How a frame differs from the one that was read last.

    Attributes:
        region: the smallest that holds all that is new, in pixels of the frame; None where nothing is.
        motion: how what was there has moved since, in pixels of the frame.
    """

    region: Region | None
    motion: Motion


@dataclass(frozen=True, eq=False)
class _View:
    """A frame as it is compared.

    Attributes:
        pixels: the frame.
        grey: it in grey levels, at the size at which frames are compared.
        cells: the mean brightness of each cell beside that of what lies round it, in 255ths.
    """

    pixels: UInt8Array
    grey: UInt8Array
    cells: Float32Array


class ChangeDetector:
    """Compares frames with the one that was last marked as read.

    Example:
        >>> detector, frame = ChangeDetector(), np.full((48, 64, 3), 200, np.uint8)
        >>> detector.mark_read(frame)
        >>> detector.look(frame).region is None
        True
    """

    def __init__(self) -> None:
        self._read: _View | None = None
        self._latest: _View | None = None
        self._corners: Corners | None = None
        self._motion = Motion.none()

    def look(self, pixels: UInt8Array) -> Change:
        """Tell where a frame, uint8 (H, W, 3), shows anything new."""
        height, width = pixels.shape[:2]
        read = self._read
        if read is None or read.pixels.shape != pixels.shape:
            return Change((0, 0, width, height), Motion.none())
        seen = self._view(pixels)
        changed = np.abs(seen.cells - read.cells) > _DIFFERENCE
        if not changed.any():
            return Change(None, Motion.none())
        if self._corners is None:
            self._corners = corners_of(read.grey)
        motion = motion_between(read.grey, self._corners, seen.grey, self._motion)
        # the next frame's motion is near this one's
        self._motion = motion or Motion.none()
        if motion is not None:
            changed &= _differ(read.grey, seen, motion)
        return Change(_around(changed, width, height), self._motion.scaled(width / seen.grey.shape[1]))

    def same(self, pixels: UInt8Array) -> bool:
        """Tell whether a frame is, bit for bit, the one that was read: reading it again would say the same."""
        return self._read is not None and np.array_equal(self._read.pixels, pixels)

    def mark_read(self, pixels: UInt8Array) -> None:
        """Compare with this frame from now on."""
        self._read = self._view(pixels)
        self._corners, self._motion = None, Motion.none()

    def forget(self) -> None:
        """Take the next frame for new."""
        self._read = None

    def _view(self, pixels: UInt8Array) -> _View:
        # a frame that is read was looked at just before
        if self._latest is None or self._latest.pixels is not pixels:
            self._latest = _view(pixels)
        return self._latest


def _view(pixels: UInt8Array) -> _View:
    height, width = pixels.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    size = (max(1, round(scale * width)), max(1, round(scale * height)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
    return _View(pixels, grey, _cells(grey))


def _cells(grey: UInt8Array) -> Float32Array:
    """Return the mean brightness of each cell beside that of what lies round it, in 255ths."""
    size = (max(1, grey.shape[1] // _CELL), max(1, grey.shape[0] // _CELL))
    means = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)
    return np.asarray(255 * means / (cv2.blur(means, (_ROUND, _ROUND)) + _DARK), np.float32)


def _differ(before: UInt8Array, seen: _View, motion: Motion) -> BoolArray:
    """Tell of each cell whether it shows anything else than a picture that was moved, or what that did not show."""
    size = (before.shape[1], before.shape[0])
    moved = cv2.warpPerspective(before, motion.matrix, size, borderMode=cv2.BORDER_REPLICATE)
    differ = np.abs(seen.cells - _cells(np.asarray(moved, np.uint8))) > _AFTER_MOTION
    known = cv2.warpPerspective(np.full_like(before, 255), motion.matrix, size)
    known = cv2.resize(known, (differ.shape[1], differ.shape[0]), interpolation=cv2.INTER_AREA)
    inner = np.zeros_like(differ)
    inner[_RIM:-_RIM, _RIM:-_RIM] = True
    whole = np.asarray(known) == 255
    return _in_company(np.asarray((differ & whole) | (inner & ~whole), np.bool_))


def _in_company(cells: BoolArray) -> BoolArray:
    """Return cells of which a neighbour is one as well: a corner that was missed by a little stands alone."""
    around = cv2.boxFilter(cells.astype(np.float32), -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(cells & (np.rint(around) >= 2), np.bool_)


def _around(changed: BoolArray, width: int, height: int) -> Region | None:
    """Return the smallest region, in pixels of a frame, that holds some of its cells."""
    if not changed.any():
        return None
    rows, columns = (np.flatnonzero(changed.any(axis=axis)) for axis in (1, 0))
    down, across = height / changed.shape[0], width / changed.shape[1]
    left, top = int(columns[0] * across), int(rows[0] * down)
    right, bottom = min(width, round((columns[-1] + 1) * across)), min(height, round((rows[-1] + 1) * down))
    return left, top, right - left, bottom - top
