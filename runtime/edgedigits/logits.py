"""From a model's logits to digit probabilities and digit scores, as a bundle's manifest says."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgedigits.bundle import DigitScore


def interpret_logits(
    logits: npt.NDArray[np.float32], temperature: float, digit_score: DigitScore
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return digit probabilities, float32 (N, 10), and digit scores, float32 (N,), both 0 to 1.

    Args:
        logits: float32, (N, C ≥ 10), the ten digits first.
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
    digits = exponentials[:, :10]
    probabilities = digits / digits.sum(axis=1, keepdims=True)
    if digit_score.method == "outlier-class":
        scores = digits.sum(axis=1) / exponentials.sum(axis=1)
    else:
        scores = probabilities.max(axis=1, initial=0)
    return probabilities.astype(np.float32), scores.astype(np.float32)
