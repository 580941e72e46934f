"""The few statistics of comparing classifiers on the same images."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


def losing_probability(lost: int, won: int) -> float:
    """Return how probable it is to lose at least this much by chance: the exact one-sided McNemar test.

    Args:
        lost: images that only the reference answers right.
        won: images that only the file answers right.

    Example:
        >>> losing_probability(10, 0)
        0.0009765625
    """
    changed = lost + won
    return sum(math.comb(changed, count) for count in range(lost, changed + 1)) / (1 << changed)


def probabilities(logits: FloatArray, temperature: float) -> npt.NDArray[np.float64]:
    """Return the softmax of logits (…, C) that were divided by the temperature, in float64."""
    scaled = logits.astype(np.float64) / temperature
    exponentials = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def digits(logits: FloatArray) -> npt.NDArray[np.intp]:
    """Return the digit that logits (…, C ≥ 10) answer; the lower one where two tie, as in the runtime."""
    return np.asarray(logits[..., :10].argmax(axis=-1))


def count_ties(logits: FloatArray) -> int:
    """Return on how many of N rows the two largest of the ten digits' logits are equal."""
    top = np.sort(logits[:, :10], axis=1)
    return int((top[:, -1] == top[:, -2]).sum())
