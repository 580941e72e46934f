"""ONNX with 16-bit float weights, which onnxruntime widens to 32 bits when it loads them."""

from __future__ import annotations

from edgedigits_export.convert.embedding import embed_in_onnx
from edgedigits_export.convert.formats.base import FLOAT16, Format
from edgedigits_export.convert.onnx_graph import (
    canonical,
    read_facts,
    serialise,
    store_weights_as_float16,
)
from edgedigits_export.source import TrainedModel


def _convert(trained: TrainedModel) -> bytes:
    import onnx

    return serialise(canonical(store_weights_as_float16(onnx.load_from_string(trained.float_onnx))))


ONNX_FLOAT16 = Format(
    name="onnx-float16",
    file_name="digits-float16.onnx",
    precision="float16",
    summary="ONNX with weights in 16-bit float: half the size of float32 and the same answers, in ONNX Runtime.",
    engines=("onnxruntime",),
    tolerance=FLOAT16,
    weight_bytes=2,
    convert=_convert,
    embed=embed_in_onnx,
    read_facts=read_facts,
)
