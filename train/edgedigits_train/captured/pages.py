"""What people wrote, for pages: MNIST's digits and foreign characters in the pen of the page that they stand on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits.arrays import UInt8Array
from edgedigits_train.captured.canvas import SIDE, enlarge, redraw, trim, warp
from edgedigits_train.captured.flourishes import flourish

_HEIGHT = 80
"""Pixels: height of a digit on the canvas."""
_OWN_PEN = (11, 17)
"""Pixels: width of the pen that MNIST's digits come in, least and most."""
_FLOURISHING, _FLOURISHED = 0.35, 0.6
"""Share of hands with habits such as a 1's upstroke and a 7's bar, and of those hands' digits that show them."""
_FOREIGN, _REPLACED = 0.5, 0.7
"""Share of hands that write foreign characters for letters, and of their letters that they do so for."""
_BORDER = 8
"""Pixels round a foreign character on the canvas."""


class RealDigits:
    """Digits for `edgedigits_train.handwriting.render_scene`, drawn at random from those given.

    Half of the hands write foreign characters in place of letters, where there are any: real
    strokes that are no digits.

    Args:
        glyphs: uint8 (N, 28, 28, 1), 0 paper, 255 ink.
        labels: uint8 (N,), 0 to 9.
        foreign: characters that cannot be read as digits, uint8 (M, S, S) for each alphabet, 0 paper, 255 ink.

    Example:
        >>> from edgedigits_train.handwriting import render_glyphs, render_scene
        >>> scene = render_scene(1, "number", glyphs=RealDigits(*render_glyphs(100, seed=1)))
        >>> len(scene.digits) > 0
        True
    """

    def __init__(self, glyphs: UInt8Array, labels: npt.NDArray[np.uint8], foreign: Sequence[UInt8Array] = ()) -> None:
        self._glyphs = glyphs[..., 0]
        self._of = [np.flatnonzero(labels == value) for value in range(10)]
        self._foreign = foreign

    def hand(self, nib: float, rng: np.random.Generator) -> Callable[[int | None], UInt8Array | None]:
        """What draws the digits and letters of one page: see `edgedigits_train.handwriting.scenes.Glyphs`."""
        pen = _pen(nib * _HEIGHT)
        flourishes = rng.random() < _FLOURISHING
        alphabet = self._foreign[int(rng.integers(len(self._foreign)))] if self._foreign else None
        replaced = _REPLACED if rng.random() < _FOREIGN else 0.0

        def draw(value: int | None) -> UInt8Array | None:
            if value is None:
                if alphabet is None or rng.random() >= replaced:
                    return None
                return _sharp(warp(_on_canvas(alphabet[int(rng.integers(len(alphabet)))], nib), rng))
            if not len(self._of[value]):
                return None
            mask = enlarge(self._glyphs[int(rng.choice(self._of[value]))])
            if flourishes and rng.random() < _FLOURISHED:
                mask = flourish(mask, value, rng)
            return _sharp(redraw(mask, pen, rng))

        return draw


def _sharp(soft: UInt8Array) -> UInt8Array | None:
    mask = trim(np.clip((soft.astype(np.int32) - 110) * 3 + 128, 0, 255).astype(np.uint8))
    return mask if mask.size else None


def _on_canvas(character: UInt8Array, nib: float) -> UInt8Array:
    """Return a foreign character, whose line is thin, in a pen so many heights wide on the canvas."""
    side = SIDE - 2 * _BORDER
    large = cv2.resize(character, (side, side), interpolation=cv2.INTER_AREA)
    canvas = np.pad(large, _BORDER)
    width = int(np.clip(round(nib * _HEIGHT), 2, 16))
    ink = cv2.dilate((canvas > 60).astype(np.uint8) * np.uint8(255), np.ones((width, width), np.uint8))
    return np.asarray(cv2.GaussianBlur(ink, (0, 0), 1.5), np.uint8)


def _pen(width: float) -> float:
    """For `canvas.redraw` the pen that leaves a line so many pixels wide."""
    if width < _OWN_PEN[0]:
        return float(np.clip((width - 1) / 2 - 5.5, -5, -0.5))
    return 0.0 if width < _OWN_PEN[1] else min((width - 14) / 2, 5.0)
