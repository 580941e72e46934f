"""From logits to honest probabilities: the temperature and the threshold that a bundle's manifest holds.

Training and export fit them; the runtime applies them (`edgedigits.logits`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgedigits.bundle import DigitScore
from edgedigits.logits import OUTLIER_CLASS, interpret_logits, log_softmax

REFUSED = 0.002
"""The share of held-out digits that may be refused as 'not a digit'; 0.005 is promised for others."""


def fit_temperature(logits: npt.NDArray[np.float32], labels: npt.NDArray[np.uint8], *, classes: int = 10) -> float:
    """Return the temperature that makes softmax(logits / temperature) fit the labels best.

    The likelihood is concave in 1 / temperature, so its one maximum is found by bisection of its slope
    (Guo, Pleiss, Sun, Weinberger 2017, "On calibration of modern neural networks").

    Args:
        logits: float32, (N, C), of images that the model was not fitted to.
        labels: uint8, (N,), 0 to `classes` - 1.
        classes: how many of the logits, the first ones, are of labels; 'no digit' counts for nothing.

    Returns:
        The temperature, 0.05 to 20.

    Example:
        >>> logits = np.float32([[2, 0]] * 10)
        >>> round(fit_temperature(logits, np.uint8([0] * 9 + [1]), classes=2), 2)
        0.91
    """
    logits = logits[:, :classes]
    right = logits[np.arange(len(labels)), labels].astype(np.float64)
    low, high = 1 / 20, 1 / 0.05
    for _ in range(60):
        sharpness = np.sqrt(low * high)
        expected = (np.exp(log_softmax(logits * np.float32(sharpness))) * logits).sum(axis=1)
        if np.mean(right - expected) > 0:
            low = sharpness
        else:
            high = sharpness
    return float(1 / np.sqrt(low * high))


def fit_digit_score(logits: npt.NDArray[np.float32], temperature: float, *, classes: int = 10) -> DigitScore:
    """Return the threshold of the digit score below which at most `REFUSED` of these images lie.

    The score is one minus the probability of the class that stands for everything else. It was measured to tell
    better than the greatest probability or the energy of the digits (Liu, Wang, Owens, Li 2020).

    Args:
        logits: float32, (N, C), of held-out digits; where C is `classes`, of a model without a class for everything
            else, the score can be the greatest probability only.
        temperature: from `fit_temperature`.
        classes: how many of the logits, the first ones, are of labels.

    Example:
        >>> fit_digit_score(np.zeros((5, 11), np.float32), 1.0).method
        'outlier-class'
    """
    method = OUTLIER_CLASS if logits.shape[1] > classes else "max-probability"
    _, scores = interpret_logits(logits, temperature, DigitScore(method, 0.0))
    return DigitScore(method, float(np.sort(scores)[int(REFUSED * len(scores))]))
