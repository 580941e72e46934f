"""Putting a model through the benchmark."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgedigits.arrays import Float32Array, UInt8Array
from edgedigits.intervals import wilson_interval
from edgedigits.logits import interpret_logits
from edgedigits_train.evaluation.benchmark import Benchmark
from edgedigits_train.evaluation.corruptions import CORRUPTIONS
from edgedigits_train.evaluation.measures import Calibration, Separation, calibration, separation
from edgedigits_train.evaluation.models import Model

SURE = 0.99
"""A wrong answer of more confidence than this is listed by itself."""


@dataclass(frozen=True)
class Answers:
    """What a model answers to N glyphs, as the runtime gives it to the user.

    Attributes:
        values: the digits, (N,), 0 to 9.
        confidences: their calibrated probabilities among the ten digits, float32 (N,).
        digit_scores: float32, (N,), 0 to 1; below the threshold the runtime takes a glyph for no digit. 0 for blank
            glyphs, whatever the model says.
        largest: `confidences`, but nothing for blank glyphs: a rival score (Hendrycks and Gimpel 2017, "A baseline for
            detecting misclassified and out-of-distribution examples in neural networks").
        energies: the negative free energy of the ten digit logits, another rival (Liu et al. 2020, "Energy-based
            out-of-distribution detection").
    """

    values: npt.NDArray[np.intp]
    confidences: Float32Array
    digit_scores: Float32Array
    largest: Float32Array
    energies: Float32Array


def answer(model: Model, glyphs: UInt8Array) -> Answers:
    """Ask a model, and read its logits as the runtime does.

    Args:
        model: what is asked.
        glyphs: uint8, (N, 28, 28, 1), N ≥ 1.
    """
    logits = model.predict(glyphs)
    probabilities, scores = interpret_logits(logits, model.temperature, model.digit_score)
    scaled = logits[:, :10].astype(np.float64) / model.temperature
    top = scaled.max(axis=1)
    energies = top + np.log(np.exp(scaled - top[:, np.newaxis]).sum(axis=1))
    blank = ~glyphs.any(axis=(1, 2, 3))
    confidences = probabilities.max(axis=1)
    largest = np.where(blank, 0, confidences)
    scores[blank] = 0
    energies[blank] = -np.inf
    return Answers(probabilities.argmax(axis=1), confidences, scores, largest, energies.astype(np.float32))


@dataclass(frozen=True)
class Accuracy:
    """How many answers to how many images are right, with the 95 % Wilson interval, and what share is refused."""

    accuracy: float
    interval: tuple[float, float]
    right: int
    images: int
    refused: float


@dataclass(frozen=True)
class Robustness:
    """Accuracy by corruption, key of `CORRUPTIONS`; the mean over them, the worst, and that on negatives."""

    kinds: Mapping[str, Accuracy]
    mean: float
    worst: float
    worst_kind: str
    inverted: Accuracy


@dataclass(frozen=True)
class OutlierKind:
    """How one kind of outliers is told from the test digits.

    Attributes:
        held_out: whether training uses no such kind.
        count: how many of it.
        score: by the score that the model's manifest names.
        largest: by the largest of the ten digits' probabilities, of the same logits.
        energy: by the energy of the same logits.
        accepted: share that passes the threshold, and would be read as a digit.
    """

    held_out: bool
    count: int
    score: Separation
    largest: Separation
    energy: Separation
    accepted: float


@dataclass(frozen=True)
class Rejection:
    """How well what is no digit is told from what is one.

    Attributes:
        kinds: by title.
        mean: area under the ROC curve, mean over the held-out kinds; `mean_largest` and `mean_energy` those of the
            rival scores.
        mean_fpr95: likewise, of the share that passes where 95 % of the digits do.
        mean_accepted: likewise, of the share that passes the threshold.
        worst: the least of them, of `worst_kind`.
        refused: share of the test digits that fall below the threshold.
        accepted_accuracy: accuracy on the test digits that do not.
    """

    kinds: Mapping[str, OutlierKind]
    mean: float
    worst: float
    worst_kind: str
    mean_largest: float
    mean_energy: float
    mean_fpr95: float
    mean_accepted: float
    refused: float
    accepted_accuracy: float


@dataclass(frozen=True)
class Mistake:
    """A wrong answer: place in the test set, truth, answer, confidence, digit score."""

    index: int
    truth: int
    answer: int
    confidence: float
    digit_score: float


@dataclass(frozen=True)
class Evaluation:
    """All that was measured of one model. `right` says for each test image whether it was answered right, bool (N,)."""

    model: Model
    test: Accuracy
    robustness: Robustness
    outliers: Rejection
    calibration: Calibration
    sure_mistakes: tuple[Mistake, ...]
    right: npt.NDArray[np.bool_]


STEPS = len(CORRUPTIONS) + 2
"""How often `evaluate` calls `advance`."""


def evaluate(model: Model, benchmark: Benchmark, advance: Callable[[], None] = lambda: None) -> Evaluation:
    """Measure a model.

    Args:
        model: from `open_model`.
        benchmark: from `build_benchmark`.
        advance: called after each of `STEPS` steps.
    """
    threshold, labels = model.digit_score.threshold, benchmark.labels
    digits = answer(model, benchmark.digits)
    right = digits.values == labels
    inverted = _accuracy(answer(model, benchmark.inverted), labels, threshold)
    advance()
    kinds = {}
    for kind, glyphs in benchmark.corrupted.items():
        kinds[kind] = _accuracy(answer(model, glyphs), labels, threshold)
        advance()
    outliers = _rejection(model, benchmark, digits, right)
    advance()
    worst = min(kinds, key=lambda kind: kinds[kind].accuracy)
    return Evaluation(
        model=model,
        test=_accuracy(digits, labels, threshold),
        robustness=Robustness(
            kinds, float(np.mean([kind.accuracy for kind in kinds.values()])), kinds[worst].accuracy, worst, inverted
        ),
        outliers=outliers,
        calibration=calibration(digits.confidences, right),
        sure_mistakes=tuple(
            Mistake(
                int(index),
                int(labels[index]),
                int(digits.values[index]),
                float(digits.confidences[index]),
                float(digits.digit_scores[index]),
            )
            for index in np.flatnonzero(~right & (digits.confidences > SURE))
        ),
        right=right,
    )


def _accuracy(answers: Answers, labels: UInt8Array, threshold: float) -> Accuracy:
    right, images = int(np.count_nonzero(answers.values == labels)), len(labels)
    refused = float(np.mean(answers.digit_scores < threshold))
    return Accuracy(right / images, wilson_interval(right, images), right, images, refused)


def _rejection(model: Model, benchmark: Benchmark, digits: Answers, right: npt.NDArray[np.bool_]) -> Rejection:
    threshold = model.digit_score.threshold
    kinds = {}
    for outliers in benchmark.outliers:
        given = answer(model, outliers.glyphs)
        kinds[outliers.title] = OutlierKind(
            held_out=outliers.held_out,
            count=len(outliers.glyphs),
            score=separation(digits.digit_scores, given.digit_scores),
            largest=separation(digits.largest, given.largest),
            energy=separation(digits.energies, given.energies),
            accepted=float(np.mean(given.digit_scores >= threshold)),
        )
    held_out = {title: kind for title, kind in kinds.items() if kind.held_out}
    worst = min(held_out, key=lambda title: held_out[title].score.auroc)
    accepted = digits.digit_scores >= threshold
    return Rejection(
        kinds=kinds,
        mean=float(np.mean([kind.score.auroc for kind in held_out.values()])),
        worst=held_out[worst].score.auroc,
        worst_kind=worst,
        mean_largest=float(np.mean([kind.largest.auroc for kind in held_out.values()])),
        mean_energy=float(np.mean([kind.energy.auroc for kind in held_out.values()])),
        mean_fpr95=float(np.mean([kind.score.fpr95 for kind in held_out.values()])),
        mean_accepted=float(np.mean([kind.accepted for kind in held_out.values()])),
        refused=float(np.mean(~accepted)),
        accepted_accuracy=float(np.mean(right[accepted])),
    )
