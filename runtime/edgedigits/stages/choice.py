"""Choice: the hypotheses that together explain the image best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgedigits.boxes import FloatBox
from edgedigits.stages.hypotheses import BROKEN, Hypothesis
from edgedigits.stages.strokes import Strokes

_CLEAREST_STROKE, _CLEAREST_HEIGHT = 4.5, 20.0
"""Pixels of a level at which the model sees a digit best."""
_INK_COUNTS = 0.12
"""Power of the ink that a hypothesis explains: of two equally good ones, the whole beats its part."""
_FRAGMENT_COST, _STROKE_COST = 5.0, 4.0
"""What being a fragment, and being one of the strokes of a digit, takes from the evidence."""
_REST = 0.25
"""Share of a digit's ink without which it is another."""
_SURELY_WHOLE = 4.0
"""Evidence from which a connected stroke is a digit, although a bar in it may be a 1."""
_FAR_SURER = 2.0
"""Evidence that digits have more than what they look like together, where they are not parts of it."""
_WITHIN, _WRITTEN, _PALE, _OTHER_INK = 0.3, 2.0, 0.5, 0.1
"""Height of a digit over that of what encircles it, its evidence, its contrast over that of the ring (a rest of a ruled
line is paler than a 0 round it), and the share of its ink that both are made of."""
_RING_COST = 10.0
"""What being drawn round a digit takes from the evidence."""
_SHORTER = 0.8
"""Length of a piece of a 1 over that of the whole; what is longer is the same seen thinner."""
_BLURRED = 0.4
"""Width of the stroke over that of a view of it, up to which the view is blurred beyond use."""
_LONGER, _HIGHER, _FEWEST = 1.5, 1.9, 3
"""Length of a 1, and height of another digit, over the usual height of digits, from which strokes that stand one below
the other are none, and how many digits tell what is usual."""
_WHOLE = 0.5
"""Evidence from which a connected stroke may be a digit as a whole."""
_APART = 0.4
"""Share of the smaller box up to which two digits may overlap."""
_INSIDE, _SAME_INK = 0.8, 0.2
"""Share of the smaller box up to which two digits may overlap where no more than this share of its ink is of both."""
DOUBTFUL = -1.5
"""Evidence from which strokes may be a digit: other digits beside them can make up for so much."""
_MOST_DOUBTFUL = 500
"""Strokes that may be digits, from which they are a texture, whose company tells nothing."""
MOST_DIGITS = 2000
"""A written page holds fewer; comparing each with each would take gigabytes where a texture holds more."""
_COMPARED_AT_ONCE = 1 << 20
"""Pairs of boxes: a texture has more than there is memory for."""
_SAME = 0.6
"""Share of the larger box from which two boxes show the same strokes."""


def sort_views(hypotheses: Sequence[Hypothesis]) -> tuple[list[Hypothesis], list[list[Hypothesis]]]:
    """Sort out which hypotheses of different levels show the same strokes.

    Returns:
        The best view of each, that in which the stroke is a few pixels wide, and the other views of each.
    """
    if not hypotheses:
        return [], []
    places = _Places(hypotheses)
    free = np.ones(len(hypotheses), bool)
    best, others = [], []
    for i in (int(j) for j in np.argsort(misfit(hypotheses), kind="stable")):
        if not free[i]:
            continue
        near = places.touching(i)
        same = near[places.overlap(i, near).same() & free[near]]
        free[same] = False
        best.append(hypotheses[i])
        others.append([hypotheses[j] for j in same.tolist() if j != i])
    return best, others


def misfit(hypotheses: Sequence[Hypothesis]) -> npt.NDArray[np.float64]:
    """Return how far each hypothesis is from being shown as the model sees digits best, 0 or more, (N,)."""
    shrink = np.array([h.strokes.level.shrink for h in hypotheses])
    width = np.array([h.stroke_width for h in hypotheses]) / shrink
    height = np.array([h.box[3] for h in hypotheses]) / shrink
    return np.asarray(np.abs(np.log(width / _CLEAREST_STROKE)) + np.maximum(np.log(_CLEAREST_HEIGHT / height), 0))


def may_be_digits(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return which strokes may be digits by their evidence, (N,): doubtful ones as well, unless there are too many."""
    doubtful = scores > DOUBTFUL
    return doubtful if np.count_nonzero(doubtful) <= _MOST_DOUBTFUL else np.asarray(scores > 0, bool)


def choose(
    hypotheses: Sequence[Hypothesis], scores: npt.NDArray[np.float64], values: npt.NDArray[np.intp]
) -> dict[int, list[int]]:
    """Return hypotheses that do not share a place, those that explain most ink best first.

    Args:
        hypotheses: any number, from all levels.
        scores: evidence of each, (N,).
        values: the likeliest digit of each, (N,).

    Returns:
        The index of each that was chosen, and the indices of all that show the same strokes, itself included.
    """
    if not hypotheses:
        return {}
    places = _Places(hypotheses)
    scores = scores - _fragment_costs(hypotheses, scores, values, places)
    weight = scores * np.power([h.ink for h in hypotheses], _INK_COUNTS)
    likely = may_be_digits(scores)
    free = likely.copy()
    users = _users(hypotheses, np.flatnonzero(likely).tolist())
    chosen: dict[int, list[int]] = {}
    for i in np.argsort(-weight, kind="stable").tolist():
        if len(chosen) == MOST_DIGITS:
            break
        if free[i]:
            near = places.touching(i)
            overlap = places.overlap(i, near)
            chosen[i] = near[overlap.same() & likely[near]].tolist()
            # boxes of slanted digits overlap where the digits do not
            beside = near[overlap.beside() & free[near]].tolist()
            free[near] &= overlap.apart()
            free[[j for j in beside if shared_ink(hypotheses[i], hypotheses[j]) < _SAME_INK]] = True
            for piece in _whole_pieces(hypotheses[i]):
                free[users[piece]] = False
    return chosen


_Piece = tuple[int, int]
"""The identity of all strokes of a level, and the index of one of them."""


def _whole_pieces(hypothesis: Hypothesis) -> list[_Piece]:
    """Return the pieces that belong to a hypothesis alone: none where they were cut."""
    return [] if hypothesis.is_part else [(id(hypothesis.strokes), piece) for piece in hypothesis.pieces]


def _users(hypotheses: Sequence[Hypothesis], among: Sequence[int]) -> dict[_Piece, list[int]]:
    """Return for each piece which hypotheses, by their indices, it would belong to alone."""
    users: dict[_Piece, list[int]] = {}
    for i in among:
        for piece in _whole_pieces(hypotheses[i]):
            users.setdefault(piece, []).append(i)
    return users


def _fragment_costs(
    hypotheses: Sequence[Hypothesis], scores: npt.NDArray[np.float64], values: npt.NDArray[np.intp], places: _Places
) -> npt.NDArray[np.float64]:
    """Return what it costs each hypothesis (N,) to be a part of what may be a digit as a whole, or several in one.

    Thin strokes break where the image is shrunk, and their fragments look like digits, as the lower ring of an 8. And
    where a digit was written in several strokes, one of them may look like another digit, as the long stroke of a 4
    does; then what remains is nothing. A ring round a digit looks like a 0.
    """
    shrink = np.array([h.strokes.level.shrink for h in hypotheses])
    joined = np.array([len(h.pieces) > 1 for h in hypotheses])
    widths = np.array([h.stroke_width for h in hypotheses])
    likely = scores > 0
    costs = np.zeros(len(hypotheses))
    usual = _usual_height(places.boxes[(scores >= _SURELY_WHOLE) & (values > 1)])
    for i in np.flatnonzero((scores >= _WHOLE) & np.array([not h.is_part for h in hypotheses])).tolist():
        whole = hypotheses[i]
        near = places.touching(i)
        parts = near[places.overlap(i, near).parts()]
        if _encircles(whole, [hypotheses[j] for j in parts[scores[parts] >= _WRITTEN].tolist()]):
            costs[i] = _RING_COST
            continue
        written = parts[(values[parts] > 1) & (scores[parts] >= _WRITTEN)]
        if not joined[i] and values[i] == 1 and np.count_nonzero(shrink[written] < shrink[i]) > 1:
            costs[i] = _STROKE_COST  # a column of digits, blurred into one
            continue
        if not joined[i]:
            costs[parts[shrink[parts] > shrink[i]]] = _FRAGMENT_COST
        if joined[i] and _is_column(i, len(written) > 0, values, places, usual):
            costs[i] = _STROKE_COST
            continue
        parts = parts[likely[parts]]
        if joined[i] and _stand_in_a_row(places.boxes[parts[scores[parts] >= scores[i] + _FAR_SURER]]):
            continue
        # each dash of a broken line looks like a 1
        read = parts[~joined[parts] & ((values[parts] != 1) | (len(whole.pieces) < BROKEN))]
        if values[i] == 1:
            # of a long line, a mere bar is a piece; what is far thinner is itself, and the line its blurred view
            shorter = places.lengths[parts] < _SHORTER * places.lengths[i]
            blurred = widths[parts] <= _BLURRED * whole.stroke_width
            bars = np.array([hypotheses[j].is_bar for j in parts.tolist()], bool)
            parts = parts[(values[parts] == 1) & bars & shorter & ~blurred & whole.is_bar]
        elif not joined[i]:
            parts = parts[(values[parts] == 1) & (scores[i] >= _SURELY_WHOLE)]
        if not len(parts):
            continue
        strokes = whole.strokes if joined[i] else hypotheses[int(parts[scores[parts].argmax()])].strokes
        if values[i] == 1 or _unread(strokes, whole.box, places.boxes[read]) >= _REST:
            costs[parts] = np.maximum(costs[parts], _STROKE_COST)
    return costs


def _encircles(ring: Hypothesis, parts: Sequence[Hypothesis]) -> bool:
    """Tell whether a hypothesis is drawn round one of its parts, of other ink."""
    lowest, palest = _WITHIN * ring.box[3], _PALE * ring.contrast
    return any(
        part.box[3] >= lowest
        and part.contrast >= palest
        and _is_all_round(ring, part.box)
        and shared_ink(ring, part) < _OTHER_INK
        for part in parts
    )


def _is_all_round(ring: Hypothesis, box: FloatBox) -> bool:
    """Tell whether a hypothesis has ink above, below, to the left and to the right of a box."""
    own, (left, top, _, _) = ring.mask(), ring.extent
    x, y, width, height = (round(v / ring.strokes.level.shrink) for v in box)
    x, y = max(x - left, 0), max(y - top, 0)
    rows, columns = own[y : y + height], own[:, x : x + width]
    return all(side.any() for side in (rows[:, :x], rows[:, x + width :], columns[:y], columns[y + height :]))


def _is_column(i: int, holds_digits: bool, values: npt.NDArray[np.intp], places: _Places, usual: float) -> bool:
    """Tell whether a hypothesis is ones, or a digit and more, one below the other."""
    if values[i] == 1:
        return bool(places.lengths[i] > _LONGER * usual)
    return holds_digits and bool(places.boxes[i, 3] > _HIGHER * usual)


def _stand_in_a_row(boxes: npt.NDArray[np.float64]) -> bool:
    """Tell whether one of some boxes (N, 4) lies wholly to the right of another; one above the other are an 8."""
    return len(boxes) > 1 and bool(boxes[:, 0].max() >= (boxes[:, 0] + boxes[:, 2]).min())


def _usual_height(boxes: npt.NDArray[np.float64]) -> float:
    """Return the median height of boxes (N, 4), infinity where they are too few to tell."""
    return float(np.median(boxes[:, 3])) if len(boxes) >= _FEWEST else math.inf


def _unread(strokes: Strokes, box: FloatBox, read: npt.NDArray[np.float64]) -> float:
    """Return which share of the ink in a box is in none of some boxes (N, 4) in it."""
    boxes = strokes.boxes * strokes.level.shrink
    inside = lie_in(boxes, np.array([box]))
    areas = strokes.area[inside]
    return float(areas @ ~lie_in(boxes[inside], read) / max(areas.sum(), 1.0))


def lie_in(
    boxes: npt.NDArray[np.floating], others: npt.NDArray[np.float64], share: float = 0.6
) -> npt.NDArray[np.bool_]:
    """Return which boxes (N, 4) lie with more than a share of their area in one of some others (M, 4)."""
    x, y, width, height = boxes.T[:, :, np.newaxis]
    inside = np.zeros(len(boxes), bool)
    rows = 1 + _COMPARED_AT_ONCE // max(len(boxes), 1)
    for some in (others[i : i + rows] for i in range(0, len(others), rows)):
        left, top, right, bottom = some[:, 0], some[:, 1], some[:, 0] + some[:, 2], some[:, 1] + some[:, 3]
        across = np.minimum(x + width, right) - np.maximum(x, left)
        down = np.minimum(y + height, bottom) - np.maximum(y, top)
        shared = np.maximum(across, 0) * np.maximum(down, 0)
        inside |= (shared > share * width * height).any(axis=1)
    return inside


def shared_ink(one: Hypothesis, other: Hypothesis) -> float:
    """Return which share of the ink of the smaller of two hypotheses both are made of."""
    if one.strokes is other.strokes and set(one.pieces).isdisjoint(other.pieces):
        return 0.0
    grain = max(one.strokes.level.shrink, other.strokes.level.shrink)
    cells, other_cells = _inked_cells(one, grain), _inked_cells(other, grain)
    return len(cells & other_cells) / min(len(cells), len(other_cells))


def _inked_cells(hypothesis: Hypothesis, grain: float) -> set[tuple[int, int]]:
    """Return where a hypothesis has ink, in cells of so many pixels of the image."""
    left, top, _, _ = hypothesis.extent
    zoom = hypothesis.strokes.level.shrink / grain
    places = ((np.argwhere(hypothesis.mask()) + np.array([top, left])) * zoom).astype(np.intp)
    return set(map(tuple, places.tolist()))


class _Places:
    """The boxes of hypotheses, compared."""

    def __init__(self, hypotheses: Sequence[Hypothesis]) -> None:
        self.boxes = boxes = np.array([h.box for h in hypotheses], np.float64)
        self._left, self._top = boxes[:, 0], boxes[:, 1]
        self._right, self._bottom = self._left + boxes[:, 2], self._top + boxes[:, 3]
        self.lengths = np.hypot(boxes[:, 2], boxes[:, 3])
        self._area = boxes[:, 2] * boxes[:, 3]
        self._by_left = np.argsort(self._left)
        lefts, widest = self._left[self._by_left], boxes[:, 2].max(initial=0)
        self._first = np.searchsorted(lefts, self._left - widest).tolist()
        self._end = np.searchsorted(lefts, self._right).tolist()

    def touching(self, i: int) -> npt.NDArray[np.intp]:
        """Return the indices of all boxes that may overlap box i, in their order: few of a texture's."""
        return np.sort(self._by_left[self._first[i] : self._end[i]])

    def overlap(self, i: int, among: npt.NDArray[np.intp]) -> _Overlap:
        """Return how boxes, by their indices, overlap box i."""
        across = np.minimum(self._right[among], self._right[i]) - np.maximum(self._left[among], self._left[i])
        down = np.minimum(self._bottom[among], self._bottom[i]) - np.maximum(self._top[among], self._top[i])
        return _Overlap(np.maximum(across, 0) * np.maximum(down, 0), self._area[among], float(self._area[i]))


@dataclass(frozen=True, eq=False)
class _Overlap:
    """How boxes overlap one of them.

    Attributes:
        shared: area that each shares with that one, (N,).
        area: of each, (N,).
        own: area of that one.
    """

    shared: npt.NDArray[np.float64]
    area: npt.NDArray[np.float64]
    own: float

    def same(self) -> npt.NDArray[np.bool_]:
        """Return which boxes (N,) show the same."""
        return np.asarray(self.shared > _SAME * np.maximum(self.area, self.own), bool)

    def apart(self) -> npt.NDArray[np.bool_]:
        """Return which boxes (N,) lie apart from it."""
        return np.asarray(self.shared < _APART * np.minimum(self.area, self.own), bool)

    def beside(self) -> npt.NDArray[np.bool_]:
        """Return which boxes (N,) overlap it, but lie outside of it, and it of them, in part."""
        share = self.shared / np.minimum(self.area, self.own)
        return np.asarray((share >= _APART) & (share < _INSIDE), bool)

    def parts(self) -> npt.NDArray[np.bool_]:
        """Return which boxes (N,) are parts of it."""
        return np.asarray((self.shared > 0.85 * self.area) & (self.area < 0.7 * self.own), bool)
