"""Peaks: from the page network's maps to what is written where.

Each cell of a map says whether the middle of a sign is here, which sign, and how far its four sides are: a centre and
its extent from one map, as in Zhou, Wang and Krähenbühl, "Objects as points", 2019.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from edgedigits.finding.page import LABELS
from edgedigits.finding.tiles import Tile

STRIDE = 4
"""Pixels of a tile that one cell of a map is wide."""
_LEAST = 0.12
"""Probability of being anything that a peak must have."""
_MOST = 1500
"""Peaks of an image that are looked at, the surest ones."""
_SAME = 0.45
"""Share of their union that two boxes have in common when they are of one thing."""
_WITHIN, _NEAR = 0.75, 0.3
"""Share of the smaller box that lies within the larger one, and the distance of their middles in sides of the larger,
when they are of one thing seen once in part."""


@dataclass(frozen=True, eq=False)
class Peaks:
    """What the network found at one or several sizes of an image.

    Attributes:
        probabilities: float64 (N, labels), each row sums to 1.
        boxes: float64 (N, 4), x, y, width, height in pixels of the image.
    """

    probabilities: npt.NDArray[np.float64]
    boxes: npt.NDArray[np.float64]

    @cached_property
    def totals(self) -> npt.NDArray[np.float64]:
        """How many there are of each label, were each as likely as it says: float64 (labels,)."""
        return np.asarray(self.probabilities.sum(axis=0), np.float64)

    @classmethod
    def none(cls) -> Peaks:
        """Return no peaks."""
        return cls(np.zeros((0, len(LABELS))), np.zeros((0, 4)))

    def joined(self, others: Peaks) -> Peaks:
        """Return these and others."""
        return Peaks(
            np.concatenate([self.probabilities, others.probabilities]),
            np.concatenate([self.boxes, others.boxes]),
        )

    def chosen(self, indices: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Peaks:
        """Return some of them."""
        return Peaks(self.probabilities[indices], self.boxes[indices])


def find_peaks(maps: npt.NDArray[np.float32], tiles: list[Tile], shrink: float) -> Peaks:
    """Return the peaks of the maps of some tiles.

    Args:
        maps: float32 (N, rows, columns, labels and four sides in cells).
        tiles: where they lie.
        shrink: pixels of the image that a pixel of the level is wide.
    """
    import cv2

    if not tiles:
        return Peaks.none()
    logits = maps[..., : len(LABELS)]
    margin = logits[..., 1:].max(axis=3) - logits[..., 0]
    count, rows, columns = margin.shape
    stacked = margin.reshape(count * rows, columns)
    highest = cv2.dilate(stacked, np.ones((3, 3), np.uint8)).reshape(margin.shape)
    at, y, x = np.nonzero((margin >= highest) & (margin > np.log(_LEAST)))
    middles = (np.stack([x, y], axis=1) + 0.5) * STRIDE + np.array([(tile.left, tile.top) for tile in tiles])[at]
    cores = np.array([tile.core for tile in tiles])[at]
    asked = ((middles >= cores[:, :2]) & (middles < cores[:, 2:])).all(axis=1)
    at, y, x, middles = at[asked], y[asked], x[asked], middles[asked]
    chosen = logits[at, y, x].astype(np.float64)
    odds = np.exp(chosen - chosen.max(axis=1, keepdims=True, initial=-np.inf))
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    sides = np.maximum(maps[at, y, x, len(LABELS) :], 0) * STRIDE
    boxes = np.concatenate([middles - sides[:, :2], sides[:, :2] + sides[:, 2:]], axis=1) * shrink
    return Peaks(probabilities, boxes).chosen(probabilities[:, 0] < 1 - _LEAST)


def share_names(maps: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return how likely each cell of a map is a digit, a sign and other writing: float32 (rows, columns, 3)."""
    logits = maps[..., : len(LABELS)].astype(np.float64)
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares = odds / odds.sum(axis=-1, keepdims=True)
    kinds = [shares[..., 1:11].sum(axis=-1), shares[..., 11:-1].sum(axis=-1), shares[..., -1]]
    return np.stack(kinds, axis=-1).astype(np.float32)


def log_odds(probability: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the log odds of probabilities, within ±9."""
    p = np.clip(np.asarray(probability, np.float64), 1.2e-4, 1 - 1.2e-4)
    return np.asarray(np.log(p / (1 - p)))


def merge_peaks(peaks: Peaks) -> Peaks:
    """Join the views of one thing, at several sizes of the image or in several tiles, the surest first.

    Returns:
        One peak for each thing, with the box of its surest view and probabilities averaged over all of them by how sure
        each is that something is there.
    """
    order = np.argsort(peaks.probabilities[:, 0], kind="stable")[:_MOST]
    boxes = peaks.boxes
    right, bottom = boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3]
    areas = boxes[:, 2] * boxes[:, 3]
    middles = boxes[:, :2] + boxes[:, 2:] / 2
    views: list[npt.NDArray[np.intp]] = []
    left = order
    while len(left):
        i = int(left[0])
        wide = np.minimum(right[left], right[i]) - np.maximum(boxes[left, 0], boxes[i, 0])
        high = np.minimum(bottom[left], bottom[i]) - np.maximum(boxes[left, 1], boxes[i, 1])
        common = np.maximum(wide, 0) * np.maximum(high, 0)
        union = np.maximum(areas[left] + areas[i] - common, 1e-6)
        within = common / np.maximum(np.minimum(areas[left], areas[i]), 1e-6)
        apart = np.abs(middles[left] - middles[i]) / np.maximum(np.maximum(boxes[left, 2:], boxes[i, 2:]), 1)
        same = (common / union > _SAME) | ((within > _WITHIN) & (apart.max(axis=1) < _NEAR))
        same[0] = True
        views.append(left[same])
        left = left[~same]
    first = np.array([view[0] for view in views], np.intp)
    mean = np.zeros((len(views), len(LABELS)))
    for row, view in zip(mean, views, strict=True):
        seen = peaks.probabilities[view]
        weights = 1 - seen[:, 0]
        row[:] = weights @ seen / weights.sum()
    return Peaks(mean, boxes[first])
