"""The gate: what it lets through and what it holds back, from logits alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from edgedigits.answers import BATCH_SIZES, Answers
from edgedigits.bundle import DigitScore
from edgedigits.intervals import wilson_interval
from edgedigits_export.check.comparison import losing_probability
from edgedigits_export.check.gate import GateResult, Reference, judge, size_faults
from edgedigits_export.convert.formats.base import FLOAT, INT8
from edgedigits_export.errors import TrialError

IMAGES = 10_000

Logits = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def reference() -> Reference:
    """A model that is right on 99 % of the images and sure of itself."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, IMAGES).astype(np.uint8)
    logits = rng.normal(0, 0.5, (IMAGES, 10)).astype(np.float32)
    answers = labels.copy()
    answers[:100] = (answers[:100] + 1) % 10
    logits[np.arange(IMAGES), answers] += 9
    return Reference(logits, labels, 1.0, DigitScore("max-probability", 0.5))


def answers_of(logits: Logits, batched: Callable[[Logits], Logits] = lambda logits: logits) -> Answers:
    return Answers(logits, np.stack([batched(logits[:448])] * len(BATCH_SIZES)), latency_us=100)


def swap_answers(logits: Logits, images: slice) -> Logits:
    """Give other answers on some images: the best digit's logit and the next digit's change places."""
    changed = logits.copy()
    rows = np.arange(len(logits))[images]
    best = logits[images].argmax(axis=1)
    changed[rows, best], changed[rows, (best + 1) % 10] = (
        logits[rows, (best + 1) % 10],
        logits[rows, best],
    )
    return changed


def test_the_same_answers_pass(reference: Reference) -> None:
    result = judge(answers_of(reference.logits), reference, FLOAT)
    assert result.passed
    assert (result.accuracy, result.agreement, result.lost, result.won, result.ties) == (0.99, 1.0, 0, 0, 0)
    assert result.max_probability_difference == 0


def softmax(logits: Logits) -> Logits:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), np.float32)


def sigmoid(logits: Logits) -> Logits:
    return np.asarray(1 / (1 + np.exp(-logits)), np.float32)


@pytest.mark.parametrize("last", [softmax, sigmoid, lambda logits: (softmax(logits) * 256).round() / 256 + 1 / 256])
def test_probabilities_do_not_pass_even_where_keras_answers_so_as_well(
    reference: Reference, last: Callable[[Logits], Logits]
) -> None:
    probabilities = last(reference.logits).astype(np.float32)
    theirs = Reference(probabilities, reference.labels, reference.temperature, reference.digit_score)
    result = judge(answers_of(probabilities), theirs, FLOAT)
    assert result.agreement == 1
    assert [fault for fault in result.faults if "probabilities, not with logits" in fault]


@pytest.mark.parametrize(("swapped", "passes"), [(9, True), (11, False)])
def test_int8_may_lose_a_tenth_of_a_point(reference: Reference, swapped: int, passes: bool) -> None:
    result = judge(answers_of(swap_answers(reference.logits, slice(-swapped, None))), reference, INT8)
    assert result.lost == swapped
    assert result.passed is passes
    if not passes:
        assert "0.11 points under Keras' 99.00%" in result.faults[0]


def test_int8_must_agree_even_where_both_are_wrong(reference: Reference) -> None:
    result = judge(answers_of(swap_answers(reference.logits, slice(0, 21))), reference, INT8)
    assert result.accuracy == 0.99
    assert result.faults == ("it answers as Keras on 99.79% of the images (at least 99.80%)",)


def test_a_small_loss_that_is_no_chance_is_held_back(reference: Reference) -> None:
    """Ten lost and none won is within a tenth of a point, and still no accident."""
    result = judge(answers_of(swap_answers(reference.logits, slice(-10, None))), reference, INT8)
    assert result.faults == ("it loses 10 images and wins 0 against Keras, by chance with p = 0.001 only",)


def test_float_must_give_the_same_probabilities(reference: Reference) -> None:
    logits = reference.logits.copy()
    logits[0] *= np.float32(0.8)
    result = judge(answers_of(logits), reference, FLOAT)
    assert result.agreement == 1
    assert "a probability differs from Keras' by" in result.faults[0]


@pytest.mark.parametrize(("images", "passes"), [(20, True), (21, False)])
def test_digits_that_are_refused_otherwise_than_by_keras_are_counted(images: int, passes: bool) -> None:
    """Two logits: the digit's, and that of 'no digit', which lies a little above or below it."""
    logits = np.full((IMAGES, 11), -9, np.float32)
    logits[:, 3], logits[:, 10] = 5, 4
    reference = Reference(logits, np.full(IMAGES, 3, np.uint8), 1.0, DigitScore("outlier-class", 0.5))
    changed = logits.copy()
    changed[:images, 10] = 5.5
    result = judge(answers_of(changed), reference, INT8)
    assert (result.accuracy, result.agreement) == (1, 1), "the digits stay the same"
    assert result.refusals == tuple(range(images))
    assert result.max_score_difference == pytest.approx(1 / (1 + np.exp(-1)) - 1 / (1 + np.exp(0.5)), abs=1e-4)
    assert result.passed is passes
    if not passes:
        assert result.faults == ("it refuses or takes 21 of 10000 digits otherwise than Keras does (at most 0.20%)",)


def test_coarse_logits_that_tie_are_held_back(reference: Reference) -> None:
    logits = reference.logits.copy()
    logits[:200, 0] = logits[:200, 1] = 20
    assert any("tie on 200 of 10000 images" in fault for fault in judge(answers_of(logits), reference, INT8).faults)


def test_an_engine_that_stumbles_over_the_batch_size_is_held_back(reference: Reference) -> None:
    result = judge(answers_of(reference.logits, lambda logits: np.roll(logits, 1, axis=0)), reference, INT8)
    assert (result.accuracy, result.agreement) == (0.99, 1.0)
    assert [fault.split(" a ")[0] for fault in result.faults] == [f"in batches of {size}" for size in BATCH_SIZES]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_answers_that_are_no_numbers_cannot_be_judged(reference: Reference, value: float) -> None:
    logits = reference.logits.copy()
    logits[5, 5] = value
    with pytest.raises(TrialError, match="not finite"):
        judge(answers_of(logits), reference, INT8)


def test_answers_of_another_shape_cannot_be_judged(reference: Reference) -> None:
    with pytest.raises(TrialError, match=r"shape \(10000, 9\)"):
        judge(answers_of(reference.logits[:, :9]), reference, INT8)


def test_a_batched_answer_that_is_no_number_is_a_fault(reference: Reference) -> None:
    with np.errstate(invalid="ignore"):
        result: GateResult = judge(answers_of(reference.logits, lambda logits: logits * np.nan), reference, INT8)
    assert not result.passed


@pytest.mark.parametrize(("size", "passes"), [(10_000, False), (71_000, True), (240_000, False)])
def test_a_file_without_room_for_its_weights_or_with_too_much_is_held_back(size: int, passes: bool) -> None:
    assert (size_faults(size, 60_000) == ()) is passes


def test_statistics_agree_with_published_values() -> None:
    assert wilson_interval(0, 10) == pytest.approx((0, 0.2775), abs=1e-4)
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, table I
    assert losing_probability(8, 2) == pytest.approx(56 / 1024)
    assert losing_probability(0, 0) == 1


def unsure(reference: Reference, images: slice, gap: float) -> Reference:
    """Return a model whose two best logits lie so far apart on some images."""
    logits = reference.logits.copy()
    rows = np.arange(IMAGES)[images]
    best = logits[images].argmax(axis=1)
    logits[rows, (best + 1) % 10] = logits[rows, best] - np.float32(gap)
    return replace(reference, logits=logits, digit_score=DigitScore("max-probability", 0.1))


def test_what_the_model_is_unsure_of_eight_bits_may_decide(reference: Reference) -> None:
    step = INT8.step(reference.logits)
    rough = unsure(reference, slice(100, 400), 0.5 * step)
    swapped = swap_answers(rough.logits, slice(100, 200))
    result = judge(answers_of(swapped), rough, INT8)
    assert result.passed
    assert (result.agreement, result.settled_agreement) == (0.99, 1.0)
    assert result.accuracy == pytest.approx(0.98), "what is reported is what the file answers"
    assert not judge(answers_of(swapped), rough, FLOAT).passed, "a float file has no steps"


def test_what_the_model_is_sure_of_by_two_steps_is_a_change(reference: Reference) -> None:
    rough = unsure(reference, slice(100, 400), 2 * INT8.step(reference.logits))
    assert not judge(answers_of(swap_answers(rough.logits, slice(100, 200))), rough, INT8).passed


def test_ties_of_what_is_within_a_step_are_no_fault(reference: Reference) -> None:
    rough = unsure(reference, slice(100, 400), 0.5 * INT8.step(reference.logits))
    tied = unsure(reference, slice(100, 400), 0.0)
    result = judge(answers_of(tied.logits), rough, INT8)
    assert result.passed
    assert result.ties == 300
