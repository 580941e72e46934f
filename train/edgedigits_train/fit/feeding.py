"""Feeding: how batches come to Keras."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from edgedigits_train.backend import keras
from edgedigits_train.data.batches import Batch


def feed(batches: Iterator[Batch]) -> Any:
    """Return batches, at least one, all of the same types, as what Keras' `fit` and `evaluate` take.

    From an iterator or from arrays Keras makes a dataset of TensorFlow's whose tuning cannot be turned off. A thread
    tunes it, and sleeps in between for longer and longer; who has done with the dataset waits until that thread wakes:
    up to half as long again as an epoch took.
    """
    if keras.backend.backend() != "tensorflow":
        return batches
    import tensorflow as tf

    first = next(batches)
    kinds = tuple(tf.TensorSpec((None, *array.shape[1:]), array.dtype) for array in first)
    dataset = tf.data.Dataset.from_generator(lambda: chain([first], batches), output_signature=kinds)
    untuned = tf.data.Options()
    untuned.autotune.enabled = False
    return dataset.with_options(untuned)
