"""The optimizer: whole directions of a convolution's kernel take equal steps, all other weights follow Adam."""

from __future__ import annotations

import math
from typing import Any

from edgedigits_train.backend import keras


class Muon(keras.optimizers.Muon):  # type: ignore[misc]
    """Keras' Muon, which gives kernels of convolutions to Adam, for these kernels; all other weights follow Adam.

    A kernel is a matrix here, with a column for each output channel. Rare directions of it are learnt as fast as common
    ones: Jordan et al. (2024), "Muon: an optimizer for hidden layers in neural networks", with the steps scaled as in
    Liu et al. (2025), "Muon is scalable for LLM training". Weights decay in these kernels only.

    Args:
        learning_rate: of both, a number or a schedule.
        weight_decay: of kernels of convolutions.
        options: of every Keras optimizer.

    Example:
        >>> from edgedigits_train.fit.model import build_model
        >>> from edgedigits_train.recipes import RECIPES
        >>> model = build_model(RECIPES["quick"])
        >>> model.compile(Muon(0.03, weight_decay=0.02), "mse")
    """

    def __init__(self, learning_rate: Any = 0.03, weight_decay: float | None = None, **options: Any) -> None:
        ours = {"momentum": 0.9, "adam_beta_2": 0.99, "adam_weight_decay": None}
        super().__init__(learning_rate=learning_rate, weight_decay=weight_decay, **{**ours, **options})

    def _should_use_adamw(self, variable: keras.Variable) -> bool:
        # a depthwise kernel joins no channels to channels
        return len(variable.shape) != 4 or variable.shape[-1] == 1

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        """Return about the orthogonal matrix next to a kernel's, in the kernel's shape."""
        return keras.ops.reshape(super().zeropower_via_newtonschulz5(_as_matrix(x), steps), x.shape)

    def lr_adjust(self, x: Any) -> Any:
        """Return a kernel's update scaled to the size of one of Adam's."""
        return keras.ops.reshape(super().lr_adjust(_as_matrix(x)), x.shape)


def _as_matrix(kernel: Any) -> Any:
    return keras.ops.reshape(kernel, (math.prod(kernel.shape[:-1]), kernel.shape[-1]))
