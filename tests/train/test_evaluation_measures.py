"""The statistics of an evaluation, against values worked out in other ways."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edgedigits_train.evaluation.measures import calibration, mcnemar, separation, spread


def test_the_area_is_the_share_of_pairs_in_the_right_order() -> None:
    rng = np.random.default_rng(0)
    # rounded, so that there are ties
    digits, outliers = np.round(rng.normal(1, 1, 300), 1), np.round(rng.normal(0, 1.5, 200), 1)
    pairs = [(d > o) + 0.5 * (d == o) for d in digits for o in outliers]
    assert separation(digits, outliers).auroc == pytest.approx(np.mean(pairs))
    assert separation(digits, digits).auroc == pytest.approx(0.5)
    assert separation(np.array([2.0, 3]), np.array([0.0, 1])).auroc == 1


def test_the_interval_of_the_area_is_as_wide_as_its_scatter() -> None:
    rng = np.random.default_rng(1)
    draws = [separation(rng.normal(1, 1, 120), rng.normal(0, 1, 60)) for _ in range(300)]
    scatter = np.std([draw.auroc for draw in draws])
    widths = [draw.interval[1] - draw.interval[0] for draw in draws]
    assert np.mean(widths) == pytest.approx(2 * 1.96 * scatter, rel=0.15)


def test_fpr95_counts_outliers_above_the_twentieth_part_of_the_digits() -> None:
    digits = np.arange(100, dtype=float)
    assert separation(digits, np.array([4.0, 5.0, 6.0, 200.0])).fpr95 == 0.75


def test_honest_confidence_has_no_calibration_error() -> None:
    rng = np.random.default_rng(2)
    confidence = rng.uniform(0.1, 1, 200_000)
    honest = calibration(confidence, rng.random(len(confidence)) < confidence)
    boasting = calibration(confidence, rng.random(len(confidence)) < confidence - 0.07)
    assert honest.ece < 0.006
    assert honest.ece_equal_mass < 0.006
    assert boasting.ece == pytest.approx(0.07, abs=0.006)
    assert boasting.ece_equal_mass == pytest.approx(0.07, abs=0.006)


def test_the_calibration_error_weighs_bins_by_their_answers() -> None:
    confidence = np.array([0.95] * 90 + [0.55] * 10)
    right = np.array([True] * 90 + [True] * 3 + [False] * 7)
    found = calibration(confidence, right)
    assert found.ece == pytest.approx(0.9 * 0.05 + 0.1 * 0.25)
    assert [part.count for part in found.bins] == [10, 90]
    assert sum(part.count for part in found.bins_equal_mass) == 100
    assert len(found.bins_equal_mass) == 15


def test_several_models_are_summed_up_with_students_interval() -> None:
    over = spread([99.50, 99.60, 99.55])
    assert over.mean == pytest.approx(99.55)
    assert over.deviation == pytest.approx(0.05)
    assert over.interval is not None
    # t with two degrees of freedom, not the normal distribution's 1.96
    assert over.interval[1] - over.mean == pytest.approx(4.303 * 0.05 / math.sqrt(3))
    assert spread([0.5]).interval is None


def test_mcnemar_looks_only_at_where_two_models_differ() -> None:
    first = np.array([True] * 1 + [False] * 9 + [True] * 990)
    second = np.array([False] * 1 + [True] * 9 + [True] * 990)
    found = mcnemar(first, second)
    assert (found.only_first, found.only_second) == (1, 9)
    assert found.p == pytest.approx(2 * (1 + 10) / 2**10)
    assert mcnemar(first, first).p == 1
