"""Scrawls: outliers of many strokes close together."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits.arrays import UInt8Array
from edgedigits_train.captured.canvas import SIDE, warp

_Lines = list[npt.NDArray[np.float64]]
"""Polylines, x and y from -1 to 1."""


def scrawl(rng: np.random.Generator) -> UInt8Array:
    """Return many strokes close together that form no digit: rings in rings, a hatched shape, a tangle.

    Without them a net of fine lines is taken for the digit that its border looks like: a spiral for a 0.
    """
    draw = (_rings, _hatching, _tangle)[rng.integers(3)]
    mask = np.zeros((SIDE, SIDE), np.uint8)
    pen = int(rng.integers(2, 7))
    for line in draw(rng):
        points = np.rint((SIDE / 2 + 45 * line + rng.normal(0, 0.6, line.shape)) * 16).astype(np.int32)
        cv2.polylines(mask, [points], False, 255, pen, cv2.LINE_AA, 4)
    return warp(mask, rng, turn=15)


def _rings(rng: np.random.Generator) -> _Lines:
    """Circles, triangles, boxes or the like in each other, three to six: a target."""
    shape = _shape(rng)
    sizes = np.linspace(1, 0, int(rng.integers(3, 7)), endpoint=False)
    return [size * shape + rng.normal(0, 0.02, 2) for size in sizes]


def _hatching(rng: np.random.Generator) -> _Lines:
    """A circle or a polygon filled by a stroke to and fro, or by two that cross."""
    shape = _shape(rng)
    fillings = [_to_and_fro(shape, rng) for _ in range(1 if rng.random() < 0.6 else 2)]
    return [shape, *fillings] if rng.random() < 0.5 else fillings


def _to_and_fro(shape: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return a stroke, (2 N, 2), whose turns lie on the border of a convex shape, which it crosses N times."""
    turn = rng.uniform(0, np.pi)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    corners = shape @ matrix
    starts, rises = corners[:-1], np.diff(corners, axis=0)
    levels = np.linspace(starts[:, 1].min(), starts[:, 1].max(), int(rng.integers(6, 14)) + 2)[1:-1]
    with np.errstate(divide="ignore", invalid="ignore"):  # of edges that lie level, which no stroke along them crosses
        shares = (levels[:, np.newaxis] - starts[:, 1]) / rises[:, 1]
        places = np.where((shares >= 0) & (shares <= 1), starts[:, 0] + shares * rises[:, 0], np.nan)
    left, right = np.nanmin(places, axis=1), np.nanmax(places, axis=1)
    forth = np.arange(len(levels)) % 2 == 1
    across = np.stack([np.where(forth, left, right), np.where(forth, right, left)], axis=1)
    return np.asarray(np.stack([across.ravel(), np.repeat(levels, 2)], axis=1) @ matrix.T)


def _tangle(rng: np.random.Generator) -> _Lines:
    """A closed curve that crosses itself at random, over and over: waves of three to seven periods, added up."""
    at = np.linspace(0, 2 * np.pi, 300)[:, np.newaxis, np.newaxis] * np.arange(3, 8)
    shares, starts = rng.normal(0, 1, (2, 5)), rng.uniform(0, 2 * np.pi, (2, 5))
    points = (shares * np.sin(at + starts)).sum(axis=2)
    return [points / abs(points).max(axis=0)]


def _shape(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return a circle, or a polygon of three to six corners in it, closed, (corners + 1, 2), at any angle."""
    corners = 60 if rng.random() < 0.5 else int(rng.integers(3, 7))
    angles = rng.uniform(0, 2 * np.pi) + np.linspace(0, 2 * np.pi, corners + 1)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)
