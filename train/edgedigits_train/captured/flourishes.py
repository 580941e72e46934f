"""What hands do to digits and MNIST's seldom do: crossed or narrow sevens, ones with a long upstroke, closed fours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np

from edgedigits.arrays import UInt8Array


def flourish(mask: UInt8Array, digit: int, rng: np.random.Generator) -> UInt8Array:
    """Return a digit's mask, uint8 (H, W), now and then in a form that its digit knows, else as it is."""
    form, share = _FLOURISHES.get(digit, (None, 0.0))
    if form is None or rng.random() >= share or not (mask > 110).any():
        return mask
    changed = mask.copy()
    form(changed, _stroke_width(mask), rng)
    return changed


def _stroke_width(mask: UInt8Array) -> int:
    depth = cv2.distanceTransform((mask > 110).astype(np.uint8), cv2.DIST_L2, 3)
    return max(2, round(1.6 * float(np.percentile(depth[depth > 0], 90))))


def _change_seven(mask: UInt8Array, width: int, rng: np.random.Generator) -> None:
    if rng.random() < 0.6:
        _cross_seven(mask, width, rng)
    else:
        _squeeze(mask, rng)


def _squeeze(mask: UInt8Array, rng: np.random.Generator) -> None:
    """Make a digit narrow."""
    squeeze, middle = 1 / rng.uniform(0.6, 0.85), mask.shape[1] / 2
    matrix = np.array([[squeeze, 0, middle * (1 - squeeze)], [0, 1, 0]])
    mask[:] = cv2.warpAffine(mask, matrix, mask.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def _cross_seven(mask: UInt8Array, width: int, rng: np.random.Generator) -> None:
    _, y, _, h = cv2.boundingRect((mask > 110).astype(np.uint8))
    row = y + int(rng.uniform(0.4, 0.75) * h)
    ink = np.flatnonzero(mask[row] > 110)
    if ink.size == 0:
        return
    centre, reach = float(ink.mean()), rng.uniform(0.18, 0.42) * h
    tilt = rng.normal(0, 0.12) * reach
    left, right = rng.uniform(0.6, 1.2, 2) * reach
    _line(mask, (centre - left, row + tilt), (centre + right, row - tilt), width)


def _lead_into_one(mask: UInt8Array, width: int, rng: np.random.Generator) -> None:
    _, _, w, h = cv2.boundingRect((mask > 110).astype(np.uint8))
    if w > 0.45 * h:
        return  # a one that lies or has its strokes already
    rows = np.flatnonzero((mask > 110).any(axis=1))
    top = int(rows[0]) + width // 2
    tip = float(np.flatnonzero(mask[top] > 60).mean())
    length, angle = rng.uniform(0.2, 0.75) * h, np.deg2rad(rng.uniform(28, 60))
    _line(mask, (tip, top), (tip - length * np.sin(angle), top + length * np.cos(angle)), width)
    if rng.random() < 0.3:
        foot = float(np.flatnonzero(mask[int(rows[-1]) - width // 2] > 60).mean())
        reach = rng.uniform(0.15, 0.35) * h
        _line(mask, (foot - reach, rows[-1]), (foot + reach, rows[-1]), width)


def _close_four(mask: UInt8Array, width: int, rng: np.random.Generator) -> None:
    """Join the two arms of an open four at their tips."""
    _, y, _, h = cv2.boundingRect((mask > 110).astype(np.uint8))
    arms = (mask[: y + int(0.3 * h)] > 110).astype(np.uint8)
    count, pieces = cv2.connectedComponents(arms)
    if count != 3:
        return  # closed already, or no arms
    tips = [np.argwhere(pieces == piece)[0] for piece in (1, 2)]
    _line(mask, tips[0][::-1], tips[1][::-1], width)


def _tail_of_nought(mask: UInt8Array, width: int, rng: np.random.Generator) -> None:
    x, y, w, h = cv2.boundingRect((mask > 110).astype(np.uint8))
    start = (x + rng.uniform(0.4, 0.65) * w, y + rng.uniform(0.0, 0.08) * h)
    end = (start[0] + rng.uniform(0.15, 0.5) * w, start[1] - rng.uniform(-0.12, 0.2) * h)
    _line(mask, start, end, width)


def _line(mask: UInt8Array, start: Sequence[float], end: Sequence[float], width: int) -> None:
    ends = [(round(16 * float(x)), round(16 * float(y))) for x, y in (start, end)]
    cv2.line(mask, ends[0], ends[1], 255, width, cv2.LINE_AA, 4)


_Form = Callable[[UInt8Array, int, np.random.Generator], None]

_FLOURISHES: Mapping[int, tuple[_Form, float]] = {
    0: (_tail_of_nought, 0.25),
    1: (_lead_into_one, 0.55),
    4: (_close_four, 0.12),
    7: (_change_seven, 0.4),
}
"""The forms, and how often each comes."""
