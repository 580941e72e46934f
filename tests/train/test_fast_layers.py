"""Layers that are fast to train do what Keras' own do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from edgedigits_train.backend import keras
from edgedigits_train.data.augmentation import Augmentation
from edgedigits_train.data.batches import AugmentedBatches
from edgedigits_train.data.datasets import Dataset
from edgedigits_train.fit import fast_layers, fitting
from edgedigits_train.fit.fast_layers import FusedBatchNormalization, Layers, WholeMapConvolution, fastest
from edgedigits_train.recipes import RECIPES

SHAPE = (64, 7, 7, 16)
TILED, OTHER = frozenset({"avx512f", "amx_bf16"}), frozenset({"avx512f"})


def inputs_and_upstream(channels: tuple[int, ...]) -> tuple[tf.Tensor, tf.Tensor]:
    rng = np.random.default_rng(0)
    return tuple(tf.constant(rng.normal(3, 2, shape).astype(np.float32)) for shape in (SHAPE, channels))


def normalise(layer: keras.layers.BatchNormalization) -> list[np.ndarray]:
    """Return what a layer answers to a batch, the gradients, and what it answers later, when it is not trained."""
    rng = np.random.default_rng(1)
    inputs, upstream = inputs_and_upstream(SHAPE)
    layer.build(SHAPE)
    layer.gamma.assign(rng.uniform(0.5, 2, SHAPE[-1]))
    layer.beta.assign(rng.uniform(-1, 1, SHAPE[-1]))
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, training=True)
    gradients = tape.gradient(outputs, [inputs, layer.gamma.value, layer.beta.value], upstream)
    return [np.asarray(value) for value in (outputs, *gradients, layer(inputs), layer(inputs, training=False))]


@pytest.mark.parametrize("momentum", [0.98, 0.0])
def test_a_batch_is_normalised_as_by_keras(momentum: float) -> None:
    ours = normalise(FusedBatchNormalization(momentum=momentum))
    theirs = normalise(keras.layers.BatchNormalization(momentum=momentum))
    # it follows the unbiased variance, a three-thousandth larger here
    for own, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-3, atol=1e-3 * np.abs(other).max())


def weigh(layer: keras.layers.DepthwiseConv2D) -> list[np.ndarray]:
    """Return what a layer answers, and the gradients."""
    inputs, upstream = inputs_and_upstream((SHAPE[0], 1, 1, SHAPE[-1]))
    layer.build(SHAPE)
    layer.kernel.assign(np.random.default_rng(1).normal(size=layer.kernel.shape))
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs)
    return [np.asarray(value) for value in (outputs, *tape.gradient(outputs, [inputs, layer.kernel.value], upstream))]


def test_a_map_is_weighed_as_by_keras() -> None:
    ours, theirs = (weigh(kind(7, use_bias=False)) for kind in (WholeMapConvolution, keras.layers.DepthwiseConv2D))
    for own, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-4, atol=1e-4 * np.abs(other).max())


@pytest.mark.parametrize(
    ("name", "flags", "dtype"),
    [
        ("default", TILED, "mixed_bfloat16"),
        ("best", TILED, "mixed_bfloat16"),
        ("tiny", TILED, "float32"),
        ("default", OTHER, "float32"),
        ("default", frozenset(), "float32"),
    ],
)
def test_16_bits_where_they_save_time(
    name: str, flags: frozenset[str], dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast_layers, "cpu_flags", lambda: flags)
    assert fastest(RECIPES[name]).dtype == dtype


def test_the_precision_of_a_training_is_not_seen_in_the_model(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = replace(RECIPES["quick"], widths=((16,), (16, 16)), epochs=12, batch=50)
    answers = []
    for dtype in ("float32", "mixed_bfloat16"):
        layers = Layers(FusedBatchNormalization, WholeMapConvolution, dtype)
        monkeypatch.setattr(fitting, "fastest", lambda recipe, layers=layers: layers)
        batches = AugmentedBatches(small.training, recipe.batch, Augmentation(), seed=0)
        model = fitting.fit(recipe, batches, small.held_out).model
        assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}
        assert {weight.dtype for weight in model.weights} == {"float32"}
        answers.append(fitting.predict_logits(model, small.held_out.glyphs)[:, :10].argmax(axis=1))
    right = [(some == small.held_out.labels).mean() for some in answers]
    assert min(right) > 0.8
    assert abs(right[0] - right[1]) < 0.05
