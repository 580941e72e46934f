"""A training keeps its promises: what it leaves, what it measures, and what it never touches."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from unittest import mock

import cv2
import keras
import numpy as np
import pytest

from edgedigits.calibrating import REFUSED
from edgedigits.errors import EdgeDigitsError, InputError
from edgedigits.glyphs import CONTRACT
from edgedigits.labelled.glyphs import LabelledGlyphs
from edgedigits.logits import log_softmax
from edgedigits_train import results, training
from edgedigits_train.data import batches, mnist
from edgedigits_train.data.augmentation import augment
from edgedigits_train.data.batches import AugmentedBatches
from edgedigits_train.data.datasets import HELD_OUT, Dataset, load_mnist
from edgedigits_train.data.nondigit_files import hash_nondigits
from edgedigits_train.fit import fitting
from edgedigits_train.fit.checkpoints import Stage, State
from edgedigits_train.fit.model import build_model
from edgedigits_train.recipes import RECIPES, Additions, Recipe
from tests.conftest import mnist_folder

FILES = {
    "digits.keras",
    "curves.png",
    "confusion.png",
    "mistakes.png",
    "reliability.png",
    "metrics.json",
    "calibration.npz",
    "evaluation.npz",
}
SHORT = replace(RECIPES["quick"], epochs=3, batch=64, additions=Additions(outliers=100))


def fit(small: Dataset, seed: int, recipe: Recipe = SHORT, stage: Stage | None = None) -> fitting.Fit:
    data = AugmentedBatches(small.training, recipe.batch, recipe.augmentation, seed)
    return fitting.fit(recipe, data, small.held_out, seed=seed, stage=stage)


@pytest.fixture(scope="session")
def metrics(trained: Path) -> dict:
    return json.loads((trained / "metrics.json").read_text())


@pytest.fixture(scope="session")
def model(trained: Path) -> keras.Model:
    return keras.models.load_model(trained / "digits.keras", compile=False)


@pytest.fixture(scope="session")
def evaluation(trained: Path) -> LabelledGlyphs:
    with np.load(trained / "evaluation.npz") as arrays:
        return LabelledGlyphs(arrays["glyphs"], arrays["labels"])


def test_it_leaves_its_files_and_nothing_else(trained: Path) -> None:
    # the tests of export share the folder, and export keeps its cache there
    assert {path.name for path in trained.iterdir()} - {".export-cache"} == FILES


def test_metrics_name_every_file_by_its_hash(trained: Path, metrics: dict) -> None:
    assert set(metrics["files"]) == FILES - {"metrics.json"}
    for name, digest in metrics["files"].items():
        assert sha256((trained / name).read_bytes()).hexdigest() == digest


def test_the_quick_recipe_reads_mnist(metrics: dict) -> None:
    if metrics["training_data"] != "mnist":
        pytest.skip("MNIST is not here: the quick training was made on synthetic digits")
    assert metrics["test"]["accuracy"] >= 0.985
    assert metrics["test"]["images"] == 10_000
    assert metrics["validation"]["images"] == HELD_OUT
    assert set(mnist.SHA256) == set(metrics["data"]) - set(hash_nondigits())
    assert metrics["data"].items() >= hash_nondigits().items()


def test_the_saved_model_scores_what_the_metrics_say(
    model: keras.Model, evaluation: LabelledGlyphs, metrics: dict
) -> None:
    answers = model.predict(evaluation.glyphs, batch_size=1000, verbose=0)[:, :10].argmax(axis=1)
    errors = int((answers != evaluation.labels).sum())
    low, high = metrics["test"]["interval"]
    assert errors == metrics["test"]["errors"]
    assert metrics["test"]["accuracy"] == 1 - errors / len(evaluation)
    assert low < metrics["test"]["accuracy"] < high


def test_the_saved_model_holds_no_optimizer(model: keras.Model, trained: Path, metrics: dict) -> None:
    assert model.count_params() == metrics["parameters"]
    with zipfile.ZipFile(trained / "digits.keras") as archive:
        weights = archive.getinfo("model.weights.h5").file_size
        assert json.loads(archive.read("config.json"))["compile_config"] in (None, {})
    # a slot of momentum and one of the moving average would make it three times the parameters
    assert weights < 2 * 4 * metrics["parameters"] + 100_000


def test_the_metrics_tell_how_the_model_came_about(metrics: dict) -> None:
    assert metrics["schema"] == 1
    assert metrics["recipe"]["name"] == "quick"
    assert metrics["recipe"]["augmentation"]["rotation"] == RECIPES["quick"].augmentation.rotation
    assert metrics["seed"] == 0
    assert metrics["normalisation"] == CONTRACT.digest
    assert {"python", "keras", "numpy", "opencv"} < set(metrics["versions"])
    assert metrics["seconds"] > 0
    assert metrics["cpu_seconds"] > 0
    assert 0.05 <= metrics["temperature"] <= 20


def test_few_test_digits_are_refused_at_the_threshold(
    model: keras.Model, evaluation: LabelledGlyphs, metrics: dict
) -> None:
    logits = model.predict(evaluation.glyphs, batch_size=1000, verbose=0) / metrics["temperature"]
    assert metrics["digit_score"]["method"] == "outlier-class"
    refused = np.mean(1 - np.exp(log_softmax(logits)[:, 10]) < metrics["digit_score"]["threshold"])
    # the threshold is held to REFUSED on the held-out digits; the test digits are others
    assert refused < 2 * REFUSED


def test_the_calibration_glyphs_are_balanced_and_none_that_the_model_is_measured_with(
    trained: Path, metrics: dict
) -> None:
    with np.load(trained / "calibration.npz") as arrays:
        glyphs, labels = arrays["glyphs"], arrays["labels"]
    assert (glyphs.shape, glyphs.dtype) == ((1100, 28, 28, 1), np.uint8)
    assert np.bincount(labels).tolist() == [100] * 11
    if metrics["training_data"] == "mnist":
        dataset = load_mnist(training_images=RECIPES["quick"].training_images)
        chosen = {glyph.tobytes() for glyph in glyphs}
        assert chosen & {glyph.tobytes() for glyph in dataset.training.glyphs}
        assert not chosen & {glyph.tobytes() for glyph in dataset.held_out.glyphs}
        assert not chosen & {glyph.tobytes() for glyph in dataset.test.glyphs}


@pytest.mark.parametrize("name", ["curves.png", "confusion.png", "mistakes.png", "reliability.png"])
def test_the_plots_are_pictures(name: str, trained: Path) -> None:
    image = cv2.imread(str(trained / name))
    assert image is not None
    assert image.shape[1] >= 600


@pytest.fixture(scope="module")
def fitted(small: Dataset) -> tuple[fitting.Fit, list[bytes]]:
    """A short fit to digits of which there is no test part, and all the glyphs that it was shown."""
    shown: list[bytes] = []

    def watched(glyphs: np.ndarray, *rest: object) -> np.ndarray:
        changed = augment(glyphs, *rest)  # type: ignore[arg-type]
        shown.extend(glyph.tobytes() for glyph in changed)
        return changed

    with mock.patch.object(batches, "augment", watched):
        return fit(replace(small, test=None), seed=1), shown  # type: ignore[arg-type]


def test_fitting_needs_no_test_images_and_learns(fitted: tuple[fitting.Fit, list[bytes]]) -> None:
    history = fitted[0].history
    assert history["loss"][-1] < history["loss"][0] / 2
    assert history["accuracy"][-1] > 0.7
    # after so few steps the averaged weights' answers are near chance: their loss tells sooner that they learn
    assert history["val_loss"][-1] < history["val_loss"][0] - 0.1


class Unbeaten(Stage):
    """A fit that begins as if it had been as good as can be before."""

    def load(self) -> State:
        return State(best=0.0)


def test_the_kept_weights_are_those_of_the_last_epoch_however_good_they_were_before(small: Dataset) -> None:
    fitted = fit(small, seed=1, stage=Unbeaten())
    logits = fitting.predict_logits(fitted.model, small.held_out.glyphs)
    loss = -log_softmax(logits)[np.arange(len(logits)), small.held_out.labels].mean()
    assert loss == pytest.approx(fitted.history["val_loss"][-1], rel=1e-4)


def test_no_glyph_is_shown_twice_alike(fitted: tuple[fitting.Fit, list[bytes]], small: Dataset) -> None:
    assert len(set(fitted[1])) >= SHORT.epochs * (len(small.training) // SHORT.batch) * SHORT.batch


def test_a_seed_repeats_a_training_and_another_gives_another(
    fitted: tuple[fitting.Fit, list[bytes]], small: Dataset
) -> None:
    again, other = (fit(small, seed).history["loss"] for seed in (1, 2))
    assert again == pytest.approx(fitted[0].history["loss"], rel=0.02)
    assert other != pytest.approx(fitted[0].history["loss"], rel=0.02)


def test_every_epoch_shows_every_glyph_once_in_a_new_order_and_changed_anew(small: Dataset) -> None:
    data = small.training
    numbers = np.arange(len(data)) % 256
    recipe = replace(SHORT, batch=100)
    stream = AugmentedBatches(
        LabelledGlyphs(data.glyphs, numbers.astype(np.uint8)), recipe.batch, recipe.augmentation, seed=0
    )

    def epoch(number: int) -> tuple[np.ndarray, np.ndarray]:
        parts = [stream.batch(number, index) for index in range(len(stream))]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    glyphs, order = epoch(0)
    later, later_order = epoch(1)
    again, _ = epoch(0)
    assert np.array_equal(again, glyphs), "a batch depends on its number, not on when it is asked for"
    for seen in (order, later_order):
        assert np.array_equal(np.sort(seen), np.sort(numbers))
    assert not np.array_equal(order, later_order)
    assert not {glyph.tobytes() for glyph in glyphs} & {glyph.tobytes() for glyph in later}


@pytest.fixture
def last(tmp_path: Path) -> Path:
    """The folder of an earlier training."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "digits.keras").write_text("the last model")
    (out / "metrics.json").write_text("its metrics")
    return out


def assert_as_it_was(out: Path) -> None:
    assert sorted(path.name for path in out.iterdir()) == ["digits.keras", "metrics.json"]
    assert (out / "digits.keras").read_text() == "the last model"
    assert (out / "metrics.json").read_text() == "its metrics"


def test_a_training_that_goes_astray_says_so_and_leaves_the_last_result(last: Path, small: Dataset) -> None:
    with (
        mock.patch.object(training, "load_dataset", return_value=small),
        pytest.raises(fitting.TrainingError, match="--learning-rate"),
    ):
        training.train(replace(SHORT, learning_rate=1e38), last)
    assert_as_it_was(last)


def test_the_best_model_before_it_went_astray_is_kept_and_named(tmp_path: Path, small: Dataset) -> None:
    # the rate rises until the numbers no longer do, epochs later
    recipe = replace(SHORT, epochs=40, batch=len(small.training), additions=Additions(), learning_rate=3e3)
    with (
        mock.patch.object(training, "load_dataset", return_value=small),
        pytest.raises(fitting.TrainingError, match="--restart; the best model of the .* is") as raised,
    ):
        training.train(recipe, tmp_path)
    kept = tmp_path / ".checkpoint" / "model" / "best.keras"
    assert str(kept) in str(raised.value)
    assert keras.models.load_model(kept, compile=False).output_shape == (None, 11)


def test_an_interrupt_while_the_results_are_written_leaves_the_last_ones(last: Path, small: Dataset) -> None:
    done = fitting.Fit(build_model(SHORT), {"loss": [1], "accuracy": [0], "val_loss": [1], "val_accuracy": [0]})
    with (
        mock.patch.object(training, "load_dataset", return_value=small),
        mock.patch.object(training, "learn", return_value=done),
        mock.patch.object(results.plots, "mistakes", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        training.train(SHORT, last)
    assert_as_it_was(last)


def test_a_folder_that_cannot_be_made_is_told_before_the_training(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        mock.patch.object(training, "load_dataset", side_effect=AssertionError("the training began")),
        pytest.raises(InputError, match="--out") as raised,
    ):
        training.train(SHORT, tmp_path / "file" / "out")
    assert isinstance(raised.value, EdgeDigitsError)
    assert raised.value.exit_code == 2


@pytest.mark.slow
def test_the_default_recipe_reaches_its_accuracy(tmp_path: Path) -> None:
    if mnist_folder() is None:
        pytest.skip("MNIST is not here: set EDGEDIGITS_DATA to a folder that holds mnist/, or run `make train` once")
    assert training.train(RECIPES["default"], tmp_path / "out").test.accuracy >= 0.995
