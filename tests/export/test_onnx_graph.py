"""The surgery on ONNX graphs changes names, order and speed, and no answer."""

from __future__ import annotations

import random

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgedigits_export.convert.onnx_graph import (
    IR,
    OPSET,
    canonical,
    feed_pixels_directly,
    fix_reshapes,
    fold_batch_norm,
    keep_logits_float,
    read_facts,
    serialise,
)
from edgedigits_export.errors import ExportError

PIXELS = np.arange(2 * 784, dtype=np.uint16).reshape(2, 28, 28, 1).astype(np.uint8)


def quantized_graph(scale: float = 1 / 255, zero_point: int = 0, prefix: str = "") -> onnx.ModelProto:
    """A graph as quantization leaves it: cast, scale, shape, quantize, compute, quantize the output."""
    p = prefix
    constants = {
        "factor": np.float32(1 / 255),
        "shape": np.array([-1, 784], np.int64),
        "scale": np.float32(scale),
        "zero": np.uint8(zero_point),
        "weights": np.random.default_rng(0).normal(0, 0.1, (784, 10)).astype(np.float32),
        "out_scale": np.float32(0.1),
        "out_zero": np.uint8(128),
    }
    nodes = [
        helper.make_node("Cast", ["glyphs"], [p + "float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [p + "float", p + "factor"], [p + "scaled"]),
        helper.make_node("Reshape", [p + "scaled", p + "shape"], [p + "flat"]),
        helper.make_node("QuantizeLinear", [p + "flat", p + "scale", p + "zero"], [p + "q"]),
        helper.make_node("DequantizeLinear", [p + "q", p + "scale", p + "zero"], [p + "dq"]),
        helper.make_node("MatMul", [p + "dq", p + "weights"], [p + "sums"]),
        helper.make_node("QuantizeLinear", [p + "sums", p + "out_scale", p + "out_zero"], [p + "oq"]),
        helper.make_node("DequantizeLinear", [p + "oq", p + "out_scale", p + "out_zero"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("glyphs", TensorProto.UINT8, ["unk__1", 28, 28, 1])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["unk__2", 10])],
        [numpy_helper.from_array(np.asarray(value), p + name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10, doc_string="made at noon")


def run(proto: onnx.ModelProto) -> np.ndarray:
    proto = onnx.ModelProto.FromString(proto.SerializeToString())
    session = onnxruntime.InferenceSession(proto.SerializeToString())
    return session.run(None, {"glyphs": PIXELS})[0]


def test_canonical_files_do_not_depend_on_names_or_order() -> None:
    original, shuffled = quantized_graph(), quantized_graph(prefix="functional_7/")
    for entries in (shuffled.graph.initializer,):
        mixed = list(entries)
        random.Random(1).shuffle(mixed)
        del entries[:]
        entries.extend(mixed)
    assert serialise(original) != serialise(shuffled)
    assert serialise(canonical(original)) == serialise(canonical(shuffled))


def with_computed_shape(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Compute the shape of the Reshape from the size of the batch, as TensorFlow does."""
    changed = onnx.ModelProto.FromString(proto.SerializeToString())
    reshape = next(node for node in changed.graph.node if node.op_type == "Reshape")
    constants = {"first": np.int64([0]), "after": np.int64([1]), "pixels": np.int32([784])}
    nodes = [
        helper.make_node("Shape", [reshape.input[0]], ["sizes"]),
        helper.make_node("Cast", ["sizes"], ["sizes32"], to=TensorProto.INT32),
        helper.make_node("Slice", ["sizes32", "first", "after"], ["batch"]),
        helper.make_node("Concat", ["batch", "pixels"], ["computed32"], axis=0),
        helper.make_node("Cast", ["computed32"], ["computed"], to=TensorProto.INT64),
    ]
    at = list(changed.graph.node).index(reshape)
    kept = list(changed.graph.node)
    reshape.input[1] = "computed"
    del changed.graph.node[:]
    changed.graph.node.extend([*kept[:at], *nodes, *kept[at:]])
    changed.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    return changed


def test_a_shape_that_is_computed_from_the_batch_becomes_a_constant() -> None:
    computed = fold_batch_norm(with_computed_shape(quantized_graph()))
    fixed = canonical(fix_reshapes(computed))
    assert "Shape" in {node.op_type for node in canonical(computed).graph.node}
    assert "Shape" not in {node.op_type for node in fixed.graph.node}
    np.testing.assert_array_equal(run(fixed), run(quantized_graph()))


def test_canonical_files_answer_the_same_and_are_old_on_purpose() -> None:
    proto = canonical(quantized_graph())
    np.testing.assert_array_equal(run(proto), run(quantized_graph()))
    facts = read_facts(serialise(proto))
    assert (facts.opset, facts.ir) == (OPSET, IR)
    assert [entry.domain for entry in proto.opset_import] == [""]
    assert not proto.doc_string


def test_unused_constants_are_left_out() -> None:
    proto = quantized_graph()
    proto.graph.initializer.append(numpy_helper.from_array(np.zeros(1000, np.float32), "leftover"))
    assert serialise(canonical(proto)) == serialise(canonical(quantized_graph()))


def test_pixels_are_fed_directly_where_scaling_and_quantization_cancel_out() -> None:
    shorter = feed_pixels_directly(quantized_graph())
    assert [node.op_type for node in shorter.graph.node][:2] == ["Reshape", "DequantizeLinear"]
    np.testing.assert_array_equal(run(canonical(shorter)), run(quantized_graph()))


@pytest.mark.parametrize(("scale", "zero_point"), [(1 / 128, 0), (1 / 255, 3)])
def test_pixels_are_not_fed_directly_where_they_would_change(scale: float, zero_point: int) -> None:
    proto = quantized_graph(scale, zero_point)
    assert serialise(feed_pixels_directly(proto)) == serialise(proto)


def test_logits_stay_float() -> None:
    shorter = canonical(keep_logits_float(quantized_graph()))
    assert shorter.graph.node[-1].op_type == "MatMul"
    difference = np.abs(run(shorter) - run(quantized_graph()))
    assert 0 < difference.max() <= 0.051


def test_operators_from_outside_onnx_are_refused() -> None:
    with pytest.raises(ExportError, match=r"operators of com\.microsoft"):
        read_facts(serialise(quantized_graph()))


def test_a_newer_file_than_asked_for_is_refused() -> None:
    proto = canonical(quantized_graph())
    proto.ir_version = IR + 1
    with pytest.raises(ExportError, match=f"IR {IR + 1}, older runtimes end at"):
        read_facts(serialise(proto))
