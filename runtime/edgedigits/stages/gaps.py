"""Gaps: which pieces of a broken line belong together, and where the line went between them.

A pencil on rough paper, chalk and a dry pen leave dashes. The pixels of the paper are shared out among the dashes, each
to the nearest (the area Voronoi diagram, as Kise, Sato and Iwata use it in "Segmentation of page images using the area
Voronoi diagram", 1998); dashes whose shares meet are neighbours, and the gap between them is as wide as the way from
one to the other through the place where they meet. Joined in the order of their gaps (single linkage), neighbours grow
to digits, words and lines; every group on that way may be a digit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgedigits.stages.strokes import Strokes

_WIDEST = 16
"""Pixels of a level; in a wider gap, a line is looked for where the image is smaller."""
_OF_THE_HEIGHT = 0.6
"""How wide a gap may be, in heights of what it parts."""
_OF_THE_STROKE = 4.0
"""How wide a gap may be, in widths of the stroke."""
_ASIDE = 1.0
"""How much wider a gap counts that goes off at a right angle to the dashes at its ends: a line goes on as it went."""
_CLOSES = 1.3
"""Width of a gap that closes a ring, over that of those that parted its pieces, up to which it is one."""
_MOST_PIECES = 30
"""Pieces of a digit."""
_CONTRASTS, _WIDTHS = 2.0, 2.5
"""Factors in contrast and width from which two strokes are not of one pen."""


@dataclass(frozen=True)
class Gap:
    """A gap in a broken line.

    Attributes:
        first: index of the stroke at its one end.
        second: index of the stroke at its other end.
        start: column and row of the pixel of the first stroke that is nearest to the second.
        end: of the second's that is nearest to the first.
    """

    first: int
    second: int
    start: tuple[int, int]
    end: tuple[int, int]


@dataclass(frozen=True)
class Group:
    """Pieces that may be one broken line.

    Attributes:
        pieces: indices of strokes, ascending.
        gaps: those between them.
        size: width and height of their box, in pixels of the level.
    """

    pieces: tuple[int, ...]
    gaps: tuple[Gap, ...]
    size: tuple[int, int]


def find_groups(strokes: Strokes, candidates: npt.NDArray[np.intp]) -> list[Group]:
    """Return all groups of pieces that small gaps part.

    Args:
        strokes: those of a level.
        candidates: indices of the pieces that may be joined; the others part them.
    """
    gaps, widths = _neighbours(strokes, candidates)
    found: dict[tuple[int, ...], Group] = {}
    groups = {piece: _Growing([piece], [], 0.0, strokes.boxes[piece].tolist()) for piece in candidates.tolist()}
    for i in np.argsort(widths, kind="stable").tolist():
        gap, width = gaps[i], float(widths[i])
        one, other = groups[gap.first], groups[gap.second]
        if one is other:
            if width > _CLOSES * one.widest:
                continue
            one.gaps.append(gap)
        else:
            box = _around(one.box, other.box)
            if width > _OF_THE_HEIGHT * max(box[2:]) or len(one.pieces) + len(other.pieces) > _MOST_PIECES:
                continue
            one = _Growing(one.pieces + other.pieces, [*one.gaps, *other.gaps, gap], width, box)
            groups |= dict.fromkeys(one.pieces, one)
        group = Group(tuple(sorted(one.pieces)), tuple(one.gaps), (one.box[2], one.box[3]))
        found[group.pieces] = group
    return list(found.values())


def widest_gaps(strokes: Strokes) -> npt.NDArray[np.float64]:
    """Return how wide a gap in the line of each stroke may be, in pixels of the level, (N,)."""
    return np.asarray(np.minimum(_OF_THE_STROKE * strokes.width, _WIDEST), np.float64)


def of_one_pen(
    strokes: Strokes, first: npt.NDArray[np.integer], second: npt.NDArray[np.integer]
) -> npt.NDArray[np.bool_]:
    """Return which pairs of strokes, given by their indices (N,), one pen may have left: (N,)."""
    contrasts, widths = (
        np.abs(np.log(np.maximum(values[first], 1e-6) / np.maximum(values[second], 1e-6)))
        for values in (strokes.contrast, strokes.width)
    )
    return np.asarray((contrasts < math.log(_CONTRASTS)) & (widths < math.log(_WIDTHS)), bool)


@dataclass
class _Growing:
    """A group that grows: its pieces, the gaps in it, how wide the last that joined two pieces counted, its box."""

    pieces: list[int]
    gaps: list[Gap]
    widest: float
    box: list[int]


def _around(one: list[int], other: list[int]) -> list[int]:
    """Return the box (x, y, width, height) round two boxes."""
    left, top = min(one[0], other[0]), min(one[1], other[1])
    right, bottom = max(one[0] + one[2], other[0] + other[2]), max(one[1] + one[3], other[1] + other[3])
    return [left, top, right - left, bottom - top]


def _neighbours(strokes: Strokes, candidates: npt.NDArray[np.intp]) -> tuple[list[Gap], npt.NDArray[np.float64]]:
    """Return the gaps between candidates whose shares of the paper meet, and how wide each counts, (N,)."""
    import cv2

    boxes = strokes.boxes[candidates]
    left, top = np.maximum(boxes[:, :2].min(axis=0) - 1, 0).tolist()
    right, bottom = ((boxes[:, :2] + boxes[:, 2:]).max(axis=0) + 1).tolist()
    labels = np.ascontiguousarray(strokes.labels[top:bottom, left:right])
    paper = np.equal(labels, 0)
    raw_away, raw_nearest = cv2.distanceTransformWithLabels(
        paper.view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    width = labels.shape[1]
    labels, paper = labels.ravel(), paper.ravel()
    nearest = np.asarray(raw_nearest, np.int32).ravel()
    # of each pixel of a stroke, by OpenCV's number of it, where it is
    inked = np.flatnonzero(~paper)
    place = np.zeros(inked.size + 1, np.intp)
    place[nearest[inked]] = inked
    may_be_joined = np.zeros(len(strokes.area) + 1, bool)
    may_be_joined[candidates + 1] = True
    owner_of = np.zeros(inked.size + 1, np.int32)
    owner_of[nearest[inked]] = labels[inked] * may_be_joined[labels[inked]]
    # in the middle of a gap, both ends are half of it away
    widest = float(widest_gaps(strokes)[candidates].max())
    near = np.flatnonzero(np.asarray(raw_away, np.float32).ravel() <= widest / 2 + 1)
    owners = owner_of.take(nearest.take(near))
    shared = owners > 0
    near, owners = near[shared], owners[shared]
    owner = np.zeros_like(labels)
    owner[near] = owners

    meeting = []
    for step in (1, width):
        here = near[: np.searchsorted(near, labels.size - step)]
        one, other = owners[: len(here)], owner.take(here + step)
        here = here[(one != other) & (other > 0)]
        meeting.append(np.array([here, here + step]))
    start, end = place[nearest[np.concatenate(meeting, axis=1)]]
    swapped = labels[start] > labels[end]
    start, end = np.where(swapped, end, start), np.where(swapped, start, end)
    ends = np.array([start % width, start // width, end % width, end // width])
    way = np.hypot(ends[2] - ends[0], ends[3] - ends[1])
    pairs = np.array([labels[start], labels[end]]) - 1

    by_width = np.argsort(way, kind="stable")
    _, first = np.unique((pairs[0] * len(may_be_joined) + pairs[1])[by_width], return_index=True)
    chosen = by_width[first]
    chosen = chosen[
        (way[chosen] <= widest_gaps(strokes)[pairs[:, chosen]].max(axis=0)) & of_one_pen(strokes, *pairs[:, chosen])
    ]
    if not chosen.size:
        return [], np.zeros(0)
    ends, way, pairs = ends[:, chosen], way[chosen], pairs[:, chosen]
    gaps = [
        Gap(i, j, (x + left, y + top), (u + left, v + top))
        for i, j, x, y, u, v in zip(*pairs.tolist(), *ends.tolist(), strict=True)
    ]
    axes = _axes(labels, inked, width, len(may_be_joined))[:, pairs + 1]
    return gaps, way * (1 + _ASIDE * _turns(axes, (ends[2:] - ends[:2]) / np.maximum(way, 1)))


def _turns(axes: npt.NDArray[np.float64], ways: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return how far lines turn at gaps, (N,): 0 where both dashes lie along the way across, 1 where across it.

    Args:
        axes: of the dashes at both ends, (2, 2, N): x and y, by end.
        ways: across the gaps, of length 1, (2, N).
    """
    # a round piece has no direction
    lengths = np.hypot(*axes)
    return np.asarray((lengths - np.abs((axes * ways[:, np.newaxis]).sum(axis=0))).sum(axis=0) / 2, np.float64)


def _axes(
    labels: npt.NDArray[np.int32], inked: npt.NDArray[np.intp], width: int, count: int
) -> npt.NDArray[np.float64]:
    """Return the direction in which each labelled piece is longest, (2, count): of length 0 if round, up to 1.

    Args:
        labels: of the pixels of an image, row by row, (H * width,).
        inked: which pixels have one.
        width: of the image.
        count: of the labels.
    """
    owner, columns, rows = labels[inked], inked % width, inked // width
    area = np.maximum(np.bincount(owner, minlength=count), 1)
    x, y = (np.bincount(owner, place, count) / area for place in (columns, rows))
    dx, dy = columns - x[owner], rows - y[owner]
    xx, yy, xy = (np.bincount(owner, product, count) / area for product in (dx * dx, dy * dy, dx * dy))
    angle, length = 0.5 * np.arctan2(2 * xy, xx - yy), np.hypot(xx - yy, 2 * xy) / (xx + yy + 1e-6)
    return np.array([length * np.cos(angle), length * np.sin(angle)])
