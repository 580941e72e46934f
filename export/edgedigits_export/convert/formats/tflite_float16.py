"""TFLite with 16-bit float weights, which interpreters widen to 32 bits when they load them."""

from __future__ import annotations

from edgedigits_export.convert.embedding import embed_in_tflite
from edgedigits_export.convert.formats.base import FLOAT16, Format
from edgedigits_export.convert.tflite import builtin_converter, read_facts
from edgedigits_export.source import TrainedModel


def _convert(trained: TrainedModel) -> bytes:
    import tensorflow as tf

    with builtin_converter(trained.keras_model) as converter:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
        return bytes(converter.convert())


TFLITE_FLOAT16 = Format(
    name="tflite-float16",
    file_name="digits-float16.tflite",
    precision="float16",
    summary="TFLite with weights in 16-bit float: half the size of float32 and the same answers.",
    engines=("litert", "tflite_runtime"),
    tolerance=FLOAT16,
    weight_bytes=2,
    convert=_convert,
    embed=embed_in_tflite,
    read_facts=read_facts,
)
