"""Hypotheses: the strokes, alone, together or in part, that may be one digit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

import numpy as np
import numpy.typing as npt

from edgedigits.boxes import FloatBox
from edgedigits.glyphs import centre_ink
from edgedigits.stages.gaps import Gap, Group, find_groups, of_one_pen, widest_gaps
from edgedigits.stages.strokes import Strokes

SMALLEST_HEIGHT = 8
"""Pixels of a level: nothing lower is taken for a digit."""
LARGEST_SIDE = 300
"""Pixels of a level: what is larger is looked at where the image is smaller."""
_SMALL = 18
"""Pixels of the finest level: height of digits whose strokes are as thin as the light's smoothing is wide."""
_SHARPEN, _ENLARGED = 2.0, 4
"""How much of what the smoothing took is given back, and how much larger it is then looked at."""
_WIDEST_STROKE = 14.0
_BLOT = 1.5
"""Pixels by which the rings of small digits are filled in."""
_WIDEST = 6.0
"""Width over height of a row of touching digits."""
_MOST_JOINED = 400
"""Strokes, and pairs of them, looked at in a level; a page has fewer, a texture more than are worth the time."""
_JOINED_HIGH, _PEN, _STANDS_OUT = (12.0, 150.0), 0.3, 8.0
"""Pixels of the level, width of the pen over the height, and ink over the paper's noise, of several strokes that may be
one digit: lower ones were written in one go, and larger ones are looked at where the image is smaller."""
_MOST_ROUND_ABOUT, _MOST_LINE = 2.4, 3.3
"""Length of their line over the way from corner to corner, and over the height: with more, they are several
characters."""
_MOST_DASHES = 20
"""Pieces of a broken line that may be a digit."""
BROKEN = 3
"""Pieces from which a line counts as broken."""
_FAINT = 4
"""Ink value from which a broken line is seen between its pieces as well."""
_LEAST_PIECE = 3
"""Pixels of a piece of a broken line."""
_MOST_PIECES_OF_A_LEVEL = 1000
_BAR = 1.3
"""How wide it is across its length, in widths of its stroke, up to which it is a mere bar."""
_SPARSE = 0.95
"""Ink of pieces over what a straight stroke from corner to corner would have, up to which they are a bar together."""
_PAIRS_AT_ONCE = 100_000


_AROUND = np.ones((3, 3), np.uint8)


@dataclass(frozen=True)
class Axis:
    """The straight line that strokes are most like.

    Attributes:
        x: column of its middle, in pixels of the level.
        y: row of its middle.
        angle: of its direction, from that of the rows, in radians.
        length: in pixels of the level.
        width: likewise.
    """

    x: float
    y: float
    angle: float
    length: float
    width: float


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """Strokes that may be one digit.

    Attributes:
        strokes: all strokes of the level.
        pieces: indices of those that the digit is made of.
        part: which pixels of the extent belong to it, bool; None where the pieces do as a whole.
        extent: left, top, right, bottom in pixels of the level: its box and, where it was not cut, its soft edge.
        box: x, y, width, height in pixels of the image.
        ink: pixels of the image that are covered.
        stroke_width: in pixels of the image.
        contrast: mean ink value, 0 to 255.
        gaps: those between its pieces that the model is to see filled.
    """

    strokes: Strokes
    pieces: tuple[int, ...]
    part: npt.NDArray[np.bool_] | None
    extent: tuple[int, int, int, int]
    box: FloatBox
    ink: float
    stroke_width: float
    contrast: float
    gaps: tuple[Gap, ...] = ()

    @property
    def is_part(self) -> bool:
        """Whether the pieces were cut."""
        return self.part is not None

    @cached_property
    def is_bar(self) -> bool:
        """Whether it is no more than a straight line, without the flag or the foot of a 1, or pieces in a row."""
        if len(self.pieces) >= BROKEN and self.over_a_line <= _SPARSE:
            return True
        return self.axis.width <= _BAR * self.stroke_width / self.strokes.level.shrink

    @cached_property
    def axis(self) -> Axis:
        """Return where it lies and how long and wide it is, were it an evenly thick straight line."""
        import cv2

        moments = cv2.moments(self.mask().view(np.uint8), binaryImage=True)
        x, y, xx, yy, xy = (moments[name] / moments["m00"] for name in ("m10", "m01", "mu20", "mu02", "mu11"))
        mean, difference = (xx + yy) / 2, math.hypot(xx - yy, 2 * xy) / 2
        # of what is evenly long, the variance is the length squared over 12
        length, width = (math.sqrt(12 * max(variance, 0)) for variance in (mean + difference, mean - difference))
        left, top, _, _ = self.extent
        return Axis(left + x, top + y, 0.5 * math.atan2(2 * xy, xx - yy), length, width)

    @property
    def over_a_line(self) -> float:
        """Return its ink over what a straight stroke from corner to corner of its box would have."""
        _, _, width, height = self.box
        return self.ink / (math.hypot(width, height) * self.stroke_width)

    @property
    def mass(self) -> float:
        """Return how much ink it is: pixels of the image times ink value."""
        return self.ink * self.contrast

    @property
    def noise(self) -> float:
        """Standard deviation of the ink values of the paper round it."""
        left, top, right, bottom = self.extent
        return self.strokes.level.noise_at((left + right) / 2, (top + bottom) / 2)

    def mask(self) -> npt.NDArray[np.bool_]:
        """Return which pixels of the extent belong to it, bool."""
        return own_pixels(self.strokes, self.pieces, *self.extent) if self.part is None else self.part

    def glyph(self) -> npt.NDArray[np.uint8]:
        """Return the hypothesis as the model sees it: uint8 (28, 28)."""
        return self._glyph

    @cached_property
    def _glyph(self) -> npt.NDArray[np.uint8]:
        import cv2

        left, top, right, bottom = self.extent
        own = self.mask()
        small = self.strokes.level.finest and bottom - top <= _SMALL
        ink = self._sharp_ink() if small else self.strokes.level.ink[top:bottom, left:right]
        values = ink[own]
        strong = (3 * values.size) // 4
        values.partition(strong)
        peak = float(values[strong])
        # the soft edge of a stroke lies outside its component
        near = np.asarray(cv2.dilate(own.view(np.uint8), _AROUND), np.uint8)
        if len(self.pieces) >= BROKEN and not self.is_part:
            near |= self._between_pieces()
        stretched = cv2.convertScaleAbs(ink, alpha=255 / max(peak, 1))
        seen = np.asarray(stretched * near, np.uint8)
        width = max(1, round(self.stroke_width / self.strokes.level.shrink))
        for gap in self.gaps:
            start, end = ((x - left, y - top) for x, y in (gap.start, gap.end))
            cv2.line(seen, start, end, 255, width, cv2.LINE_AA)
        if small:
            seen = np.asarray(
                cv2.resize(seen, None, fx=_ENLARGED, fy=_ENLARGED, interpolation=cv2.INTER_CUBIC), np.uint8
            )
        return centre_ink(seen)

    def _between_pieces(self) -> npt.NDArray[np.uint8]:
        """Return where in the extent its line may go on more faintly, or in dots: 1 where no other stroke is near."""
        import cv2

        left, top, right, bottom = self.extent
        strokes = self.strokes
        others = np.append(False, strokes.area > (self.stroke_width / strokes.level.shrink) ** 2)
        others[np.array(self.pieces) + 1] = False
        taken = cv2.dilate(others[strokes.labels[top:bottom, left:right]].view(np.uint8), _AROUND)
        return np.asarray((strokes.level.ink[top:bottom, left:right] >= _FAINT) & (taken == 0), np.uint8)

    def _sharp_ink(self) -> npt.NDArray[np.uint8]:
        """Return the ink of the extent as it was before it was smoothed, by unsharp masking, uint8 (H, W)."""
        import cv2

        left, top, right, bottom = self.extent
        # what lies around counts at the rim
        x, y = max(left - 1, 0), max(top - 1, 0)
        ink = self.strokes.level.ink[y : bottom + 1, x : right + 1]
        sharp = cv2.addWeighted(ink, 1 + _SHARPEN, cv2.GaussianBlur(ink, (3, 3), 0), -_SHARPEN, 0)
        return np.asarray(sharp, np.uint8)[top - y : bottom - y, left - x : right - x]


def with_most_ink(hypotheses: Sequence[Hypothesis], most: int) -> list[Hypothesis]:
    """Return so many hypotheses, those with the most ink, in their order."""
    if len(hypotheses) <= most:
        return list(hypotheses)
    kept = sorted(range(len(hypotheses)), key=lambda i: -hypotheses[i].mass)[:most]
    return [hypotheses[i] for i in sorted(kept)]


def own_pixels(
    strokes: Strokes, pieces: Sequence[int], left: int, top: int, right: int, bottom: int
) -> npt.NDArray[np.bool_]:
    """Return which pixels of a part of a level belong to some pieces."""
    labels = strokes.labels[top:bottom, left:right]
    own = labels == pieces[0] + 1
    for piece in pieces[1:]:
        own |= labels == piece + 1
    return np.asarray(own, bool)


def whole_hypothesis(strokes: Strokes, piece: int) -> Hypothesis:
    """Return one connected stroke as a hypothesis."""
    return _wholes(strokes, np.array([[piece]]))[0]


def part_hypothesis(whole: Hypothesis, own: npt.NDArray[np.bool_], corner: tuple[int, int] = (0, 0)) -> Hypothesis:
    """Return a part of the strokes of a hypothesis.

    Args:
        whole: the hypothesis.
        own: which pixels of its extent, or of a piece of that, the part consists of, bool; at least one.
        corner: column and row of that piece in the extent.
    """
    import cv2

    x, y, width, height = cv2.boundingRect(own.view(np.uint8))
    left, top = whole.extent[0] + corner[0] + x, whole.extent[1] + corner[1] + y
    shrink = whole.strokes.level.shrink
    part = own[y : y + height, x : x + width]
    return replace(
        whole,
        part=part,
        extent=(left, top, left + width, top + height),
        box=(left * shrink, top * shrink, width * shrink, height * shrink),
        ink=float(np.count_nonzero(part)) * shrink**2,
    )


def single_hypotheses(strokes: Strokes) -> list[Hypothesis]:
    """Return the connected strokes that may be a digit by themselves."""
    _, _, width, height = strokes.boxes.T
    at = np.flatnonzero(_are_strokes(strokes) & (height >= SMALLEST_HEIGHT) & (width <= _WIDEST * height))
    return _wholes(strokes, at[:, np.newaxis])


def is_texture(strokes: Strokes) -> bool:
    """Tell whether a level has more strokes than can be tried together: none of them are."""
    return len(_larger_pieces(strokes)) > _MOST_JOINED


def _larger_pieces(strokes: Strokes) -> npt.NDArray[np.intp]:
    """Return the strokes of a level that are worth being joined with others."""
    usable = _usable_pieces(strokes)
    return np.asarray(usable[strokes.boxes[usable, 3] >= 0.6 * SMALLEST_HEIGHT], np.intp)


def _usable_pieces(strokes: Strokes) -> npt.NDArray[np.intp]:
    sides = strokes.boxes[:, 2:].max(axis=1, initial=0)
    return np.flatnonzero((strokes.area >= 6) & (sides <= LARGEST_SIDE) & (strokes.width <= _WIDEST_STROKE))


def joined_hypotheses(strokes: Strokes, open_pieces: npt.NDArray[np.bool_]) -> list[Hypothesis]:
    """Return strokes that are near each other and may be one digit together, as the bar of a 5 and its body.

    Args:
        strokes: those of one level.
        open_pieces: (N,), which pieces are not part of a digit beyond doubt.
    """
    # the larger of a pair must be worth it
    usable, large = _usable_pieces(strokes), _larger_pieces(strokes)
    if large.size == 0 or large.size > _MOST_JOINED or not open_pieces.any():
        return []
    broken = _broken_digits(strokes, open_pieces)
    # so many rows of the table of pairs at a time that the memory it takes is small
    rows = max(1, _PAIRS_AT_ONCE // usable.size)
    tables = [_may_be_joined(strokes, large[i : i + rows], usable) for i in range(0, large.size, rows)]
    first, second = np.concatenate(tables, axis=1)
    some_open = open_pieces[first] | open_pieces[second]
    first, second = first[some_open], second[some_open]
    if first.size == 0:
        return broken
    count = len(strokes.area)
    # as single numbers, pairs are sorted many times as fast
    numbers = np.unique(np.minimum(first, second) * count + np.maximum(first, second))
    pairs = np.array(np.divmod(numbers, count)).T
    if len(pairs) > _MOST_JOINED:
        return broken
    found = _wholes(strokes, pairs)
    partners, counts = np.unique(first, return_counts=True)
    groups = {tuple(sorted([int(i), *second[first == i].tolist()])) for i in partners[(counts >= 2) & (counts <= 4)]}
    for group in sorted(groups):
        found += _wholes(strokes, np.array([group]))
    found = [h for h in found if h.box[2] <= 1.3 * h.box[3] and _may_be_one(h)] + broken
    return list({h.pieces: h for h in found}.values())


def _broken_digits(strokes: Strokes, open_pieces: npt.NDArray[np.bool_]) -> list[Hypothesis]:
    """Return groups of pieces with small gaps between them, as a pencil or chalk leaves them."""
    usable = (
        open_pieces
        & (strokes.area >= _LEAST_PIECE)
        & (strokes.boxes[:, 2:].max(axis=1, initial=0) <= LARGEST_SIDE)
        & (strokes.width <= _WIDEST_STROKE)
    )
    candidates = np.flatnonzero(usable)
    if candidates.size > _MOST_PIECES_OF_A_LEVEL:
        return []
    candidates = candidates[_have_neighbours(strokes.boxes[candidates], widest_gaps(strokes)[candidates])]
    if candidates.size < 2:
        return []
    found: list[Hypothesis] = []
    shaped = [group for group in find_groups(strokes, candidates) if _has_shape_of_one(group)]
    for _, alike in groupby(sorted(shaped, key=_size), _size):
        groups = list(alike)
        wholes = _wholes(strokes, np.array([group.pieces for group in groups]))
        found += [replace(whole, gaps=group.gaps) for whole, group in zip(wholes, groups, strict=True)]
    return [h for h in found if _may_be_one(h)]


def _has_shape_of_one(group: Group) -> bool:
    """Tell whether pieces are as high and as narrow together as one digit."""
    width, height = group.size
    return width <= 1.5 * height and _JOINED_HIGH[0] <= height <= _JOINED_HIGH[1] and len(group.pieces) <= _MOST_DASHES


def _may_be_one(joined: Hypothesis) -> bool:
    """Tell whether several strokes have no more line than one digit, are in reach of the model, and stand out."""
    height = joined.box[3]
    lowest, highest = (bound * joined.strokes.level.shrink for bound in _JOINED_HIGH)
    return (
        lowest <= height <= highest
        and joined.stroke_width <= _PEN * height
        and joined.over_a_line <= _MOST_ROUND_ABOUT
        and joined.ink <= _MOST_LINE * height * joined.stroke_width
        and joined.contrast >= _STANDS_OUT * joined.noise
    )


def _size(group: Group) -> int:
    return len(group.pieces)


def _have_neighbours(boxes: npt.NDArray[np.int32], gaps: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return which of some boxes (N, 4) have another one no farther away than a gap of either, (N,)."""
    gap = np.maximum(gaps[:, np.newaxis], gaps)
    x, y, width, height = boxes.T
    right, bottom = x + width, y + height
    near = (np.maximum(x[:, np.newaxis], x) - np.minimum(right[:, np.newaxis], right) <= gap) & (
        np.maximum(y[:, np.newaxis], y) - np.minimum(bottom[:, np.newaxis], bottom) <= gap
    )
    return np.asarray(near.sum(axis=1) > 1, bool)


def _may_be_joined(strokes: Strokes, large: npt.NDArray[np.intp], others: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return which strokes may be one digit with which others: indices (2, pairs)."""
    x, y, width, height = strokes.boxes.T
    right, bottom = x + width, y + height
    a = large[:, np.newaxis]
    both_high = np.maximum(bottom[a], bottom[others]) - np.minimum(y[a], y[others])
    both_wide = np.maximum(right[a], right[others]) - np.minimum(x[a], x[others])
    sides = np.maximum(width, height)
    larger = np.maximum(sides[a], sides[others])
    at = np.nonzero(
        (both_wide <= 1.3 * both_high)
        & (both_high >= SMALLEST_HEIGHT)
        & (both_high <= np.minimum(LARGEST_SIDE, 2.2 * larger))
        & (a != others)
    )
    # few are left, and looked at more closely
    i, j = large[at[0]], others[at[1]]
    gap_x = np.maximum(both_wide[at] - width[i] - width[j], 0)
    gap_y = np.maximum(both_high[at] - height[i] - height[j], 0)
    fits = (
        (np.hypot(gap_x, gap_y) <= 0.3 * larger[at])
        & of_one_pen(strokes, i, j)
        & (strokes.area[j] >= 0.03 * strokes.area[i])
    )
    return np.array([i[fits], j[fits]])


def _are_strokes(strokes: Strokes) -> npt.NDArray[np.bool_]:
    side = strokes.boxes[:, 2:].max(axis=1, initial=0)
    return np.asarray(
        (side <= LARGEST_SIDE) & (strokes.width <= _WIDEST_STROKE) & (strokes.thickest <= 0.6 * side + _BLOT), bool
    )


def _wholes(strokes: Strokes, pieces: npt.NDArray[np.intp]) -> list[Hypothesis]:
    """Return one hypothesis for each row of indices of strokes (N, pieces of each)."""
    shrink = strokes.level.shrink
    corners, areas = strokes.boxes[pieces], strokes.area[pieces]
    first = corners[..., :2].min(axis=1)
    last = (corners[..., :2] + corners[..., 2:]).max(axis=1)
    area = areas.sum(axis=1)
    return [
        Hypothesis(strokes, tuple(own), None, tuple(extent), tuple(box), ink, width, contrast)
        for own, extent, box, ink, width, contrast in zip(
            pieces.tolist(),
            np.concatenate([np.maximum(first - 1, 0), last + 1], axis=1).tolist(),
            (np.concatenate([first, last - first], axis=1) * shrink).tolist(),
            (area * shrink**2).tolist(),
            ((areas * strokes.width[pieces]).sum(axis=1) / area * shrink).tolist(),
            ((areas * strokes.contrast[pieces]).sum(axis=1) / area).tolist(),
            strict=True,
        )
    ]
