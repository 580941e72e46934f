"""Intervals, temperature, threshold and the calibration sample are what they claim to be."""

from __future__ import annotations

import numpy as np
import pytest

from edgedigits.calibrating import REFUSED, fit_digit_score, fit_temperature
from edgedigits.intervals import wilson_interval
from edgedigits.labelled.glyphs import LabelledGlyphs
from edgedigits.logits import log_softmax
from edgedigits_train.data.datasets import Dataset, balanced_sample
from edgedigits_train.evaluation.metrics import Score


def answers(count: int, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are too sharp by `temperature`, and labels drawn from the probabilities that they should mean."""
    rng = np.random.default_rng(0)
    true = rng.normal(0, 2.5, (count, 10))
    none = rng.normal(-2, 2.5, (count, 1))
    gumbel = rng.gumbel(size=true.shape)
    logits = np.concatenate([true, none], axis=1) * temperature
    return logits.astype(np.float32), (true + gumbel).argmax(axis=1).astype(np.uint8)


@pytest.mark.parametrize(
    ("successes", "trials", "expected"),
    [(0, 10, (0.0, 0.2775)), (10, 10, (0.7225, 1.0)), (50, 100, (0.4038, 0.5962)), (9950, 10_000, (0.9934, 0.9962))],
)
def test_wilson_interval(successes: int, trials: int, expected: tuple[float, float]) -> None:
    assert wilson_interval(successes, trials) == pytest.approx(expected, abs=5e-5)


def test_score_counts_errors_and_weighs_confidence() -> None:
    logits = np.log(np.float32([[0.5, 0.25, 0.25], [0.5, 0.25, 0.25], [0.25, 0.25, 0.5], [0.25, 0.5, 0.25]]))
    score = Score.of(logits, np.array([0, 1, 2, 1], np.uint8))
    assert (score.errors, score.images, score.accuracy) == (1, 4, 0.75)
    assert score.loss == pytest.approx(-np.log([0.5, 0.25, 0.5, 0.5]).mean())
    assert score.interval[0] < 0.75 < score.interval[1]
    assert str(score).startswith("75.00 % (")


def test_log_softmax_of_huge_logits_is_finite() -> None:
    assert log_softmax(np.float32([[3000, 0, -3000]])).tolist() == [[0, -3000, -6000]]


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_the_temperature_is_recovered(temperature: float) -> None:
    assert fit_temperature(*answers(20_000, temperature)) == pytest.approx(temperature, rel=0.03)


def test_a_flawless_model_gets_a_finite_temperature() -> None:
    assert 0.04 < fit_temperature(np.eye(10, dtype=np.float32) * 30, np.arange(10, dtype=np.uint8)) < 1


def test_the_threshold_refuses_no_more_than_promised() -> None:
    logits, _ = answers(5_000, 1)
    score = fit_digit_score(logits, 1.7)
    refused = np.mean(1 - np.exp(log_softmax(logits / np.float32(1.7))[:, 10]) < score.threshold)
    assert 0.8 * REFUSED < refused <= REFUSED
    assert score.method == "outlier-class"


def test_what_is_no_digit_is_no_answer() -> None:
    logits = np.zeros((1, 11), np.float32)
    logits[0, [4, 10]] = 1, 9
    assert Score.of(logits, np.array([4], np.uint8)).errors == 0


def test_the_calibration_sample_is_balanced_and_has_no_image_twice(small: Dataset) -> None:
    numbered = LabelledGlyphs(np.arange(1_200).reshape(-1, 1, 1, 1), small.training.labels)  # type: ignore[arg-type]
    sample = balanced_sample(numbered, 500, seed=0)
    assert np.bincount(sample.labels).tolist() == [50] * 10
    assert len(np.unique(sample.glyphs)) == 500
    assert np.array_equal(small.training.labels[sample.glyphs.ravel()], sample.labels)
