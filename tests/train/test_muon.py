"""The optimizer: directions of a convolution's kernel take equal steps, whatever their gradients; the rest is Adam."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from edgedigits_train.backend import keras
from edgedigits_train.fit.muon import Muon

DEPTHWISE = (7, 7, 24, 1)
DENSE = (12, 5)
BIAS = (24,)


@pytest.mark.parametrize("shape", [(5, 5, 1, 16), (1, 1, 24, 216), (3, 3, 24, 24), (1, 1, 8, 8)])
def test_directions_become_equally_long(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    sides = int(np.prod(shape[:-1])), shape[-1]
    across, along = (np.linalg.qr(rng.standard_normal((side, min(sides))))[0] for side in sides)
    strengths = np.geomspace(1, 0.05, min(sides))
    kernel = keras.ops.convert_to_tensor(((across * strengths) @ along.T).reshape(shape).astype(np.float32))

    result = keras.ops.convert_to_numpy(Muon().zeropower_via_newtonschulz5(kernel, 5))

    assert result.shape == shape
    lengths = across.T @ result.reshape(sides) @ along
    assert np.diag(lengths).min() > 0.5
    assert np.diag(lengths).max() < 1.3
    assert np.abs(lengths - np.diag(np.diag(lengths))).max() < 1e-3


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e4])
def test_step_along_a_kernel_has_the_size_of_one_of_adam_whatever_the_gradient(size: float) -> None:
    gradient = size * np.random.default_rng(1).standard_normal((3, 3, 16, 24)).astype(np.float32)
    step = _after(Muon(0.01), np.zeros_like(gradient), [gradient])
    assert np.sqrt(np.mean(step**2)) == pytest.approx(0.01 * 0.2, rel=0.2)
    assert np.sum(step * gradient) < 0


@pytest.mark.parametrize("shape", [DENSE, DEPTHWISE, BIAS])
def test_other_weights_follow_adam_and_do_not_decay(shape: tuple[int, ...]) -> None:
    start, *gradients = (np.random.default_rng(seed).standard_normal(shape).astype(np.float32) for seed in range(6))
    adam = keras.optimizers.Adam(0.01, beta_1=0.9, beta_2=0.99, epsilon=1e-7)
    ours = _after(Muon(0.01, weight_decay=0.5), start, gradients)
    assert ours == pytest.approx(_after(adam, start, gradients), abs=1e-5)


def test_kernels_of_convolutions_decay() -> None:
    start = np.random.default_rng(3).standard_normal((3, 3, 16, 24)).astype(np.float32)
    still = np.zeros_like(start)
    assert _after(Muon(0.01, weight_decay=0.5), start, [still]) == pytest.approx(start * (1 - 0.01 * 0.5), abs=1e-6)
    assert _after(Muon(0.01), start, [still]) == pytest.approx(start)


def _after(optimizer: Any, start: npt.NDArray[Any], gradients: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Return a weight after its gradients."""
    weight = keras.Variable(start)
    optimizer.build([weight])
    for gradient in gradients:
        optimizer.apply_gradients([(keras.ops.convert_to_tensor(gradient), weight)])
    return np.asarray(keras.ops.convert_to_numpy(weight))
