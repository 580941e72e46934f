"""What a model is fitted to: the dataset's own digits, all of them, and the additions that were asked for."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest

from edgedigits import processes
from edgedigits.errors import EdgeDigitsError
from edgedigits_train.data import training_set
from edgedigits_train.data.datasets import Dataset
from edgedigits_train.data.training_set import NONE, assemble
from edgedigits_train.recipes import Additions

ADDITIONS = Additions(captured=600, soiled=30, severed=10, written=20, lookalikes=20, characters=30, outliers=40)


def test_the_datasets_digits_are_all_there_and_the_additions_with_them(small: Dataset) -> None:
    training = assemble(small.training, ADDITIONS, seed=1)
    own = len(small.training)
    assert len(training) == own + 750
    assert np.array_equal(training.glyphs[:own], small.training.glyphs)
    assert np.count_nonzero(training.labels == NONE) == 70
    assert training.labels.max() == NONE
    written = training.labels[own + ADDITIONS.doubtful :]
    assert (written < NONE).sum() == 40, "what was written comes last"
    assert (written == NONE).sum() == 30
    assert training.glyphs.any(axis=(1, 2, 3)).mean() > 0.99


def test_the_additions_follow_the_seed_and_not_the_number_of_workers(small: Dataset, monkeypatch) -> None:
    alone = assemble(small.training, ADDITIONS, seed=1)
    other = assemble(small.training, ADDITIONS, seed=2)
    monkeypatch.setattr("edgedigits_train.data.training_set.usable_cores", lambda: 2)
    monkeypatch.setattr("edgedigits.processes._WORTH_STARTING", 0)
    with mock.patch.object(processes, "_in_processes", wraps=processes._in_processes) as shared:
        several = assemble(small.training, ADDITIONS, seed=1)
    shared.assert_called_once()
    assert np.array_equal(several.glyphs, alone.glyphs)
    assert np.array_equal(several.labels, alone.labels)
    assert not np.array_equal(several.glyphs, other.glyphs)


def test_a_worker_that_dies_ends_the_training_with_advice(small: Dataset) -> None:
    dead = mock.patch.object(training_set, "work_in_order", lambda work, tasks, jobs: ((task, None) for task in tasks))
    with dead, pytest.raises(EdgeDigitsError, match="died.*end other programs and train again"):
        assemble(small.training, ADDITIONS)


def test_without_additions_it_is_the_dataset(small: Dataset) -> None:
    assert assemble(small.training, Additions()) is small.training
