"""What the TFLite formats share: the converter, and reading what a file says of itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from edgedigits_export.convert.facts import FileFacts
from edgedigits_export.convert.layers import TFLITE_LAYERS
from edgedigits_export.convert.saved_model import saved_model
from edgedigits_export.errors import ExportError

FIRST_LITERT = "1.0.1"
"""The first ai-edge-litert; it was built from TensorFlow 2.17 and has all operators up to there."""


@contextlib.contextmanager
def builtin_converter(model: Any) -> Iterator[Any]:
    """Give a TFLite converter of a Keras model that is allowed no operators but TFLite's own."""
    import tensorflow as tf

    with saved_model(model) as folder:
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        yield converter


def read_facts(content: bytes) -> FileFacts:
    """Read what a TFLite file says of itself.

    Raises:
        ExportError: it holds custom or TensorFlow ('Flex') operators, which light interpreters lack.
    """
    model = _parse(content)
    custom = sorted(code.customCode.decode() for code in model.operatorCodes if code.customCode)
    if custom:
        raise ExportError(
            f"it needs the operators {', '.join(custom)}, which no light interpreter has;"
            " build the model from layers that TFLite has operators for"
        )
    minimum = {"litert": FIRST_LITERT, "tflite_runtime": _minimum_runtime(model)}
    return FileFacts(opset=None, ir=None, minimum=minimum, operators=_operators(model))


def tensor_types(content: bytes) -> frozenset[str]:
    """Return the element types of a TFLite file's tensors, such as "INT8"."""
    from ai_edge_litert.tools import flatbuffer_utils

    return frozenset(
        flatbuffer_utils.type_to_name(tensor.type) for graph in _parse(content).subgraphs for tensor in graph.tensors
    )


def read_input_quantization(content: bytes) -> tuple[float, int]:
    """Return scale and zero point of a TFLite file's input; (0, 0) where it is not quantized."""
    graph = _parse(content).subgraphs[0]
    quantization = graph.tensors[graph.inputs[0]].quantization
    if quantization is None or quantization.scale is None:
        return 0.0, 0
    return float(quantization.scale[0]), int(quantization.zeroPoint[0])


def layer_outputs(content: bytes) -> list[str]:
    """Return the names of the tensors that a TFLite file's layers with weights put out, in the order of the graph."""
    from ai_edge_litert.tools import flatbuffer_utils

    model = _parse(content)
    graph = model.subgraphs[0]
    return [
        graph.tensors[operator.outputs[0]].name.decode()
        for operator in graph.operators
        if flatbuffer_utils.opcode_to_name(model, operator.opcodeIndex) in TFLITE_LAYERS
    ]


def outer_outputs(content: bytes) -> list[str]:
    """Return the names of what a TFLite file computes before its first layer with weights, and after the last one."""
    from ai_edge_litert.tools import flatbuffer_utils

    model = _parse(content)
    graph = model.subgraphs[0]
    kinds = [flatbuffer_utils.opcode_to_name(model, operator.opcodeIndex) for operator in graph.operators]
    layers = [place for place, kind in enumerate(kinds) if kind in TFLITE_LAYERS]
    first, last = (layers[0], layers[-1]) if layers else (len(kinds), len(kinds))
    return [
        graph.tensors[operator.outputs[0]].name.decode()
        for place, operator in enumerate(graph.operators)
        if place < first or place > last
    ]


def _operators(model: Any) -> frozenset[str]:
    from ai_edge_litert.tools import flatbuffer_utils

    return frozenset(flatbuffer_utils.opcode_to_name(model, index) for index in range(len(model.operatorCodes)))


def _parse(content: bytes) -> Any:
    from ai_edge_litert.tools import flatbuffer_utils

    return flatbuffer_utils.read_model_from_bytearray(bytearray(content))


def _minimum_runtime(model: Any) -> str:
    for entry in model.metadata or ():
        if entry.name == b"min_runtime_version":
            return bytes(model.buffers[entry.buffer].data).rstrip(b"\0").decode()
    raise ExportError("the converter did not say which runtime version it needs; use the pinned TensorFlow")
