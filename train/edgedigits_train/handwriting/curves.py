"""Smooth curves through control points, as matrices.

Where the pen is along a letterform depends linearly on the control points, so that one small matrix, worked out once
for each letterform, turns any bent copy of its points into a smooth path: natural cubic splines between corners, on
centripetal knots (Lee 1989: "Choosing nodes in parametric curve interpolation"), sampled evenly along the path.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np

from edgedigits.arrays import Float64Array
from edgedigits_train.handwriting.letterforms import Letterform

SAMPLES_PER_HEIGHT = 14
"""How many samples a path gets for each height of a digit that it is long."""


def _spline_matrix(knots: Float64Array, at: Float64Array) -> Float64Array:
    """Natural cubic spline as a matrix: values at `at` (S,) from values at `knots` (P,); float64 (S, P)."""
    count = len(knots)
    steps = np.diff(knots)
    values = np.eye(count)
    bends = np.zeros((count, count))
    if count > 2:
        system = np.diag(2 * (steps[:-1] + steps[1:])) + np.diag(steps[1:-1], 1) + np.diag(steps[1:-1], -1)
        slopes = np.diff(values, axis=0) / steps[:, None]
        bends[1:-1] = np.linalg.solve(system, 6 * np.diff(slopes, axis=0))
    piece = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, count - 2)
    step = steps[piece][:, None]
    left = (knots[piece + 1] - at)[:, None]
    right = (at - knots[piece])[:, None]
    matrix: Float64Array = (
        bends[piece] * (left**3 / (6 * step) - step * left / 6)
        + bends[piece + 1] * (right**3 / (6 * step) - step * right / 6)
        + values[piece] * left / step
        + values[piece + 1] * right / step
    )
    return matrix


def _even_piece(points: Float64Array) -> Float64Array:
    """Matrix (S, P) of one piece without corners, sampled evenly along the path through `points` (P, 2)."""
    chords = np.sqrt(np.hypot(*np.diff(points, axis=0).T))
    knots = np.concatenate([[0.0], np.cumsum(np.maximum(chords, 1e-3))])
    fine = np.linspace(0, knots[-1], 16 * len(points))
    path = _spline_matrix(knots, fine) @ points
    travelled = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    count = max(4, round(travelled[-1] * SAMPLES_PER_HEIGHT) + 1)
    even = np.interp(np.linspace(0, travelled[-1], count), travelled, fine)
    return _spline_matrix(knots, even)


def _smoothing_matrix(count: int, reach: float) -> Float64Array:
    """Gaussian smoothing along `count` samples that leaves both ends where they are; float64 (S, S)."""
    if reach <= 0:
        return np.eye(count)
    pad = min(count - 1, int(3 * reach) + 1)
    # Odd reflection about both ends keeps the first and last sample in place.
    extended = np.zeros((count + 2 * pad, count))
    extended[pad : pad + count] = np.eye(count)
    for i in range(1, pad + 1):
        extended[pad - i, 0] += 2
        extended[pad - i, i] -= 1
        extended[pad + count - 1 + i, count - 1] += 2
        extended[pad + count - 1 + i, count - 1 - i] -= 1
    rows = np.arange(count)[:, None] + pad
    columns = np.arange(count + 2 * pad)[None, :]
    weights = np.exp(-0.5 * ((rows - columns) / reach) ** 2)
    smoothed: Float64Array = (weights / weights.sum(axis=1, keepdims=True)) @ extended
    smoothed[[0, -1]] = np.eye(count)[[0, -1]]
    return smoothed


@cache
def stroke_matrices(form: Letterform, rounding: int) -> tuple[Float64Array, ...]:
    """For each stroke of `form` the matrix (S, P) from its control points to its path.

    Args:
        form: the letterform.
        rounding: how far the writer cuts corners, in half samples; 0 keeps them sharp.
    """
    return tuple(_smoothing_matrix(len(path), rounding / 2) @ path for path in _sharp_matrices(form))


@cache
def _sharp_matrices(form: Letterform) -> tuple[Float64Array, ...]:
    matrices = []
    for stroke in form.strokes:
        points, corners = form.points[stroke], form.corners[stroke]
        cuts = [0, *(i for i in range(1, len(points) - 1) if corners[i]), len(points) - 1]
        rows = []
        for first, last in pairwise(cuts):
            piece = _even_piece(points[first : last + 1])
            wide = np.zeros((len(piece), len(points)))
            wide[:, first : last + 1] = piece
            rows.append(wide if first == 0 else wide[1:])
        matrices.append(np.vstack(rows))
    return tuple(matrices)
