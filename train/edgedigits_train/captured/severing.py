"""Touching digits as the runtime cuts them apart: rightly, with a rest of a neighbour or less a piece, and wrongly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits.arrays import UInt8Array
from edgedigits.finding.strokes import Part, cut_largest_stroke
from edgedigits_train.captured.canvas import INK, enlarge, redraw, sample_pen, trim
from edgedigits_train.captured.capturing import capture
from edgedigits_train.captured.flourishes import flourish

_MOST = 3
"""Digits in a row."""
_OVERLAP = 0.12
"""Greatest overlap, in heights of a digit."""
_MARGIN = 30
_RIGHT, _WRONG = 0.85, 0.4
"""Likeness from which a part is a digit, and up to which it is none."""
_LOWEST = 20
"""Pixels: height of a row that is looked at."""
_PAPER, _DARKEST = 215, 0.7
"""Grey level of the paper of a photo, and how much of a level one level of ink takes from it."""
_NARROW = 0.45
"""Width over height up to which a part may be a 1, whatever it was cut from."""


def sever_digits(
    glyphs: UInt8Array, labels: UInt8Array, count: int, rng: np.random.Generator
) -> tuple[UInt8Array, UInt8Array]:
    """Return digits that the runtime cut out of rows of touching ones.

    Args:
        glyphs: what they are drawn after, uint8 (N, 28, 28, 1), 0 paper, 255 ink.
        labels: theirs, uint8 (N,), 0 to 9.
        count: how many are wanted.
        rng: all randomness comes from it.

    Returns:
        uint8 (count, 28, 28, 1), and their labels, uint8 (count,).
    """
    severed, values = np.empty((count, *glyphs.shape[1:]), glyphs.dtype), np.empty(count, np.uint8)
    made = 0
    while made < count:
        row = _cut_row(glyphs, labels, rng)
        if not row.parts:
            continue
        for likeness, value in zip(row.likenesses, row.values, strict=True):
            best = int(likeness.argmax())
            if likeness[best] >= _RIGHT and made < count:
                severed[made, :, :, 0], values[made] = row.parts[best].glyph(), value
                made += 1
    return severed, values


def wrong_cut(glyphs: UInt8Array, labels: UInt8Array, rng: np.random.Generator) -> UInt8Array | None:
    """Return what a wrong cut leaves of touching digits, uint8 (28, 28); None where there were only right ones."""
    row = _cut_row(glyphs, labels, rng)
    wrong = [
        part
        for part, likeness in zip(row.parts, row.likenesses.max(axis=0).tolist(), strict=True)
        if likeness <= _WRONG and part.box[2] > _NARROW * part.box[3]
    ]
    return wrong[rng.integers(len(wrong))].glyph() if wrong else None


@dataclass(frozen=True)
class _Row:
    """Touching digits, cut at all places that the runtime tries.

    Attributes:
        values: of the digits, (N,).
        parts: what lies between any two cuts; it may be none.
        likenesses: of each digit to each part, 0 to 1, (N, parts).
    """

    values: list[int]
    parts: list[Part]
    likenesses: npt.NDArray[np.float64]


def _cut_row(glyphs: UInt8Array, labels: UInt8Array, rng: np.random.Generator) -> _Row:
    chosen = rng.choice(len(glyphs), int(rng.integers(2, _MOST + 1)), replace=False).tolist()
    values, pen = [int(labels[i]) for i in chosen], sample_pen(rng)
    drawn = [
        redraw(flourish(enlarge(glyphs[i, :, :, 0]), value, rng), pen, rng)
        for i, value in zip(chosen, values, strict=True)
    ]
    digits = [trim(digit) for digit in drawn]
    if not all(digit.size for digit in digits):
        return _Row(values, [], np.empty((len(values), 0)))
    layers = _push_together(digits, rng)
    seen = capture(layers.max(axis=0), rng)
    truths = [
        np.asarray(cv2.resize(layer, seen.shape[::-1], interpolation=cv2.INTER_AREA) > INK, np.uint8)
        for layer in layers
    ]
    parts = cut_largest_stroke(np.asarray(_PAPER - _DARKEST * seen, np.uint8), _LOWEST)
    likenesses = np.array([[_likeness(part, truth) for part in parts] for truth in truths])
    return _Row(values, parts, likenesses)


def _push_together(digits: Sequence[UInt8Array], rng: np.random.Generator) -> UInt8Array:
    """Return digits (h, w) in a row, each so near the one before that they touch, in a layer each: (N, H, W)."""
    height = max(digit.shape[0] for digit in digits)
    high = height + height // 4 + 2 * _MARGIN
    layers = np.zeros((len(digits), high, sum(digit.shape[1] for digit in digits) + 2 * _MARGIN), np.uint8)
    # the last column of ink in each row so far
    last = np.full(high, -np.inf)
    for number, (layer, digit) in enumerate(zip(layers, digits, strict=True)):
        rows, columns = digit.shape
        top = int(rng.integers(_MARGIN, high - _MARGIN - rows + 1))
        inked = np.pad(digit > INK, ((top, high - top - rows), (0, 0)))
        used = inked.any(axis=1)
        gaps = np.where(used, inked.argmax(axis=1), np.inf) - last
        left = _MARGIN
        if number and np.isfinite(gaps.min()):
            left = max(0, -round(float(gaps.min())) - int(rng.uniform(0, _OVERLAP) * height))
        left = min(left, layer.shape[1] - columns)
        layer[top : top + rows, left : left + columns] = digit
        ends = np.where(used, left + columns - 1 - inked[:, ::-1].argmax(axis=1), -np.inf)
        last = np.maximum(last, ends)
    return layers


def _likeness(part: Part, truth: UInt8Array) -> float:
    """Return how much of a part is ink of a digit, or how much of the digit it has, whichever is less; 0 to 1.

    Edges may differ by a pixel: blur and the threshold move them.
    """
    own = part.mask.view(np.uint8)
    return min(_share_within(own, truth), _share_within(truth, own))


def _share_within(ink: UInt8Array, other: UInt8Array) -> float:
    near = np.asarray(cv2.dilate(other, np.ones((3, 3), np.uint8)), np.uint8)
    return cv2.countNonZero(ink & near) / max(cv2.countNonZero(ink), 1)
