"""Turning: which way up a sheet lies, told by trying where little of what is written can be read as it is.

The glyphs of the strokes are turned, not the image: that costs a few calls of the model. Only where most of them are
digits the other way up is the image itself turned and read again.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from edgedigits.boxes import FloatBox

Judge = Callable[[npt.NDArray[np.uint8]], tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]]
"""Tells of glyphs (N, 28, 28, 1) how likely each digit is, (N, 10), and how much evidence there is of any, (N,)."""

_TELLING = (2, 3, 4, 5, 6, 7, 9)
"""0, 1 and 8 look the same both ways up, and whatever is long, as a ruled line, is a 1 if it is turned; 6 is 9, but of
a line of digits some are others."""
_MORE = 7.0
"""Evidence that the telling digits must have more than as the image lies: as much as one that is beyond doubt."""
_CLEARLY = 1.1
"""Factor by which they must have more than any other way up."""
_ENOUGH, _LEAST, _FEWEST = 16.0, 6.0, 2
"""Evidence that they must have, more than two can have, or so much for each stroke where there are only two; one stroke
alone says nothing."""
_FIRST, _HOPE = 24, 3.0
"""Strokes that are tried first, and the evidence that the telling digits among them must have, another way up and more
than as the image lies, for the others to be tried as well."""
_READ = 0.5
"""Share of the strokes, or of their ink, that must be digits the other way up …"""
_MUCH = 20.0
"""… unless the telling ones have so much evidence, as three beyond doubt have: what lies about is strokes, too."""


def likely_turn(
    glyphs: npt.NDArray[np.uint8],
    weights: npt.NDArray[np.float64],
    judge: Judge,
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
    if len(glyphs) < _FEWEST:
        return 0
    told, read = _tell(glyphs[:_FIRST], judge)
    if len(glyphs) > _FIRST:
        lying, *otherwise = told.sum(axis=1).tolist()
        if max(otherwise) < max(lying, _HOPE):
            return 0
        more_told, more_read = _tell(glyphs[_FIRST:], judge)
        told, read = np.concatenate([told, more_told], axis=1), np.concatenate([read, more_read], axis=1)
    lying, *_ = totals = told.sum(axis=1)
    turn = int(totals.argmax())
    second = float(np.partition(totals, -2)[-2])
    if totals[turn] < max(lying + _MORE, _CLEARLY * second, min(_ENOUGH, _LEAST * len(glyphs))):
        return 0
    share = max(float(np.mean(read[turn])), float(weights @ read[turn]) / max(float(weights.sum()), 1e-9))
    return turn if share >= _READ or totals[turn] >= _MUCH else 0


def _tell(glyphs: npt.NDArray[np.uint8], judge: Judge) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return what glyphs tell of each way up, (4, N), and which of them are read as digits then, (4, N)."""
    ways = np.concatenate([np.rot90(glyphs, turn, axes=(1, 2)) for turn in range(4)])
    probabilities, evidence = judge(ways)
    telling = np.isin(probabilities.argmax(axis=1), _TELLING)
    told = telling * np.maximum(evidence, 0) * probabilities.max(axis=1, initial=0) ** 2
    return told.reshape(4, -1), evidence.reshape(4, -1) > 0


def turn_back(box: FloatBox, turn: int, size: tuple[float, float]) -> FloatBox:
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
