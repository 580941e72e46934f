"""Outliers drawn from scratch: signs, printed letters, solid shapes."""

from __future__ import annotations

import cv2
import numpy as np

from edgedigits.arrays import UInt8Array
from edgedigits_train.captured.canvas import SIDE, trim, warp

_MIDDLE = SIDE // 2

_SIGNS: tuple[tuple[tuple[tuple[int, int], ...], ...], ...] = (
    (((15, 56), (97, 56)), ((56, 15), (56, 97))),  # plus
    (((15, 56), (97, 56)),),  # minus
    (((20, 20), (92, 92)), ((92, 20), (20, 92))),  # cross
    (((15, 40), (97, 40)), ((15, 75), (97, 75))),  # equals
    (((20, 60), (45, 90), (95, 20)),),  # tick
    (((15, 56), (97, 56)), ((70, 35), (97, 56), (70, 77))),  # arrow
    (((56, 15), (56, 97)), ((20, 35), (92, 75)), ((92, 35), (20, 75))),  # asterisk
    (((15, 40), (97, 40)), ((15, 75), (97, 75)), ((38, 12), (38, 100)), ((75, 12), (75, 100))),  # hash
    (((15, 25), (97, 25), (97, 90), (15, 90), (15, 25)),),  # box
    (((30, 15), (30, 97)), ((30, 97), (95, 97))),  # corner
    (((56, 12), (15, 95), (97, 95), (56, 12)),),  # triangle
    (((15, 70), (35, 45), (56, 70), (77, 45), (97, 70)),),  # wave
)
"""Polylines on the canvas."""


def sign(rng: np.random.Generator) -> UInt8Array:
    """Return a mathematical or other sign drawn by hand."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    pen = int(rng.integers(3, 16))
    for line in _SIGNS[rng.integers(len(_SIGNS))]:
        points = np.rint(np.asarray(line) + rng.normal(0, 6, (len(line), 2))).astype(np.int32)
        cv2.polylines(mask, [points], False, 255, pen, cv2.LINE_AA)
    if rng.random() < 0.06:  # a division sign's dots, or a colon's
        for y in (25, 88):
            cv2.circle(mask, (_MIDDLE + int(rng.normal(0, 4)), y), pen, 255, -1)
    return warp(mask, rng, turn=5)


_LETTERS = "ACEFGHJKLMNPQRTUVWXYacdefhkmnprtuvwxy&%$#@?!><~"
"""Without those that somebody's digit looks like: B, D, I, O, S, Z, b, g, i, j, l, o, q, s, z."""

_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)


def letters(rng: np.random.Generator) -> UInt8Array:
    """Return a letter, or a few that hang together, in one of the Hershey fonts."""
    count = 1 if rng.random() < 0.6 else int(rng.integers(2, 6))
    text = "".join(_LETTERS[rng.integers(len(_LETTERS))] for _ in range(count))
    font = _FONTS[rng.integers(len(_FONTS))] | (cv2.FONT_ITALIC if rng.random() < 0.3 else 0)
    pen, scale = int(rng.integers(2, 12)), 3.5 if count == 1 else 2.0
    (width, height), below = cv2.getTextSize(text, font, scale, pen)
    mask = np.zeros((height + below + 40, width + 40), np.uint8)
    cv2.putText(mask, text, (20, height + 15), font, scale, 255, pen, cv2.LINE_AA)
    if count > 1:
        return mask
    letter = trim(mask)
    size = (80, 90) if rng.random() < 0.5 else _fitted(letter.shape)
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    canvas[11 : 11 + size[1], 11 : 11 + size[0]] = cv2.resize(letter, size)
    return warp(canvas, rng)


def solid(rng: np.random.Generator) -> UInt8Array:
    """Return a filled ellipse, box or polygon: a stain, a stud, a stone."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    kind = rng.integers(3)
    if kind == 0:
        axes = (int(rng.uniform(18, 45)), int(rng.uniform(15, 45)))
        cv2.ellipse(mask, (_MIDDLE, _MIDDLE), axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
    elif kind == 1:
        half = rng.uniform(25, 45)
        other = half * rng.uniform(0.15, 1.3)
        corners = (np.array([[-half, -other], [half, other]]) + _MIDDLE).astype(int).tolist()
        cv2.rectangle(mask, tuple(corners[0]), tuple(corners[1]), 255, -1)
    else:
        angles = np.linspace(0, 2 * np.pi, int(rng.integers(3, 8)), endpoint=False)
        points = _MIDDLE + 38 * np.stack([np.cos(angles), np.sin(angles)], axis=1) + rng.normal(0, 9, (len(angles), 2))
        cv2.fillPoly(mask, [np.rint(points).astype(np.int32)], 255)
    return warp(mask, rng)


def _fitted(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return width and height of what is scaled to 90 pixels at its longer side."""
    scale = 90 / max(shape)
    return max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale))
