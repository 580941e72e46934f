"""Light: from grey levels to ink, at several sizes of the image.

The brightness of the paper at each place is what a morphological closing with an element larger than any stroke
leaves; ink is the share of it that is missing, so that a shadow, which darkens paper and strokes alike, cancels out.
How wide a stroke may be is not known beforehand. Instead of guessing it, the image is shrunk by two again and again and
treated with the same element each time: every stroke is a few pixels wide at one of these sizes, and edges of shadows,
pages and things, which are wide at all of them, never become ink.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgedigits.arrays import UInt8Array

REACH = 25
"""Side of the closing's element in pixels: wider than the strokes looked for at each size, and their crossings."""

_SMALLEST_SIDE = 24
_TILE, _SAMPLES = 48, 12
"""Side of the tiles in which noise is measured, in pixels, and of the grid of pixels that is looked at in each."""
_LOW = 0.16
"""Share of a normal distribution that lies more than a standard deviation below its middle."""
_QUIET = 2.5
"""Noise of a good photo of paper; where the whole has no more, no place is looked at by itself."""
_FAR_QUIETER = 3.0
"""Factor from which a place is quieter than the whole: paper on a desk whose grain fills most of the image."""
DARK = 24
"""Grey levels that are added to the paper, so that the noise of near-black places does not become ink."""


@dataclass(frozen=True)
class Level:
    """The ink of an image at one of its sizes.

    Attributes:
        ink: uint8, (H, W); 0 is paper, 255 is ink that reflects nothing.
        paper: uint8, (H, W); brightness of the paper, or of whatever lies behind.
        noise: standard deviation of the ink values of paper, float32, (rows, columns) of tiles that cover the level:
            paper is quieter than the desk that it lies on.
        shrink: how many pixels of the image one pixel here is wide.
        finest: whether the image was not shrunk for it.
    """

    ink: UInt8Array
    paper: UInt8Array
    noise: npt.NDArray[np.float32]
    shrink: float
    finest: bool

    def noise_at(self, x: float, y: float) -> float:
        """Return the noise at a place, in pixels of the level."""
        rows, columns = self.noise.shape
        high, wide = self.ink.shape
        return float(self.noise[min(int(y / high * rows), rows - 1), min(int(x / wide * columns), columns - 1)])


def ink_levels(grey: UInt8Array, shrink: float = 1.0) -> Iterator[Level]:
    """Yield the ink of dark writing at full size, half the size, a quarter of it and so on.

    Args:
        grey: uint8, (H, W); the writing is darker than its paper.
        shrink: how many pixels of the original image one pixel of `grey` is wide.
    """
    import cv2

    finest = True
    while True:
        yield _level(grey, shrink, finest)
        finest = False
        height, width = grey.shape
        if min(height, width) < 2 * _SMALLEST_SIDE:
            return
        grey = np.asarray(cv2.resize(grey, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.uint8)
        shrink *= 2


def _level(grey: UInt8Array, shrink: float, finest: bool) -> Level:
    import cv2

    smooth = cv2.GaussianBlur(grey, (3, 3), 0)
    # repeat the rim, so that a digit that touches it is still surrounded by paper
    rim = REACH // 2
    wider = cv2.copyMakeBorder(smooth, rim, rim, rim, rim, cv2.BORDER_REPLICATE)
    closed = cv2.morphologyEx(wider, cv2.MORPH_CLOSE, np.ones((REACH, REACH), np.uint8))
    paper = np.asarray(closed[rim:-rim, rim:-rim], np.uint8)
    # of two images, OpenCV's sums and differences, which stop at 255 and at 0, are the fastest there are
    brighter = cv2.add(paper, np.full_like(paper, DARK))
    ink = np.asarray(cv2.divide(cv2.subtract(paper, smooth), brighter, scale=255), np.uint8)
    middle, noise = _middle_and_spread(ink)
    return Level(np.asarray(cv2.subtract(ink, np.full_like(ink, middle)), np.uint8), paper, noise, shrink, finest)


def _middle_and_spread(ink: UInt8Array) -> tuple[np.uint8, npt.NDArray[np.float32]]:
    """Return the median, and the standard deviation that the half below it tells of, where no stroke lies.

    Returns:
        uint8, and float32 (rows, columns) of tiles: the whole's where they are not far quieter.
    """
    import cv2

    height, width = ink.shape
    rows, columns = max(1, height // _TILE), max(1, width // _TILE)
    # some hundred pixels of a tile tell as much as all
    step = max(1, min(height // (rows * _SAMPLES), width // (columns * _SAMPLES)))
    sample = ink[::step, ::step]
    running = np.cumsum(np.bincount(sample.ravel(), minlength=256))
    low, middle = running.searchsorted(running[-1] * np.array([_LOW, 0.5])).tolist()
    noise = max(float(middle - low), 0.5)
    if noise <= _QUIET:
        return np.uint8(middle), np.full((1, 1), noise, np.float32)

    high, wide = sample.shape[0] // rows, sample.shape[1] // columns
    tiles = sample[: rows * high, : columns * wide].reshape(rows, high, columns, wide).swapaxes(1, 2)
    last = high * wide - 1
    at = (round(_LOW * last), round(0.5 * last))
    values = np.partition(tiles.reshape(rows, columns, -1), at, axis=2)
    # of neighbouring tiles, one may be full of ink
    own = cv2.medianBlur(values[:, :, at[1]] - values[:, :, at[0]], 3).astype(np.float32)
    return np.uint8(middle), np.maximum(np.where(own * _FAR_QUIETER < noise, own, np.float32(noise)), np.float32(0.5))


def spread_tiles(tiles: UInt8Array, shape: tuple[int, ...]) -> UInt8Array:
    """Return a value for each pixel from one for each tile."""
    import cv2

    if tiles.size == 1:
        return np.full(shape, tiles[0, 0], np.uint8)
    return np.asarray(cv2.resize(tiles, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR), np.uint8)
