"""TFLite in 32-bit float, with uint8 input."""

from __future__ import annotations

from edgedigits_export.formats.base import FLOAT, Format
from edgedigits_export.savedmodel import saved_model
from edgedigits_export.source import TrainedModel
from edgedigits_export.tflite import read_facts


def _convert(trained: TrainedModel) -> bytes:
    import tensorflow as tf

    with saved_model(trained.keras_model) as folder:
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        return bytes(converter.convert())


TFLITE_FLOAT32 = Format(
    name="tflite-float32",
    file_name="digits-float32.tflite",
    precision="float32",
    summary="TFLite in 32-bit float: for LiteRT and tflite-runtime where int8 gains nothing.",
    engines=("litert", "tflite_runtime"),
    tolerance=FLOAT,
    weight_bytes=4,
    convert=_convert,
    read_facts=read_facts,
)
