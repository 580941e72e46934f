"""The three parts of the training data never mix, and all of it is normalised as the runtime normalises."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from edgedigits.errors import InputError
from edgedigits.glyphs import normalise_crops
from edgedigits_train.data import mnist
from edgedigits_train.data.datasets import (
    HELD_OUT,
    SPLIT_SEED,
    Dataset,
    load_dataset,
    load_mnist,
    render_dataset,
    stratified_order,
)
from tests.conftest import mnist_folder


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    if mnist_folder() is None:
        pytest.skip("MNIST is not here: set EDGEDIGITS_DATA to a folder that holds mnist/, or run `make train` once")
    return load_mnist(training_images=2_000)


def test_held_out_and_training_images_are_different_images() -> None:
    labels = np.random.default_rng(0).integers(0, 10, 60_000).astype(np.uint8)
    order = stratified_order(labels, seed=SPLIT_SEED)
    assert np.array_equal(np.sort(order), np.arange(60_000))


@pytest.mark.parametrize("stretch", [slice(0, HELD_OUT), slice(HELD_OUT, HELD_OUT + 1000), slice(30_000, 31_000)])
def test_every_stretch_of_the_order_holds_the_classes_in_proportion(stretch: slice) -> None:
    share = np.arange(1, 11) / 55
    labels = np.random.default_rng(0).choice(10, 60_000, p=share).astype(np.uint8)
    part = labels[stratified_order(labels, seed=3)[stretch]]
    assert np.abs(np.bincount(part, minlength=10) - share * len(part)).max() < 0.02 * len(part)


def test_the_same_images_are_held_out_whatever_is_trained_on(dataset: Dataset) -> None:
    other = load_mnist(training_images=10)
    assert np.array_equal(other.held_out.glyphs, dataset.held_out.glyphs)
    assert np.array_equal(other.training.glyphs, dataset.training.glyphs[:10])
    assert len(dataset.held_out) == HELD_OUT
    assert len(dataset.training) == 2_000


def test_all_parts_went_through_glyph_normalisation(dataset: Dataset) -> None:
    raw = mnist.load()
    assert np.array_equal(dataset.test.glyphs[:50], normalise_crops(raw.test_images[:50]))
    assert np.array_equal(dataset.test.labels, raw.test_labels)
    for part in (dataset.training, dataset.held_out, dataset.test):
        assert part.glyphs.dtype == np.uint8
        assert part.glyphs.shape[1:] == (28, 28, 1)
        assert np.array_equal(part.glyphs[:50], normalise_crops(part.glyphs[:50]))


def test_it_says_what_it_was_made_from(dataset: Dataset) -> None:
    assert dataset.name == "mnist"
    assert dataset.hashes == mnist.SHA256


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with no MNIST and no network; the folder that stands for its data."""
    monkeypatch.setenv("EDGEDIGITS_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    # port 9 of this machine refuses at once, as a machine without a network does
    monkeypatch.setattr(mnist.load, "__kwdefaults__", {"progress": False, "mirrors": ["http://127.0.0.1:9/"]})
    return tmp_path


def test_without_mnist_synthetic_digits_take_its_place_and_it_is_said(
    nowhere: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        dataset = load_dataset(training_images=500)
    assert dataset.name == "synthetic"
    assert "SYNTHETIC" in caplog.text
    assert "EDGEDIGITS_DATA" in caplog.text
    assert (len(dataset.training), len(dataset.held_out), len(dataset.test)) == (500, HELD_OUT, 10_000)


def test_a_damaged_file_is_an_error_all_the_same(nowhere: Path) -> None:
    (nowhere / "mnist").mkdir()
    (nowhere / "mnist" / "train-images-idx3-ubyte.gz").write_bytes(b"half a file")
    with pytest.raises(InputError, match="train-images-idx3-ubyte.gz"):
        load_dataset()


def test_rendered_digits_are_glyphs_of_which_no_two_parts_share_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgedigits_train.data.datasets.SYNTHETIC_SIZES", {"training": 0, "held_out": 300, "test": 300})
    first, second = render_dataset(training_images=1_100), render_dataset(training_images=1_100)
    assert first.hashes == second.hashes
    parts = [first.training, first.held_out, first.test]
    assert [len(part) for part in parts] == [1_100, 300, 300]
    for part in parts:
        assert part.glyphs.shape[1:] == (28, 28, 1)
        assert np.ptp(np.bincount(part.labels, minlength=10)) <= 1
    everything = np.concatenate([part.glyphs for part in parts])
    assert len(np.unique(everything.reshape(len(everything), -1), axis=0)) == len(everything)
