"""Joining: what the strokes and the page network say of the same digit, weighed together.

The strokes see the digit itself; the network sees what stands round it, and so knows a slash between digits from a 1,
and a letter from a digit. What the strokes took for a digit stays one unless the network is surer of something else.
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
_NEAR, _MOST = 3.0, 4
"""Heights within which something is a neighbour, and how many are asked."""
_POWER = 0.25
"""Power of the network's probabilities of the ten digits, beside those of the strokes' classifier."""
_SAME = 0.3
"""Share of their union that two boxes have in common when both found the same."""


def weigh(digits: Sequence[Found], peaks: Peaks) -> tuple[tuple[Found, ...], tuple[Found, ...]]:
    """Weigh what the strokes took for digits with what the network says of the same places.

    Args:
        digits: by their strokes.
        peaks: what the network found.

    Returns:
        The digits with joint evidence and probabilities, and those that are refused.
    """
    weighed = [_weighed(one, peaks) for one in digits]
    return tuple(one for one in weighed if one.evidence > 0), tuple(one for one in weighed if one.evidence <= 0)


def _weighed(digit: Found, peaks: Peaks) -> Found:
    common = _common(np.array(digit.box, np.float64), peaks.boxes)
    if not len(common) or common.max() < _SAME:
        return digit
    best = int(common.argmax())
    seen = peaks.probabilities[best, 1:11]
    there = float(seen.sum())
    evidence = _BIAS + _OWN * float(log_odds(there)) + _NEIGHBOURS * _company(best, peaks)
    if evidence < _DOUBT:
        return replace(digit, evidence=digit.evidence + _NETWORK * (evidence - _DOUBT))
    logs = np.log(digit.probabilities + 1e-4) + _POWER * np.log(seen / max(there, 1e-9) + 1e-4)
    odds = np.exp(logs - logs.max())
    return replace(
        digit,
        label=str(int(logs.argmax())),
        probabilities=(odds / odds.sum()).astype(np.float32),
    )


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
