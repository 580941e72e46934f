"""What a training came to: scores with their intervals, and the record that metrics.json holds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgedigits.bundle import DIGITS, NONE, DigitScore
from edgedigits.intervals import wilson_interval
from edgedigits.logits import log_softmax
from edgedigits_train.recipes import Recipe


@dataclass(frozen=True)
class Score:
    """How a model did on a set of images.

    Attributes:
        accuracy: share of right answers, 0 to 1.
        interval: 95 % Wilson interval of the accuracy.
        errors: wrong answers.
        images: all answers.
        loss: mean cross-entropy over the labels, the ten digits, in nats, before the temperature.
    """

    accuracy: float
    interval: tuple[float, float]
    errors: int
    images: int
    loss: float

    @classmethod
    def of(cls, logits: npt.NDArray[np.float32], labels: npt.NDArray[np.uint8], classes: int = 10) -> Score:
        """Score logits (N, C) against labels (N,); the answer is the best of the first `classes`, the ten digits."""
        images, digits = len(labels), logits[:, :classes]
        errors = int(np.count_nonzero(digits.argmax(axis=1) != labels))
        loss = -float(log_softmax(digits)[np.arange(images), labels].mean())
        return cls((images - errors) / images, wilson_interval(images - errors, images), errors, images, loss)

    def __str__(self) -> str:
        low, high = (100 * bound for bound in self.interval)
        return f"{100 * self.accuracy:.2f} % ({low:.2f}–{high:.2f}), {self.errors} of {self.images} wrong"


@dataclass(frozen=True)
class Share:
    """How many of some pictures were answered right.

    Attributes:
        right: those.
        pictures: all of them.
        interval: 95 % Wilson interval of the share.
    """

    right: int
    pictures: int
    interval: tuple[float, float]

    @classmethod
    def of(cls, right: npt.NDArray[np.bool_]) -> Share:
        """Count what is right, (N,)."""
        count = int(np.count_nonzero(right))
        return cls(count, len(right), wilson_interval(count, len(right)))

    def __str__(self) -> str:
        return f"{self.right} of {self.pictures} right"


@dataclass(frozen=True)
class OwnRecord:
    """What a training made of a user's own digits.

    Attributes:
        digest: SHA-256 of all pictures and labels.
        pictures: SHA-256 of each, by its path inside their folder.
        learnt: how many were trained on; the others were held out to measure with.
        before: how the model that was fine-tuned read those that were held out; None where there is nothing to say.
        after: how the model reads them now, likewise.
        base: the record of the model that was fine-tuned, and the SHA-256 of its file; None where none was.
        base_test: its score on the dataset's test images.
    """

    digest: str
    pictures: Mapping[str, str]
    learnt: int
    after: Share | None
    before: Share | None = None
    base: Mapping[str, Any] | None = None
    base_test: Score | None = None


@dataclass(frozen=True)
class ForeignRecord:
    """The model of another origin that a training fine-tuned.

    Attributes:
        name: of its file.
        digest: SHA-256 of the file.
        knew_none: whether it had a class for what is no digit.
        test: its score on the dataset's test images.
    """

    name: str
    digest: str
    knew_none: bool
    test: Score


@dataclass(frozen=True)
class Metrics:
    """The record of a training; its fields are those of metrics.json.

    Attributes:
        recipe: all that was chosen.
        seed: of weights, order and augmentation.
        training_data: name of the dataset.
        data: SHA-256 of the dataset's files, by name.
        parameters: number of the model's parameters.
        test: score on the test images.
        validation: score on the held-out training images.
        temperature: divide logits by it for calibrated probabilities.
        digit_score: how 'not a digit' is told.
        seconds: wall time, plots and evaluation included.
        cpu_seconds: CPU time of all threads, likewise.
        versions: of Python and the libraries.
        normalisation: digest of the glyph contract.
        files: SHA-256 of what was written, by name.
        own: about the user's own digits, where there were any.
        foreign: about the model that was fine-tuned, where it came from elsewhere.
        labels: what the model's outputs stand for, "none" for what is none of the others.
        notes: what is to be said of the data.
        schema: version of this record.
    """

    recipe: Recipe | Mapping[str, Any]
    seed: int
    training_data: str
    data: Mapping[str, str]
    parameters: int
    test: Score
    validation: Score
    temperature: float
    digit_score: DigitScore
    seconds: float
    cpu_seconds: float
    versions: Mapping[str, str]
    normalisation: str
    files: Mapping[str, str]
    own: OwnRecord | None = None
    foreign: ForeignRecord | None = None
    labels: Sequence[str] = (*DIGITS, NONE)
    notes: Sequence[str] = ()
    schema: int = 1

    def to_json(self) -> str:
        """Return the content of metrics.json."""
        record: dict[str, Any] = {"schema": self.schema, **asdict(self)}
        return json.dumps(record, indent=2) + "\n"
