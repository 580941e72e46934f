"""From a model's logits to probabilities and digit scores, as a bundle's manifest says."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgedigits.bundle import DigitScore

OUTLIER_CLASS = "outlier-class"
"""The method of a digit score that has a class of its own for 'no digit', the last one."""


def count_labels(classes: int, digit_score: DigitScore) -> int:
    """Return how many of a model's classes are labels, 'no digit' not counted: these come first."""
    return classes - (digit_score.method == OUTLIER_CLASS)


def interpret_logits(
    logits: npt.NDArray[np.float32], temperature: float, digit_score: DigitScore
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return the probabilities of the labels, float32 (N, L), and digit scores, float32 (N,), both 0 to 1.

    Args:
        logits: float32, (N, C): of L labels, and after them of 'no digit' where the score's method is outlier-class.
        temperature: the logits are divided by it before the softmax.
        digit_score: how 'no digit' is told.

    Example:
        >>> probabilities, scores = interpret_logits(
        ...     np.eye(11, dtype=np.float32)[[7, 10]] * 9, 1.0, DigitScore("outlier-class", 0.5)
        ... )
        >>> int(probabilities[0].argmax()), [round(float(score), 2) for score in scores]
        (7, [1.0, 0.0])
    """
    scaled = logits.astype(np.float64) / temperature
    exponentials = np.exp(scaled - scaled.max(axis=1, keepdims=True)) if len(scaled) else scaled
    told = exponentials[:, : count_labels(logits.shape[1], digit_score)]
    probabilities = told / told.sum(axis=1, keepdims=True)
    if digit_score.method == OUTLIER_CLASS:
        scores = told.sum(axis=1) / exponentials.sum(axis=1)
    else:
        scores = probabilities.max(axis=1, initial=0)
    return probabilities.astype(np.float32), scores.astype(np.float32)


def log_softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the logarithms of the softmax of logits (N, C), float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
