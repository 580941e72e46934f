"""Scoring: what the model, and the surroundings, say of hypotheses."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgedigits.arrays import UInt8Array
from edgedigits.glyphs import SIDE
from edgedigits.reading import Classification
from edgedigits.stages.choice import MOST_DIGITS, may_be_digits
from edgedigits.stages.context import surroundings_cost
from edgedigits.stages.hypotheses import Hypothesis

Classify = Callable[[UInt8Array], Classification]
"""Glyphs (N, 28, 28, 1) to probabilities and digit scores."""
Judge = Callable[[UInt8Array], tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]]
"""Tells of glyphs how likely each digit is, (N, 10), and how much evidence there is of any, (N,)."""

_MOST_PRIOR = 2.5
"""Log odds by which strokes of a crowded photo are digits more rarely than the glyphs that a model is trained on."""
_TEXTURE = 1000
"""Strokes from which an image is rather a texture than a page, and each the more rarely a digit."""
_SURE = 7.0
_AMBIGUITY_COUNTS = 0.25
"""Power of the probability that a digit has one of its two likeliest values, in how sure it is that it is one."""
_JOINT_COST = 0.7
"""What each further piece of a digit takes from its evidence: most digits are written in one go."""
_MOST_JOINTS = 2
"""A pencil breaks off more than once."""
_CUT_COST = 1.0
"""What having been cut takes from the evidence of a digit: many things can be cut into what looks like digits."""


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


def score_hypotheses(hypotheses: Sequence[Hypothesis], judge: Judge) -> list[Scored]:
    """Return what the model and the surroundings say of hypotheses, in their order."""
    if not hypotheses:
        return []
    probabilities, scores = judge(glyphs_of(hypotheses))
    joints = np.array([len(h.pieces) - 1 for h in hypotheses])
    # many pieces in a row look like a 1 whatever they are, as a spiral binding's
    joints = np.where(probabilities.argmax(axis=1) == 1, joints, np.minimum(joints, _MOST_JOINTS))
    scores -= _JOINT_COST * joints
    scores -= _CUT_COST * np.array([h.is_part for h in hypotheses])
    likely = np.flatnonzero(may_be_digits(scores))
    # of a texture, where what lies round each would be looked at for nothing
    surest = likely[np.argsort(-scores[likely], kind="stable")]
    scores[surest[MOST_DIGITS:]] = -_SURE
    for i in surest[:MOST_DIGITS]:
        scores[i] -= surroundings_cost(hypotheses[int(i)])
    return [Scored(h, p, float(s)) for h, p, s in zip(hypotheses, probabilities, scores, strict=True)]


def glyphs_of(hypotheses: Sequence[Hypothesis]) -> UInt8Array:
    """Return hypotheses as the model sees them: uint8, (N, 28, 28, 1)."""
    return np.array([h.glyph() for h in hypotheses], np.uint8).reshape(-1, SIDE, SIDE, 1)


def judge_glyphs(
    classify: Classify, among: int, glyphs: UInt8Array
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """Return what the model says of glyphs: probabilities (N, 10) and evidence of being a digit (N,)."""
    probabilities, digit_scores = classify(glyphs)
    # what may be a 1 or a 7 is a digit, what may be any is none
    likeliest = np.sort(probabilities, axis=1)[:, -2:].sum(axis=1)
    return probabilities, _evidence(digit_scores.astype(np.float64) * likeliest**_AMBIGUITY_COUNTS, among)


def rarity(among: int) -> float:
    """Return the log odds by which each stroke is a digit more rarely, where an image has so many of them."""
    return min(_MOST_PRIOR + math.log(max(1, among / _TEXTURE)), math.log(max(1, among)))


def _evidence(probability: npt.NDArray[np.float64], among: int) -> npt.NDArray[np.float64]:
    """Return the log odds that strokes are digits, kept within what the model can be sure of.

    The more strokes an image has, the more of them look like a digit by chance, so that each must be surer
    (Bonferroni's correction); the only stroke of an image need not.

    Args:
        probability: what the model says of each, 0 to 1, float64 (N,).
        among: how many strokes the image has.
    """
    p = np.clip(probability, 1e-9, 1 - 1e-9)
    return np.clip(np.log(p / (1 - p)) - rarity(among), -_SURE, _SURE)


def boxes_of(scored: Sequence[Scored], least: float = -math.inf) -> npt.NDArray[np.float64]:
    """Return the boxes (N, 4) of what has at least so much evidence."""
    return np.array([s.hypothesis.box for s in scored if s.score >= least], np.float64).reshape(-1, 4)
