"""The network: small, and made of what every exporter and every engine knows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgedigits.glyphs import SIDE
from edgedigits_train.backend import keras
from edgedigits_train.fit.fast_layers import KERAS, Layers
from edgedigits_train.recipes import Recipe

CLASSES = 11
"""The ten digits, and what is none."""


def build_model(recipe: Recipe, kinds: Layers = KERAS, classes: int = CLASSES) -> keras.Model:
    """Return the untrained network of a recipe.

    Convolutions with batch normalisation and ReLU: some at 14×14 pixels, the rest at 7×7; the first is 5×5, the others
    3×3. Nothing works on 28×28 pixels, which is what costs time on a CPU; a few channels at 14×14 cost little, have few
    weights and see what a small network misses at 7×7. One 7×7 depthwise convolution then weighs each channel's map as
    a whole; a dense layer answers. The layers form a plain chain, so calling `model.layers[1:]` in turn on an input of
    another type gives the same network.

    Args:
        recipe: the widths of its layers.
        kinds: what the network is made of; other layers than Keras' own are for fitting only.
        classes: how many logits it gives; by default those of the ten digits and of what is none.

    Returns:
        A Keras model from `glyphs`, uint8 (N, 28, 28, 1), 0 paper, 255 ink, to `logits`, float32 (N, classes).
        The scaling to 0…1 is its first layer.

    Example:
        >>> from edgedigits_train.recipes import RECIPES
        >>> build_model(RECIPES["quick"]).output_shape
        (None, 11)
    """
    layers = keras.layers
    glyphs = keras.Input((SIDE, SIDE, 1), dtype="uint8", name="glyphs")
    x = layers.Rescaling(1 / 255, dtype=kinds.dtype, name="scale")(glyphs)
    convolutions = [(width, 1 if place else 2) for widths in recipe.widths for place, width in enumerate(widths)]
    for number, (width, stride) in enumerate(convolutions, start=1):
        size = 5 if number == 1 else 3
        options = {"strides": stride, "padding": "same", "use_bias": False}
        x = layers.Conv2D(width, size, **options, dtype=kinds.dtype, name=f"conv{number}")(x)
        x = kinds.normalization(momentum=0.98, dtype=kinds.dtype, name=f"norm{number}")(x)
        x = layers.ReLU(dtype=kinds.dtype, name=f"relu{number}")(x)
    x = kinds.whole_map(x.shape[1], use_bias=False, name="pool")(x)
    x = layers.Flatten(name="features")(x)
    x = layers.Dropout(recipe.dropout, name="dropout")(x)
    return keras.Model(glyphs, layers.Dense(classes, name="logits")(x), name="digits")


def with_weights(recipe: Recipe, weights: Sequence[npt.NDArray[np.float32]], kinds: Layers = KERAS) -> keras.Model:
    """Return a recipe's network with given weights, as `get_weights` of a model of the recipe returns them.

    It is not compiled: a model that was would carry the optimizer into its file.

    Args:
        recipe: the widths of its layers.
        weights: of all layers, in their order.
        kinds: as for `build_model`.

    Example:
        >>> from edgedigits_train.recipes import RECIPES
        >>> fitted = with_weights(RECIPES["quick"], build_model(RECIPES["quick"]).get_weights())
    """
    model = build_model(recipe, kinds, classes=len(weights[-1]))
    model.set_weights(weights)
    return model
