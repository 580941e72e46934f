"""Joining: what the strokes and the page network say of the same digit, weighed together.

The strokes see the digit itself; the network sees what stands round it, and so knows a slash between digits from a 1,
and a letter from a digit; what neighbours and the whole page are counts as well, as on a page of words an O is no 0.
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

_DIGIT = (0.0, 0.3, 0.75, 1.3, 1.65, 1.1)
"""What counts for what the strokes took for a digit, beside 1: the evidence of its strokes, the network's log odds of
its place, what its neighbours and all of the page are, from other writing to digits, and how little stands on the
page. A logistic regression on 610 rendered pages that the network had not learnt from, as `benchmarks/joining.py`
does. On top come 1.1, as most pages hold fewer letters than those, and 2 for a page of a thing or two: who shows one
shows a digit."""
_DOUBTFUL = (-0.7, 0.24, 0.69, 0.67, 1.08, -0.8)
"""The same of what is doubtful, less 0.5: it is called back only where that is rather likely."""
_SUREST = 6.0
"""Most evidence that the strokes can give, for or against."""
_NEAR, _MOST = 5.0, 8
"""Heights within which something is a neighbour, and how many are asked."""
_FEW = 8.0
"""Things of a page up to which they are few: what a page of three is says little."""
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
    weighed = [_weighed(one, peaks, _DIGIT) or one for one in digits]
    kept = tuple(one for one in weighed if one.evidence > 0)
    # where the strokes tell no digit at all, there is more to look like one than to be one
    asked = doubtful if kept else ()
    called_back = [found for one in asked if (found := _weighed(one, peaks, _DOUBTFUL)) and found.evidence > 0]
    return (*kept, *called_back), tuple(one for one in weighed if one.evidence <= 0)


def tell(one: Found, peaks: Peaks) -> tuple[float, ...] | None:
    """Return what the regressions weigh: 1, and what strokes, network, neighbours and the page say of something.

    Args:
        one: found by its strokes.
        peaks: what the network found.

    Returns:
        As many numbers as there are weights; None where the network found nothing there.
    """
    place = _place_of(one, peaks)
    return None if place is None else _told(one, place, peaks)


def _told(one: Found, place: int, peaks: Peaks) -> tuple[float, ...]:
    own = float(np.clip(one.evidence, -_SUREST, _SUREST))
    return (
        1.0,
        own,
        float(log_odds(peaks.probabilities[place, 1:11].sum())),
        _company(place, peaks),
        *_page(place, peaks),
    )


def _weighed(one: Found, peaks: Peaks, weights: Sequence[float]) -> Found | None:
    """Return something with joint evidence and probabilities; None where the network found nothing there."""
    place = _place_of(one, peaks)
    if place is None:
        return None
    evidence = float(np.dot(weights, _told(one, place, peaks)))
    return replace(_named_by_both(one, peaks, place), evidence=evidence)


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


def _page(place: int, peaks: Peaks) -> tuple[float, float]:
    """Return what all but one thing of the page is, and how little that is.

    Returns:
        From −1, other writing, to 1, digits, 0 where there is little; and from 0, much, to 1, nothing.
    """
    rest = peaks.totals - peaks.probabilities[place]
    digits, others = rest[1:11].sum(), rest[-1]
    return float((digits - others) / (digits + others + _FEW)), float(_FEW / (_FEW + rest[1:].sum()))


def _common(box: npt.NDArray[np.float64], boxes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the share of their union that a box (4,) and others (N, 4) have in common."""
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[:2] + box[2:], boxes[:, :2] + boxes[:, 2:])
    common = np.maximum(high - low, 0).prod(axis=1)
    union = box[2:].prod() + boxes[:, 2:].prod(axis=1) - common
    return np.asarray(common / np.maximum(union, 1e-9))
