"""Hands: what the digits of a page tell about each other, having been written by the same person.

Where sevens are crossed, as on most of the European continent, ones begin with an upstroke that makes them look like
sevens elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from edgedigits.arrays import UInt8Array
from edgedigits.finding.page import Found

_INK = 90
"""Ink value from which a pixel of a glyph belongs to a stroke."""
_TOP, _BOTTOM = 0.3, 0.9
"""Heights of a glyph between which a seven is crossed, as shares of its own."""
_BAR, _BARE = 4.0, 1.5
"""Pixels of a row of a glyph more than of its stem, from which that is a bar, and up to which there is none."""
_SLIMMER = 0.9
"""Width over height of a one with an upstroke, over that of the sevens, at most."""
_FEWEST = 2
"""Crossed sevens that tell how a hand writes them."""


def tell_ones_from_sevens(digits: Sequence[Found]) -> tuple[Found, ...]:
    """Return the digits of a page, with ones where sevens without a bar stand among crossed ones.

    Args:
        digits: of one page, with their glyphs.
    """
    bars = [bar_of(digit.glyph) if digit.label == "7" else math.nan for digit in digits]
    slimness = [digit.box[2] / digit.box[3] for digit in digits]
    crossed = [slim for slim, bar in zip(slimness, bars, strict=True) if bar >= _BAR]
    if len(crossed) < _FEWEST:
        return tuple(digits)
    widest = _SLIMMER * float(np.median(crossed))
    return tuple(
        _as_one(digit) if bar <= _BARE and slim <= widest else digit
        for digit, bar, slim in zip(digits, bars, slimness, strict=True)
    )


def bar_of(glyph: UInt8Array) -> float:
    """Return by how many pixels what crosses the stem of a seven is wider than that; 0 where nothing is.

    Args:
        glyph: uint8 (28, 28), 0 paper, 255 ink.

    Example:
        >>> seven = np.zeros((28, 28), np.uint8)
        >>> seven[4:6, 8:20] = seven[4:24, 17:19] = 255
        >>> bar_of(seven)
        0.0
        >>> seven[13:15, 12:24] = 255
        >>> bar_of(seven)
        10.0
    """
    ink = glyph >= _INK
    rows = np.flatnonzero(ink.any(axis=1))
    if len(rows) < 8:
        return math.nan
    first, height = int(rows[0]), int(rows[-1] - rows[0] + 1)
    middle = ink[first + round(_TOP * height) : first + round(_BOTTOM * height)]
    left = np.where(middle.any(axis=1), middle.argmax(axis=1), 0).astype(np.float64)
    right = np.where(middle.any(axis=1), 27 - middle[:, ::-1].argmax(axis=1), 0).astype(np.float64)
    width = right - left
    bar = int(width.argmax())
    above, below = _narrowest(width[:bar]), _narrowest(width[bar + 1 :])
    if above is None or below is None:
        return 0.0
    below += bar + 1
    # where the bar is, the stem is as wide as between its narrowest places above and below
    share = (bar - above) / (below - above)
    return float(width[bar] - (1 - share) * width[above] - share * width[below])


def _narrowest(widths: npt.NDArray[np.float64]) -> int | None:
    return int(widths.argmin()) if len(widths) else None


def _as_one(seven: Found) -> Found:
    probabilities = seven.probabilities.copy()
    probabilities[[1, 7]] = probabilities[[7, 1]]
    return replace(seven, label="1", probabilities=probabilities)
