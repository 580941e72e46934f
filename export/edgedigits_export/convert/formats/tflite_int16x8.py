"""TFLite with 8-bit weights and 16-bit activations."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from edgedigits_export.convert.embedding import embed_in_tflite
from edgedigits_export.convert.formats.base import INT8, Format
from edgedigits_export.convert.tflite import builtin_converter, read_facts
from edgedigits_export.source import TrainedModel


def _convert(trained: TrainedModel) -> bytes:
    import tensorflow as tf

    def examples() -> Iterator[list[npt.NDArray[np.uint8]]]:
        for glyph in trained.calibration.glyphs:
            yield [glyph[np.newaxis]]

    with builtin_converter(trained.keras_model) as converter:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = examples
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8,
            # the uint8 pixels are widened in float before they are quantized
            tf.lite.OpsSet.TFLITE_BUILTINS,
        ]
        return bytes(converter.convert())


TFLITE_INT16X8 = Format(
    name="tflite-int16x8",
    file_name="digits-int16x8.tflite",
    precision="int16x8",
    summary="TFLite with 8-bit weights and 16-bit activations: nearly float's answers, far slower than int8 on CPUs.",
    engines=("litert", "tflite_runtime"),
    tolerance=INT8,
    weight_bytes=1,
    convert=_convert,
    embed=embed_in_tflite,
    read_facts=read_facts,
)
