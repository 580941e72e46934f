"""What export says of a training folder that it cannot use."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgedigits.errors import InputError
from edgedigits_export.exporting import export_bundle
from edgedigits_export.source import TrainedModel
from tests.export.conftest import load


@pytest.fixture
def copy(trained: Path, tmp_path: Path) -> Path:
    """A copy of the quick training that a test may spoil."""
    return Path(shutil.copytree(trained, tmp_path / "train"))


def change_metrics(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    metrics = json.loads((folder / "metrics.json").read_text())
    change(metrics)
    (folder / "metrics.json").write_text(json.dumps(metrics))


def replace_file(folder: Path, name: str, content: bytes) -> None:
    """Replace a file together with its digest, so that it is its content that is judged."""
    (folder / name).write_bytes(content)
    change_metrics(folder, lambda metrics: metrics["files"].update({name: sha256(content).hexdigest()}))


def test_a_training_is_read(trained: Path) -> None:
    model = TrainedModel.load(trained)
    assert (np.bincount(model.calibration.labels) >= 100).all(), "images of every class, outliers among them"
    assert model.evaluation.glyphs.shape == (10_000, 28, 28, 1)
    assert model.keras_model.output_shape == (None, 11)


def test_a_folder_without_a_training_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no digits\.keras in .*nowhere.*edgedigits train.*--from"):
        TrainedModel.load(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["calibration.npz", "evaluation.npz", "metrics.json"])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(InputError, match=f"{name} cannot be read.*edgedigits train"):
        TrainedModel.load(copy)


@pytest.mark.parametrize("name", ["digits.keras", "calibration.npz", "evaluation.npz"])
def test_a_file_of_another_training_is_named(copy: Path, name: str) -> None:
    with (copy / name).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(InputError, match=f"{name} is not the file that metrics.json describes"):
        TrainedModel.load(copy)


def test_damaged_metrics_are_named(copy: Path) -> None:
    (copy / "metrics.json").write_text("{")
    with pytest.raises(InputError, match=r"metrics\.json is damaged"):
        TrainedModel.load(copy)


def test_metrics_that_lack_a_field_are_named(copy: Path) -> None:
    change_metrics(copy, lambda metrics: metrics.pop("temperature"))
    with pytest.raises(InputError, match="lacks temperature"):
        TrainedModel.load(copy)


def test_another_glyph_normalisation_is_refused(copy: Path) -> None:
    change_metrics(copy, lambda metrics: metrics.update(normalisation="0" * 64))
    with pytest.raises(InputError, match="another glyph normalisation"):
        TrainedModel.load(copy)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04"])
def test_damaged_arrays_are_named(copy: Path, content: bytes) -> None:
    replace_file(copy, "calibration.npz", content)
    with pytest.raises(InputError, match=r"calibration\.npz .*edgedigits train"):
        TrainedModel.load(copy)


def test_glyphs_of_another_form_are_refused(copy: Path) -> None:
    path = copy / "glyphs.npz"
    np.savez(path, glyphs=np.zeros((5, 28, 28, 1), np.float32), labels=np.zeros(5, np.uint8))
    replace_file(copy, "evaluation.npz", path.read_bytes())
    with pytest.raises(InputError, match="float32 glyphs"):
        TrainedModel.load(copy)


def test_a_damaged_model_is_named(copy: Path, tmp_path: Path) -> None:
    replace_file(copy, "digits.keras", b"no model")
    with pytest.raises(InputError, match=r"digits\.keras cannot be loaded"):
        export_bundle(copy, tmp_path / "bundle")


@pytest.fixture
def small(small_training: Path, tmp_path: Path) -> Path:
    """A copy of a small training with eleven outputs that a test may spoil."""
    return Path(shutil.copytree(small_training, tmp_path / "small"))


@pytest.mark.parametrize("name", ["calibration.npz", "evaluation.npz"])
def test_labels_beyond_the_outputs_are_named_before_anything_is_converted(
    small: Path, tmp_path: Path, name: str
) -> None:
    with np.load(small / name) as arrays:
        glyphs, labels = arrays["glyphs"], arrays["labels"]
    labels[:2] = 11, 200
    np.savez(tmp_path / name, glyphs=glyphs, labels=labels)
    replace_file(small, name, (tmp_path / name).read_bytes())
    if name == "evaluation.npz":
        accuracy = np.mean(TrainedModel.load(small).reference_logits()[:, :10].argmax(axis=1) == labels)
        change_metrics(small, lambda metrics: metrics["test"].update(accuracy=float(accuracy)))
    with pytest.raises(InputError, match=rf"{name} has images of class 200, and the model has 11 outputs"):
        export_bundle(small, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize("labels", [np.full(9, 256), np.full(9, -1), np.full(9, 1.5), np.zeros((9, 2), np.uint8)])
def test_labels_that_are_none_are_named(small: Path, tmp_path: Path, labels: np.ndarray) -> None:
    np.savez(tmp_path / "glyphs.npz", glyphs=np.zeros((9, 28, 28, 1), np.uint8), labels=labels)
    replace_file(small, "calibration.npz", (tmp_path / "glyphs.npz").read_bytes())
    with pytest.raises(InputError, match=r"calibration\.npz holds .* labels of shape"):
        TrainedModel.load(small)


def test_a_model_that_ends_in_a_softmax_is_named(small: Path, tmp_path: Path) -> None:
    import keras

    model = load(small / "digits.keras")
    keras.Sequential([model, keras.layers.Softmax()]).save(tmp_path / "softmax.keras")
    replace_file(small, "digits.keras", (tmp_path / "softmax.keras").read_bytes())
    with pytest.raises(InputError, match="answers with probabilities.*leave that"):
        export_bundle(small, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_scoring_on_the_calibration_images_is_refused(copy: Path) -> None:
    replace_file(copy, "calibration.npz", (copy / "evaluation.npz").read_bytes())
    with pytest.raises(InputError, match=r"images of .*evaluation\.npz are in calibration\.npz as well"):
        TrainedModel.load(copy)


def test_metrics_of_another_model_are_refused(copy: Path, tmp_path: Path) -> None:
    change_metrics(copy, lambda metrics: metrics["test"].update(accuracy=0.999))
    with pytest.raises(InputError, match=r"says 99\.90%.*not of one training"):
        export_bundle(copy, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()
