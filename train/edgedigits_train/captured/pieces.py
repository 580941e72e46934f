"""Outliers made of digits: several that touch, parts of one, one that lies on its side."""

from __future__ import annotations

import cv2
import numpy as np

from edgedigits.arrays import UInt8Array
from edgedigits_train.captured.canvas import enlarge, largest_piece, redraw, sample_pen, trim


def several_digits(glyphs: UInt8Array, labels: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Return two or three digits side by side that the finder did not take apart, now and then on their side."""
    pen = sample_pen(rng)
    drawn = [
        redraw(enlarge(glyphs[rng.integers(len(glyphs)), :, :, 0]), pen, rng)
        for _ in range(2 if rng.random() < 0.8 else 3)
    ]
    digits = [digit for digit in map(trim, drawn) if digit.size]
    height = max((digit.shape[0] for digit in digits), default=1)
    canvas = np.zeros((height + 40, sum(digit.shape[1] for digit in digits) + 2 * height), np.uint8)
    x = height // 2
    for digit in digits:
        y = 20 + int(rng.uniform(0, height - digit.shape[0] + 1))
        place = canvas[y : y + digit.shape[0], x : x + digit.shape[1]]
        np.maximum(place, digit[:, : place.shape[1]], out=place)
        x = max(0, x + digit.shape[1] + int(rng.uniform(-0.18, 0.15) * height))
    return np.asarray(cv2.rotate(canvas, cv2.ROTATE_90_CLOCKWISE), np.uint8) if rng.random() < 0.25 else canvas


_CUTS = {
    "upper": frozenset({6, 8, 9}),
    "lower": frozenset({4, 6, 7, 8, 9}),
    "left": frozenset({0, 6}),
    "right": frozenset({0, 4, 7, 9}),
}
"""Which part remains, and of which digits it would be a digit still."""


def fragment(glyphs: UInt8Array, labels: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Return a piece of a digit that is no digit itself."""
    while True:
        index = int(rng.integers(len(glyphs)))
        part = str(rng.choice(list(_CUTS)))
        if labels[index] == 1 or labels[index] in _CUTS[part]:
            continue
        mask = redraw(enlarge(glyphs[index, :, :, 0]), sample_pen(rng), rng)
        x, y, width, height = cv2.boundingRect((mask > 60).astype(np.uint8))
        kept = rng.uniform(0.2, 0.55)
        mask = mask.copy()
        if part == "upper":
            mask[y + int(height * kept) :] = 0
        elif part == "lower":
            mask[: y + int(height * (1 - kept))] = 0
        elif part == "left":
            mask[:, x + int(width * kept) :] = 0
        else:
            mask[:, : x + int(width * (1 - kept))] = 0
        piece = largest_piece(mask)
        rest = trim(piece)
        # what is tall and narrow is a 1, whatever it was cut from
        if min(rest.shape) >= 4 and rest.shape[0] <= 2.2 * rest.shape[1]:
            return piece


_TURNS = {
    cv2.ROTATE_90_CLOCKWISE: frozenset({0, 8}),
    cv2.ROTATE_90_COUNTERCLOCKWISE: frozenset({0, 8}),
    cv2.ROTATE_180: frozenset({0, 1, 2, 5, 6, 8, 9}),
}
"""Turns, and the digits that are digits still when turned so."""


def turned_digit(glyphs: UInt8Array, labels: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Return a digit on its side or upside down that is none in that position."""
    while True:
        index = int(rng.integers(len(glyphs)))
        turn = list(_TURNS)[int(rng.integers(len(_TURNS)))]
        if labels[index] not in _TURNS[turn]:
            return np.asarray(cv2.rotate(redraw(enlarge(glyphs[index, :, :, 0]), sample_pen(rng), rng), turn), np.uint8)
