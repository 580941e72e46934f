"""ONNX in 8-bit integers with quantized operators (QOperator), the one 8-bit form that OpenCV's DNN answers rightly."""

from __future__ import annotations

from edgedigits_export.convert.embedding import embed_in_onnx
from edgedigits_export.convert.formats.base import INT8, Format
from edgedigits_export.convert.formats.onnx_int8 import quantize
from edgedigits_export.convert.onnx_graph import canonical, read_facts, serialise
from edgedigits_export.source import TrainedModel

_OPERATORS = ["Conv", "Relu", "Reshape"]
"""What is quantized. A dense layer would become QGemm, which onnxruntime alone has: it stays in float."""


def _convert(trained: TrainedModel) -> bytes:
    from onnxruntime.quantization import QuantFormat

    return serialise(canonical(quantize(trained, QuantFormat.QOperator, _OPERATORS)))


ONNX_INT8_QOPERATOR = Format(
    name="onnx-int8-qoperator",
    file_name="digits-int8-qoperator.onnx",
    precision="int8",
    summary="ONNX in 8-bit integers with quantized operators: for OpenCV's own DNN module.",
    engines=("onnxruntime", "opencv"),
    tolerance=INT8,
    weight_bytes=1,
    convert=_convert,
    embed=embed_in_onnx,
    read_facts=read_facts,
)
