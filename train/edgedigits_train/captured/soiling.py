"""Digits in poor pictures: crossed by strokes, spattered, foggy, noisy, blurred, badly lit.

A picture is soiled as a whole, digit and paper, and then normalised by the runtime as any crop, so that what is left
of the soiling, and how it moves and shrinks the digit, is what the model meets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits.arrays import UInt8Array
from edgedigits.glyphs import normalise_crop

Picture: TypeAlias = npt.NDArray[np.float32]
"""Ink by pixel, float32 (S, S), 0 paper to 1 ink; S is 28 to 64."""


def soil(mask: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Return a mask, uint8 (S, S), as the glyph, uint8 (28, 28), of a poor picture of it."""
    side = int(rng.integers(28, 65)) if rng.random() < 0.6 else 28
    picture = cv2.resize(mask, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    for number in rng.choice(len(_SOILINGS), 1 if rng.random() < 0.7 else 2, replace=False):
        picture = np.clip(_SOILINGS[number](picture, rng), 0, 1)
    paper, ink = rng.uniform(0, 0.35), rng.uniform(0.55, 1)
    levels = np.rint(255 * (paper + (ink - paper) * picture)).astype(np.uint8)
    return normalise_crop(levels if rng.random() < 0.5 else 255 - levels)


def _strokes(picture: Picture, rng: np.random.Generator) -> Picture:
    """Straight, broken and bent strokes right across."""
    marks = np.zeros(picture.shape, np.uint8)
    for _ in range(int(rng.integers(1, 3))):
        count = int(rng.choice([2, 2, 3, 6]))
        start, end = (-0.05, 1.05) if rng.random() < 0.5 else np.sort(rng.random(2)).tolist()
        points = _course(np.linspace(start, end, count), rng.uniform(0.1, 0.9), 0.09, rng) * len(marks)
        if rng.random() < 0.3:
            _dots(marks, points, rng)
        else:
            _line(marks, points, rng)
    return _marked(picture, marks, rng)


def _scribble(picture: Picture, rng: np.random.Generator) -> Picture:
    """One stroke right across that goes to and fro, so that it is no part of any digit."""
    marks = np.zeros(picture.shape, np.uint8)
    along = np.linspace(-0.05, 1.05, int(rng.integers(6, 15)))
    _line(marks, _course(along, rng.random(), rng.uniform(0.03, 0.1), rng) * len(marks), rng)
    return _marked(picture, marks, rng)


def _course(
    along: npt.NDArray[np.float64], middle: float, sway: float, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return the corners, x and y (N, 2), of a slanting stroke through places along either side of the picture."""
    across = middle + rng.uniform(-0.5, 0.5) * (along - 0.5) + rng.normal(0, sway, len(along))
    return np.stack([along, across] if rng.random() < 0.5 else [across, along], axis=1)


def _marked(picture: Picture, marks: UInt8Array, rng: np.random.Generator) -> Picture:
    return np.asarray(np.maximum(picture, marks * np.float32(rng.uniform(0.4, 1) / 255)), np.float32)


def _line(marks: UInt8Array, points: npt.NDArray[np.float64], rng: np.random.Generator) -> None:
    width = max(1, round(marks.shape[0] / 28 * rng.uniform(0.6, 2)))
    cv2.polylines(marks, [np.rint(points * 16).astype(np.int32)], False, 255, width, cv2.LINE_AA, 4)


def _dots(marks: UInt8Array, points: npt.NDArray[np.float64], rng: np.random.Generator) -> None:
    side, count = marks.shape[0], int(rng.integers(6, 14))
    places = np.linspace(0, len(points) - 1, count)
    radius = max(1, round(side / 28 * rng.uniform(0.5, 1.2)))
    for place in places:
        x, y = (float(np.interp(place, np.arange(len(points)), points[:, axis])) for axis in (0, 1))
        cv2.circle(marks, (round(16 * x), round(16 * y)), 8 * radius, 255, -1, cv2.LINE_AA, 4)


def _specks(picture: Picture, rng: np.random.Generator) -> Picture:
    """Spots of ink, or of paper, in all sizes."""
    side = picture.shape[0]
    spots = np.zeros((side, side), np.uint8)
    for _ in range(int(rng.integers(3, 22))):
        radius = side / 28 * min(3.5, 0.4 + rng.exponential(0.7))
        centre = [round(16 * float(place)) for place in rng.uniform(0, side, 2)]
        axes = (max(8, round(16 * radius)), max(8, round(16 * radius * rng.uniform(0.5, 1))))
        cv2.ellipse(spots, centre, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA, 4)
    share = spots.astype(np.float32) / 255 * np.float32(rng.uniform(0.4, 1))
    spotted = picture * (1 - share) if rng.random() < 0.3 else np.maximum(picture, share)
    return np.asarray(spotted, np.float32)


def _grain(picture: Picture, rng: np.random.Generator) -> Picture:
    noise = rng.standard_normal(picture.shape, np.float32) * np.float32(rng.uniform(0.05, 0.35))
    return picture + (noise if rng.random() < 0.6 else noise * 2 * np.sqrt(picture + np.float32(0.02)))


def _lost_pixels(picture: Picture, rng: np.random.Generator) -> Picture:
    lost = rng.random(picture.shape) < rng.uniform(0.01, 0.16)
    return np.where(lost, (rng.random(picture.shape) < 0.5).astype(np.float32), picture).astype(np.float32)


def _smooth_noise(side: int, rng: np.random.Generator) -> Picture:
    cells = int(rng.integers(2, 7))
    noise = cv2.resize(rng.standard_normal((cells, cells), np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    finer = cv2.resize(
        rng.standard_normal((2 * cells, 2 * cells), np.float32), (side, side), interpolation=cv2.INTER_CUBIC
    )
    return np.asarray(noise + finer * np.float32(0.5))


def _haze(picture: Picture, rng: np.random.Generator) -> Picture:
    """Uneven light: a gradient, or clouds, over digit and paper alike."""
    side = picture.shape[0]
    if rng.random() < 0.4:
        angle = rng.uniform(0, 2 * np.pi)
        y, x = np.indices((side, side), np.float32) / side - 0.5
        light = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle)) + 0.5
    else:
        light = np.float32(0.5) + _smooth_noise(side, rng) * np.float32(0.3)
    strength = np.float32(rng.uniform(0.2, 0.7))
    return np.asarray(picture * (1 - strength) + np.clip(light, 0, 1) * strength, np.float32)


def _unfocused(picture: Picture, rng: np.random.Generator) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), picture.shape[0] / 28 * rng.uniform(0.6, 1.8)))


def _shaken(picture: Picture, rng: np.random.Generator) -> Picture:
    """The camera moved along a short, straight way."""
    length = max(3, round(picture.shape[0] / 28 * rng.uniform(3, 9)))
    kernel = np.zeros((length, length), np.float32)
    angle, middle = rng.uniform(0, np.pi), (length - 1) / 2
    reach = np.array([np.cos(angle), np.sin(angle)]) * middle
    start, end = ([round(16 * float(v)) for v in middle + sign * reach] for sign in (-1, 1))
    cv2.line(kernel, start, end, 1.0, 1, cv2.LINE_AA, 4)
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()))


def _shattered(picture: Picture, rng: np.random.Generator) -> Picture:
    """Each pixel is fetched from a place nearby, as behind rough glass."""
    side = picture.shape[0]
    reach = np.float32(side / 28 * rng.uniform(0.5, 1.6))
    y, x = np.indices((side, side), np.float32)
    dx, dy = (rng.uniform(-1, 1, (side, side)).astype(np.float32) * reach for _ in range(2))
    return np.asarray(cv2.remap(picture, x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _negative_band(picture: Picture, rng: np.random.Generator) -> Picture:
    """A band of the picture is its own negative: a reflection, a fold, a strip of tape."""
    side = picture.shape[0]
    start = int(rng.uniform(0, 0.8) * side)
    band = slice(start, start + max(2, int(rng.uniform(0.1, 0.4) * side)))
    changed = picture.copy()
    if rng.random() < 0.7:
        changed[:, band] = 1 - changed[:, band]
    else:
        changed[band] = 1 - changed[band]
    return changed


def _outline(picture: Picture, rng: np.random.Generator) -> Picture:
    """Only the strokes' borders are there, thin."""
    ink = (picture > 0.45).astype(np.uint8)
    border = cv2.morphologyEx(ink, cv2.MORPH_GRADIENT, np.ones((2, 2) if rng.random() < 0.5 else (3, 3), np.uint8))
    return border.astype(np.float32)


def _posed(picture: Picture, rng: np.random.Generator) -> Picture:
    """Turned, slanted, smaller or larger than writers do, and off the centre."""
    side = picture.shape[0]
    angle, size = np.deg2rad(rng.uniform(-38, 38)), rng.uniform(0.6, 1.15)
    shear, stretch = rng.uniform(-0.45, 0.45), np.exp(rng.uniform(-0.25, 0.25))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = size * turn @ np.array([[stretch, shear], [0, 1 / stretch]])
    centre = np.array([side / 2, side / 2])
    shift = centre - matrix @ centre + rng.uniform(-0.1, 0.1, 2) * side
    return np.asarray(cv2.warpAffine(picture, np.column_stack([matrix, shift]), (side, side)))


_Soiling: TypeAlias = Callable[[Picture, np.random.Generator], Picture]

_SOILINGS: tuple[_Soiling, ...] = (
    *(_strokes,) * 3,
    *(_scribble,) * 3,
    *(_outline,) * 2,
    _specks,
    _grain,
    _grain,
    _lost_pixels,
    _haze,
    _unfocused,
    _shaken,
    _shattered,
    _negative_band,
    _posed,
)
"""What takes most from a glyph comes most often."""
