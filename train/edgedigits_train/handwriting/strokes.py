"""The path of a pen that writes a character: where it goes, and how wide it marks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgedigits.arrays import Float64Array
from edgedigits_train.handwriting.curves import SAMPLES_PER_HEIGHT, stroke_matrices
from edgedigits_train.handwriting.letterforms import Letterform
from edgedigits_train.handwriting.writer import Writer


@dataclass(frozen=True, eq=False)
class Stroke:
    """One stroke of a pen, from touching the paper to leaving it.

    Attributes:
        points: float64 (S, 2), x to the right, y downwards; S ≥ 2.
        widths: float64 (S,), width of the mark as a factor of the pen's own.
        levels: float64 (S,), how much ink flows, 0 to 1; None where it flows evenly.
    """

    points: Float64Array
    widths: Float64Array
    levels: Float64Array | None = None

    def moved(self, matrix: Float64Array, offset: Float64Array) -> Stroke:
        """The same stroke with ``points @ matrix.T + offset``; widths stay."""
        return Stroke(self.points @ matrix.T + offset, self.widths, self.levels)


def write(form: Letterform, writer: Writer, rng: np.random.Generator) -> list[Stroke]:
    """Write one character.

    Args:
        form: the letterform to write.
        writer: whose hand it is.
        rng: source of what differs each time.

    Returns:
        The strokes, in heights of a digit, roughly within x from 0 to 0.7 and y from 0 to 1.

    Example:
        >>> rng = np.random.Generator(np.random.PCG64(3))
        >>> writer = Writer.sample(rng)
        >>> len(write(writer.form(7, rng), writer, rng)) in (1, 2)
        True
    """
    points = writer.own(form) + writer.looseness * rng.standard_normal(form.points.shape)
    slant = writer.slant + writer.looseness * rng.standard_normal()
    turn = writer.turn + 0.7 * writer.looseness * rng.standard_normal()
    cosine, sine = math.cos(turn), math.sin(turn)
    # Shear about the middle, then turn: lines of handwriting stay level while their letters lean.
    matrix = np.array([[cosine, -sine], [sine, cosine]]) @ np.array([[writer.aspect, -slant], [0.0, 1.0]])
    points = points @ matrix.T + np.array([slant / 2, 0.0])
    strokes = []
    for span, path in zip(form.strokes, stroke_matrices(form, writer.rounding), strict=True):
        strokes.append(_stroke(path @ points[span], writer, rng))
    return strokes


def _stroke(points: Float64Array, writer: Writer, rng: np.random.Generator) -> Stroke:
    points = _ends(points, writer, rng)
    count = len(points)
    normal = rng.standard_normal(16)
    phase: Float64Array = np.arange(count, dtype=np.float64) * (2 * math.pi / SAMPLES_PER_HEIGHT)
    if writer.tremor > 0:
        shake = np.sin(np.outer(phase, 2 + normal[:4]) + 9 * normal[4:8]) @ normal[8:16].reshape(4, 2)
        points = points + writer.tremor * shake
    return Stroke(points, _widths(points, phase, writer, normal[:3]))


def _ends(points: Float64Array, writer: Writer, rng: np.random.Generator) -> Float64Array:
    """Let a stroke run on, or stop short, at either end."""
    beyond = writer.overshoot + 2 * writer.looseness * rng.standard_normal(2)
    for end in (0, 1):
        reach = round(beyond[end] * SAMPLES_PER_HEIGHT * 2)
        if reach < 0 and len(points) + reach >= 6:
            points = points[:reach]
        elif reach > 0:
            step = points[-1] - points[-2]
            points = np.vstack([points, points[-1] + step * np.arange(1, reach + 1)[:, None] / 2])
        points = points[::-1]
    return points


def _widths(points: Float64Array, phase: Float64Array, writer: Writer, normal: Float64Array) -> Float64Array:
    """Width along a stroke: wide where the pen is slow, which is where the path bends, thin towards the ends."""
    step = np.diff(points, axis=0)
    heading = np.arctan2(step[:, 1], step[:, 0])
    turning = np.abs((np.diff(heading) + math.pi) % (2 * math.pi) - math.pi)
    bending = np.zeros(len(points))
    bending[1:-1] = turning
    bending = np.minimum(bending, 1.0)
    swell = 0.25 * np.sin(phase * (0.5 + 0.2 * abs(normal[0])) + 5 * normal[1])
    widths = 1 + writer.pressure * (0.8 * bending - 0.2 + swell)
    run = np.arange(len(points))
    reach = SAMPLES_PER_HEIGHT * 0.25
    ends = np.minimum(run, run[::-1]) / reach
    tapered: Float64Array = np.maximum(widths * (writer.taper + (1 - writer.taper) * np.minimum(ends, 1.0)), 0.2)
    return tapered
