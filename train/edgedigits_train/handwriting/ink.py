"""Strokes as pixels."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

_SHIFT = 4
"""Fraction bits of the coordinates handed to OpenCV, which draws in integers: the same pixels on every machine."""


def draw_stroke(
    canvas: npt.NDArray[np.uint8],
    points: npt.NDArray[np.float64],
    widths: npt.NDArray[np.float64],
    levels: npt.NDArray[np.float64] | None = None,
) -> None:
    """Draw a stroke of changing width with round ends into `canvas`, with value 255 unless `levels` say less.

    Args:
        canvas: uint8 (H, W), drawn into.
        points: float64 (S, 2), x and y in pixels; what lies outside is not drawn.
        widths: float64 (S,), in pixels; rounded to whole ones, at least 1. The pen is lifted where it is 0.
        levels: float64 (S,), 0 to 1.
    """
    fixed = np.rint(points * (1 << _SHIFT)).astype(np.int64).tolist()
    thick = np.where(widths > 0, np.maximum(np.rint(widths), 1), 0).astype(np.int64).tolist()
    inks = [255] * len(thick) if levels is None else np.rint(255 * levels).astype(np.int64).tolist()
    for start, end, width, ink in zip(fixed, fixed[1:], thick[1:], inks[1:], strict=False):
        if width:
            cv2.line(canvas, start, end, (ink,), width, cv2.LINE_8, _SHIFT)
