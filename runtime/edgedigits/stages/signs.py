"""Signs: brackets, colons and the slashes of a date, each of which by itself looks like a 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import numpy as np
import numpy.typing as npt

from edgedigits.finding.lines import lines_across
from edgedigits.stages.choice import may_be_digits
from edgedigits.stages.hypotheses import Hypothesis

_SIGN_COST = 10.0
"""What being a sign takes from the evidence."""
_SURE = 2.0
"""Evidence of the digits that tell how high its line is, and how it slants."""
_HIGH = 1.08
"""Height of a bracket in those of the digits in its line."""
_BENDS, _BENDS_ALONE = 0.12, 0.25
"""How far the two halves of a bracket lean, one to each side, in columns a row: where one opens and one closes, and
where there is no other."""
_THIN = 1.3
"""How wide it is across, in widths of its stroke; a 1 with a flag or a foot is wider."""
_ROUND, _FILLED = 1.8, 0.8
"""The longer side of a dot over its shorter one, and the share of a colon's height that its dots fill."""
_SLASH_HIGH = 0.95
"""Height of a slash in those of the digits in its line."""
_LEANS, _ALIKE = 0.12, 0.08
"""How much more than the digits a slash leans, and how far from their mean both of a date may: columns a row."""
_DAYS = _MONTHS = (1, 2)
_DATES = (*product(_DAYS, _MONTHS, (2, 4)), *product((4,), _MONTHS, _DAYS))
"""How many digits stand before, between and after the slashes of a date: the year comes last, or, if in full, first."""


def sign_costs(
    hypotheses: Sequence[Hypothesis], scores: npt.NDArray[np.float64], values: npt.NDArray[np.intp]
) -> npt.NDArray[np.float64]:
    """Return how much evidence each hypothesis (N,) loses since it is a sign among digits, 0 or more.

    Args:
        hypotheses: what was chosen.
        scores: the evidence of each, (N,).
        values: the likeliest digit of each, (N,).
    """
    costs = np.zeros(len(hypotheses))
    likely = np.flatnonzero(may_be_digits(scores))
    if not np.any(values[likely] == 1):
        return costs
    for line in lines_across([hypotheses[i].box for i in likely.tolist()]):
        members = likely[line]
        ones, others = members[values[members] == 1], members[(values[members] != 1) & (scores[members] >= _SURE)]
        if len(ones) and len(others):
            high = float(np.median([hypotheses[i].box[3] for i in others.tolist()]))
            signs = [i for i in ones.tolist() if _is_colon(hypotheses[i])]
            signs += _brackets(hypotheses, ones.tolist(), high)
            signs += _slashes(hypotheses, members.tolist(), ones.tolist(), others.tolist(), high)
            costs[signs] = _SIGN_COST
    return costs


def _is_colon(hypothesis: Hypothesis) -> bool:
    """Tell whether something is two dots, one above the other."""
    sides = hypothesis.strokes.boxes[list(hypothesis.pieces), 2:]
    high = hypothesis.box[3] / hypothesis.strokes.level.shrink
    is_dot = sides.max(axis=1) <= _ROUND * sides.min(axis=1)
    return len(sides) == 2 and bool(is_dot.all()) and float(sides[:, 1].sum()) < _FILLED * high


def _brackets(hypotheses: Sequence[Hypothesis], ones: Sequence[int], usual_height: float) -> list[int]:
    """Return the brackets among the ones of a line; what is bent a little and has no counterpart is rather a 1."""
    bends = {i: _bend(hypotheses[i]) for i in ones if hypotheses[i].box[3] >= _HIGH * usual_height}
    starts, ends = ([hypotheses[i].box[0] for i in bends if sign * bends[i] >= _BENDS] for sign in (1, -1))
    in_pairs = min(starts, default=math.inf) < max(ends, default=-math.inf)
    return [i for i in bends if abs(bends[i]) >= (_BENDS if in_pairs else _BENDS_ALONE)]


def _bend(hypothesis: Hypothesis) -> float:
    """Return how far both halves of a thin line lean, in columns a row, the upper one to the right if positive.

    It is 0 where they lean to the same side, or the line is wider than its stroke, as a 1 with a flag.
    """
    mask = hypothesis.mask()
    middle = len(mask) // 2
    upper, lower = _lean(mask[:middle]), _lean(mask[middle:])
    if upper * lower >= 0:
        return 0.0
    rows, columns = np.nonzero(mask)
    across = float(np.std(columns - np.polyval(np.polyfit(rows, columns, 2), rows)))
    # of what is evenly wide, the standard deviation is the width over the square root of 12
    if math.sqrt(12) * across > _THIN * hypothesis.stroke_width / hypothesis.strokes.level.shrink:
        return 0.0
    return math.copysign(min(abs(upper), abs(lower)), upper)


def _slashes(
    hypotheses: Sequence[Hypothesis],
    line: Sequence[int],
    ones: Sequence[int],
    others: Sequence[int],
    usual_height: float,
) -> list[int]:
    """Return the two slashes of a date; none where a line is no date.

    They are mere bars, lean alike as no other bar does, and more than the digits, and part the line into a day, a month
    and a year.
    """
    bars = [i for i in ones if hypotheses[i].is_bar]
    high = [i for i in bars if hypotheses[i].box[3] >= _SLASH_HIGH * usual_height]
    pairs = [
        (line[before], line[before + between + 1])
        for before, between, after in _DATES
        if before + between + after + 2 == len(line)
    ]
    pairs = [pair for pair in pairs if set(pair) <= set(high)]
    if not pairs:
        return []
    leans = {i: _lean(hypotheses[i].mask()) for i in (*bars, *others)}
    upright = float(np.median([leans[i] for i in others]))
    for first, second in pairs:
        middle = (leans[first] + leans[second]) / 2
        alike = [i for i in bars if abs(leans[i] - middle) <= _ALIKE]
        if middle >= upright + _LEANS and alike == [first, second]:
            return alike
    return []


def _lean(mask: npt.NDArray[np.bool_]) -> float:
    """Return by how many columns a row, upwards, a mask (H, W) leans to the right."""
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return 0.0
    from_middle = rows - rows.mean()
    return -float(from_middle @ columns / max(float(from_middle @ from_middle), 1.0))
