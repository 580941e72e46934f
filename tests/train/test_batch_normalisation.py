"""The fused batch normalisation does what Keras' own does."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from edgedigits_train.backend import keras
from edgedigits_train.batch_normalisation import FusedBatchNormalization

SHAPE = (64, 7, 7, 16)


def step(layer: keras.layers.BatchNormalization) -> list[np.ndarray]:
    """Return what a layer answers to a batch, the gradients, and what it answers later, when it is not trained."""
    rng = np.random.default_rng(0)
    inputs, upstream = (tf.constant(rng.normal(3, 2, SHAPE).astype(np.float32)) for _ in range(2))
    layer.build(SHAPE)
    layer.gamma.assign(rng.uniform(0.5, 2, SHAPE[-1]))
    layer.beta.assign(rng.uniform(-1, 1, SHAPE[-1]))
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, training=True)
    gradients = tape.gradient(outputs, [inputs, layer.gamma.value, layer.beta.value], upstream)
    return [np.asarray(value) for value in (outputs, *gradients, layer(inputs), layer(inputs, training=False))]


@pytest.mark.parametrize("momentum", [0.98, 0.0])
def test_answers_and_gradients_are_those_of_keras(momentum: float) -> None:
    ours = step(FusedBatchNormalization(momentum=momentum))
    theirs = step(keras.layers.BatchNormalization(momentum=momentum))
    # it follows the unbiased variance, a three-thousandth larger here
    for own, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-3, atol=1e-3 * np.abs(other).max())
