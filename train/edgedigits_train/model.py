"""The network: small, and made of what every exporter and every engine knows."""

from __future__ import annotations

from edgedigits.glyphs import SIDE
from edgedigits_train.backend import keras
from edgedigits_train.recipes import Recipe

DIGITS = 10


def build_model(recipe: Recipe) -> keras.Model:
    """Return the untrained network of a recipe.

    Four 3×3 convolutions with batch normalisation and ReLU: the first and the third halve the resolution, so that
    no layer works on 28×28 pixels with many channels, which is what costs time on a CPU. One 7×7 depthwise
    convolution then weighs each channel's map as a whole; a dense layer answers. The layers form a plain chain, so
    calling `model.layers[1:]` in turn on an input of another type gives the same network.

    Returns:
        A Keras model from `glyphs`, uint8 (N, 28, 28, 1), 0 paper, 255 ink, to `logits`, float32 (N, 10). The
        scaling to 0…1 is its first layer.

    Example:
        >>> build_model(RECIPES["quick"]).output_shape
        (None, 10)
    """
    glyphs = keras.Input((SIDE, SIDE, 1), dtype="uint8", name="glyphs")
    x = keras.layers.Rescaling(1 / 255, name="scale")(glyphs)
    for number, (width, stride) in enumerate(zip(recipe.widths, (2, 1, 2, 1), strict=True), start=1):
        x = keras.layers.Conv2D(width, 3, strides=stride, padding="same", use_bias=False, name=f"conv{number}")(x)
        x = keras.layers.BatchNormalization(momentum=0.98, name=f"norm{number}")(x)
        x = keras.layers.ReLU(name=f"relu{number}")(x)
    x = keras.layers.DepthwiseConv2D(x.shape[1], use_bias=False, name="pool")(x)
    x = keras.layers.Flatten(name="features")(x)
    x = keras.layers.Dropout(recipe.dropout, name="dropout")(x)
    return keras.Model(glyphs, keras.layers.Dense(DIGITS, name="logits")(x), name="digits")
