"""The page network: fully convolutional, and made of what every exporter and every engine knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edgedigits.finding.page import LABELS
from edgedigits.finding.tiles import TILE
from edgedigits_train.backend import keras
from edgedigits_train.page_network.recipe import PageRecipe

_EPSILON = 1e-3


def build_page_network(recipe: PageRecipe) -> keras.Model:
    """Return the untrained network of a recipe.

    Two convolutions bring a tile to a quarter of its resolution; from there, depthwise separable ones of 5×5 at an
    eighth see some ninety pixels round, and are added to the finer map, which answers for each of its cells.

    Returns:
        A Keras model from `tiles`, uint8 (N, 128, 128, 1), 0 paper, 255 ink, to `maps`, float32 (N, 32, 32, 27): logits
        of `edgedigits.finding.page.LABELS`, then how far the left, upper, right and lower side are, in cells.

    Example:
        >>> build_page_network(PageRecipe()).output_shape
        (None, 32, 32, 27)
    """
    layers = keras.layers
    tiles = keras.Input((TILE, TILE, 1), dtype="uint8", name="tiles")
    x = layers.Rescaling(1 / 255, name="scale")(tiles)
    x = _convolution(x, recipe.stem, 5, 2, "stem")
    fine = _convolution(x, recipe.fine, 3, 2, "fine1")
    fine = layers.Add(name="fine2_sum")([fine, _convolution(fine, recipe.fine, 3, 1, "fine2")])
    coarse = _separable(fine, recipe.coarse, 3, 2, "coarse0")
    for number in range(1, recipe.blocks + 1):
        more = _separable(coarse, recipe.coarse, 5, 1, f"coarse{number}")
        coarse = layers.Add(name=f"coarse{number}_sum")([coarse, more])
    seen = layers.Conv2D(recipe.fine, 1, name="surroundings")(coarse)
    fine = layers.Add(name="both")([fine, layers.UpSampling2D(2, name="enlarged")(seen)])
    fine = layers.Add(name="fine3_sum")([fine, _convolution(fine, recipe.fine, 3, 1, "fine3")])
    names = layers.Conv2D(len(LABELS), 1, name="names")(fine)
    sides = layers.ReLU(name="sides_relu")(layers.Conv2D(4, 1, name="sides")(fine))
    return keras.Model(tiles, layers.Concatenate(name="maps")([names, sides]), name="page")


def _convolution(x: Any, width: int, size: int, stride: int, name: str) -> Any:
    x, options = _padded(x, size, stride, name)
    return _normalised(keras.layers.Conv2D(width, size, **options, name=name), name)(x)


def _separable(x: Any, width: int, size: int, stride: int, name: str) -> Any:
    x, options = _padded(x, size, stride, name)
    x = _normalised(keras.layers.DepthwiseConv2D(size, **options, name=f"{name}_depth"), f"{name}_depth")(x)
    return _normalised(keras.layers.Conv2D(width, 1, use_bias=False, name=f"{name}_point"), f"{name}_point")(x)


def _padded(x: Any, size: int, stride: int, name: str) -> tuple[Any, dict[str, Any]]:
    """Return what a convolution is given, and its options: as much paper on every side, as all frameworks have it.

    With a stride of two, TensorFlow's own padding is one pixel less on two sides, and a cell no longer lies in the
    middle of what it sees.
    """
    if stride == 1:
        return x, {"padding": "same", "use_bias": False}
    padded = keras.layers.ZeroPadding2D(size // 2, name=f"{name}_pad")(x)
    return padded, {"strides": stride, "padding": "valid", "use_bias": False}


def _normalised(convolution: keras.layers.Layer, name: str) -> Callable[[Any], Any]:
    norm = keras.layers.BatchNormalization(momentum=0.98, epsilon=_EPSILON, name=f"{name}_norm")
    relu = keras.layers.ReLU(name=f"{name}_relu")
    return lambda x: relu(norm(convolution(x)))
