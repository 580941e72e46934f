"""Joining: what the strokes and the page network say of the same digit, weighed together.

The strokes see the digit itself; the network sees what stands round it, and so knows a slash between digits from a 1,
and a letter from a digit. What the strokes took for a digit stays one unless the network is surer of something else.
What looks like a digit by itself and not by what stands round it, as in a form full of words, is called back if the
network says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from edgedigits.finding.page import Found
from edgedigits.finding.peaks import Peaks, log_odds

_NETWORK = 0.8
"""What an evidence of the network counts, beside one of the strokes."""
_DOUBT = -1.0
"""Evidence of the network below which it speaks against a digit."""
_BIAS, _OWN, _NEIGHBOURS = -1.2, 1.3, 2.4
"""What the network's log odds of a place count, and what of its neighbours is digits rather than other writing: a
logistic regression on rendered pages that it had not learnt from."""
_DOUBTFUL_BIAS, _STROKES, _DOUBTFUL_OWN, _DOUBTFUL_NEIGHBOURS = -0.3, 0.49, 0.47, 1.28
"""The same of what is doubtful, with what the evidence of its strokes counts."""
_CALLED_BACK, _SUREST = 0.5, 6.0
"""Evidence from which what is doubtful is a digit, and the most that its strokes can give, for or against."""
_NEAR, _MOST = 3.0, 4
"""Heights within which something is a neighbour, and how many are asked."""
_POWER = 0.25
"""Power of the network's probabilities of the ten digits, beside those of the strokes' classifier."""
_SAME = 0.3
"""Share of their union that two boxes have in common when both found the same."""


def weigh(
    digits: Sequence[Found], doubtful: Sequence[Found], peaks: Peaks
) -> tuple[tuple[Found, ...], tuple[Found, ...]]:
    """Weigh what the strokes took for digits with what the network says of the same places.

    Args:
        digits: by their strokes.
        doubtful: what looks like a digit by its strokes and not by what stands round it.
        peaks: what the network found.

    Returns:
        The digits with joint evidence and probabilities, and those that are refused.
    """
    weighed = [_weighed(one, peaks) for one in digits]
    kept = tuple(one for one in weighed if one.evidence > 0)
    # where the strokes tell no digit at all, there is more to look like one than to be one
    called_back = [found for one in doubtful if kept and (found := _called_back(one, peaks))]
    return (*kept, *called_back), tuple(one for one in weighed if one.evidence <= 0)


def _weighed(digit: Found, peaks: Peaks) -> Found:
    place = _place_of(digit, peaks)
    if place is None:
        return digit
    evidence = _BIAS + _OWN * _odds_of_digit(place, peaks) + _NEIGHBOURS * _company(place, peaks)
    if evidence < _DOUBT:
        return replace(digit, evidence=digit.evidence + _NETWORK * (evidence - _DOUBT))
    return _named_by_both(digit, peaks, place)


def _called_back(one: Found, peaks: Peaks) -> Found | None:
    """Return what is doubtful as a digit, or None where the network does not say that it is one."""
    place = _place_of(one, peaks)
    if place is None:
        return None
    evidence = (
        _DOUBTFUL_BIAS
        + _STROKES * float(np.clip(one.evidence, -_SUREST, _SUREST))
        + _DOUBTFUL_OWN * _odds_of_digit(place, peaks)
        + _DOUBTFUL_NEIGHBOURS * _company(place, peaks)
    )
    return replace(_named_by_both(one, peaks, place), evidence=evidence) if evidence > _CALLED_BACK else None


def _place_of(one: Found, peaks: Peaks) -> int | None:
    """Return which peak shows the same as the strokes; None where none does."""
    common = _common(np.array(one.box, np.float64), peaks.boxes)
    return int(common.argmax()) if len(common) and common.max() >= _SAME else None


def _named_by_both(digit: Found, peaks: Peaks, place: int) -> Found:
    seen = peaks.probabilities[place, 1:11]
    logs = np.log(digit.probabilities + 1e-4) + _POWER * np.log(seen / max(float(seen.sum()), 1e-9) + 1e-4)
    odds = np.exp(logs - logs.max())
    probabilities = (odds / odds.sum()).astype(np.float32)
    return replace(digit, label=str(int(logs.argmax())), probabilities=probabilities)


def _odds_of_digit(place: int, peaks: Peaks) -> float:
    return float(log_odds(float(peaks.probabilities[place, 1:11].sum())))


def _company(place: int, peaks: Peaks) -> float:
    """Return what the nearest things are: from −1, all other writing, to 1, all digits; 0 where there are none."""
    middles = peaks.boxes[:, :2] + peaks.boxes[:, 2:] / 2
    height = max(float(peaks.boxes[place, 3]), 0.6 * float(peaks.boxes[place, 2]), 1.0)
    apart = np.abs(middles - middles[place]) / height
    distance = apart[:, 0] + 2 * apart[:, 1]
    distance[place] = np.inf
    nearest = np.argsort(distance)[:_MOST]
    nearest = nearest[distance[nearest] < _NEAR]
    if not len(nearest):
        return 0.0
    kinds = peaks.probabilities[nearest, 1:11].sum(axis=1) - peaks.probabilities[nearest, -1]
    weights = 1 / (0.5 + distance[nearest])
    return float(weights @ kinds / weights.sum())


def _common(box: npt.NDArray[np.float64], boxes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the share of their union that a box (4,) and others (N, 4) have in common."""
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[:2] + box[2:], boxes[:, :2] + boxes[:, 2:])
    common = np.maximum(high - low, 0).prod(axis=1)
    union = box[2:].prod() + boxes[:, 2:].prod(axis=1) - common
    return np.asarray(common / np.maximum(union, 1e-9))
