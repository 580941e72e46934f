"""What a model is fitted to: the dataset's own digits, all of them, and the additions that were asked for."""

from __future__ import annotations

import numpy as np

from edgedigits_train.datasets import Dataset
from edgedigits_train.recipes import Additions
from edgedigits_train.training_set import NONE, assemble

ADDITIONS = Additions(captured=600, soiled=30, written=20, outliers=40)


def test_the_datasets_digits_are_all_there_and_the_additions_with_them(small: Dataset) -> None:
    training = assemble(small.training, ADDITIONS, seed=1)
    own = len(small.training)
    assert len(training) == own + 690
    assert np.array_equal(training.glyphs[:own], small.training.glyphs)
    assert np.count_nonzero(training.labels == NONE) == 40
    assert training.labels.max() == NONE
    assert training.glyphs.any(axis=(1, 2, 3)).mean() > 0.99


def test_the_additions_follow_the_seed_and_not_the_number_of_workers(small: Dataset, monkeypatch) -> None:
    several = assemble(small.training, ADDITIONS, seed=1)
    monkeypatch.setattr("edgedigits_train.training_set.count_workers", lambda: 1)
    alone = assemble(small.training, ADDITIONS, seed=1)
    other = assemble(small.training, ADDITIONS, seed=2)
    assert np.array_equal(several.glyphs, alone.glyphs)
    assert np.array_equal(several.labels, alone.labels)
    assert not np.array_equal(several.glyphs, other.glyphs)


def test_without_additions_it_is_the_dataset(small: Dataset) -> None:
    assert assemble(small.training, Additions()) is small.training
