"""ONNX in 8-bit integers: static QDQ, one scale per output channel."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgedigits_export.convert.embedding import embed_in_onnx
from edgedigits_export.convert.formats.base import INT8, Format
from edgedigits_export.convert.layers import float_layer_nodes, read_onnx_layers
from edgedigits_export.convert.onnx_graph import (
    canonical,
    feed_pixels_directly,
    keep_logits_float,
    read_facts,
    serialise,
    shield_float_layers,
)
from edgedigits_export.source import TrainedModel

_OPERATORS = ["Conv", "Gemm", "MatMul", "Relu", "Reshape"]
"""What is quantized. With Relu among them a convolution's range is taken after its ReLU, not before."""


def quantize(trained: TrainedModel, form: Any, operators: Sequence[str], float_layers: Sequence[int] = ()) -> Any:
    """Return the model quantized by its calibration images.

    Args:
        trained: the model.
        form: one of onnxruntime's forms (a `QuantFormat`).
        operators: the kinds of operators that are quantized.
        float_layers: places of the layers that stay in float.
    """
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

    class Batches(CalibrationDataReader):  # type: ignore[misc] # the library's base has no types
        def __init__(self, glyphs: npt.NDArray[np.uint8]) -> None:
            self._batches: Iterator[npt.NDArray[np.uint8]] = (
                glyphs[start : start + 50] for start in range(0, len(glyphs), 50)
            )

        def get_next(self) -> dict[str, npt.NDArray[np.uint8]] | None:
            batch = next(self._batches, None)
            return None if batch is None else {proto.graph.input[0].name: batch}

    proto = onnx.load_from_string(trained.float_onnx)
    excluded = float_layer_nodes(proto, float_layers)
    with tempfile.TemporaryDirectory(prefix="edgedigits-") as folder:
        path = Path(folder) / "quantized.onnx"
        quantize_static(
            proto,
            str(path),
            Batches(trained.calibration.glyphs),
            quant_format=form,
            op_types_to_quantize=list(operators),
            nodes_to_exclude=excluded,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            # 7-bit weights: on x86 without VNNI two 8-bit products overflow their 16-bit sum
            reduce_range=True,
        )
        return onnx.load(path)


def convert_quantized(
    trained: TrainedModel, operators: Sequence[str] = _OPERATORS, float_layers: Sequence[int] = ()
) -> bytes:
    """Return the model as an ONNX file with 8-bit integers.

    Args:
        trained: the model.
        operators: the kinds of operators that are quantized.
        float_layers: places of the layers that stay in float.
    """
    from onnxruntime.quantization import QuantFormat

    quantized = quantize(trained, QuantFormat.QDQ, operators, float_layers)
    return serialise(canonical(shield_float_layers(keep_logits_float(feed_pixels_directly(quantized)))))


def _with_float_layers(places: Sequence[int]) -> Format:
    return dataclasses.replace(ONNX_INT8, convert=lambda trained: convert_quantized(trained, float_layers=places))


ONNX_INT8 = Format(
    name="onnx-int8",
    file_name="digits-int8.onnx",
    precision="int8",
    summary="ONNX in 8-bit integers (static QDQ, per channel): small and fast in ONNX Runtime on x86-64 and ARM.",
    engines=("onnxruntime",),
    tolerance=INT8,
    weight_bytes=1,
    convert=convert_quantized,
    embed=embed_in_onnx,
    read_facts=read_facts,
    read_layers=read_onnx_layers,
    with_float_layers=_with_float_layers,
)
