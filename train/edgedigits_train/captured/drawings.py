"""Outliers drawn from scratch: signs, printed letters, solid shapes, scrawls."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits_train.captured.canvas import SIDE, UInt8Array, trim, warp

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


def scrawl(rng: np.random.Generator) -> UInt8Array:
    """Return many strokes close together that form no digit: rings in rings, a hatched shape, a tangle.

    Without them a net of fine lines is taken for the digit that its border looks like: a spiral for a 0.
    """
    draw = (_rings, _hatching, _tangle)[rng.integers(3)]
    mask = np.zeros((SIDE, SIDE), np.uint8)
    pen = int(rng.integers(2, 7))
    for line in draw(rng):
        points = np.rint((_MIDDLE + 45 * line + rng.normal(0, 0.6, line.shape)) * 16).astype(np.int32)
        cv2.polylines(mask, [points], False, 255, pen, cv2.LINE_AA, 4)
    return warp(mask, rng, turn=15)


_Lines = list[npt.NDArray[np.float64]]
"""Polylines, x and y from -1 to 1."""


def _rings(rng: np.random.Generator) -> _Lines:
    """Circles, triangles, boxes or the like in each other, three to six: a target."""
    corners = 60 if rng.random() < 0.5 else int(rng.integers(3, 7))
    shape = _polygon(corners, rng)
    sizes = np.linspace(1, 0, int(rng.integers(3, 7)), endpoint=False)
    return [size * shape + rng.normal(0, 0.02, 2) for size in sizes]


def _hatching(rng: np.random.Generator) -> _Lines:
    """A circle or a polygon filled by a stroke to and fro, or by two that cross."""
    shape = _polygon(60 if rng.random() < 0.5 else int(rng.integers(3, 7)), rng)
    fillings = [_to_and_fro(shape, rng) for _ in range(1 if rng.random() < 0.6 else 2)]
    return [shape, *fillings] if rng.random() < 0.5 else fillings


def _to_and_fro(shape: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return a stroke, (2 N, 2), whose turns lie on the border of a convex shape, which it crosses N times."""
    turn = rng.uniform(0, np.pi)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    around = shape @ matrix
    levels = np.linspace(around[:, 1].min(), around[:, 1].max(), int(rng.integers(6, 14)) + 2)[1:-1]
    ends = []
    for level, to in zip(levels, np.arange(len(levels)) % 2, strict=True):
        starts, stops = around[:-1], around[1:]
        crossed = (starts[:, 1] - level) * (stops[:, 1] - level) <= 0
        steps = np.divide(
            level - starts[:, 1],
            stops[:, 1] - starts[:, 1],
            out=np.zeros(len(starts)),
            where=stops[:, 1] != starts[:, 1],
        )
        places = (starts[:, 0] + steps * (stops[:, 0] - starts[:, 0]))[crossed]
        span = [(places.min(), level), (places.max(), level)]
        ends += span if to else span[::-1]
    return np.asarray(np.asarray(ends) @ matrix.T)


def _tangle(rng: np.random.Generator) -> _Lines:
    """A closed curve that crosses itself at random, over and over: waves of three to seven periods, added up."""
    at = np.linspace(0, 2 * np.pi, 300)[:, np.newaxis, np.newaxis] * np.arange(3, 8)
    shares, starts = rng.normal(0, 1, (2, 5)), rng.uniform(0, 2 * np.pi, (2, 5))
    points = (shares * np.sin(at + starts)).sum(axis=2)
    return [points / abs(points).max(axis=0)]


def _polygon(corners: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return a closed polygon in the unit circle, (corners + 1, 2), at any angle."""
    angles = rng.uniform(0, 2 * np.pi) + np.linspace(0, 2 * np.pi, corners + 1)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _fitted(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return width and height of what is scaled to 90 pixels at its longer side."""
    scale = 90 / max(shape)
    return max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale))
