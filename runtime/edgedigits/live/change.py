"""Change: whether a frame shows anything else than the one that was read last."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits.arrays import UInt8Array

_CELL = 8
"""Pixels of a cell's side at 640 pixels a row: about the width of a few strokes."""
_ROW = 640
_SMALLEST_CELL = 4.0
_DIFFERENCE = 6.0
"""Grey levels by which a cell's mean must differ: a stroke changes it by 20, a sensor's noise by less than 2."""


class ChangeDetector:
    """Compares frames, cell by cell, with the one that was last marked as read; lamps that dim do not count."""

    def __init__(self) -> None:
        self._cells: npt.NDArray[np.float32] | None = None
        self._pixels: UInt8Array | None = None

    def changed(self, pixels: UInt8Array) -> bool:
        """Tell whether a frame (H, W, 3) differs in any cell from the one that was read."""
        if self._cells is None or self._pixels is None or self._pixels.shape != pixels.shape:
            return True
        difference = _cells(pixels) - self._cells
        return bool(np.abs(difference - np.median(difference)).max() > _DIFFERENCE)

    def same(self, pixels: UInt8Array) -> bool:
        """Tell whether a frame is, bit for bit, the one that was read: reading it again would say the same."""
        return self._pixels is not None and np.array_equal(self._pixels, pixels)

    def mark_read(self, pixels: UInt8Array) -> None:
        """Compare with this frame from now on."""
        self._cells, self._pixels = _cells(pixels), pixels

    def forget(self) -> None:
        """Take the next frame for changed."""
        self._cells = self._pixels = None


def _cells(pixels: UInt8Array) -> npt.NDArray[np.float32]:
    """Return the mean grey level of each cell."""
    height, width = pixels.shape[:2]
    side = max(_SMALLEST_CELL, _CELL * max(height, width) / _ROW)
    size = (max(1, round(width / side)), max(1, round(height / side)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.float32)
