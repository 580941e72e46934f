"""What a finder offers to the classifier and is no digit: one registry of kinds, and how often each comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from edgedigits.arrays import UInt8Array
from edgedigits.glyphs import centre_ink
from edgedigits_train.captured import drawings, pieces
from edgedigits_train.captured.canvas import change_pen, enlarge, sample_pen, warp
from edgedigits_train.captured.capturing import capture
from edgedigits_train.captured.doodles import doodle
from edgedigits_train.captured.scrawls import scrawl
from edgedigits_train.captured.severing import wrong_cut
from edgedigits_train.captured.textures import texture_pieces
from edgedigits_train.handwriting import render_nondigits


@dataclass(frozen=True)
class Material:
    """What outliers are made from.

    Attributes:
        glyphs: digits, uint8 (N, 28, 28, 1).
        labels: theirs, uint8 (N,).
        doodles: drawings of other things, by name, uint8 (N, H, W) each, 0 paper, 255 ink; it may be empty.
    """

    glyphs: UInt8Array
    labels: UInt8Array
    doodles: Mapping[str, UInt8Array]


Maker = Callable[[Material, np.random.Generator], UInt8Array | None]
"""Makes one shape, uint8 (H, W), 0 paper, 255 ink; None where the dice gave none."""


def _texture(material: Material, rng: np.random.Generator) -> UInt8Array | None:
    found = texture_pieces(rng)
    return found[rng.integers(len(found))] if found else None


def _doodle(material: Material, rng: np.random.Generator) -> UInt8Array | None:
    if not material.doodles:
        return None
    names = sorted(material.doodles)
    return capture(doodle(material.doodles[names[rng.integers(len(names))]], rng), rng)


def _written(material: Material, rng: np.random.Generator) -> UInt8Array:
    """One of the synthesizer's: letters, signs, words, scribbles, rulings, smudges, in all their hands."""
    glyphs, _ = render_nondigits(1, int(rng.integers(1 << 31)))
    glyph = glyphs[0, :, :, 0]
    if rng.random() < 0.3:
        return np.asarray(glyph, np.uint8)
    mask = enlarge(glyph)
    drawn = warp(mask, rng, bend=0.5) if rng.random() < 0.6 else change_pen(mask, sample_pen(rng))
    return capture(drawn, rng)


def _captured(draw: Callable[[np.random.Generator], UInt8Array]) -> Maker:
    return lambda material, rng: capture(draw(rng), rng) if rng.random() < 0.8 else draw(rng)


def _of_digits(draw: Callable[[UInt8Array, UInt8Array, np.random.Generator], UInt8Array]) -> Maker:
    return lambda material, rng: capture(draw(material.glyphs, material.labels, rng), rng)


KINDS: Mapping[str, tuple[Maker, float]] = {
    "several digits": (_of_digits(pieces.several_digits), 0.16),
    "fragment": (_of_digits(pieces.fragment), 0.07),
    "wrong cut": (lambda material, rng: wrong_cut(material.glyphs, material.labels, rng), 0.1),
    "turned digit": (_of_digits(pieces.turned_digit), 0.04),
    "sign": (_captured(drawings.sign), 0.07),
    "letters": (_captured(drawings.letters), 0.09),
    "solid": (_captured(drawings.solid), 0.03),
    "scrawl": (_captured(scrawl), 0.06),
    "texture": (_texture, 0.14),
    "doodle": (_doodle, 0.11),
    "written": (_written, 0.24),
}
"""The kinds by name, with the share of each."""


def capture_outliers(material: Material, count: int, rng: np.random.Generator) -> UInt8Array:
    """Return glyphs that are no digits, uint8 (count, 28, 28, 1), of all `KINDS` mixed.

    Args:
        material: what some kinds are made from; where it holds no doodles, the others share their part.
        count: how many.
        rng: all randomness comes from it.
    """
    names = list(KINDS)
    shares = np.array([share for _, share in KINDS.values()])
    glyphs = np.zeros((count, 28, 28, 1), np.uint8)
    index = 0
    while index < count:
        make, _ = KINDS[names[rng.choice(len(names), p=shares / shares.sum())]]
        shape = make(material, rng)
        if shape is None:
            continue
        glyph = centre_ink(shape)
        if glyph.any():
            glyphs[index, :, :, 0] = glyph
            index += 1
    return glyphs
