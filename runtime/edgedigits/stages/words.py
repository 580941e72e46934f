"""Words: what is written beside the digits and is none, and the digits that are letters of it.

Some letters look like digits. Where most of a line, or of a page, is other writing, a digit is likelier to be one of
its letters, the more so if it stands alone. Digits that stand side by side are a number, unless letters touch it
without a space, as they do in a word: that all of them are letters which look like digits is unlikely.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgedigits.stages.context import gaps, in_line, near_in_line, surroundings_cost, traits_of, typical_of
from edgedigits.stages.hypotheses import Hypothesis

_SAME_HAND = np.log([2.2, 2.5, 2.0])
"""Factors in contrast, height and stroke width by which characters of one hand differ."""
_ON_PAPER = 3.0
"""What the surroundings of a letter take from it at most; its neighbours' edges do."""
_MOSTLY_TEXT = 0.5
"""Share of the characters that may be something else than digits at no cost, as the signs of a sum are."""
_TEXT_COST = 25.0
_FEWEST_LETTERS, _FEWEST_ON_A_PAGE = 6, 30
"""Characters that make a line, and a page, of text; a sum has fewer signs."""
_TURNS = 4
_LOOKALIKE = 3.0
"""Evidence that letters which look like a digit often have; what a digit has beyond it speaks for those beside it."""
_SPACE, _WIDEST_SPACE = 0.4, 1.5
"""Gaps, in heights of a character, from which a character is no longer of the same word, and a digit no longer of the
same number."""


def find_letters(
    digits: Sequence[Hypothesis], scores: npt.NDArray[np.float64], rejected: Sequence[Hypothesis]
) -> npt.NDArray[np.float64]:
    """Return the boxes (N, 4) of other writing than digits: of the same pen, in the same size, on quiet paper.

    Args:
        digits: what was chosen.
        scores: the evidence of each.
        rejected: connected strokes that are no digits.
    """
    if not rejected:
        return np.empty((0, 4))
    boxes, digit_boxes = np.array([h.box for h in rejected]), np.array([h.box for h in digits])
    typical = typical_of(traits_of(digits), np.clip(scores, 0.01, None))
    letters = np.all(np.abs(traits_of(rejected) - typical) < _SAME_HAND, axis=1)
    letters &= ~np.array([_overlaps(box, digit_boxes) for box in boxes])
    # the grain of a desk is not written on paper
    for i in np.flatnonzero(letters).tolist():
        letters[i] = surroundings_cost(rejected[i]) < _ON_PAPER
    return boxes[letters]


def characters(letters: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return as how many characters letters with these boxes (N, 4) count, (N,): a word whose letters touch as many."""
    return np.maximum(1.0, letters[:, 2] / letters[:, 3])


def text_costs(
    digits: Sequence[Hypothesis], scores: npt.NDArray[np.float64], letters: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return how much evidence other writing in its line takes from each digit, (N,), 0 or more.

    Args:
        digits: what was chosen.
        scores: the evidence of each.
        letters: the boxes (M, 4) of other writing.
    """
    if not len(letters):
        return np.zeros(len(digits))
    boxes = np.array([h.box for h in digits])
    usual_height = float(np.median(letters[:, 3]))
    written = characters(letters)
    line_letters, line_digits = (near_in_line(boxes, others, usual_height) for others in (letters, boxes))
    costs = np.zeros(len(digits))
    # a digit that turns out to be a letter counts against its neighbours in turn
    for _ in range(_TURNS):
        stands = scores - costs > 0
        stand, fallen = stands.astype(np.float64), (scores > 0) & ~stands
        text, numbers = line_letters @ written + line_digits @ fallen, line_digits @ stand
        share = _share_of_text(text, numbers, _FEWEST_LETTERS)
        page = _share_of_text(written.sum() + fallen.sum(), stand.sum(), _FEWEST_ON_A_PAGE)
        # the rest of the page tells less of a line that is digits
        alone = _share_of_text(text + 1, numbers - stand, 0)
        excess = np.maximum(np.maximum(share - _MOSTLY_TEXT, alone * (page - _MOSTLY_TEXT)), 0)
        others = np.concatenate([letters, boxes[~stands]])
        company = _company(boxes[stands], scores[stands], others, usual_height)
        costs = _TEXT_COST * excess
        costs[stands] = np.maximum(costs[stands] - company, 0)
    return np.asarray(costs, np.float64)


def _company(
    boxes: npt.NDArray[np.float64],
    scores: npt.NDArray[np.float64],
    others: npt.NDArray[np.float64],
    usual_height: float,
) -> npt.NDArray[np.float64]:
    """Return what the other digits of the number that each digit is part of say for it, (N,): nothing in a word.

    Args:
        boxes: of the digits, (N, 4).
        scores: the evidence of each, (N,).
        others: the boxes of other writing, (M, 4).
        usual_height: of a character.
    """
    everything = np.concatenate([boxes, others])
    aside, level = gaps(boxes, everything), in_line(boxes, everything, usual_height)
    scale = np.maximum(boxes[:, 3], usual_height)[:, np.newaxis]
    touched = (level & (aside < _SPACE * scale))[:, len(boxes) :].any(axis=1)
    middles = everything[:, 0] + everything[:, 2] / 2
    to_the_right = level & (aside < _WIDEST_SPACE * scale) & (middles > middles[: len(boxes), np.newaxis])
    distances = np.where(to_the_right, aside, np.inf)
    number = np.arange(len(boxes))
    for i in np.argsort(middles[: len(boxes)]).tolist():
        nearest = int(distances[i].argmin())
        if to_the_right[i, nearest] and nearest < len(boxes):
            number[nearest] = number[i]
    telling = np.maximum(scores - _LOOKALIKE, 0)
    in_word = np.bincount(number, touched, len(boxes)) > 0
    company = np.bincount(number, telling, len(boxes))[number] - telling
    return np.where(in_word[number], 0, company)


def _share_of_text(
    letters: npt.NDArray[np.float64], digits: npt.NDArray[np.float64], fewest: float
) -> npt.NDArray[np.float64]:
    """Return which share of some characters are letters, 0 where these are fewer than make a text."""
    return np.where(letters >= fewest, letters / np.maximum(letters + digits, 1), 0)


def _overlaps(box: npt.NDArray[np.float64], others: npt.NDArray[np.float64]) -> bool:
    """Tell whether a box (4,) shares much of the smaller one's place with any of some boxes (N, 4)."""
    across = np.minimum(box[0] + box[2], others[:, 0] + others[:, 2]) - np.maximum(box[0], others[:, 0])
    down = np.minimum(box[1] + box[3], others[:, 1] + others[:, 3]) - np.maximum(box[1], others[:, 1])
    smaller = np.minimum(box[2] * box[3], others[:, 2] * others[:, 3])
    return bool((np.maximum(across, 0) * np.maximum(down, 0) > 0.4 * smaller).any())
