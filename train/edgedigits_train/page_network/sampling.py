"""Sampling: tiles for the page network, cut out of rendered pages at every size at which the finder looks at them."""

from __future__ import annotations

import functools
import multiprocessing
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edgedigits.arrays import Float32Array, UInt8Array
from edgedigits.finding.light import ink_levels
from edgedigits.finding.page import LABELS, OTHER
from edgedigits.finding.tiles import MARGIN, TILE, shades_of
from edgedigits_train.captured.pages import RealDigits
from edgedigits_train.handwriting import render_scene
from edgedigits_train.handwriting.kinds import KINDS
from edgedigits_train.handwriting.scenery import SCENERY
from edgedigits_train.handwriting.scenes import Scene

_MORE_OFTEN = {"single": 6.0, "number": 6.0, "rows": 4.0, "touching": 3.2, "letters": 1.8, "line ends": 1.8}
_MORE_OFTEN |= {"sums": 1.8, "scattered": 5.0, "form": 1.8, "broken": 1.8, "mixed": 1.8, "dates": 1.8, "clutter": 1.8}
"""How much more often than others the everyday and the difficult kinds of pages come."""
_SIZES = ((640, 480), (640, 480), (480, 640), (800, 600), (480, 360))
_MOST_LEVELS, _MOST_TILES = 5, 4
"""Sizes at which a page is looked at, and tiles that are taken from each."""
_LOWEST, _HIGHEST = 12.0, 46.0
"""Pixels of a level: how high writing is that tiles are taken for; the finder asks about digits some 26 high."""
_SENT_AT_ONCE = 40
"""Pages that a process is asked for at once: the digits, some 40 MB, are sent with each such question."""
_DARK = 90
"""Median grey level below which a page is read as light writing."""
_SHIFT = 40
"""Pixels by which a tile is moved at random from what it was taken for."""


@dataclass(frozen=True, eq=False)
class Tiles:
    """Tiles and what is written on them.

    Attributes:
        pictures: uint8 (N, 128, 128), as the network is shown them.
        signs: float32 (M, 7), the fields of `truth.Placed`.
        first: int (N + 1,), where the signs of each tile begin and those of the last end.
    """

    pictures: UInt8Array
    signs: Float32Array
    first: npt.NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.pictures)

    def signs_of(self, index: int) -> Float32Array:
        """Return what is written on a tile, float32 (M, 7)."""
        return self.signs[self.first[index] : self.first[index + 1]]

    @classmethod
    def of(cls, tiles: Sequence[tuple[UInt8Array, Float32Array]]) -> Tiles:
        """Gather tiles, each with its signs."""
        first = np.concatenate([[0], np.cumsum([len(signs) for _, signs in tiles])]).astype(np.intp)
        pictures = np.array([picture for picture, _ in tiles], np.uint8).reshape(-1, TILE, TILE)
        return cls(pictures, np.concatenate([np.zeros((0, 7), np.float32), *(signs for _, signs in tiles)]), first)


def sample_scene(seed: int, digits: RealDigits | None, written: float) -> Scene:
    """Render a page of any kind.

    Args:
        seed: the same arguments give the same page.
        digits: real ones to write; None for the synthesizer's own on all pages.
        written: share of pages with the synthesizer's own all the same.
    """
    rng = np.random.Generator(np.random.PCG64([seed, 7]))
    kinds = [*KINDS, *SCENERY]
    shares = np.array([_MORE_OFTEN.get(kind, 1.0) for kind in kinds])
    kind = kinds[int(rng.choice(len(kinds), p=shares / shares.sum()))]
    size = _SIZES[int(rng.integers(len(_SIZES)))]
    return render_scene(seed, kind, None, size, digits if rng.random() >= written else None)


def sample_tiles(
    seed: int, pages: int, digits: RealDigits | None, written: float, advance: Callable[[], None] = lambda: None
) -> Tiles:
    """Render pages, on all cores, and cut tiles out of them.

    Args:
        seed: of the first page; each has one of its own.
        pages: how many.
        digits, written: as for `sample_scene`.
        advance: is called after each page.
    """
    render = functools.partial(_tiles_of_page, digits=digits, written=written)
    tiles: list[tuple[UInt8Array, Float32Array]] = []
    context = multiprocessing.get_context("spawn")
    with context.Pool(min(os.cpu_count() or 1, max(1, pages // 20))) as pool:
        for own in pool.imap(render, range(seed, seed + pages), chunksize=max(1, min(_SENT_AT_ONCE, pages // 20))):
            tiles += own
            advance()
    return Tiles.of(tiles)


def _tiles_of_page(seed: int, digits: RealDigits | None, written: float) -> list[tuple[UInt8Array, Float32Array]]:
    cv2.setNumThreads(1)
    rng = np.random.Generator(np.random.PCG64([seed, 8]))
    scene = sample_scene(seed, digits, written)
    grey = np.asarray(cv2.cvtColor(scene.image, cv2.COLOR_BGR2GRAY), np.uint8)
    signs = signs_of_scene(scene)
    is_dark = float(np.median(grey)) < _DARK
    tiles = _cut(255 - grey if is_dark else grey, signs, rng)
    if is_dark:  # looked at the other way round, nothing is written there
        tiles += _cut(grey, signs[:0], rng)[:3]
    return tiles


def signs_of_scene(scene: Scene) -> Float32Array:
    """Return all that is written on a scene, float32 (N, 7): the fields of `truth.Placed`, in pixels of the image."""
    rows = []
    for sign in scene.signs:
        is_high = sign.label.isdigit() or sign.label == OTHER
        writing = max(sign.writing, sign.box[3]) if is_high else sign.writing
        rows.append((LABELS.index(sign.label), *sign.box, writing, sign.visible))
    return np.array(rows, np.float32).reshape(-1, 7)


def _cut(grey: UInt8Array, signs: Float32Array, rng: np.random.Generator) -> list[tuple[UInt8Array, Float32Array]]:
    tiles: list[tuple[UInt8Array, Float32Array]] = []
    for number, level in enumerate(ink_levels(grey)):
        if number == _MOST_LEVELS:
            break
        scaled = signs.copy()
        scaled[:, 1:6] /= level.shrink
        tiles += _cut_level(shades_of(level), scaled, rng)
    return tiles


def _cut_level(
    shades: UInt8Array, signs: Float32Array, rng: np.random.Generator
) -> list[tuple[UInt8Array, Float32Array]]:
    """Cut tiles out of a level until each sign that is its business lies in one, and one more where there is ink."""
    tiles: list[tuple[UInt8Array, Float32Array]] = []
    middles = signs[:, 1:3] + signs[:, 3:5] / 2
    open_ones = (signs[:, 5] >= _LOWEST) & (signs[:, 5] <= _HIGHEST)
    while len(tiles) < _MOST_TILES and open_ones.any():
        x, y = middles[rng.choice(np.flatnonzero(open_ones))]
        picture, own, corner = _tile_at(shades, signs, (float(x), float(y)), rng)
        tiles.append((picture, own))
        seen = ((middles - corner > MARGIN) & (middles - corner < TILE - MARGIN)).all(axis=1)
        open_ones &= ~seen
        open_ones[(np.abs(middles - [x, y]) < 1).all(axis=1)] = False
    rows, columns = np.nonzero(shades[::8, ::8] > 40)
    if len(tiles) < _MOST_TILES and len(rows):
        at = int(rng.integers(len(rows)))
        tiles.append(_tile_at(shades, signs, (8.0 * columns[at], 8.0 * rows[at]), rng)[:2])
    return tiles


def _tile_at(
    shades: UInt8Array, signs: Float32Array, middle: tuple[float, float], rng: np.random.Generator
) -> tuple[UInt8Array, Float32Array, npt.NDArray[np.float64]]:
    height, width = shades.shape
    shifted = np.array(middle) - TILE / 2 + rng.integers(-_SHIFT, _SHIFT + 1, 2)
    left, top = np.clip(shifted, 0, [max(0, width - TILE), max(0, height - TILE)]).astype(int).tolist()
    part = shades[top : top + TILE, left : left + TILE]
    room = TILE - np.array(part.shape[::-1])
    right, down = (int(rng.integers(0, space + 1)) for space in room.tolist())
    picture = np.zeros((TILE, TILE), np.uint8)
    picture[down : down + part.shape[0], right : right + part.shape[1]] = part
    corner = np.array([left - right, top - down], np.float64)
    moved = signs.copy()
    moved[:, 1:3] -= corner.astype(np.float32)
    inside = ((moved[:, 1:3] + moved[:, 3:5] > 0) & (moved[:, 1:3] < TILE)).all(axis=1)
    return picture, moved[inside], corner
