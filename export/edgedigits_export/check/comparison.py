"""The few statistics of comparing classifiers on the same images."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from edgedigits.arrays import Float32Array


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


def probabilities(logits: Float32Array, temperature: float) -> npt.NDArray[np.float64]:
    """Return the softmax of logits (…, C) that were divided by the temperature, in float64."""
    scaled = logits.astype(np.float64) / temperature
    exponentials = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def answers(logits: Float32Array, labels: int) -> npt.NDArray[np.intp]:
    """Return the place of the label that logits (…, C) answer; the lower one where two tie, as in the runtime.

    Args:
        logits: of the labels, and after them of 'no digit' where there is such a class.
        labels: how many there are without it.
    """
    return np.asarray(logits[..., :labels].argmax(axis=-1))


def find_ties(logits: Float32Array, labels: int) -> npt.NDArray[np.bool_]:
    """Return on which of N rows the two largest logits of the labels are equal, (N,)."""
    return np.asarray(margins(logits, labels) == 0)


def margins(logits: Float32Array, labels: int) -> Float32Array:
    """Return by how much the largest logit of the labels exceeds the next on each of N rows, float32 (N,)."""
    top = np.sort(logits[:, :labels], axis=1)
    return np.asarray(top[:, -1] - top[:, -2])
