"""From logits to honest probabilities, and the images that quantization is calibrated with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgedigits_train.datasets import LabelledGlyphs
from edgedigits_train.metrics import DigitScore, log_softmax

REFUSED = 0.005
"""The share of real digits that may be refused as 'not a digit'."""


def fit_temperature(logits: npt.NDArray[np.float32], labels: npt.NDArray[np.uint8]) -> float:
    """Return the temperature that makes softmax(logits / temperature) fit the labels best.

    The likelihood is concave in 1 / temperature, so its one maximum is found by bisection of its slope
    (Guo, Pleiss, Sun, Weinberger 2017, "On calibration of modern neural networks").

    Args:
        logits: float32, (N, C), of images that the model was not fitted to.
        labels: uint8, (N,).

    Returns:
        The temperature, 0.05 to 20.
    """
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


def fit_digit_score(logits: npt.NDArray[np.float32], temperature: float) -> DigitScore:
    """Return the threshold of the greatest probability below which at most `REFUSED` of these digits lie.

    Args:
        logits: float32, (N, C), of held-out digits.
        temperature: from `fit_temperature`.
    """
    scores = np.sort(np.exp(log_softmax(logits / np.float32(temperature)).max(axis=1)))
    return DigitScore("max-probability", float(scores[int(REFUSED * len(scores))]))


def balanced_sample(glyphs: LabelledGlyphs, count: int, *, seed: int) -> LabelledGlyphs:
    """Return `count` of the glyphs with equally many of each of the ten digits.

    Raises:
        ValueError: there are too few of a digit.
    """
    rng = np.random.default_rng(seed)
    each = count // 10
    chosen = [rng.choice(np.flatnonzero(glyphs.labels == digit), each, replace=False) for digit in range(10)]
    order = rng.permutation(np.concatenate(chosen))
    return LabelledGlyphs(glyphs.glyphs[order], glyphs.labels[order])
