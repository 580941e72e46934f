"""TFLite with 8-bit weights and activations that are quantized as they come ('dynamic range')."""

from __future__ import annotations

from edgedigits_export.convert.embedding import embed_in_tflite
from edgedigits_export.convert.formats.base import INT8, Format
from edgedigits_export.convert.tflite import builtin_converter, read_facts
from edgedigits_export.source import TrainedModel


def _convert(trained: TrainedModel) -> bytes:
    import tensorflow as tf

    with builtin_converter(trained.keras_model) as converter:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        # per-channel dense layers need version 12 of FULLY_CONNECTED, which tflite-runtime 2.14 does not have
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True
        return bytes(converter.convert())


TFLITE_DYNAMIC = Format(
    name="tflite-dynamic",
    file_name="digits-dynamic.tflite",
    precision="dynamic",
    summary="TFLite with 8-bit weights and float activations: the size of int8 without calibration, slower.",
    engines=("litert", "tflite_runtime"),
    tolerance=INT8,
    weight_bytes=1,
    convert=_convert,
    embed=embed_in_tflite,
    read_facts=read_facts,
)
