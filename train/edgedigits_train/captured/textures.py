"""Outliers that nobody drew: what is left of foliage, stone, cloth and clutter when a finder looks for ink there.

Two statistics of natural images stand for all of them: dead leaves, shapes of all sizes that cover each other (Lee,
Mumford and Huang 2001, "Occlusion models for natural images"), and noise whose spectrum falls with the frequency.
"""

from __future__ import annotations

import cv2
import numpy as np

from edgedigits.arrays import UInt8Array

_SIDE = 140
_MOST_OF_ONE_PICTURE = 8


def texture_pieces(rng: np.random.Generator) -> list[UInt8Array]:
    """Return the connected pieces, uint8 (h, w) each, that a finder takes for ink in one such picture; it may be none.

    The light is evened by a morphological closing, as in the runtime, and cut at a random level.
    """
    picture = _dead_leaves(rng) if rng.random() < 0.5 else _fractal_noise(rng)
    picture = np.clip(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.5, 2.5)), 0, 255).astype(np.uint8)
    paper = cv2.morphologyEx(picture, cv2.MORPH_CLOSE, np.ones((31, 31), np.uint8))
    ink = np.clip(1 - picture / np.maximum(paper, 1).astype(np.float32), 0, 1)
    _, pieces, stats, _ = cv2.connectedComponentsWithStats((ink > rng.uniform(0.1, 0.5)).astype(np.uint8))
    found = []
    for number, (x, y, width, height, area) in enumerate(stats[1:].tolist(), start=1):
        like_a_digit = 14 < height < 110 and width < 2.5 * height and area > 30
        # an upright bar is a 1, whatever drew it
        if not like_a_digit or (height > 3 * width and rng.random() < 0.9):
            continue
        own = pieces[y : y + height, x : x + width] == number
        part = ink[y : y + height, x : x + width]
        level = np.clip(part * (255 / max(float(np.percentile(part[own], 90)), 1e-3)), 0, 255)
        found.append(np.where(cv2.dilate(own.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0, level, 0))
    return [np.asarray(piece, np.uint8) for piece in found[:_MOST_OF_ONE_PICTURE]]


def _dead_leaves(rng: np.random.Generator) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    picture = np.full((_SIDE, _SIDE), rng.uniform(0, 255), np.float32)
    for _ in range(int(rng.integers(8, 70))):
        centre = (int(rng.integers(_SIDE)), int(rng.integers(_SIDE)))
        radius = float(np.clip(3 / rng.uniform(0.02, 1), 3, 70))
        axes = (int(radius), max(1, int(radius * rng.uniform(0.12, 1))))
        turn, grey = float(rng.uniform(0, 180)), float(rng.uniform(0, 255))
        cv2.ellipse(picture, centre, axes, turn, 0, 360, grey, -1, cv2.LINE_AA)
    return picture + rng.standard_normal(picture.shape, np.float32) * np.float32(rng.uniform(1, 25))


def _fractal_noise(rng: np.random.Generator) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    picture = np.zeros((_SIDE, _SIDE), np.float32)
    slope = rng.uniform(0.5, 1.6)
    for octave in range(1, 8):
        cells = 2**octave
        coarse = rng.standard_normal((cells + 1, cells + 1), np.float32)
        picture += cv2.resize(coarse, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC) * np.float32(cells**-slope)
    low, high = float(picture.min()), float(picture.max())
    return (picture - np.float32(low)) * np.float32(255 / max(high - low, 1e-6))
