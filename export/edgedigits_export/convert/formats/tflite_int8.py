"""TFLite in 8-bit integers from the uint8 pixels to the int8 logits."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edgedigits_export.convert.embedding import embed_in_tflite
from edgedigits_export.convert.facts import FileFacts
from edgedigits_export.convert.formats.base import INT8, Format
from edgedigits_export.convert.layers import read_tflite_layers
from edgedigits_export.convert.saved_model import with_float_input
from edgedigits_export.convert.tflite import (
    builtin_converter,
    layer_outputs,
    outer_outputs,
    read_facts,
    read_input_quantization,
    tensor_types,
)
from edgedigits_export.errors import ExportError
from edgedigits_export.source import TrainedModel


@contextlib.contextmanager
def _quantizing_converter(trained: TrainedModel) -> Iterator[Any]:
    import tensorflow as tf

    def examples() -> Iterator[list[npt.NDArray[np.float32]]]:
        for glyph in trained.calibration.glyphs:
            yield [glyph[np.newaxis].astype(np.float32)]

    with builtin_converter(with_float_input(trained.keras_model)) as converter:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = examples
        yield converter


def _convert(trained: TrainedModel) -> bytes:
    import tensorflow as tf

    with _quantizing_converter(trained) as converter:
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8
        converter.inference_output_type = tf.int8
        return bytes(converter.convert())


def _convert_partly(trained: TrainedModel, float_layers: Sequence[int]) -> bytes:
    """Convert in two steps, as TensorFlow's QuantizationDebugger does for its denylist ('selective quantization').

    Layers that are kept and follow one another hand float values on. Of a model that needs it, what comes before the
    first layer and after the last stays in float as well.
    """
    import tensorflow as tf
    from tensorflow.lite.python import convert

    with _quantizing_converter(trained) as converter:
        converter._experimental_calibrate_only = True
        calibrated = bytes(converter.convert())
    outputs = layer_outputs(calibrated)
    outer = outer_outputs(calibrated) if trained.partly_float else []
    return bytes(
        convert.mlir_quantize(
            calibrated,
            input_data_type=tf.uint8,
            output_data_type=tf.int8,
            denylisted_nodes=[*outer, *(outputs[place] for place in float_layers)],
        )
    )


def _with_float_layers(places: Sequence[int]) -> Format:
    return dataclasses.replace(
        TFLITE_INT8, convert=lambda trained: _convert_partly(trained, places), read_facts=_read_mixed_facts
    )


def _read_facts(content: bytes) -> FileFacts:
    floats = sorted(kind for kind in tensor_types(content) if kind.startswith("FLOAT"))
    if floats:
        raise ExportError(f"it still computes in {' and '.join(floats)}; every layer needs an 8-bit form")
    return _read_mixed_facts(content)


def _read_mixed_facts(content: bytes) -> FileFacts:
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
    with_float_layers=_with_float_layers,
)
