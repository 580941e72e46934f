"""Things drawn for measuring only, that no person would read as a digit. Training has drawings and code of its own."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits.arrays import UInt8Array

_SIDE = 96
_LETTERS = "АДЖИЙКЛМНПФХЦШЩЫЮжкмхшщюΔΛΠΦΨΩλμπψωאשטחתԽ"
"""Cyrillic, Greek, Hebrew, Armenian, without what may be read as a digit: Б, В, З, О, Ч, Э, б, σ, θ, ι, צ, ס, Ծ …"""

_SYMBOLS = "∀∃∇∈∉⊂⊃⊆∪∧∨⊕⊗⊥⊤⇒⇔↔↕∏±×÷≈≠≡≤≥≪≫&@#%*«»^~¶©®€£¥☺☎★☆♠♣♥♦♪♫✓✗✈☂☃⌘⌂♻"
"""Without !, ?, |, /, parentheses, §, $, ∞, ∂, ∫ and their like, which may be read as 1, 2, 5 or 8."""

_FONTS = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSerif")


def letter(rng: np.random.Generator) -> UInt8Array:
    """Return a printed letter of another script than the one the Hershey fonts have."""
    return _text(_one(_LETTERS, rng), rng)


def symbol(rng: np.random.Generator) -> UInt8Array:
    """Return a printed mathematical or pictorial sign."""
    return _text(_one(_SYMBOLS, rng), rng)


def word(rng: np.random.Generator) -> UInt8Array:
    """Return two to five printed letters in a row."""
    return _text("".join(_one(_LETTERS, rng) for _ in range(int(rng.integers(2, 6)))), rng)


def coil(rng: np.random.Generator) -> UInt8Array:
    """Return a line that winds: a spring of three loops or more, or a spiral of three turns or more."""
    turns = rng.uniform(3, 6)
    at = np.linspace(0, 2 * math.pi * turns, 200)
    if rng.random() < 0.5:
        run = at / at[-1] * rng.uniform(2, 5)
        points = np.stack([run + 0.5 * np.cos(at), np.sin(at) * (1 + rng.normal(0, 0.15))], axis=1)
    else:
        points = np.stack([np.cos(at), np.sin(at)], axis=1) * (at / at[-1])[:, np.newaxis]
    points += 0.04 * np.cumsum(rng.normal(0, 0.1, points.shape), axis=0)
    return _draw([_turned(points, rng)], int(rng.integers(2, 6)))


def noise(rng: np.random.Generator) -> UInt8Array:
    """Return independent pixels, evenly spread or mostly dark, at 10 to 40 pixels a side."""
    side = int(rng.integers(10, 41))
    values = rng.random((side, side))
    return np.asarray(255 * values ** rng.uniform(1, 4), np.uint8)


def grating(rng: np.random.Generator) -> UInt8Array:
    """Return at least three parallel stripes at any angle, or a checkerboard of at least 3 × 3 fields."""
    y, x = np.mgrid[-1 : 1 : _SIDE * 1j, -1 : 1 : _SIDE * 1j]
    turn, periods = rng.uniform(0, math.pi), rng.uniform(3, 8)
    along, across = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
    wave = np.sin(math.pi * periods * along + rng.uniform(0, 2 * math.pi))
    if rng.random() < 0.5:
        wave = wave * np.sin(math.pi * periods * across + rng.uniform(0, 2 * math.pi))
    disc = np.hypot(x, y) < 0.9 if rng.random() < 0.5 else np.maximum(abs(x), abs(y)) < 0.9
    return np.asarray(np.clip(128 + wave * rng.uniform(100, 1000), 0, 255) * disc, np.uint8)


def modules(rng: np.random.Generator) -> UInt8Array:
    """Return black and white fields as in a QR code, 6 to 14 a side."""
    side = int(rng.integers(6, 15))
    fields = (rng.random((side, side)) < 0.5).astype(np.uint8) * 255
    fields[0, :] = fields[:, 0] = 255
    return cv2.resize(np.pad(fields, 1), None, fx=6, fy=6, interpolation=cv2.INTER_NEAREST).astype(np.uint8)


def outline(rng: np.random.Generator) -> UInt8Array:
    """Return the outline of a star, a heart, a crescent, a house, an envelope or a flower."""
    kind = int(rng.integers(6))
    at = np.linspace(0, 2 * math.pi, 120)
    if kind == 0:
        spikes = int(rng.integers(4, 8))
        corners = np.linspace(0, 2 * math.pi, 2 * spikes + 1)
        radius = np.where(np.arange(len(corners)) % 2 == 0, 1.0, rng.uniform(0.3, 0.55))
        lines = [np.stack([radius * np.sin(corners), -radius * np.cos(corners)], axis=1)]
    elif kind == 1:
        heart = 13 * np.cos(at) - 5 * np.cos(2 * at) - 2 * np.cos(3 * at) - np.cos(4 * at)
        lines = [np.stack([np.sin(at) ** 3, -heart / 16], axis=1)]
    elif kind == 2:
        outer = np.linspace(0.6, 2 * math.pi - 0.6, 60)
        inner = np.linspace(2 * math.pi - 0.9, 0.9, 60)
        arcs = [
            np.stack([np.cos(outer), np.sin(outer)], 1),
            np.stack([0.6 * np.cos(inner) + 0.35, 0.75 * np.sin(inner)], 1),
        ]
        lines = [np.concatenate([*arcs, arcs[0][:1]])]
    elif kind == 3:
        lines = [
            np.array([[-1, 1], [-1, -0.1], [0, -1], [1, -0.1], [1, 1], [-1, 1]]),
            np.array([[-0.2, 1], [-0.2, 0.4], [0.2, 0.4], [0.2, 1]]),
        ]
    elif kind == 4:
        lines = [np.array([[-1, -0.6], [1, -0.6], [1, 0.6], [-1, 0.6], [-1, -0.6], [0, 0.1], [1, -0.6]])]
    else:
        petals = int(rng.integers(4, 7))
        radius = 0.6 + 0.4 * np.cos(petals * at)
        lines = [np.stack([radius * np.cos(at), radius * np.sin(at)], axis=1)]
    turn = _turned(np.eye(2), rng, 0.2)
    return _draw([(points + rng.normal(0, 0.02, points.shape)) @ turn for points in lines], int(rng.integers(2, 9)))


def stick_figure(rng: np.random.Generator) -> UInt8Array:
    """Return a person of strokes: head, trunk, two arms, two legs."""
    at = np.linspace(0, 2 * math.pi, 40)
    head = np.stack([0.28 * np.cos(at), 0.28 * np.sin(at) - 1], axis=1)
    hands = [[-0.7, rng.uniform(-0.9, 0.2)], [0, rng.uniform(-0.5, -0.3)], [0.7, rng.uniform(-0.9, 0.2)]]
    feet = [[-rng.uniform(0.3, 0.7), 1.2], [0, 0.3], [rng.uniform(0.3, 0.7), 1.2]]
    lines = [head, np.array([[0, -0.72], [0, 0.3]]), np.array(hands), np.array(feet)]
    turn = _turned(np.eye(2), rng, 0.15)
    return _draw([(points + rng.normal(0, 0.03, points.shape)) @ turn for points in lines], int(rng.integers(2, 8)))


def _one(characters: str, rng: np.random.Generator) -> str:
    return characters[int(rng.integers(len(characters)))]


def _text(text: str, rng: np.random.Generator) -> UInt8Array:
    """Render text, a little aslant, with the fonts that matplotlib brings."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    able = [font for font in _FONTS if _characters(font).issuperset(text)]
    font = able[int(rng.integers(len(able)))]
    slant = np.array([[1, 0], [rng.normal(0, 0.08), rng.uniform(0.85, 1.15)]])
    change = slant @ _turned(np.eye(2), rng, 0.12)
    path = TextPath((0, 0), text, size=100, prop=FontProperties(fname=_path(font)))
    polygons = [np.asarray(polygon, np.float64) @ change for polygon in path.to_polygons(closed_only=True)]
    points = np.concatenate(polygons)
    low, high = points.min(axis=0), points.max(axis=0)
    width, height = np.ceil(high - low).astype(int) + 16
    outlines = [np.rint((polygon - low + 8) * [1, -1] * 16 + [0, height * 16]).astype(np.int32) for polygon in polygons]
    canvas = np.zeros((height, width), np.uint8)
    cv2.fillPoly(canvas, outlines, 255, cv2.LINE_AA, 4)
    return np.asarray(canvas, np.uint8)


@lru_cache(maxsize=len(_FONTS))
def _characters(font: str) -> frozenset[str]:
    from matplotlib.font_manager import get_font

    return frozenset(map(chr, get_font(_path(font)).get_charmap()))


def _path(font: str) -> str:
    import matplotlib

    return str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{font}.ttf")


def _turned(
    points: npt.NDArray[np.float64], rng: np.random.Generator, most: float = math.pi
) -> npt.NDArray[np.float64]:
    """Turn points about the origin by up to `most` radians to either side."""
    turn = rng.uniform(-most, most)
    return np.asarray(points @ np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]]))


def _draw(lines: list[npt.NDArray[np.float64]], pen: int) -> UInt8Array:
    """Draw lines, of any place and size, into a picture with a margin."""
    points = np.concatenate(lines)
    low, size = points.min(axis=0), np.ptp(points, axis=0).max()
    canvas = np.zeros((_SIDE + 2 * pen + 8, _SIDE + 2 * pen + 8), np.uint8)
    for line in lines:
        places = np.rint(((line - low) / size * _SIDE + pen + 4) * 16).astype(np.int32)
        cv2.polylines(canvas, [places], False, 255, pen, cv2.LINE_AA, 4)
    return np.asarray(canvas, np.uint8)
