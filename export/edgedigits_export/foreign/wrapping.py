"""Wrapping: a frozen graph as a Keras model from raw glyphs to logits, which is what export converts."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from edgedigits.glyphs import SIDE
from edgedigits_export.foreign.detecting import Detection
from edgedigits_export.foreign.forms import TINY
from edgedigits_export.foreign.graph import FrozenGraph

_LEAST_PROBABILITY = 1e-7


class GraphLayer(keras.layers.Layer):  # type: ignore[misc] # the library's base has no types
    """A frozen graph as a layer.

    Args:
        graph: it; from images of its shape and dtype to (N, C).
    """

    def __init__(self, graph: FrozenGraph, **options: Any) -> None:
        super().__init__(**options)
        self.graph = graph
        self._apply = tf.function(graph.apply, autograph=False)

    def call(self, images: Any) -> Any:
        """Return the graph's answers."""
        return self._apply(images)

    def compute_output_shape(self, shape: Any) -> tuple[Any, int]:
        """Return the shape of the answers."""
        return (shape[0], self.graph.classes)

    def get_config(self) -> dict[str, Any]:
        """Return what a copy of the layer is made with."""
        return {"name": self.name, "graph": self.graph}


class UnitRows(keras.layers.Layer):  # type: ignore[misc] # the library's base has no types
    """Divides images by their length along axis 1, as `keras.utils.normalize(images, axis=1)` does."""

    def call(self, images: Any) -> Any:
        """Return the normalised images."""
        squares = keras.ops.sum(keras.ops.square(images), axis=1, keepdims=True)
        return images / keras.ops.sqrt(keras.ops.maximum(squares, TINY))

    def compute_output_shape(self, shape: Any) -> Any:
        """Return the shape of the images."""
        return shape


def wrap(graph: FrozenGraph, detection: Detection) -> Any:
    """Return a Keras model from `glyphs`, uint8 (N, 28, 28, 1), to `logits`, float32 (N, C).

    Args:
        graph: the model.
        detection: what it takes and answers.
    """
    layers, form = keras.layers, detection.form
    glyphs = keras.Input((SIDE, SIDE, 1), dtype="uint8", name="glyphs")
    factor, offset = form.scaling
    # padded with what paper is once it is scaled: the scaling comes after
    x = layers.Rescaling(1.0, dtype="float32", name="pixels")(glyphs) if form.padding else glyphs
    if form.padding:
        x = layers.ZeroPadding2D(form.padding, name="margin")(x)
    x = layers.Rescaling(factor, offset, dtype="float32", name="scale")(x)
    if form.transposed:
        x = layers.Permute((2, 1, 3), name="transpose")(x)
    x = layers.Reshape(form.shape, name="shape")(x)
    if form.scale == "rows":
        x = UnitRows(name="rows")(x)
    core = graph.without_activation().for_floats()
    if core.dtype != "float32":
        x = Cast(core.dtype, name="cast")(x)
    logits = GraphLayer(core, name="foreign")(x)
    if detection.output == "probabilities":
        logits = Logarithm(name="logarithm")(logits)
    return keras.Model(glyphs, layers.Activation("linear", dtype="float32", name="logits")(logits), name="digits")


class Logarithm(keras.layers.Layer):  # type: ignore[misc] # the library's base has no types
    """The logarithm of probabilities, which are logits."""

    def call(self, probabilities: Any) -> Any:
        """Return it."""
        return keras.ops.log(keras.ops.maximum(probabilities, _LEAST_PROBABILITY))

    def compute_output_shape(self, shape: Any) -> Any:
        """Return the shape of the probabilities."""
        return shape


class Cast(keras.layers.Layer):  # type: ignore[misc] # the library's base has no types
    """Makes numbers of another type.

    Args:
        kind: the type.
    """

    def __init__(self, kind: str, **options: Any) -> None:
        super().__init__(**options)
        self.kind = kind

    def call(self, images: Any) -> Any:
        """Return the same numbers."""
        return keras.ops.cast(images, self.kind)

    def compute_output_spec(self, images: Any) -> Any:
        """Return shape and type of the numbers."""
        return keras.KerasTensor(images.shape, self.kind)

    def get_config(self) -> dict[str, Any]:
        """Return what a copy of the layer is made with."""
        return {"name": self.name, "kind": self.kind}
