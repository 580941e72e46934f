"""Glyphs by the thousand: what a classifier sees, without drawing a page and finding the digits on it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from edgedigits.arrays import UInt8Array
from edgedigits.glyphs import SIDE, centre_ink
from edgedigits_train.handwriting.ink import draw_stroke
from edgedigits_train.handwriting.letterforms import DIGITS, LOOKALIKES, Letterform
from edgedigits_train.handwriting.strokes import Stroke, write
from edgedigits_train.handwriting.writer import Writer

_INK = 120
_MARGIN = 12
"""Six pixels for each one of a glyph, and the room that glyph normalisation keeps for soft edges."""


def draw_glyph(strokes: Sequence[Stroke], nib: float) -> UInt8Array:
    """Draw strokes as one glyph of the runtime's contract.

    Args:
        strokes: any position and size.
        nib: width of the pen, in the unit of the strokes.

    Returns:
        uint8 (28, 28), 0 paper, 255 ink.
    """
    points = np.concatenate([stroke.points for stroke in strokes])
    reach = nib / 2 * np.concatenate([stroke.widths for stroke in strokes])[:, None]
    low, high = (points - reach).min(axis=0), (points + reach).max(axis=0)
    scale = (_INK - 1) / max(high - low)
    width, height = (math.ceil(side * scale) + 2 * _MARGIN for side in (high - low).tolist())
    canvas = np.zeros((height, width), np.uint8)
    for stroke in strokes:
        draw_stroke(canvas, (stroke.points - low) * scale + _MARGIN, stroke.widths * (nib * scale))
    return centre_ink(canvas)


def sample_nib(rng: np.random.Generator) -> float:
    """Draw the width of a pen's mark in heights of a digit: 0.06 to 0.25, mostly."""
    return 0.125 * math.exp(0.37 * rng.standard_normal())


def render_glyphs(count: int, seed: int, tidiness: float = 0.0) -> tuple[UInt8Array, UInt8Array]:
    """Render digits, each of another writer.

    Args:
        count: how many; all ten digits equally often.
        seed: the same seed gives the same glyphs.
        tidiness: 0 for everybody's writing, 1 for copybook writing only.

    Returns:
        glyphs uint8 (count, 28, 28, 1), 0 paper and 255 ink, and labels uint8 (count,).

    Example:
        >>> glyphs, labels = render_glyphs(10, seed=1)
        >>> glyphs.shape, sorted(labels.tolist())
        ((10, 28, 28, 1), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    digits = _shuffled_digits(count, rng)
    return _render(count, rng, lambda index, writer: writer.form(digits[index], rng), tidiness)


def render_every_form(count: int, seed: int) -> tuple[UInt8Array, UInt8Array]:
    """Render digits as `render_glyphs` does, but every letterform of a digit equally often, however rare it is.

    To learn from: what is rare in one country is how another writes.

    Example:
        >>> glyphs, labels = render_every_form(10, seed=1)
        >>> glyphs.shape, sorted(labels.tolist())
        ((10, 28, 28, 1), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    forms = [DIGITS[digit] for digit in _shuffled_digits(count, rng)]
    return _render(count, rng, lambda index, _: forms[index][rng.integers(len(forms[index]))])


def render_lookalikes(count: int, seed: int) -> tuple[UInt8Array, UInt8Array]:
    """Render digits as `render_every_form` does, but only letterforms that are easily taken for another digit.

    To learn from: MNIST's writers seldom wrote them, but much that looks alike. Most are ones.

    Example:
        >>> glyphs, labels = render_lookalikes(10, seed=1)
        >>> glyphs.shape, set(labels.tolist()) <= {1, 4}
        ((10, 28, 28, 1), True)
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    return _render(count, rng, lambda *_: LOOKALIKES[rng.integers(len(LOOKALIKES))])


def _shuffled_digits(count: int, rng: np.random.Generator) -> list[int]:
    return list(map(int, rng.permutation(np.arange(count) % 10)))


def _render(
    count: int, rng: np.random.Generator, choose: Callable[[int, Writer], Letterform], tidiness: float = 0.0
) -> tuple[UInt8Array, UInt8Array]:
    """Render digits, each of another writer, in the letterforms that are chosen for their numbers and writers."""
    glyphs, labels = np.empty((count, SIDE, SIDE, 1), np.uint8), np.empty(count, np.uint8)
    for index in range(count):
        writer = Writer.sample(rng, tidiness)
        form = choose(index, writer)
        labels[index] = int(form.character)
        glyphs[index, :, :, 0] = draw_glyph(write(form, writer, rng), sample_nib(rng))
    return glyphs, labels
