"""Parity beyond ten labels: a model of digits and 'no digit', and one of letters, class by class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from edgedigits.bundle import Bundle
from edgedigits.engines import ENGINES
from edgedigits.glyphs import normalise_crops
from edgedigits_export.convert.formats import FORMATS, get_formats
from edgedigits_export.exporting import export_bundle
from edgedigits_export.foreign import adopt
from edgedigits_export.options import ExportOptions
from tests.conftest import Shared
from tests.export.trainings import digits_and_others, make_small_model, write_training
from tests.letters import LETTERS, draw_letters, train_on_letters

MADE = ("onnx-int8", "tflite-int8", "onnx-float32", "tflite-float32")
PAIRS = [(name, engine) for name in MADE for engine in FORMATS[name].engines if ENGINES[engine].probe().available]


@dataclass(frozen=True)
class Part:
    """A bundle, images of all of its labels, and what Keras answers to them: logits (N, labels)."""

    bundle: Bundle
    glyphs: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]
    logits: npt.NDArray[np.float32]

    @property
    def classes(self) -> int:
        return len(self.bundle.labels)


def eleven_classes(folder: Path) -> Path:
    training = write_training(folder / "train", make_small_model())
    return export_bundle(training, folder / "bundle", ExportOptions(get_formats(MADE))).path


def letters(folder: Path) -> Path:
    train_on_letters().save(folder / "letters.keras")
    images, labels = draw_letters(1_500, seed=2)
    np.savez(folder / "letters.npz", X=images, y=labels)
    adopted = adopt(folder / "letters.keras", evaluation=folder / "letters.npz")
    options = ExportOptions(get_formats(MADE), keep_float=("auto",))
    return export_bundle(adopted.model, folder / "bundle", options).path


MAKERS: dict[str, Callable[[Path], Path]] = {"eleven-classes": eleven_classes, "letters": letters}


def load(path: Path) -> Any:
    import keras

    return keras.saving.load_model(path, compile=False)


@pytest.fixture(scope="module", params=MAKERS)
def part(request: pytest.FixtureRequest, shared: Shared) -> Part:
    folder = shared.folder(f"parity-{request.param}", MAKERS[request.param])
    bundle = Bundle.load(folder / "bundle")
    if request.param == "letters":
        images, drawn = draw_letters(1_300, seed=7)
        glyphs, labels = normalise_crops(images), np.array([LETTERS.index(name) for name in drawn.tolist()], np.uint8)
        probabilities = load(folder / "letters.keras").predict(glyphs / np.float32(255), batch_size=500, verbose=0)
        return Part(bundle, glyphs, labels, np.log(np.maximum(probabilities, 1e-30)))
    glyphs, labels = digits_and_others(1_000, 300, seed=7)
    logits = load(folder / "train" / "digits.keras").predict(glyphs, batch_size=500, verbose=0)
    return Part(bundle, glyphs, labels, np.asarray(logits))


@pytest.mark.parametrize(("format", "engine"), PAIRS)
def test_every_class_is_answered_as_keras_does(format: str, engine: str, part: Part) -> None:
    file = next(file for file in part.bundle.files if file.format == format)
    session = ENGINES[engine].open(file.read_verified(), 1)
    steps = range(0, len(part.glyphs), 50)
    logits = np.concatenate([np.asarray(session(part.glyphs[start : start + 50])) for start in steps])
    assert logits.shape == part.logits.shape == (len(part.labels), part.classes)
    answers, expected = logits.argmax(axis=1), part.logits.argmax(axis=1)
    least, least_of_a_class = (0.999, 0.99) if file.precision == "float32" else (0.98, 0.9)
    assert (answers == expected).mean() >= least
    for number in range(part.classes):
        asked = expected == number
        assert asked.sum() >= 20, f"Keras hardly answers {part.bundle.labels[number]}"
        assert (answers[asked] == number).mean() >= least_of_a_class, part.bundle.labels[number]
    right = [(found == part.labels).mean() for found in (answers, expected)]
    assert right[0] >= right[1] - 0.02


def test_the_manifest_counts_every_label(part: Part) -> None:
    manifest = part.bundle.manifest
    assert manifest["output"]["classes"] == len(manifest["calibration"]["per_class"]) == part.classes
    assert all(manifest["calibration"]["per_class"])
