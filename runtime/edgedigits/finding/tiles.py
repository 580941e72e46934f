"""Tiles: the parts of a level that hold ink, as the page network is shown them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgedigits.finding.light import Level

TILE = 128
"""Pixels on each side of a tile."""
MARGIN = 16
"""Pixels round what a tile is asked about: what lies there is seen better in the next tile."""
_CELL = 8
"""Pixels on each side of the cells in which ink is looked for."""
_CORE = (TILE - 2 * MARGIN) // _CELL
_REACH = 3
"""Cells from ink within which the middle of what is written may lie: of a 0 it is bare paper."""
_LEAST_INK, _OVER_NOISE = 10, 5.0
"""Ink value from which a pixel counts, and how far above the paper's noise it must lie."""
_FEWEST = 12
"""Pixels of ink in a cell and those round it."""

_SHADES = np.minimum(255, np.rint(np.sqrt(np.arange(256)) * 16)).astype(np.uint8)
"""Ink values as the network is shown them: their square root, so that pencil and marker differ less."""


@dataclass(frozen=True)
class Tile:
    """A part of a level.

    Attributes:
        left, top: of the tile, in pixels of the level.
        core: left, top, right, bottom of what it is asked about, likewise.
    """

    left: int
    top: int
    core: tuple[int, int, int, int]


def place_tiles(level: Level, regions: npt.NDArray[np.float64]) -> list[Tile]:
    """Return tiles whose cores cover the ink of a level in some regions.

    Args:
        level: the ink.
        regions: boxes x, y, width, height in pixels of the level, float64 (N, 4).

    Returns:
        The tiles, from top to bottom; their cores may overlap a little.
    """
    import cv2

    height, width = level.ink.shape
    asked = np.zeros((height, width), np.uint8)
    for x, y, w, h in regions.tolist():
        asked[max(0, int(y)) : max(0, int(np.ceil(y + h))), max(0, int(x)) : max(0, int(np.ceil(x + w)))] = 1
    least = max(_LEAST_INK, _OVER_NOISE * float(np.median(level.noise)))
    ink = (level.ink >= least).astype(np.uint8) & asked
    rows, columns = -(-height // _CELL), -(-width // _CELL)
    padded = np.zeros((rows * _CELL, columns * _CELL), np.uint8)
    padded[:height, :width] = ink
    counts = padded.reshape(rows, _CELL, columns, _CELL).sum(axis=(1, 3)).astype(np.float32)
    # grains of noise lie alone, ink goes on in the next cell
    filled = cv2.boxFilter(counts, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT) >= _FEWEST
    wanted = cv2.dilate((filled & (counts > 0)).astype(np.uint8), np.ones((2 * _REACH + 1,) * 2, np.uint8)) > 0
    tiles = []
    while wanted.any():
        top = int(wanted.any(axis=1).argmax())
        band = wanted[top : top + _CORE]
        left = int(band.any(axis=0).argmax())
        # what is wanted may begin lower down
        down = int(band[:, left : left + _CORE].any(axis=1).argmax())
        top += down
        wanted[top : top + _CORE, left : left + _CORE] = False
        x, y = left * _CELL, top * _CELL
        core = (x, y, x + _CORE * _CELL, y + _CORE * _CELL)
        tiles.append(Tile(_first_pixel(x, width), _first_pixel(y, height), core))
    return tiles


def _first_pixel(core: int, side: int) -> int:
    """Return where a tile begins along a side of a level: within it, or round it where the level is smaller."""
    return (side - TILE) // 2 if side < TILE else max(0, min(core - MARGIN, side - TILE))


def shades_of(level: Level) -> npt.NDArray[np.uint8]:
    """Return the ink of a level as the network is shown it, uint8 (H, W)."""
    return np.asarray(_SHADES[level.ink], np.uint8)


def cut_tiles(level: Level, tiles: list[Tile]) -> npt.NDArray[np.uint8]:
    """Return tiles as the network is shown them: uint8 (N, TILE, TILE, 1), 0 is paper; so is what lies outside."""
    cut = np.zeros((len(tiles), TILE, TILE, 1), np.uint8)
    for picture, tile in zip(cut, tiles, strict=True):
        part = _SHADES[level.ink[max(0, tile.top) : tile.top + TILE, max(0, tile.left) : tile.left + TILE]]
        down, right = max(0, -tile.top), max(0, -tile.left)
        picture[down : down + part.shape[0], right : right + part.shape[1], 0] = part
    return cut
