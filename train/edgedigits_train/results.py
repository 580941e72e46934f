"""What a training leaves: its files, made in a folder beside and published together."""

from __future__ import annotations

import platform
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from edgedigits.bundle import NONE as NOTHING
from edgedigits.bundle import DigitScore
from edgedigits.calibrating import fit_digit_score, fit_temperature
from edgedigits.errors import InputError
from edgedigits.glyphs import CONTRACT
from edgedigits.labelled.glyphs import LabelledGlyphs
from edgedigits.logits import interpret_logits
from edgedigits_train.backend import keras
from edgedigits_train.data.datasets import SYNTHETIC, Dataset, balanced_sample
from edgedigits_train.data.own_digits import OwnDigits
from edgedigits_train.data.training_set import NONE
from edgedigits_train.evaluation import plots
from edgedigits_train.evaluation.measures import calibration
from edgedigits_train.evaluation.metrics import ForeignRecord, Metrics, OwnRecord, Score, Share
from edgedigits_train.evaluation.reliability import reliability_diagram
from edgedigits_train.fit.fine_tuning import Base
from edgedigits_train.fit.fitting import Fit, TrainingError, predict_logits
from edgedigits_train.fit.interruption import Interrupted, Interruption
from edgedigits_train.recipes import Recipe

CALIBRATION_GLYPHS = 1_100

_NOT_MNIST = "Trained and tested on SYNTHETIC digits, not on MNIST: other figures than MNIST's"


@contextmanager
def staging(out: Path) -> Iterator[Path]:
    """Give a folder inside `out` in which files are made before they are published."""
    was_there = out.is_dir()
    try:
        out.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=out, prefix=".training-"))
    except OSError as error:
        raise InputError(f"Cannot write to {out} ({error.strerror}): choose another folder with --out.") from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if not was_there:
            with suppress(OSError):  # what was made for nothing goes; where something lies in it, it stays
                out.rmdir()


def publish(folder: Path, out: Path) -> None:
    """Move all files to `out`; metrics.json goes last."""
    for path in sorted(folder.iterdir(), key=lambda path: (path.name == "metrics.json", path.name)):
        path.replace(out / path.name)


@contextmanager
def publishing(out: Path) -> Iterator[Path]:
    """Give a folder for files that appear in `out` together where nothing goes wrong.

    Raises:
        InputError: `out` cannot be written to.
        TrainingError: the disk is full.
        Interrupted: by Ctrl-C or SIGTERM.
    """
    with Interruption() as interruption, staging(out) as folder:
        try:
            yield folder
            publish(folder, out)
        except KeyboardInterrupt:
            number = interruption.number or signal.SIGINT
            raise Interrupted(f"Stopped; nothing in {out} was changed.", number) from None
        except OSError as error:
            raise TrainingError(
                f"Cannot write the results to {out} ({error.strerror}): make room, or choose another --out."
            ) from error


def write_results(
    folder: Path,
    fitted: Fit,
    dataset: Dataset,
    training: LabelledGlyphs,
    *,
    recipe: Recipe | Mapping[str, Any],
    seed: int,
    data: Mapping[str, str],
    spent: Callable[[], tuple[float, float]],
    own: OwnDigits | None = None,
    base: Base | None = None,
    foreign: ForeignRecord | None = None,
) -> Metrics:
    """Calibrate and score a model, and write everything about it into a folder.

    Args:
        folder: is there, and empty.
        fitted: the model and how it came about.
        dataset: what it is calibrated and scored with.
        training: what it was fitted to; glyphs for quantization are taken from it.
        recipe: by which it was trained.
        seed: of all that was random.
        data: SHA-256 by name, of what it was trained on.
        spent: tells the seconds and CPU seconds so far.
        own: the user's own digits among what it was fitted to.
        base: the model that was fine-tuned to them.
        foreign: the model of another origin that it was.
    """
    model = fitted.model
    held_out = predict_logits(model, dataset.held_out.glyphs)
    classes = len(dataset.labels)
    temperature = fit_temperature(held_out, dataset.held_out.labels, classes=classes)
    digit_score = fit_digit_score(held_out, temperature, classes=classes)
    test = predict_logits(model, dataset.test.glyphs)

    model.save(folder / "digits.keras")
    note = _NOT_MNIST if dataset.name == SYNTHETIC else ""
    plots.curves(fitted.history, folder / "curves.png", note)
    plots.confusion(test, dataset.test.labels, folder / "confusion.png", note, dataset.labels)
    plots.mistakes(dataset.test, test, temperature, folder / "mistakes.png", note, dataset.labels)
    reliability = _reliability(test, dataset.test.labels, temperature, digit_score)
    plots.save(reliability, folder / "reliability.png", note)
    _save_arrays(_calibrating(training, seed), folder / "calibration.npz")
    _save_arrays(dataset.test, folder / "evaluation.npz")
    record = _own_record(own, base, model, temperature, digit_score, dataset.test) if own else None
    seconds, cpu_seconds = spent()
    metrics = Metrics(
        recipe=recipe,
        seed=seed,
        training_data=f"{dataset.name}, {len(own.training)} own digits" if own else dataset.name,
        data=data,
        parameters=model.count_params(),
        test=Score.of(test, dataset.test.labels, classes),
        validation=Score.of(held_out, dataset.held_out.labels, classes),
        temperature=temperature,
        digit_score=digit_score,
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        versions=_versions(),
        normalisation=CONTRACT.digest,
        files={path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())},
        own=record,
        foreign=foreign,
        labels=(*dataset.labels, *[NOTHING] * (held_out.shape[1] - classes)),
        notes=dataset.notes,
    )
    (folder / "metrics.json").write_text(metrics.to_json(), encoding="utf-8")
    return metrics


def _calibrating(training: LabelledGlyphs, seed: int) -> LabelledGlyphs:
    """Return glyphs for quantization, as many of each label as there are of the rarest, but no more than are needed."""
    counts = np.unique(training.labels, return_counts=True)[1]
    return balanced_sample(training, min(CALIBRATION_GLYPHS, int(counts.min()) * len(counts)), seed=seed)


def _reliability(
    logits: npt.NDArray[np.float32], labels: npt.NDArray[np.uint8], temperature: float, digit_score: DigitScore
) -> Figure:
    probabilities, _ = interpret_logits(logits, temperature, digit_score)
    found = calibration(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels)
    return reliability_diagram([("test digits", found)])


def _own_record(
    own: OwnDigits,
    base: Base | None,
    model: keras.Model,
    temperature: float,
    digit_score: DigitScore,
    test: LabelledGlyphs,
) -> OwnRecord:
    record = OwnRecord(
        own.digest, own.hashes, len(own.training), read_right(model, own.held_out, temperature, digit_score)
    )
    if base is None:
        return record
    return replace(
        record,
        before=read_right(base.model, own.held_out, base.metrics["temperature"], base.digit_score),
        base={**base.metrics, "digest": base.digest},
        base_test=Score.of(predict_logits(base.model, test.glyphs), test.labels),
    )


def read_right(model: keras.Model, data: LabelledGlyphs, temperature: float, digit_score: DigitScore) -> Share | None:
    """Return how many glyphs are read right: a digit as itself, and what is none as none; None of no glyphs."""
    if not len(data):
        return None
    probabilities, scores = interpret_logits(predict_logits(model, data.glyphs), temperature, digit_score)
    answers = np.where((data.labels == NONE) & (scores < digit_score.threshold), NONE, probabilities.argmax(axis=1))
    return Share.of(answers == data.labels)


def _save_arrays(data: LabelledGlyphs, path: Path) -> None:
    np.savez_compressed(path, glyphs=data.glyphs, labels=data.labels)


def _versions() -> dict[str, str]:
    import cv2

    backend = keras.backend.backend()
    return {
        "python": platform.python_version(),
        backend: str(import_module(backend).__version__),
        "keras": keras.__version__,
        "numpy": np.__version__,
        "opencv": cv2.__version__,
    }
