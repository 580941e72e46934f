"""The fifteen corruptions of MNIST-C, to measure how robust a model is; none of them is ever trained with.

They follow Mu and Gilmer (2019), "MNIST-C: A Robustness Benchmark for Computer Vision" (arXiv 1906.02337), at the
severity that the authors fixed for each, written anew on NumPy and OpenCV. The same seed gives the same pictures, but
not the very pictures of the published data set: other random numbers, and filters of another library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits.arrays import Float32Array, UInt8Array

_SIDE = 28
_CENTRE = (_SIDE - 1) / 2


@dataclass(frozen=True)
class Corruption:
    """One way to spoil pictures.

    Attributes:
        title: what reports call it.
        severity: its parameters, in words; part of the report.
        apply: takes pictures float32 (N, 28, 28), 0 paper to 1 ink, and a generator, and returns spoilt copies, whose
            values need not lie within 0 and 1 yet.
    """

    title: str
    severity: str
    apply: Callable[[Float32Array, np.random.Generator], Float32Array]


def corrupt(images: UInt8Array, kind: str, *, seed: int) -> UInt8Array:
    """Return corrupted copies of pictures.

    Args:
        images: uint8, (N, 28, 28), 0 paper, 255 ink.
        kind: a key of `CORRUPTIONS`.
        seed: the same seed, kind and pictures give the same copies.

    Returns:
        uint8, (N, 28, 28).

    Raises:
        KeyError: there is no such kind.

    Example:
        >>> int(corrupt(np.zeros((3, 28, 28), np.uint8), "brightness", seed=0).min())
        128
    """
    rng = np.random.default_rng((seed, list(CORRUPTIONS).index(kind)))
    spoilt = CORRUPTIONS[kind].apply((images / 255).astype(np.float32), rng)
    return np.asarray(np.clip(np.rint(spoilt * 255), 0, 255), np.uint8)


def _shot_noise(images: Float32Array, rng: np.random.Generator) -> Float32Array:
    photons = 3
    return (rng.poisson(images * photons) / photons).astype(np.float32)


def _impulse_noise(images: Float32Array, rng: np.random.Generator) -> Float32Array:
    spoilt = images.copy()
    hit = rng.random(images.shape) < 0.17
    spoilt[hit] = rng.integers(0, 2, int(hit.sum()))
    return spoilt


def _glass_blur(images: Float32Array, rng: np.random.Generator) -> Float32Array:
    """Swap neighbouring pixels at random between two blurs, one place after the other, all pictures at once."""
    blurred = np.ascontiguousarray(_blur(images, 0.7).transpose(1, 2, 0))
    every = np.arange(len(images))
    for _ in range(2):
        for row in range(_SIDE - 1, 1, -1):
            for column in range(_SIDE - 1, 1, -1):
                moved = every[rng.random(len(images)) < 0.5]
                up, left = rng.integers(0, 2, (2, len(moved)))
                here = blurred[row, column, moved]
                blurred[row, column, moved] = blurred[row - up, column - left, moved]
                blurred[row - up, column - left, moved] = here
    return _blur(blurred.transpose(2, 0, 1), 0.7)


def _motion_blur(images: Float32Array, rng: np.random.Generator) -> Float32Array:
    """Average along a half Gaussian to one side, as ImageMagick's motion blur of radius 10 and σ 3 does."""
    steps = np.arange(21)
    weights = np.exp(-(steps**2) / (2 * 3.0**2)).astype(np.float32)
    weights /= weights.sum()
    spoilt = np.empty_like(images)
    for index, angle in enumerate(np.deg2rad(rng.uniform(-45, 45, len(images)))):
        kernel = np.zeros((41, 41), np.float32)
        rows = 20 + np.rint(steps * np.sin(angle)).astype(int)
        np.add.at(kernel, (rows, 20 + np.rint(steps * np.cos(angle)).astype(int)), weights)
        spoilt[index] = cv2.filter2D(images[index], -1, kernel, borderType=cv2.BORDER_REPLICATE)
    return spoilt


def _shear(images: Float32Array, rng: np.random.Generator) -> Float32Array:
    angles = 0.4 * _signs(len(images), rng)
    return _warp(images, [np.array([[1, -np.sin(angle)], [0, np.cos(angle)]]) for angle in angles])


def _scale(images: Float32Array, rng: np.random.Generator) -> Float32Array:
    return _warp(images, [np.eye(2) / 0.7] * len(images))


def _rotate(images: Float32Array, rng: np.random.Generator) -> Float32Array:
    angles = 0.4 * _signs(len(images), rng)
    return _warp(images, [np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) for a in angles])


def _brightness(images: Float32Array, rng: np.random.Generator) -> Float32Array:
    return images + np.float32(0.5)


def _translate(images: Float32Array, rng: np.random.Generator) -> Float32Array:
    moves = 3 * np.stack([_signs(len(images), rng), _signs(len(images), rng)], axis=1)
    return _warp(images, [np.eye(2)] * len(images), moves)


def _stripe(images: Float32Array, rng: np.random.Generator) -> Float32Array:
    spoilt = images.copy()
    spoilt[:, :, :7] = 1 - spoilt[:, :, :7]
    spoilt[:, :, 21:] = 1 - spoilt[:, :, 21:]
    return spoilt


def _fog(images: Float32Array, rng: np.random.Generator) -> Float32Array:
    thickness = 3.0
    brightest = images.max(axis=(1, 2), keepdims=True)
    mixed = images + np.float32(thickness) * _clouds(len(images), rng)
    return np.asarray(mixed * brightest / (brightest + np.float32(thickness)))


def _spatter(images: Float32Array, rng: np.random.Generator) -> Float32Array:
    liquid = _blur(rng.normal(0.65, 0.3, images.shape).astype(np.float32), 1.0)
    drops = _blur((liquid > 0.65).astype(np.float32), 1.5)
    drops[drops < 0.8] = 0
    return images * (1 - drops) + np.float32(63 / 255) * drops


def _dotted_line(images: Float32Array, rng: np.random.Generator) -> Float32Array:
    start, end = rng.integers(0, 27, (2, len(images)))
    dots = _line(np.zeros(len(images)), start, np.full(len(images), 27.0), end)
    dots[:, :, np.arange(_SIDE) // 2 % 2 == 0] = 0
    return images + dots


def _zigzag(images: Float32Array, rng: np.random.Generator) -> Float32Array:
    left, right = 2.0, 25.0
    count = len(images)
    start = rng.integers(0, 27, count)
    angle = np.arctan(rng.integers(-5, 5, count) / (right - left))
    length = (right - left) / np.cos(angle)
    # the corners along the x axis, to be turned and moved; the last stroke ends where the line does
    corners = np.concatenate([[0], np.arange(2, 30, 4)])
    heights = np.concatenate([[0], np.resize([2, -2], len(corners) - 1)])
    along = np.minimum(corners, length[:, np.newaxis])
    across = np.interp(along, corners, heights)
    cos, sin = np.cos(angle)[:, np.newaxis], np.sin(angle)[:, np.newaxis]
    x = left + cos * along - sin * across
    y = start[:, np.newaxis] + sin * along + cos * across
    spoilt = images
    for corner in range(1, x.shape[1]):
        stroke = _line(x[:, corner - 1], y[:, corner - 1], x[:, corner], y[:, corner])
        spoilt = np.minimum(spoilt + stroke, np.float32(1))
    return spoilt


def _canny_edges(images: Float32Array, rng: np.random.Generator) -> Float32Array:
    edges = np.empty_like(images)
    for index, picture in enumerate(np.pad(images, ((0, 0), (4, 4), (4, 4)))):
        # thresholds 0.1 and 0.2 on Sobel's sums; the scale of 2000 keeps the fractions in OpenCV's int16 gradients
        smooth = cv2.GaussianBlur(picture, (9, 9), 1.0) * 2000
        dx, dy = (cv2.Sobel(smooth, cv2.CV_32F, *axis).astype(np.int16) for axis in ((1, 0), (0, 1)))
        edges[index] = cv2.Canny(dx, dy, 200, 400, L2gradient=True)[4:-4, 4:-4] > 0
    return edges


CORRUPTIONS: Mapping[str, Corruption] = {
    "shot_noise": Corruption("shot noise", "Poisson, 3 photons for full ink", _shot_noise),
    "impulse_noise": Corruption("impulse noise", "17 % of the pixels black or white", _impulse_noise),
    "glass_blur": Corruption("glass blur", "σ 0.7, swaps by 1 pixel, twice", _glass_blur),
    "motion_blur": Corruption("motion blur", "radius 10, σ 3, within ±45°", _motion_blur),
    "shear": Corruption("shear", "±0.4 rad", _shear),
    "scale": Corruption("scale", "to 70 %", _scale),
    "rotate": Corruption("rotate", "±0.4 rad (23°)", _rotate),
    "brightness": Corruption("brightness", "+0.5, clipped", _brightness),
    "translate": Corruption("translate", "±3 pixels along each axis", _translate),
    "stripe": Corruption("stripe", "the outer 7 columns on each side inverted", _stripe),
    "fog": Corruption("fog", "thickness 3, decay 1.4", _fog),
    "spatter": Corruption("spatter", "threshold 0.65, grey 63", _spatter),
    "dotted_line": Corruption("dotted line", "across the picture, 2 columns on and 2 off", _dotted_line),
    "zigzag": Corruption("zigzag", "across the picture, period 8, height ±2 pixels", _zigzag),
    "canny_edges": Corruption("Canny edges", "σ 1, thresholds 0.1 and 0.2", _canny_edges),
}
"""The corruptions by name, in the order of the paper. The order is part of the seed: append only."""


def _blur(images: Float32Array, sigma: float) -> Float32Array:
    side = 2 * round(4 * sigma) + 1
    return np.stack(
        [cv2.GaussianBlur(picture, (side, side), sigma, borderType=cv2.BORDER_REPLICATE) for picture in images]
    )


def _signs(count: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    return 2 * rng.integers(0, 2, count) - 1


def _warp(
    images: Float32Array, matrices: list[npt.NDArray[Any]], moves: npt.NDArray[np.intp] | None = None
) -> Float32Array:
    """Fetch each pixel from where a matrix, about the picture's centre, and a move send it."""
    warped = np.empty_like(images)
    centre = np.full(2, _CENTRE)
    for index, matrix in enumerate(matrices):
        offset = centre - matrix @ centre + (0 if moves is None else moves[index])
        warped[index] = cv2.warpAffine(
            images[index],
            np.column_stack([matrix, offset]).astype(np.float32),
            (_SIDE, _SIDE),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )
    return warped


def _line(x0: npt.NDArray[Any], y0: npt.NDArray[Any], x1: npt.NDArray[Any], y1: npt.NDArray[Any]) -> Float32Array:
    """Return soft lines from left to right, one a picture: ink 1 + log(1 - distance / 2.3) up to 1.45 pixels away."""
    columns = np.arange(_SIDE)
    run = x1 - x0
    slope = np.divide(y1 - y0, run, out=np.zeros(len(run)), where=run > 0)
    middle = y0[:, np.newaxis] + slope[:, np.newaxis] * (columns - x0[:, np.newaxis])
    distance = np.abs(columns[np.newaxis, :, np.newaxis] - middle[:, np.newaxis, :])
    ink = np.clip(1 + np.log(1 - np.minimum(distance, 2.299) / 2.3), 0, 1)
    there = (columns >= np.floor(x0)[:, np.newaxis]) & (columns < np.ceil(x1)[:, np.newaxis])
    ink *= (there & (run > 0)[:, np.newaxis])[:, np.newaxis, :]
    return np.asarray(ink, np.float32)


_SKY = 256
_CROPS_ALONG = 8
"""A sky is 9 pictures wide; 8 × 8 crops of it leave room to shift them all."""


def _clouds(count: int, rng: np.random.Generator) -> Float32Array:
    """Return plasma fractals, float32 (count, 28, 28), cut from skies whose values span 0 to 1."""
    per_sky = _CROPS_ALONG**2
    skies = [_cut_sky(_plasma(rng), rng) for _ in range(-(-count // per_sky))]
    return np.concatenate(skies)[:count]


def _cut_sky(sky: Float32Array, rng: np.random.Generator) -> Float32Array:
    sky = np.roll(sky, rng.integers(0, _SKY, 2), (0, 1))[: _CROPS_ALONG * _SIDE, : _CROPS_ALONG * _SIDE]
    crops = sky.reshape(_CROPS_ALONG, _SIDE, _CROPS_ALONG, _SIDE).transpose(0, 2, 1, 3).reshape(-1, _SIDE, _SIDE)
    return rng.permutation(crops)


def _plasma(rng: np.random.Generator) -> Float32Array:
    """Return a periodic plasma fractal by diamonds and squares (Fournier, Fussell, Carpenter 1982).

    From one octave to the next the noise falls to 1 / 1.4².
    """
    heights = np.zeros((1, 1))
    amplitude = 1.0
    while len(heights) < _SKY:
        size = len(heights)
        finer = np.zeros((2 * size, 2 * size))
        finer[::2, ::2] = heights
        below, right = np.roll(heights, -1, 0), np.roll(heights, -1, 1)
        middles = (heights + below + right + np.roll(below, -1, 1)) / 4
        middles += rng.uniform(-amplitude, amplitude, middles.shape)
        finer[1::2, 1::2] = middles
        finer[::2, 1::2] = (heights + right + middles + np.roll(middles, 1, 0)) / 4
        finer[1::2, ::2] = (heights + below + middles + np.roll(middles, 1, 1)) / 4
        finer[::2, 1::2] += rng.uniform(-amplitude, amplitude, middles.shape)
        finer[1::2, ::2] += rng.uniform(-amplitude, amplitude, middles.shape)
        heights = finer
        amplitude /= 1.4**2
    heights -= heights.min()
    return np.asarray(heights / heights.max(), np.float32)
