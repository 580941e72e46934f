"""The three parts of the training data never mix, and all of it is normalised as the runtime normalises."""

from __future__ import annotations

import numpy as np
import pytest

from edgedigits.glyphs import normalise_crops
from edgedigits_train import mnist
from edgedigits_train.datasets import HELD_OUT, SPLIT_SEED, Dataset, load_mnist, stratified_order
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
