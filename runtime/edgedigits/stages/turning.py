"""Turning: which way up a sheet lies, told by trying where little of what is written can be read as it is.

The glyphs of the strokes are turned, not the image: that costs a few calls of the model. Only where most of them are
digits the other way up is the image itself turned and read again.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Box = tuple[float, float, float, float]
"""x, y, width, height in pixels."""

_SURE = 4.0
"""Evidence of a digit that counts as sure."""
_READ = 0.5
"""Share of the strokes, or of their ink, that must be digits the other way up."""
_BETTER = 1.5
"""Factor by which the evidence, or the number of sure digits, must be larger the other way up."""
_FEWEST, _LEAST = 3, 2
"""Digits that tell which way is up: so many must be sure, and all where there are fewer; one alone says nothing."""
_TELLING = (2, 3, 4, 5, 6, 7, 9)
"""0, 1 and 8 look the same both ways up; 6 is 9, but of a line of digits some are others."""


def likely_turn(
    glyphs: npt.NDArray[np.uint8],
    weights: npt.NDArray[np.float64],
    judge: Callable[[npt.NDArray[np.uint8]], tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]],
) -> int:
    """Return by how many quarter turns counterclockwise an image seems to need turning: 0 to 3.

    Args:
        glyphs: of strokes by themselves, uint8, (N, 28, 28, 1).
        weights: how much of the page's ink each is, (N,).
        judge: tells of glyphs how likely each digit is, (N, 10), and how much evidence there is of any, (N,).

    Example:
        >>> surely_seven = lambda glyphs: (np.eye(10)[np.full(len(glyphs), 7)], np.repeat([0.0, 0.0, 7.0, 0.0], 2))
        >>> likely_turn(np.zeros((2, 28, 28, 1), np.uint8), np.ones(2), surely_seven)
        2
    """
    if len(glyphs) < _LEAST:
        return 0
    fewest = min(_FEWEST, len(glyphs))
    ways = np.concatenate([np.rot90(glyphs, turn, axes=(1, 2)) for turn in range(4)])
    probabilities, evidence = judge(ways)
    values, scores = probabilities.argmax(axis=1).reshape(4, -1), evidence.reshape(4, -1)
    totals = np.maximum(scores, 0).sum(axis=1)
    sure = ((scores >= _SURE) & np.isin(values, _TELLING)).sum(axis=1)
    turn = int(totals.argmax())
    read = scores[turn] > 0
    most = max(float(np.mean(read)), float(weights @ read) / max(float(weights.sum()), 1e-9)) >= _READ
    clearer = totals[turn] >= _BETTER * totals[0] or sure[turn] >= _BETTER * sure[0] + fewest
    return turn if most and clearer and sure[turn] >= fewest else 0


def turn_back(box: Box, turn: int, size: tuple[float, float]) -> Box:
    """Return where a box of a turned image lies in the image before it was turned.

    Args:
        box: in the turned image.
        turn: quarter turns counterclockwise, 0 to 3.
        size: width and height of the image before it was turned.

    Example:
        >>> turn_back((1, 2, 3, 4), 2, (100, 50))
        (96, 44, 3, 4)
    """
    x, y, width, height = box
    if turn == 1:
        return size[0] - y - height, x, height, width
    if turn == 2:
        return size[0] - x - width, size[1] - y - height, width, height
    if turn == 3:
        return y, size[1] - x - width, height, width
    return box
