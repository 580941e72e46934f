"""What is no digit, by kinds: those that training never saw, and, to compare, those that it did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edgedigits.arrays import UInt8Array
from edgedigits.errors import InputError
from edgedigits.glyphs import normalise_crop
from edgedigits.images import load_image
from edgedigits_train.data.nondigit_files import load_nondigits
from edgedigits_train.evaluation import shapes
from edgedigits_train.evaluation.photos import load_photos
from edgedigits_train.handwriting import render_characters, render_nondigits

COUNT = 1_000
"""Glyphs of each kind that is drawn; of drawings from files as many are taken, or all where there are fewer."""


@dataclass(frozen=True)
class Outliers:
    """Glyphs of one kind of outlier.

    Attributes:
        title: what reports call the kind.
        held_out: whether no training of this project uses the kind; otherwise it does, though not these very glyphs
            where they are drawn.
        glyphs: uint8, (N, 28, 28, 1), 0 paper, 255 ink; none is blank.
    """

    title: str
    held_out: bool
    glyphs: UInt8Array


_DRAWN: tuple[tuple[str, Callable[[np.random.Generator], UInt8Array]], ...] = (
    ("printed letters", shapes.letter),
    ("printed words", shapes.word),
    ("printed symbols", shapes.symbol),
    ("coils", shapes.coil),
    ("outlines", shapes.outline),
    ("stick figures", shapes.stick_figure),
    ("gratings", shapes.grating),
    ("code modules", shapes.modules),
    ("pixel noise", shapes.noise),
)
"""Kinds drawn for measuring only. The order is part of the seed: append only."""


def make_outliers(folder: Path | None, *, seed: int, count: int = COUNT) -> Iterator[Outliers]:
    """Yield the kinds one after the other, the held-out ones first.

    Args:
        folder: where `nondigits/` and `nondigit_photos/` lie; the kinds of what is missing are left out. None: none
            of them is there.
        seed: the same seed and files give the same glyphs.
        count: the most of one kind.

    Raises:
        InputError: a file is damaged.

    Example:
        >>> next(make_outliers(None, seed=0, count=5)).glyphs.shape
        (5, 28, 28, 1)
    """
    for number, (title, draw) in enumerate(_DRAWN):
        yield Outliers(title, True, _drawn(draw, count, np.random.default_rng((seed, number))))
    if folder is not None:
        yield from _from_photos(folder / "nondigit_photos", count, np.random.default_rng((seed, 100)))
        yield from _from_files(folder / "nondigits", True, count, np.random.default_rng((seed, 101)))
        yield from _from_files(folder / "nondigits", False, count, np.random.default_rng((seed, 102)))
    written, _ = render_nondigits(count, seed + 4_000_000)
    yield Outliers("synthesizer's", False, written)
    yield Outliers("letters and signs", False, render_characters(count, seed + 5_000_000))


def missing_files(folder: Path | None) -> list[str]:
    """Return the names of the files and folders whose kinds are left out."""
    names = ("nondigits/omniglot_small1.npz", "nondigits/quickdraw3.npz", "nondigit_photos/truth.json")
    return [name for name in names if folder is None or not (folder / name).exists()]


def _drawn(draw: Callable[[np.random.Generator], UInt8Array], count: int, rng: np.random.Generator) -> UInt8Array:
    glyphs: list[UInt8Array] = []
    while len(glyphs) < count:
        glyph = normalise_crop(draw(rng))
        if glyph.any():
            glyphs.append(glyph)
    return np.stack(glyphs)[..., np.newaxis]


def _from_files(folder: Path, held_out: bool, count: int, rng: np.random.Generator) -> Iterator[Outliers]:
    for title, drawings in load_nondigits("held_out" if held_out else "training", folder).items():
        chosen = rng.permutation(len(drawings))[:count]
        glyphs = [normalise_crop(_thickened(drawing)) for drawing in drawings[chosen]]
        yield Outliers(title, held_out, np.stack([glyph for glyph in glyphs if glyph.any()])[..., np.newaxis])


def _thickened(drawing: UInt8Array) -> UInt8Array:
    """Draw a scan's lines as wide, for their size, as pens do: at 105 pixels they are 2 to 3 wide."""
    if drawing.shape[0] < 100:
        return drawing
    return np.asarray(cv2.dilate(drawing, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))), np.uint8)


_LONG_SIDE = 1000
_PIECES_OF_A_PHOTO = 40


def _from_photos(folder: Path, count: int, rng: np.random.Generator) -> Iterator[Outliers]:
    """Yield the dark pieces of photos without digits, as a finder would offer them."""
    if not (folder / "truth.json").exists():
        return
    pieces: list[UInt8Array] = []
    for photo in load_photos(folder):
        if photo.digits:
            raise InputError(f"{folder / 'truth.json'} says that {photo.path.name} holds digits; name photos without.")
        found = _pieces(load_image(photo.path))
        chosen = rng.permutation(len(found))[:_PIECES_OF_A_PHOTO]
        pieces.extend(found[index] for index in chosen)
    if pieces:
        chosen = rng.permutation(len(pieces))[:count]
        yield Outliers("pieces of photos", True, np.stack([pieces[index] for index in chosen])[..., np.newaxis])


def _pieces(photo: UInt8Array) -> list[UInt8Array]:
    """Return the glyphs of a photo's dark pieces that are as large as digits may be, and wider than a 1."""
    grey = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    shrink = min(1.0, _LONG_SIDE / max(grey.shape))
    grey = cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    mask = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY_INV, 51, 12)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    glyphs = []
    for number, (x, y, width, height, area) in enumerate(stats[1:].tolist(), start=1):
        if not (20 <= height <= 200 and 0.5 * height <= width <= 2 * height and area >= 80):
            continue
        own = cv2.dilate((labels[y : y + height, x : x + width] == number).astype(np.uint8), np.ones((3, 3), np.uint8))
        ink = np.where(own > 0, 255 - grey[y : y + height, x : x + width], 255 - int(np.median(grey)))
        glyph = normalise_crop(np.pad(np.where(own > 0, ink, 0).astype(np.uint8), 2))
        if glyph.any() and not _is_bar(glyph) and not _is_ring(glyph):
            glyphs.append(glyph)
    return glyphs


def _is_bar(glyph: UInt8Array) -> bool:
    """Tell a straight stroke of any direction, which may be read as a 1, by its second moments."""
    moments = cv2.moments(glyph)
    x, y, xy = moments["mu20"], moments["mu02"], moments["mu11"]
    spread = np.hypot(x - y, 2 * xy)
    return bool(x + y - spread < 0.1 * (x + y + spread))


def _is_ring(glyph: UInt8Array) -> bool:
    """Tell a stroke around one large hole, which may be read as a 0."""
    paper = np.pad(glyph < 100, 1, constant_values=True).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(paper, connectivity=4)
    return count == 3 and int(stats[2, cv2.CC_STAT_AREA]) > 15
