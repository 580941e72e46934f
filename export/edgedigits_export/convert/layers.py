"""Where quantization hurts: noise and saturation after each layer of an 8-bit file.

The measure is the signal-to-quantization-noise ratio, the energy of a layer's outputs in float over that of their
differences, in decibels; each bit gives about 6 dB (Widrow and Kollár, Quantization Noise, 2008). The share of noise is
taken channel by channel and averaged: a channel of large values would hide what the scale that it enforces does to the
others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgedigits.arrays import UInt8Array

LayerOutputs = Mapping[str, npt.NDArray[np.float32]]
"""What the layers with weights answer, by name in the order of the graph: (N, height, width, channels) or (N, C),
after the activation function that follows, dequantized."""

ReadLayers = Callable[[bytes, UInt8Array], LayerOutputs]
"""Runs a file's content on glyphs, uint8 (N, 28, 28, 1)."""

_ONNX_LAYERS = {"Conv", "Gemm", "MatMul"}
_ONNX_FOLLOWERS = {"Relu", "Clip", "QuantizeLinear", "DequantizeLinear"}
TFLITE_LAYERS = {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}


COMPARED_IMAGES = 500
"""Evaluation images on which layers are compared: a layer has tens of thousands of outputs for them."""

MOST_CLIPPED = 0.01
"""Share of a layer's outputs that may lie outside of what its 8-bit form can say."""

_MOST_DECIBELS = 200.0


@dataclass(frozen=True)
class LayerComparison:
    """A layer of a quantized file beside the same layer in float.

    Attributes:
        layer: its name.
        decibels: the signal-to-quantization-noise ratio; 200 where there is no noise.
        clipped: share of the float outputs that lie outside of the range of the quantized ones, 0 to 1: activations
            that saturate.
    """

    layer: str
    decibels: float
    clipped: float


def compare_layers(exact: LayerOutputs, quantized: LayerOutputs) -> tuple[LayerComparison, ...]:
    """Compare the layers of a float file with those of a quantized one, in the order of the graph.

    Returns:
        One comparison a layer, named as in the float file, or nothing where the two have not the same layers.

    Example:
        >>> compare_layers({"a": np.array([[3.0]])}, {"b": np.array([[2.7]])})
        (LayerComparison(layer='a', decibels=20.0, clipped=1.0),)
    """
    pairs = list(zip(exact.items(), quantized.values(), strict=False))
    if len(exact) != len(quantized) or any(ours.shape != theirs.shape for (_, ours), theirs in pairs):
        return ()
    return tuple(
        LayerComparison(name, round(_decibels(ours, theirs), 2), _clipped(ours, theirs))
        for (name, ours), theirs in pairs
    )


def rank_by_noise(layers: Sequence[LayerComparison]) -> list[str]:
    """Return the layers' names, first the one that adds most noise to what reaches it.

    Noise passes through the layers that follow, so that the ratio after the last one is often the worst and tells
    nothing about it: what counts is by how much the share of noise rises from the layer before.

    Example:
        >>> rank_by_noise([LayerComparison("a", 40, 0), LayerComparison("b", 10, 0), LayerComparison("c", 9.9, 0)])
        ['b', 'c', 'a']
    """
    shares = [10 ** (-layer.decibels / 10) for layer in layers]
    added = [share - before for share, before in zip(shares, [0.0, *shares[:-1]], strict=True)]
    return [layer.layer for _, layer in sorted(zip(added, layers, strict=True), key=lambda pair: -pair[0])]


def float_layer_nodes(proto: Any, places: Collection[int]) -> list[str]:
    """Return the names of the nodes of some layers of a float ONNX model, activation functions included.

    Args:
        proto: the model.
        places: which of its layers with weights, from 0, in the order of the graph.
    """
    nodes = []
    for place in places:
        node = _onnx_layers(proto)[place]
        nodes += [node.name, *(user.name for user in _followers(node, proto.graph, {"Relu", "Clip"}))]
    return nodes


def clipping_faults(layers: Sequence[LayerComparison]) -> tuple[str, ...]:
    """Tell which layers saturate: the ranges that calibration found are too narrow for the evaluation images."""
    return tuple(
        f"the 8-bit range of its layer {layer.layer} is too narrow for {layer.clipped:.1%} of the outputs"
        f" (at most {MOST_CLIPPED:.0%})"
        for layer in layers
        if layer.clipped > MOST_CLIPPED
    )


def read_onnx_layers(content: bytes, glyphs: UInt8Array) -> LayerOutputs:
    """Read the layers of an ONNX file, float or QDQ, in onnxruntime without its optimizations."""
    import onnx
    import onnxruntime

    proto = onnx.load_from_string(content)
    ends = {node.name: _end_of_onnx_layer(node, proto.graph) for node in _onnx_layers(proto)}
    known = {output.name for output in proto.graph.output}
    proto.graph.output.extend(onnx.ValueInfoProto(name=end) for end in ends.values() if end not in known)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    outputs = session.run(list(ends.values()), {"glyphs": glyphs})
    return {name: _channels_last(output) for name, output in zip(ends, outputs, strict=True)}


def read_tflite_layers(content: bytes, glyphs: UInt8Array) -> LayerOutputs:
    """Read the layers of a TFLite file, float or int8, in LiteRT's own kernels."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=content,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    place = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(place, glyphs.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(place, glyphs)
    interpreter.invoke()
    details = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}
    layers = [op for op in interpreter._get_ops_details() if op["op_name"] in TFLITE_LAYERS]
    return {
        f"{op['op_name'].lower()}_{op['index']}": _dequantized(
            interpreter.get_tensor(op["outputs"][0]), details[op["outputs"][0]]["quantization"]
        )
        for op in layers
    }


def _onnx_layers(proto: Any) -> Sequence[Any]:
    return [node for node in proto.graph.node if node.op_type in _ONNX_LAYERS]


def _end_of_onnx_layer(node: Any, graph: Any) -> str:
    """Return the tensor that a layer hands on: after its activation function and its quantization."""
    return str([node, *_followers(node, graph, _ONNX_FOLLOWERS)][-1].output[0])


def _followers(node: Any, graph: Any, kinds: Collection[str]) -> Iterator[Any]:
    """Yield the nodes of these kinds that follow a node, as long as each is the only one to do so."""
    while True:
        users = [user for user in graph.node if node.output[0] in user.input]
        if len(users) != 1 or users[0].op_type not in kinds:
            return
        node = users[0]
        yield node


def _channels_last(output: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return output.transpose(0, 2, 3, 1) if output.ndim == 4 else output


def _dequantized(values: npt.NDArray[Any], quantization: tuple[float, int]) -> npt.NDArray[np.float32]:
    scale, zero_point = quantization
    return np.asarray((values.astype(np.float32) - zero_point) * (scale or 1), np.float32)


def _decibels(exact: npt.NDArray[np.float32], quantized: npt.NDArray[np.float32]) -> float:
    places = tuple(range(exact.ndim - 1))
    signal = np.square(exact, dtype=np.float64).sum(axis=places)
    noise = np.square(exact.astype(np.float64) - quantized).sum(axis=places)
    used = signal > 0
    share = float((noise[used] / signal[used]).mean()) if used.any() else 0.0
    return min(_MOST_DECIBELS, -10 * math.log10(share)) if share else _MOST_DECIBELS


def _clipped(exact: npt.NDArray[np.float32], quantized: npt.NDArray[np.float32]) -> float:
    low, high = float(quantized.min()), float(quantized.max())
    # one percent of the range is two and a half steps of an 8-bit scale: less is rounding, not saturation
    slack = 0.01 * (high - low)
    return float(((exact < low - slack) | (exact > high + slack)).mean())
