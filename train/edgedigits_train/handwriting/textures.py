"""Noise that looks like matter: tiles made once and shown from many sides."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

_SIDE = 1024


@cache
def _tile(grain: int, seed: int) -> npt.NDArray[np.uint8]:
    """Noise whose grains are `grain` pixels wide, uint8 (1024, 1024), mean 128, full contrast, wraps around."""
    rng = np.random.Generator(np.random.PCG64([seed, grain]))
    if grain <= 1:
        return rng.integers(0, 256, (_SIDE, _SIDE), np.uint8)
    coarse = rng.integers(0, 256, (_SIDE // grain, _SIDE // grain), np.uint8)
    wrapped = np.pad(coarse, 2, mode="wrap")
    size = wrapped.shape[0] * grain
    # The exact variant of linear interpolation works in integers: equal on every machine.
    fine = cv2.resize(wrapped, (size, size), interpolation=cv2.INTER_LINEAR_EXACT)[2 * grain :, 2 * grain :]
    smooth = np.asarray(fine[:_SIDE, :_SIDE], np.int32)
    return np.clip((smooth - 128) * 3 // 2 + 128, 0, 255).astype(np.uint8)


@cache
def _wrapped(grain: int, seed: int) -> npt.NDArray[np.uint8]:
    """The tile four times, so that any view of it is a slice: uint8 (2048, 2048)."""
    return np.tile(_tile(grain, seed), (2, 2))


def noise(shape: tuple[int, int], grain: int, rng: np.random.Generator, stretch: int = 1) -> npt.NDArray[np.uint8]:
    """A random view of noise.

    Args:
        shape: height and width in pixels.
        grain: size of its grains in pixels; a power of 2 up to 256.
        rng: chooses the view.
        stretch: how much longer than wide the grains are.

    Returns:
        uint8 (H, W) with mean 128.
    """
    tile = _tile(grain, 7)
    top, left, flip = (int(n) for n in rng.integers(0, [_SIDE, _SIDE, 4]))
    if stretch == 1 and max(shape) <= _SIDE:
        # A slice is faster than picking rows and columns.
        view = _wrapped(grain, 7)[top : top + shape[0], left : left + shape[1]]
        return view[:: -1 if flip & 1 else 1, :: -1 if flip & 2 else 1].copy()
    rows = (np.arange(shape[0]) + top) % _SIDE
    columns = (np.arange(shape[1]) // stretch + left) % _SIDE
    if flip & 1:
        rows = rows[::-1]
    if flip & 2:
        columns = columns[::-1]
    return tile[rows[:, None], columns[None, :]]
