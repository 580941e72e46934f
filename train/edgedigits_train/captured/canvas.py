"""The drawing board: glyphs enlarged to soft masks on which pens can be changed and shapes bent."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits.arrays import UInt8Array

SIDE = 112
"""Pixels: four for each one of a glyph, so that the ridge of a stroke can be found and drawn anew."""

INK = 110
"""A mask's level above which a pixel counts as ink where a stroke is taken apart."""


def enlarge(glyph: UInt8Array) -> UInt8Array:
    """Return a glyph, uint8 (28, 28), as a smooth mask, uint8 (SIDE, SIDE)."""
    large = cv2.resize(glyph, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.GaussianBlur(large, (0, 0), 2), np.uint8)


def sample_pen(rng: np.random.Generator) -> float:
    """Draw how a pen differs from MNIST's: below 0 a thin line, 0 as it was, above 0 wider by so many pixels."""
    kind = rng.random()
    if kind < 0.35:
        return 0.0
    return float(-rng.uniform(1, 5)) if kind < 0.75 else float(rng.uniform(1, 5))


def change_pen(mask: UInt8Array, pen: float) -> UInt8Array:
    """Draw a mask's strokes with another pen.

    A thin pen follows the ridge of the distance transform, so that thick and thin strokes alike come out as one line;
    eroding would break the thin ones.

    Args:
        mask: uint8 (H, W), 0 paper, 255 ink.
        pen: from `sample_pen`: -1 gives a line of about 9 pixels, -5 one of 3.
    """
    if pen == 0:
        return mask
    ink = (mask > INK).astype(np.uint8)
    if pen > 0:
        return _soften(_dilate(ink, _disc(round(pen))))
    depth = cv2.distanceTransform(ink, cv2.DIST_L2, 3)
    ridge = ((depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8)) - 0.5) & (depth > 1)).astype(np.uint8)
    line = _dilate(ridge, _disc(max(1, round(5.5 + pen))))
    return _soften(line & _dilate(ink, np.ones((3, 3), np.uint8)))


def redraw(mask: UInt8Array, pen: float, rng: np.random.Generator) -> UInt8Array:
    """Return a mask, uint8 (SIDE, SIDE), in another pen, from `sample_pen`, and bent a little."""
    # a thin line is found best on the undistorted stroke's bent copy, a wide one is bent with its edges
    return change_pen(warp(mask, rng), pen) if pen < 0 else warp(change_pen(mask, pen), rng)


def hollow(mask: UInt8Array, pen: int) -> UInt8Array:
    """Return only the outline of a mask's strokes, as of a digit drawn in outline, `pen` pixels wide."""
    ink = _dilate((mask > INK).astype(np.uint8), _disc(pen))
    return _soften(np.asarray(cv2.morphologyEx(ink, cv2.MORPH_GRADIENT, _disc(pen)), np.uint8))


def warp(mask: UInt8Array, rng: np.random.Generator, *, turn: float = 6, bend: float = 1.0) -> UInt8Array:
    """Turn, shear, stretch and bend a mask at random.

    Args:
        mask: uint8 (SIDE, SIDE).
        rng: all randomness comes from it.
        turn: standard deviation of the angle, in degrees.
        bend: strength of the elastic displacement.
    """
    angle, shear = np.deg2rad(rng.normal(0, turn)), rng.normal(0, 0.16)
    stretch = np.exp(rng.normal(0, 0.14))
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = rotation @ np.array([[1, shear], [0, 1]]) @ np.diag([stretch, 1 / stretch]) * rng.uniform(0.95, 1.25)
    fields, margin = _bends()
    field = fields[rng.integers(len(fields))]
    top, left = rng.integers(0, margin, 2)
    shift = np.float32(bend * abs(rng.normal(0, 0.8))) * field[:, top : top + SIDE, left : left + SIDE]
    columns, rows = np.tensordot(matrix.astype(np.float32), _places(), axes=1) + np.float32(SIDE / 2) + shift
    return np.asarray(cv2.remap(mask, columns, rows, cv2.INTER_LINEAR), np.uint8)


def trim(mask: UInt8Array) -> UInt8Array:
    """Return the part of a mask that holds its ink; it may be empty."""
    x, y, width, height = cv2.boundingRect((mask > 60).astype(np.uint8))
    return mask[y : y + height, x : x + width]


def largest_piece(mask: UInt8Array) -> UInt8Array:
    """Return a mask with only its largest connected piece."""
    count, pieces, stats, _ = cv2.connectedComponentsWithStats((mask > 60).astype(np.uint8))
    if count < 2:
        return mask
    kept = (pieces == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()).astype(np.uint8)
    return np.where(cv2.dilate(kept, np.ones((3, 3), np.uint8)) > 0, mask, 0).astype(np.uint8)


def _dilate(ink: UInt8Array, kernel: UInt8Array) -> UInt8Array:
    return np.asarray(cv2.dilate(ink, kernel), np.uint8)


def _soften(ink: UInt8Array) -> UInt8Array:
    return np.asarray(cv2.GaussianBlur(ink * np.uint8(255), (0, 0), 1.2), np.uint8)


@lru_cache
def _disc(radius: int) -> UInt8Array:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)


@lru_cache
def _places() -> npt.NDArray[np.float32]:
    """Return each pixel's x and y from the centre, float32 (2, SIDE, SIDE)."""
    return np.indices((SIDE, SIDE), np.float32)[::-1] - np.float32(SIDE / 2)


@lru_cache
def _bends(margin: int = 40) -> tuple[npt.NDArray[np.float32], int]:
    """Return smooth displacements in pixels, (N, 2, SIDE + margin, SIDE + margin), and the margin."""
    rng = np.random.default_rng(0)
    size = (SIDE + margin, SIDE + margin)
    fields = [
        [cv2.GaussianBlur(rng.uniform(-1, 1, size).astype(np.float32), (0, 0), sigma) * strength for _ in range(2)]
        for sigma, strength in [(9, 55), (12, 75), (15, 95)] * 20
    ]
    return np.asarray(fields, np.float32), margin
