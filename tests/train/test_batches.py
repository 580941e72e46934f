"""Batches that threads make ahead are those that would be made one by one, and the threads leave nothing behind."""

from __future__ import annotations

import cv2
import numpy as np

from edgedigits_train.data.augmentation import Augmentation
from edgedigits_train.data.batches import AugmentedBatches, makers
from edgedigits_train.data.datasets import Dataset


def test_however_many_threads_make_them_batches_come_in_order_and_are_the_same(small: Dataset) -> None:
    batches = AugmentedBatches(small.training, 64, Augmentation(), seed=3)
    with makers() as pool:
        made = list(batches.stream(2, 1, pool))
    assert len(made) == len(batches) - 1
    for number, (glyphs, labels) in enumerate(made, start=1):
        expected_glyphs, expected_labels = batches.batch(2, number)
        assert np.array_equal(glyphs, expected_glyphs)
        assert np.array_equal(labels, expected_labels)


def test_opencv_has_one_thread_for_as_long_and_then_as_many_as_before() -> None:
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(2)
        with makers():
            assert cv2.getNumThreads() == 1
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(threads)
