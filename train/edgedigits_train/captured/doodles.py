"""Outliers that people drew: characters of other alphabets and doodles, where such files are at hand."""

from __future__ import annotations

import cv2
import numpy as np

from edgedigits.arrays import UInt8Array
from edgedigits_train.captured.canvas import SIDE, change_pen, enlarge, sample_pen, warp


def doodle(drawings: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Return one of the drawings, uint8 (N, H, W), 0 paper, 255 ink, in a pen of its own."""
    drawing = drawings[rng.integers(len(drawings))]
    mask = enlarge(drawing) if drawing.shape[0] <= 32 else _shrink(drawing, rng)
    return warp(change_pen(mask, sample_pen(rng) if rng.random() < 0.5 else 0.0), rng)


def _shrink(drawing: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Scans of a thin line lose it when they shrink: it is drawn wider first."""
    small = cv2.resize(drawing, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    wide = cv2.dilate(small, np.ones((3, 3), np.uint8), iterations=int(rng.integers(1, 4)))
    return np.asarray(cv2.GaussianBlur(wide, (0, 0), 1.5), np.uint8)
