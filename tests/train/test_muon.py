"""The optimizer: directions of a convolution's kernel take equal steps, whatever their gradients; the rest is Adam."""

from __future__ import annotations

import numpy as np
import pytest

from edgedigits_train.backend import keras
from edgedigits_train.fit.muon import Muon, is_convolution, orthogonalise


@pytest.mark.parametrize("shape", [(25, 16), (24, 216), (216, 24), (8, 8)])
def test_directions_become_equally_long(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    across, along = (np.linalg.qr(rng.standard_normal((side, min(shape))))[0] for side in shape)
    strengths = np.geomspace(1, 0.05, min(shape))

    result = np.asarray(
        keras.ops.convert_to_numpy(
            orthogonalise(keras.ops.convert_to_tensor(((across * strengths) @ along.T).astype(np.float32)))
        )
    )

    lengths = across.T @ result @ along
    assert np.diag(lengths).min() > 0.5
    assert np.diag(lengths).max() < 1.3
    assert np.abs(lengths - np.diag(np.diag(lengths))).max() < 1e-3


def test_step_along_a_kernel_has_the_size_of_one_of_adam_whatever_the_gradient() -> None:
    for size in (1e-6, 1.0, 1e4):
        kernel = keras.Variable(np.zeros((3, 3, 16, 24), np.float32))
        gradient = size * np.random.default_rng(1).standard_normal(kernel.shape).astype(np.float32)
        optimizer = Muon(0.01)
        optimizer.build([kernel])
        optimizer.apply_gradients([(keras.ops.convert_to_tensor(gradient), kernel)])
        step = keras.ops.convert_to_numpy(kernel)
        assert np.sqrt(np.mean(step**2)) == pytest.approx(0.01 * 0.2, rel=0.2)
        assert np.sum(step * gradient) < 0


def test_other_weights_follow_adam() -> None:
    start = np.random.default_rng(2).standard_normal((12, 5)).astype(np.float32)
    ours, theirs = keras.Variable(start), keras.Variable(start)
    muon, adam = Muon(0.01), keras.optimizers.Adam(0.01, beta_1=0.9, beta_2=0.99, epsilon=1e-7)
    muon.build([ours])
    adam.build([theirs])
    for seed in range(5):
        gradient = keras.ops.convert_to_tensor(
            np.random.default_rng(seed).standard_normal(start.shape).astype(np.float32)
        )
        muon.apply_gradients([(gradient, ours)])
        adam.apply_gradients([(gradient, theirs)])
    assert keras.ops.convert_to_numpy(ours) == pytest.approx(keras.ops.convert_to_numpy(theirs), abs=1e-5)


def test_depthwise_kernels_are_no_matrices_of_channels() -> None:
    layer = keras.layers.DepthwiseConv2D(7)
    layer.build((None, 7, 7, 24))
    assert not is_convolution(layer.kernel)
    layer = keras.layers.Conv2D(24, 3)
    layer.build((None, 7, 7, 16))
    assert is_convolution(layer.kernel)
