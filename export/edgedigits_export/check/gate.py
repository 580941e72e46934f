"""The gate: what a file has to answer, in each engine, before it is offered to anybody.

The gate knows numbers only, no framework: logits of the Keras model, logits of the file in an engine, labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgedigits.answers import BATCH_SIZES, Answers
from edgedigits.bundle import DigitScore
from edgedigits.intervals import wilson_interval
from edgedigits.logits import count_labels, interpret_logits
from edgedigits_export.check.comparison import answers as answers_of
from edgedigits_export.check.comparison import find_ties, losing_probability, margins, probabilities
from edgedigits_export.convert.formats.base import Tolerance
from edgedigits_export.errors import TrialError

SIGNIFICANT = 0.001
"""A loss on the evaluation images that chance explains with less than this probability is refused, however small."""

MOST_TIES = 0.01
"""Share of images on which the two best digits may tie though Keras tells them apart by more than a step of
quantization: then the answer hangs on the order of the labels."""

SIZE_SLACK = 64 * 1024
"""Bytes that a file may hold beyond its weights: names, graph, scales."""


_STEP = 1 / 128

REFUSED = -1
"""Stands for the answer that there is no digit: the digit score lies under the threshold."""


@dataclass(frozen=True)
class Reference:
    """What files are compared with.

    Attributes:
        logits: float32, (N, C), of the Keras model on the evaluation images.
        labels: uint8, (N,): what the images show.
        temperature: the logits are divided by it before the softmax.
        digit_score: how the runtime tells 'no digit' from the logits.
    """

    logits: npt.NDArray[np.float32]
    labels: npt.NDArray[np.uint8]
    temperature: float
    digit_score: DigitScore

    @property
    def classes(self) -> int:
        """How many labels there are, 'no digit' not counted."""
        return count_labels(self.logits.shape[1], self.digit_score)

    @property
    def hits(self) -> int:
        """How many images the Keras model answers right."""
        return int((self.answers(self.logits) == self.labels).sum())

    def answers(self, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.intp]:
        """Return the places of the labels that logits (N, C) answer, (N,)."""
        return answers_of(logits, self.classes)

    def scores(self, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the digit scores, float32 (N,), 0 to 1, of logits (N, C)."""
        return interpret_logits(logits, self.temperature, self.digit_score)[1]


@dataclass(frozen=True)
class Change:
    """An evaluation image that a file answers otherwise than Keras.

    Attributes:
        image: its index.
        reference: the digit that Keras answers, or `REFUSED`.
        answer: the digit that the file answers, or `REFUSED`.
    """

    image: int
    reference: int
    answer: int


@dataclass(frozen=True)
class GateResult:
    """How a file did in one engine.

    Attributes:
        accuracy: share of images answered right, 0 to 1.
        interval: its 95 % interval.
        accuracy_drop: by how much this lies under the accuracy of Keras, -1 to 1; answers that count as the same are.
        agreement: share of images answered as Keras answers them, 0 to 1.
        settled_agreement: the same, where an answer that is as good as Keras' own by Keras' logits, within a step of
            quantization, counts as the same: what the model itself is unsure of, eight bits may decide either way.
        max_probability_difference: the largest difference from Keras in any probability, 0 to 1.
        max_score_difference: the largest difference from Keras in any digit score, 0 to 1.
        refusals: images whose digit score lies on the other side of the threshold than with Keras: digits that are
            refused here or there only.
        lost: images that only Keras answers right, but for those that count as the same.
        won: images that only the file answers right, likewise.
        ties: images on which the two best digits tie.
        changes: the images answered otherwise than by Keras, refusals included.
        faults: what the gate holds against it; empty where it passed.
    """

    accuracy: float
    interval: tuple[float, float]
    accuracy_drop: float
    agreement: float
    settled_agreement: float
    max_probability_difference: float
    max_score_difference: float
    refusals: tuple[int, ...]
    lost: int
    won: int
    ties: int
    changes: tuple[Change, ...]
    faults: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing is held against it."""
        return not self.faults


def judge(answers: Answers, reference: Reference, tolerance: Tolerance) -> GateResult:
    """Compare what a file answers in an engine with what Keras answers.

    Raises:
        TrialError: the answers cannot be compared at all.
    """
    logits = answers.logits
    if logits.shape != reference.logits.shape:
        raise TrialError(f"it answers with shape {logits.shape}, the Keras model with {reference.logits.shape}")
    if not np.isfinite(logits).all():
        raise TrialError("it answers with values that are not finite")

    mine, theirs = reference.answers(logits), reference.answers(reference.logits)
    step = tolerance.step(reference.logits)
    rows = np.arange(len(mine))
    as_good = reference.logits[rows, theirs] - reference.logits[rows, mine] <= step
    settled = np.where(as_good, theirs, mine)
    right, reference_right = settled == reference.labels, theirs == reference.labels
    hits = int((mine == reference.labels).sum())
    difference = np.abs(
        probabilities(logits, reference.temperature) - probabilities(reference.logits, reference.temperature)
    )
    scores, reference_scores = reference.scores(logits), reference.scores(reference.logits)
    threshold = reference.digit_score.threshold
    refusals = np.flatnonzero((scores < threshold) != (reference_scores < threshold))
    # a logit that moves by a step moves the log odds of a score by as much, over the temperature
    doubtful = np.abs(_log_odds(reference_scores) - _log_odds(np.float32(threshold))) <= step / reference.temperature
    told = np.where(scores < threshold, REFUSED, mine)
    reference_told = np.where(reference_scores < threshold, REFUSED, theirs)
    measured = {
        "accuracy": hits / len(mine),
        "accuracy_drop": float(reference_right.mean() - right.mean()),
        "settled_agreement": float((settled == theirs).mean()),
        "max_probability_difference": float(difference.max()),
    }
    lost, won = int((reference_right & ~right).sum()), int((right & ~reference_right).sum())
    tied = find_ties(logits, reference.classes)
    unfounded = int((tied & (margins(reference.logits, reference.classes) > step)).sum())
    return GateResult(
        **measured,
        agreement=float((mine == theirs).mean()),
        interval=wilson_interval(hits, len(mine)),
        max_score_difference=float(np.abs(scores - reference_scores).max()),
        refusals=tuple(refusals.tolist()),
        lost=lost,
        won=won,
        ties=int(tied.sum()),
        changes=tuple(
            Change(int(image), int(reference_told[image]), int(told[image]))
            for image in np.flatnonzero(told != reference_told)
        ),
        faults=(
            *_faults_of_probabilities(logits),
            *_faults_of_answers(**measured, keras=float(reference_right.mean()), tolerance=tolerance),
            *_faults_of_refusals(int((~doubtful[refusals]).sum()), len(logits), tolerance),
            *_faults_of_losses(lost, won),
            *_faults_of_ties(unfounded, len(logits)),
            *_faults_of_batches(answers, reference.temperature, tolerance),
        ),
    )


def are_probabilities(logits: npt.NDArray[np.float32]) -> bool:
    """Tell whether a model's answers are probabilities: no logits of several images lie all between 0 and 1.

    Agreement with Keras cannot tell, where Keras answers so as well: the runtime would take the softmax once more, and
    find that no digit is sure.

    Args:
        logits: (N, C), N ≥ 1.
    """
    # an 8-bit softmax may exceed 1 by a step
    return bool(logits.min() >= -_STEP and logits.max() <= 1 + _STEP)


def _log_odds(scores: npt.NDArray[np.float32] | np.float32) -> npt.NDArray[np.float64]:
    p = np.clip(np.asarray(scores, np.float64), 1e-9, 1 - 1e-9)
    return np.asarray(np.log(p / (1 - p)))


def size_faults(size: int, weight_bytes: int) -> tuple[str, ...]:
    """Tell whether a file's size is not that of a model whose weights take so many bytes.

    Converters have been seen to write small files that hold no weights, and large ones that hold them twice.
    """
    if 0.9 * weight_bytes <= size <= 1.5 * weight_bytes + SIZE_SLACK:
        return ()
    return (f"it has {size:,} bytes where its weights take {weight_bytes:,}",)


def _faults_of_probabilities(logits: npt.NDArray[np.float32]) -> tuple[str, ...]:
    if not are_probabilities(logits):
        return ()
    return ("it answers with probabilities, not with logits: all of them lie between 0 and 1",)


def _faults_of_answers(
    accuracy: float,
    accuracy_drop: float,
    settled_agreement: float,
    max_probability_difference: float,
    keras: float,
    tolerance: Tolerance,
) -> tuple[str, ...]:
    faults = []
    # differences of two counts over the same images: the slack is for their rounding as floats only
    if accuracy_drop > tolerance.accuracy_drop + 1e-9:
        faults.append(
            f"accuracy {accuracy:.2%} lies {100 * accuracy_drop:.2f} points under Keras' {keras:.2%}"
            f" (at most {100 * tolerance.accuracy_drop:.2f})"
        )
    if settled_agreement < tolerance.agreement - 1e-9:
        faults.append(
            f"it answers as Keras on {settled_agreement:.2%} of the images (at least {tolerance.agreement:.2%})"
        )
    if tolerance.probability is not None and max_probability_difference > tolerance.probability:
        faults.append(
            f"a probability differs from Keras' by {max_probability_difference:.2g} (at most {tolerance.probability:g})"
        )
    return tuple(faults)


def _faults_of_refusals(refusals: int, images: int, tolerance: Tolerance) -> tuple[str, ...]:
    if refusals <= (1 - tolerance.agreement) * images + 1e-9:
        return ()
    return (
        f"it refuses or takes {refusals} of {images} digits otherwise than Keras does"
        f" (at most {1 - tolerance.agreement:.2%})",
    )


def _faults_of_losses(lost: int, won: int) -> tuple[str, ...]:
    chance = losing_probability(lost, won)
    if chance >= SIGNIFICANT:
        return ()
    return (f"it loses {lost} images and wins {won} against Keras, by chance with p = {chance:.1g} only",)


def _faults_of_ties(ties: int, images: int) -> tuple[str, ...]:
    if ties <= MOST_TIES * images:
        return ()
    return (f"its two best digits tie on {ties} of {images} images (at most {MOST_TIES:.0%})",)


def _faults_of_batches(answers: Answers, temperature: float, tolerance: Tolerance) -> tuple[str, ...]:
    whole = probabilities(answers.logits[: answers.batched.shape[1]], temperature)
    faults = []
    for size, logits in zip(BATCH_SIZES, answers.batched, strict=True):
        difference = float(np.abs(probabilities(logits, temperature) - whole).max())
        # written so that a difference that is not a number is a fault too
        if not difference <= tolerance.batch_probability:
            faults.append(f"in batches of {size} a probability differs by {difference:.2g} from the first pass")
    return tuple(faults)
