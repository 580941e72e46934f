"""Batches come to Keras as they are, and nobody waits for the thread that tunes TensorFlow's datasets."""

from __future__ import annotations

import numpy as np
import pytest

from edgedigits_train.fit.feeding import feed

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 10, 7).astype(np.uint8)
PROBABILITIES = RNG.random((7, 12), np.float32)


@pytest.mark.parametrize("targets", [LABELS, PROBABILITIES], ids=["labels", "probabilities"])
def test_batches_are_handed_on_in_their_order(targets: np.ndarray) -> None:
    # the last one is smaller, as at the end of what is scored
    made = [(RNG.integers(0, 256, (size, 28, 28, 1), np.uint8), targets[:size]) for size in (7, 7, 3)]
    handed = list(feed(iter(made)))
    assert len(handed) == len(made)
    for (glyphs, answers), (own_glyphs, own_answers) in zip(handed, made, strict=True):
        assert (glyphs.dtype, answers.dtype) == (own_glyphs.dtype, own_answers.dtype)
        assert np.array_equal(glyphs, own_glyphs)
        assert np.array_equal(answers, own_answers)


def test_nothing_is_tuned() -> None:
    batches = iter([(np.zeros((2, 28, 28, 1), np.uint8), LABELS[:2])])
    assert feed(batches).options().autotune.enabled is False
