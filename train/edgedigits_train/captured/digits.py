"""Digits in other pens, as photos show them."""

from __future__ import annotations

import cv2
import numpy as np

from edgedigits.arrays import UInt8Array
from edgedigits.glyphs import centre_ink
from edgedigits_train.captured.canvas import SIDE, enlarge, hollow, redraw, sample_pen, warp
from edgedigits_train.captured.capturing import capture
from edgedigits_train.captured.flourishes import flourish
from edgedigits_train.captured.soiling import soil

_HOLLOW, _CROSSED_BY_A_RULE = 0.02, 0.08


def capture_digits(glyphs: UInt8Array, labels: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Return each of the digits once more, written with another pen and taken out of a photo.

    Args:
        glyphs: uint8 (N, 28, 28, 1), 0 paper, 255 ink.
        labels: uint8 (N,), 0 to 9.
        rng: all randomness comes from it.

    Returns:
        uint8 (N, 28, 28, 1), of the same digits.
    """
    captured = np.empty_like(glyphs)
    for index, (glyph, label) in enumerate(zip(glyphs[..., 0], labels.tolist(), strict=True)):
        captured[index, :, :, 0] = centre_ink(capture(_write(flourish(enlarge(glyph), label, rng), rng), rng))
    return captured


def capture_plainly(glyphs: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Return each of the digits, uint8 (N, 28, 28, 1), as `capture_digits` does, but in the form that it has."""
    captured = np.empty_like(glyphs)
    for index, glyph in enumerate(glyphs[..., 0]):
        captured[index, :, :, 0] = centre_ink(capture(_write(enlarge(glyph), rng), rng))
    return captured


def soil_digits(glyphs: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Return each of the digits, uint8 (N, 28, 28, 1), once more as a poor picture shows it."""
    soiled = np.empty_like(glyphs)
    for index, glyph in enumerate(glyphs[..., 0]):
        mask = enlarge(glyph)
        soiled[index, :, :, 0] = soil(warp(mask, rng) if rng.random() < 0.5 else mask, rng)
    return soiled


def _write(mask: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Return a digit's mask, uint8 (SIDE, SIDE), in another pen and bent a little."""
    mask = redraw(mask, sample_pen(rng), rng)
    style = rng.random()
    if style < _HOLLOW:
        return hollow(mask, int(rng.integers(2, 5)))
    if style < _HOLLOW + _CROSSED_BY_A_RULE:
        return _with_remnant_of_a_rule(mask, rng)
    return mask


def _with_remnant_of_a_rule(mask: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    ruled = mask.copy()
    row = int(rng.integers(20, 92))
    start, end = (int(rng.integers(0, 60)), row), (int(rng.integers(60, SIDE)), row + int(rng.integers(-4, 5)))
    cv2.line(ruled, start, end, int(rng.integers(60, 200)), int(rng.integers(1, 4)))
    near = cv2.dilate(cv2.inRange(ruled, 90, 255), np.ones((9, 9), np.uint8))
    return np.where(near > 0, ruled, 0).astype(np.uint8)
