"""From logits to honest probabilities, and the images that quantization is calibrated with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgedigits.bundle import DigitScore
from edgedigits.logits import interpret_logits
from edgedigits_train.datasets import LabelledGlyphs
from edgedigits_train.metrics import log_softmax

REFUSED = 0.002
"""The share of held-out digits that may be refused as 'not a digit'; 0.005 is promised for others."""


def fit_temperature(logits: npt.NDArray[np.float32], labels: npt.NDArray[np.uint8]) -> float:
    """Return the temperature that makes softmax(digits / temperature) fit the labels best.

    The likelihood is concave in 1 / temperature, so its one maximum is found by bisection of its slope
    (Guo, Pleiss, Sun, Weinberger 2017, "On calibration of modern neural networks").

    Args:
        logits: float32, (N, C), of images that the model was not fitted to; the ten digits come first, and count.
        labels: uint8, (N,).

    Returns:
        The temperature, 0.05 to 20.
    """
    logits = logits[:, :10]
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
    """Return the threshold of the digit score below which at most `REFUSED` of these digits lie.

    The score is one minus the probability of the class that stands for everything else. It was chosen over the
    greatest probability and the energy of the digits (Liu, Wang, Owens, Li 2020) by measurement: docs/evaluation.md.

    Args:
        logits: float32, (N, 11), of held-out digits; (N, 10) of a model without that class, whose score can be the
            greatest probability only.
        temperature: from `fit_temperature`.
    """
    method = "outlier-class" if logits.shape[1] > 10 else "max-probability"
    _, scores = interpret_logits(logits, temperature, DigitScore(method, 0.0))
    return DigitScore(method, float(np.sort(scores)[int(REFUSED * len(scores))]))


def balanced_sample(glyphs: LabelledGlyphs, count: int, *, seed: int) -> LabelledGlyphs:
    """Return `count` of the glyphs with equally many of each label.

    Raises:
        ValueError: there are too few of a label.
    """
    rng = np.random.default_rng(seed)
    present = np.unique(glyphs.labels)
    each = count // len(present)
    chosen = [rng.choice(np.flatnonzero(glyphs.labels == label), each, replace=False) for label in present]
    return glyphs[rng.permutation(np.concatenate(chosen))]
