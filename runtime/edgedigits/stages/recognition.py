"""Recognition: hypotheses are made, scored by the model and chosen from, the simple ones first."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from edgedigits.glyphs import SIDE
from edgedigits.reading import Classification
from edgedigits.stages.choice import choose, evidence, lie_in, misfit, sort_views
from edgedigits.stages.context import characters, find_letters, page_evidence, surroundings_cost, text_costs
from edgedigits.stages.cuts import cut_hypotheses
from edgedigits.stages.hypotheses import Hypothesis, joined_hypotheses, single_hypotheses
from edgedigits.stages.light import UInt8Array, ink_levels
from edgedigits.stages.signs import sign_costs
from edgedigits.stages.strokes import Strokes, find_strokes
from edgedigits.stages.turning import Box, likely_turn, turn_back
from edgedigits.stages.underlines import above_underline

Classify = Callable[[UInt8Array], Classification]
"""Glyphs (N, 28, 28, 1) to probabilities and digit scores."""
Judge = Callable[[UInt8Array], tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]]
"""Tells of glyphs how likely each digit is, (N, 10), and how much evidence there is of any, (N,)."""

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
_READ = 0.8
"""Share of the ink that surely read digits are, from which a page is the right way up beyond doubt."""
_MOST_STROKES, _STRONGEST = 300, 64
"""Strokes of a page, of which a texture has more, and how many of them tell as much as all which way is up."""
_DARK_BOARD = 128
"""Median grey level up to which an image may be a blackboard."""
_LEAST_DOUBT = 0.15
_EXPLAINS = 1.0
"""Evidence from which a digit counts as explaining its ink."""
_AMBIGUITY_COUNTS = 0.25
"""Power of the probability that a digit has one of its two likeliest values, in how sure it is that it is one."""
_JOINT_COST = 0.7
"""What each further piece of a digit takes from its evidence: most digits are written in one go."""
_JOINED = 0.5
"""Evidence from which strokes are one digit together, so that they need not be cut."""
_MOST_JOINTS = 2
"""A pencil breaks off more than once."""
_CUT_COST = 1.0
"""What having been cut takes from the evidence of a digit: many things can be cut into what looks like digits."""
_VOUCHED_FOR = -3.0
"""Evidence above which one of several touching digits may be, where all together have as much as the next says."""
_VOUCHES = 2.8
_NEARLY_AS_SURE = 2.0
"""Evidence by which views of a digit may differ and be one as good as the other."""
_REJECTED = 0.0
"""Evidence below which connected strokes are something else."""
_SETTLED = 4.0
"""Evidence at which strokes are a digit by themselves and nothing else is tried."""
_LOW = 0.4
"""Height of strokes that may be touching digits, in heights of the page's others: lower ones are bars and dashes."""
_MOST_CUT = 400
"""Strokes that are tried to be cut; a page has fewer that touch, a texture more than are worth the time."""


@dataclass(frozen=True)
class Scored:
    """A hypothesis and what the model says of it.

    Attributes:
        hypothesis: the strokes.
        probabilities: float32 (10,).
        score: evidence that it is a digit, log odds.
    """

    hypothesis: Hypothesis
    probabilities: npt.NDArray[np.float32]
    score: float


_Parts = list[list[Hypothesis | None]]
"""What lies between each two cuts of a stroke, as `cut_hypotheses` returns it."""
_Row = tuple[float, list[Scored]]
"""Parts that explain a stroke up to a cut, and their evidence, each one's weighted with its ink."""


@dataclass(frozen=True)
class Page:
    """The digits of an image.

    Attributes:
        digits: in no order.
        levels: the strokes of the image at each of its sizes.
        singles: every stroke by itself, in its best view, the one with the most ink first.
        letters: how many characters are written there besides.
        turn: quarter turns counterclockwise after which the image was read; places are those of the turned image.
    """

    digits: tuple[Scored, ...]
    levels: tuple[Strokes, ...]
    singles: tuple[Scored, ...]
    letters: float
    turn: int = 0

    @property
    def evidence(self) -> float:
        """Return how much of the image the digits explain, and how well."""
        return sum(digit.score * digit.hypothesis.mass for digit in self.digits)

    def place(self, digit: Scored) -> Box:
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
    turn = likely_turn(_glyphs(strongest), ink[:_STRONGEST], partial(_judge, classify, len(page.singles)))
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
    levels = tuple(find_strokes(level) for level in ink_levels(grey, shrink))
    best_views, other_views = sort_views([h for strokes in levels for h in single_hypotheses(strokes)])
    judge = partial(_judge, classify, len(best_views))
    looks = [[look] for look in _score(best_views, judge)]
    # what one look settles needs no second one
    unsettled = [i for i, (look,) in enumerate(looks) if look.score < _SETTLED]
    more = iter(_score([view for i in unsettled for view in other_views[i]], judge))
    for i in unsettled:
        looks[i] += [next(more) for _ in other_views[i]]
    singles = [look for place in looks for look in place]
    rejected = [place[0].hypothesis for place in looks if max(look.score for look in place) < _REJECTED]

    # whatever is long and thin looks like a 1, a piece of another digit as well
    settled = _boxes([look for look in singles if look.probabilities.argmax() != 1], _SETTLED)
    joined = [
        h
        for strokes in levels
        for h in joined_hypotheses(strokes, ~lie_in(strokes.boxes * strokes.level.shrink, settled))
    ]
    scored = [*singles, *_score(joined, judge)]
    # what became part of a digit need not be cut
    read = _boxes(scored[len(singles) :], _JOINED)
    open_singles = [
        single for single, is_read in zip(singles, lie_in(_boxes(singles), read), strict=True) if not is_read
    ]
    unread = [single.hypothesis for single in open_singles if single.score < 0][:_MOST_CUT]
    freed = _score([part for whole in unread for part in above_underline(whole)], judge)
    scored += freed
    scored += _touching(_cuts([*open_singles, *freed], _boxes(singles, _ACCEPTED)), judge)
    strongest = sorted((place[0] for place in looks), key=lambda look: -look.hypothesis.mass)
    digits, letters = _best(scored, rejected)
    return Page(digits, levels, tuple(strongest), letters)


def _score(hypotheses: Sequence[Hypothesis], judge: Judge) -> list[Scored]:
    if not hypotheses:
        return []
    probabilities, scores = judge(_glyphs(hypotheses))
    joints = np.array([len(h.pieces) - 1 for h in hypotheses])
    # many pieces in a row look like a 1 whatever they are, as a spiral binding's
    joints = np.where(probabilities.argmax(axis=1) == 1, joints, np.minimum(joints, _MOST_JOINTS))
    scores -= _JOINT_COST * joints
    scores -= _CUT_COST * np.array([h.is_part for h in hypotheses])
    for i in np.flatnonzero(scores > 0):
        scores[i] -= surroundings_cost(hypotheses[int(i)])
    return [Scored(h, p, float(s)) for h, p, s in zip(hypotheses, probabilities, scores, strict=True)]


def _glyphs(hypotheses: Sequence[Hypothesis]) -> UInt8Array:
    """Return hypotheses as the model sees them: uint8, (N, 28, 28, 1)."""
    return np.array([h.glyph() for h in hypotheses], np.uint8).reshape(-1, SIDE, SIDE, 1)


def _judge(
    classify: Classify, among: int, glyphs: UInt8Array
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """Return what the model says of glyphs: probabilities (N, 10) and evidence of being a digit (N,)."""
    probabilities, digit_scores = classify(glyphs)
    # what may be a 1 or a 7 is a digit, what may be any is none
    likeliest = np.sort(probabilities, axis=1)[:, -2:].sum(axis=1)
    return probabilities, evidence(digit_scores.astype(np.float64) * likeliest**_AMBIGUITY_COUNTS, among)


def _best(scored: Sequence[Scored], rejected: Sequence[Hypothesis]) -> tuple[tuple[Scored, ...], float]:
    """Return the digits, and how many other characters stand beside them."""
    hypotheses, raw = [s.hypothesis for s in scored], np.array([s.score for s in scored])
    likeliest = np.array([s.probabilities.argmax() for s in scored], np.intp)
    chosen = [
        Scored(_clearest(scored, i, views), _seen_alike(scored, views), scored[i].score)
        for i, views in choose(hypotheses, raw, likeliest).items()
    ]
    if not chosen:
        return (), 0.0
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
    if scores.max() < (_CONVINCING + _PLAIN * plain) * doubt:
        return (), 0.0
    least = _ACCEPTED * doubt
    digits = (
        Scored(one.hypothesis, one.probabilities, score)
        for one, score in zip(chosen, scores.tolist(), strict=True)
        if score >= least
    )
    return tuple(digits), float(characters(letters).sum())


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


def _boxes(scored: Sequence[Scored], least: float = -math.inf) -> npt.NDArray[np.float64]:
    """Return the boxes (N, 4) of what has at least so much evidence."""
    return np.array([s.hypothesis.box for s in scored if s.score >= least], np.float64).reshape(-1, 4)


def _cuts(singles: Sequence[Scored], read: npt.NDArray[np.float64]) -> list[_Parts]:
    """Cut the wide strokes that are no digit and hold none."""
    tables: list[_Parts] = []
    lowest = _LOW * float(np.median(read[:, 3])) if len(read) else 0.0
    for whole in singles:
        x, y, width, height = whole.hypothesis.box
        if len(tables) == _MOST_CUT:
            break
        if whole.score >= 0 or width < 0.75 * height or height < lowest:
            continue
        # a touching digit is about as high as the stroke; what is lower are flaws of its ink
        digits = read[read[:, 3] >= _LOW * height]
        middles = digits[:, :2] + digits[:, 2:] / 2 - (x, y)
        if not ((middles > 0) & (middles < (width, height))).all(axis=1).any():
            tables.append(cut_hypotheses(whole.hypothesis))
    return tables


def _touching(tables: Sequence[_Parts], judge: Judge) -> list[Scored]:
    """Return the digits into which strokes can be cut, those of each with the largest evidence that explain all of it.

    They are looked for from left to right: what begins where no digit ends need not be judged.
    """
    best: list[list[_Row | None]] = [[(0.0, []), *([None] * len(table))] for table in tables]
    for start in range(max(map(len, tables), default=0)):
        open_rows = [
            (rows, before, table[start])
            for rows, table in zip(best, tables, strict=True)
            if start < len(table) and (before := rows[start])
        ]
        judged = iter(_score([part for _, _, parts in open_rows for part in parts if part], judge))
        for rows, before, parts in open_rows:
            _go_on(rows, before, start, [next(judged) if part else None for part in parts])
    return [digit for rows in best if rows[-1] for digit in _vouched_for(rows[-1][1])]


def _go_on(rows: list[_Row | None], before: _Row, start: int, parts: Sequence[Scored | None]) -> None:
    """Go on from the best row to a cut with each of the parts that begin there: to each cut, keep the best row."""
    evidence_before, row = before
    for end, part in enumerate(parts, start + 1):
        if part is None or part.score <= _VOUCHED_FOR:
            continue
        total = evidence_before + part.score * part.hypothesis.ink
        after = rows[end]
        if after is None or total > after[0]:
            rows[end] = (total, [*row, part])


def _vouched_for(row: Sequence[Scored]) -> list[Scored]:
    """Return the parts of a stroke as digits; empty where they are none together.

    A rest of its neighbour's rim makes a digit doubtful: those that are beyond doubt vouch for it.
    """
    # zigzags, a W and an N fall into bars
    ones = sum(part.probabilities.argmax() == 1 for part in row)
    if len(row) < 2 or 2 * ones > len(row):
        return []
    mean = sum(part.score for part in row) / len(row)
    return [replace(part, score=max(part.score, mean)) for part in row] if mean > _VOUCHES else []
