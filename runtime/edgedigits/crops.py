"""Crops: what is done to a picture that was cut out tightly, before a digit is looked for or told."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edgedigits.arrays import UInt8Array

_TIGHT = 300
"""Pixels of the longer side up to which an image may have been cut out of a larger one."""
_BORDER = 0.5
"""Paper that is put round it, in its shorter sides."""
_LOW, _HIGH = 16, 26
"""Pixels of digits that are read again in an enlarged image, and of them then at least, where there is room."""
_LARGEST, _MOST_TIMES = 1600, 4
"""Pixels of the longer side of an enlarged image, and how often it is enlarged, at most."""
_EDGE = 1
"""Pixels from the rim within which a stroke goes on beyond it."""
_OFF_CENTRE = 0.2
"""Share of the crop's side by which the middle of a neighbour's stroke lies off its centre at least."""
_MOST = 2.0
"""Area of a neighbour's stroke, in areas of the digit's, up to which it can be told from the digit."""


def with_paper_round(grey: UInt8Array) -> tuple[UInt8Array, int]:
    """Return a small image with a border of its own paper, and how wide that is.

    A stroke that touches the rim cannot be told from a thing that goes on beyond it.

    Args:
        grey: uint8, (H, W).

    Returns:
        uint8, (H + 2 × border, W + 2 × border), and the border in pixels; 0 for an image that is no crop.
    """
    import cv2

    if max(grey.shape) > _TIGHT:
        return grey, 0
    rim = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    border = max(4, int(_BORDER * min(grey.shape)))
    paper = int(np.median(rim))
    bordered = cv2.copyMakeBorder(grey, border, border, border, border, cv2.BORDER_CONSTANT, value=paper)
    return np.asarray(bordered, np.uint8), border


def as_crop(grey: UInt8Array) -> tuple[UInt8Array, float]:
    """Return an image as small as a crop, and how many of its pixels one of the crop's is wide.

    Args:
        grey: uint8, (H, W).
    """
    import cv2

    times = max(1.0, max(grey.shape) / _TIGHT)
    size = [max(1, int(side / times)) for side in grey.shape[::-1]]
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8), times


def enlarged(grey: UInt8Array, heights: Sequence[float]) -> tuple[UInt8Array, int]:
    """Return an image of low digits enlarged, and how many times: a few pixels hold no strokes to tell them by.

    Args:
        grey: uint8, (H, W).
        heights: of its digits, in pixels.

    Returns:
        uint8, (H × times, W × times), and the times, 1 for an image that stays as it is.

    Example:
        >>> enlarged(np.zeros((90, 120), np.uint8), [9.0, 10.0])[0].shape
        (270, 360)
    """
    import cv2

    low = float(np.median(heights)) if len(heights) else _LOW
    times = min(_MOST_TIMES, _LARGEST // max(grey.shape), math.ceil(_HIGH / max(low, 1)))
    if low >= _LOW or times < 2:
        return grey, 1
    return np.asarray(cv2.resize(grey, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC), np.uint8), times


def without_neighbours(crop: UInt8Array) -> UInt8Array:
    """Return a crop of one digit without the strokes of its neighbours, which touch the crop's rim.

    Args:
        crop: uint8, (H, W); dark ink on light paper or light on dark.

    Returns:
        uint8, (H, W); the crop itself where there are none.

    Example:
        >>> crop = np.full((40, 30), 255, np.uint8)
        >>> without_neighbours(crop) is crop
        True
    """
    import cv2

    from edgedigits.glyphs import paper_is_dark

    split, _ = cv2.threshold(crop, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    bright = crop > split
    ink = (bright if paper_is_dark(bright) else ~bright).astype(np.uint8)
    count, pieces, stats, middles = cv2.connectedComponentsWithStats(ink)
    if count < 3:
        return crop
    height, width = crop.shape
    x, y, w, h, area = stats[1:].T
    touches = (x < _EDGE) | (y < _EDGE) | (x + w > width - _EDGE) | (y + h > height - _EDGE)
    off = np.abs(middles[1:] / (width, height) - 0.5).max(axis=1)
    # the digit is large, in the middle, and mostly whole
    digit = int((area * (1.2 - off) * np.where(touches, 0.5, 1)).argmax())
    neighbours = touches & (off > _OFF_CENTRE) & (area < _MOST * area[digit])
    neighbours[digit] = False
    if not neighbours.any():
        return crop
    theirs = np.isin(pieces, 1 + np.flatnonzero(neighbours)).astype(np.uint8)
    with_edge = cv2.dilate(theirs, np.ones((3, 3), np.uint8))
    return np.where(with_edge > 0, np.uint8(np.median(crop[ink == 0])), crop)
