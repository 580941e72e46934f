"""A model of any origin teaches a recipe's network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from edgedigits.bundle import BUNDLED
from edgedigits.errors import InputError
from edgedigits_train import training
from edgedigits_train.data.augmentation import Augmentation
from edgedigits_train.data.batches import AugmentedBatches, makers
from edgedigits_train.data.datasets import Dataset
from edgedigits_train.fit.distillation import Teacher, teach
from edgedigits_train.fit.foreign_teacher import ForeignTeacher, load_teacher
from edgedigits_train.recipe_files import change_recipe
from edgedigits_train.recipes import RECIPES


def test_a_bundle_answers_as_a_teacher(small: Dataset) -> None:
    teacher = load_teacher(BUNDLED, small)
    logits = teacher.predict_on_batch(small.test.glyphs)
    assert logits.shape == (200, 11)
    assert (logits[:, :10].argmax(axis=1) == small.test.labels).mean() > 0.95


def test_a_teacher_of_other_labels_is_refused(small: Dataset) -> None:
    letters = Dataset("letters", {}, small.training, small.held_out, small.test, labels=("A", "B"))
    with pytest.raises(InputError, match="tells 0, 1.*the data is of A, B"):
        load_teacher(BUNDLED, letters)


def test_what_is_no_model_is_refused_as_a_teacher(small: Dataset, tmp_path: Path) -> None:
    (tmp_path / "my.keras").write_bytes(b"no model")
    with pytest.raises(InputError, match=r"teacher cannot be used: .*my\.keras"):
        load_teacher(tmp_path / "my.keras", small)


def always_zero(glyphs: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    logits = np.zeros((len(glyphs), 10), np.float32)
    logits[:, 0] = 3
    return logits


def test_labels_count_where_the_teacher_is_wrong(small: Dataset) -> None:
    session: Any = always_zero
    teacher = ForeignTeacher(session, labels=10, classes=11, temperature=1.0, digest="")
    batches = AugmentedBatches(small.training, 100, Augmentation(), seed=0)
    taught = teach([Teacher(teacher, len(small.training), corrected=True)], batches, 1, 2.0, len(small.training))
    with makers() as pool:
        _, labels = next(batches.stream(0, 0, pool))
        order = np.random.default_rng((0, 0)).permutation(len(batches))
        place = int(np.flatnonzero(order == 0)[0])
        targets = [targets for _, targets in taught.stream(0, 0, pool)][place]
    shares = targets[:, :11]
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-3)
    assert shares.argmax(axis=1).tolist() == labels.tolist()
    assert (shares[labels != 0].max(axis=1) == 1).all(), "its wrong answers are replaced by labels"
    assert (shares[labels == 0].max(axis=1) < 0.9).all(), "its right ones are soft"


def test_a_recipe_learns_from_a_bundle(small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "load_dataset", lambda **_: small)
    changes = {
        "epochs": 8,
        "batch": 32,
        "additions.captured": 0,
        "additions.written": 0,
        "additions.soiled": 0,
        "outliers": 100,
    }
    recipe = change_recipe(RECIPES["quick"], changes)
    training.train(recipe, tmp_path / "train", material=training.Material(teacher=BUNDLED))
    metrics = json.loads((tmp_path / "train" / "metrics.json").read_text())
    assert metrics["labels"][-1] == "none"
    assert len(metrics["data"]["teacher"]) == 64
    assert metrics["test"]["accuracy"] > 0.5
