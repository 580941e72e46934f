"""From Keras to ONNX, and the graph surgery that the ONNX formats share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edgedigits_export.convert.facts import FileFacts
from edgedigits_export.errors import ExportError

OPSET = 13
"""The lowest that has per-channel DequantizeLinear, so that old runtimes can read the files."""

IR = 7
"""The file format version that came with opset 13."""

MINIMUM_OPENCV = "4.5.5"
"""The oldest OpenCV whose DNN module was seen to answer rightly (4.5.4 has no wheels to try)."""

MINIMUM_ONNXRUNTIME = "1.6"
"""The first onnxruntime that runs opset 13 (its table of ONNX opset support)."""


def convert_to_onnx(model: Any) -> Any:
    """Convert a Keras model to the canonical float ONNX model that all ONNX formats start from."""
    return canonical(transpose_dense_weights(fix_reshapes(fold_batch_norm(trace_onnx(model)))))


def trace_onnx(model: Any) -> Any:
    """Convert a Keras model to an ONNX model with an input 'glyphs' and an output 'logits'.

    `tf2onnx.convert.from_keras` breaks on Keras 3 models; a traced function keeps the names as well.
    """
    import tensorflow as tf
    import tf2onnx

    signature = [tf.TensorSpec(model.inputs[0].shape, model.inputs[0].dtype, name="glyphs")]
    function = tf.function(
        lambda glyphs: {"logits": model(glyphs, training=False)}, input_signature=signature, autograph=False
    )
    proto, _ = tf2onnx.convert.from_function(function, signature, opset=OPSET)
    return proto


def fold_batch_norm(proto: Any) -> Any:
    """Fold batch norm, which tf2onnx leaves after depthwise convolutions, and what else is constant.

    OpenCV's DNN answers wrongly on the unfolded graph, and quantization is less accurate on it.
    """
    import onnx
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory(prefix="edgedigits-") as folder:
        path = Path(folder) / "folded.onnx"
        quant_pre_process(proto, str(path))
        return onnx.load(path)


def fix_reshapes(proto: Any) -> Any:
    """Give every Reshape a constant shape, with -1 for the one dimension that is not known: the batch's.

    Once in fifty conversions TensorFlow leaves it to be computed, by six operators more. What its output is was
    inferred by `fold_batch_norm`.
    """
    import onnx

    changed = onnx.ModelProto()
    changed.CopyFrom(proto)
    graph = changed.graph
    constants = {tensor.name for tensor in graph.initializer}
    types = {info.name: info.type.tensor_type for info in (*graph.value_info, *graph.output)}
    for node in graph.node:
        if node.op_type != "Reshape" or node.input[1] in constants:
            continue
        dimensions = types[node.output[0]].shape.dim if node.output[0] in types else ()
        shape = [size.dim_value if size.HasField("dim_value") else -1 for size in dimensions]
        if shape.count(-1) != 1:
            continue
        name = f"{node.output[0]}.shape"
        graph.initializer.append(onnx.numpy_helper.from_array(np.array(shape, np.int64), name))
        node.input[1] = name
    return changed


def transpose_dense_weights(proto: Any) -> Any:
    """Store the weights of dense layers (C, features) with `transB`, the one form of Gemm that OpenCV 4.6 reads."""
    import onnx

    changed = onnx.ModelProto()
    changed.CopyFrom(proto)
    constants = {tensor.name: tensor for tensor in changed.graph.initializer}
    for node in changed.graph.node:
        transposed = {attribute.name: attribute.i for attribute in node.attribute}.get("transB", 0)
        if node.op_type != "Gemm" or transposed or node.input[1] not in constants:
            continue
        weights = constants[node.input[1]]
        values = np.ascontiguousarray(onnx.numpy_helper.to_array(weights).T)
        changed.graph.initializer.append(onnx.numpy_helper.from_array(values, f"{weights.name}.T"))
        node.input[1] = f"{weights.name}.T"
        kept = [attribute for attribute in node.attribute if attribute.name != "transB"]
        del node.attribute[:]
        node.attribute.extend([*kept, onnx.helper.make_attribute("transB", 1)])
    return changed


def store_weights_as_float16(proto: Any) -> Any:
    """Halve the weights of a float model; a cast, which runtimes fold away on loading, widens them again."""
    import onnx

    changed = onnx.ModelProto()
    changed.CopyFrom(proto)
    casts = []
    for tensor in changed.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT or len(tensor.dims) < 2:
            continue
        name = tensor.name
        halves = onnx.numpy_helper.to_array(tensor).astype(np.float16)
        tensor.CopyFrom(onnx.numpy_helper.from_array(halves, f"{name}.half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *changed.graph.node]
    del changed.graph.node[:]
    changed.graph.node.extend(nodes)
    return changed


def canonical(proto: Any) -> Any:
    """Return the same model with names and order that depend on nothing but the graph.

    tf2onnx numbers names by counters and dictionary order, so that two conversions of one model differ. Nodes are
    put in the order of a depth-first walk from the output, and named by operator and place; tensors by the node that
    makes them, constants by the node that uses them first.

    Raises:
        ExportError: the result is not a valid ONNX model.
    """
    import onnx

    graph = proto.graph
    makers = {output: node for node in graph.node for output in node.output}
    constants = {tensor.name: tensor for tensor in graph.initializer}
    kept = {graph.input[0].name, graph.output[0].name}
    names: dict[str, str] = {name: name for name in kept}
    nodes, tensors = [], []
    for index, node in enumerate(_ordered(graph.output[0].name, makers)):
        renamed = onnx.NodeProto()
        renamed.CopyFrom(node)
        renamed.name, renamed.doc_string = f"{node.op_type.lower()}_{index}", ""
        for place, name in enumerate(node.input):
            if name in constants and name not in names:
                names[name] = f"{renamed.name}.{place}"
                tensor = onnx.TensorProto()
                tensor.CopyFrom(constants[name])
                tensor.name, tensor.doc_string = names[name], ""
                tensors.append(tensor)
        for place, name in enumerate(node.output):
            names.setdefault(name, f"{renamed.name}:{place}")
        renamed.input[:] = [names[name] if name else "" for name in node.input]
        renamed.output[:] = [names[name] if name else "" for name in node.output]
        nodes.append(renamed)

    inputs, outputs = graph.input[0], graph.output[0]
    domains = {node.domain for node in nodes}
    clean = onnx.helper.make_model(
        onnx.helper.make_graph(
            nodes,
            "digits",
            [_tensor_info(inputs.name, inputs.type.tensor_type)],
            [_tensor_info(outputs.name, outputs.type.tensor_type)],
            tensors,
        ),
        ir_version=IR,
        opset_imports=[entry for entry in proto.opset_import if entry.domain in domains],
        producer_name="edgedigits",
    )
    try:
        onnx.checker.check_model(clean, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ExportError(f"the converted graph is not valid ONNX: {error}") from error
    return clean


def feed_pixels_directly(proto: Any) -> Any:
    """Make the uint8 pixels themselves the quantized input of a quantized model.

    The converted graph casts pixels to float, divides by 255 and quantizes again: with scale 1 / 255 and zero
    point 0 that returns the very pixels, and three operations over every pixel can go. A graph that scales its input in
    another way is returned as it is.
    """
    import onnx

    graph = proto.graph
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    chain = list(_chain_from(graph.input[0].name, graph))
    if not chain or chain[-1].op_type != "QuantizeLinear":
        return proto
    *steps, quantize = chain
    if {step.op_type for step in steps} - {"Cast", "Mul", "Reshape", "Transpose"}:
        return proto
    factor = 1.0
    for step in steps:
        if step.op_type == "Mul":
            factor *= float(next(constants[name] for name in step.input if name in constants))
    scale, zero_point = constants[quantize.input[1]], constants[quantize.input[2]]
    # within 0.1 %, 255 pixels × factor / scale stay within ± 0.255 of the pixel and round to it
    if zero_point != 0 or zero_point.dtype != np.uint8 or abs(float(scale) / factor - 1) > 1e-3:
        return proto

    shorter = onnx.ModelProto()
    shorter.CopyFrom(proto)
    removed = {step.output[0] for step in steps if step.op_type in ("Cast", "Mul")} | {quantize.output[0]}
    source = graph.input[0].name
    replacement = {source: source}
    for step in chain:
        replacement[step.output[0]] = replacement[step.input[0]] if step.output[0] in removed else step.output[0]
    nodes = []
    for node in shorter.graph.node:
        if node.output[0] in removed:
            continue
        node.input[:] = [replacement.get(name, name) for name in node.input]
        nodes.append(node)
    del shorter.graph.node[:]
    shorter.graph.node.extend(nodes)
    return shorter


def keep_logits_float(proto: Any) -> Any:
    """Remove the quantization of the output: eight bits for a logit make ties and gain nothing."""
    import onnx

    shorter = onnx.ModelProto()
    shorter.CopyFrom(proto)
    graph = shorter.graph
    output = graph.output[0].name
    makers = {name: node for node in graph.node for name in node.output}
    dequantize = makers[output]
    quantize = makers.get(dequantize.input[0])
    if dequantize.op_type != "DequantizeLinear" or quantize is None or quantize.op_type != "QuantizeLinear":
        return proto
    makers[quantize.input[0]].output[0] = output
    graph.node.remove(quantize)
    graph.node.remove(dequantize)
    return shorter


def shield_float_layers(proto: Any) -> Any:
    """Keep onnxruntime from quantizing layers whose weights are float on purpose.

    Where such a convolution stands between dequantized input and quantized output, its optimizer
    (`WeightBiasQuantization`) takes that for an omission and quantizes the weights with a single scale as it loads the
    file. A Clip at the bounds of what the input can be changes no value and is not what the optimizer looks for.
    """
    import onnx

    shielded = onnx.ModelProto()
    shielded.CopyFrom(proto)
    graph = shielded.graph
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    makers = {output: node for node in graph.node for output in node.output}
    nodes = []
    for node in graph.node:
        source = makers.get(node.input[0])
        float_weights = node.op_type in ("Conv", "Gemm") and node.input[1] in constants
        if float_weights and source is not None and source.op_type == "DequantizeLinear":
            scale, zero_point = (constants[name] for name in source.input[1:3])
            limits = np.iinfo(zero_point.dtype)
            bounds = [scale * (np.float32(limit) - np.float32(zero_point)) for limit in (limits.min, limits.max)]
            names = [f"{node.name}.{which}" for which in ("least", "most")]
            graph.initializer.extend(
                onnx.numpy_helper.from_array(np.asarray(bound, np.float32), name)
                for bound, name in zip(bounds, names, strict=True)
            )
            nodes.append(onnx.helper.make_node("Clip", [node.input[0], *names], [f"{node.name}.clipped"]))
            node.input[0] = f"{node.name}.clipped"
        nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    return shielded


def serialise(proto: Any) -> bytes:
    """Return an ONNX model's bytes, the same for the same model."""
    return bytes(proto.SerializeToString(deterministic=True))


def read_facts(content: bytes) -> FileFacts:
    """Read what an ONNX file says of itself.

    Raises:
        ExportError: its opset or file format is newer than asked for, or it has operators from outside ONNX.
    """
    import onnx

    proto = onnx.load_from_string(content)
    opsets = {entry.domain: entry.version for entry in proto.opset_import}
    if set(opsets) != {""}:
        foreign = ", ".join(sorted(set(opsets) - {""}))
        raise ExportError(
            f"it needs operators of {foreign}, which are not ONNX; use the pinned tf2onnx and onnxruntime"
        )
    if opsets[""] > OPSET or proto.ir_version > IR:
        raise ExportError(
            f"it has opset {opsets['']} and IR {proto.ir_version}, older runtimes end at {OPSET} and {IR};"
            " use the pinned tf2onnx and onnxruntime"
        )
    return FileFacts(
        opsets[""],
        proto.ir_version,
        {"onnxruntime": MINIMUM_ONNXRUNTIME, "opencv": MINIMUM_OPENCV},
        frozenset(node.op_type for node in proto.graph.node),
    )


def _ordered(output: str, makers: dict[str, Any]) -> Iterator[Any]:
    """Yield the nodes that an output needs, each after the nodes that it needs itself."""
    done: set[str] = set()
    pending = [(output, False)]
    while pending:
        name, ready = pending.pop()
        node = makers.get(name)
        if node is None or node.output[0] in done:
            continue
        if ready:
            done.add(node.output[0])
            yield node
            continue
        pending.append((name, True))
        pending.extend((need, False) for need in reversed(node.input))


def _chain_from(name: str, graph: Any) -> Iterator[Any]:
    """Yield the nodes after a tensor for as long as each output has one user, up to the first QuantizeLinear."""
    while True:
        users = [node for node in graph.node if name in node.input]
        if len(users) != 1:
            return
        yield users[0]
        if users[0].op_type == "QuantizeLinear":
            return
        name = users[0].output[0]


def _tensor_info(name: str, tensor_type: Any) -> Any:
    import onnx

    shape = [dimension.dim_value for dimension in tensor_type.shape.dim]
    return onnx.helper.make_tensor_value_info(name, tensor_type.elem_type, ["N", *shape[1:]])
