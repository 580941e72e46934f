"""Touching: the digits of strokes that are several digits, or digits on a line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from edgedigits.stages.choice import lie_in, shared_ink
from edgedigits.stages.context import surroundings_cost
from edgedigits.stages.cuts import Cuts, cut_hypotheses
from edgedigits.stages.hypotheses import Hypothesis, with_most_ink
from edgedigits.stages.scoring import Judge, Scored, score_hypotheses
from edgedigits.stages.underlines import above_underline, may_be_underlined

_VOUCHED_FOR = -3.0
"""Evidence above which one of several touching digits may be, where all together have as much as the next says."""
_VOUCHES = 2.0
_AS_HIGH, _UNEVEN_COST = 0.2, 4.0
"""Log of the factor in height by which touching digits differ at no cost, and what each e-fold beyond it takes from
their evidence together: the letters of a word, and what they fall into, are less even."""
_SURE = 2.0
"""Evidence from which strokes are a digit by themselves, and need not be cut."""
_LOW = 0.4
"""Height of strokes that may be touching digits, in heights of the page's others: lower ones are bars and dashes."""
_INSIDE, _OWN_INK = 0.8, 0.5
"""Share of a digit that lies in the box of a stroke, and share of its ink that is the stroke's, from which it is held,
and is one of those that touch."""
_ROOM = 0.3
"""Width of what was not read of a stroke, in its heights, from which there is a further digit in it."""
_MOST_HELD = 16
"""Digits in the box of a stroke, each perhaps seen at two sizes, beyond which it is a frame: it is cut into fewer."""
_MOST_CUT = 40
"""Strokes that are tried to be cut, those with the most ink first; of a page of numbers, few are left to be cut."""
_MOST_LOOKED_AT = 100
"""Strokes of which it is asked what lies round them, or whether a line lies under them, likewise."""
_LOWEST, _THICKEST = 12.0, 0.5
"""Pixels of the level, and width of the pen over the height, of strokes in which several digits can be told."""
_ROUND_ABOUT, _AS_LONG, _FULLEST = 1.2, 1.5, 0.65
"""Length of the line over the way from corner to corner, and over the height, and share of the box that is ink, of
strokes that are several digits: what is straighter, shorter or fuller is none."""
_UNQUIET = 5.0
"""What the surroundings may take from strokes that are cut: around touching digits there is paper, too."""


_Row = tuple[float, list[Scored]]
"""Parts that explain a stroke up to a cut, and their evidence, each one's weighted with its ink."""


def touching_digits(
    singles: Sequence[Scored], read: Sequence[Hypothesis], judge: Judge, rarity: float
) -> tuple[list[Scored], bool]:
    """Return the digits that strokes which are none by themselves consist of, and whether some were not looked at.

    Args:
        singles: connected strokes.
        read: those that are digits by themselves.
        judge: the model.
        rarity: evidence that each was denied since strokes are digits so rarely.
    """
    unread = [single.hypothesis for single in singles if single.score < 0 and _is_written(single.hypothesis)]
    long = [whole for whole in unread if may_be_underlined(whole)]
    lined = with_most_ink(long, _MOST_LOOKED_AT)
    freed = score_hypotheses([part for whole in lined for part in above_underline(whole)], judge)
    cuts, left_out = _cuts([*singles, *freed], read)
    return [*freed, *_best_rows(cuts, judge, rarity)], left_out or len(lined) < len(long)


def _cuts(singles: Sequence[Scored], read: Sequence[Hypothesis]) -> tuple[list[Cuts], bool]:
    """Cut the wide strokes that are no digit and hold none; tell whether there are more than are cut."""
    boxes = np.array([digit.box for digit in read], np.float64).reshape(-1, 4)
    lowest = _LOW * float(np.median(boxes[:, 3])) if len(read) else 0.0
    wide: list[Hypothesis] = []
    for single in singles:
        whole = single.hypothesis
        _, _, width, height = whole.box
        # what may be a digit as it is, and is narrower than high, is hardly two
        enough = _SURE if width >= height else 0.0
        if single.score < enough and width >= 0.75 * height and height >= lowest and _may_be_several(whole):
            wide.append(whole)
    looked_at = with_most_ink(wide, _MOST_LOOKED_AT)
    quiet = (whole for whole in looked_at if surroundings_cost(whole) <= _UNQUIET)
    cut = [whole for whole in quiet if not _is_frame_or_read(whole, read, boxes)]
    chosen = with_most_ink(cut, _MOST_CUT)
    return [cut_hypotheses(whole) for whole in chosen], len(chosen) < len(cut) or len(looked_at) < len(wide)


def _is_written(whole: Hypothesis) -> bool:
    """Tell whether a stroke is high enough, beside its pen and in pixels, to be several digits."""
    height = whole.box[3]
    return height >= _LOWEST * whole.strokes.level.shrink and whole.stroke_width <= _THICKEST * height


def _may_be_several(whole: Hypothesis) -> bool:
    """Tell whether a stroke has as much line as several digits have, and as much paper between."""
    _, _, width, height = whole.box
    return (
        _is_written(whole)
        and whole.over_a_line >= _ROUND_ABOUT
        and whole.ink >= _AS_LONG * height * whole.stroke_width
        and whole.ink <= _FULLEST * width * height
    )


def _is_frame_or_read(whole: Hypothesis, read: Sequence[Hypothesis], boxes: npt.NDArray[np.float64]) -> bool:
    """Tell whether a digit stands in a stroke as in a frame, or digits that were read are all that it consists of.

    Args:
        whole: the stroke.
        read: digits.
        boxes: theirs, (N, 4).
    """
    x, _, width, height = whole.box
    inside = lie_in(boxes, np.array([whole.box]), _INSIDE)
    # a touching digit is about as high as the stroke; what is lower are flaws of its ink
    held = np.flatnonzero(inside & (boxes[:, 3] >= _LOW * height))
    if len(held) > _MOST_HELD:
        return True
    unread, end = width, x
    for left, _, across_it, _ in sorted(boxes[held].tolist()):
        unread -= max(0.0, left + across_it - max(left, end))
        end = max(end, left + across_it)
    return unread < _ROOM * height or any(shared_ink(whole, read[i]) < _OWN_INK for i in held.tolist())


def _best_rows(tables: Sequence[Cuts], judge: Judge, rarity: float) -> list[Scored]:
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
        judged = iter(score_hypotheses([part for _, _, parts in open_rows for part in parts if part], judge))
        for rows, before, parts in open_rows:
            _go_on(rows, before, start, [next(judged) if part else None for part in parts])
    return [digit for rows in best if rows[-1] for digit in _vouched_for(rows[-1][1], rarity)]


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


def _vouched_for(row: Sequence[Scored], rarity: float) -> list[Scored]:
    """Return the parts of a stroke as digits; empty where they are none together.

    A rest of its neighbour's rim makes a digit doubtful: those that are beyond doubt vouch for it. And what is beside
    a digit in the same stroke is one as often as not: but for the first, they are not as rare as other strokes, unless
    there are ones among them, which letters are cut into. All are about as high.
    """
    # zigzags, a W and an N fall into bars
    ones = sum(part.probabilities.argmax() == 1 for part in row)
    if len(row) < 2 or 2 * ones > len(row):
        return []
    not_rare = 0 if ones else len(row) - 1
    heights = [part.hypothesis.box[3] for part in row]
    uneven = max(0.0, math.log(max(heights) / min(heights)) - _AS_HIGH)
    mean = (sum(part.score for part in row) + rarity * not_rare) / len(row) - _UNEVEN_COST * uneven
    return [replace(part, score=max(part.score, mean)) for part in row] if mean > _VOUCHES else []
