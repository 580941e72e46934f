"""Choice: the hypotheses that together explain the image best."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgedigits.stages.hypotheses import Hypothesis

_MOST_PRIOR = 2.5
"""Log odds by which strokes of a crowded photo are digits more rarely than the glyphs that a model is trained on."""
_SURE = 7.0
_CLEAREST_STROKE, _CLEAREST_HEIGHT = 4.5, 20.0
"""Pixels of a level at which the model sees a digit best."""
_INK_COUNTS = 0.12
"""Power of the ink that a hypothesis explains: of two equally good ones, the whole beats its part."""
_FRAGMENT_COST = 5.0
_WHOLE = 0.5
"""Evidence from which a connected stroke may be a digit as a whole."""
_APART = 0.4
"""Share of the smaller box up to which two digits may overlap."""
_MOST_DIGITS = 2000
"""A written page holds fewer; comparing each with each would take gigabytes where a texture holds more."""
_SAME = 0.6
"""Share of the larger box from which two boxes show the same strokes."""


def evidence(probability: npt.NDArray[np.float64], among: int) -> npt.NDArray[np.float64]:
    """Return the log odds that strokes are digits, kept within what the model can be sure of.

    The more strokes an image has, the more of them look like a digit by chance, so that each must be surer
    (Bonferroni's correction); the only stroke of an image need not.

    Args:
        probability: what the model says of each, 0 to 1, float64 (N,).
        among: how many strokes the image has.
    """
    p = np.clip(probability, 1e-9, 1 - 1e-9)
    return np.clip(np.log(p / (1 - p)) - min(_MOST_PRIOR, math.log(max(1, among))), -_SURE, _SURE)


def sort_views(hypotheses: Sequence[Hypothesis]) -> tuple[list[Hypothesis], list[list[Hypothesis]]]:
    """Sort out which hypotheses of different levels show the same strokes.

    Returns:
        The best view of each, that in which the stroke is a few pixels wide, and the other views of each.
    """
    if not hypotheses:
        return [], []
    places = _Places(hypotheses)
    shrink = np.array([h.strokes.level.shrink for h in hypotheses])
    width = np.array([h.stroke_width for h in hypotheses]) / shrink
    height = np.array([h.box[3] for h in hypotheses]) / shrink
    misfit = np.abs(np.log(width / _CLEAREST_STROKE)) + np.clip(np.log(_CLEAREST_HEIGHT / height), 0, None)
    free = np.ones(len(hypotheses), bool)
    best, others = [], []
    for i in (int(j) for j in np.argsort(misfit, kind="stable")):
        if not free[i]:
            continue
        same = places.same(i) & free
        free &= ~same
        same[i] = False
        best.append(hypotheses[i])
        others.append([hypotheses[j] for j in np.flatnonzero(same).tolist()])
    return best, others


def choose(hypotheses: Sequence[Hypothesis], scores: npt.NDArray[np.float64]) -> dict[int, list[int]]:
    """Return hypotheses that do not share a place, those that explain most ink best first.

    Args:
        hypotheses: any number, from all levels.
        scores: evidence of each, (N,).

    Returns:
        The index of each that was chosen, and the indices of all that show the same strokes, itself included.
    """
    if not hypotheses:
        return {}
    places = _Places(hypotheses)
    scores = scores - _FRAGMENT_COST * _are_fragments(hypotheses, scores, places)
    weight = scores * np.power([h.ink for h in hypotheses], _INK_COUNTS)
    likely = scores > 0
    free = likely.copy()
    chosen: dict[int, list[int]] = {}
    for i in np.argsort(-weight, kind="stable"):
        if len(chosen) == _MOST_DIGITS:
            break
        if free[i]:
            chosen[int(i)] = [int(j) for j in np.flatnonzero(places.same(int(i)) & likely)]
            free &= places.apart(int(i))
    return chosen


def _are_fragments(
    hypotheses: Sequence[Hypothesis], scores: npt.NDArray[np.float64], places: _Places
) -> npt.NDArray[np.bool_]:
    """Return which hypotheses (N,) are parts of what is one stroke, and may be a digit, in a larger view.

    Thin strokes break where the image is shrunk, and their fragments look like digits, as the lower ring of an 8.
    """
    shrink = np.array([h.strokes.level.shrink for h in hypotheses])
    fragments = np.zeros(len(hypotheses), bool)
    whole = (scores >= _WHOLE) & np.array([len(h.pieces) == 1 and not h.is_part for h in hypotheses])
    for i in np.flatnonzero(whole).tolist():
        fragments |= places.part_of(i) & (shrink > shrink[i])
    return fragments


class _Places:
    """The boxes of hypotheses, compared."""

    def __init__(self, hypotheses: Sequence[Hypothesis]) -> None:
        boxes = np.array([h.box for h in hypotheses], np.float64)
        self._left, self._top = boxes[:, 0], boxes[:, 1]
        self._right, self._bottom = self._left + boxes[:, 2], self._top + boxes[:, 3]
        self._area = boxes[:, 2] * boxes[:, 3]

    def same(self, i: int) -> npt.NDArray[np.bool_]:
        """Return which boxes (N,) show the same as box i."""
        return np.asarray(self._shared(i) > _SAME * np.maximum(self._area, self._area[i]), bool)

    def apart(self, i: int) -> npt.NDArray[np.bool_]:
        """Return which boxes (N,) lie apart from box i."""
        return np.asarray(self._shared(i) < _APART * np.minimum(self._area, self._area[i]), bool)

    def part_of(self, i: int) -> npt.NDArray[np.bool_]:
        """Return which boxes (N,) are parts of box i."""
        return np.asarray((self._shared(i) > 0.85 * self._area) & (self._area < 0.7 * self._area[i]), bool)

    def _shared(self, i: int) -> npt.NDArray[np.float64]:
        across = np.minimum(self._right, self._right[i]) - np.maximum(self._left, self._left[i])
        down = np.minimum(self._bottom, self._bottom[i]) - np.maximum(self._top, self._top[i])
        return np.asarray(np.maximum(across, 0) * np.maximum(down, 0), np.float64)
