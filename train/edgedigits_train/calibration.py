"""From logits to honest probabilities, and the images that quantization is calibrated with."""

from __future__ import annotations

import numpy as np

from edgedigits.calibrating import REFUSED, fit_digit_score, fit_temperature
from edgedigits_train.datasets import LabelledGlyphs

__all__ = ["REFUSED", "balanced_sample", "fit_digit_score", "fit_temperature"]


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
