"""TFLite in 32-bit float, with uint8 input."""

from __future__ import annotations

from edgedigits_export.convert.embedding import embed_in_tflite
from edgedigits_export.convert.formats.base import FLOAT, Format
from edgedigits_export.convert.tflite import builtin_converter, read_facts
from edgedigits_export.source import TrainedModel


def _convert(trained: TrainedModel) -> bytes:
    with builtin_converter(trained.keras_model) as converter:
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
    embed=embed_in_tflite,
    read_facts=read_facts,
)
