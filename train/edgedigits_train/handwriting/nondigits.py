"""Glyphs that are no digits: what a finder of digits offers to a classifier by mistake."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits.glyphs import SIDE, centre_ink
from edgedigits_train.handwriting.alphabet import LETTERS, SIGNS
from edgedigits_train.handwriting.glyphs import draw_glyph, sample_nib
from edgedigits_train.handwriting.layouts import digit, in_line, scribble
from edgedigits_train.handwriting.strokes import Stroke, write
from edgedigits_train.handwriting.textures import noise
from edgedigits_train.handwriting.writer import Writer

Glyph = npt.NDArray[np.uint8]


def _letter(rng: np.random.Generator) -> Glyph:
    writer = Writer.sample(rng)
    return draw_glyph(write(LETTERS[int(rng.integers(len(LETTERS)))], writer, rng), sample_nib(rng))


def _sign(rng: np.random.Generator) -> Glyph:
    writer = Writer.sample(rng)
    return draw_glyph(write(SIGNS[int(rng.integers(len(SIGNS)))], writer, rng), sample_nib(rng))


def _word(rng: np.random.Generator) -> Glyph:
    writer = Writer.sample(rng)
    count = int(rng.integers(2, 5))
    letters = [digit(0, writer, rng) for _ in range(count)]
    letters = [
        replace(letter, strokes=tuple(write(LETTERS[int(rng.integers(len(LETTERS)))], writer, rng)))
        for letter in letters
    ]
    line = in_line(letters, writer, rng, 0.5)
    return draw_glyph([stroke for mark in line for stroke in mark.strokes], sample_nib(rng))


def _several_digits(rng: np.random.Generator) -> Glyph:
    writer = Writer.sample(rng)
    count = 2 if rng.random() < 0.7 else 3
    line = in_line(
        [digit(int(rng.integers(10)), writer, rng) for _ in range(count)], writer, rng, rng.uniform(0.2, 1.2)
    )
    return draw_glyph([stroke for mark in line for stroke in mark.strokes], sample_nib(rng))


def _scribble(rng: np.random.Generator) -> Glyph:
    stroke = scribble(rng)
    turn = rng.uniform(0, math.pi)
    matrix = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    return draw_glyph([stroke.moved(matrix, np.zeros(2))], 0.7 * sample_nib(rng))


def _underline(rng: np.random.Generator) -> Glyph:
    lines = 1 if rng.random() < 0.6 else 2
    strokes = []
    for line in range(lines):
        x = np.linspace(0, 1, 12)
        y = 0.15 * line + 0.02 * np.cumsum(rng.standard_normal(12)) + rng.uniform(-0.15, 0.15) * x
        strokes.append(Stroke(np.stack([x, y], axis=1), np.ones(12)))
    return draw_glyph(strokes, rng.uniform(0.03, 0.12))


def _arc(rng: np.random.Generator) -> Glyph:
    """A piece of a curve, as is left of a ring cut by the border: too bent for a 1, too short for any other digit."""
    start, extent = rng.uniform(0, 2 * math.pi), rng.uniform(2.0, 3.2)
    at = np.linspace(start, start + extent, 20)
    points = np.stack([np.cos(at) * rng.uniform(0.8, 1.0), np.sin(at)], axis=1)
    return draw_glyph([Stroke(points, np.ones(20))], 1.2 * sample_nib(rng))


def _crossing(rng: np.random.Generator) -> Glyph:
    """Rulings that cross or meet: a piece of squared paper, a corner of a box."""
    turn = rng.normal(0, 0.06)
    matrix = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    down, across = (int(n) for n in rng.integers(1, 4, 2))
    strokes = []
    for index in range(down):
        x = (index + rng.uniform(0.2, 0.8)) / down
        strokes.append(np.array([[x, 0.0], [x, 1.0]]))
    for index in range(across):
        y = (index + rng.uniform(0.2, 0.8)) / across
        strokes.append(np.array([[0.0, y], [1.0, y]]))
    if down + across == 2 and rng.random() < 0.4:
        corner = rng.integers(0, 2, 2)
        strokes = [np.array([[corner[0], 0.0], [corner[0], 1.0]]), np.array([[0.0, corner[1]], [1.0, corner[1]]])]
    return draw_glyph([Stroke(points @ matrix.T, np.ones(2)) for points in strokes], rng.uniform(0.02, 0.10))


def _smudge(rng: np.random.Generator) -> Glyph:
    """A patch of dirt, a piece of shadow: no stroke at all."""
    y, x = np.mgrid[-1:1:96j, -1:1:96j]
    turn, squash = rng.uniform(0, math.pi), rng.uniform(0.5, 1.0)
    u, v = x * math.cos(turn) + y * math.sin(turn), (y * math.cos(turn) - x * math.sin(turn)) / squash
    edge = 0.75 - np.sqrt(u * u + v * v) + (noise((96, 96), 16, rng).astype(np.float64) - 128) / 400
    hardness = rng.uniform(150, 1500)
    grain = noise((96, 96), 2, rng).astype(np.float64) * rng.uniform(0, 0.6)
    return centre_ink(np.clip(edge * hardness - grain, 0, 255).astype(np.uint8))


def _edge(rng: np.random.Generator) -> Glyph:
    """The border of a page, a desk or a hand: ink on one side, nothing on the other."""
    y, x = np.mgrid[-1:1:96j, -1:1:96j]
    turn = rng.uniform(0, 2 * math.pi)
    across = x * math.cos(turn) + y * math.sin(turn)
    bow = rng.uniform(-0.4, 0.4) * (y * math.cos(turn) - x * math.sin(turn)) ** 2
    level = (across + bow - rng.uniform(-0.4, 0.4)) * rng.uniform(300, 3000)
    return centre_ink(np.clip(level, 0, 255).astype(np.uint8))


def _texture(rng: np.random.Generator) -> Glyph:
    """Wood, cloth, foliage: whatever a camera sees beside the page."""
    image = noise((64, 64), 1 << int(rng.integers(1, 5)), rng, stretch=int(rng.integers(1, 5))).astype(np.int32)
    if rng.random() < 0.5:
        image = image.T
    image = np.clip((image - int(rng.integers(90, 160))) * int(rng.integers(1, 8)), 0, 255)
    return centre_ink(np.asarray(cv2.blur(image.astype(np.uint8), (3, 3)), np.uint8))


KINDS: dict[str, Callable[[np.random.Generator], Glyph]] = {
    "letter": _letter,
    "sign": _sign,
    "word": _word,
    "several digits": _several_digits,
    "scribble": _scribble,
    "underline": _underline,
    "arc": _arc,
    "crossing": _crossing,
    "smudge": _smudge,
    "edge": _edge,
    "texture": _texture,
}
"""Kinds of glyphs that are no digits."""

_SHARES = np.array([24, 16, 8, 12, 8, 5, 6, 7, 6, 4, 4]) / 100


def render_nondigits(count: int, seed: int) -> tuple[Glyph, npt.NDArray[np.str_]]:
    """Render glyphs that no person would read as a digit.

    Args:
        count: how many.
        seed: the same seed gives the same glyphs.

    Returns:
        glyphs uint8 (count, 28, 28, 1), 0 paper and 255 ink, and for each its kind, a key of `KINDS`, str (count,).

    Example:
        >>> glyphs, kinds = render_nondigits(5, seed=1)
        >>> glyphs.shape, set(kinds.tolist()) <= set(KINDS)
        ((5, 28, 28, 1), True)
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    kinds = rng.choice(list(KINDS), count, p=_SHARES)
    glyphs = np.empty((count, SIDE, SIDE, 1), np.uint8)
    for index, kind in enumerate(kinds.tolist()):
        glyphs[index, :, :, 0] = KINDS[kind](rng)
    return glyphs, kinds


def render_characters(count: int, seed: int) -> Glyph:
    """Render letters and signs, each one alone and all of them equally often.

    Args:
        count: how many.
        seed: the same seed gives the same glyphs.

    Returns:
        uint8 (count, 28, 28, 1), 0 paper, 255 ink.

    Example:
        >>> render_characters(5, seed=1).shape
        (5, 28, 28, 1)
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    forms = (*LETTERS, *SIGNS)
    glyphs = np.empty((count, SIDE, SIDE, 1), np.uint8)
    for index, form in enumerate(rng.permutation(np.arange(count) % len(forms)).tolist()):
        glyphs[index, :, :, 0] = draw_glyph(write(forms[form], Writer.sample(rng), rng), sample_nib(rng))
    return glyphs
