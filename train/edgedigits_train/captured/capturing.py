"""What a photo and the finder take from a shape: size, focus, even ink, and faint strokes."""

from __future__ import annotations

import cv2
import numpy as np

from edgedigits.arrays import UInt8Array

_LEAST, _MOST = 9, 100
"""Pixels: how high digits are in a photo."""
_WORN = 0.15
"""Share of shapes whose line is broken."""


def capture(mask: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Return a mask as the finder cuts it out of a photo, at the photo's resolution.

    Args:
        mask: uint8 (H, W), 0 paper, 255 ink, drawn at some 80 pixels a digit.
        rng: all randomness comes from it.

    Returns:
        uint8 (h, w): 9 to 100 pixels a digit, worn, blurred, grainy, without what lies below the threshold.
    """
    if rng.random() < _WORN:
        mask = _wear(mask, rng)
    height = np.exp(rng.uniform(np.log(_LEAST), np.log(_MOST)))
    scale = height / 80
    size = (max(2, round(mask.shape[1] * scale)), max(2, round(mask.shape[0] * scale)))
    small = cv2.resize(mask, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    if rng.random() < 0.5:
        small = cv2.GaussianBlur(small, (0, 0), rng.uniform(0.3, max(0.4, 0.03 * height)))
    # as the finder smooths every picture
    small = cv2.GaussianBlur(small, (3, 3), 0)
    peak = int(small.max())
    if peak < 10:
        return np.asarray(small, np.uint8)
    ink = small.astype(np.float32) * np.float32(255 / peak)
    if rng.random() < 0.4:
        ink *= np.clip(1 + rng.uniform(0.05, 0.35) * _grain(size, rng), 0.2, 1.6)
    if rng.random() < 0.5:
        ink += rng.standard_normal(ink.shape, np.float32) * np.float32(rng.uniform(0, 14)) * (ink > 20)
    if rng.random() < 0.6:
        seen = (ink > rng.uniform(20, 110)).astype(np.uint8)
        ink = np.where(cv2.dilate(seen, np.ones((3, 3), np.uint8)) > 0, ink, 0)
    return np.asarray(np.clip(ink, 0, 255), np.uint8)


def _wear(mask: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Return a mask with gaps in its line, as a pencil leaves on rough paper, a dry pen or chalk."""
    noise = cv2.GaussianBlur(rng.standard_normal(mask.shape, np.float32), (0, 0), rng.uniform(1, 4))
    bare = noise < np.quantile(noise, rng.uniform(0.15, 0.5))
    return np.where(bare, mask * rng.uniform(0, 0.3), mask).astype(np.uint8)


def _grain(size: tuple[int, int], rng: np.random.Generator) -> UInt8Array:
    """Return the unevenness of a pencil's line, standard deviation 1."""
    noise = rng.standard_normal(size[::-1], np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.6, 3))
    return np.asarray(smooth / max(float(smooth.std()), 1e-6))
