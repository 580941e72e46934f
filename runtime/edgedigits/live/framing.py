"""Framing: frames turned, mirrored and cut to the region that is read."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edgedigits.arrays import UInt8Array
from edgedigits.errors import InputError
from edgedigits.live.settings import Roi
from edgedigits.reading import Reading

Region = tuple[int, int, int, int]
"""x, y, width, height in pixels."""


@dataclass(frozen=True)
class Frame:
    """One picture of a source, turned as it is wanted.

    Attributes:
        index: its number in the source, from 0; a live camera's numbers have gaps where frames were dropped.
        seconds: since the start: by the film's own clock for a film, by the wall clock for a camera.
        pixels: uint8, (H, W, 3) in BGR.
        damaged: whether data were missing, so that part of it is made up.
        taken: when it came, in seconds of `time.monotonic`.
    """

    index: int
    seconds: float
    pixels: UInt8Array
    damaged: bool = False
    taken: float = 0.0


def turned(pixels: UInt8Array, rotate: int, mirror: bool) -> UInt8Array:
    """Return a picture turned clockwise, and then mirrored.

    Example:
        >>> turned(np.array([[1, 2]], np.uint8), 90, False).tolist()
        [[1], [2]]
    """
    if rotate:
        pixels = np.rot90(pixels, -rotate // 90)
    if mirror:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def region_of(roi: Roi | None, pixels: UInt8Array) -> Region:
    """Return the part of a picture that a region of interest names, in its pixels.

    Raises:
        InputError: the region lies outside the picture.

    Example:
        >>> region_of((0.5, 0, 0.5, 1), np.zeros((10, 20), np.uint8))
        (10, 0, 10, 10)
    """
    height, width = pixels.shape[:2]
    if roi is None:
        return 0, 0, width, height
    scale = (width, height, width, height) if max(roi) <= 1 else (1, 1, 1, 1)
    x, y, w, h = (round(value * unit) for value, unit in zip(roi, scale, strict=True))
    left, top, right, bottom = min(x, width), min(y, height), min(x + w, width), min(y + h, height)
    if right <= left or bottom <= top:
        raise InputError(
            f"--roi {','.join(map(str, roi))} lies outside the picture, which has {width} × {height} pixels."
        )
    return left, top, right - left, bottom - top


def cut(pixels: UInt8Array, region: Region) -> UInt8Array:
    """Return the pixels of a region."""
    x, y, w, h = region
    return pixels[y : y + h, x : x + w]


def placed(reading: Reading, region: Region, size: tuple[int, int]) -> Reading:
    """Return the reading of a region as one of the whole picture, whose width and height are given."""
    x, y = region[:2]
    digits = tuple(replace(digit, box=(digit.box[0] + x, digit.box[1] + y, *digit.box[2:])) for digit in reading.digits)
    signs = tuple(replace(sign, box=(sign.box[0] + x, sign.box[1] + y, *sign.box[2:])) for sign in reading.signs)
    return replace(reading, digits=digits, signs=signs, size=size)
