"""Recognition: hypotheses are made, scored by the model and chosen from, the simple ones first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from edgedigits.arrays import UInt8Array
from edgedigits.boxes import FloatBox
from edgedigits.finding.light import ink_levels
from edgedigits.finding.turning import likely_turn, turn_back
from edgedigits.stages.choice import choose, lie_in, misfit, sort_views
from edgedigits.stages.context import page_evidence
from edgedigits.stages.grain import are_grainy
from edgedigits.stages.hypotheses import (
    Hypothesis,
    is_texture,
    joined_hypotheses,
    single_hypotheses,
    with_most_ink,
)
from edgedigits.stages.scoring import Classify, Scored, boxes_of, glyphs_of, judge_glyphs, rarity, score_hypotheses
from edgedigits.stages.signs import sign_costs
from edgedigits.stages.strokes import SHARE, SHARE_OF_GRAINS, Strokes, find_strokes
from edgedigits.stages.tilt import tilt_of
from edgedigits.stages.touching import touching_digits
from edgedigits.stages.words import characters, find_letters, text_costs

_CONVINCING = 4.0
"""Evidence that at least one digit of a page must have: where even the best is doubtful, there is none.

This much is asked for where the digits are next to nothing of what is seen, nothing where they are all of it."""
_PLAIN = 3.5
"""How much more evidence is asked for where all digits are 0 or 1, which whatever is round or long looks like."""
_PLAIN_COUNTS = 0.1
"""What such a digit counts where it is asked whether the writing is dark or light."""
_WITH_UPSTROKE = 0.3
"""Width over height from which a 1 is of more than one stroke, unless it leans."""
_ACCEPTED = 2.0
"""Evidence that each other digit must have, likewise."""
_DOUBTFUL = 0.0
"""Evidence of its own from which what is no digit by its surroundings may be one all the same."""
_READ = 0.8
"""Share of the ink that surely read digits are, from which a page is the right way up beyond doubt."""
_MOST_STROKES, _STRONGEST = 300, 64
"""Strokes of a page, of which a texture has more, and how many of them tell as much as all which way is up."""
_DARK_BOARD = 128
"""Median grey level up to which an image may be a blackboard."""
_LEAST_DOUBT = 0.15
_EXPLAINS = 1.0
"""Evidence from which a digit counts as explaining its ink."""
_JOINED = 0.5
"""Evidence from which strokes are one digit together, so that they need not be cut."""
_NEARLY_AS_SURE = 2.5
"""Evidence by which views of a digit may differ and be one as good as the other."""
_REJECTED = 0.0
"""Evidence below which connected strokes are something else."""
_MOST_SINGLES, _MOST_JOINED = 3000, 250
"""Strokes, each at all sizes of the image, and groups of them, that are tried as one digit: those with the most ink."""
_SETTLED = 4.0
"""Evidence at which strokes are a digit by themselves and nothing else is tried."""


@dataclass(frozen=True)
class Page:
    """The digits of an image.

    Attributes:
        digits: in no order.
        doubtful: what looks like a digit by itself and not by what stands round it, likewise.
        levels: the strokes of the image at each of its sizes.
        singles: every stroke by itself, in its best view, the one with the most ink first.
        letters: how many characters are written there besides.
        crowded: whether there is more than can be looked at: some of it was not tried to be joined or cut.
        tilt: by how much the sheet's lines are turned, in radians, clockwise.
        turn: quarter turns counterclockwise after which the image was read; places are those of the turned image.
    """

    digits: tuple[Scored, ...]
    doubtful: tuple[Scored, ...]
    levels: tuple[Strokes, ...]
    singles: tuple[Scored, ...]
    letters: float
    crowded: bool = False
    tilt: float = 0.0
    turn: int = 0

    @property
    def evidence(self) -> float:
        """Return how much of the image the digits explain, and how well."""
        return sum(digit.score * digit.hypothesis.mass for digit in self.digits)

    def place(self, digit: Scored) -> FloatBox:
        """Return where a digit lies in the image before it was turned."""
        finest = self.levels[0].level
        height, width = (side * finest.shrink for side in finest.ink.shape)
        return turn_back(digit.hypothesis.box, self.turn, (height, width) if self.turn % 2 else (width, height))


def recognise(grey: UInt8Array, shrink: float, classify: Classify) -> Page:
    """Return the digits of an image.

    Light writing is looked for as well where most of the image is dark; what explains the image better is taken. Where
    little can be read as it is, and most with the image turned, it is turned.

    Args:
        grey: uint8, (H, W).
        shrink: how many pixels of the original image one pixel of `grey` is wide.
        classify: the model.
    """
    page = _recognise_upright(grey, shrink, classify)
    ink = np.array([single.hypothesis.mass for single in page.singles])
    if (
        len(ink) > _MOST_STROKES
        or sum(d.hypothesis.mass * d.probabilities.max() ** 2 for d in page.digits) > _READ * ink.sum()
    ):
        return page
    strongest = [single.hypothesis for single in page.singles[:_STRONGEST]]
    turn = likely_turn(glyphs_of(strongest), ink[:_STRONGEST], partial(judge_glyphs, classify, len(page.singles)))
    if not turn:
        return page
    turned = _recognise_upright(np.ascontiguousarray(np.rot90(grey, turn)), shrink, classify)
    # letters on their side look like digits, an m like a 3 and an N like a 2
    is_text = turned.letters > len(turned.digits)
    return replace(turned, turn=turn) if turned.evidence > page.evidence and not is_text else page


def _recognise_upright(grey: UInt8Array, shrink: float, classify: Classify) -> Page:
    dark = _recognise_dark(grey, shrink, classify)
    sample = grey[::4, ::4]
    if 2 * np.count_nonzero(sample > _DARK_BOARD) > sample.size:
        return dark
    return max(dark, _recognise_dark(255 - grey, shrink, classify), key=_writing)


def _writing(page: Page) -> float:
    """Return how much speaks for what was read being writing: the evidence of its digits, of 0 and 1 a tenth.

    The rim of a page, seen as light writing, looks like a large 1.
    """
    return sum(
        digit.score * digit.hypothesis.mass * (1 if digit.probabilities.argmax() > 1 else _PLAIN_COUNTS)
        for digit in page.digits
    )


def _recognise_dark(grey: UInt8Array, shrink: float, classify: Classify) -> Page:
    levels = tuple(ink_levels(grey, shrink))
    tilt = tilt_of(levels)

    def read(share: float) -> Page:
        strokes = tuple(find_strokes(level, share, tilt) for level in levels)
        return replace(_recognise_strokes(strokes, classify), tilt=tilt)

    page = read(SHARE)
    surest = sorted(page.digits, key=lambda digit: -digit.score)
    if not are_grainy([digit.hypothesis for digit in surest]):
        return page
    return max(page, read(SHARE_OF_GRAINS), key=lambda page: page.evidence)


def _recognise_strokes(levels: tuple[Strokes, ...], classify: Classify) -> Page:
    everything = [h for strokes in levels for h in single_hypotheses(strokes)]
    best_views, other_views = sort_views(with_most_ink(everything, _MOST_SINGLES))
    among = round(len(best_views) * max(1.0, len(everything) / _MOST_SINGLES))
    judge = partial(judge_glyphs, classify, among)
    looks = [[look] for look in score_hypotheses(best_views, judge)]
    # what one look settles needs no second one
    unsettled = [i for i, (look,) in enumerate(looks) if look.score < _SETTLED]
    more = iter(score_hypotheses([view for i in unsettled for view in other_views[i]], judge))
    for i in unsettled:
        looks[i] += [next(more) for _ in other_views[i]]
    singles = [look for place in looks for look in place]
    rejected = [place[0].hypothesis for place in looks if max(look.score for look in place) < _REJECTED]

    # whatever is long and thin looks like a 1, a piece of another digit as well
    settled = boxes_of([look for look in singles if look.probabilities.argmax() != 1], _SETTLED)
    joined = [
        h
        for strokes in levels
        for h in joined_hypotheses(strokes, ~lie_in(strokes.boxes * strokes.level.shrink, settled))
    ]
    scored = [*singles, *score_hypotheses(with_most_ink(joined, _MOST_JOINED), judge)]
    crowded = len(everything) > _MOST_SINGLES or len(joined) > _MOST_JOINED or any(map(is_texture, levels))
    # what became part of a digit need not be cut
    read = boxes_of(scored[len(singles) :], _JOINED)
    open_singles = [
        single for single, is_read in zip(singles, lie_in(boxes_of(singles), read), strict=True) if not is_read
    ]
    sure = [single.hypothesis for single in singles if single.score >= _ACCEPTED]
    touching, left_out = touching_digits(open_singles, sure, judge, rarity(among))
    scored += touching
    strongest = sorted((place[0] for place in looks), key=lambda look: -look.hypothesis.mass)
    digits, doubtful, letters = _best(scored, rejected)
    return Page(digits, doubtful, levels, tuple(strongest), letters, crowded or left_out)


def _best(
    scored: Sequence[Scored], rejected: Sequence[Hypothesis]
) -> tuple[tuple[Scored, ...], tuple[Scored, ...], float]:
    """Return the digits, what is doubtful, and how many other characters stand beside them."""
    hypotheses, raw = [s.hypothesis for s in scored], np.array([s.score for s in scored])
    likeliest = np.array([s.probabilities.argmax() for s in scored], np.intp)
    chosen = [
        Scored(_clearest(scored, i, views), _seen_alike(scored, views), scored[i].score)
        for i, views in choose(hypotheses, raw, likeliest).items()
    ]
    if not chosen:
        return (), (), 0.0
    hypotheses = [s.hypothesis for s in chosen]
    values = np.array([int(s.probabilities.argmax()) for s in chosen])
    own = np.array([s.score for s in chosen])
    scores = page_evidence(hypotheses, own, values, rejected) - sign_costs(hypotheses, own, values)
    letters = find_letters(hypotheses, scores, rejected)
    scores -= text_costs(hypotheses, scores, letters)
    explained = _explained(hypotheses, scores)
    doubt = max(_LEAST_DOUBT, 1 - explained)
    telling = (values > 1) | ((values == 1) & np.array([_has_upstroke(h) for h in hypotheses]))
    plain = not np.any(telling & (scores >= _ACCEPTED))
    is_page = scores.max() >= (_CONVINCING + _PLAIN * plain) * doubt
    is_digit = is_page & (scores >= _ACCEPTED * doubt)
    digits, doubtful = (
        tuple(
            Scored(chosen[i].hypothesis, chosen[i].probabilities, score)
            for i, score in zip(np.flatnonzero(which).tolist(), scores[which].tolist(), strict=True)
        )
        for which in (is_digit, ~is_digit & (own >= _DOUBTFUL))
    )
    return digits, doubtful, float(characters(letters).sum()) if is_page else 0.0


def _has_upstroke(one: Hypothesis) -> bool:
    """Tell whether a 1 is more than the long and thin thing that whatever is long and thin looks like."""
    return not one.is_bar and one.box[2] >= _WITH_UPSTROKE * one.box[3]


def _clearest(scored: Sequence[Scored], i: int, views: Sequence[int]) -> Hypothesis:
    """Return what shows a digit best of those views that are nearly as sure of it as the one that was chosen."""
    value, least = scored[i].probabilities.argmax(), scored[i].score - _NEARLY_AS_SURE
    alike = [j for j in views if scored[j].score >= least and scored[j].probabilities.argmax() == value]
    if len(alike) == 1:
        return scored[alike[0]].hypothesis
    misfits = misfit([scored[j].hypothesis for j in alike])
    return scored[alike[int(misfits.argmin())]].hypothesis


def _seen_alike(scored: Sequence[Scored], views: Sequence[int]) -> npt.NDArray[np.float32]:
    """Return the mean of what the model says of one digit as seen at several sizes of the image."""
    if len(views) == 1:
        return scored[views[0]].probabilities
    weights = np.array([1 / (1 + math.exp(-scored[i].score)) for i in views])
    seen = np.array([scored[i].probabilities for i in views])
    return np.asarray(weights @ seen / weights.sum(), np.float32)


def _explained(hypotheses: Sequence[Hypothesis], scores: npt.NDArray[np.float64]) -> float:
    """Return which share of the ink, seen at the size of the surest digit, the digits are."""
    everything = hypotheses[int(scores.argmax())].strokes.mass
    digits = sum(h.mass for h, score in zip(hypotheses, scores, strict=True) if score > _EXPLAINS)
    return min(1.0, digits / everything)
