"""A foreign Keras model learns what is no digit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from edgedigits.errors import EdgeDigitsError, InputError
from edgedigits.labelled.glyphs import LabelledGlyphs
from edgedigits_train import extending
from edgedigits_train.cli import train
from edgedigits_train.data.datasets import Dataset, load_mnist
from edgedigits_train.extending import Extension, extend
from edgedigits_train.fit.exported import is_foreign
from edgedigits_train.fit.foreign_base import _rebuild
from edgedigits_train.handwriting.glyphs import render_glyphs
from edgedigits_train.recipes import Additions
from tests.conftest import ROOT, Shared, mnist_folder
from tests.export.foreign_models import dense, load_images, save

FORM = {"shape": [28, 28, 1], "scale": "0-1", "factor": 1 / 255, "offset": 0.0, "padding": 0, "transposed": False}


def without_mnist() -> None:
    if mnist_folder() is None:
        pytest.skip("MNIST is not here: set EDGEDIGITS_DATA to a folder that holds mnist/, or run `make train` once")


@pytest.fixture(scope="module")
def plain(shared: Shared) -> Path:
    """What every tutorial makes: dense layers on 28×28 floats of 0 to 1, and a softmax."""
    without_mnist()
    folder = mnist_folder()
    assert folder is not None
    made = shared.folder("tutorial", lambda there: save(dense(load_images(folder)), there / "my.keras"))
    return made / "my.keras"


def test_a_foreign_model_learns_what_is_no_digit_and_reads_photos_better(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extending, "load_dataset", lambda **_: load_mnist(training_images=6_000))
    monkeypatch.chdir(ROOT)  # where Images/ is
    additions = Additions(captured=2_000, written=500, outliers=1_500)
    made = extend(plain, tmp_path / "out", chosen=Extension(epochs=6, additions=additions))
    assert made.photos is not None
    before, now = made.photos
    assert not before.outliers
    assert now.outliers
    assert now.singles[0] > before.singles[0]
    assert now.singles[0] + now.empties[0] > before.singles[0] + before.empties[0]
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["labels"] == [*"0123456789", "none"]
    assert metrics["foreign"]["name"] == "my.keras"
    assert not metrics["foreign"]["knew_none"]
    assert metrics["test"]["accuracy"] > metrics["foreign"]["test"]["accuracy"] - 0.005
    names = {"digits.keras", "metrics.json", "calibration.npz", "evaluation.npz", "confusion.png"}
    assert names < {path.name for path in (tmp_path / "out").iterdir()}


def functional() -> Any:
    """Augmentation and layers in models of their own, a branch, names that are ours, and a softmax that is no layer."""
    import keras

    layers = keras.layers
    augmentation = keras.Sequential([layers.RandomRotation(0.1), layers.RandomZoom(0.1)], name="augmentation")
    body = keras.Sequential(
        [keras.Input((28, 28, 1)), layers.Conv2D(4, 3, activation="relu"), layers.Flatten(name="logits")], name="body"
    )
    inputs = keras.Input((28, 28, 1))
    x = body(augmentation(inputs))
    x = layers.Concatenate()([layers.Dense(4, name="scale")(x), layers.Dropout(0.5)(layers.Dense(4)(x))])
    return keras.Model(inputs, keras.ops.softmax(layers.Dense(10, use_bias=False)(x)))


def without_dense_layers() -> Any:
    import keras

    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(4, 3, 2, activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(10, 3),
            layers.GlobalAveragePooling2D(),
            layers.Softmax(),
        ]
    )


@pytest.mark.parametrize("make", [functional, without_dense_layers])
def test_a_model_is_taken_apart_and_answers_as_before(make: Any, tmp_path: Path) -> None:
    import keras

    core = make()
    for weights in core.weights:
        weights.assign(np.random.default_rng(1).normal(0, 0.2, weights.shape) ** 2)
    glyphs, _ = render_glyphs(50, seed=1)
    model, known = _rebuild(core, FORM)
    probabilities = np.asarray(core(glyphs / np.float32(255), training=False))
    logits = np.asarray(known(glyphs))
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(shares / shares.sum(axis=1, keepdims=True), probabilities, atol=1e-5)
    np.testing.assert_allclose(np.asarray(model(glyphs))[:, :10], logits, atol=1e-5)
    assert model.output_shape == (None, 11)
    assert not any("random" in layer.name or isinstance(layer, keras.Model) for layer in model.layers)
    model.save(tmp_path / "digits.keras")
    loaded = keras.saving.load_model(tmp_path / "digits.keras", compile=False)
    np.testing.assert_allclose(np.asarray(loaded(glyphs)), np.asarray(model(glyphs)), atol=1e-5)


@pytest.fixture
def some() -> Dataset:
    parts = [LabelledGlyphs(*render_glyphs(count, seed)) for seed, count in enumerate((100, 300, 100))]
    return Dataset("synthetic", {}, *parts)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.keras", "does not exist: name a model's .keras or .h5 file"),
        ("letters.keras", r"answers with 26 numbers.*--teacher and --data"),
        ("broken.keras", "cannot be exported: it is cut short or damaged"),
        ("empty.h5", "is empty"),
        ("saved", "is a SavedModel, whose layers cannot go on learning.*--teacher"),
    ],
)
def test_what_cannot_go_on_learning_is_refused(
    name: str, message: str, some: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    monkeypatch.setattr(extending, "load_dataset", lambda **_: some)

    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").touch()
    (tmp_path / "empty.h5").touch()
    letters = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(26)])
    letters.save(tmp_path / "letters.keras")
    (tmp_path / "broken.keras").write_bytes((tmp_path / "letters.keras").read_bytes()[:-300])
    with pytest.raises(InputError, match=message):
        extend(tmp_path / name, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_foreign_models_are_told_from_trainings(tmp_path: Path) -> None:
    (tmp_path / "digits.keras").touch()
    assert is_foreign(tmp_path / "digits.keras"), "a copy without its metrics.json"
    (tmp_path / "metrics.json").touch()
    assert not is_foreign(tmp_path / "digits.keras")
    assert not is_foreign(tmp_path)
    assert is_foreign(tmp_path / "my.H5")
    assert not is_foreign(tmp_path / "my.tflite")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "my.keras", "--teacher", "other.keras"], "leave --teacher away"),
        (["--from", "my.keras", "--data", "digits"], "leave --data away"),
        (["--from", "my.keras", "--set", "dropout=0.3"], "leave --set away"),
        (["--from", "my.keras", "--recipe", "tiny"], "leave --recipe away"),
        (["--from", "my.keras", "--resume"], "leave --resume away"),
        (["--from", "folder"], "name their folder with --extra"),
        (["--from", "folder", "--extra", "mine"], "digits.keras does not exist: name the folder of a training"),
        (["--from", "my.tflite", "--extra", "mine"], "an exported model, which cannot be trained"),
    ],
)
def test_options_that_do_not_go_with_from_are_refused(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke(train, arguments)
    told = str(run.exception) if isinstance(run.exception, EdgeDigitsError) else run.stderr
    assert message in told
    assert not (tmp_path / "build").exists()
