"""The statistics of an evaluation: how well scores separate, whether confidence is honest, how sure all that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgedigits.arrays import FloatArray

BINS = 15
"""Bins of the calibration error, as in Guo et al. (2017)."""


@dataclass(frozen=True)
class Separation:
    """How well a score tells digits from outliers.

    Attributes:
        auroc: chance that a digit scores higher than an outlier; ties count half. 0 to 1.
        interval: 95 % interval of it.
        fpr95: share of the outliers that score at least as high as the 95 % highest-scoring digits do. 0 to 1.
    """

    auroc: float
    interval: tuple[float, float]
    fpr95: float


def separation(digits: FloatArray, outliers: FloatArray) -> Separation:
    """Compare the scores of digits with those of outliers.

    The interval of the area is that of DeLong, DeLong, Clarke-Pearson (1988), "Comparing the areas under two or more
    correlated receiver operating characteristic curves".

    Args:
        digits: (N,), N ≥ 2, higher for what is a digit.
        outliers: (M,), M ≥ 2.

    Example:
        >>> separation(np.array([0.9, 0.8, 0.7]), np.array([0.7, 0.1])).auroc
        0.9166666666666666
    """
    # for each digit the share of outliers below it, for each outlier that of digits above it
    below = (_rank(digits, outliers, "left") + _rank(digits, outliers, "right")) / (2 * len(outliers))
    above = 1 - (_rank(outliers, digits, "left") + _rank(outliers, digits, "right")) / (2 * len(digits))
    auroc = float(below.mean())
    spread = 1.959964 * math.sqrt(float(below.var(ddof=1)) / len(digits) + float(above.var(ddof=1)) / len(outliers))
    accepting = np.sort(digits)[int(0.05 * len(digits))]
    return Separation(
        auroc,
        (max(0.0, auroc - spread), min(1.0, auroc + spread)),
        float(np.mean(outliers >= accepting)),
    )


def _rank(values: FloatArray, among: FloatArray, side: Any) -> FloatArray:
    return np.searchsorted(np.sort(among), values, side=side).astype(np.float64)


@dataclass(frozen=True)
class Bin:
    """Answers of similar confidence: how many, their mean confidence, and the share that is right."""

    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Calibration:
    """Whether confidence is honest.

    Attributes:
        ece: expected calibration error, 0 to 1, over 15 bins of equal width (Guo, Pleiss, Sun, Weinberger 2017, "On
            calibration of modern neural networks").
        ece_equal_mass: the same over 15 bins of equally many answers.
        mean_confidence: of all answers.
        bins: the bins of equal width that are not empty.
        bins_equal_mass: those of equally many answers.
    """

    ece: float
    ece_equal_mass: float
    mean_confidence: float
    bins: tuple[Bin, ...]
    bins_equal_mass: tuple[Bin, ...]


def calibration(confidence: FloatArray, right: npt.NDArray[np.bool_]) -> Calibration:
    """Compare confidences with how often the answers are right.

    Args:
        confidence: (N,), N ≥ 15, 0 to 1, of the answer given.
        right: bool, (N,).

    Example:
        >>> round(calibration(np.full(100, 0.9), np.arange(100) < 80).ece, 6)
        0.1
    """
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    equal_width = [np.flatnonzero(places == number) for number in range(BINS)]
    equal_mass = np.array_split(np.argsort(confidence, kind="stable"), BINS)
    bins = tuple(_bin(confidence[part], right[part]) for part in equal_width if len(part))
    bins_equal_mass = tuple(_bin(confidence[part], right[part]) for part in equal_mass)
    return Calibration(_ece(bins), _ece(bins_equal_mass), float(np.mean(confidence)), bins, bins_equal_mass)


def _bin(confidence: FloatArray, right: npt.NDArray[np.bool_]) -> Bin:
    return Bin(len(right), float(np.mean(confidence, dtype=np.float64)), float(right.mean()))


def _ece(bins: Sequence[Bin]) -> float:
    return sum(part.count * abs(part.confidence - part.accuracy) for part in bins) / sum(part.count for part in bins)


@dataclass(frozen=True)
class Spread:
    """A value over several models: mean, standard deviation, and the 95 % interval of the mean (Student 1908).

    `deviation` and `interval` are None where there is one model only.
    """

    mean: float
    deviation: float | None
    interval: tuple[float, float] | None


_T975 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131),
    *(2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
"""97.5 % quantiles of Student's t with 1, 2, … 30 degrees of freedom."""


def spread(values: Sequence[float]) -> Spread:
    """Summarise one value of each of several models.

    Example:
        >>> spread([0.996, 0.997, 0.998]).deviation
        0.0010000000000000009
    """
    mean = math.fsum(values) / len(values)
    if len(values) == 1:
        return Spread(mean, None, None)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
    half = _T975[min(len(values) - 1, len(_T975)) - 1] * deviation / math.sqrt(len(values))
    return Spread(mean, deviation, (mean - half, mean + half))


@dataclass(frozen=True)
class PairedTest:
    """Two models on the same images.

    Attributes:
        only_first: images that only the first answers right.
        only_second: images that only the second answers right.
        p: two-sided p-value of McNemar's exact test, that both are equally good.
    """

    only_first: int
    only_second: int
    p: float


def mcnemar(first_right: npt.NDArray[np.bool_], second_right: npt.NDArray[np.bool_]) -> PairedTest:
    """Compare two models' answers to the same images, bool (N,) each (McNemar 1947, exact).

    Example:
        >>> mcnemar(np.array([True] * 6 + [False]), np.array([False] * 6 + [True])).p
        0.125
    """
    only_first = int(np.count_nonzero(first_right & ~second_right))
    only_second = int(np.count_nonzero(second_right & ~first_right))
    trials, least = only_first + only_second, min(only_first, only_second)
    tail = sum(math.comb(trials, hits) for hits in range(least + 1)) / 2**trials
    return PairedTest(only_first, only_second, min(1.0, 2 * tail))
