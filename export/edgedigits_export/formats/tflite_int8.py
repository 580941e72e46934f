"""TFLite in 8-bit integers from the uint8 pixels to the int8 logits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from edgedigits_export.embedding import embed_in_tflite
from edgedigits_export.errors import ExportError
from edgedigits_export.facts import FileFacts
from edgedigits_export.formats.base import INT8, Format
from edgedigits_export.layers import read_tflite_layers
from edgedigits_export.savedmodel import with_float_input
from edgedigits_export.source import TrainedModel
from edgedigits_export.tflite import builtin_converter, read_facts, read_input_quantization, tensor_types


def _convert(trained: TrainedModel) -> bytes:
    import tensorflow as tf

    def examples() -> Iterator[list[npt.NDArray[np.float32]]]:
        for glyph in trained.calibration.glyphs:
            yield [glyph[np.newaxis].astype(np.float32)]

    with builtin_converter(with_float_input(trained.keras_model)) as converter:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = examples
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8
        converter.inference_output_type = tf.int8
        return bytes(converter.convert())


def _read_facts(content: bytes) -> FileFacts:
    floats = sorted(kind for kind in tensor_types(content) if kind.startswith("FLOAT"))
    if floats:
        raise ExportError(f"it still computes in {' and '.join(floats)}; every layer needs an 8-bit form")
    scale, zero_point = read_input_quantization(content)
    if (scale, zero_point) != (1.0, 0):
        raise ExportError(
            f"raw pixels are not its quantized input (scale {scale}, zero point {zero_point}); the calibration images"
            " must reach from 0 to 255"
        )
    return read_facts(content)


TFLITE_INT8 = Format(
    name="tflite-int8",
    file_name="digits-int8.tflite",
    precision="int8",
    summary="TFLite in 8-bit integers throughout: for LiteRT, tflite-runtime and microcontrollers.",
    engines=("litert", "tflite_runtime"),
    tolerance=INT8,
    weight_bytes=1,
    convert=_convert,
    embed=embed_in_tflite,
    read_facts=_read_facts,
    read_layers=read_tflite_layers,
)
