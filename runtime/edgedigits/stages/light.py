"""Light: from grey levels to ink, at several sizes of the image.

The brightness of the paper at each place is what a morphological closing with an element larger than any stroke
leaves; ink is the share of it that is missing, so that a shadow, which darkens paper and strokes alike, cancels out.
How wide a stroke may be is not known beforehand. Instead of guessing it, the image is shrunk by two again and again and
treated with the same element each time: every stroke is a few pixels wide at one of these sizes, and edges of shadows,
pages and things, which are wide at all of them, never become ink.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

UInt8Array = npt.NDArray[np.uint8]

REACH = 25
"""Side of the closing's element in pixels: wider than the strokes looked for at each size, and their crossings."""

_SMALLEST_SIDE = 24
_SAMPLE = 20_000
"""So many pixels tell of an image's noise as much as all."""
DARK = 24
"""Grey levels that are added to the paper, so that the noise of near-black places does not become ink."""


@dataclass(frozen=True)
class Level:
    """The ink of an image at one of its sizes.

    Attributes:
        ink: uint8, (H, W); 0 is paper, 255 is ink that reflects nothing.
        paper: uint8, (H, W); brightness of the paper, or of whatever lies behind.
        noise: standard deviation of the paper's ink values.
        shrink: how many pixels of the image one pixel here is wide.
        finest: whether the image was not shrunk for it.
    """

    ink: UInt8Array
    paper: UInt8Array
    noise: float
    shrink: float
    finest: bool


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
    ink = np.asarray(
        cv2.divide(cv2.subtract(paper, smooth), cv2.convertScaleAbs(paper, beta=DARK), scale=255), np.uint8
    )
    middle, noise = _middle_and_spread(ink)
    np.maximum(ink, middle, out=ink)
    ink -= middle
    return Level(ink, paper, noise, shrink, finest)


def _middle_and_spread(values: UInt8Array) -> tuple[np.uint8, float]:
    """Return the median, and the standard deviation that the half below it tells of, where no stroke lies."""
    step = 1 + math.isqrt(values.size // _SAMPLE)
    running = np.cumsum(np.bincount(values[::step, ::step].ravel(), minlength=256))
    middle = int(np.searchsorted(running, running[-1] / 2))
    low = int(np.searchsorted(running, running[-1] * 0.16))
    return np.uint8(middle), max(float(middle - low), 0.5)
