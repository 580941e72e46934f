"""Recognition: hypotheses are made, scored by the model and chosen from, the simple ones first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edgedigits.reading import Classification
from edgedigits.stages.choice import choose, evidence
from edgedigits.stages.context import page_evidence, surroundings_cost
from edgedigits.stages.hypotheses import Hypothesis, cut_hypotheses, joined_hypotheses, single_hypotheses
from edgedigits.stages.light import UInt8Array, ink_levels
from edgedigits.stages.strokes import Strokes, find_strokes

Classify = Callable[[UInt8Array], Classification]
"""Glyphs (N, 28, 28, 1) to probabilities and digit scores."""

_CONVINCING = 3.0
"""Evidence that at least one digit of a page must have: where even the best is doubtful, there is none.

This much is asked for where the digits are next to nothing of what is seen, nothing where they are all of it."""
_ACCEPTED = 1.2
"""Evidence that each other digit must have, likewise."""
_DARK_BOARD = 110
"""Median grey level up to which an image may be a blackboard."""
_SETTLED = 4.0
"""Evidence at which strokes are a digit by themselves and nothing else is tried."""


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


def recognise(grey: UInt8Array, shrink: float, classify: Classify) -> list[Scored]:
    """Return the digits of an image, in no order.

    Dark writing is looked for first. Light writing is looked for as well where there is no dark one, or where most
    of the image is dark; the one with more evidence is taken.

    Args:
        grey: uint8, (H, W).
        shrink: how many pixels of the original image one pixel of `grey` is wide.
        classify: the model.
    """
    dark = _recognise_dark(grey, shrink, classify)
    if dark and float(np.median(grey[::4, ::4])) > _DARK_BOARD:
        return dark
    light = _recognise_dark(255 - grey, shrink, classify)
    return max(dark, light, key=lambda found: sum(s.score for s in found))


def _recognise_dark(grey: UInt8Array, shrink: float, classify: Classify) -> list[Scored]:
    levels = [find_strokes(level) for level in ink_levels(grey, shrink)]
    scored = _score([h for strokes in levels for h in single_hypotheses(strokes)], classify)
    scored += _score([h for strokes in levels for h in joined_hypotheses(strokes, _settled(strokes, scored))], classify)
    scored += _cut(scored, classify)
    return _best(scored)


def _score(hypotheses: Sequence[Hypothesis], classify: Classify) -> list[Scored]:
    if not hypotheses:
        return []
    glyphs = np.stack([hypothesis.glyph() for hypothesis in hypotheses])[..., np.newaxis]
    probabilities, digit_scores = classify(glyphs)
    scores = evidence(digit_scores.astype(np.float64) * probabilities.max(axis=1))
    for i in np.flatnonzero(scores > 0):
        scores[i] -= surroundings_cost(hypotheses[int(i)])
    return [Scored(h, p, float(s)) for h, p, s in zip(hypotheses, probabilities, scores, strict=True)]


def _best(scored: Sequence[Scored]) -> list[Scored]:
    chosen = [scored[i] for i in choose([s.hypothesis for s in scored], np.array([s.score for s in scored]))]
    if not chosen:
        return []
    values = np.array([int(s.probabilities.argmax()) for s in chosen])
    scores = page_evidence([s.hypothesis for s in chosen], np.array([s.score for s in chosen]), values)
    doubt = 1 - _explained(chosen, scores)
    if scores.max() < _CONVINCING * doubt:
        return []
    return [
        replace(s, score=float(score)) for s, score in zip(chosen, scores, strict=True) if score >= _ACCEPTED * doubt
    ]


def _explained(chosen: Sequence[Scored], scores: npt.NDArray[np.float64]) -> float:
    """Return which share of the ink, seen at the size of the surest digit, the digits are."""
    digits = [s.hypothesis for s, score in zip(chosen, scores, strict=True) if score > 0]
    seen = chosen[int(scores.argmax())].hypothesis.strokes
    everything = float(seen.area @ seen.contrast) * seen.level.shrink**2
    return min(1.0, sum(h.ink * h.contrast for h in digits) / everything)


def _settled(strokes: Strokes, scored: Sequence[Scored]) -> npt.NDArray[np.bool_]:
    settled = np.zeros(len(strokes.area), bool)
    settled[[s.hypothesis.pieces[0] for s in scored if s.hypothesis.strokes is strokes and s.score >= _SETTLED]] = True
    return settled


def _cut(scored: Sequence[Scored], classify: Classify) -> list[Scored]:
    """Cut the wide strokes that are no digit, and return the parts that are."""
    found = []
    for whole in scored:
        _, _, width, height = whole.hypothesis.box
        if whole.score >= 0 or width < 0.75 * height or len(whole.hypothesis.pieces) > 1:
            continue
        table = cut_hypotheses(whole.hypothesis.strokes, whole.hypothesis.pieces[0])
        flat = _score([part for row in table for part in row], classify)
        parts, at = [], 0
        for row in table:
            parts.append(flat[at : at + len(row)])
            at += len(row)
        found += _best_cuts(parts)
    return found


def _best_cuts(parts: Sequence[Sequence[Scored]]) -> list[Scored]:
    """Return the row of parts with the largest evidence that explains all of the stroke; empty where none does."""
    count = len(parts)
    best: list[tuple[float, list[Scored]] | None] = [(0.0, []), *([None] * count)]
    for start in range(count):
        before = best[start]
        if before is None:
            continue
        for length, part in enumerate(parts[start], 1):
            if part.score <= 0:
                continue
            total = before[0] + part.score * part.hypothesis.ink
            after = best[start + length]
            if after is None or total > after[0]:
                best[start + length] = (total, [*before[1], part])
    whole = best[count] if count else None
    return whole[1] if whole and len(whole[1]) > 1 else []
