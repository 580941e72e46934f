"""Context: what the surroundings of a stroke, and the other digits on the page, say for or against it being a digit.

The model sees one glyph, cut out and stretched to full contrast. It cannot know that the glyph is a blade of grass
among a thousand, or ten times fainter than the digits beside it. A digit is written on paper: around it, it is quiet.
And digits on one page were mostly written with one pen and in one size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgedigits.finding.light import DARK
from edgedigits.stages.choice import lie_in
from edgedigits.stages.hypotheses import Hypothesis, own_pixels

_QUIET = 0.07
"""Share of a stroke's ink that the paper round it may hold at no cost: sensor noise and the weave of the paper."""
_UNQUIET_COST = 14.0
_ALONE = 0.04
"""Share of the ring round a stroke that other strokes may cover at no cost: its neighbours' edges."""
_CROWDED_COST = 16.0
_CLEAR = 15.0
"""Ink over the paper's noise at which a stroke stands out beyond doubt."""
_UNCLEAR_COST = 4.0
_STEP = 2.0
"""Factor by which the brightness of the paper round a stroke may differ at no cost, as at the edge of a shadow."""
_STEP_COST = 4.0
_BORDER_COST = 1.5
_SPAN_COST = 4.0
"""What goes from one side of the image to the other is a thing, of which one sees a part."""
_FULL_STROKE = 3.3
"""Measured width from which a stroke is surely wider than a pixel; thinner ones fade where the image is shrunk."""
_FADED_COST = 8.0
_BAR_COST = 1.5
"""Whatever is long and thin looks like a 1, unless it has the flag or the foot of one."""
_LEAN = 0.6
"""Width over height up to which a bar stands upright enough for a 1."""
_LEAN_COST = 3.0
_LONE_BAR_COST = 2.0
"""A bar in no line with other digits is likelier to be something else, unless it is all that is there."""
_WRITING = 0.25
"""Share of a bar's ink that is in strokes that are no digits, from which the bar is a line of them."""
_BAR_TELLS = 0.01
"""What a bar tells of what is usual on the page, as a share of what another digit does."""
_CUT_BAR_COST = 3.0
"""A bar that the border cuts may be of any length."""
_ENDS, _GOES_ON_COST = 0.15, 10.0
"""Share of the ink of a 1 that may lie in its line beyond both ends at no cost: a ruled line goes on more faintly."""
_BEYOND = 0.3
"""How far beyond its ends a 1 is looked for, in its lengths."""
_BESIDE = 3
"""Pixels of the level from its edge to the paper beside a 1."""

_AS_PALE, _REST_COST = 1.6, 10.0
"""Factor in ink up to which a stroke may be a rest of the frame of boxes, and what each e-fold below it costs."""

_LIGHTS = 16
"""How many rows, and columns, of the paper round a stroke are looked at."""
_RING = 0.3
"""Width of the ring that is looked at, in heights of the stroke."""
_SOFT = np.ones((5, 5), np.uint8)


def surroundings_cost(hypothesis: Hypothesis) -> float:
    """Return how much evidence the surroundings of a hypothesis take from it, 0 or more."""
    import cv2

    strokes = hypothesis.strokes
    level = strokes.level
    high, wide = level.ink.shape
    x, y, width, height = (round(v / level.shrink) for v in hypothesis.box)
    reach = max(3, round(_RING * max(width, height)))
    left, top = max(x - reach, 0), max(y - reach, 0)
    right, bottom = min(x + width + reach, wide), min(y + height + reach, high)
    own = int(np.count_nonzero(own_pixels(strokes, hypothesis.pieces, left, top, right, bottom)))
    written = strokes.labels[top:bottom, left:right] > 0
    crowd = (int(np.count_nonzero(written)) - own) / max(written.size - own, 1)

    # the soft edges of strokes are not paper, nor is the frame of the box that a digit is written into
    other = written if strokes.frame is None else written | strokes.frame[top:bottom, left:right].view(bool)
    paper = np.equal(cv2.dilate(other.view(np.uint8), _SOFT), 0).view(np.uint8)
    strength = cv2.norm(level.ink[top:bottom, left:right], cv2.NORM_L2, paper)
    unrest = strength / math.sqrt(max(cv2.countNonZero(paper), 1)) / hypothesis.contrast

    # the paper's light changes slowly: some hundred pixels tell as much as all
    step = max(2, min(right - left, bottom - top) // _LIGHTS)
    lights = np.sort(level.paper[top:bottom:step, left:right:step], axis=None)
    dark, bright = (int(lights[round(share * (lights.size - 1))]) for share in (0.1, 0.9))
    steps = math.log((bright + DARK) / (dark + DARK) / _STEP)
    starts, ends = (x <= 1, y <= 1), (x + width >= wide - 1, y + height >= high - 1)
    borders = sum(map(bool, (*starts, *ends)))
    spans = any(start and end for start, end in zip(starts, ends, strict=True))
    return (
        _UNQUIET_COST * max(0.0, unrest - _QUIET)
        + _CROWDED_COST * max(0.0, crowd - _ALONE)
        + _UNCLEAR_COST * max(0.0, math.log(_CLEAR * hypothesis.noise / hypothesis.contrast))
        + _STEP_COST * max(0.0, steps)
        + _BORDER_COST * borders
        + _SPAN_COST * spans
        + _REST_COST * max(0.0, math.log(max(_AS_PALE * strokes.frame_ink, 1e-9) / hypothesis.contrast))
        + _FADED_COST * max(0.0, _FULL_STROKE - hypothesis.stroke_width / level.shrink) * (not level.finest)
    )


_LINE_REACH, _LINE_HEIGHT = 8.0, 0.8
"""How far to the sides and up and down a digit's line is looked at, in heights of its characters."""
_FREE = np.log([1.6, 1.7, 1.7])
"""Factors in contrast, height and stroke width by which digits of one page may differ at no cost."""
_BAR_FREE = np.log([1.3, 1.7, 1.3])
"""The same for bars, which have nothing else that tells of a digit."""
_POST_FREE, _POST_COST = np.log(1.15), 15.0
"""Factor up to which a bar may be fainter, higher or thinner than the page's digits at no cost: the posts between the
boxes of a form are all of that."""
_OTHER_HEIGHT, _OTHER_HEIGHT_COST = np.log(2.2), 6.0
"""Factor in height from which a 1 is hardly one: spines of notepads and edges of things are as straight, and the dots
of signs as upright."""
_ODD_COST = np.array([2.0, 2.0, 1.5])
_MOST_ODD_COST = 4.0
_PALE, _PALE_COST = np.log(4.0), 6.0
"""Factor from which what is fainter than the page's digits is hardly of their side of the paper."""
_TELLING = 2.0
"""So many sure digits tell what is usual on the page; a single one tells a quarter, if enough against a 1."""
_COLUMN_REACH = 3.0
"""How far up and down the digits of a column stand, in heights of the higher one."""
_COMPANY = 0.7
_MOST_COMPANY, _MOST_OF_A_ONE = 2.0, 3.0
"""What company counts at most. A stick has little else that tells that it is a 1; signs among digits have it, too."""


def page_evidence(
    hypotheses: Sequence[Hypothesis],
    scores: npt.NDArray[np.float64],
    values: npt.NDArray[np.intp],
    rejected: Sequence[Hypothesis],
) -> npt.NDArray[np.float64]:
    """Return the evidence of the digits of one page, each seen among the others.

    What differs from the page's typical contrast, height and stroke width loses; what has company like itself gains.

    Args:
        hypotheses: what was chosen.
        scores: the evidence of each, (N,).
        values: the likeliest digit of each, (N,).
        rejected: connected strokes that are no digits.
    """
    bars = np.array([value == 1 and h.is_bar for h, value in zip(hypotheses, values, strict=True)], bool)
    scores = scores - np.array([_bar_cost(h) if bar else 0.0 for h, bar in zip(hypotheses, bars, strict=True)])
    # of what company cannot make a digit, where the line goes on need not be looked at
    for i in np.flatnonzero((values == 1) & (scores > -_MOST_OF_A_ONE)).tolist():
        scores[i] -= _line_cost(hypotheses[i])
    boxes = np.array([h.box for h in hypotheses])
    telling = near_in_line(boxes, boxes[~bars & (scores > 0)]).any(axis=1)
    lone = np.flatnonzero(bars & ~telling)
    scores[lone] -= _LONE_BAR_COST * (1 - _shares_of_ink([hypotheses[i] for i in lone.tolist()], rejected))
    traits = traits_of(hypotheses)
    typical = typical_of(traits, np.clip(scores, 0.01, None) * np.where(bars, _BAR_TELLS, 1))
    free = np.where(bars[:, np.newaxis], _BAR_FREE, _FREE)
    odd = np.maximum(np.abs(traits - typical) - free, 0) @ _ODD_COST
    fainter, higher, thinner = np.maximum((traits - typical) * (-1, 1, -1) - _POST_FREE, 0).T
    odd += _POST_COST * np.minimum(fainter, higher + thinner) * bars
    sure = np.clip(scores / 4, 0, 1)
    told = np.where(values == 1, 1, np.clip((sure.sum() - sure) / _TELLING, 0, 1) ** 2)
    odd = np.minimum(odd, _MOST_ODD_COST) * told
    odd += _OTHER_HEIGHT_COST * np.maximum(np.abs(traits[:, 1] - typical[1]) - _OTHER_HEIGHT, 0) * (values == 1)
    odd += _PALE_COST * np.maximum(typical[0] - traits[:, 0] - _PALE, 0) * told
    alike = np.exp(-odd)
    company = alike * (_together(boxes) @ (sure * alike))
    most = np.where(values == 1, _MOST_OF_A_ONE, _MOST_COMPANY)
    return np.asarray(scores - odd + np.minimum(_COMPANY * company, most), np.float64)


def gaps(boxes: npt.NDArray[np.float64], others: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Return how far to the side of boxes (N, 4) others (M, 4) stand, negative where they overlap: (N, M)."""
    (x, _, width, _), (other_x, _, other_width, _) = boxes.T.astype(np.float32), others.T.astype(np.float32)
    middle, half = (x + width / 2)[:, np.newaxis], (width / 2)[:, np.newaxis]
    return np.asarray(np.abs(other_x + other_width / 2 - middle) - half - other_width / 2, np.float32)


def in_line(
    boxes: npt.NDArray[np.float64], others: npt.NDArray[np.float64], usual_height: float
) -> npt.NDArray[np.bool_]:
    """Return which boxes (M, 4) stand as high on the page as which others (N, 4): (N, M)."""
    (_, y, _, height), (_, other_y, _, other_height) = boxes.T.astype(np.float32), others.T.astype(np.float32)
    middle, scale = (y + height / 2)[:, np.newaxis], np.maximum(height, usual_height)[:, np.newaxis]
    return np.asarray(np.abs(other_y + other_height / 2 - middle) < _LINE_HEIGHT * scale, bool)


def near_in_line(
    boxes: npt.NDArray[np.float64], others: npt.NDArray[np.float64], usual_height: float = 0.0
) -> npt.NDArray[np.bool_]:
    """Return which boxes (M, 4) stand in the line of which others (N, 4), and near them: (N, M)."""
    _, _, width, height = boxes.T[:, :, np.newaxis]
    aside = gaps(boxes, others) + width / 2
    near = aside < _LINE_REACH * np.maximum(height, usual_height)
    return np.asarray(near & in_line(boxes, others, usual_height), bool)


def _together(boxes: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return which digits with these boxes (N, 4) stand in one row, or in one column close to each other: (N, N)."""
    x, y, width, height = boxes.T.astype(np.float32)
    scale = np.maximum(height[:, np.newaxis], height)
    aside, apart = (np.abs(middle[:, np.newaxis] - middle) / scale for middle in (x + width / 2, y + height / 2))
    in_row, in_column = (
        (aside < reach) & (apart < rise) for reach, rise in ((_LINE_REACH, _LINE_HEIGHT), (_LINE_HEIGHT, _COLUMN_REACH))
    )
    together = np.asarray(in_row | in_column, bool)
    np.fill_diagonal(together, False)
    return together


def _bar_cost(hypothesis: Hypothesis) -> float:
    """Return how much less a mere bar is worth than a 1."""
    x, y, width, height = hypothesis.box
    lying = max(0.0, width / height - _LEAN)
    level = hypothesis.strokes.level
    high, wide = (side * level.shrink for side in level.ink.shape)
    inside = min(x, y, wide - x - width, high - y - height) > level.shrink
    return _BAR_COST + _LEAN_COST * min(lying, 1.0) + _CUT_BAR_COST * (not inside)


def _line_cost(one: Hypothesis) -> float:
    """Return how much less a 1 is worth since its line goes on."""
    return _GOES_ON_COST * max(0.0, min(_going_on(one), 1.0) - _ENDS)


def _going_on(one: Hypothesis) -> float:
    """Return how much ink lies in the line of a 1 beyond that end where there is less, over its own.

    More than beside it counts: what crosses the line is no part of it. Beyond the image it goes on.
    """
    axis, ink = one.axis, one.strokes.level.ink
    high, wide = ink.shape
    width = max(axis.width, 1.0)
    thick = one.stroke_width / one.strokes.level.shrink
    away = axis.length / 2 + thick + np.arange(max(4, round(_BEYOND * axis.length)))
    aside = np.array([-thick / 3, 0, thick / 3, -width - _BESIDE, width + _BESIDE])[:, np.newaxis]
    shares = []
    for along in (away, -away):
        columns = np.rint(axis.x + along * math.cos(axis.angle) - aside * math.sin(axis.angle)).astype(np.intp)
        rows = np.rint(axis.y + along * math.sin(axis.angle) + aside * math.cos(axis.angle)).astype(np.intp)
        inside = ((columns >= 0) & (columns < wide) & (rows >= 0) & (rows < high)).all(axis=0)
        if inside.any():
            seen = ink[rows[:, inside], columns[:, inside]].astype(np.float64)
            shares.append(float(np.median(seen[:3].max(axis=0) - seen[3:].min(axis=0))) / one.contrast)
    return min(shares, default=0.0)


def _shares_of_ink(bars: Sequence[Hypothesis], rejected: Sequence[Hypothesis]) -> npt.NDArray[np.float64]:
    """Return which share of the ink of its level each bar is, (N,), 0 to 1.

    0 where it is a line of other writing, which looks like a bar where the image is shrunk.
    """
    rejected_boxes = np.array([h.box for h in rejected]).reshape(-1, 4)
    rejected_ink = np.array([h.mass for h in rejected])
    shares = np.zeros(len(bars))
    for i, bar in enumerate(bars):
        own = bar.mass
        if rejected_ink[lie_in(rejected_boxes, np.array([bar.box]))].sum() <= _WRITING * own:
            shares[i] = min(1.0, own / bar.strokes.mass)
    return shares


def traits_of(hypotheses: Sequence[Hypothesis]) -> npt.NDArray[np.float64]:
    """Return contrast, height and stroke width of each, as logarithms, (N, 3)."""
    return np.log([[h.contrast, h.box[3], h.stroke_width] for h in hypotheses])


def typical_of(traits: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the weighted medians of traits (N, 3), (3,)."""
    return np.array([_weighted_median(column, weights) for column in traits.T])


def _weighted_median(values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> float:
    order = np.argsort(values)
    running = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(running, running[-1] / 2)])
