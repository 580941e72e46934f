"""ONNX in 32-bit float."""

from __future__ import annotations

from edgedigits_export.convert.embedding import embed_in_onnx
from edgedigits_export.convert.formats.base import FLOAT, Format
from edgedigits_export.convert.onnx_graph import read_facts
from edgedigits_export.source import TrainedModel


def _convert(trained: TrainedModel) -> bytes:
    return trained.float_onnx


ONNX_FLOAT32 = Format(
    name="onnx-float32",
    file_name="digits-float32.onnx",
    precision="float32",
    summary="ONNX in 32-bit float: runs everywhere, in OpenCV's own DNN module too.",
    engines=("onnxruntime", "opencv"),
    tolerance=FLOAT,
    weight_bytes=4,
    convert=_convert,
    embed=embed_in_onnx,
    read_facts=read_facts,
)
