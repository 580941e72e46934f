"""Adopting: a foreign model becomes what a training would have left: model, images, temperature, threshold, metrics."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgedigits.bundle import DIGITS, TEMPERATURES, DigitScore
from edgedigits.calibrating import fit_digit_score, fit_temperature
from edgedigits.errors import InputError
from edgedigits.glyphs import CONTRACT, SIDE
from edgedigits.labelled import ALL, NONE, TEST, TRAINING, Examples, find_mnist, load_examples
from edgedigits.labelled.glyphs import LabelledGlyphs
from edgedigits.logits import interpret_logits
from edgedigits_export.foreign.detecting import ASKED, Detection, detect
from edgedigits_export.foreign.forms import Scale
from edgedigits_export.foreign.graph import FrozenGraph
from edgedigits_export.foreign.opening import open_model
from edgedigits_export.silence import silenced
from edgedigits_export.source import KerasLayer, TrainedModel

_MOST_SCORED = 10_000
"""Evaluation images, drawn at random where there are more."""
_CALIBRATED = 1_100
"""Images that activation ranges are taken from, as many of each label as there are."""
_MUCH_BETTER = 0.02
_AT_LEAST = 20
"""Evaluation images: from fewer nothing can be told."""


@dataclass(frozen=True, eq=False)
class ForeignModel(TrainedModel):
    """A model that `edgedigits train` did not make, in the form of one that it did.

    Attributes:
        graph: the model itself.
        detection: what it takes and answers.
    """

    graph: FrozenGraph | None = None
    detection: Detection | None = None

    @property
    def partly_float(self) -> bool:
        """Whether it divides its images by a length, or takes a logarithm."""
        assert self.detection is not None
        return self.detection.form.scale == "rows" or self.detection.output == "probabilities"

    @cached_property
    def keras_model(self) -> Any:
        """The model, uint8 (N, 28, 28, 1) to float32 logits (N, C)."""
        from edgedigits_export.foreign.wrapping import wrap

        assert self.graph is not None
        assert self.detection is not None
        with silenced():
            return wrap(self.graph, self.detection)

    @cached_property
    def layers(self) -> tuple[KerasLayer, ...]:
        """What multiplies with weights in its graph."""
        assert self.graph is not None
        return tuple(KerasLayer(name, kind, size, multiplies=True) for name, kind, size in self.graph.layers)


@dataclass(frozen=True, eq=False)
class Adopted:
    """A foreign model and what was found out about it.

    Attributes:
        model: what `export_bundle` takes.
        lines: what was found, for people.
    """

    model: ForeignModel
    lines: tuple[str, ...]


def adopt(
    path: Path,
    *,
    evaluation: Path | None = None,
    calibration: Path | None = None,
    labels: Sequence[str] | None = None,
    scale: Scale | None = None,
    run_code: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> Adopted:
    """Open a model, find out what it takes and answers, and fit temperature and threshold.

    Temperature and threshold are fitted to the evaluation images, because the model has probably seen all others; they
    change no answer.

    Args:
        path: a .keras or .h5 file, or the folder of a SavedModel.
        evaluation: labelled images that the model has not seen; None for MNIST's test images.
        calibration: labelled images that it may have seen; None for the training images of `evaluation`'s source, or
            else a fifth of it, or MNIST's.
        labels: what the model's outputs stand for, "none" last for 'no digit'; None for the ten digits, or for the
            labels of the evaluation images.
        scale: what numbers it takes; None to find out.
        run_code: load Lambda layers.
        progress: is told what is being done.

    Raises:
        InputError: the model or the images cannot be used; says what to do.
    """
    progress(f"opening {path.name}")
    graph = open_model(path, run_code=run_code)
    if graph.classes < 2:
        counted = "1 number" if graph.classes else "0 numbers"
        raise InputError(f"{path} answers with {counted}: export takes models with one for each label.")
    progress("reading the images")
    judged, ranged, notes = _images(evaluation, calibration, labels)
    names = _labels(path, graph, labels, judged)
    classes = names[:-1] if names[-1] == NONE else names
    judged = judged[judged.labels != NONE]
    if names[-1] != NONE:
        ranged = ranged[ranged.labels != NONE]
    where = evaluation or "the evaluation images"
    if len(judged) < _AT_LEAST or len(judged.classes) < 2:
        raise InputError(
            f"{where} has {len(judged)} images of {len(judged.classes)} labels to judge the model by; give at least"
            f" {_AT_LEAST} images, and more than one label."
        )
    rng = np.random.default_rng(0)
    judged = judged[np.sort(rng.permutation(len(judged))[:_MOST_SCORED])]
    scored = LabelledGlyphs(judged.glyphs, judged.numbered(classes, where))
    ranged = _balanced(ranged, rng)
    seen = _digests(scored.glyphs)
    fresh = np.array([hashlib.sha256(glyph).digest() not in seen for glyph in ranged.glyphs])
    if not fresh.all():
        twin = ranged.names[~fresh][0]
        notes.append(f"left out {(~fresh).sum()} calibration images that are evaluation images as well, such as {twin}")
        ranged = ranged[fresh]
    if not len(ranged):
        raise InputError("All calibration images are evaluation images as well; name others with --calibration.")
    calibrated = LabelledGlyphs(ranged.glyphs, ranged.numbered(names, calibration or where))

    progress("finding out what the model takes")
    try:
        with silenced():
            found = detect(graph, scored.glyphs, scored.labels, classes, scale)
    except InputError as error:
        raise InputError(f"{path} cannot be exported: {error}.") from None
    notes += _told_raw(graph, found, judged, scored.labels)
    model = ForeignModel(path.parent, {}, calibrated, scored, graph=graph, detection=found)
    with silenced():
        logits = model.reference_logits()
    temperature = float(np.clip(fit_temperature(logits, scored.labels, classes=len(classes)), *TEMPERATURES))
    score = _between(fit_digit_score(logits, temperature, classes=len(classes)), logits, temperature)
    right = int((logits[:, : len(classes)].argmax(axis=1) == scored.labels).sum())
    metrics = {
        "recipe": {"name": f"foreign model {path.name}", "detected": {**found.form.facts(), "output": found.output}},
        "seed": None,
        "training_data": "unknown data",
        "data": {path.name: _digest(path)},
        "parameters": graph.parameters,
        "test": {"accuracy": right / len(scored.labels)},
        "temperature": temperature,
        "digit_score": asdict(score),
        "labels": list(names),
        "versions": {"python": platform.python_version(), "keras": version("keras"), "tensorflow": _tensorflow()},
        "normalisation": CONTRACT.digest,
    }
    model = replace(model, metrics=metrics)
    lines = (
        *found.lines(),
        f"labels   {', '.join(names)}",
        f"right    {right / len(scored.labels):.2%} of {len(scored.labels):,} evaluation images",
        *notes,
    )
    return Adopted(model, lines)


def _told_raw(graph: FrozenGraph, found: Detection, judged: Examples, labels: npt.NDArray[np.uint8]) -> list[str]:
    """Return what is to be said where the model knows the images as they are much better than as glyphs."""
    if judged.are_glyphs or judged.images.shape[1:] != (SIDE, SIDE):
        return []
    answers = graph.without_activation().answer(found.form.prepare(judged.images[:ASKED, ..., np.newaxis]))
    raw = float((answers.argmax(axis=1) == labels[:ASKED]).mean())
    shown = next(attempt.accuracy for attempt in found.attempts if attempt.form == found.form)
    if raw < shown + _MUCH_BETTER:
        return []
    return [
        f"beware   of these images as they are it answers {raw:.2%} right, but the runtime centres and scales what it"
        " shows to a model as MNIST does: train it on such images (edgedigits.glyphs.normalise_crops)"
    ]


def _between(score: DigitScore, logits: npt.NDArray[np.float32], temperature: float) -> DigitScore:
    """Return a threshold that lies between two of these images' scores, on which rounding may decide otherwise."""
    _, scores = interpret_logits(logits, temperature, score)
    under = scores[scores < score.threshold]
    return replace(score, threshold=(float(under.max(initial=0.0)) + score.threshold) / 2)


def _images(
    evaluation: Path | None, calibration: Path | None, labels: Sequence[str] | None
) -> tuple[Examples, Examples, list[str]]:
    """Return the images to judge by, those to take ranges from, and what is to be said of them."""
    notes = []
    parts = load_examples(evaluation or find_mnist(), labels=labels)
    judged = parts[TEST] if TEST in parts else parts[ALL]
    if calibration is not None:
        own = load_examples(calibration, labels=labels)
        ranged = own[TRAINING] if TRAINING in own else own[ALL]
    elif TRAINING in parts:
        ranged = parts[TRAINING]
    else:
        order = np.random.default_rng(1).permutation(len(judged))
        fifth = max(1, len(judged) // 5)
        judged, ranged = judged[np.sort(order[fifth:])], judged[np.sort(order[:fifth])]
        notes.append(f"drawn    {len(ranged):,} of the images of {evaluation} for calibration, the others to judge by")
    if judged.transposed:
        notes.append("turned   the images, which were stored with rows and columns exchanged, as EMNIST's are")
    if judged.skipped:
        notes.append(f"skipped  {judged.skipped} pictures of several digits")
    return judged, ranged, notes


def _labels(path: Path, graph: FrozenGraph, labels: Sequence[str] | None, judged: Examples) -> tuple[str, ...]:
    """Return what the model's outputs stand for."""
    names = tuple(name for name in judged.classes if name != NONE)
    if labels is not None:
        chosen = tuple(labels)
    elif set(names) <= set(DIGITS) and graph.classes in (10, 11):
        chosen = (*DIGITS, NONE)[: graph.classes]
    else:
        chosen = (*names, NONE)[: graph.classes] if graph.classes <= len(names) + 1 else names
    if len(chosen) != graph.classes:
        raise InputError(
            f"{path} answers with {graph.classes} numbers, and there are {len(chosen)} labels"
            f" ({', '.join(chosen[:12])}{', …' if len(chosen) > 12 else ''}); name them all with --labels, in the order"
            " of its outputs."
        )
    return chosen


def _balanced(examples: Examples, rng: np.random.Generator) -> Examples:
    """Return some images with equally many of each label, as far as there are."""
    each = max(1, _CALIBRATED // len(examples.classes))
    chosen = [rng.permutation(np.flatnonzero(examples.labels == name))[:each] for name in examples.classes]
    return examples[np.sort(np.concatenate(chosen))]


def _digests(glyphs: Any) -> set[bytes]:
    return {hashlib.sha256(glyph).digest() for glyph in glyphs}


def _digest(path: Path) -> str:
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    return hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).hexdigest()


def _tensorflow() -> str:
    import tensorflow as tf

    return str(tf.__version__)
