"""Layers of a network that is trained: what Keras' own compute, on a CPU in far less time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgedigits.machine import cpu_flags
from edgedigits_train.backend import keras
from edgedigits_train.recipes import Recipe


@dataclass(frozen=True)
class Layers:
    """What a network is made of.

    Attributes:
        normalization: normalises batches.
        whole_map: a depthwise convolution whose kernel is as large as the map.
        dtype: in what precision the convolutions and what lies between them compute, as Keras names it: weights, sums
            over the batch, the answers and the loss are float32 always.
    """

    normalization: type[keras.layers.BatchNormalization]
    whole_map: type[keras.layers.DepthwiseConv2D]
    dtype: str


KERAS = Layers(keras.layers.BatchNormalization, keras.layers.DepthwiseConv2D, "float32")
"""What every exporter knows."""


class FusedBatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]
    """Keras' batch normalisation (Ioffe and Szegedy 2015), while training as a single operation of TensorFlow's.

    Keras composes it of a dozen, each of which reads and writes all activations again: up to half of a step's time on a
    CPU. oneDNN is fast at numbers of channels that are multiples of 16.

    Example:
        >>> import numpy as np
        >>> FusedBatchNormalization()(np.ones((2, 7, 7, 16), np.float32), training=True).shape
        TensorShape([2, 7, 7, 16])
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return the normalised inputs (N, H, W, C), and follow their mean and variance while training."""
        import tensorflow as tf

        if not training:
            return super().call(inputs, training=False, mask=mask)
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma,
            offset=self.beta,
            mean=tf.zeros(0),
            variance=tf.zeros(0),
            epsilon=self.epsilon,
            is_training=True,
        )
        for moving, seen in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + seen * (1 - self.momentum))
        return outputs


class WholeMapConvolution(keras.layers.DepthwiseConv2D):  # type: ignore[misc]
    """Keras' depthwise convolution of a map as large as the kernel, computed as what it is: a weighted sum.

    Example:
        >>> import numpy as np
        >>> WholeMapConvolution(7, use_bias=False)(np.ones((2, 7, 7, 16), np.float32)).shape
        TensorShape([2, 1, 1, 16])
    """

    def call(self, inputs: Any) -> Any:
        """Return the sum over the map (N, H, W, C), weighted by the kernel (H, W, C, 1): (N, 1, 1, C)."""
        return keras.ops.sum(inputs * self.kernel[..., 0], axis=(1, 2), keepdims=True)


def fastest(recipe: Recipe) -> Layers:
    """Return what a recipe's network is trained with on this machine.

    Example:
        >>> from edgedigits_train.recipes import RECIPES
        >>> fastest(RECIPES["default"]).normalization.__name__
        'FusedBatchNormalization'
    """
    if keras.backend.backend() != "tensorflow":
        return KERAS  # JAX's compiler joins the operations of Keras' own by itself
    # numbers of 16 bits save time in tiles, which some processors multiply and which hold 16 channels
    tiled = "amx_bf16" in cpu_flags() and all(width % 16 == 0 for widths in recipe.widths for width in widths)
    return Layers(FusedBatchNormalization, WholeMapConvolution, "mixed_bfloat16" if tiled else "float32")
