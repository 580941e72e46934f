"""From Keras to TensorFlow's SavedModel, the safe way into the TFLite converter."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def saved_model(model: Any) -> Iterator[str]:
    """Write a Keras model as a SavedModel with an input 'glyphs' and an output 'logits'.

    Yields:
        The path of a folder that is removed afterwards.
    """
    import keras
    import tensorflow as tf

    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(
        "serving_default",
        lambda glyphs: {"logits": model(glyphs, training=False)},
        input_signature=[tf.TensorSpec(model.inputs[0].shape, model.inputs[0].dtype, name="glyphs")],
    )
    with tempfile.TemporaryDirectory(prefix="edgedigits-") as folder:
        archive.write_out(folder, verbose=False)
        yield folder


def with_float_input(model: Any) -> Any:
    """Return the same model for glyphs that come as float32, 0 to 255.

    The TFLite quantizer gives a float input quantization parameters of its own, and these pixels get scale 1 and zero
    point 0; a uint8 input would stay in front of a float cast instead.
    """
    import keras

    pixels = keras.Input(model.input_shape[1:], dtype="float32", name="glyphs")
    twin = keras.models.clone_model(model, input_tensors=pixels)
    twin.set_weights(model.get_weights())
    return twin
