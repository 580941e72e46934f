"""A pupil is shown what its teachers saw, and taught what they answered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgedigits_train.data.augmentation import Augmentation
from edgedigits_train.data.batches import AugmentedBatches
from edgedigits_train.data.datasets import Dataset
from edgedigits_train.fit import fitting
from edgedigits_train.fit.checkpoints import Checkpoints
from edgedigits_train.fit.distillation import TaughtBatches, Teacher, teach
from edgedigits_train.fit.interruption import Interruption
from edgedigits_train.fit.learning import learn
from edgedigits_train.fit.model import build_model
from edgedigits_train.recipes import RECIPES, Distillation

TEACHER = replace(RECIPES["quick"], widths=((8,), (8,)))
TAUGHT = 900
"""Of 1,200 glyphs, how many are learnt from the teachers."""


@pytest.fixture(scope="module")
def batches(small: Dataset) -> AugmentedBatches:
    return AugmentedBatches(small.training, 200, Augmentation(), seed=3)


@pytest.fixture(scope="module")
def teachers(batches: AugmentedBatches) -> list[Teacher]:
    """One who answers for all glyphs, and one for the first half of them."""
    return [Teacher(build_model(TEACHER), 1_200), Teacher(build_model(TEACHER), 600)]


@pytest.fixture(scope="module")
def taught(teachers: list, batches: AugmentedBatches) -> TaughtBatches:
    return teach(teachers, batches, views=2, temperature=3.0, taught=TAUGHT)


def softmax(logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("epoch", [0, 1, 2, 3])
def test_the_targets_are_the_teachers_mean_answers_to_these_very_glyphs_or_labels(
    epoch: int, taught: TaughtBatches, teachers: list, batches: AugmentedBatches
) -> None:
    with ThreadPoolExecutor(1) as pool:
        shown = list(taught.stream(epoch, 0, pool))
    assert len(shown) == len(batches)
    views = {}
    for number, indices in enumerate(batches.indices(epoch % 2)):
        glyphs, labels = batches.batch(epoch % 2, number)
        views[glyphs.tobytes()] = (indices, labels)
    assert {glyphs.tobytes() for glyphs, _ in shown} == set(views)
    for glyphs, targets in shown:
        one, other = (softmax(teacher.model.predict_on_batch(glyphs) / 3.0) for teacher in teachers)
        indices, labels = views[glyphs.tobytes()]
        both, taught_ones = (indices < 600)[:, np.newaxis], indices < TAUGHT
        probabilities, temperatures = targets[:, :11], targets[:, 11]
        assert np.abs(probabilities - np.where(both, (one + other) / 2, one))[taught_ones].max() < 2e-3
        assert np.array_equal(probabilities[~taught_ones], np.eye(11)[labels[~taught_ones]])
        assert np.array_equal(temperatures, np.where(taught_ones, 3, 1))


def test_the_loss_of_an_answer_is_taken_at_its_temperature_and_of_a_label_as_it_is() -> None:
    logits = np.random.default_rng(0).normal(size=(4, 11)).astype(np.float32)
    answers = softmax(np.random.default_rng(1).normal(size=(4, 11)))
    labels = np.arange(4)
    targets = np.concatenate([answers, np.array([[3], [1], [2], [1]])], axis=1).astype(np.float32)
    temperatures = targets[:, 11:]
    expected = -(answers * np.log(softmax(logits / temperatures))).sum(axis=1) * temperatures[:, 0] ** 2
    assert np.asarray(fitting.cross_entropy(targets, logits)) == pytest.approx(expected, rel=1e-4)
    of_labels = -np.log(softmax(logits))[np.arange(4), labels]
    assert np.asarray(fitting.cross_entropy(labels.astype(np.uint8), logits)) == pytest.approx(of_labels, rel=1e-4)


def test_a_view_comes_again_in_another_order_and_from_any_batch_on(taught: TaughtBatches) -> None:
    with ThreadPoolExecutor(1) as pool:
        first, again, rest = (
            [glyphs.tobytes() for glyphs, _ in taught.stream(epoch, start, pool)]
            for epoch, start in ((0, 0), (2, 0), (2, 3))
        )
    assert first != again
    assert set(first) == set(again)
    assert rest == again[3:]


def test_an_interrupted_lesson_goes_on_with_the_next_view(
    teachers: list, batches: AugmentedBatches, taught: TaughtBatches, tmp_path: Path
) -> None:
    with Interruption() as interruption:
        stage = Checkpoints(tmp_path, interruption).stage("answers")
        teach(teachers, batches, views=1, temperature=3.0, taught=TAUGHT, stage=stage)
        asked = []
        watched = [replace(teachers[0], model=_Watched(teachers[0].model, asked)), teachers[1]]
        resumed = teach(watched, batches, views=2, temperature=3.0, taught=TAUGHT, stage=stage)
    known = (batches.indices(1) < TAUGHT).sum()
    assert len(asked) == -(-known // len(asked[0])), "the first view was asked again"
    with ThreadPoolExecutor(1) as pool:
        for mine, theirs in zip(resumed.stream(1, 0, pool), taught.stream(1, 0, pool), strict=True):
            assert np.array_equal(mine[1], theirs[1])


class _Watched:
    def __init__(self, model: object, asked: list) -> None:
        self.model, self.asked = model, asked
        self.output_shape = model.output_shape  # type: ignore[attr-defined]

    def predict_on_batch(self, glyphs: np.ndarray) -> np.ndarray:
        self.asked.append(glyphs)
        return self.model.predict_on_batch(glyphs)  # type: ignore[attr-defined]


def test_a_pupil_comes_close_to_its_teacher(small: Dataset, tmp_path: Path) -> None:
    teacher = replace(RECIPES["quick"], name="teacher", widths=((12,), (16, 20)), epochs=5, batch=50)
    recipe = replace(
        teacher, name="pupil", widths=((6,), (8, 8)), epochs=8, distillation=Distillation((teacher,), views=4)
    )
    with Interruption() as interruption:
        checkpoints = Checkpoints(tmp_path, interruption)
        fitted = learn(recipe, small.training, 1_200, small.held_out, seed=0, progress=False, checkpoints=checkpoints)
    answers = fitting.predict_logits(fitted.model, small.held_out.glyphs)[:, :10].argmax(axis=1)
    assert (answers == small.held_out.labels).mean() > 0.6
    assert {path.name for path in checkpoints.folder.iterdir()} == {"teacher-1", "answers", "model"}
