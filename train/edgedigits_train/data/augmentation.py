"""Random changes of glyphs that leave them the same digits: pose, shape, stroke thickness, focus and contrast.

A batch is treated as one tall picture, so that OpenCV is called once for all its glyphs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from edgedigits.arrays import Float32Array, UInt8Array

_SIDE = 28
_MARGIN = 3
_TILE = _SIDE + 2 * _MARGIN
_MOST = 32_767 // _TILE
"""OpenCV's remap takes pictures of up to 32,767 rows."""


@dataclass(frozen=True)
class Augmentation:
    """How far glyphs are changed; each change is drawn evenly from its range for every glyph anew.

    Attributes:
        rotation: degrees, to either side.
        shear: horizontal, in pixels a pixel, to either side.
        scale: relative, of each axis, to either side.
        shift: pixels, to either side.
        elastic: greatest root mean square of the elastic displacement, in pixels.
        thinner: how much of one pixel strokes lose, 0 to 1.
        thicker: how much of two pixels strokes gain, 0 to 1.
        blur: share of a Gaussian blur of σ = 1 pixel that is mixed in at most, 0 to 1.
        contrast: relative change of the ink's level, to either side.
    """

    rotation: float = 15
    shear: float = 0.25
    scale: float = 0.15
    shift: float = 1.5
    elastic: float = 1.2
    thinner: float = 0.4
    thicker: float = 0.4
    blur: float = 0.3
    contrast: float = 0.1


def augment(glyphs: UInt8Array, augmentation: Augmentation, rng: np.random.Generator) -> UInt8Array:
    """Return changed copies of glyphs.

    Elastic displacements follow Simard, Steinkraus and Platt (2003), "Best practices for convolutional neural
    networks applied to visual document analysis", drawn from a stock of smooth fields made once.

    Args:
        glyphs: uint8, (N, 28, 28, 1), 0 paper, 255 ink.
        augmentation: how far they are changed.
        rng: all randomness comes from it.

    Returns:
        uint8, (N, 28, 28, 1).

    Example:
        >>> augment(np.zeros((3, 28, 28, 1), np.uint8), Augmentation(), np.random.default_rng(0)).shape
        (3, 28, 28, 1)
    """
    parts = [
        _augment_part(glyphs[start : start + _MOST, :, :, 0], augmentation, rng)
        for start in range(0, len(glyphs), _MOST)
    ]
    return np.concatenate(parts)[..., np.newaxis] if parts else glyphs


def _augment_part(glyphs: UInt8Array, augmentation: Augmentation, rng: np.random.Generator) -> UInt8Array:
    import cv2

    count = len(glyphs)
    # the margin is paper: what a displacement fetches from outside a glyph comes from there, and what thickens or
    # blurs a glyph does not reach the next
    tiles = np.pad(glyphs, ((0, 0), (_MARGIN, _MARGIN), (_MARGIN, _MARGIN)))
    strip = _change_focus(_change_thickness(tiles.reshape(count * _TILE, _TILE), augmentation, rng), augmentation, rng)
    rows, columns = _sources(count, augmentation, rng)
    warped = cv2.remap(
        strip,
        columns.reshape(count * _SIDE, _SIDE),
        rows.reshape(count * _SIDE, _SIDE),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_CONSTANT,
    )
    level = _each_row(rng.uniform(1 - augmentation.contrast, 1 + augmentation.contrast, count), _SIDE)
    return _to_uint8(warped.astype(np.float32) * level).reshape(count, _SIDE, _SIDE)


def _change_thickness(strip: UInt8Array, augmentation: Augmentation, rng: np.random.Generator) -> UInt8Array:
    """Mix every tile with its eroded or its dilated self."""
    import cv2

    thin = cv2.erode(strip, np.ones((2, 2), np.uint8))
    thick = cv2.dilate(strip, cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)))
    share = _each_row(rng.uniform(-augmentation.thinner, augmentation.thicker, len(strip) // _TILE), _TILE)
    other = np.where(share < 0, thin, thick).astype(np.float32)
    return _to_uint8(strip + np.abs(share) * (other - strip))


def _change_focus(strip: UInt8Array, augmentation: Augmentation, rng: np.random.Generator) -> UInt8Array:
    """Mix every tile with its blurred self."""
    import cv2

    blurred = cv2.GaussianBlur(strip, (5, 5), 1).astype(np.float32)
    share = _each_row(rng.uniform(0, augmentation.blur, len(strip) // _TILE), _TILE)
    return _to_uint8(strip + share * (blurred - strip))


def _sources(count: int, augmentation: Augmentation, rng: np.random.Generator) -> tuple[Float32Array, Float32Array]:
    """Return from which row and column of the strip of tiles each pixel comes; float32, (N, 784) each."""
    angle = np.deg2rad(rng.uniform(-augmentation.rotation, augmentation.rotation, count))
    shear = rng.uniform(-augmentation.shear, augmentation.shear, count)
    stretch = np.exp(rng.uniform(-augmentation.scale, augmentation.scale, (2, count)))
    shift = rng.uniform(-augmentation.shift, augmentation.shift, (2, count, 1)).astype(np.float32)
    cos, sin = np.cos(angle), np.sin(angle)
    # rows, then columns: of the pixel's place from the centre
    to_row = np.stack([cos * stretch[0], sin * stretch[0]], axis=1).astype(np.float32)
    to_column = np.stack([(shear * cos - sin) * stretch[1], (shear * sin + cos) * stretch[1]], axis=1)
    place = np.indices((_SIDE, _SIDE), np.float32).reshape(2, -1) - (_SIDE - 1) / 2

    fields = _elastic_fields()
    amplitude = rng.uniform(0, augmentation.elastic, (2, count, 1)).astype(np.float32)
    bend = amplitude * fields[rng.integers(0, len(fields), (2, count))]
    centre = (_TILE - 1) / 2
    # cubic interpolation looks one pixel further, which must not be the next tile's
    rows = np.clip(to_row @ place + bend[0] + shift[0] + centre, 1, _TILE - 2)
    columns = np.clip(to_column.astype(np.float32) @ place + bend[1] + shift[1] + centre, 1, _TILE - 2)
    rows += _TILE * np.arange(count, dtype=np.float32)[:, np.newaxis]
    return rows, columns


@lru_cache(maxsize=1)
def _elastic_fields(count: int = 1024, sigma: float = 4.0) -> Float32Array:
    """Return smooth random displacements along one axis, root mean square 1 over them all; float32, (count, 784)."""
    import cv2

    rng = np.random.default_rng(0)
    edge = int(3 * sigma)
    noise = rng.standard_normal((count // 2, _SIDE + 2 * edge, _SIDE + 2 * edge)).astype(np.float32)
    smooth = np.stack([cv2.GaussianBlur(field, (0, 0), sigma) for field in noise])
    fields = smooth[:, edge:-edge, edge:-edge].reshape(count // 2, -1)
    fields /= np.sqrt(np.mean(fields**2))
    return np.concatenate([fields, -fields])


def _each_row(values: npt.NDArray[np.float64], height: int) -> Float32Array:
    """Repeat one value a tile for each of its rows: (N,) to (N * height, 1)."""
    return np.repeat(values.astype(np.float32), height)[:, np.newaxis]


def _to_uint8(values: npt.NDArray[np.number[Any]]) -> UInt8Array:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)
