"""Truth: what the page network is to answer for each cell of a tile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgedigits.finding.page import LABELS, OTHER
from edgedigits.finding.peaks import STRIDE
from edgedigits.finding.tiles import TILE

CELLS = TILE // STRIDE
IGNORED, WORD = -1, 100
"""Codes of cells that nobody is blamed for, and of those that may be nothing or other writing, but no digit."""
LOWEST, HIGHEST = 9.0, 42.0
"""Pixels of a level: height of writing that is that level's business."""
_NO_BLAME = (6.0, 60.0)
"""Pixels: height up to which what is not is not held against it either."""
_MIDDLE, _RING = 0.18, 0.36
"""Shares of a sign's sides from its middle: what is its place, and what is neither that nor nothing."""
_WHOLE, _LEGIBLE = 0.9, 0.75
"""Share of a sign's box inside the tile, and of its ink inside the picture, from which it is to be named."""
_WORD = 2.5
"""Width in heights from which other writing is a word, not a letter."""

_MIDDLES = (np.indices((CELLS, CELLS), np.float32)[::-1] + 0.5) * STRIDE


@dataclass(frozen=True)
class Placed:
    """A sign on a tile.

    Attributes:
        label: index in `LABELS`.
        x, y, width, height: of its box, in pixels of the tile.
        writing: height of a digit of that hand, likewise.
        visible: share of its ink that is inside the picture.
    """

    label: int
    x: float
    y: float
    width: float
    height: float
    writing: float
    visible: float


def answer(signs: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.float32]]:
    """Return what the network is to answer for a tile.

    Args:
        signs: float32 (N, 7), the fields of `Placed` for each sign.

    Returns:
        int16 (CELLS, CELLS), indices of `LABELS` or one of the codes; float32 (CELLS, CELLS, 4), how far the left,
        upper, right and lower side are, in cells, where a sign is.
    """
    names = np.zeros((CELLS, CELLS), np.int16)
    sides = np.zeros((CELLS, CELLS, 4), np.float32)
    nearest = np.full((CELLS, CELLS), np.inf, np.float32)
    x, y = _MIDDLES
    for one in (Placed(int(row[0]), *row[1:].tolist()) for row in signs):
        right, bottom = one.x + one.width, one.y + one.height
        across, down = np.abs(x - one.x - one.width / 2), np.abs(y - one.y - one.height / 2)
        ring = (across <= max(1.01 * STRIDE, _RING * one.width)) & (down <= max(1.01 * STRIDE, _RING * one.height))
        inside = max(0.0, min(right, TILE) - max(one.x, 0)) * max(0.0, min(bottom, TILE) - max(one.y, 0))
        whole = inside / max(one.width * one.height, 1) >= _WHOLE
        is_word = LABELS[one.label] == OTHER and one.width > _WORD * max(one.height, one.writing)
        if LOWEST <= one.writing <= HIGHEST and one.visible >= _LEGIBLE and whole and not is_word:
            place = (across <= max(0.501 * STRIDE, _MIDDLE * one.width)) & (
                down <= max(0.501 * STRIDE, _MIDDLE * one.height)
            )
            apart = np.hypot(across, down)
            own = place & (apart < nearest)
            names[ring & ~place & (names == 0)] = IGNORED
            names[own] = one.label
            nearest[own] = apart[own]
            sides[own] = (np.stack([x - one.x, y - one.y, right - x, bottom - y], axis=-1) / STRIDE)[own]
        elif _NO_BLAME[0] <= one.writing <= _NO_BLAME[1] and not is_word:
            names[ring & (names == 0)] = IGNORED
        elif is_word:
            names[(across <= one.width / 2) & (down <= one.height / 2) & (names == 0)] = WORD
    return names, sides
