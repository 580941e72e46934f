"""Digits that people wrote, for pages: MNIST's shapes in the pen of the page that they stand on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from edgedigits.arrays import UInt8Array
from edgedigits_train.captured.canvas import enlarge, redraw, trim

_HEIGHT = 80
"""Pixels: height of a digit on the canvas."""
_OWN_PEN = (11, 17)
"""Pixels: width of the pen that MNIST's digits come in, least and most."""


class RealDigits:
    """Digits for `edgedigits_train.handwriting.render_scene`, drawn at random from those given.

    Args:
        glyphs: uint8 (N, 28, 28, 1), 0 paper, 255 ink.
        labels: uint8 (N,), 0 to 9.

    Example:
        >>> from edgedigits_train.handwriting import render_glyphs, render_scene
        >>> scene = render_scene(1, "number", glyphs=RealDigits(*render_glyphs(100, seed=1)))
        >>> len(scene.digits) > 0
        True
    """

    def __init__(self, glyphs: UInt8Array, labels: npt.NDArray[np.uint8]) -> None:
        self._glyphs = glyphs[..., 0]
        self._of = [np.flatnonzero(labels == value) for value in range(10)]

    def hand(self, nib: float, rng: np.random.Generator) -> Callable[[int], UInt8Array | None]:
        """What draws the digits of one page: see `edgedigits_train.handwriting.scenes.Glyphs`."""
        pen = _pen(nib * _HEIGHT)

        def draw(value: int) -> UInt8Array | None:
            if not len(self._of[value]):
                return None
            glyph = self._glyphs[int(rng.choice(self._of[value]))]
            soft = redraw(enlarge(glyph), pen, rng).astype(np.int32)
            mask = trim(np.clip((soft - 110) * 3 + 128, 0, 255).astype(np.uint8))
            return mask if mask.size else None

        return draw


def _pen(width: float) -> float:
    """For `canvas.redraw` the pen that leaves a line so many pixels wide."""
    if width < _OWN_PEN[0]:
        return float(np.clip((width - 1) / 2 - 5.5, -5, -0.5))
    return 0.0 if width < _OWN_PEN[1] else min((width - 14) / 2, 5.0)
